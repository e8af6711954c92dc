"""Samplers: rows of the same kind, and what students make of them."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from containers import columns, containers
from scipy import sparse
from sklearn.base import BaseEstimator, clone
from sklearn.compose import make_column_transformer
from sklearn.decomposition import TruncatedSVD
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MaxAbsScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from skdistill import (
    Bootstrap,
    ConditionalSampler,
    FixedRows,
    GaussianNoise,
    HardDecisionTreeClassifier,
    Mixup,
    Munge,
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
    StudentClassifier,
)
from skdistill.lesson.knowledge import FitRows, gather
from skdistill.tables.gaps import is_gap
from skdistill.tables.reading import validated_table
from skdistill.tables.view import TableView
from skdistill.tasks.readers import ValueReader
from skdistill.transfer import samplers
from skdistill.transfer.drawn import Drawn, automatic

SAMPLERS = [
    Munge(3.0),
    GaussianNoise(3.0, p=0.3),
    Mixup(3.0, alpha=1.0),
    Bootstrap(3.0),
    ConditionalSampler(3.0),
]


def mixed(n=80):
    random = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "x": random.normal(size=n),
            "count": random.integers(0, 9, n),
            "whole": random.integers(0, 9, n).astype(float),
            "flag": random.random(n) > 0.5,
            "kind": pd.Categorical(random.choice(list("abc"), n)),
            "text": random.choice(["u", "v"], n),
            "gaps": np.where(random.random(n) < 0.2, np.nan, random.normal(size=n)),
            "nullable": pd.array(random.choice([1, 2, 5, None], n), "Int64"),
        }
    )
    return frame


def by_name(sampler):
    return type(sampler).__name__


@pytest.mark.parametrize("sampler", SAMPLERS, ids=by_name)
@pytest.mark.parametrize("form", ["pandas", "polars", "array"])
def test_rows_are_of_the_same_kind(sampler, form):
    X = mixed()
    if form == "polars":
        X = pl.from_pandas(X)
    elif form == "array":
        X = X[["x", "count", "whole", "flag", "gaps"]].astype(float).to_numpy()
    drawn, parents = clone(sampler).fit(X).sample(random_state=0)
    again, _ = clone(sampler).fit(X).sample(random_state=0)
    assert type(drawn) is type(X) and len(drawn) == 240
    assert parents.min() >= 0 and parents.max() < 80 and len(parents) == 240
    if form == "array":
        np.testing.assert_array_equal(drawn, again)
        np.testing.assert_array_equal(drawn[:, 1:4], np.round(drawn[:, 1:4]))
        assert set(drawn[:, 3]) == {0, 1}
        return
    assert drawn.equals(again)
    before, after = (
        pd.DataFrame(
            t.to_dict("list") if form == "pandas" else t.to_dict(as_series=False)
        )
        for t in (X, drawn)
    )
    assert list(drawn.dtypes) == list(X.dtypes) and list(drawn.columns) == list(
        X.columns
    )
    for name in ("count", "whole", "nullable"):
        values = after[name].dropna().astype(float)
        assert (values == values.round()).all()
        assert values.between(
            *before[name].dropna().astype(float).agg(["min", "max"])
        ).all()
    for name in ("flag", "kind", "text"):
        assert set(after[name]) <= set(before[name])
    assert after["x"].between(before["x"].min(), before["x"].max()).all()
    assert 0 < after["gaps"].isna().mean() < 0.5 and not after["x"].isna().any()


def test_size_is_a_number_or_a_multiple():
    X = np.random.default_rng(0).normal(size=(10, 2))
    assert len(Munge(7).fit(X).sample()[0]) == 7
    assert len(Munge(2.5).fit(X).sample()[0]) == 25
    assert len(Munge(7).fit(X).sample(3)[0]) == 3
    starts = Munge(2.0).fit(X).sample(random_state=0)[1][:, 0]
    assert np.bincount(starts).tolist() == [2] * 10  # each as often as any other
    assert len(Munge(3).fit(X[:1]).sample()[0]) == 3
    for size in (0, -1.0, "many"):
        with pytest.raises(ValueError, match="'size' parameter of Munge"):
            Munge(size).fit(X)


def test_munge_has_its_limits():
    X = np.random.default_rng(0).normal(size=(50, 3))
    same, parents = Munge(2.0, p=0.0).fit(X).sample(random_state=0)
    np.testing.assert_array_equal(same, X[parents[:, 0]])
    sure = Munge(2.0, p=1.0, s=1e9, n_neighbors=1).fit(X)
    swapped, parents = sure.sample(random_state=0)
    np.testing.assert_allclose(swapped, X[parents[:, 1]], atol=1e-6)
    distance = ((X[:, None] - X) / np.ptp(X, axis=0)) ** 2
    nearest = (distance.sum(axis=2) + np.diag([np.inf] * 50)).argmin(axis=1)
    np.testing.assert_array_equal(parents[:, 1], nearest[parents[:, 0]])
    three = np.array([[0.0], [1.5], [100.25]])
    moved, parents = (
        Munge(9000, p=1.0, s=4.0, n_neighbors=1).fit(three).sample(random_state=0)
    )
    redrawn = moved[parents[:, 0] == 0, 0]  # normal around the neighbour's 1.5
    np.testing.assert_allclose([redrawn.mean(), redrawn.std()], [1.5, 0.375], atol=0.03)
    assert moved.min() == 0  # around 0, cut at the limits


def test_conditional_draws_keep_what_belongs_together():
    random = np.random.default_rng(0)
    a = random.normal(size=2000)
    X = np.column_stack(
        [a, a + 0.01 * random.normal(size=2000), random.normal(size=2000)]
    )
    X = np.column_stack([X, X[:, 0] > 0])
    drawn, _ = ConditionalSampler(2.0, n_rounds=3).fit(X).sample(random_state=0)
    assert np.corrcoef(drawn[:, 0], drawn[:, 1])[0, 1] > 0.8
    assert abs(np.corrcoef(drawn[:, 0], drawn[:, 2])[0, 1]) < 0.1
    assert ((drawn[:, 0] > 0) == drawn[:, 3]).mean() > 0.65  # by chance: 0.5
    np.testing.assert_allclose(drawn.mean(axis=0), X.mean(axis=0), atol=0.1)
    np.testing.assert_allclose(drawn.std(axis=0), X.std(axis=0), rtol=0.15)
    assert len(np.unique(drawn.round(9), axis=0)) > 3500  # new rows, not the old
    for j in range(4):
        assert set(drawn[:, j]) <= set(X[:, j])  # of values that were seen


def test_each_row_may_have_a_share_of_its_own():
    X = np.random.default_rng(0).normal(size=(500, 20))
    drawn, parents = (
        ConditionalSampler(4000, p=(0.0, 0.8)).fit(X).sample(random_state=0)
    )
    share = (drawn != X[parents[:, 0]]).mean(axis=1)
    assert share.mean() == pytest.approx(0.4, abs=0.03)
    low, high = np.quantile(share, [0.1, 0.9])  # of (0, 0.8), and then a binomial
    assert low < 0.12 and high > 0.68
    one, _ = ConditionalSampler(100, p=0.3).fit(X).sample(random_state=0)
    same, _ = ConditionalSampler(100, p=[0.3, 0.3]).fit(X).sample(random_state=1)
    assert one.shape == same.shape
    for p in ((0.5, 0.2), (0.1, 2), (0.1, 0.2, 0.3), ("a", 1)):
        with pytest.raises(ValueError, match="such as"):
            ConditionalSampler(p=p).fit(X)


@parametrize_with_checks([Munge(2.0), ConditionalSampler(2.0)])
def test_sklearn_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize(
    "transfer", ["munge", "conditional", "mixup", "noise", "bootstrap"]
)
def test_every_name_teaches(transfer):
    X = mixed(200)
    y = np.where((X.kind == "a") ^ (X.x > 0), "in", "out")
    teacher = HistGradientBoostingClassifier(categorical_features="from_dtype").fit(
        X.drop(columns="text"), y
    )
    for student in (
        NeuralStudentClassifier(max_epochs=3),
        SoftDecisionTreeClassifier(max_epochs=3),
        StudentClassifier(),
    ):
        student.set_params(teacher=teacher, transfer=transfer, random_state=0).fit(X, y)
        twin = clone(student).fit(X, y)
        np.testing.assert_array_equal(student.predict_proba(X), twin.predict_proba(X))
        assert set(student.teacher_entropy_) == {"train", "transfer"}


def test_drawn_rows_bring_the_student_nearer():
    random = np.random.default_rng(0)
    X = random.normal(size=(4000, 4))
    y = (np.sin(2 * X[:, 0]) + X[:, 1] * X[:, 2] > 0).astype(int)
    few, y_few, new = X[:300], y[:300], X[2000:]
    teacher = HistGradientBoostingClassifier(max_iter=50).fit(few, y_few)
    target = teacher.predict_proba(new)
    errors = {}
    for transfer in (None, Munge(8.0), ConditionalSampler(8.0)):
        student = NeuralStudentClassifier(teacher, transfer=transfer, random_state=0)
        student.fit(few, y_few)
        errors[type(transfer)] = np.abs(student.predict_proba(new) - target).mean()
    assert errors[Munge] < 0.9 * errors[type(None)]
    assert errors[ConditionalSampler] < 0.9 * errors[type(None)]


def test_all_rows_lend_values_to_trees_that_some_of_many_rows_grow(monkeypatch):
    monkeypatch.setattr(samplers, "_ROWS_FOR_TREES", 200)
    x = np.random.default_rng(0).normal(size=1000)
    frame = pd.DataFrame({"x": x, "double": 2 * x, "sign": np.where(x > 0, "+", "-")})
    drawn, _ = ConditionalSampler(4000).fit(frame).sample(random_state=0)
    assert drawn.x.nunique() > 900
    assert np.corrcoef(drawn.x, drawn.double)[0, 1] > 0.5  # by itself: 0
    assert ((drawn.x > 0) == (drawn.sign == "+")).mean() > 0.7  # by itself: 0.5


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
        NeuralStudentClassifier(iris_forest, transfer=transfer, random_state=0)
        .partial_fit(X[::2], y[::2])
        .partial_fit(X[1::2], y[1::2])
        for transfer in ("auto", None)
    )
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))


def test_drawn_rows_inherit_their_parents_weight():
    base = np.array([1.0, 3.0, 8.0])
    parents = np.array([[0, 1], [2, 2], [1, -1]])
    rows = FitRows(
        np.zeros((3, 1)),
        np.zeros(3),
        base,
        np.zeros(3),
        drawn=Drawn(np.zeros((3, 1)), parents, np.zeros(3)),
    )
    knowledge = gather(rows, ValueReader(None, 1))
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


def test_lists_keep_numbers_apart_from_strings():
    X = [[1.5, "a"], [22.25, "b"], [3.125, "c"], [7.5, "a"]] * 10
    y = [0, 1, 0, 1] * 10
    drawn, _ = Munge(5).fit(X).sample(random_state=0)
    assert all(isinstance(value, float) for value in drawn[:, 0])
    for transfer in ("munge", "mixup", "bootstrap", "conditional"):
        StudentClassifier(_by_number, transfer=transfer, classes=[0, 1]).fit(X, y)


def _by_number(rows):
    p = np.array([float(row[0]) > 5 for row in rows])
    return np.column_stack([1 - p, p])


@pytest.mark.parametrize("sampler", SAMPLERS, ids=by_name)
def test_whole_numbers_among_objects_stay_whole(sampler):
    X = np.empty((30, 2), dtype=object)
    X[:, 0], X[:, 1] = range(30), list("abc") * 10
    for table in (X, pd.DataFrame(X), X.tolist()):
        drawn, _ = clone(sampler).fit(table).sample(random_state=0)
        first = drawn.iloc[:, 0] if hasattr(drawn, "iloc") else drawn[:, 0]
        assert all(isinstance(value, int) for value in first.tolist())


@pytest.mark.parametrize("sampler", SAMPLERS, ids=by_name)
def test_constants_ids_and_huge_values(sampler):
    constant, _ = clone(sampler).fit(np.ones((9, 2))).sample(random_state=0)
    np.testing.assert_array_equal(constant, 1)
    ids = np.array([[2**63 - 1 - i * 10**15] for i in range(20)])
    drawn, _ = clone(sampler).fit(ids).sample(random_state=0)
    assert drawn.dtype == ids.dtype and set(drawn[:, 0]) <= set(ids[:, 0])
    names = np.array([[f"name {i}", str(i % 3)] for i in range(150)], dtype=object)
    drawn, _ = clone(sampler).fit(names).sample(random_state=0)
    assert set(drawn[:, 0]) <= set(names[:, 0])
    big = np.random.default_rng(0).normal(size=(30, 2)) * 1e39
    drawn, _ = clone(sampler).fit(big).sample(random_state=0)
    assert np.isfinite(drawn).all()


@pytest.mark.parametrize("transfer", ["munge", "conditional", "mixup", "noise"])
def test_rows_of_no_weight_lend_nothing(transfer):
    random = np.random.default_rng(0)
    X = random.normal(size=(80, 3))
    y = (X[:, 0] > 0).astype(int)
    teacher = LogisticRegression().fit(X, y)
    weight = np.r_[np.zeros(40), np.ones(40)]
    wild = np.vstack([X[:40] * 100, X[40:]])
    first, second = (
        StudentClassifier(teacher, transfer=transfer, random_state=0)
        .fit(rows, y, sample_weight=weight)
        .predict_proba(X)
        for rows in (X, wild)
    )
    np.testing.assert_allclose(first, second)


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


def dummies(n=400):
    """Two categories as dummies, side by side and shuffled, and a rare flag of chance."""
    random = np.random.default_rng(0)
    kind, place = random.integers(0, 4, n), random.choice([*range(1, 12), 1, 1, 2], n)
    frame = pd.DataFrame({"rare": np.zeros(n, int), "x": random.normal(size=n) + kind})
    frame.loc[[1, 5], "rare"] = 1
    for k in range(4):
        frame[f"kind {k}"] = kind == k
    for k in range(12):  # place 0 never comes
        frame[f"place {k}"] = (place == k).astype(float)
    frame["coin"] = random.integers(0, 2, n)
    frame["other"] = random.integers(0, 2, n)
    return frame


@pytest.mark.parametrize("sampler", SAMPLERS, ids=by_name)
@pytest.mark.parametrize("order", ["side by side", "shuffled"])
def test_dummies_stay_one_category(sampler, order):
    X = dummies()
    if order == "shuffled":
        X = X.iloc[:, np.random.default_rng(1).permutation(X.shape[1])]
    drawn, parents = clone(sampler).fit(X).sample(random_state=0)
    for name in ("kind", "place"):
        columns = [c for c in X if c.startswith(name)]
        assert set(drawn[columns].sum(axis=1)) == {1}
        if isinstance(sampler, GaussianNoise | Munge):  # the values do move
            before = X[columns].to_numpy()[parents[:, 0]]
            assert (before != drawn[columns]).any(axis=1).mean() > 0.02
    both = drawn.groupby(["coin", "other"]).size()
    assert len(both) == 4  # two flags that are 1 together stay free
    assert (drawn.dtypes == X.dtypes).all()


def test_dummies_without_their_first_are_one_category_too():
    X = dummies().drop(columns="kind 0")[["kind 1", "kind 2", "kind 3", "coin"]]
    drawn, _ = GaussianNoise(5.0, p=1.0).fit(X).sample(random_state=0)
    total = drawn[["kind 1", "kind 2", "kind 3"]].sum(axis=1)
    assert set(total) == {0, 1}
    np.testing.assert_allclose(
        total.mean(), X.iloc[:, :3].sum(axis=1).mean(), atol=0.05
    )


def test_columns_that_only_happen_to_differ_stay_apart():
    rare = np.zeros((1000, 20))
    rare[np.arange(20) * 40, np.arange(20)] = 1  # once each, never together
    common = np.random.default_rng(0).random((1000, 3)) < 0.5
    X = np.column_stack([rare, common])
    cells = Munge().fit(X).cells_
    assert cells.n_cells == 23


def test_cells_find_groups_among_many_columns():
    random = np.random.default_rng(0)
    X = np.zeros((5000, 600))
    for part in range(20):
        X[np.arange(5000), 30 * part + random.integers(0, 30, 5000)] = 1
    shuffled = X[:, random.permutation(600)]
    groups = [GaussianNoise().fit(table).cells_.n_cells for table in (X, shuffled)]
    assert groups == [20, 20]


def rings(n=600):
    """A long thin diagonal band: neighbours by leaves and by distance are on it."""
    random = np.random.default_rng(0)
    along = random.random(n)
    return np.column_stack([along, along + 0.01 * random.normal(size=n)])


def test_neighbours_by_leaves_share_more_leaves_than_others_do(iris, iris_forest):
    X, _ = iris
    munge = Munge(2.0, neighbors=iris_forest, n_neighbors=3).fit(X)
    leaf = iris_forest.apply(X)
    shared = (leaf[:, None] == leaf).sum(axis=2)
    np.fill_diagonal(shared, -1)
    chosen = np.take_along_axis(shared, munge.neighbors_, axis=1)
    best = -np.sort(-shared, axis=1)[:, :3]
    assert chosen.min() > 0 and (np.diff(chosen, axis=1) <= 0).all()
    assert chosen.mean() > 0.9 * best.mean()
    assert (munge.neighbors_ != np.arange(150)[:, None]).all()
    twin = clone(munge).fit(X)
    np.testing.assert_array_equal(twin.neighbors_, munge.neighbors_)
    assert twin.neighbors is iris_forest and clone(munge).size == 2.0
    student = StudentClassifier(iris_forest, transfer=munge, random_state=0)
    assert student.fit(*iris).score(*iris) > 0.9


def test_unsupervised_leaves_follow_the_rows():
    X = rings()
    munge = Munge(5.0, neighbors="leaves").fit(X)
    gap = np.abs(X[munge.neighbors_, 0] - X[:, :1])
    assert np.median(gap) < 0.02  # of two random rows: 0.29
    drawn, _ = munge.sample(random_state=0)
    assert np.abs(drawn[:, 0] - drawn[:, 1]).mean() < 0.05
    tables = {"mixed": mixed(), "one": mixed()[["x"]], "single": mixed()[:1]}
    for table in tables.values():
        drawn, _ = Munge(3, neighbors="leaves").fit(table).sample(random_state=0)
        assert len(drawn) == 3 and (drawn.dtypes == table.dtypes).all()


def test_rows_that_share_no_leaf_stay_as_they_are():
    X = np.arange(8.0)[:, None] * [1, 2]

    class Alone:
        def apply(self, X):
            return np.arange(len(X))[:, None]

    drawn, parents = Munge(2.0, p=1.0, neighbors=Alone()).fit(X).sample(random_state=0)
    np.testing.assert_array_equal(drawn, X[parents[:, 0]])
    with pytest.raises(ValueError, match="'neighbors' parameter of Munge"):
        Munge(neighbors="leaf").fit(X)


@pytest.mark.parametrize(
    "sampler",
    [
        Munge(4.0, s=0.5),
        GaussianNoise(4.0, scale=0.3),
        Mixup(4.0),
        ConditionalSampler(4.0),
    ],
    ids=by_name,
)
def test_no_row_is_farther_than_max_distance(sampler):
    random = np.random.default_rng(0)
    blobs = random.normal(size=(300, 3)) * 0.02 + random.integers(0, 2, (300, 1))
    span = np.ptp(blobs, axis=0)

    def to_nearest(rows, least=0):
        apart = np.linalg.norm((rows[:, None] - blobs) / span, axis=2)
        return np.sort(apart, axis=1)[:, least]

    spacing = np.quantile(to_nearest(blobs, 1), 0.95)
    free, _ = clone(sampler).fit(blobs).sample(random_state=0)
    near = clone(sampler).set_params(max_distance=1.5).fit(blobs)
    kept, parents = near.sample(random_state=0)
    assert to_nearest(free).max() > 1.6 * spacing
    assert to_nearest(kept).max() < 1.501 * spacing
    assert len(kept) == len(parents) == 1200
    assert len(np.unique(parents[:, 0])) > 200  # from all over the data
    again, _ = near.sample(random_state=0)
    np.testing.assert_array_equal(kept, again)


def test_max_distance_that_nothing_keeps_is_an_error():
    X = np.random.default_rng(0).normal(size=(200, 10))
    with pytest.raises(ValueError, match="max_distance=1e-06 rejects .* of 1600"):
        GaussianNoise(max_distance=1e-6).fit(X).sample(random_state=0)
    copies, _ = GaussianNoise(max_distance=1.0, scale=0.0).fit(X).sample()
    assert len(copies) == 1600
    one, _ = Mixup(5, max_distance=1.0).fit(X[:1]).sample()
    assert len(one) == 5
    table, _ = Munge(max_distance=2.0).fit(mixed()).sample(7, random_state=0)
    assert len(table) == 7


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


def test_categories_without_number_have_few_coordinates():
    random = np.random.default_rng(0)
    codes = random.integers(0, 400, (4000, 5))
    X = pd.DataFrame({f"c{j}": codes[:, j].astype(str) for j in range(5)})
    X["id"] = [f"row {i}" for i in range(4000)]
    X["kind"] = random.choice(list("ab"), 4000)
    twin = np.arange(2000, 4000)
    X.loc[twin, ["c0", "c1", "c2", "kind"]] = X.loc[
        twin - 2000, ["c0", "c1", "c2", "kind"]
    ].to_numpy()
    cells = GaussianNoise().fit(X).cells_
    points = cells.positions()
    assert points.shape[1] <= 5 * 16 + 3 and points.dtype == np.float32
    a, b = random.integers(0, 2000, (2, 3000))
    differ = (X.iloc[a].to_numpy() != X.iloc[b].to_numpy()).sum(axis=1)
    differ -= X["id"].to_numpy()[a] != X["id"].to_numpy()[b]
    squared = ((points[a] - points[b]) ** 2).sum(axis=1)
    assert np.abs(squared - differ).mean() < 0.5  # their number, about
    neighbors = Munge(n_neighbors=1).fit(X).neighbors_[:2000, 0]
    assert (neighbors == twin).mean() > 0.95


def test_repeated_rows_leave_a_distance_to_measure_by():
    X = np.repeat(np.random.default_rng(0).normal(size=(40, 3)), 30, axis=0)
    sampler = GaussianNoise(size=20, scale=0.01, max_distance=2.0).fit(X)
    assert len(sampler.sample(random_state=0)[0]) == 20


@pytest.mark.parametrize("sampler", SAMPLERS, ids=by_name)
def test_drawn_rows_have_gaps_of_the_kind_given(sampler):
    numbers, texts, _ = columns()
    counts = [None if number is None else round(4 * number) for number in numbers]
    few = ["floats", "arrow", "arrow batch", "polars", "masked", "array pd.NA"]
    few += ["frame pd.NA", "list masked", "category"]
    every = containers(numbers, texts)
    known = {name: every[name] for name in few} | {
        "whole nullable": pd.DataFrame({"n": pd.array(counts, "Int64"), "t": texts}),
        "whole arrow": pa.table({"n": counts, "t": texts}),
        "whole arrow frame": pd.DataFrame(
            {"n": pd.array(counts, "int64[pyarrow]"), "t": texts}
        ),
        "whole masked": np.ma.masked_array(
            np.array([[count or 0, 1] for count in counts]),
            [[count is None, False] for count in counts],
        ),
    }
    for name, X in known.items():
        drawn, _ = clone(sampler).fit(X).sample(30, random_state=0)
        kind = np.ndarray if isinstance(X, list) else type(X)
        assert type(drawn) is kind and len(drawn) == 30, name
        for attribute in ("schema", "dtypes"):
            if hasattr(X, attribute):
                assert str(getattr(drawn, attribute)) == str(getattr(X, attribute))
        own, new = (
            TableView(scale=False).fit(rows).transform(rows) for rows in (X, drawn)
        )
        assert np.isfinite(new).all() and np.ptp(new[:, 0]) > 0, name
        assert new[:, 0].min() >= own[:, 0].min() - 1e-9, name
        table = validated_table(BaseEstimator(), drawn, reset=True)
        if not isinstance(sampler, Mixup):  # which fills gaps from the other parent
            assert np.isnan(table.numbers).any(), name
        if "pd.NA" in name and not hasattr(drawn, "iloc"):
            gaps = [v for v in drawn[:, 0].tolist() if is_gap(v)]
            assert all(gap is pd.NA for gap in gaps)


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
