"""Rows that are drawn for leaves which few have reached."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier

from skdistill import (
    ConditionalSampler,
    FixedRows,
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
)
from skdistill.transfer.redraw import shared_weight

ENOUGH = "skdistill.learners.hard_tree.learner._ENOUGH"


class Teacher:
    """A function that remembers what it was asked."""

    def __init__(self):
        self.asked = []

    def __call__(self, X):
        self.asked.append(np.array(X))
        p = 1 / (1 + np.exp(-3 * np.sin(2 * X[:, 0]) - X[:, 1]))
        return np.column_stack([1 - p, p])


@pytest.fixture
def X():
    return np.random.default_rng(0).normal(size=(200, 3))


def student(teacher, **params):
    params = {"max_leaf_nodes": 6, "transfer": ConditionalSampler(400)} | params
    return HardDecisionTreeClassifier(teacher, classes=[0, 1], random_state=0, **params)


def test_the_teacher_is_asked_about_rows_of_short_leaves_alone(X, monkeypatch):
    monkeypatch.setattr(ENOUGH, 0)
    before, teacher = student(Teacher()).fit(X), Teacher()
    drawn = before.teacher_.asked[-1]
    reached = np.bincount(before.apply(np.concatenate([X, drawn])))
    enough = int(np.median(reached[reached > 0]))
    monkeypatch.setattr(ENOUGH, enough)
    student(teacher).fit(X)
    assert len(teacher.asked) == len(before.teacher_.asked) + 1
    more = np.bincount(before.apply(teacher.asked[-1]), minlength=len(reached))
    assert more.sum() == len(teacher.asked[-1]) > 0
    assert (more[reached >= enough] == 0).all()
    assert (more <= np.maximum(enough - reached, 0)).all()


def test_each_leaf_keeps_its_weight():
    random = np.random.default_rng(0)
    leaf, new_leaf = random.integers(0, 4, 50), random.integers(1, 3, 20)
    weight, new_weight = random.random(50), random.random(20)
    shared = shared_weight(leaf, weight, new_leaf, new_weight)
    both = np.concatenate([leaf, new_leaf])
    total = np.bincount(leaf, weight)
    np.testing.assert_allclose(np.bincount(both, shared), total)
    of_new = np.bincount(new_leaf, shared[50:], minlength=4)
    share = np.bincount(new_leaf, minlength=4) / np.bincount(both)
    np.testing.assert_allclose(of_new, total * share)


@pytest.mark.parametrize("sampler", [None, FixedRows(np.zeros((5, 3))), "fixed"])
def test_fixed_rows_are_all_there_is(X, sampler):
    teacher = Teacher()
    if sampler == "fixed":
        sampler = FixedRows(X + 0.1, Teacher()(X + 0.1))
    tree = student(teacher, transfer=sampler).fit(X)
    assert sum(map(len, teacher.asked)) <= len(X) + 5
    assert tree.get_n_leaves() == 6


def test_weights_values_and_cross_fitting_go_with_it(X):
    y = (X[:, 0] > 0).astype(int)
    forest = RandomForestClassifier(5, max_depth=3, random_state=0)
    options = {"max_leaf_nodes": 4, "transfer": ConditionalSampler(200)}
    tree = HardDecisionTreeClassifier(
        forest, cv=3, transfer_teacher="unseen", class_weight="balanced", **options
    )
    weight = np.random.default_rng(0).random(200)
    first = tree.fit(X, y, sample_weight=weight).predict_proba(X)
    np.testing.assert_array_equal(
        clone(tree).set_params(random_state=0).fit(X, y).predict(X),
        clone(tree).set_params(random_state=0).fit(X, y).predict(X),
    )
    assert np.isfinite(first).all()
    values = HardDecisionTreeRegressor(lambda rows: rows[:, 0] ** 2, **options)
    assert values.fit(X).score(X, X[:, 0] ** 2) > 0.5
    assert values.node_mass_[0] == pytest.approx(1)
