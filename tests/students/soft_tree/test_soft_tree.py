"""The soft trees: identities of their methods, and of their text."""

import pickle
import re

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.preprocessing import StandardScaler
from soft_trees import (
    BRIEF,
    FAST,
    TARGET,
    VALUES,
    X,
    Y,
    inner_nodes,
    outer_nodes,
    paths_by_hand,
    standardised,
)

from skdistill import (
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
    explain,
    export_text,
    plot_gate_filters,
)


@pytest.fixture(scope="module")
def tree(iris, iris_forest):
    student = SoftDecisionTreeClassifier(
        iris_forest, max_depth=3, random_state=0, max_epochs=50
    )
    return student.fit(*iris)


def test_the_mixture_by_hand(tree, iris):
    X, _ = iris
    P = paths_by_hand(tree, standardised(X))
    np.testing.assert_allclose(tree.path_proba(X), P, atol=1e-12)
    np.testing.assert_allclose(tree.leaf_values().sum(axis=1), 1)
    np.testing.assert_allclose(
        tree.predict_proba(X), P[:, 7:] @ tree.leaf_values(), atol=1e-12
    )


def test_apply_and_decision_path(tree, iris):
    X, _ = iris
    P = tree.path_proba(X)
    leaf = tree.apply(X)
    np.testing.assert_array_equal(leaf, 7 + P[:, 7:].argmax(axis=1))
    path = tree.decision_path(X)
    assert path.format == "csr" and path.shape == (150, 15)
    np.testing.assert_array_equal(path.sum(axis=1).ravel(), 4)
    assert (path[np.arange(150), leaf] == 1).all() and (path[:, 0].toarray() == 1).all()
    for row in range(0, 150, 10):
        nodes = path[row].indices
        np.testing.assert_array_equal((nodes[1:] - 1) // 2, nodes[:-1])


def test_inference_by_path_and_by_leaf(tree, iris):
    X, _ = iris
    P = paths_by_hand(tree, standardised(X))
    node = np.zeros(150, dtype=int)
    for _ in range(3):
        right = P[np.arange(150), 2 * node + 2] > P[np.arange(150), 2 * node + 1]
        node = 2 * node + 1 + right
    tree.set_params(inference="path")
    np.testing.assert_allclose(tree.predict_proba(X), tree.leaf_values()[node - 7])
    tree.set_params(inference="leaf")
    np.testing.assert_allclose(
        tree.predict_proba(X), tree.leaf_values()[tree.apply(X) - 7]
    )
    tree.set_params(inference="mixture")


def test_shape_and_importances(tree, iris):
    assert tree.get_depth() == 3 and tree.get_n_leaves() == 8
    assert tree.feature_importances_.sum() == pytest.approx(1)
    assert tree.feature_importances_[2:].sum() > 0.5  # petals tell irises apart
    np.testing.assert_allclose(tree.node_mass_, tree.path_proba(iris[0]).mean(axis=0))
    gates = np.abs(tree.module_.gate_weight.detach().double().numpy())
    used = tree.node_mass_[:7] @ gates
    np.testing.assert_allclose(tree.feature_importances_, used / used.sum(), rtol=1e-5)


def test_a_constant_column_has_no_importance(iris):
    X, y = iris
    X = np.column_stack([X, np.ones(150)])
    tree = SoftDecisionTreeClassifier(max_depth=2, max_epochs=5).fit(X, y)
    assert tree.feature_importances_[4] == 0
    assert "feature_4" not in export_text(tree, max_terms=None)


def test_an_unknown_inference_set_after_fit(iris):
    tree = SoftDecisionTreeClassifier(max_depth=1, max_epochs=1).fit(*iris)
    with pytest.raises(ValueError, match="inference='hard'"):
        tree.set_params(inference="hard").predict(iris[0])


def test_regression_tree(diabetes, diabetes_forest):
    X, y = diabetes
    tree = SoftDecisionTreeRegressor(
        diabetes_forest, max_depth=2, random_state=0, max_epochs=15, transfer=None
    )
    tree.fit(X, y)
    by_hand = paths_by_hand(tree, standardised(X))[:, 3:] @ tree.leaf_values()
    np.testing.assert_allclose(tree.predict(X), by_hand[:, 0])
    tree.set_params(inference="leaf")
    assert len(np.unique(tree.predict(X))) <= 4
    text = export_text(tree)
    assert text.count("% of rows, n = ") == 4


@pytest.mark.parametrize("method", ["apply", "decision_path", "path_proba"])
def test_unfitted(method):
    with pytest.raises(ValueError, match="not fitted"):
        getattr(SoftDecisionTreeClassifier(), method)([[0.0]])
    with pytest.raises(ValueError, match="not fitted"):
        SoftDecisionTreeClassifier().get_depth()


def text_rules(text):
    """(indent, terms, sign, threshold) of each gate's line of an exported text."""
    for line in text.splitlines():
        found = re.match(r"([| -]*-) (.*) (<=|>) (\S+)$", line)
        if found:
            yield len(found[1]), found[2], found[3], float(found[4])


@pytest.mark.filterwarnings("ignore:teacher does not agree")  # on columns so scaled
def test_text_is_in_the_users_units(iris, iris_forest):
    """The text, read back by itself, gives the gates' log odds on unscaled rows."""
    X, y = iris
    tree = SoftDecisionTreeClassifier(
        iris_forest, max_depth=1, random_state=0, max_epochs=15, transfer=None
    )
    tree.fit(X * [1, 1000, 0.01, 1], y)
    X = X * [1, 1000, 0.01, 1]
    names = ["a", "b", "c", "d"]
    text = export_text(tree, feature_names=names, max_terms=None, digits=12)
    (_, terms, sign, threshold), (_, _, other, _) = text_rules(text)
    assert (sign, other) == ("<=", ">")
    columns = dict(zip(names, X.T, strict=True))
    total = eval(terms, {}, columns)  # a sum of products
    x = (X - X.mean(axis=0)) / X.std(axis=0)
    module = tree.module_
    logit = x @ module.gate_weight[0].detach().numpy() + module.gate_bias[0].item()
    np.testing.assert_allclose(total - threshold, logit, atol=1e-6)
    tree.set_params(inference="path")
    leaf = np.where(total <= threshold, 0, 1)
    np.testing.assert_allclose(tree.predict_proba(X), tree.leaf_values()[leaf])


def test_what_left_out_terms_are_on_average_is_said(tree, iris):
    X, _ = iris
    text = export_text(tree, feature_names=["a", "b", "c", "d"], max_terms=2, digits=9)
    assert text.count("[+ 2 smaller terms]") == 14
    first = text.splitlines()[0]
    terms, threshold, rest = re.match(
        r"\|--- (.*) \[.*\] <= (\S+)  .* the rest is (\S+) on average", first
    ).groups()
    at_mean = dict(zip("abcd", X.mean(axis=0), strict=True))
    logit = eval(terms, {}, at_mean) + float(rest) - float(threshold)
    assert logit == pytest.approx(tree.module_.gate_bias[0].item(), abs=1e-5)


def test_text_names_columns_and_classes(iris_forest):
    frame = load_iris(as_frame=True)
    y = frame.target_names[frame.target]
    tree = SoftDecisionTreeClassifier(max_depth=2, max_epochs=2).fit(frame.data, y)
    text = export_text(tree, max_terms=None)
    assert (
        "petal length (cm)" in text and "setosa" in text and "% of rows, n = " in text
    )
    assert "blue" in export_text(tree, class_names=["blue", "red", "green"])
    bare = SoftDecisionTreeClassifier(max_depth=2, max_epochs=2)
    assert "feature_3" in export_text(bare.fit(frame.data.to_numpy(), y), max_terms=4)
    seen = SoftDecisionTreeClassifier(
        max_depth=2, max_epochs=2, preprocessor=StandardScaler()
    ).fit(frame.data, y)
    assert "petal width (cm)" in export_text(seen, max_terms=4)
    with pytest.raises(ValueError, match="feature_names has 2 names"):
        export_text(tree, feature_names=["a", "b"])
    with pytest.raises(ValueError, match="max_terms=0"):
        export_text(tree, max_terms=0)
    with pytest.raises(ValueError, match="not fitted"):
        export_text(SoftDecisionTreeClassifier())


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 5))]
)
def test_awkward_columns(seed):
    rng = np.random.default_rng(seed)
    X = np.column_stack(
        [rng.integers(0, 3, 200), np.full(200, 7.0), rng.normal(size=200) * 1e6]
    )
    y = (X[:, 0] > 0).astype(int)
    tree = SoftDecisionTreeClassifier(
        max_depth=3, random_state=seed, max_epochs=50
    ).fit(X, y)
    assert np.isfinite(tree.predict_proba(X)).all() and tree.score(X, y) > 0.95
    assert np.isfinite(tree.predict_proba(X * 1e12)).all()


