"""SQL on tables as people have them: of all types, and with names that clash."""

import sqlite3
from contextlib import closing

import duckdb
import numpy as np
import pandas as pd
import pytest
from written_sql import NET, STUMP

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    NeuralStudentClassifier,
    SoftDecisionTreeClassifier,
)
from skdistill.export import to_sql, verify


def customers(n=200, gaps=True):
    random = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "tenure": random.integers(72, size=n).astype(float),
            "charge": np.round(random.normal(60, 30, size=n), 2),
            "vip": random.integers(2, size=n).astype(float),
            "plan": random.choice(["a", "A", "b"], n),
        }
    )
    if gaps:
        X.loc[::7, ["tenure", "plan"]] = None
        X.loc[::9, ["charge", "vip"]] = None
    asks = X["tenure"] > 30, X["charge"] > 60, X["vip"] == 1, X["plan"] == "a"
    score = np.sum(asks, axis=0)
    return X, np.where(score > 2, "yes", "no")


def asked(sql, X, types, engine):
    """Answers of a database whose table has columns of such types."""
    defined = ", ".join(f'"{name}" {kind}' for name, kind in types.items())
    rows = X.astype(object).where(X.notna(), None)
    rows = [[i, *row] for i, row in enumerate(rows.to_numpy().tolist())]
    con = duckdb.connect() if engine == "duckdb" else sqlite3.connect(":memory:")
    with closing(con):
        con.execute(f'CREATE TABLE "customers" (id BIGINT, {defined})')
        marks = ", ".join("?" * len(rows[0]))
        con.executemany(f"INSERT INTO customers VALUES ({marks})", rows)
        answers = pd.DataFrame(
            con.execute(sql).fetchall(),
            columns=[each[0] for each in con.execute(sql).description],
        )
    return answers.sort_values("id", ignore_index=True)


@pytest.mark.parametrize(
    ("engine", "types"),
    [
        ("duckdb", ["INTEGER", "DECIMAL(9, 2)", "BOOLEAN", "ENUM ('a', 'A', 'b')"]),
        ("duckdb", ["VARCHAR", "FLOAT", "TINYINT", "VARCHAR"]),
        ("sqlite", ["INTEGER", "REAL", "BOOLEAN", "TEXT COLLATE NOCASE"]),
        ("sqlite", ["TEXT", "TEXT", "TEXT", "TEXT"]),
        ("sqlite", ["", "", "", ""]),
    ],
)
def test_columns_of_any_type(engine, types):
    X, y = customers()
    tree = HardDecisionTreeClassifier(max_leaf_nodes=12, random_state=0).fit(X, y)
    soft = SoftDecisionTreeClassifier(**STUMP).fit(X, y)
    types = dict(zip(X.columns, types, strict=True))
    for student in (tree, soft):
        sql = to_sql(student, table="customers", keep="id", dialect=engine)
        said = asked(sql, X, types, engine)
        assert said.columns.tolist() == [
            "id",
            "prediction",
            "probability_no",
            "probability_yes",
        ]
        np.testing.assert_array_equal(said["prediction"], student.predict(X))
        p = said.iloc[:, 2:].to_numpy()
        atol = 1e-12 if types["charge"] != "FLOAT" or student is tree else 1e-4
        np.testing.assert_allclose(p, student.predict_proba(X), rtol=0, atol=atol)


