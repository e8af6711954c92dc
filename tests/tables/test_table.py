"""Columns of a table that was read."""

import numpy as np
import pandas as pd
import pytest

from skdistill.tables.view import TableView


def test_a_column_that_changes_its_kind_is_named():
    X = pd.DataFrame({"a": [1.0, 2.0], "b": ["x", "y"]})
    view = TableView().fit(X)
    with pytest.raises(ValueError, match="'a' of X held numbers.*'u'"):
        view.transform(X.assign(a="u"))
    with pytest.raises(
        ValueError, match="'b' of X held strings in fit and now holds 7"
    ):
        view.transform(X.assign(b=7))
    gone = X.assign(a=None, b=None)
    np.testing.assert_array_equal(view.transform(gone), np.zeros((2, 2)))
    numbers = pd.DataFrame({"k": pd.Categorical([1, 2, 2])})
    by_number = TableView().fit(numbers)
    np.testing.assert_array_equal(
        by_number.transform(numbers),
        by_number.transform(pd.DataFrame({"k": [1, 2, 2]})),
    )
