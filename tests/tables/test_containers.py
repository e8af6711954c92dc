"""Rows and columns of tables in every container."""

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse

from skdistill.tables.containers import columns_of, is_arrow, is_frame, rows_of

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
    np.testing.assert_array_equal(
        rows_of(sparse.csr_matrix(ROWS), index).toarray(), np.array(ROWS)[index]
    )
