"""How soft trees are trained: their gates, leaves and objectives."""

import re
from copy import copy
from functools import cache, partial

import numpy as np
import pytest
import torch
from printed_trees import questions_of, shares_of, walk
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.utils.validation import check_is_fitted
from soft_trees import (
    ALL_TARGET,
    ALL_VALUES,
    BRIEF,
    FAST,
    NAMES,
    TARGET,
    VALUES,
    X,
    Y,
    outer_nodes,
    paths_by_hand,
    standardised,
)

from skdistill import SoftDecisionTreeClassifier, SoftDecisionTreeRegressor, export_text
from skdistill.training.objective import Share

SHORT = {"max_depth": 3, "max_epochs": 8, "random_state": 0, "transfer": None}


@cache
def fitted(**params):
    """A tree of the irises that no test may change."""
    return SoftDecisionTreeClassifier(**(FAST | params)).fit(X, Y)


@pytest.mark.parametrize("max_leaf_nodes", [None, 6])
@pytest.mark.parametrize("more", [{}, {"ema_decay": 0.9}], ids=str)
def test_an_axis_tree_asks_about_one_column_at_a_time(max_leaf_nodes, more):
    tree = copy(fitted(split="axis", max_leaf_nodes=max_leaf_nodes, **more))
    tree.set_params(inference="path")
    used = (tree.module_.gate_weight != 0).sum(dim=1)
    assert used.tolist() == [1] * (tree.get_n_leaves() - 1)
    assert tree.score(X, Y) > 0.75
    text = export_text(tree, feature_names=NAMES, max_terms=None, digits=9)
    for question in questions_of(text):
        assert re.fullmatch(r"(sl|sw|pl|pw) (<=|>=|<|>) -?[\d.]+", question)
    for row in range(0, 150, 7):  # a person who answers the questions
        leaf = walk(text, dict(zip(NAMES, X[row], strict=True)))
        p = tree.predict_proba(X[row : row + 1])[0]
        said = {k: v for k, v in shares_of(leaf).items() if k.startswith("class ")}
        assert said
        for name, share in said.items():
            assert share == pytest.approx(p[int(name[-1])], abs=1e-6)


@pytest.mark.parametrize("max_leaf_nodes", [None, 6])
def test_a_sparse_tree_looks_at_few_columns(max_leaf_nodes):
    for few in (2, 3):
        params = {"max_features_per_split": few, "max_leaf_nodes": max_leaf_nodes}
        tree = fitted(split="sparse", **params)
        used = (tree.module_.gate_weight != 0).sum(dim=1)
        assert used.max() <= few and tree.score(X, Y) > 0.8
        np.testing.assert_allclose(
            tree.path_proba(X), paths_by_hand(tree, standardised(X)), atol=1e-6
        )


@pytest.mark.parametrize("few", [1, 2, 3])
def test_a_gate_of_few_columns_prints_so_many_terms(few):
    tree = fitted(split="sparse", max_features_per_split=few)
    lines = export_text(tree, feature_names=NAMES, max_terms=None).splitlines()
    gates = [line for line in lines if re.search(" (<=|>=|<|>) ", line)]
    assert len(gates) == 2 * tree.module_.n_gates
    for line in gates:
        assert len(re.findall(r"\b(sl|sw|pl|pw)\b", line)) == few


@pytest.mark.parametrize(
    ("split", "few", "deeper"),
    [("oblique", 3, 0), ("sparse", 3, 2), ("sparse", 4, 0), ("axis", 3, 2)],
)
def test_gates_of_few_columns_get_more_levels(split, few, deeper):
    params = {"split": split, "max_features_per_split": few, "max_epochs": 2}
    tree = SoftDecisionTreeClassifier(random_state=0, **params).fit(X, Y)
    plain = SoftDecisionTreeClassifier(random_state=0, max_epochs=2).fit(X, Y)
    assert tree.get_depth() - plain.get_depth() == deeper
    asked = clone(tree).set_params(max_depth=2).fit(X, Y)
    assert asked.get_depth() == 2