def test_prediction_is_chunked_and_independent_of_the_batch(tree, iris):
    X = np.tile(iris[0], (100, 1))
    whole = tree.predict_proba(X)
    np.testing.assert_allclose(whole[:150], tree.predict_proba(X[:150]), rtol=1e-12)
    np.testing.assert_allclose(whole[7], tree.predict_proba(X[7:8])[0], rtol=1e-12)


def test_years_keep_the_digits_that_matter():
    random = np.random.default_rng(0)
    X = pd.DataFrame({"year": 2000.0 + random.integers(0, 25, 400)})
    y = (X.year > 2013).astype(int)
    one = SoftDecisionTreeClassifier(
        max_depth=1, random_state=0, inference="path", max_epochs=50
    )
    (bound,) = re.findall(r"year <?>?=? (\S+)", export_text(one.fit(X, y)))[:1]
    assert abs(float(bound) - 2013.5) < 1
    X["b"] = random.normal(size=400)
    text = export_text(one.fit(X, y), max_terms=None, digits=6).splitlines()[0]
    terms, bound = re.match(r"\|--- (.*) <= (\S+)$", text).groups()
    left = eval(terms, {}, dict(X)) <= float(bound)
    np.testing.assert_array_equal(one.decision_path(X).toarray()[:, 1] == 1, left)


