"""Drawn rows, labelled by the teacher."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sampling import by_name, mixed
from scipy import sparse
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.compose import make_column_transformer
from sklearn.decomposition import TruncatedSVD
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler

from skdistill import (
    Bootstrap,
    FixedRows,
    HardDecisionTreeClassifier,
    Mixup,
    Munge,
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
    StudentClassifier,
)
from skdistill.lesson.gathering import gather
from skdistill.lesson.given import Given
from skdistill.tasks.values import Values
from skdistill.transfer.drawn import Drawn, automatic


@pytest.mark.parametrize(
    "student",
    [
        NeuralStudentClassifier(max_epochs=1),
        SoftDecisionTreeClassifier(max_epochs=1, max_depth=2),
        StudentClassifier(),
    ],
    ids=by_name,
)
def test_auto_draws_where_a_teacher_is_asked_about_the_rows_alone(student):
    random = np.random.default_rng(0)
    X, wide = random.normal(size=(40, 3)), random.normal(size=(40, 101))
    y, asked = (X[:, 0] > 0).astype(int), []

    def teacher(rows):
        asked.append(len(rows))
        return np.column_stack([rows[:, 0] <= 0, rows[:, 0] > 0]).astype(float)

    P = teacher(X)
    student.set_params(teacher=teacher, classes=[0, 1], transfer="auto", random_state=0)
    for given, rows, want in (
        ({}, X, [40, 24 * 40]),
        ({"sample_weight": np.r_[np.zeros(10), np.ones(30)]}, X, [40, 24 * 30]),
        ({"X_transfer": X[:7]}, X, [40, 7]),
        ({"teacher_output": P}, X, []),
        ({}, wide, [40]),
        ({}, X[:1], [1]),
    ):
        asked.clear()
        student.fit(rows, y if len(rows) == len(y) else None, **given)
        assert sum(asked) == sum(want), given
    alone = clone(student).set_params(teacher=None).fit(X, y)
    plain = clone(alone).set_params(transfer=None).fit(X, y)
    np.testing.assert_array_equal(alone.predict_proba(X), plain.predict_proba(X))


def test_a_teacher_that_fails_on_drawn_rows_is_told_of_as_such():
    X = np.arange(80.0).reshape(40, 2)

    def teacher(rows):
        return np.where(len(rows) > 40, np.nan, rows[:, 0])

    student = NeuralStudentRegressor(teacher, max_epochs=1, random_state=0)
    with pytest.raises(ValueError, match="NaN or infinity") as caught:
        student.fit(X)
    assert "rows that `transfer` drew" in caught.value.__notes__[0]
    assert np.isfinite(student.set_params(transfer=None).fit(X).predict(X)).all()


def test_auto_draws_nothing_where_only_ones_own_view_reads_the_columns():
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {"x": random.normal(size=40), "when": pd.Timestamp("2020-01-01")}
    )
    y = (frame.x > 0).to_numpy().astype(int)
    view = make_column_transformer(("passthrough", ["x"]))
    teacher = make_pipeline(view, LogisticRegression()).fit(frame, y)
    sparse_view = make_pipeline(MaxAbsScaler(), TruncatedSVD(2, random_state=0))
    hashed = sparse.random(40, 5, 0.5, format="csr", random_state=0)
    linear = LogisticRegression().fit(hashed, y)
    for X, own, model in ((frame, view, teacher), (hashed, sparse_view, linear)):
        auto, none = (
            NeuralStudentClassifier(
                model, preprocessor=own, transfer=transfer, max_epochs=2, random_state=0
            ).fit(X, y)
            for transfer in ("auto", None)
        )
        np.testing.assert_array_equal(auto.predict_proba(X), none.predict_proba(X))


def test_auto_leaves_a_stream_as_it_comes(iris, iris_forest):
    X, y = iris
    first, second = (
        NeuralStudentClassifier(
            iris_forest,
            transfer=transfer,
            random_state=0,
            hidden_layer_sizes=(64, 64),
            max_epochs=50,
        )
        .partial_fit(X[::2], y[::2])
        .partial_fit(X[1::2], y[1::2])
        for transfer in ("auto", None)
    )
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))


def test_drawn_rows_inherit_their_parents_weight():
    base = np.array([1.0, 3.0, 8.0])
    parents = np.array([[0, 1], [2, 2], [1, -1]])
    given = Given(
        np.zeros((3, 1)),
        np.zeros(3),
        base,
        np.zeros(3),
        drawn=Drawn(np.zeros((3, 1)), parents, np.zeros(3)),
    )
    knowledge = gather(given, Values(given.y))
    np.testing.assert_allclose(knowledge.soft_weight[3:], [2, 8, (3 + base.mean()) / 2])
    without = knowledge.take(np.array([0, 1]))  # row 2 is held out, and its children
    np.testing.assert_allclose(without.soft_weight[2:], [2, 0, 3.5])


def test_fixed_rows_are_not_sliced_and_may_bring_their_outputs(diabetes):
    X, y = diabetes
    seen = []

    def teacher(rows):
        seen.append(len(rows))
        return 300 * rows[:, 2] + 150

    student = NeuralStudentRegressor(teacher, transfer=FixedRows(X), max_epochs=2)
    cross_val_score(student, X, y, cv=2)
    assert seen == [221, 442, 221, 442]
    fixed = FixedRows(X, 300 * X[:, 2] + 150)
    given, asked = (
        NeuralStudentRegressor(t, transfer=f, max_epochs=20, random_state=0).fit(
            X, y, **a
        )
        for t, f, a in (
            (teacher, FixedRows(X), {}),
            (None, fixed, {"teacher_output": teacher(X)}),
        )
    )
    np.testing.assert_allclose(given.predict(X), asked.predict(X))


def test_a_function_draws_too(iris, iris_forest):
    def few(X, random_state):
        return X[np.random.RandomState(random_state).permutation(len(X))[:20]]

    student = StudentClassifier(iris_forest, transfer=few, random_state=0).fit(*iris)
    assert student.score(*iris) > 0.9


def test_controls_draw_nothing_and_outputs_alone_cannot_label(iris, iris_forest):
    X, y = iris
    plain = StudentClassifier(random_state=0).fit(X, y)
    control = StudentClassifier(transfer="munge", random_state=0).fit(X, y)
    np.testing.assert_array_equal(control.predict_proba(X), plain.predict_proba(X))
    P = iris_forest.predict_proba(X)
    with pytest.raises(ValueError, match="draws rows for a teacher to label"):
        control.fit(X, y, teacher_output=P)
    with pytest.raises(ValueError, match="'transfer' parameter"):
        StudentClassifier(LogisticRegression(), transfer="mung").fit(X, y)
    early = NeuralStudentClassifier(
        iris_forest, transfer="munge", early_stopping=True, max_epochs=3, random_state=0
    ).fit(X, y)
    assert early.n_iter_ <= 3


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize(
    "rows", [lambda X, r: X[:, :2], lambda X, r: X[:0], lambda X, r: X * np.inf]
)
def test_what_a_function_draws_is_checked_before_the_teacher_sees_it(
    iris, iris_forest, rows
):
    student = StudentClassifier(iris_forest, transfer=rows)
    with np.errstate(invalid="ignore"), pytest.raises(ValueError, match="^transfer: "):
        student.fit(*iris)


class Returns(BaseEstimator):
    """A sampler that returns what a function makes of the rows."""

    def __init__(self, drawn):
        self.drawn = drawn

    def fit(self, X, y=None):
        self.X_ = X
        return self

    def sample(self, n=None, random_state=None):
        return self.drawn(self.X_)


@pytest.mark.parametrize(
    "drawn",
    [
        lambda X: X,
        lambda X: (X, None),
        lambda X: (X, np.arange(len(X) - 1)),
        lambda X: (X, np.arange(len(X)) + 1),
        lambda X: (X, np.arange(len(X)) - 2),
        lambda X: (X, np.arange(len(X)) / 2),
    ],
)
def test_a_sampler_without_parents_is_named(iris, iris_forest, drawn):
    student = StudentClassifier(iris_forest, transfer=Returns(drawn))
    with pytest.raises(ValueError, match=r"transfer=Returns.*must return a pair"):
        student.fit(*iris)


def test_draws_of_nothing_are_named(iris, iris_forest):
    nothing = Returns(lambda X: (X[:0], np.empty((0, 1), int)))
    for transfer in (nothing, lambda X, random_state: None):
        with pytest.raises(ValueError, match="transfer=.*(drew no row|returned None)"):
            StudentClassifier(iris_forest, transfer=transfer).fit(*iris)


@pytest.mark.parametrize("Student", [NeuralStudentClassifier, StudentClassifier])
def test_a_time_budget_keeps_the_rows_that_were_labelled(Student, clock):
    X = mixed(200)
    y = (X.x > 0).astype(int)
    asked = []

    def slow(rows):
        asked.append(rows)
        clock.sleep(0.02 + 2e-4 * len(rows))
        return np.column_stack([rows.x <= 0, rows.x > 0]).astype(float)

    options = {"max_epochs": 3} if Student is NeuralStudentClassifier else {}
    student = Student(slow, classes=[0, 1], random_state=0, **options)
    student.set_params(transfer=Munge(20.0, time_budget=0.2))
    with pytest.warns(
        UserWarning, match=r"had labelled \d+ of 4000 drawn rows"
    ) as seen:
        student.fit(X, y)
    drawn = [rows for rows in asked if len(rows) != 200 or not rows.equals(X)]
    count = sum(map(len, drawn))
    assert 100 <= count < 1500 and f"labelled {count} of" in str(seen[0].message)
    assert student.teacher_entropy_.keys() == {"train", "transfer"}
    # The same as those rows, given by hand.
    rows = pd.concat(drawn, ignore_index=True)
    by_hand = clone(student).set_params(transfer=FixedRows(rows)).fit(X, y)
    np.testing.assert_allclose(
        student.predict_proba(X), by_hand.predict_proba(X), atol=1e-6
    )


class Slow(ClassifierMixin, BaseEstimator):
    """A teacher whose clock is no part of it: a store knows its answers again."""

    clock, asked = None, []

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        self.asked.append(len(X))
        self.clock.sleep(0.02 + 2e-4 * len(X))
        return np.column_stack([X.x <= 0, X.x > 0]).astype(float)


def test_a_time_budget_holds_in_each_fit_that_keeps_answers(
    clock, monkeypatch, tmp_path
):
    monkeypatch.setattr(Slow, "clock", clock)
    monkeypatch.setattr(Slow, "asked", [])
    X = mixed(200)
    y = (X.x > 0).astype(int)
    student = StudentClassifier(Slow().fit(X, y), memory=tmp_path, random_state=0)
    student.set_params(transfer=Munge(50.0, time_budget=0.2))
    for _ in range(2):
        Slow.asked.clear()
        with pytest.warns(UserWarning, match=r"had labelled \d+ of 10000 drawn rows"):
            student.fit(X, y)
        assert 100 <= sum(Slow.asked) < 3000


@pytest.mark.parametrize("form", ["pandas", "polars", "array"])
def test_a_time_budget_that_suffices_changes_nothing(form):
    frame = mixed(150)[["x", "count", "whole"]]
    y = 3.0 * frame.x.to_numpy()
    X = {
        "pandas": frame,
        "polars": pl.from_pandas(frame),
        "array": frame.to_numpy(dtype=float),
    }[form]

    def teacher(rows):
        return 3.0 * np.asarray(rows)[:, 0]

    first, second = (
        NeuralStudentRegressor(teacher, transfer=t, max_epochs=3, random_state=0)
        .fit(X, y)
        .predict(X)
        for t in (Bootstrap(5.0), Bootstrap(5.0, time_budget=100.0))
    )
    np.testing.assert_array_equal(first, second)
    with pytest.raises(ValueError, match="'time_budget' parameter of Mixup"):
        Mixup(time_budget=0).fit(frame)


def test_auto_draws_fewer_rows_where_answers_have_many_numbers():
    assert automatic(2000, 5, 10).size == automatic(2000, 5).size == 48_000
    for n_outputs in (10, 300, 1000, 100_000):
        assert automatic(1_000_000, 5, n_outputs).size * n_outputs <= 2_500_000


def test_the_teacher_of_a_hard_tree_is_asked_for_a_bounded_number_of_answers():
    asked = []

    def teacher(X):
        asked.append(len(X))
        return np.full((len(X), 900), 1 / 900)

    X = np.random.default_rng(0).normal(size=(200, 2))
    tree = HardDecisionTreeClassifier(teacher, classes=range(900), random_state=0)
    tree.set_params(max_leaf_nodes=2).fit(X)
    assert max(asked) * 900 <= 2_500_000 + 200 * 900
