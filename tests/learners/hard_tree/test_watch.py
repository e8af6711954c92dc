"""A search that is cut short, by a time budget or Ctrl-C, and what is seen of it."""

import math
import signal
import warnings

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes

from skdistill import (
    ConditionalSampler,
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    SoftDecisionTreeClassifier,
)
from skdistill.learners.hard_tree import learner, search

X, Y = load_breast_cancer(return_X_y=True)
OPTIONS = {"max_leaf_nodes": 12, "min_weight_fraction_leaf": 0.01, "random_state": 0}


def loss(tree):
    p = tree.predict_proba(X)
    return -np.log(p[np.arange(len(Y)), Y]).mean()


def pressing(monkeypatch, after, times=1):
    """Ctrl-C is pressed before a move."""
    moves, ask_better = [], search.Search._ask_better

    def pressed(self, node, place):
        moves.append(node)
        if after < len(moves) <= after + times:
            signal.raise_signal(signal.SIGINT)
        return ask_better(self, node, place)

    monkeypatch.setattr(search.Search, "_ask_better", pressed)
    return moves


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_ctrl_c_leaves_the_best_tree_so_far(monkeypatch, n_jobs):
    with monkeypatch.context() as patch:
        moves = pressing(patch, math.inf)  # never
        whole = HardDecisionTreeClassifier(n_jobs=n_jobs, **OPTIONS).fit(X, Y)
        n_moves = len(moves)
    handler = signal.getsignal(signal.SIGINT)
    for after in (0, 30):
        with monkeypatch.context() as patch:
            moves = pressing(patch, after)
            with pytest.warns(UserWarning, match="search was interrupted.*best tree"):
                tree = HardDecisionTreeClassifier(n_jobs=n_jobs, **OPTIONS).fit(X, Y)
        # Of the leaves that some rows have chosen, light ones may go.
        assert 8 <= tree.get_n_leaves() <= 12 and len(moves) < n_moves / 2
        assert loss(whole) < loss(tree) < 0.2
        assert signal.getsignal(signal.SIGINT) is handler


def test_a_second_ctrl_c_ends_the_fit(monkeypatch):
    pressing(monkeypatch, 5, times=2)
    monkeypatch.setattr(learner.Watch, "goes_on", lambda watch: True)  # a long move
    with pytest.raises(KeyboardInterrupt):
        HardDecisionTreeClassifier(**OPTIONS).fit(X, Y)


def test_ctrl_c_while_the_teacher_labels_more_rows_keeps_the_tree():
    asked = []

    def teacher(rows):
        asked.append(len(rows))
        if len(asked) == 3:  # rows of X, drawn rows, more rows for small leaves
            raise KeyboardInterrupt
        return np.sin(rows[:, 0] / 3) + rows[:, 1]

    sampler = ConditionalSampler(2.0)
    tree = HardDecisionTreeRegressor(teacher, transfer=sampler, **OPTIONS)
    with pytest.warns(UserWarning, match="interrupted"):
        tree.fit(X)
    assert len(asked) == 3 and tree.get_n_leaves() == 12


def test_a_spent_time_budget_leaves_the_best_tree_so_far():
    tree = HardDecisionTreeClassifier(time_budget=1e-6, **OPTIONS)
    with pytest.warns(UserWarning, match="time_budget=1e-06 seconds were spent"):
        tree.fit(X, Y)
    whole = HardDecisionTreeClassifier(time_budget=1e6, **OPTIONS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        whole.fit(X, Y)
    assert loss(whole) < loss(tree) < 0.2 and 8 <= tree.get_n_leaves() <= 12
    with pytest.raises(ValueError, match="time_budget"):
        tree.set_params(time_budget=0).fit(X, Y)


def test_a_time_budget_holds_in_hardening():
    soft = SoftDecisionTreeClassifier(max_depth=2, max_epochs=2, transfer=None)
    soft.fit(X, Y)
    with pytest.warns(UserWarning, match="time_budget=1e-06"):
        hard = soft.harden(X, time_budget=1e-6, random_state=0)
    assert hard.time_budget == 1e-6 and hard.get_n_leaves() > 4


@pytest.mark.parametrize("n_jobs", [2, pytest.param(-1, marks=pytest.mark.slow)])
def test_the_tree_is_the_same_for_any_number_of_jobs(n_jobs):
    for student, rows in (
        (HardDecisionTreeClassifier(**OPTIONS), (X, Y)),
        (HardDecisionTreeRegressor(**OPTIONS), load_diabetes(return_X_y=True)),
    ):
        one = student.fit(*rows).tree_
        other = student.set_params(n_jobs=n_jobs).fit(*rows).tree_
        for name in ("feature", "threshold", "children_left", "sums"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_verbose_shows_the_loss_of_the_best_tree(capsys):
    rows, values = load_diabetes(return_X_y=True)
    tree = HardDecisionTreeRegressor(preprocessor=None, verbose=1, **OPTIONS)
    tree.fit(rows, values)
    out, err = capsys.readouterr()
    assert "search: 100%" in err and not out
    shown = float(err.split("loss=")[-1].split("]")[0].split(",")[0])
    error = np.square(tree.predict(rows) - values).mean()
    assert shown in (
        pytest.approx(error, rel=1e-3),
        pytest.approx(error / values.var(), rel=1e-3),
    )
    tree.set_params(verbose=0).fit(rows, values)
    assert capsys.readouterr() == ("", "")
