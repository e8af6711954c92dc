"""Which of some finished trees is taken, and by which rows."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss, log_loss, zero_one_loss

from skdistill import (
    ConditionalSampler,
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
)
from skdistill.learners.hard_tree.choosing import Exam, exam_of
from skdistill.lesson.given import Given

N = 400
INDEPENDENT = {
    "neg_log_loss": log_loss,
    "neg_brier_score": lambda y, p: brier_score_loss(y, p[:, 1]),
    "accuracy": lambda y, p: zero_one_loss(y, p.argmax(axis=1)),
}


def says(p):
    """A model that answers so, whatever it is asked."""
    return SimpleNamespace(outputs=lambda x: np.log(p))


def shares(p):
    return np.column_stack([1 - p, p])


def exam(y, scoring="neg_log_loss"):
    return Exam(np.zeros((len(y), 1)), np.eye(2)[y], np.ones(len(y)), (2,), scoring)


@pytest.mark.parametrize("scoring", INDEPENDENT)
@pytest.mark.parametrize("seed", range(5))
def test_the_model_of_the_best_score_is_taken(scoring, seed):
    random = np.random.default_rng(seed)
    y = random.integers(0, 2, N)
    # Far apart: no two of them are equal within an error.
    sure = np.where(y, 0.9, 0.1)
    flips = (0.0, 0.2, 0.4)
    models = [shares(np.where(random.random(N) < f, 1 - sure, sure)) for f in flips]
    random.shuffle(models)
    losses = [INDEPENDENT[scoring](y, p) for p in models]
    assert exam(y, scoring).best(list(map(says, models))) == np.argmin(losses)


def test_of_models_that_are_equal_the_more_accurate_one_is_taken():
    y = np.tile([0, 1], N // 2)
    wrong = np.arange(N) < N // 10
    # Equal in log loss to rounding, but for one each tenth row is on the wrong side.
    even = np.full(N, 0.5 + 1e-9)
    better, worse = (np.where(side == y, even, 1 - even) for side in (y, y ^ wrong))
    better, worse = (np.where(y, p, 1 - p) for p in (better, worse))
    models = [says(shares(worse)), says(shares(better))]
    assert exam(y).best(models) == 1 and exam(y).best(models[::-1]) == 0


def test_the_smallest_within_one_standard_error_is_taken():
    random = np.random.default_rng(0)
    y = random.integers(0, 2, N)
    best = np.where(y, 0.8, 0.2)
    loss = -np.log(np.where(y, best, 1 - best) * random.uniform(0.5, 1.2, N))
    best = np.where(y, np.exp(-loss), 1 - np.exp(-loss))
    error = loss.std() / np.sqrt(N)
    near, far = (
        np.where(y, np.exp(-loss - more * error), 1 - np.exp(-loss - more * error))
        for more in (0.9, 1.1)
    )
    models = [says(shares(p)) for p in (far, near, best)]
    assert exam(y).smallest(models) == 1
    assert exam(y).smallest([models[0], models[2]]) == 1
    assert exam(y).smallest(models[2:]) == 0


def table(n=N, seed=0):
    random = np.random.default_rng(seed)
    X = random.random((n, 3))
    return X, ((X[:, 0] > 0.5) ^ (X[:, 1] > 0.5)).astype(int)


def lesson_of(student, *rows, **more):
    lesson = student._prepare(Given(*rows, **more))
    x = student._see(lesson.read.X)
    random = np.random.RandomState(0)
    scoring = student.scoring
    return lesson, *exam_of(lesson, x, student._see, lesson.task, scoring, random)


def teacher(rows):
    corners = (rows[:, 0] > 0.5) ^ (rows[:, 1] > 0.5)
    return shares(0.1 + 0.7 * corners + 0.1 * rows[:, 2])


def test_no_row_of_the_exam_is_learnt_from_nor_one_that_was_made_of_it():
    X, y = table()
    student = HardDecisionTreeClassifier(teacher, transfer=ConditionalSampler(2.0))
    lesson, seen, learns = lesson_of(student, X, y)
    held = np.flatnonzero(~learns[:N])
    assert len(held) == N // 5
    np.testing.assert_allclose(seen.x, X[held])
    # The teacher may have seen the labels: its answers judge.
    np.testing.assert_allclose(seen.target, teacher(X[held]))
    parents = lesson.knowledge.parents
    np.testing.assert_array_equal(learns[N:], ~np.isin(parents, held).any(axis=1))


def test_labels_judge_where_no_teacher_has_seen_them():
    X, y = table()
    _, seen, learns = lesson_of(HardDecisionTreeClassifier(), X, y)
    np.testing.assert_array_equal(seen.target, np.eye(2)[y[~learns]])
    other, labels = table(60, seed=1)
    student = HardDecisionTreeClassifier(teacher, transfer=None)
    _, seen, learns = lesson_of(student, X, y, X_val=other, y_val=labels)
    assert learns.all()
    np.testing.assert_array_equal(seen.target, np.eye(2)[labels])
    student.set_params(classes=[0, 1])
    _, seen, learns = lesson_of(student, X, X_val=other)
    np.testing.assert_allclose(seen.target, teacher(other))


def test_of_few_rows_none_is_held_out():
    X, y = table(100)
    _, seen, learns = lesson_of(HardDecisionTreeClassifier(), X, y)
    assert seen is None and learns.all()


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))]
)
@pytest.mark.slow
def test_the_number_of_leaves_follows_the_law(seed):
    X, y = table(2000, seed)
    random = np.random.default_rng(seed + 10)
    flipped = y ^ (random.random(2000) < 0.05)
    params = {"max_leaf_nodes": "auto", "random_state": seed}
    tree = HardDecisionTreeClassifier(**params).fit(X, flipped)
    # Fewer than four leaves cannot say it. How many more there are is chance, of which the
    # rule is tested above; all 64 there are where it is not followed.
    assert 4 <= tree.get_n_leaves() < 64 and tree.score(X, y) > 0.9
    noise = random.normal(size=2000)
    tree = HardDecisionTreeRegressor(**params).fit(X, 4 * y + noise)
    assert 4 <= tree.get_n_leaves() < 64
    assert HardDecisionTreeRegressor(**params).fit(X, noise).get_n_leaves() < 64


def test_other_rows_than_those_of_x_may_choose():
    X, y = table()
    other, labels = table(200, seed=1)
    tree = HardDecisionTreeClassifier(max_leaf_nodes="auto", random_state=0)
    tree.fit(X, y, X_val=other, y_val=labels)
    assert tree.score(other, labels) > 0.95
