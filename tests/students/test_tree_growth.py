"""Soft trees that grow leaf by leaf."""

import pickle
import re

import numpy as np
import pandas as pd
import pytest
import torch
from scipy.special import expit
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from skdistill import (
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
    explain,
    export_text,
)

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
GROWN = {
    "classifier": SoftDecisionTreeClassifier(max_leaf_nodes=5, **FAST).fit(X, Y),
    "taught": SoftDecisionTreeClassifier(
        RandomForestClassifier(10, random_state=0).fit(X, Y), max_leaf_nodes=5, **FAST
    ).fit(X),
    "regressor": SoftDecisionTreeRegressor(
        RandomForestRegressor(10, random_state=0).fit(VALUES, TARGET),
        max_leaf_nodes=5,
        **FAST,
    ).fit(VALUES),
}


def rows_of(tree):
    return X if tree.n_features_in_ == 4 else VALUES


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


def answers(tree, x):
    if hasattr(tree, "classes_"):
        return tree.predict_proba(x)
    return tree.predict(x)[:, None]


@pytest.mark.parametrize("tree", GROWN.values(), ids=GROWN)
def test_it_grows_to_so_many_leaves(tree):
    assert tree.get_n_leaves() == 5 and len(tree.leaf_values()) == 5
    assert 3 <= tree.get_depth() + 1 <= FAST["max_depth"] + 1
    assert len(tree.node_mass_) == 9
    assert len(tree.history_) == tree.n_iter_ == FAST["max_epochs"]
    x = rows_of(tree)
    assert tree.score(x, Y if x is X else TARGET) > (0.9 if x is X else 0.35)


@pytest.mark.parametrize("tree", GROWN.values(), ids=GROWN)
def test_a_grown_tree_answers_by_its_weights(tree):
    x = rows_of(tree)
    P = paths_by_hand(tree, standardised(x))
    np.testing.assert_allclose(tree.path_proba(x), P, atol=1e-6)
    mixture = tree.path_proba(x)[:, outer_nodes(tree)] @ tree.leaf_values()
    np.testing.assert_allclose(answers(tree, x), mixture, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(tree.node_mass_, P.mean(axis=0), atol=1e-6)
    used = tree.node_mass_[inner_nodes(tree)] @ np.abs(
        tree.module_.gate_weight.detach().double().numpy()
    )
    importances = tree.feature_importances_
    np.testing.assert_allclose(importances, used / used.sum(), rtol=1e-4)


@pytest.mark.parametrize("tree", GROWN.values(), ids=GROWN)
def test_ways_through_a_grown_tree(tree):
    x, outer = rows_of(tree), outer_nodes(tree)
    P, leaf = tree.path_proba(x), tree.apply(x)
    np.testing.assert_array_equal(leaf, outer[P[:, outer].argmax(axis=1)])
    passed = tree.decision_path(x).toarray()
    assert passed.shape == P.shape
    for row, end in zip(passed, leaf, strict=True):
        assert np.flatnonzero(row).tolist() == tree.module_.shape.path(end)
    node = np.zeros(len(x), dtype=int)
    for rank, gate in enumerate(inner_nodes(tree)):  # parents before their children
        right = P[:, 2 * rank + 2] > P[:, 2 * rank + 1]
        node = np.where(node == gate, 2 * rank + 1 + right, node)
    twin = pickle.loads(pickle.dumps(tree)).set_params(inference="path")
    alone = twin.leaf_values()[np.searchsorted(outer, node)]
    np.testing.assert_allclose(answers(twin, x), alone, atol=1e-12)
    twin.set_params(inference="leaf")
    alone = twin.leaf_values()[np.searchsorted(outer, leaf)]
    np.testing.assert_allclose(answers(twin, x), alone, atol=1e-12)


@pytest.mark.parametrize("tree", GROWN.values(), ids=GROWN)
def test_a_grown_tree_can_be_read(tree):
    lines = export_text(tree).splitlines()
    assert sum("% of rows)" in line for line in lines) == 5
    assert len(lines) == 5 + 2 * 4
    for row in rows_of(tree)[::60]:
        *_, leaf, mixture = explain(tree, row).splitlines()
        assert int(re.match(r"leaf (\d+): ", leaf)[1]) in outer_nodes(tree).tolist()
        assert mixture.startswith("all leaves together: ")


def test_limits_of_growth():
    full = SoftDecisionTreeClassifier(max_leaf_nodes=100, **(FAST | {"max_depth": 2}))
    assert full.fit(X, Y).get_n_leaves() == 4 and full.get_depth() == 2
    stump = SoftDecisionTreeClassifier(max_leaf_nodes=2, **FAST).fit(X, Y)
    assert stump.get_n_leaves() == 2 and stump.get_depth() == 1
    for limit in (3, 4, 6, 7, 8):
        params = FAST | {"max_epochs": 2}
        tree = SoftDecisionTreeClassifier(max_leaf_nodes=limit, **params).fit(X, Y)
        assert tree.get_n_leaves() == limit and tree.get_depth() <= 3


def test_where_one_column_decides_the_first_gate_is_about_it():
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 6))
    tree = SoftDecisionTreeClassifier(max_leaf_nodes=2, split="axis", **FAST)
    tree.fit(x, x[:, 4] > 0.7)
    assert np.flatnonzero(tree.module_.gate_weight[0].detach()).tolist() == [4]
    assert tree.feature_importances_[4] == pytest.approx(1)
    found = re.match(r"\|--- feature_4 (<=|>=) (\S+)\n", export_text(tree))
    assert float(found[2]) == pytest.approx(0.7, abs=0.15)


