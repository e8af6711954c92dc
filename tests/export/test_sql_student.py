"""A tree as a SELECT: DuckDB and sqlite say what it says, on hostile rows too."""

import numpy as np
import pandas as pd
import pytest
import torch
from exported import FEW, TREE
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from written_sql import ENGINES, NET, STUMP, checked, mixed, numbers, targets

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    NeuralStudentClassifier,
    SoftDecisionTreeClassifier,
    StudentClassifier,
    StudentRegressor,
)
from skdistill.export import to_sql, verify


@pytest.mark.slow  # on more cases what test_matrix.py shows
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "kind", ["2 classes", "5 classes", "several targets", "labels"]
)
def test_classifiers_on_numbers(kind, engine):
    X, y = numbers()
    tree = HardDecisionTreeClassifier(max_leaf_nodes=8)
    checked(tree.fit(X, targets(y, kind)), X, engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_frame(engine):
    X, y = mixed()
    y = np.array(["no", "'); DROP TABLE t; --", "\\"])[y]
    checked(HardDecisionTreeClassifier(max_leaf_nodes=8).fit(X, y), X, engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_hard_regressors(engine):
    X, y = mixed()
    tree = HardDecisionTreeRegressor(max_leaf_nodes=8)
    assert "JOIN" not in checked(tree.fit(X, y * 1e5), X, engine)  # CASEs are shorter
    assert "JOIN" in checked(tree.fit(X, np.column_stack([y, -y, y])), X, engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_an_adjusted_prior_is_kept(engine):
    X, y = numbers()
    student = HardDecisionTreeClassifier().fit(X, np.array(["a", "b", "c"])[y])
    before = to_sql(student, table="t", dialect=engine)
    student.adjust_class_prior({"a": 0.8, "b": 0.15, "c": 0.05})
    checked(student, X, engine)
    assert verify(before, student)["largest_difference"] > 0.01


@pytest.mark.parametrize("engine", ENGINES)
def test_trees_of_scikit_learn(engine):
    X, y = numbers()
    student = StudentClassifier(student=DecisionTreeClassifier(max_depth=4))
    checked(student.fit(X.astype(np.float32), y), X, engine)
    student = StudentRegressor(student=DecisionTreeRegressor(max_depth=5))
    checked(student.fit(*mixed()), mixed()[0], engine)
    plain = HardDecisionTreeClassifier(max_leaf_nodes=6, preprocessor=None)
    checked(plain.fit(X, y), X, engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_single_leaf_and_columns_without_values(engine):
    X, _ = mixed()
    X = X.assign(
        nothing=np.nan, gaps=pd.Series([None] * len(X), dtype=object), same=1.0
    )
    checked(HardDecisionTreeRegressor().fit(X, np.full(len(X), 4.0)), X, engine)
    y = (X["income"] > 2).to_numpy()
    assert "TRUE" in checked(HardDecisionTreeClassifier().fit(X, y), X, engine)
    checked(SoftDecisionTreeClassifier(**STUMP).fit(X, y), X, engine)


def test_what_cannot_be_written():
    X, y = numbers()
    tree = HardDecisionTreeClassifier(max_leaf_nodes=4)
    with pytest.raises(NotFittedError):
        to_sql(tree, table="t")
    tree.fit(X, y)
    with pytest.raises(
        ValueError, match="dialect='oracle' must be one of duckdb, sqlite"
    ):
        to_sql(tree, table="t", dialect="oracle")
    with pytest.raises(
        ValueError, match=r"has [\d,]+ characters, and max_length=100: "
    ):
        to_sql(tree, table="t", max_length=100)
    with pytest.raises(ValueError, match="booleans=\\['vip'\\] are no columns of X"):
        to_sql(tree, table="t", booleans="vip")
    with pytest.raises(TypeError, match="has no form in numpy: take a net"):
        model = LogisticRegression(max_iter=1000)
        to_sql(StudentClassifier(student=model).fit(X, y), table="t")
    own = NeuralStudentClassifier(module=torch.nn.Linear, max_epochs=1).fit(X, y)
    with pytest.raises(TypeError, match="a torch module of your own"):
        to_sql(own, table="t")
    net = NeuralStudentClassifier(activation="gelu", **NET).fit(X, y)
    with pytest.raises(
        TypeError, match="activation='gelu' has no form in SQL: .* relu"
    ):
        to_sql(net, table="t")
    large = NeuralStudentClassifier(hidden_layer_sizes=(64, 64), **FEW).fit(X, y)
    with pytest.raises(ValueError, match="NeuralStudentClassifier has .* characters"):
        to_sql(large, table="t")


def test_large_whole_numbers_are_no_categories():
    ids = pd.Categorical(np.array([2**53, 2**53 + 1] * 30))
    tree = HardDecisionTreeClassifier().fit(
        pd.DataFrame({"id": ids}), np.arange(60) % 2
    )
    with pytest.raises(TypeError, match="'id' holds categories such as .* as strings"):
        to_sql(tree, table="t")


def test_a_wrong_text_is_found(tmp_path):
    X, y = numbers()
    tree = HardDecisionTreeClassifier(max_leaf_nodes=4).fit(X, y)
    sql = to_sql(tree, table="t", dialect="sqlite")
    assert verify(sql, tree, random_state=1)["labels_that_differ"] == 0
    wrong = sql.replace("<=", "<")
    assert wrong != sql
    path = tmp_path / "tree.sql"
    path.write_text(wrong, encoding="utf-8")
    assert verify(path, tree)["labels_that_differ"] > 0
    with pytest.raises(ValueError, match="of another student"):
        verify(sql, SoftDecisionTreeClassifier(**TREE).fit(X, y > 0))
    first, _, *rest = sql.splitlines()
    with pytest.raises(ValueError, match="lacks the two comments"):
        verify("\n".join([first, *rest]), tree)
    for changed in (sql[:200], sql.replace('"sqlite"', '"oracle"', 1)):
        with pytest.raises(ValueError, match="second comment at the head of the SQL"):
            verify(changed, tree)
