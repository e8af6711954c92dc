"""Fresh draws while a student is trained."""

import signal

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import KFold
from sklearn.neighbors import KNeighborsRegressor
from trained_rows import N, TrainedOn

from skdistill import (
    Bootstrap,
    ConditionalSampler,
    GaussianNoise,
    Mixup,
    Munge,
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
    StudentClassifier,
    StudentRegressor,
)
from skdistill.learners.net import NetLearner
from skdistill.teacher.probabilities import FLOOR
from skdistill.training.objective import get_loss
from skdistill.transfer.renewal import inclusion


@pytest.fixture
def table():
    random = np.random.default_rng(0)
    X = random.normal(size=(N, 3))
    return X, (X[:, 0] + X[:, 0] * X[:, 1] > 0).astype(int)


class Teacher:
    """Remembers what it is asked about, and may do something at a call."""

    def __init__(self, at_call=None, act=None):
        self.asked, self.at_call, self.act = [], at_call, act

    def __call__(self, X):
        self.asked.append(np.array(X))
        if len(self.asked) == self.at_call:
            self.act()
        return X[:, 0] + 0.3 * np.sin(2 * X[:, 1])


class Same(BaseEstimator):
    """The last training rows, whenever it is asked."""

    def __init__(self, refresh=None):
        self.refresh = refresh

    def fit(self, X, y=None):
        self.X_ = X
        return self

    def sample(self, n=None, random_state=None):
        rows = np.arange(len(self.X_) - 20, len(self.X_))
        return self.X_[rows], rows[:, None]


@pytest.mark.parametrize(
    "sampler",
    [Munge, GaussianNoise, Mixup, Bootstrap, ConditionalSampler],
    ids=lambda each: each.__name__,
)
def test_after_so_many_epochs_fresh_rows_are_labelled(table, sampler):
    X, _ = table
    student, asked = NeuralStudentRegressor(random_state=0, max_epochs=7), []
    for refresh in (2, 7, None):
        teacher = Teacher()
        student.set_params(teacher=teacher, transfer=sampler(2.0, refresh=refresh))
        student.fit(X, X[:, 0])
        assert [len(rows) for rows in teacher.asked] == [N] + [2 * N] * (
            4 if refresh == 2 else 1
        )
        asked.append(teacher.asked)
    np.testing.assert_array_equal(asked[0][1], asked[2][1])  # the first as without
    draws = [np.sort(rows, axis=None) for rows in asked[0][1:]]
    for i, first in enumerate(draws):
        for second in draws[:i]:
            assert (first != second).any()