@pytest.mark.parametrize("many", [4, 9])
def test_more_columns_than_there_are_leave_a_gate_as_it_was(many):
    sparse = fitted(split="sparse", max_features_per_split=many)
    np.testing.assert_array_equal(sparse.predict_proba(X), fitted().predict_proba(X))


def test_a_training_of_one_epoch_ends_with_few_columns_too():
    tree = fitted(split="sparse", max_features_per_split=2, max_epochs=1)
    assert (tree.module_.gate_weight != 0).sum(dim=1).max() <= 2


def test_a_constant_column_is_never_selected():
    x = np.column_stack([np.full(150, 5.0), X])
    for limit in (None, 4):
        tree = SoftDecisionTreeClassifier(split="axis", max_leaf_nodes=limit, **FAST)
        tree.fit(x, Y)
        assert tree.feature_importances_[0] == 0
        assert (tree.module_.gate_weight[:, 0] == 0).all()


def test_linear_leaves_are_for_what_is_linear_in_pieces():
    random = np.random.default_rng(0)
    x = random.uniform(-1, 1, size=(300, 2))
    y = np.where(x[:, 0] > 0, 4 * x[:, 1] + x[:, 0], 1 - 3 * x[:, 1])
    params = FAST | {"max_depth": 1, "max_epochs": 25}
    score = {
        leaf: SoftDecisionTreeRegressor(leaf=leaf, **params).fit(x, y).score(x, y)
        for leaf in ("constant", "linear")
    }
    assert score["linear"] > 0.6 > score["constant"] + 0.2
    grown = SoftDecisionTreeRegressor(leaf="linear", max_leaf_nodes=3, **FAST)
    assert grown.fit(x, y).score(x, y) > 0.6


def test_linear_leaves_by_hand():
    tree = copy(fitted(leaf="linear", max_leaf_nodes=3))
    x, module = standardised(X), tree.module_
    P = paths_by_hand(tree, x)[:, outer_nodes(tree)]
    slope = module.leaf_weight.detach().double().numpy().reshape(3, 3, 4)
    assert np.abs(slope).max() > 0.01
    expected = 0
    for k, own in enumerate(module.leaf.detach().double().numpy()):
        said = np.exp(x @ slope[k].T + own)
        expected = expected + P[:, [k]] * said / said.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(tree.predict_proba(X), expected, atol=1e-5)
    tree.set_params(inference="path")  # a reader of one path is told the mean
    assert len(np.unique(tree.predict_proba(X), axis=0)) <= 3
    np.testing.assert_allclose(tree.leaf_values().sum(axis=1), 1)


def test_weight_decay_is_for_gates_alone():
    y = np.repeat([0, 1, 2], [90, 45, 15])
    weak, strong = (
        SoftDecisionTreeClassifier(weight_decay=decay, **FAST).fit(X, y)
        for decay in (0.0, 15.0)
    )
    sizes = [tree.module_.gate_weight.abs().max().item() for tree in (weak, strong)]
    assert sizes[1] < 0.1 * sizes[0]
    shares = np.tile([0.6, 0.3, 0.1], (150, 1))
    assert np.abs(weak.predict_proba(X) - shares).max() > 0.3
    np.testing.assert_allclose(strong.predict_proba(X), shares, atol=0.15)
    np.testing.assert_allclose(
        strong.predict_proba(X).mean(axis=0), shares[0], atol=0.03
    )
    several = SoftDecisionTreeClassifier(weight_decay=15.0, max_leaf_nodes=4, **FAST)
    np.testing.assert_allclose(several.fit(X, y).predict_proba(X), shares, atol=0.15)
    values = SoftDecisionTreeRegressor(weight_decay=15.0, leaf="linear", **FAST)
    assert values.fit(VALUES, TARGET).score(VALUES, TARGET) > 0.3  # by its leaves