def test_gaps_of_all_kinds_are_alike():
    X, y = customers()
    tree = HardDecisionTreeClassifier(max_leaf_nodes=12, random_state=0).fit(X, y)
    rows = pd.concat([X.iloc[:1]] * 5, ignore_index=True)
    expected = tree.predict_proba(rows.assign(charge=np.nan))
    sql = to_sql(tree, table="customers")
    gaps = [None, float("nan"), float("inf"), float("-inf"), 1.7e308]
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE customers (tenure INT, charge DOUBLE, vip INT, plan TEXT)"
    )
    for row, gap in zip(rows.to_numpy(object).tolist(), gaps, strict=True):
        row = [None if value != value else value for value in row]
        con.execute(
            "INSERT INTO customers VALUES (?, ?, ?, ?)", [row[0], gap, *row[2:]]
        )
    np.testing.assert_array_equal(
        [r[1:] for r in con.execute(sql).fetchall()], expected
    )
    # In sqlite so is a text that is no number.
    sql = to_sql(tree, table="customers", dialect="sqlite", keep="id")
    some = rows.assign(charge=["n/a", "", "5 EUR", "nan", None])
    types = dict.fromkeys(X.columns, "TEXT")
    said = asked(sql, some, types, "sqlite")
    np.testing.assert_array_equal(said.iloc[:, 2:].to_numpy(), expected)


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_a_gap_that_the_student_refuses_has_no_answer(engine):
    X, y = customers(gaps=False)
    X = X[["tenure", "charge"]]
    types = {"tenure": "DOUBLE", "charge": "DOUBLE"}
    for student in (
        HardDecisionTreeClassifier(max_leaf_nodes=8),
        HardDecisionTreeRegressor(max_leaf_nodes=8),
        SoftDecisionTreeClassifier(**STUMP),
        SoftDecisionTreeClassifier(inference="path", **STUMP),
        NeuralStudentClassifier(**NET),
    ):
        student.set_params(preprocessor=None, random_state=0)
        student.fit(X / 100, (y == "yes").astype(int))
        some = X.iloc[:3] / 100
        some.iloc[1] = np.nan
        sql = to_sql(student, table="customers", keep="id", dialect=engine)
        said = asked(sql, some, types, engine).iloc[:, 1:]
        assert said.isna().all(axis=1).tolist() == [False, True, False]
        assert (
            said.iloc[[0, 2], 0].tolist() == student.predict(some.iloc[[0, 2]]).tolist()
        )


@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
def test_a_column_that_is_not_there_is_an_error(engine):
    X, y = customers()
    tree = HardDecisionTreeClassifier(max_leaf_nodes=8, random_state=0).fit(X, y)
    sql = to_sql(tree, table="customers", keep="id", dialect=engine)
    types = {"tenure": "REAL", "charge": "REAL", "vip": "REAL", "other": "TEXT"}
    with pytest.raises(
        (duckdb.BinderException, sqlite3.OperationalError), match="plan"
    ):
        asked(sql, X.rename(columns={"plan": "other"}), types, engine)


@pytest.mark.slow  # on more cases what other tests show
@pytest.mark.parametrize("engine", ["duckdb", "sqlite"])
@pytest.mark.parametrize("table", ["STEP_1", "l", 'a "b"; --'])
def test_tables_and_columns_that_are_called_like_steps(table, engine):
    X, y = customers()
    X.columns = ["x1", "k0", "leaf", "t"]
    tree = HardDecisionTreeClassifier(max_leaf_nodes=8, random_state=0).fit(X, y)
    soft = SoftDecisionTreeClassifier(**STUMP).fit(X, y)
    for student, schema in ((tree, "my schema"), (soft, None)):
        keep = ["x1", "n0"]
        sql = to_sql(
            student, table=table, schema=schema, dialect=engine, keep=keep, X=X
        )
        assert verify(sql, student, random_state=1)["labels_that_differ"] == 0


def test_yes_and_no_that_duckdb_reads_as_booleans(tmp_path):
    X, y = customers(gaps=False)
    X["partner"] = np.where(y == "yes", "no", "yes")
    tree = HardDecisionTreeClassifier(max_leaf_nodes=4).fit(X, y)
    X.to_csv(tmp_path / "customers.csv", index_label="id")
    source = f"read_csv('{tmp_path / 'customers.csv'}'"
    con, sql = duckdb.connect(), to_sql(tree, table="customers", keep="id")
    con.execute(f"CREATE VIEW customers AS FROM {source})")
    with pytest.raises(duckdb.Error, match="partner is BOOLEAN.*make it VARCHAR"):
        con.execute(sql)
    types = "types = {'partner': 'VARCHAR'})"
    con.execute(f"CREATE OR REPLACE VIEW customers AS FROM {source}, {types}")
    scored = con.execute(sql).df().sort_values("id")
    con.close()
    assert (scored["prediction"] == tree.predict(X)).all()


def test_booleans_that_were_their_own_text_in_training():
    X, y = customers(gaps=False)
    X["plan"] = np.where(X["charge"] > 60, "true", "false")
    tree = HardDecisionTreeClassifier(max_leaf_nodes=4).fit(X, y)
    sql = to_sql(tree, table="customers", keep="id")
    types = dict.fromkeys(X, "DOUBLE") | {"plan": "BOOLEAN"}
    got = asked(sql, X.assign(plan=X["plan"] == "true"), types, "duckdb")
    assert (got["prediction"] == tree.predict(X)).all()
