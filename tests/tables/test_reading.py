"""Tables in every container are read alike."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from containers import columns, containers, mixed_frame, ordered_levels
from scipy import sparse
from sklearn.base import BaseEstimator

from skdistill.tables.reading import validated_table
from skdistill.tables.view import TableView


def test_pandas_polars_and_arrays_are_read_alike():
    X = mixed_frame()
    expected = TableView().fit(X).transform(X)
    as_category = X.astype({"plan": "category", "city": "category"})
    nullable = X.convert_dtypes()
    from_polars = pl.from_pandas(X)
    categorical = from_polars.with_columns(
        pl.col("plan").cast(pl.Categorical), pl.col("city").cast(pl.Categorical)
    )
    for table in (as_category, nullable, from_polars, categorical, X.to_numpy()):
        np.testing.assert_allclose(TableView().fit(table).transform(table), expected)
    view = TableView().fit(X)
    np.testing.assert_allclose(view.transform(categorical), expected)
    with pytest.raises(ValueError, match="feature names should match"):
        view.transform(X[X.columns[::-1]])


@pytest.mark.parametrize(
    ("table", "error", "message"),
    [
        (
            pd.DataFrame({"t": pd.to_datetime(["2020-01-01"])}),
            TypeError,
            "'t'.*datetime",
        ),
        (pl.DataFrame({"t": [[1], [2]]}), TypeError, "'t' of X holds List"),
        (pd.DataFrame({"m": ["a", 1]}), TypeError, "'m' of X mixes strings with int"),
        (
            pd.DataFrame({"m": [[1], [2]]}),
            TypeError,
            r"'m' of X holds values such as \[1",
        ),
        (pd.DataFrame({"z": [1, np.inf]}), ValueError, "infinity, in column 'z'"),
        (pd.DataFrame({"z": []}), ValueError, r"0 sample\(s\)"),
        (pd.DataFrame(index=[1, 2]), ValueError, r"0 feature\(s\)"),
        (sparse.eye(3).tocsr(), TypeError, "TruncatedSVD"),
        (pd.Series(["a", 1.0]), ValueError, "Expected 2D array, got 1D"),
    ],
    ids=lambda value: getattr(value, "__name__", None),
)
def test_what_cannot_be_read_is_named(table, error, message):
    with pytest.raises(error, match=message):
        TableView().fit(table)


def test_gaps_of_every_kind_are_read_alike_in_every_container():
    numbers, texts, _ = columns()
    views = {}
    for name, X in containers(numbers, texts).items():
        view = TableView().fit(X)
        views[name] = view.transform(X)
        assert sum(term.is_gap for term in view.terms_) == 2, name
        for i in (0, 7, 9):  # single rows, in which nothing but a gap may be left
            one = X.slice(i, 1) if hasattr(X, "slice") else X[i : i + 1]
            np.testing.assert_array_equal(view.transform(one)[0], views[name][i], name)
    for name, seen in views.items():
        np.testing.assert_allclose(seen, views["floats"], rtol=1e-12, err_msg=name)


@pytest.mark.parametrize("dtype", [float, np.float32, int, bool, object, str])
def test_masked_cells_are_gaps(dtype):
    values = np.array([[1, 0], [0, 1], [1, 1], [0, 0]]).astype(dtype)
    mask = [[0, 1], [0, 0], [1, 0], [0, 0]]
    X = np.ma.masked_array(values, mask)
    for rows in (X, list(X)):
        table = validated_table(BaseEstimator(), rows, reset=True)
        gaps = (
            np.column_stack([table.labels[j].codes < 0 for j in range(2)])
            if table.labels
            else np.isnan(table.numbers)
        )
        np.testing.assert_array_equal(gaps, mask)
    assert not np.isnan(TableView().fit(X).transform(X)).any()


@pytest.mark.parametrize("dtype", ["datetime64[D]", "timedelta64[s]"])
def test_dates_in_arrays_are_refused_as_those_in_frames_are(dtype):
    X = np.array([[0, 1], [2, 3]]).astype(dtype)
    for rows in (X, pd.DataFrame(X), X.tolist()):
        with pytest.raises(TypeError, match="turn dates into numbers"):
            TableView().fit(rows)


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_ordered_levels_are_read_in_their_order(library):
    X = ordered_levels(["low", "mid", "high"], ["high", "low", "mid", "low"], library)
    view = TableView(scale=False).fit(X)
    names = [f"c = {level}" for level in ("low", "mid", "high")]
    assert view.get_feature_names_out().tolist() == names
