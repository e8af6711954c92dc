"""Gaps of every library."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from containers import GAPS

from skdistill.tables.gaps import check_no_gaps, is_gap, plain_values


@pytest.mark.parametrize("gap", GAPS.values(), ids=list(GAPS))
def test_each_is_one(gap):
    assert is_gap(gap)


@pytest.mark.parametrize("value", ["", "nan", 0, 0.0, False, (), np.float32(1)])
def test_these_are_none(value):
    assert not is_gap(value)


@pytest.mark.parametrize(
    "values",
    [
        pd.Series([1, None], dtype="Int64"),
        pa.chunked_array([[1], [None]]),
        np.ma.masked_array([1, 2], [0, 1]),
    ],
    ids=["pandas", "pyarrow", "masked"],
)
def test_values_of_any_container_become_nan(values):
    np.testing.assert_array_equal(plain_values(values).astype(float), [1, np.nan])


def test_a_missing_label_is_named_with_its_row():
    with pytest.raises(ValueError, match="y has no label in 1 rows.*row 2: leave them"):
        check_no_gaps("y", ["a", "b", None])
    with pytest.raises(ValueError, match="no weight in 1 rows.*row 0: give one"):
        check_no_gaps("sample_weight", [np.nan, 1.0], "weight", "give one")


@pytest.mark.parametrize("shape", [(0,), (0, 2)])
def test_no_values_have_no_gaps(shape):
    check_no_gaps("y", np.empty(shape))
    check_no_gaps("y", np.empty(shape, dtype=object))
