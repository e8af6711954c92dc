"""A row that a user names, in any form, and others like it."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from skdistill import HardDecisionTreeClassifier, counterfactual, explain
from skdistill.inspection.rows import varied


def test_ordered_levels_keep_their_order_where_they_are_varied():
    levels = ["low", "mid", "high"]
    X = pd.DataFrame({"c": pd.Categorical(levels, levels, ordered=True)})
    rows = varied(X[:1], 0, ["high", "top"])
    assert rows["c"].cat.ordered
    assert rows["c"].cat.categories.tolist() == [*levels, "top"]


def test_a_row_in_any_form_is_explained_alike():
    X, y = load_iris(return_X_y=True)
    tree = HardDecisionTreeClassifier(max_leaf_nodes=4).fit(X, y)
    text = explain(tree, X[60:61])
    for row in (X[60], X[60].tolist(), [X[60].tolist()], pd.DataFrame(X[60:61])):
        assert explain(tree, row) == text


def test_other_values_stand_in_their_column_alone_and_numbers_stay_numbers():
    row = np.array([[1, 2, 3]])
    np.testing.assert_array_equal(varied(row, 1, [0.5, 7]), [[1, 0.5, 3], [1, 7, 3]])
    assert varied(row, 1, ["a"]).tolist() == [[1, "a", 3]]
    frame = pd.DataFrame({"n": [1], "t": ["a"]})
    rows = varied(frame, 1, ["b", "c"])
    assert rows["n"].tolist() == [1, 1] and rows["t"].tolist() == ["b", "c"]
    categories = frame.astype({"t": "category"})
    assert varied(categories, 1, ["b", "a", "b"])["t"].tolist() == ["b", "a", "b"]


@pytest.mark.parametrize("wrong", [None, 5, {"a": 1.0}, {1.0}])
def test_what_has_no_dimension_is_no_row(wrong):
    X, y = load_iris(return_X_y=True)
    tree = HardDecisionTreeClassifier(max_leaf_nodes=2).fit(X, y)
    for tool in (explain, counterfactual):
        with pytest.raises(ValueError, match="x=.* must be one row: a frame such as"):
            tool(tree, wrong)
