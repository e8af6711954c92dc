"""Names of columns."""

import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from skdistill import HardDecisionTreeClassifier
from skdistill.tables.view import TableView


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, pa.table])
def test_several_columns_of_one_name_are_refused(library):
    table = library({"a": [1.0, 2.0], "b": [1.0, 3.0]})
    if library is pd.DataFrame:
        table = table.set_axis(["a", "a"], axis=1)
    elif library is pa.table:
        table = table.rename_columns(["a", "a"])
    else:  # polars has no such frames
        return
    with pytest.raises(ValueError, match=r"several columns of one name, \['a'\]"):
        TableView().fit(table)


def test_two_columns_called_nan_are_of_one_name():
    table = pd.DataFrame([[1.0, 2.0], [3.0, 4.0]], columns=[float("nan"), float("nan")])
    with pytest.raises(ValueError, match=r"several columns of one name, \[nan\]"):
        TableView().fit(table)
    TableView().fit(table.set_axis([float("nan"), 1.0], axis=1))


def test_another_order_is_refused_beside_a_column_called_nan():
    rows = np.random.default_rng(0).normal(size=(40, 2))
    table = pd.DataFrame(rows, columns=[float("nan"), 1.0])
    tree = HardDecisionTreeClassifier(max_leaf_nodes=2).fit(table, rows[:, 0] > 0)
    for fitted in (tree, pickle.loads(pickle.dumps(tree))):
        fitted.predict(table.set_axis([np.float64("nan"), 1.0], axis=1))
        with pytest.raises(ValueError, match="the columns of fit in another order"):
            fitted.predict(table.iloc[:, ::-1])
