import numpy as np
import pandas as pd
import pytest
from said_answers import asked_about, both
from scipy import sparse

from skdistill import HardDecisionTreeClassifier, NeuralStudentRegressor, explain
from skdistill.report.rows import largest_differences


def of_classes(n=20, X=None, **more):
    p = np.full(n, 0.4)
    q = p.copy()
    q[[3, 7, 5]] = [0.9, 0.1, 0.6]
    X = np.arange(2.0 * n).reshape(n, 2) if X is None else X
    models = more.pop("models", {"student": None})
    says = {"teacher": both(p), "student": both(q)}
    return asked_about(X, says, models=models, **more)


def test_the_rows_that_differ_most_come_first_and_say_what_each_says():
    rows = largest_differences(of_classes(y=np.arange(20) % 2))
    assert [row.position for row in rows] == [3, 7, 5]  # elsewhere nothing differs
    first, second, _ = rows
    assert (first.student_says, first.teacher_says) == ("Yes (90 %)", "No (60 %)")
    assert (second.student_says, second.label) == ("No (90 %)", "Yes")
    assert first.difference == pytest.approx(0.5)
    assert first.values == {"feature_0": "6", "feature_1": "7"}
    assert first.model == "student"
    assert first.why == ""  # None cannot be read
    assert len(largest_differences(of_classes(), n=2)) == 2
    assert largest_differences(of_classes())[0].label == ""


def test_cells_are_shown_as_people_write_them():
    X = pd.DataFrame(
        {
            "charge": np.linspace(0, 1, 20) / 3,
            "n": 10**9 + np.arange(20),
            "plan": pd.Categorical(["<b>", None] * 10),
            "day": pd.date_range("2026-01-01", periods=20),
            "long": ["x" * 5000] * 20,
        }
    )
    shown = largest_differences(of_classes(X=X))[0].values
    assert shown["charge"] == "0.0526316"
    assert shown["n"] == "1,000,000,003"
    assert shown["plan"] == "missing"
    assert shown["day"].startswith("2026-01-04")
    assert len(shown["long"]) < 600
    assert largest_differences(of_classes(X=X.iloc[1:]))[0].values["plan"] == "<b>"


def test_every_container_shows_the_same():
    import polars as pl
    import pyarrow as pa

    X = pd.DataFrame({"a": [0.5, None] * 10, "b": ["u", "v", None, "w"] * 5})
    array = X.astype(object).where(X.notna(), None).to_numpy()
    frames = [X, pl.from_pandas(X), pa.Table.from_pandas(X)]
    shown = [
        [r.values for r in largest_differences(of_classes(X=each))] for each in frames
    ]
    assert shown[0] == shown[1] == shown[2]
    assert shown[0][0] == {"a": "missing", "b": "w"}
    values = [
        list(row.values.values()) for row in largest_differences(of_classes(X=array))
    ]
    assert values == [list(each.values()) for each in shown[0]]


def test_of_texts_and_sparse_rows_what_is_there_is_shown():
    texts = [f"text\n{i}" for i in range(20)]
    assert largest_differences(of_classes(X=texts))[0].values == {"text": "text\\n3"}
    X = sparse.csr_matrix(np.eye(20, 300))
    assert largest_differences(of_classes(X=X))[0].values == {"feature_3": "1"}


def test_wide_rows_are_cut():
    rows = largest_differences(of_classes(X=np.zeros((20, 5000))))
    assert len(rows[0].values) == 100


def test_of_labels_the_one_that_differs_most_is_named():
    p = np.tile([0.2, 0.9, 0.6], (8, 1))
    q = p.copy()
    q[4, 2] = 0.1
    y = np.tile([0, 1, 1], (8, 1))
    y[5] = 0
    q[5, 0] = 0.4
    names = ("rude", "spam", "new")
    X = np.zeros((8, 1))
    asked = asked_about(
        X, {"teacher": p, "student": q}, y, "labels", names, models={"student": None}
    )
    first, second = largest_differences(asked)
    assert (first.student_says, first.teacher_says) == ("new (10 %)", "new (60 %)")
    assert (first.label, second.label) == ("spam, new", "none")
    assert second.student_says == "rude (40 %)"


def test_values_are_numbers_and_of_several_each_counts_by_its_spread():
    rng = np.random.default_rng(0)
    taught = rng.normal(size=(50, 1)) * 1000 + 104_000
    learnt = taught.copy()
    learnt[9] = taught[9] + 5000
    says = {"teacher": taught, "student": learnt}
    more = {"task": "values", "models": {"student": None}}
    (row,) = largest_differences(
        asked_about(np.zeros((50, 1)), says, taught, classes=("price",), **more)
    )
    assert row.difference == pytest.approx(5000)
    assert float(row.student_says.replace(",", "")) == pytest.approx(
        learnt[9, 0], rel=1e-3
    )
    assert row.label == row.teacher_says

    both_of = np.column_stack([taught[:, 0], rng.normal(size=50)])
    other = both_of.copy()
    other[4] += [500, 0]  # half a standard deviation
    other[6] += [0, 3]  # three
    says = {"teacher": both_of, "student": other}
    rows = largest_differences(
        asked_about(np.zeros((50, 1)), says, classes=("price", "rooms"), **more)
    )
    assert [row.position for row in rows] == [6, 4]
    assert row.student_says.count("price") == 0
    assert rows[0].student_says.startswith("price 10")
    assert ", rooms " in rows[0].student_says


def test_quantiles_are_named():
    taught = np.tile([1.0, 2.0, 3.0], (6, 1, 1))
    learnt = taught + 1
    learnt[2] += 5
    asked = asked_about(
        np.zeros((6, 1)),
        {"teacher": taught, "student": learnt},
        task="quantiles",
        classes=("y",),
        quantiles=(0.1, 0.5, 0.9),
        models={"student": None},
    )
    first = largest_differences(asked)[0]
    assert first.position == 2
    assert first.teacher_says == "10 %: 1, 50 %: 2, 90 %: 3"


def test_why_is_what_explain_says_and_asks_no_teacher(iris, iris_forest):
    X, y = iris
    tree = HardDecisionTreeClassifier(
        iris_forest, max_leaf_nodes=3, transfer=None, random_state=0
    ).fit(X, y)
    p = iris_forest.predict_proba(X)
    says = {"teacher": p, "student": tree.predict_proba(X)}
    asked = asked_about(X, says, classes=tuple(tree.classes_), models={"student": tree})
    rows = largest_differences(asked)
    assert len(rows) == 10
    for row in rows:
        assert row.why == explain(tree, X[[row.position]])
    gaps = np.abs(p - says["student"]).max(axis=1)
    assert [row.difference for row in rows] == sorted(gaps, reverse=True)[:10]


def test_a_net_says_which_columns_speak(diabetes):
    X, y = diabetes
    net = NeuralStudentRegressor(hidden_layer_sizes=(4,), max_epochs=2, random_state=0)
    says = {"student": net.fit(X, y).predict(X)[:, None], "teacher": y[:, None]}
    asked = asked_about(X, says, task="values", classes=("y",), models={"student": net})
    assert "average row" in largest_differences(asked, n=1)[0].why
