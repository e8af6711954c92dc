"""Names of what a SELECT answers, and which clash."""

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_iris

from skdistill import HardDecisionTreeClassifier, HardDecisionTreeRegressor
from skdistill.export import to_sql
from skdistill.export.sql.plan import read_plan


def tree_of(labels, names=None):
    X, y = load_iris(return_X_y=True)
    X = X if names is None else pd.DataFrame(X, columns=names)
    return HardDecisionTreeClassifier(max_leaf_nodes=4).fit(X, np.array(labels)[y])


def answers(student, **params):
    plan, _ = read_plan(to_sql(student, table="t", **{"dialect": "sqlite", **params}))
    return [*plan.keep, *plan.labels, *plan.numbers]


def test_names_of_answers():
    X, y = load_iris(return_X_y=True)
    three = tree_of(["a", 'the "b"', "prediction"])
    assert answers(three, keep="id") == [
        "id",
        "prediction",
        "probability_a",
        "probability_prediction",
        'probability_the "b"',
    ]
    assert answers(three, class_names=["x", "y", "z"])[1:] == [
        "probability_x",
        "probability_y",
        "probability_z",
    ]
    several = HardDecisionTreeClassifier().fit(X, np.column_stack([y, y > 1]))
    assert answers(several, class_names=["kind", "big"]) == [
        "prediction_kind",
        "prediction_big",
        "probability_kind_0",
        "probability_kind_1",
        "probability_kind_2",
        "probability_big_0",
        "probability_big_1",
    ]
    labels = HardDecisionTreeClassifier().fit(X, np.column_stack([y > 0, y > 1]) * 1)
    assert answers(labels) == [
        "prediction_label_0",
        "prediction_label_1",
        "probability_label_0",
        "probability_label_1",
    ]
    values = HardDecisionTreeRegressor().fit(X, np.column_stack([y, -y]))
    assert answers(values) == ["prediction_target_0", "prediction_target_1"]
    assert answers(HardDecisionTreeRegressor().fit(X, y)) == ["prediction"]


def test_names_that_clash():
    alike = tree_of(["a", "A", "b"])
    with pytest.raises(
        ValueError, match="'probability_A' and 'probability_a'.*class_names"
    ):
        answers(alike)
    assert "probability_A2" in answers(alike, class_names=["a", "A2", "b"])
    fine = tree_of(["a", "b", "c"])
    for keep in ("prediction", "PREDICTION", ["id", "ID"], "Probability_B"):
        with pytest.raises(
            ValueError, match="columns of the answer, .* would have one"
        ):
            answers(fine, keep=keep)
    columns = tree_of(["a", "b", "c"], ["w", "W", "x", "y"])
    with pytest.raises(ValueError, match="columns of X, 'w' and 'W'.* feature_names"):
        answers(columns)
    assert answers(columns, feature_names=["w", "w2", "x", "y"])
    with pytest.raises(ValueError, match="feature_names has 1 names, and X has 4"):
        answers(fine, feature_names=["a"])
    with pytest.raises(
        ValueError, match="class_names has 1 names, and there must be 3"
    ):
        answers(fine, class_names=["a"])
    for table in ("", None):
        with pytest.raises(ValueError, match="must be the name of a table"):
            to_sql(fine, table=table)
    for names in ({"class_names": "abc"}, {"feature_names": "wxyz"}):
        with pytest.raises(ValueError, match="must be a list of names"):
            answers(fine, **names)
    for names in ({"schema": ""}, {"keep": ["id", ""]}):
        with pytest.raises(ValueError, match="has a name without a letter"):
            to_sql(fine, table="t", **names)
    unnamed = tree_of(["a", "b", "c"], ["", "x", "y", "z"])
    with pytest.raises(ValueError, match="feature_names has a name without a letter"):
        to_sql(unnamed, table="t")
    assert answers(unnamed, dialect="sqlite")


def test_names_that_an_engine_refuses():
    with pytest.raises(ValueError, match="holds a character that no SQL takes"):
        answers(tree_of(["a", "b\0d", "c"]))
    long = tree_of(["a", "b" * 60, "c"])
    assert answers(long)
    with pytest.raises(
        ValueError, match="has 72 bytes, and postgres takes 63: .* shorter"
    ):
        answers(long, dialect="postgres")
    odd = tree_of(["a", "b.c", "d"])
    with pytest.raises(ValueError, match="bigquery takes no column .* letters"):
        answers(odd, dialect="bigquery")
    assert answers(odd, dialect="bigquery", class_names=["a", "b_c", "d"])


def test_no_name_ends_the_comment_at_the_head():
    names = ["a\n; DROP TABLE t; --", "*/ {{ x }} {% raw %}", "\u2028\u0085", "'\"`\\"]
    tree = tree_of(["a", "b", "\U0001f600\nc"], names)
    sql = to_sql(tree, table="t\n", schema="main", dialect="sqlite", keep="\r\n")
    head = "\n".join(sql.split("\n")[:2])
    assert not set(head) & set(";'`*%\\") - {"\\"}
    assert head.isascii()
    plan, _ = read_plan(sql)
    assert plan.columns == tuple(names)
    assert (plan.table, plan.keep) == ("t\n", ("\r\n",))
    assert plan.numbers[2] == "probability_\U0001f600\nc"
