"""Indicators of categories: frequent, rare, unseen."""

import pickle

import numpy as np
import pandas as pd
from containers import mixed_frame

from skdistill.tables.view import TableView


def test_unseen_categories_and_gaps_are_neutral_where_training_had_none():
    X = mixed_frame().dropna().drop(columns="city")
    view = TableView().fit(X)
    new = X.head(1).assign(plan="d", age=np.nan)
    seen = dict(zip(view.get_feature_names_out(), view.transform(new)[0], strict=True))
    assert [v for k, v in seen.items() if k[:3] in ("pla", "age")] == [0, 0, 0, 0]


def test_rare_and_unseen_categories_share_a_bin():
    X = mixed_frame()
    view = TableView(min_frequency=0.05).fit(X)
    rare, unseen = X.head(1).assign(city="rare"), X.head(1).assign(city="never seen")
    np.testing.assert_array_equal(view.transform(rare), view.transform(unseen))
    many = pd.DataFrame({"id": [f"i{i}" for i in range(500)] + ["top"] * 20})
    view = TableView(max_categories=3, min_frequency=0.0).fit(many)
    assert view.get_feature_names_out().tolist() == [
        *(
            "id = i0",
            "id = i1",
            "id = top",
            "id in {498 rare values or unseen}",
        )
    ]


def test_an_empty_string_is_no_gap():
    X = pd.DataFrame({"plan": ["", "b", None, "d"] * 5})
    view = TableView(scale=False).fit(X)
    names = view.get_feature_names_out().tolist()
    assert names == ["plan = ''", "plan = b", "plan = d", "plan is missing"]
    np.testing.assert_array_equal(view.transform(X)[:4], np.eye(4)[[0, 1, 3, 2]])


def test_rare_values_are_not_kept():
    X = pd.DataFrame({"name": [f"person {i}" for i in range(3000)]})
    view = TableView().fit(X)
    assert pickle.dumps(view).count(b"person") <= 100
