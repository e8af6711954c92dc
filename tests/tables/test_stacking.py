"""Rows of two tables, one after the other."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from containers import ordered_levels
from sklearn.base import BaseEstimator

from skdistill.tables.reading import validated_table
from skdistill.tables.stacking import stacked


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
def test_stacked_levels_keep_their_order_and_further_ones_follow(library):
    own = ordered_levels(["low", "mid", "high"], ["high", "low", "mid"], library)
    other = ordered_levels(
        ["high", "top", "low", "best"], ["best", "low", "top"], library
    )
    both = stacked(own, other, "X_transfer")
    labels = validated_table(BaseEstimator(), both, reset=True).labels[0]
    assert labels.categories == ["low", "mid", "high", "top", "best"]
    values = [labels.categories[code] for code in labels.codes]
    assert values == ["high", "low", "mid", "best", "low", "top"]
    if library == "pandas":
        assert both["c"].cat.ordered
        plain = other.assign(c=other["c"].cat.as_unordered())
        assert stacked(own, plain, "X_transfer")["c"].dtype == both["c"].dtype
    elif library == "polars":
        assert both["c"].dtype == pl.Enum(labels.categories)


def test_frames_with_repeated_names_and_other_widths_of_numbers_are_stacked():
    own = pd.DataFrame([[1, "a"], [2, "b"]], columns=["c", "c"])
    own = own.astype(object).set_axis(["c", "c"], axis=1)
    both = stacked(own, own[::-1], "X_transfer")
    assert both.to_numpy().tolist() == [[1, "a"], [2, "b"], [2, "b"], [1, "a"]]
    wide = pl.DataFrame({"c": [1.5]})
    assert stacked(pl.DataFrame({"c": [1]}), wide, "transfer")["c"].to_list() == [
        1,
        1.5,
    ]


def test_masks_and_lists_are_stacked_as_they_are():
    X = np.ma.masked_array([[1, 2]], [[0, 1]])
    both = stacked(X, np.array([[3, 4]]), "X_transfer")
    assert both.tolist() == [[1, None], [3, 4]]
    assert stacked([[1, "a"]], [[2, "b"]], "transfer").tolist() == [[1, "a"], [2, "b"]]
