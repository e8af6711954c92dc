"""Rows and columns of tables in every container."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse

from skdistill.tables.containers import (
    columns_of,
    is_arrow,
    is_frame,
    is_texts,
    n_columns,
    rows_of,
)

ROWS = [[1, 2], [3, 4], [5, 6]]


def tables():
    frame = pd.DataFrame(ROWS, columns=["a", "b"])
    return [
        *(ROWS, np.array(ROWS), frame, frame.set_index(frame["a"] * 7)),
        *(pl.from_pandas(frame), pa.table(frame), pa.table(frame).to_batches()[0]),
    ]


@pytest.mark.parametrize("index", [[2, 0], [True, False, True]])
def test_rows_are_taken_by_position(index):
    index = np.array(index)
    for X in tables():
        some = rows_of(X, index)
        if is_frame(X) or is_arrow(X):
            assert type(some) is type(X)
            some = np.column_stack([np.asarray(c) for c in columns_of(some)])
        np.testing.assert_array_equal(some, np.array(ROWS)[index])
    for form in ("csr", "csc", "lil", "coo", "dok", "bsr", "dia"):
        some = rows_of(sparse.csr_matrix(ROWS).asformat(form), index)
        np.testing.assert_array_equal(some.toarray(), np.array(ROWS)[index])


@pytest.mark.parametrize("index", [[2, 0], [True, False, True]])
def test_texts_stay_in_the_container_that_they_had(index):
    texts, index = ["a b", "", "c d"], np.array(index)
    expected = np.array(texts, dtype=object)[index].tolist()
    for X in (texts, np.array(texts), pd.Series(texts), pl.Series(texts), (*texts,)):
        some = rows_of(X, index)
        assert type(some) is (list if isinstance(X, tuple) else type(X))
        assert list(some) == expected
        assert is_texts(X) and n_columns(X) is None
    assert rows_of([None, "a b", "c"], np.array([0, 1])) == [None, "a b"]


def test_tables_and_numbers_are_no_texts():
    strings = [["a", "b"], ["c", "d"]]
    others = (
        strings,
        np.array(strings),
        pd.DataFrame(strings),
        [1.0, 2.0],
        "text",
        [None],
    )
    assert not any(map(is_texts, (*tables(), *others, pd.Series([1.0]))))
    assert [n_columns(X) for X in tables()] == [2] * 7
