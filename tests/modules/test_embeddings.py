"""Embeddings of numeric columns."""

import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeRegressor

from skdistill import (
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    Periodic,
    PiecewiseLinear,
)


@pytest.fixture
def columns():
    random = np.random.default_rng(0)
    return np.column_stack(
        [random.normal(size=500), random.integers(0, 2, 500), random.random(500)]
    )


def embedded(spec, x, target=None, weight=None, seed=0):
    target = x if target is None else target
    weight = np.ones(len(x)) if weight is None else weight
    generator = torch.Generator().manual_seed(seed)
    module = spec.module(x, target, weight, generator)
    with torch.no_grad():
        return module(torch.from_numpy(x)).numpy(), module


def test_piecewise_linear_coordinates_say_how_far_each_bin_is_filled(columns):
    out, module = embedded(PiecewiseLinear(n_bins=4), columns)
    assert out.shape == (500, 3 + 2 * 4) and module.n_outputs == 11
    np.testing.assert_allclose(out[:, :3], columns)
    for column, filled in zip(
        columns[:, [0, 2]].T, (out[:, 3:7], out[:, 7:]), strict=True
    ):
        edges = np.quantile(column, np.linspace(0, 1, 5), method="inverted_cdf")
        for k in range(4):
            want = np.interp(column, edges[k : k + 2], [0, 1])
            np.testing.assert_allclose(filled[:, k], want, atol=1e-5)


def test_a_frequent_value_takes_no_edges_from_the_others():
    random = np.random.default_rng(0)
    x = np.where(random.random(1000) < 0.9, 0.0, random.lognormal(size=1000))[:, None]
    _, module = embedded(PiecewiseLinear(n_bins=16), x)
    inner = module.low.numpy()[1:]
    others = x[x > 0]
    want = np.quantile(others, np.arange(1, 15) / 15, method="inverted_cdf")
    np.testing.assert_allclose(inner, want, rtol=1e-6)


def test_few_values_have_an_edge_each(columns):
    x = np.random.default_rng(0).choice([0.0, 1.0, 5.0, 7.0], size=(500, 1))
    out, _ = embedded(PiecewiseLinear(), x)
    assert set(out[:, 1:].ravel()) == {0.0, 1.0} and out.shape[1] == 1 + 3


def test_any_piecewise_linear_function_of_a_column_is_linear_in_it(columns):
    x = columns[:, :1]
    edges = np.quantile(x, np.linspace(0, 1, 9), method="inverted_cdf")
    y = np.interp(x[:, 0], edges, np.random.default_rng(1).normal(size=9))
    out, _ = embedded(PiecewiseLinear(n_bins=8), x)
    design = np.column_stack([out, np.ones(len(x))])
    fitted = design @ np.linalg.lstsq(design, y, rcond=None)[0]
    np.testing.assert_allclose(fitted, y, atol=1e-5)


def test_edges_of_a_tree_stand_where_the_target_steps():
    x = np.linspace(0, 1, 1001)[:, None]
    y = np.digitize(x, [0.123, 0.777]).astype(float)
    _, module = embedded(PiecewiseLinear(n_bins=3, edges="tree"), x, y)
    tree = DecisionTreeRegressor(max_leaf_nodes=3).fit(x, y).tree_
    inner = np.sort(tree.threshold[tree.feature >= 0])
    np.testing.assert_allclose(module.low.numpy(), [0, *inner], atol=1e-6)


def test_edges_of_a_tree_draw_from_no_global_generator(columns):
    before = np.random.get_state()[2]  # noqa: NPY002
    first, second = (
        embedded(PiecewiseLinear(edges="tree"), columns)[1] for _ in range(2)
    )
    assert np.random.get_state()[2] == before  # noqa: NPY002
    assert torch.equal(first.low, second.low)


def test_rows_of_no_weight_move_no_edge(columns):
    weight = np.r_[np.ones(300), np.zeros(200)]
    _, some = embedded(PiecewiseLinear(), columns, weight=weight)
    _, alone = embedded(PiecewiseLinear(), columns[:300])
    assert torch.equal(some.low, alone.low) and torch.equal(some.width, alone.width)


@pytest.mark.parametrize("edges", ["quantiles", "tree"])
def test_a_weight_of_two_is_the_row_twice(columns, edges):
    weight = np.random.default_rng(0).integers(0, 3, 500)
    rows = np.repeat(columns, weight, axis=0)
    spec = PiecewiseLinear(n_bins=7, edges=edges)
    some, twice = (
        embedded(spec, columns, weight=weight * 0.1)[1],
        embedded(spec, rows)[1],
    )
    assert torch.equal(some.low, twice.low) and torch.equal(some.width, twice.width)