@pytest.mark.parametrize(("n_columns", "decay"), [(16, 0.00625), (64, 0.1), (80, 0.1)])
def test_automatic_weight_decay_goes_by_the_columns(n_columns, decay):
    x = np.random.default_rng(0).normal(size=(60, n_columns))
    auto, same = (
        SoftDecisionTreeClassifier(weight_decay=w, **SHORT).fit(x, x[:, 0] > 0)
        for w in ("auto", decay)
    )
    np.testing.assert_array_equal(auto.predict_proba(x), same.predict_proba(x))
    other = clone(same).set_params(weight_decay=2 * decay).fit(x, x[:, 0] > 0)
    assert np.abs(other.predict_proba(x) - same.predict_proba(x)).max() > 0


@pytest.mark.parametrize(
    "optimizer", [torch.optim.Rprop, partial(torch.optim.SGD, weight_decay=0.5)]
)
def test_automatic_weight_decay_leaves_the_optimizer_its_own(optimizer):
    options = SHORT | {"optimizer": optimizer, "lr_schedule": None}
    auto, same = (
        SoftDecisionTreeClassifier(weight_decay=w, **options).fit(X, Y)
        for w in ("auto", 0.0)
    )
    np.testing.assert_array_equal(auto.predict_proba(X), same.predict_proba(X))
    tree = SoftDecisionTreeClassifier(weight_decay=0.1, **options)
    if optimizer is torch.optim.Rprop:
        with pytest.raises(ValueError, match="weight_decay=0.1 is not known"):
            tree.fit(X, Y)


def test_a_share_that_rises():
    plain, rising = fitted(), fitted(objective=(0.0, 0.5))
    assert rising.score(X, Y) > 0.8

    def alone(tree):
        """The mean loss of the leaves by themselves."""
        P = tree.path_proba(X)[:, outer_nodes(tree)]
        return -(P * np.log(tree.leaf_values()[:, Y].T)).sum(axis=1).mean()

    assert alone(rising) < alone(plain)
    fixed, pair = fitted(objective=0.4), fitted(objective=(0.4, 0.4))
    np.testing.assert_array_equal(fixed.predict_proba(X), pair.predict_proba(X))
    share, seen = Share(0.2, 0.8), []
    for done in (0.0, 0.25, 0.5, 0.75, 1.0):
        share.training_progress(done)
        seen.append(share.now)
    np.testing.assert_allclose(seen, [0.2, 0.2, 0.2, 0.5, 0.8])