def test_rules_about_a_table_are_what_the_tree_computes():
    random = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "plan": random.choice(["a", "b", "c", None], 300),
            "age": np.where(
                random.random(300) < 0.2, np.nan, random.normal(40, 9, 300)
            ),
            "income": random.lognormal(3, 2.5, 300),
            "vip": random.random(300) > 0.5,
        }
    )
    y = (X.plan == "a") ^ (X.income > 30)
    tree = SoftDecisionTreeClassifier(max_depth=1, random_state=0, max_epochs=50).fit(
        X, y
    )
    text = export_text(tree, max_terms=None, digits=9).splitlines()[0]
    terms, bound = re.match(r"\|--- (.*) <= (\S+)$", text).groups()
    terms = re.sub(r"\[(\w+) = (\w)\]", r"(\1 == '\2')", terms)
    terms = re.sub(r"\[(\w+) is missing\]", r"\1.isna()", terms)
    names = dict(X.assign(age=X.age))
    names["log1p"] = np.log1p
    names["signed_log1p"] = lambda z: np.sign(z) * np.log1p(np.abs(z))
    numbers = {**names, "age": Filled(X.age)}
    logit = eval(terms, {}, numbers) - float(bound)
    view = torch.from_numpy(tree.preprocessor_.transform(X))
    ours = tree.module_.gate_logits(view)[:, 0].detach().numpy()
    np.testing.assert_allclose(logit, ours, atol=1e-5)


class Filled(pd.Series):
    """A column whose gaps count as its mean, as the text's reader is told."""

    def __mul__(self, other):
        return self.fillna(self.mean()).to_numpy() * other

    __rmul__ = __mul__


@pytest.fixture(scope="module", params=["classifier", "taught", "regressor"])
def grown(request):
    params = FAST | {"max_leaf_nodes": 5}
    if request.param == "classifier":
        return SoftDecisionTreeClassifier(**params).fit(X, Y)
    if request.param == "taught":
        forest = RandomForestClassifier(10, random_state=0).fit(X, Y)
        return SoftDecisionTreeClassifier(forest, **params).fit(X)
    forest = RandomForestRegressor(10, random_state=0).fit(VALUES, TARGET)
    return SoftDecisionTreeRegressor(forest, **params).fit(VALUES)


def rows_of(tree):
    return X if tree.n_features_in_ == 4 else VALUES


def answers(tree, x):
    if hasattr(tree, "classes_"):
        return tree.predict_proba(x)
    return tree.predict(x)[:, None]


def test_it_grows_to_so_many_leaves(grown):
    assert grown.get_n_leaves() == 5 and len(grown.leaf_values()) == 5
    assert 3 <= grown.get_depth() + 1 <= FAST["max_depth"] + 1
    assert len(grown.node_mass_) == 9
    assert len(grown.history_) == grown.n_iter_ == FAST["max_epochs"]
    x = rows_of(grown)
    assert grown.score(x, Y if x is X else TARGET) > (0.9 if x is X else 0.35)


