"""SQL in other dialects: sqlglot reads in it what was written."""

import re

import numpy as np
import pandas as pd
import pytest
import sqlglot
from written_sql import NET, STUMP, mixed, numbers, targets

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    NeuralStudentClassifier,
    SoftDecisionTreeClassifier,
)
from skdistill.export import to_sql, verify
from skdistill.export.sql.plan import read_plan

RENDERED = ["postgres", "snowflake", "bigquery", "spark", "tsql"]
NAMES = ["a", "b", "c"]


@pytest.mark.parametrize("dialect", RENDERED)
@pytest.mark.parametrize(
    "student",
    [
        HardDecisionTreeClassifier(max_leaf_nodes=8),
        SoftDecisionTreeClassifier(**STUMP),
    ],
    ids=["hard", "soft"],
)
def test_trees_on_frames(student, dialect):
    X, y = mixed()
    student.fit(X, np.array(["no", "'); DROP TABLE t; --", "\\"])[y])
    sql = to_sql(
        student, table="t", schema="s", dialect=dialect, class_names=NAMES, X=X
    )
    assert sqlglot.parse_one(sql, read=dialect)
    assert read_plan(sql)[1]["engine"] == "duckdb through sqlglot"
    assert verify(sql, student)["labels_that_differ"] == 0


@pytest.mark.slow  # on more cases what other tests show
@pytest.mark.parametrize("dialect", RENDERED)
def test_nets_and_values(dialect):
    X, y = numbers()
    net = NeuralStudentClassifier(**NET).fit(X, targets(y, "labels"))
    assert to_sql(net, table="t", dialect=dialect, X=X)
    tree = HardDecisionTreeRegressor(max_leaf_nodes=6).fit(X, np.column_stack([y, -y]))
    assert to_sql(tree, table="t", dialect=dialect, X=X)


def small(dialect, **params):
    n = 60
    X = pd.DataFrame(
        {"vip": np.arange(n) % 2.0, "plan": ["a", "it's", "a\\"] * (n // 3)}
    )
    y = (X["vip"] > 0) & (X["plan"] == "a\\")
    tree = HardDecisionTreeClassifier(max_leaf_nodes=4).fit(X, y)
    return to_sql(tree, table="t", dialect=dialect, booleans="vip", **params)


def test_words_of_each_engine():
    texts = {d: " ".join(small(d).split("\n", 2)[2].split()) for d in RENDERED}
    for dialect, text in texts.items():
        assert "TRUE" in text or dialect == "tsql"
        # A boolean is cast by way of whole numbers, but where it is a number anyway.
        assert (re.search(r"CAST\(CAST\(", text) is None) == (dialect == "spark")
        assert "NaN" not in text
    assert "DOUBLE PRECISION" in texts["postgres"]
    assert "FLOAT64" in texts["bigquery"]
    assert "VALUES" not in texts["bigquery"]
    assert "`vip`" in texts["spark"]
    assert "[vip]" in texts["tsql"]
    assert "'a\\'" in texts["postgres"]
    for dialect in ("snowflake", "bigquery", "spark"):
        assert "'a\\\\'" in texts[dialect]
    # Letters of any script, capitals apart, and blanks at the end not forgotten.
    assert "N'a\\.'" in texts["tsql"]
    assert "COLLATE Latin1_General_BIN2 + N'.'" in texts["tsql"]
    assert "TRUE" not in texts["tsql"]


def test_only_engines_that_know_it_are_told_to_keep_steps_apart():
    X, y = numbers()
    soft = SoftDecisionTreeClassifier(**STUMP).fit(X, y)
    for dialect in ("sqlite", "postgres", "snowflake"):
        sql = to_sql(soft, table="t", dialect=dialect)
        assert ("MATERIALIZED" in sql) == (dialect in ("sqlite", "postgres"))


def test_sql_server_would_join_two_lines():
    X = pd.DataFrame({"plan": ["a\\\nb", "c"] * 30})
    tree = HardDecisionTreeClassifier().fit(X, X["plan"].to_numpy())
    assert to_sql(tree, table="t", dialect="spark", X=X)
    with pytest.raises(ValueError, match="a backslash at the end of a line"):
        to_sql(tree, table="t", dialect="tsql")
