"""Hard trees as ONNX: exact, on every kind of target and table, in both operators."""

import numpy as np
import onnx
import pytest
from exported import TREE
from onnx_services import served, session_of
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LinearRegression
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from tables_to_export import TABLES, mixed_frame, targets

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    SoftDecisionTreeClassifier,
    StudentClassifier,
    StudentRegressor,
)

IRIS, SPECIES = load_iris(return_X_y=True)


@pytest.mark.slow  # on more cases what test_matrix.py shows
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("kind", ["two", "five", "labels", "several"])
def test_classes(kind, table, tmp_path):
    X, params = TABLES[table]()
    student = HardDecisionTreeClassifier(max_leaf_nodes=8, **params)
    record = served(student.fit(X, targets(X)[kind]), X, tmp_path / "a.onnx")
    assert record["labels_that_differ"] == 0
    assert record["largest_difference"] <= 1e-15


@pytest.mark.slow  # on more cases what test_matrix.py shows
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("kind", ["value", "values"])
def test_values(kind, table, tmp_path):
    X, params = TABLES[table]()
    student = HardDecisionTreeRegressor(max_leaf_nodes=8, **params)
    record = served(student.fit(X, targets(X)[kind]), X, tmp_path / "a.onnx")
    assert record["largest_difference"] <= 1e-15


@pytest.mark.parametrize("opset", [17, 19, 21])
@pytest.mark.parametrize(
    "student",
    [
        HardDecisionTreeClassifier(max_leaf_nodes=16),
        SoftDecisionTreeClassifier(inference="path", **TREE),
    ],
    ids=["hard", "path"],
)
def test_old_and_new_opsets(student, opset, tmp_path):
    X, _ = mixed_frame()
    student.fit(X, targets(X)["five"])
    served(student, X, tmp_path / "a.onnx", opset=opset)
    model = onnx.load(tmp_path / "a.onnx")
    operators = {node.op_type for node in model.graph.node}
    assert ("TreeEnsemble" if opset >= 21 else "TreeEnsembleRegressor") in operators
    assert {each.domain: each.version for each in model.opset_import}[""] == opset


@pytest.mark.slow
def test_of_many_leaves_and_of_one(tmp_path):
    X, y = load_diabetes(return_X_y=True)
    student = HardDecisionTreeRegressor(max_leaf_nodes=100).fit(X, y)
    assert served(student, X, tmp_path / "a.onnx")["largest_difference"] == 0
    constant = HardDecisionTreeClassifier().fit(IRIS[:, :1] * 0, SPECIES > 0)
    served(constant, IRIS[:, :1], tmp_path / "a.onnx")


def test_an_adjusted_prior_is_kept(tmp_path):
    student = HardDecisionTreeClassifier(max_leaf_nodes=6).fit(IRIS, SPECIES)
    served(student.adjust_class_prior([0.8, 0.1, 0.1]), IRIS, tmp_path / "a.onnx")


def test_single_trees_of_scikit_learn(tmp_path):
    tree = StudentClassifier(student=DecisionTreeClassifier(max_depth=3))
    served(tree.fit(IRIS, SPECIES), IRIS, tmp_path / "a.onnx")
    X, _ = mixed_frame()
    values = StudentRegressor(student=DecisionTreeRegressor(max_depth=4))
    served(values.fit(X, targets(X)["value"]), X, tmp_path / "a.onnx")


@pytest.mark.parametrize("params", [{}, {"preprocessor": None}])
def test_a_gap_that_the_student_refuses_gives_no_value(params, tmp_path):
    teacher = LinearRegression()  # which takes none
    student = HardDecisionTreeRegressor(teacher, max_leaf_nodes=6, **params)
    served(student.fit(IRIS, IRIS[:, 0] * SPECIES), IRIS, tmp_path / "a.onnx")
    holes = np.where(np.eye(4, dtype=bool), np.nan, IRIS[:4])
    with pytest.raises(ValueError, match="NaN"):
        student.predict(holes)
    (values,) = session_of(tmp_path / "a.onnx").run(None, {"X": holes})
    # A gap of a column that no question is about changes nothing.
    asked = student.tree_.feature[student.tree_.children_left >= 0]
    np.testing.assert_array_equal(np.isnan(values), np.isin(np.arange(4), asked))
