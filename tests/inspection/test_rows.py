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


CATEGORIES = {
    "intervals": pd.cut([1, 4, 7], [0, 3, 6, 9]),
    "dates": pd.Categorical(pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-01"])),
    "booleans": pd.Categorical([True, False, True]),
    "fractions": pd.Categorical([1 / 3, 2 / 3, 1.0]),
    "numbers": pd.Categorical([1, 2, 3]),
    "texts": pd.Categorical([*"abc"]),
}


@pytest.mark.parametrize("kind", CATEGORIES)
def test_a_series_has_the_categories_of_its_frame(kind):
    X = pd.DataFrame({"c": CATEGORIES[kind][np.arange(90) % 3], "x": np.arange(90.0)})
    y = (X["c"] == X["c"][1]) ^ (X["x"] > 50)
    tree = HardDecisionTreeClassifier(max_leaf_nodes=4).fit(X, y)
    for i in range(3):
        assert explain(tree, X.iloc[i]) == explain(tree, X[i : i + 1])
        assert str(counterfactual(tree, X.iloc[i])) == str(
            counterfactual(tree, X[i : i + 1])
        )


@pytest.mark.parametrize("wrong", [None, 5, {"a": 1.0}, {1.0}])
def test_what_has_no_dimension_is_no_row(wrong):
    X, y = load_iris(return_X_y=True)
    tree = HardDecisionTreeClassifier(max_leaf_nodes=2).fit(X, y)
    for tool in (explain, counterfactual):
        with pytest.raises(ValueError, match="x=.* must be one row: a frame such as"):
            tool(tree, wrong)