def test_students_train_on_the_fresh_rows(table):
    X, _ = table
    teacher, seen = Teacher(), TrainedOn()
    student = NeuralStudentRegressor(
        teacher,
        transfer=Munge(1.0, refresh=3),
        preprocessor=None,
        max_epochs=8,
        callbacks=[seen],
        random_state=0,
    )
    extra = np.random.default_rng(1).normal(size=(10, 3))
    student.fit(X, X[:, 0], X_transfer=extra)
    assert [len(rows) for rows in teacher.asked] == [N, 10, N, N, N]
    for epoch, rows in enumerate(seen.rows):
        drawn = teacher.asked[2 + epoch // 3]
        want = np.concatenate([X, extra, drawn]).astype(np.float32)
        np.testing.assert_array_equal(rows.x.numpy(), want)
    twin = clone(student.set_params(callbacks=None))
    twin.fit(X, X[:, 0], X_transfer=extra)
    np.testing.assert_allclose(twin.predict(X), student.predict(X), atol=1e-6)


def test_the_last_rows_are_those_that_the_module_is_finished_on(table):
    X, _ = table
    finished = []

    class Learner(NetLearner):
        def finished(self, x, knowledge):
            finished.append((x, knowledge.soft))
            return super().finished(x, knowledge)

    class Finished(NeuralStudentRegressor):
        _learner_class = Learner

    teacher = Teacher()
    Finished(
        teacher, transfer=Mixup(2.0, refresh=1), preprocessor=None, max_epochs=4
    ).fit(X, X[:, 0])
    ((x, soft),) = finished
    last = teacher.asked[-1]
    np.testing.assert_array_equal(x[N:], last.astype(np.float32))
    np.testing.assert_allclose(soft[N:, 0], teacher(last))


@pytest.mark.parametrize(
    "student",
    [
        NeuralStudentClassifier(
            class_weight={0: 1.0, 1: 4.0},
            dropout=0.2,
            hidden_layer_sizes=(64, 64),
            max_epochs=50,
        ),
        NeuralStudentClassifier(
            loss="dkd",
            alpha=0.6,
            early_stopping=True,
            hidden_layer_sizes=(64, 64),
            max_epochs=50,
        ),
        SoftDecisionTreeClassifier(temperature=2.0, transfer_weight=3.0, max_epochs=50),
        NeuralStudentClassifier(
            cv=3,
            transfer_teacher="unseen",
            class_weight="balanced",
            hidden_layer_sizes=(64, 64),
            max_epochs=50,
        ),
        NeuralStudentClassifier(
            cv=3,
            teacher_calibration="temperature",
            class_weight={0: 1.0, 1: 4.0},
            hidden_layer_sizes=(64, 64),
            max_epochs=50,
        ),
        NeuralStudentClassifier(
            temperature="auto",
            ema_decay=0.9,
            hidden_layer_sizes=(64, 64),
            max_epochs=50,
        ),
        SoftDecisionTreeClassifier(
            temperature="auto", cv=3, teacher_calibration="temperature", max_epochs=50
        ),
        NeuralStudentClassifier(
            n_members=2,
            ema_decay=0.9,
            early_stopping=True,
            hidden_layer_sizes=(64, 64),
            max_epochs=50,
        ),
    ],
)
def test_the_same_rows_again_change_nothing(table, student):
    """Weights, targets and order are those of the first draw, to the bit."""
    X, y = table
    weight = np.random.default_rng(1).uniform(0.5, 2.0, N)
    teacher = LogisticRegression().fit(X, y)
    first, second = (
        clone(student)
        .set_params(
            teacher=teacher, transfer=Same(refresh), random_state=0, max_epochs=6
        )
        .fit(X, y, sample_weight=weight, X_transfer=X[:7] + 1)
        .predict_proba(X)
        for refresh in (None, 1)
    )
    np.testing.assert_array_equal(first, second)


class Asked:
    """A teacher of two classes, too sure of them; remembers what it is asked about."""

    def __init__(self):
        self.rows = []

    def __call__(self, X):
        self.rows.append(X)
        return self.answers(X)

    def answers(self, X):
        p = 1 / (1 + np.exp(-6 * X[:, 0]))
        return np.column_stack([1 - p, p])


def test_fresh_rows_get_the_temperature_that_was_fitted_first(table):
    X, y = table
    X_val = np.random.default_rng(2).normal(size=(40, 3))
    y_val = (X_val[:, 0] + X_val[:, 0] * X_val[:, 1] > 0).astype(int)
    flips = np.arange(40) % 5 == 0
    unseen = {"X_val": X_val, "y_val": np.where(flips, 1 - y_val, y_val)}
    teacher, seen = Asked(), TrainedOn()
    student = NeuralStudentClassifier(
        teacher,
        teacher_calibration="temperature",
        transfer=Munge(2.0, refresh=2),
        max_epochs=6,
        callbacks=[seen],
        random_state=0,
    ).fit(X, y, **unseen)
    assert sorted(map(len, teacher.rows)) == [40, N, 2 * N, 2 * N, 2 * N]
    tau = student.teacher_temperature_
    assert tau > 1.2
    draws = [rows for rows in teacher.rows if len(rows) == 2 * N]
    for epoch, rows in enumerate(seen.rows):
        P = teacher.answers(np.concatenate([X, draws[epoch // 2]]))
        P = np.maximum(P, FLOOR) ** (1 / tau)
        expected = get_loss("kl", "classifier").prepared(
            torch.from_numpy(np.log(P / P.sum(axis=1, keepdims=True))), 1.0
        )
        torch.testing.assert_close(rows.soft, expected.float(), atol=1e-5, rtol=1e-4)
    student.set_params(callbacks=None)
    first, second = (
        clone(student).set_params(transfer=Same(refresh)).fit(X, y, **unseen)
        for refresh in (None, 1)
    )
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))


@pytest.mark.parametrize(
    "Student", [NeuralStudentClassifier, SoftDecisionTreeClassifier]
)
def test_a_temperature_is_chosen_on_the_first_draw(table, Student):
    X, y = table
    auto = Student(
        temperature="auto",
        transfer=Munge(1.0, refresh=1, n_candidates=2),
        max_epochs=8,
        random_state=0,
    )
    first, again, fixed, once = clone(auto), clone(auto), clone(auto), clone(auto)
    asked = []
    for student in (first, again, fixed, once):
        if student is fixed:
            student.set_params(temperature=first.temperature_)
        if student is once:
            student.set_params(transfer=Munge(1.0))
        student.set_params(teacher=Asked()).fit(X, y)
        asked.append([len(rows) for rows in student.teacher.rows])
    assert asked == [[N, N, *[2 * N] * 7]] * 3 + [[N, N]]
    assert first.temperature_ == once.temperature_
    for other in (again, fixed):
        np.testing.assert_array_equal(other.predict_proba(X), first.predict_proba(X))
    assert (once.predict_proba(X) != first.predict_proba(X)).any()


class Cycling(Same):
    """The training rows in their order, again and again."""

    n_candidates = 2

    def sample(self, n=None, random_state=None):
        rows = np.arange(n or len(self.X_)) % len(self.X_)
        return self.X_[rows], rows[:, None]


@pytest.mark.parametrize("ema_decay", [None, 1 - 1e-9])
def test_averaged_weights_judge_candidates(table, ema_decay):
    X, _ = table
    judged = []

    def loss(output, target, temperature):
        if not torch.is_grad_enabled():
            judged.append(output.clone())
        return (output - target).square().sum(dim=1)

    NeuralStudentRegressor(
        Teacher(),
        loss=loss,
        ema_decay=ema_decay,
        transfer=Cycling(1),
        max_epochs=4,
        random_state=0,
    ).fit(X, X[:, 0])
    assert [len(output) for output in judged] == [2 * N] * 3
    moved = (judged[0] - judged[-1]).abs().max()
    assert moved < 1e-4 if ema_decay else moved > 1e-2


def test_all_candidates_are_labelled(table):
    X, _ = table
    teacher = Teacher()
    NeuralStudentRegressor(
        teacher, transfer=Munge(1.0, refresh=2, n_candidates=2.5), max_epochs=5
    ).fit(X, X[:, 0])
    assert [len(rows) for rows in teacher.asked] == [N, N, 150, 150]


def test_shares_are_proportional_up_to_one():
    size = np.array([1.0, 2.0, 3.0, 100.0, 0.5])
    share = inclusion(size, 3)
    assert share.sum() == pytest.approx(3) and share[3] == 1
    small = [0, 1, 4]
    np.testing.assert_allclose(share[small] / size[small], share[0] / size[0])
    np.testing.assert_allclose(inclusion(size, 5), 1)


def test_clones_that_saw_no_parent_label_fresh_rows(table):
    X, _ = table

    class Recorder(KNeighborsRegressor):
        asked = []

        def predict(self, X):
            assert not np.isin(X, self._fit_X).any()
            self.asked.append(len(X))
            return super().predict(X)

    NeuralStudentRegressor(
        Recorder(1),
        cv=KFold(3),
        transfer=Bootstrap(2.0, refresh=1),
        transfer_teacher="unseen",
        max_epochs=3,
    ).fit(X, X[:, 0])
    assert sum(Recorder.asked) == N + 3 * 2 * N


def press_ctrl_c():
    signal.raise_signal(signal.SIGINT)


def fail():
    raise RuntimeError("no answer")


def test_ctrl_c_in_a_refresh_keeps_the_best_weights(table):
    X, _ = table
    student = NeuralStudentRegressor(
        Teacher(5, press_ctrl_c),
        transfer=Munge(1.0, refresh=1),
        random_state=0,
        hidden_layer_sizes=(64, 64),
        max_epochs=50,
    )
    with pytest.warns(UserWarning, match="interrupted in epoch 4") as said:
        student.fit(X, X[:, 0])
    losses = [epoch["train_loss"] for epoch in student.history_]
    best = 1 + int(np.argmin(losses))
    assert len(losses) == 3 and f"weights of epoch {best}," in str(said[0].message)
    plain = clone(student).set_params(teacher=Teacher(), max_epochs=50)
    assert plain.fit(X, X[:, 0]).history_[2]["train_loss"] == pytest.approx(
        student.history_[2]["train_loss"]
    )


@pytest.mark.parametrize("call", [2, 4])
def test_a_teacher_that_fails_in_a_refresh_leaves_the_student_as_it_was(table, call):
    X, _ = table
    student = NeuralStudentRegressor(Teacher(), transfer=Munge(1.0), max_epochs=3)
    before = student.fit(X, X[:, 0]).predict(X)
    student.set_params(teacher=Teacher(call, fail), transfer=Munge(1.0, refresh=1))
    with pytest.raises(RuntimeError, match="no answer"):
        student.fit(X, X[:, 0])
    np.testing.assert_array_equal(student.predict(X), before)


def test_a_time_budget_is_for_all_draws_together(table, clock):
    X, _ = table
    teacher = Teacher()

    def slow(rows):
        clock.sleep(0.05)
        return teacher(rows)

    student = NeuralStudentRegressor(
        slow, transfer=Munge(1.0, refresh=1, time_budget=0.2), max_epochs=30
    )
    with pytest.warns(UserWarning, match="rows before them stay") as seen:
        student.fit(X, X[:, 0])
    assert len(seen) == 1 and 3 <= len(teacher.asked) <= 6 and student.n_iter_ == 30


def test_fresh_rows_that_there_was_no_time_to_label_leave_the_old_ones(table, clock):
    X, _ = table
    seen, teacher, big = TrainedOn(), Teacher(), Bootstrap(10.0, refresh=1)

    def slower(rows):
        clock.sleep(0.0 if len(teacher.asked) < 4 else 0.6)
        return teacher(rows)

    with pytest.warns(UserWarning, match="labelled 100 of 600 fresh rows"):
        NeuralStudentRegressor(
            slower,
            transfer=big.set_params(time_budget=0.6),
            preprocessor=None,
            max_epochs=5,
            callbacks=[seen],
        ).fit(X, X[:, 0])
    first, second, last = (seen.rows[i].x.numpy() for i in (0, 1, -1))
    assert (first[N : N + 100] != second[N : N + 100]).any()
    np.testing.assert_array_equal(first[N + 100 :], second[N + 100 :])
    np.testing.assert_array_equal(second, last)


def test_partial_fit_draws_anew_at_each_call(table):
    X, _ = table
    teacher = Teacher()
    student = NeuralStudentRegressor(
        teacher,
        transfer=Munge(1.0, refresh=1),
        random_state=0,
        hidden_layer_sizes=(64, 64),
        max_epochs=50,
    )
    for _ in range(2):
        student.partial_fit(X, X[:, 0])
    assert len(teacher.asked) == 4 and (teacher.asked[1] != teacher.asked[3]).any()


def test_what_cannot_be_refreshed_is_refused(table):
    X, y = table
    teacher = LogisticRegression().fit(X, y)
    for Student in (StudentClassifier, StudentRegressor):
        with pytest.raises(ValueError, match="has none: leave refresh=None"):
            Student(transfer=Munge(refresh=1)).fit(X, y)
    with pytest.raises(ValueError, match="n_candidates=4 chooses among fresh rows"):
        Munge(n_candidates=4).fit(X)
    for bad in ({"refresh": 0}, {"refresh": 1.5}, {"refresh": 1, "n_candidates": 0.5}):
        with pytest.raises(ValueError, match="parameter of Mixup"):
            Mixup(**bad).fit(X)
    student = NeuralStudentClassifier(
        teacher,
        transfer=Munge(1.0, refresh=1, n_candidates=2),
        loss=lambda output, target, temperature: output[:, 0] - 5,
        hidden_layer_sizes=(64, 64),
        max_epochs=50,
    )
    with pytest.raises(ValueError, match="take one that is 0 at least"):
        student.fit(X, y)


@pytest.mark.parametrize("form", ["pandas", "polars"])
def test_fresh_rows_of_frames_keep_categories_and_gaps(form):
    random = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "kind": pd.Categorical(random.choice(list("abc"), N)),
            "gaps": np.where(random.random(N) < 0.2, np.nan, random.normal(size=N)),
        }
    )
    y, asked = np.where(X.kind == "a", 1.0, X.gaps.fillna(0.0)), []
    X = X if form == "pandas" else pl.from_pandas(X)

    def teacher(rows):
        asked.append(rows)
        kind, gaps = np.array(rows["kind"]), np.array(rows["gaps"], dtype=float)
        return np.where(kind == "a", 1.0, np.nan_to_num(gaps))

    munge = Munge(1.0, refresh=1, n_candidates=2)
    student = NeuralStudentRegressor(teacher, transfer=munge, max_epochs=4)
    student.set_params(early_stopping=True, random_state=0).fit(X, y)
    assert [len(rows) for rows in asked] == [N, N, 2 * N, 2 * N, 2 * N]
    assert all(type(rows) is type(X) for rows in asked)
    assert all(set(rows["kind"]) == set("abc") for rows in asked)
    assert np.isfinite(student.predict(X)).all()


@pytest.mark.parametrize(
    "student",
    [
        SoftDecisionTreeRegressor(max_epochs=6),
        NeuralStudentRegressor(n_members=3, ema_decay=0.9, dropout=0.1, max_epochs=6),
    ],
)
def test_soft_trees_and_members_may_be_refreshed(table, student):
    X, _ = table
    munge = Munge(3.0, refresh=1, n_candidates=2)
    student.set_params(transfer=munge, random_state=0)
    fitted = [
        clone(student).set_params(teacher=Teacher()).fit(X, X[:, 0]).predict(X)
        for _ in range(2)
    ]
    np.testing.assert_array_equal(*fitted)