def test_a_grown_tree_answers_by_its_weights(grown):
    x = rows_of(grown)
    P = paths_by_hand(grown, standardised(x))
    np.testing.assert_allclose(grown.path_proba(x), P, atol=1e-6)
    mixture = grown.path_proba(x)[:, outer_nodes(grown)] @ grown.leaf_values()
    np.testing.assert_allclose(answers(grown, x), mixture, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(grown.node_mass_, P.mean(axis=0), atol=1e-6)
    used = grown.node_mass_[inner_nodes(grown)] @ np.abs(
        grown.module_.gate_weight.detach().double().numpy()
    )
    importances = grown.feature_importances_
    np.testing.assert_allclose(importances, used / used.sum(), rtol=1e-4)


def test_ways_through_a_grown_tree(grown):
    x, outer = rows_of(grown), outer_nodes(grown)
    P, leaf = grown.path_proba(x), grown.apply(x)
    np.testing.assert_array_equal(leaf, outer[P[:, outer].argmax(axis=1)])
    passed = grown.decision_path(x).toarray()
    assert passed.shape == P.shape
    for row, end in zip(passed, leaf, strict=True):
        assert np.flatnonzero(row).tolist() == grown.module_.shape.path(end)
    node = np.zeros(len(x), dtype=int)
    for rank, gate in enumerate(inner_nodes(grown)):  # parents before their children
        right = P[:, 2 * rank + 2] > P[:, 2 * rank + 1]
        node = np.where(node == gate, 2 * rank + 1 + right, node)
    twin = pickle.loads(pickle.dumps(grown)).set_params(inference="path")
    alone = twin.leaf_values()[np.searchsorted(outer, node)]
    np.testing.assert_allclose(answers(twin, x), alone, atol=1e-12)
    twin.set_params(inference="leaf")
    alone = twin.leaf_values()[np.searchsorted(outer, leaf)]
    np.testing.assert_allclose(answers(twin, x), alone, atol=1e-12)


def test_a_grown_tree_can_be_read(grown):
    lines = export_text(grown).splitlines()
    assert sum("% of rows, n = " in line for line in lines) == 5
    assert len(lines) == 5 + 2 * 4
    for row in rows_of(grown)[::60]:
        *_, leaf, mixture = explain(grown, row).splitlines()
        assert int(re.match(r"leaf (\d+): ", leaf)[1]) in outer_nodes(grown).tolist()
        assert mixture.startswith("all leaves together: ")


def test_constant_pixels_have_no_weight():
    figure = pytest.importorskip("matplotlib.figure")
    x = np.column_stack([X, np.full(150, 3.0), np.zeros(150)])
    tree = SoftDecisionTreeClassifier(weight_decay=0.0, **BRIEF).fit(x, Y)
    image = plot_gate_filters(tree, (2, 3), ax=figure.Figure().gca())[0].get_array()
    assert (image.ravel()[4:] == 0).all()


def test_parts_of_the_rows_leave_the_leaves_as_trained():
    tree = SoftDecisionTreeClassifier(**BRIEF).fit(X, Y)
    tree.partial_fit(X[:60], Y[:60])
    mixture = tree.leaf_values()
    np.testing.assert_array_equal(
        tree.set_params(inference="path").leaf_values(), mixture
    )


@pytest.mark.usefixtures("no_memory_corruption")
def test_first_part_of_one_class():
    tree = SoftDecisionTreeClassifier(max_leaf_nodes=5, **BRIEF)
    tree.partial_fit(X[:50], Y[:50], classes=[0, 1, 2])
    for _ in range(20):
        tree.partial_fit(X, Y)
    assert tree.score(X, Y) > 0.8


def test_weight_decay_changed_between_parts():
    tree = SoftDecisionTreeClassifier(weight_decay=0.0, **BRIEF).partial_fit(X, Y)
    tree.set_params(weight_decay=0.1).partial_fit(X, Y)
    assert tree.n_iter_ == 2


def test_a_pruned_tree_learns_more_parts():
    tree = (
        SoftDecisionTreeClassifier(**BRIEF).partial_fit(X, Y).prune(X, max_leaf_nodes=3)
    )
    tree.partial_fit(X, Y)
    assert tree.get_n_leaves() == 3


def test_a_gate_that_goes_on_keeps_its_column_whatever_it_is_told():
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 3))
    first, second = x[:, 0] > 0, x[:, 1] > 0
    params = FAST | {"split": "axis", "max_leaf_nodes": 2}
    tree = SoftDecisionTreeClassifier(warm_start=True, **params).fit(x, first)
    assert tree.score(x, first) > 0.95
    tree.set_params(lr=0.5, max_epochs=30).fit(x, second)
    used = tree.module_.gate_weight[0].detach().numpy()
    assert np.flatnonzero(used).tolist() == [0] and tree.score(x, second) < 0.7
    tree = SoftDecisionTreeClassifier(**params)
    for y in [first] * 5 + [second] * 5:
        tree.partial_fit(x, y)
    used = tree.module_.gate_weight[0].detach().numpy()
    assert np.flatnonzero(used).tolist() == [0]


def test_parts_of_the_rows_one_after_the_other():
    random, tree = (
        np.random.default_rng(0),
        SoftDecisionTreeClassifier(max_leaf_nodes=5, **FAST),
    )
    shapes = []
    for _ in range(15):
        part = random.permutation(150)[:75]
        tree.partial_fit(X[part], Y[part])
        shapes.append(tree.module_.shape.gates.tolist())
    assert all(gates == shapes[0] and len(gates) == 4 for gates in shapes)
    assert tree.score(X, Y) > 0.9 and tree.n_iter_ == 15
    values = SoftDecisionTreeRegressor(max_leaf_nodes=3, split="axis", **FAST)
    for _ in range(15):
        values.partial_fit(VALUES, TARGET)
    assert values.get_n_leaves() == 3 and values.score(VALUES, TARGET) > 0.2
    assert (values.module_.gate_weight != 0).sum(dim=1).tolist() == [1, 1]