def test_going_on_keeps_the_shape_and_the_columns():
    params = FAST | {"warm_start": True, "split": "axis"}
    for limit in (5, None):
        tree = SoftDecisionTreeClassifier(max_leaf_nodes=limit, **params).fit(X, Y)
        shape, weight = tree.module_.shape, tree.module_.gate_weight.detach().clone()
        tree.fit(X, Y)
        assert tree.module_.shape.gates.tolist() == shape.gates.tolist()
        again = tree.module_.gate_weight.detach()
        assert torch.equal(again != 0, weight != 0)
        assert not torch.equal(again, weight)
        assert (tree.module_.gate_weight != 0).sum(dim=1).tolist() == [1] * len(weight)


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


NEW = {
    "max_leaf_nodes": 4,
    "split": "sparse",
    "max_features_per_split": 2,
    "objective": (0.0, 0.3),
    "weight_decay": 0.01,
}


def test_all_at_once_cloned_pickled_and_repeated():
    tree = SoftDecisionTreeClassifier(**FAST, **NEW)
    params = clone(tree).get_params()
    assert {name: params[name] for name in NEW} == NEW
    linear = clone(tree).set_params(leaf="linear")
    assert clone(linear).leaf == "linear"
    for one in (tree, linear):
        p = one.fit(X, Y).predict_proba(X)
        assert one.score(X, Y) > 0.85 and one.get_n_leaves() == 4
        again = clone(one).fit(X, Y).predict_proba(X)
        np.testing.assert_array_equal(again, p)
        alike = pickle.loads(pickle.dumps(one))
        np.testing.assert_array_equal(alike.predict_proba(X), p)
        np.testing.assert_array_equal(alike.apply(X), one.apply(X))
    other = clone(tree).set_params(random_state=99).fit(X, Y).predict_proba(X)
    assert not np.array_equal(other, tree.predict_proba(X))


def test_several_targets_and_quantiles_grow_too():
    both = np.column_stack([TARGET, -TARGET, VALUES[:, 2]])
    tree = SoftDecisionTreeRegressor(max_leaf_nodes=5, **FAST).fit(VALUES, both)
    mixture = tree.path_proba(VALUES)[:, outer_nodes(tree)] @ tree.leaf_values()
    np.testing.assert_allclose(tree.predict(VALUES), mixture, atol=1e-9)
    tree = SoftDecisionTreeRegressor(
        quantiles=[0.1, 0.5, 0.9], alpha=0.0, max_leaf_nodes=5, **FAST
    )
    tree.fit(VALUES, TARGET)
    assert tree.get_n_leaves() == 5
    found = tree.predict(VALUES)
    assert (np.diff(found, axis=1) >= 0).all()
    assert (TARGET[:, None] < found).mean(axis=0) == pytest.approx(
        [0.1, 0.5, 0.9], abs=0.12
    )
    labels = np.column_stack([Y, Y > 1])
    tree = SoftDecisionTreeClassifier(max_leaf_nodes=5, **FAST).fit(X, labels)
    mixture = tree.path_proba(X)[:, outer_nodes(tree)] @ tree.leaf_values()
    parts = np.concatenate(tree.predict_proba(X), axis=1)
    np.testing.assert_allclose(parts, mixture, atol=1e-9)


def test_growing_on_mixed_columns_after_a_hot_fit_and_with_early_stopping():
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "plan": random.choice(["a", "b", "c"], 200),
            "age": np.where(random.random(200) < 0.2, np.nan, random.normal(size=200)),
            "income": random.lognormal(3, 2, 200),
        }
    )
    y = np.where((table.plan == "a") | (table.income > 60), "in", "out")
    params = FAST | {"max_epochs": 30, "max_leaf_nodes": 4, "split": "axis"}
    tree = SoftDecisionTreeClassifier(inference="path", **params).fit(table, y)
    text = export_text(tree, max_terms=None)
    assert tree.score(table, y) > 0.9
    assert "plan in {" in text and "income" in text and " * " not in text
    forest = RandomForestClassifier(10, random_state=0).fit(X, Y)
    for more in ({"temperature": 4.0}, {"loss": "dist"}, {"early_stopping": True}):
        tree = SoftDecisionTreeClassifier(forest, **params, **more).fit(X, Y)
        assert tree.get_n_leaves() == 4 and tree.score(X, Y) > 0.85
        assert (tree.module_.gate_weight != 0).sum(dim=1).tolist() == [1, 1, 1]