def test_periodic_columns_are_layers_on_waves(columns):
    out, module = embedded(Periodic(n_frequencies=3, n_outputs=2, scale=0.5), columns)
    c, w, b = (
        p.detach().double().numpy()
        for p in (module.frequency, module.weight, module.bias)
    )
    assert out.shape == (500, 3 + 2 * 2)
    for i, j in enumerate((0, 2)):
        angle = 2 * np.pi * columns[:, [j]] * c[i]
        waves = np.column_stack([np.cos(angle), np.sin(angle)])
        want = np.maximum(waves @ w[i] + b[i], 0)
        np.testing.assert_allclose(out[:, 3 + 2 * i : 5 + 2 * i], want, atol=1e-12)


@pytest.mark.parametrize(
    "embedding", ["piecewise_linear", "periodic", PiecewiseLinear()]
)
def test_a_net_follows_steps_better_with_an_embedding(embedding):
    random = np.random.default_rng(0)
    X = random.uniform(-2, 2, size=(1500, 2))
    y = np.floor(3 * X[:, 0]) % 2 + 0.1 * X[:, 1]
    score = {}
    for each in (None, embedding):
        student = NeuralStudentRegressor(
            numeric_embedding=each, max_epochs=30, lr=0.01, random_state=0
        )
        score[each] = student.fit(X[:1000], y[:1000]).score(X[1000:], y[1000:])
    assert score[embedding] > score[None] + 0.05


@pytest.mark.parametrize("embedding", ["piecewise_linear", "periodic"])
def test_pickle_and_warm_start_keep_the_embedding(iris, embedding):
    X, y = iris
    student = NeuralStudentClassifier(
        numeric_embedding=embedding, max_epochs=3, warm_start=True, random_state=0
    ).fit(X, y)
    again = pickle.loads(pickle.dumps(student))
    np.testing.assert_array_equal(again.predict_proba(X), student.predict_proba(X))
    edges = [v.clone() for k, v in student.module_.embedding.named_buffers()]
    student.fit(X[::2], y[::2])
    for before, after in zip(edges, student.module_.embedding.buffers(), strict=True):
        assert torch.equal(before, after)


def test_auto_embeds_unless_the_columns_are_many(iris):
    X, y = iris
    net = NeuralStudentClassifier(
        numeric_embedding="auto", max_epochs=2, random_state=0
    )
    named = clone(net).set_params(numeric_embedding="piecewise_linear").fit(X, y)
    np.testing.assert_array_equal(
        net.fit(X, y).predict_proba(X), named.predict_proba(X)
    )
    random = np.random.default_rng(0)
    wide = random.normal(size=(60, 101))
    flags = np.hstack([wide[:, :100], random.integers(0, 2, size=(60, 30))])
    for rows, embeds in ((wide, False), (flags, True)):
        module = net.fit(rows, rows[:, 0] > 0).module_
        assert (module.embedding is not None) is embeds
    net.set_params(warm_start=True)  # the columns of fewer rows may be constant
    assert net.fit(flags[:20], flags[:20, 0] > 0).module_.embedding is not None


def test_a_search_over_bins(iris):
    student = NeuralStudentClassifier(
        numeric_embedding=PiecewiseLinear(), max_epochs=2, random_state=0
    )
    search = GridSearchCV(student, {"numeric_embedding__n_bins": [2, 8]}, cv=2)
    search.fit(*iris)
    n_seen = search.best_estimator_.module_.layers[0].in_features
    assert n_seen == 4 + 4 * search.best_params_["numeric_embedding__n_bins"]


def test_a_table_of_indicators_alone_needs_none():
    X = np.random.default_rng(0).integers(0, 2, size=(60, 3))
    for embedding in ("piecewise_linear", "periodic"):
        student = NeuralStudentClassifier(
            numeric_embedding=embedding, max_epochs=3, random_state=0
        ).fit(X, X[:, 0])
        assert student.score(X, X[:, 0]) > 0.5


@pytest.mark.parametrize(
    ("embedding", "message"),
    [
        ("splines", "numeric_embedding"),
        (PiecewiseLinear, "give an instance"),
        (PiecewiseLinear(n_bins=1), "n_bins"),
        (PiecewiseLinear(edges="k-means"), "edges"),
        (Periodic(scale=0), "scale"),
    ],
)
def test_what_is_no_embedding_is_refused(iris, embedding, message):
    student = NeuralStudentClassifier(numeric_embedding=embedding, max_epochs=1)
    with pytest.raises(ValueError, match=message):
        student.fit(*iris)
