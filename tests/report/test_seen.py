"""Rows of the training set among those of the test."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse

from skdistill.report.seen import row_keys, seen_rows


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "a": [1.0, 2.0, np.nan, 4.0, -0.0],
            "b": pd.Categorical(["x", "y", None, "x", "y"]),
            "c": [True, False, True, True, False],
        }
    )


def test_equal_rows_have_equal_keys_in_any_container(frame):
    keys = row_keys(frame)
    assert len(set(keys)) == 5
    others = pa.Table.from_pandas(frame), pl.from_pandas(frame), frame.iloc[::-1]
    for other in others[:2]:
        assert (row_keys(other) == keys).all()
    assert (row_keys(others[2]) == keys[::-1]).all()
    other_codes = frame.assign(b=frame["b"].cat.set_categories(["z", "y", "x"]))
    strings = frame.assign(b=frame["b"].astype(object), a=frame["a"] + 0.0)
    assert (row_keys(other_codes) == keys).all() and (row_keys(strings) == keys).all()


def test_numbers_count_by_value_and_place():
    X = np.random.default_rng(0).integers(0, 5, (200, 3))
    keys = row_keys(X)
    assert (row_keys(X.astype(np.float32)) == keys).all()
    assert (row_keys(X.tolist()) == keys).all()
    assert (row_keys(sparse.csr_matrix(X)) == keys).all()
    _, by_content = np.unique(X, axis=0, return_inverse=True)
    _, by_key = np.unique(keys, return_inverse=True)
    pairs = set(zip(by_content.ravel(), by_key.ravel(), strict=True))
    assert len(pairs) == len(set(keys)) == len(np.unique(X, axis=0))


def test_dates_infinities_and_texts_have_keys_too():
    days = pd.DataFrame({"day": pd.date_range("2026-01-01", periods=4), "n": range(4)})
    assert len(set(row_keys(days))) == 4
    assert (row_keys(days[1:]) == row_keys(days)[1:]).all()
    X = np.array([[1.0, 2.0], [np.inf, 3.0]])
    assert row_keys(X)[0] == row_keys(X[:1])[0]
    texts = ["good", "bad", "good"]
    assert row_keys(texts)[0] == row_keys(texts)[2] != row_keys(texts)[1]


def test_training_rows_are_found():
    X = np.random.default_rng(0).normal(size=(100, 3))
    seen = seen_rows(X[40:70], X[:50])
    assert seen.rows.tolist() == list(range(10)) and not seen.by_chance
    assert seen_rows(X[50:], X[:50]).by_chance


def test_rows_of_few_values_repeat_by_chance():
    X = np.random.default_rng(0).integers(0, 4, (2000, 6))
    seen = seen_rows(X[1000:], X[:1000])
    assert len(seen.rows) > 50 and seen.by_chance
    assert not seen_rows(np.concatenate([X[:300], X[1000:]]), X[:1000]).by_chance


def test_other_columns_are_refused(frame):
    for other in (frame[["a", "b"]], frame.rename(columns={"a": "d"})):
        with pytest.raises(ValueError, match="X_train has other columns than X_test"):
            seen_rows(frame, other)