@pytest.mark.parametrize(
    ("params", "messages"),
    [
        ({"objective": (0, 2)}, ["objective=(0, 2)", "two numbers in [0, 1]"]),
        ({"objective": (0.5,)}, ["objective=(0.5,)"]),
        ({"objective": ("path", 1)}, ["objective=('path', 1)"]),
        ({"objective": [0.0, 0.5]}, ["objective"]),
        ({"leaf": "linear", "temperature": 2}, ['leaf="linear"', "temperature"]),
        ({"leaf": "linear", "loss": "dist"}, ['leaf="linear"', "loss"]),
        ({"leaf": "tree"}, ["leaf"]),
        ({"split": "diagonal"}, ["split"]),
        ({"max_leaf_nodes": 1}, ["max_leaf_nodes"]),
        ({"max_features_per_split": 0}, ["max_features_per_split"]),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(params, messages):
    forest = RandomForestClassifier(2, random_state=0).fit(X, Y)
    tree = SoftDecisionTreeClassifier(forest, **(FAST | {"max_epochs": 1}))
    bad = clone(tree).set_params(**params)
    with pytest.raises(ValueError) as caught:
        bad.fit(X, Y)
    assert all(message in str(caught.value) for message in messages)
    with pytest.raises(NotFittedError):
        check_is_fitted(bad)
    p = tree.fit(X, Y).predict_proba(X)
    with pytest.raises(ValueError):
        tree.set_params(**params).fit(X, Y)
    np.testing.assert_array_equal(tree.predict_proba(X), p)  # as it was before


def ends(tree, X):
    """Positions of the leaves where greedy descent ends."""
    P, node = tree.path_proba(X), np.zeros(len(X), dtype=int)
    for _ in range(tree.get_depth()):
        sides = P[np.arange(len(X)), 2 * node + 1], P[np.arange(len(X)), 2 * node + 2]
        node = 2 * node + 1 + (sides[1] > sides[0])
    return node - tree.get_n_leaves() + 1


@pytest.mark.slow
def test_leaves_that_learn_alone_are_right_alone():
    X, y = load_iris(return_X_y=True)
    params = SHORT | {"max_epochs": 60}
    gap = {}
    for objective in ("mixture", "path", 0.5):
        tree = SoftDecisionTreeClassifier(objective=objective, **params).fit(X, y)
        p = tree.leaf_values()[ends(tree, X)]
        gap[objective] = -np.log(p[np.arange(150), y]).mean()
        assert tree.score(X, y) > 0.93
    assert gap["path"] < gap["mixture"] and gap[0.5] < gap["mixture"]


def test_alone_a_leaf_says_the_mean_of_the_rows_that_end_there():
    X, y = load_iris(return_X_y=True)
    teacher = LogisticRegression(max_iter=1000).fit(X, y)
    p = teacher.predict_proba(X)
    weight = np.random.default_rng(0).random(150)
    more, q = X[:40] + 0.3, np.tile([0.2, 0.3, 0.5], (40, 1))
    tree = SoftDecisionTreeClassifier(teacher, alpha=0.6, transfer_weight=0.5, **SHORT)
    tree.fit(X, y, sample_weight=weight, X_transfer=more, transfer_output=q)
    mixture = tree.leaf_values()
    share = weight / weight.sum()
    target = 0.6 / 1.5 * share[:, None] * p + 0.4 * share[:, None] * np.eye(3)[y]
    target = np.concatenate([target, np.full((40, 1), 0.6 * 0.5 / 1.5 / 40) * q])
    total = target.sum(axis=1)
    leaf = ends(tree, np.concatenate([X, more]))
    ten = 10 / 150  # the weight of ten rows of X and those drawn from them
    for k, said in enumerate(tree.set_params(inference="path").leaf_values()):
        expected = ten * mixture[k] + target[leaf == k].sum(axis=0)
        expected /= ten + total[leaf == k].sum()
        np.testing.assert_allclose(said, expected, atol=1e-6)
    np.testing.assert_allclose(
        tree.predict_proba(X), tree.leaf_values()[leaf[:150]], atol=1e-12
    )


def test_a_path_is_worth_more_than_its_part_of_the_mixture():
    random = np.random.default_rng(0)
    X = random.normal(size=(2000, 5))
    y = (X @ [1, 1, -1, 0, 0] + 2 * random.normal(size=2000) > 0).astype(int)
    tree = SoftDecisionTreeClassifier(**SHORT).fit(X[::2], y[::2])
    X, y = X[1::2], y[1::2]
    part = tree.leaf_values()[ends(tree, X)]
    alone = tree.set_params(inference="path").predict_proba(X)
    assert log_loss(y, alone) < log_loss(y, part) - 0.01
    values, target = load_diabetes(return_X_y=True)
    tree = SoftDecisionTreeRegressor(**SHORT).fit(values, target)
    part = tree.leaf_values()[ends(tree, values), 0]
    alone = tree.set_params(inference="path").predict(values)
    assert np.square(alone - target).mean() < np.square(part - target).mean()


def test_no_share_is_the_mixture_to_the_bit():
    X, y = load_iris(return_X_y=True)
    one, other = (
        SoftDecisionTreeClassifier(objective=objective, **SHORT)
        .fit(X, y)
        .predict_proba(X)
        for objective in ("mixture", 0.0)
    )
    np.testing.assert_array_equal(one, other)


def test_after_a_hot_fit_leaves_are_means_of_their_targets():
    X, y = load_iris(return_X_y=True)
    teacher = LogisticRegression(max_iter=1000).fit(X, y)
    tree = SoftDecisionTreeClassifier(
        teacher, objective="path", temperature=4.0, **SHORT
    )
    tree.fit(X, y)
    reach, p = tree.path_proba(X)[:, -8:], teacher.predict_proba(X)
    means = reach.T @ p / reach.sum(axis=0)[:, None]
    np.testing.assert_allclose(tree.leaf_values(), means, atol=1e-5)


def test_early_stopping_watches_the_mixture():
    X, y = load_iris(return_X_y=True)
    tree = SoftDecisionTreeClassifier(objective="path", early_stopping=True, **SHORT)
    tree.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    p = tree.predict_proba(X[1::2])[np.arange(75), y[1::2]]
    watched = min(epoch["valid_loss"] for epoch in tree.history_)
    assert -np.log(p).mean() == pytest.approx(watched, rel=1e-3)


def test_values_by_paths():
    X, y = load_diabetes(return_X_y=True)
    tree = SoftDecisionTreeRegressor(objective="path", **(SHORT | {"max_epochs": 40}))
    assert tree.fit(X, y).set_params(inference="path").score(X, y) > 0.4


@pytest.mark.parametrize(
    ("student", "message"),
    [
        (
            SoftDecisionTreeClassifier(objective="path", loss="js", max_epochs=50),
            "loss='kl' alone",
        ),
        (
            SoftDecisionTreeRegressor(objective=0.5, loss="huber", max_epochs=50),
            "loss='mse' alone",
        ),
        (
            SoftDecisionTreeRegressor(objective=0.5, quantiles=[0.5], max_epochs=50),
            "without quantiles",
        ),
        (SoftDecisionTreeClassifier(objective=1.5, max_epochs=50), "objective"),
        (SoftDecisionTreeClassifier(objective="leaf", max_epochs=50), "objective"),
    ],
)
def test_what_paths_are_not_for_is_refused(student, message):
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=message):
        student.fit(X, y)


def test_leaves_are_refitted_at_temperature_one(iris, iris_forest):
    """After a hot fit the leaves are at the likelihood's maximum, the gates fixed."""
    X, y = iris
    hot = SoftDecisionTreeClassifier(
        iris_forest, temperature=8.0, max_depth=2, random_state=0, max_epochs=50
    ).fit(X, y)
    target = (10 * iris_forest.predict_proba(X) + 1 / 3) / 11
    reach = hot.path_proba(X)[:, 3:]

    def likelihood(leaves):
        return (target * np.log(reach @ leaves)).sum(axis=1).mean()

    best = likelihood(hot.leaf_values())
    rng = np.random.default_rng(0)
    for _ in range(50):
        other = 0.9 * hot.leaf_values() + 0.1 * rng.dirichlet(np.ones(3), 4)
        assert likelihood(other) < best + 1e-4


def test_refitting_without_keeping_the_paths_is_the_same(
    iris, iris_forest, monkeypatch
):
    tree = SoftDecisionTreeClassifier(
        iris_forest, temperature=4.0, max_depth=3, max_epochs=5, random_state=0
    )
    kept = tree.fit(*iris).predict_proba(iris[0])
    monkeypatch.setattr("skdistill.learners.soft_tree._KEPT_CELLS", 0)
    np.testing.assert_array_equal(tree.fit(*iris).predict_proba(iris[0]), kept)


@pytest.mark.slow
def test_balance_keeps_all_leaves_in_use(iris):
    X, y = iris
    mass = {}
    for strength in (0.0, 1.0):
        tree = SoftDecisionTreeClassifier(
            balance_penalty=strength, max_depth=4, random_state=0, max_epochs=100
        ).fit(X, y)
        mass[strength] = np.sort(tree.node_mass_[15:])[:4].sum()
    assert mass[1.0] > mass[0.0]


def test_leaves_are_refitted_to_smoothed_labels():
    X, y = np.repeat(np.eye(3), 16, axis=0), np.repeat([0, 1, 2], 16)
    tree = SoftDecisionTreeClassifier(
        temperature=4.0, alpha=0.5, label_smoothing=0.3, random_state=0, max_epochs=50
    )
    P = np.full((48, 3), 1 / 3)
    tree.fit(X, y, teacher_output=P)
    expected = 0.5 / 3 + 0.5 * (0.7 * np.eye(3)[y] + 0.1)
    np.testing.assert_allclose(tree.predict_proba(X), expected, atol=0.02)


@pytest.mark.usefixtures("no_memory_corruption")
@pytest.mark.parametrize("split", ["oblique", "axis"])
def test_nothing_to_grow_for(split):
    for student, x, y in [
        (SoftDecisionTreeRegressor, ALL_VALUES, np.ones(len(ALL_TARGET))),
        (SoftDecisionTreeClassifier, np.ones((150, 3)), Y),
    ]:
        tree = student(max_leaf_nodes=4, split=split, **BRIEF).fit(x, y)
        assert tree.get_n_leaves() == 1
        assert np.isfinite(
            tree.predict_proba(x)
            if student is SoftDecisionTreeClassifier
            else tree.predict(x)
        ).all()


@pytest.mark.usefixtures("no_memory_corruption")
def test_a_tree_of_one_leaf_goes_on():
    leaf = SoftDecisionTreeClassifier(**BRIEF).fit(X, Y).prune(X, ccp_alpha=np.inf)
    assert leaf.set_params(warm_start=True).fit(X, Y).get_n_leaves() == 1


@pytest.mark.usefixtures("no_memory_corruption")
def test_early_stopping_of_an_axis_tree_after_one_step():
    SoftDecisionTreeClassifier(
        split="axis",
        early_stopping=True,
        **(BRIEF | {"max_epochs": 1, "batch_size": 1000}),
    ).fit(X, Y)


@pytest.mark.usefixtures("no_memory_corruption")
def test_warm_start_after_another_split():
    tree = (
        SoftDecisionTreeClassifier(warm_start=True, **BRIEF)
        .fit(X, Y)
        .set_params(split="axis")
        .fit(X, Y)
    )
    assert (tree.module_.gate_weight != 0).sum(dim=1).tolist() == [1] * 7


SETTINGS = [
    {"max_leaf_nodes": 4, "split": "axis"},
    {"split": "sparse", "max_features_per_split": 2},
    {"objective": (0.0, 0.5)},
]


def table(seed):
    """Small whole numbers, a constant, and a column of large numbers."""
    random = np.random.default_rng(seed)
    X = random.integers(0, 3, (120, 4)).astype(float)
    X[:, 1] = 7.0
    X[:, 2] = 1e6 * random.normal(size=120)
    return X


# One setting here, and all of them in ``make test-all``.
@pytest.mark.slow
@pytest.mark.parametrize(
    "params",
    [
        SETTINGS[0],
        *(pytest.param(each, marks=pytest.mark.slow) for each in SETTINGS[1:]),
    ],
    ids=str,
)
def test_no_tree_says_the_same_of_all_rows(params):
    for seed in range(20):
        X = table(seed)
        y = X[:, 0] > 0 if seed % 2 else X[:, 2] > 3e5
        options = FAST | {"max_epochs": 20, "random_state": seed} | params
        tree = SoftDecisionTreeClassifier(**options).fit(X, y)
        p = tree.predict_proba(X)
        assert np.isfinite(p).all()
        np.testing.assert_allclose(p.sum(axis=1), 1)
        assert set(tree.predict(X)) == {False, True} and tree.score(X, y) > 0.85
        assert np.isfinite(tree.node_mass_).all()
        assert tree.feature_importances_[1] == 0


@pytest.mark.parametrize("params", SETTINGS, ids=str)
def test_values_of_any_size(params):
    for seed in range(8):
        X = table(seed)
        y = 1e6 * (X[:, 0] > 0) + 1e-3 * X[:, 3] - 1e7
        options = FAST | {"max_epochs": 20, "random_state": seed} | params
        tree = SoftDecisionTreeRegressor(**options).fit(X, y)
        assert np.isfinite(tree.predict(X)).all() and tree.score(X, y) > 0.6
        assert np.isfinite(tree.predict(X * 1e12)).all()
