"""What is searched of the rows, and what leaves say of all of them."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import RandomForestRegressor
from sklearn.metrics import log_loss

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    StudentClassifier,
)


def test_leaves_say_the_mean_of_their_targets():
    X, y = load_diabetes(return_X_y=True)
    tree = HardDecisionTreeRegressor(max_leaf_nodes=6, min_weight_fraction_leaf=0.05)
    leaf = tree.fit(X, y).apply(X)
    for number in np.unique(leaf):
        mean = y[leaf == number].mean()
        np.testing.assert_allclose(tree.predict(X[leaf == number]), mean)
    assert np.bincount(leaf)[np.unique(leaf)].min() >= 0.05 * len(X)


def test_leaves_without_a_class_do_not_rule_it_out():
    X, y = load_breast_cancer(return_X_y=True)
    tree = HardDecisionTreeClassifier().fit(X[:300], y[:300])
    p = tree.predict_proba(X[300:])
    assert (p > 0).all()
    np.testing.assert_allclose(p.sum(axis=1), 1)
    cart = StudentClassifier().fit(X[:300], y[:300]).predict_proba(X[300:])
    assert log_loss(y[300:], p) < log_loss(y[300:], cart)


@pytest.mark.slow
def test_many_rows_are_searched_in_part_and_counted_in_full(monkeypatch):
    X, y = load_diabetes(return_X_y=True)
    forest = RandomForestRegressor(20, random_state=0).fit(X, y)
    student = HardDecisionTreeRegressor(forest, max_leaf_nodes=8, random_state=0)
    whole = student.fit(X).predict(X)
    monkeypatch.setattr("skdistill.learners.hard_tree.prepared._MOST_CELLS", 1)
    part = student.fit(X)  # the rows of X alone are searched
    assert part.tree_.sums[0, 0] == pytest.approx(1)
    assert part.node_mass_.min() < part.tree_.sums[:, 0].min() + 0.05
    assert np.corrcoef(whole, part.predict(X))[0, 1] > 0.8


@pytest.mark.slow
def test_leaves_keep_their_least_weight_where_the_search_saw_some_rows(monkeypatch):
    random = np.random.default_rng(0)
    X, more = random.normal(size=(300, 4)), random.normal(size=(6000, 4))

    def teacher(rows):
        return np.sin(3 * rows[:, 0]) + rows[:, 1] * (rows[:, 2] > 0)

    params = {"max_leaf_nodes": 24, "transfer": None, "random_state": 0}
    student = HardDecisionTreeRegressor(teacher, **params)
    whole = student.fit(X, X_transfer=more).score(X, teacher(X))
    monkeypatch.setattr("skdistill.learners.hard_tree.prepared._MOST_CELLS", 1)
    for fewest in (100, 320, 1000):
        monkeypatch.setattr("skdistill.learners.hard_tree.prepared._FEWEST", fewest)
        student.fit(X, X_transfer=more)
        tree = student.tree_
        assert tree.sums[tree.is_leaf, 0].min() >= 0.005 * (1 - 1e-9)
        assert tree.sums[0, 0] == pytest.approx(1)
        assert student.score(X, teacher(X)) > whole - (0.2 if fewest == 1000 else 0.35)
