"""Soft trees with other gates, leaves and objectives."""

import re
from copy import copy
from functools import cache

import numpy as np
import pytest
from scipy.special import expit
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from skdistill import SoftDecisionTreeClassifier, SoftDecisionTreeRegressor, export_text
from skdistill.training.objective import Share

FAST = {
    "max_depth": 3,
    "max_epochs": 15,
    "batch_size": 30,
    "lr": 0.06,
    "random_state": 0,
    "transfer": None,
}
NAMES = ["sl", "sw", "pl", "pw"]
X, Y = load_iris(return_X_y=True)
VALUES, TARGET = load_diabetes(return_X_y=True)
VALUES, TARGET = VALUES[:200], TARGET[:200]


@cache
def fitted(**params):
    """A tree of the irises that no test may change."""
    return SoftDecisionTreeClassifier(**(FAST | params)).fit(X, Y)


def inner_nodes(tree):
    return tree.module_.shape.gates


def outer_nodes(tree):
    """The nodes that are not gates."""
    return np.setdiff1d(np.arange(len(tree.node_mass_)), inner_nodes(tree))


def paths_by_hand(tree, x):
    """Node probabilities from the fitted weights alone, one gate at a time."""
    weight = tree.module_.gate_weight.detach().double().numpy()
    bias = tree.module_.gate_bias.detach().double().numpy()
    P = np.ones((len(x), len(tree.node_mass_)))
    for rank, node in enumerate(inner_nodes(tree)):
        right = expit(x @ weight[rank] + bias[rank])
        P[:, 2 * rank + 1] = P[:, node] * (1 - right)
        P[:, 2 * rank + 2] = P[:, node] * right
    return P


def standardised(x):
    return (x - x.mean(axis=0)) / x.std(axis=0)


@pytest.mark.parametrize("max_leaf_nodes", [None, 6])
@pytest.mark.parametrize("more", [{}, {"ema_decay": 0.9}], ids=str)
def test_an_axis_tree_asks_about_one_column_at_a_time(max_leaf_nodes, more):
    tree = copy(fitted(split="axis", max_leaf_nodes=max_leaf_nodes, **more))
    tree.set_params(inference="path")
    used = (tree.module_.gate_weight != 0).sum(dim=1)
    assert used.tolist() == [1] * (tree.get_n_leaves() - 1)
    assert tree.score(X, Y) > 0.75
    text = export_text(tree, feature_names=NAMES, max_terms=None, digits=9)
    lines = [re.fullmatch(r"([| ]*)\|--- (.*)", line) for line in text.splitlines()]
    lines = [(len(line[1]) // 4, line[2]) for line in lines]
    for row in range(0, 150, 7):  # a person who answers the questions
        at, columns = 0, dict(zip(NAMES, X[row], strict=True))
        while not lines[at][1].startswith("class: "):
            depth, question = lines[at]
            assert re.fullmatch(r"(sl|sw|pl|pw) (<=|>=|<|>) -?[\d.e+-]+", question)
            if eval(question, {}, columns):
                at += 1
            else:
                at = next(i for i in range(at + 1, len(lines)) if lines[i][0] == depth)
        said = re.findall(r"(\d) ([\d.e-]+)", lines[at][1].split(" (")[0])
        p = tree.predict_proba(X[row : row + 1])[0]
        for label, share in said:
            assert float(share) == pytest.approx(p[int(label)], abs=1e-6)


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


def test_more_columns_than_there_are_leave_a_gate_as_it_was():
    sparse = fitted(split="sparse", max_features_per_split=4)
    np.testing.assert_array_equal(sparse.predict_proba(X), fitted().predict_proba(X))


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
