"""Rows in the nodes of trees, and what their labels say."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
)

X, Y = load_iris(return_X_y=True)
BOTH = np.column_stack([Y > 0, Y > 1]).astype(int)
VALUES, TARGET = load_diabetes(return_X_y=True)
FOREST = RandomForestClassifier(10, random_state=0).fit(X, Y)
SOFT = {"max_epochs": 3, "transfer": None, "inference": "path", "random_state": 0}


def passed(tree, x):
    """Which nodes each row passes (n, n_nodes); of soft trees, on the greedy path."""
    if hasattr(tree, "tree_"):
        return tree.decision_path(x).toarray()
    children, p = tree.module_.shape.children, tree.path_proba(x)
    way = np.zeros_like(p)
    for row, shares in zip(way, p, strict=True):
        node, row[0] = 0, 1
        while below := children(node):
            node = max(below, key=shares.__getitem__)
            row[node] = 1
    return way


@pytest.mark.parametrize(
    "tree",
    [
        HardDecisionTreeClassifier(FOREST, max_leaf_nodes=5, transfer=None),
        SoftDecisionTreeClassifier(FOREST, max_depth=3, **SOFT),
        SoftDecisionTreeClassifier(FOREST, max_leaf_nodes=4, **SOFT),
    ],
)
def test_rows_and_their_labels_are_counted(tree):
    weight = np.where(np.arange(150) % 5, 1.0, 0.0)
    tree = clone(tree).fit(X, Y, sample_weight=weight)
    way = passed(tree, X)[weight > 0]
    np.testing.assert_array_equal(tree.node_counts_, way.sum(axis=0))
    sums = way.T @ np.eye(3)[Y[weight > 0]]
    counts = np.maximum(tree.node_counts_, 1)[:, None]
    np.testing.assert_allclose(tree.node_labels_, sums / counts)
    if hasattr(tree, "inference"):
        tree.set_params(inference="path")
    alike = (tree.predict(X) == FOREST.predict(X))[weight > 0]
    expected = np.where(tree.node_counts_ > 0, (way.T @ alike) / counts[:, 0], np.nan)
    np.testing.assert_allclose(tree.node_fidelity_, expected)


def test_several_targets_stand_side_by_side():
    forest = RandomForestClassifier(10, random_state=0).fit(X, BOTH)
    tree = HardDecisionTreeClassifier(forest, max_leaf_nodes=3).fit(X, BOTH)
    shares = BOTH.mean(axis=0)
    expected = np.column_stack([1 - shares, shares]).ravel()
    np.testing.assert_allclose(tree.node_labels_[0], expected)


@pytest.mark.parametrize(
    "Student", [HardDecisionTreeRegressor, SoftDecisionTreeRegressor]
)
def test_values_are_means_in_their_unit(Student):
    forest = RandomForestRegressor(10, random_state=0).fit(VALUES, TARGET)
    params = SOFT if Student is SoftDecisionTreeRegressor else {"max_leaf_nodes": 4}
    tree = Student(forest, **params).fit(VALUES, TARGET)
    way = passed(tree, VALUES)
    for node in np.flatnonzero(tree.node_counts_):
        mean = TARGET[way[:, node] > 0].mean()
        assert tree.node_labels_[node, 0] == pytest.approx(mean, rel=1e-5)


def test_without_labels_or_a_teacher_there_is_nothing_to_compare():
    for Student, more in (
        (HardDecisionTreeClassifier, {"transfer": None}),
        (SoftDecisionTreeClassifier, SOFT),
    ):
        assert Student(FOREST, **more).fit(X).node_labels_ is None
        tree = Student(**more).fit(X, Y)
        assert tree.node_labels_ is None and tree.node_fidelity_ is None
        assert tree.node_counts_[0] == 150


def test_pruned_trees_keep_the_counts_of_their_nodes():
    tree = SoftDecisionTreeClassifier(FOREST, max_depth=3, **SOFT).fit(X, Y)
    small = tree.prune(X, X_eval=X, max_leaf_nodes=3)
    assert len(small.node_counts_) == len(small.node_labels_) == 5
    np.testing.assert_array_equal(small.node_counts_, passed(small, X).sum(axis=0))
