"""What samplers draw."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from containers import columns, containers
from sampling import SAMPLERS, by_name, mixed
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks

from skdistill import (
    ConditionalSampler,
    GaussianNoise,
    Mixup,
    Munge,
    NeuralStudentClassifier,
    SoftDecisionTreeClassifier,
    StudentClassifier,
)
from skdistill.tables.gaps import is_gap
from skdistill.tables.reading import validated_table
from skdistill.tables.view import TableView


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


@pytest.mark.parametrize(
    "sampler",
    [Munge(3.0), ConditionalSampler(3.0), Mixup(3.0), GaussianNoise(3.0)],
    ids=by_name,
)
def test_rows_are_drawn_in_rounds(sampler):
    # What a time budget leaves out is then no part of the training rows.
    X = np.random.default_rng(0).normal(size=(40, 2))
    for limit in (None, 100.0):
        sampler.set_params(max_distance=limit)
        starts = sampler.fit(X).sample(random_state=0)[1][:, 0].reshape(3, 40)
        np.testing.assert_array_equal(np.sort(starts), np.tile(np.arange(40), (3, 1)))
        assert (starts[0] != starts[1]).any()


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
        student = NeuralStudentClassifier(
            teacher,
            transfer=transfer,
            random_state=0,
            hidden_layer_sizes=(64, 64),
            max_epochs=50,
        )
        student.fit(few, y_few)
        errors[type(transfer)] = np.abs(student.predict_proba(new) - target).mean()
    assert errors[Munge] < 0.9 * errors[type(None)]
    assert errors[ConditionalSampler] < 0.9 * errors[type(None)]


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


@pytest.mark.parametrize("sampler", SAMPLERS, ids=by_name)
@pytest.mark.parametrize("n", [-1, 1.5, "3"])
def test_a_number_of_rows_that_is_none_is_named(sampler, n):
    fitted = clone(sampler).fit(np.eye(9))
    with pytest.raises(ValueError, match=f"n={n!r} must be a whole number of rows"):
        fitted.sample(n)


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
