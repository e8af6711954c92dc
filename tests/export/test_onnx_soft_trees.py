"""Soft trees as ONNX: every way to answer, target and table."""

import numpy as np
import pytest
from exported import FEW, TREE
from onnx_services import served, session_of
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from tables_to_export import TABLES, targets

from skdistill import SoftDecisionTreeClassifier, SoftDecisionTreeRegressor

IRIS, SPECIES = load_iris(return_X_y=True)
WAYS = {
    "mixture": {"inference": "mixture"},
    "path": {"inference": "path"},
    "leaf": {"inference": "leaf"},
    "linear": {"leaf": "linear", "inference": "mixture"},
}


@pytest.mark.slow  # on more cases what test_matrix.py shows
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("kind", ["two", "five", "labels", "several"])
@pytest.mark.parametrize("way", WAYS)
def test_classes(way, kind, table, tmp_path):
    X, params = TABLES[table]()
    student = SoftDecisionTreeClassifier(**TREE, **WAYS[way], **params)
    record = served(student.fit(X, targets(X)[kind]), X, tmp_path / "a.onnx")
    assert record["labels_that_differ"] == 0


@pytest.mark.slow  # on more cases what test_matrix.py shows
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("kind", ["value", "values"])
@pytest.mark.parametrize("way", WAYS)
def test_values(way, kind, table, tmp_path):
    X, params = TABLES[table]()
    student = SoftDecisionTreeRegressor(**TREE, **WAYS[way], **params)
    served(student.fit(X, targets(X)[kind]), X, tmp_path / "a.onnx")


@pytest.mark.parametrize("way", WAYS)
def test_quantiles(way, tmp_path):
    X, _ = TABLES["frame"]()
    student = SoftDecisionTreeRegressor(quantiles=[0.1, 0.5, 0.9], **TREE, **WAYS[way])
    served(student.fit(X, targets(X)["value"]), X, tmp_path / "a.onnx")


SHAPES = {
    "one gate": {"max_depth": 1},
    "grown": {"max_leaf_nodes": 5},
    "grown, a path": {"max_leaf_nodes": 5, "inference": "path"},
    "grown, a leaf": {"max_leaf_nodes": 5, "inference": "leaf"},
    "axis": {"max_depth": 3, "split": "axis"},
    "axis, a path": {"max_depth": 3, "split": "axis", "inference": "path"},
    "deep": {"max_depth": 8},
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_of_soft_trees(name, tmp_path):
    student = SoftDecisionTreeClassifier(**{**FEW, **SHAPES[name]})
    served(student.fit(IRIS, SPECIES), IRIS, tmp_path / "a.onnx")


@pytest.mark.parametrize("inference", ["mixture", "path", "leaf"])
def test_a_tree_without_gates(inference, tmp_path):
    """Nothing was to be learnt."""
    student = SoftDecisionTreeClassifier(max_leaf_nodes=4, inference=inference, **FEW)
    student.fit(IRIS[:, :1] * 0, SPECIES)
    served(student, IRIS[:, :1], tmp_path / "a.onnx")


@pytest.mark.parametrize("inference", ["mixture", "path", "leaf"])
def test_gates_a_million_times_as_steep(inference, tmp_path):
    """Log(Sigmoid(z)), as torch writes it, gives NaN on them."""
    student = SoftDecisionTreeClassifier(inference=inference, **TREE)
    student.fit(IRIS, SPECIES)
    for parameter in (student.module_.gate_weight, student.module_.gate_bias):
        parameter.data.mul_(1e6)
    served(student, IRIS, tmp_path / "a.onnx")


@pytest.mark.parametrize("way", WAYS)
def test_an_adjusted_prior_is_kept(way, tmp_path):
    student = SoftDecisionTreeClassifier(**TREE, **WAYS[way]).fit(IRIS, SPECIES)
    served(student.adjust_class_prior([0.8, 0.1, 0.1]), IRIS, tmp_path / "a.onnx")


@pytest.mark.slow  # on more cases what other tests show
@pytest.mark.parametrize("params", [{}, {"preprocessor": None}])
@pytest.mark.parametrize("way", WAYS)
def test_a_gap_that_the_student_refuses_gives_no_probability(way, params, tmp_path):
    teacher = LogisticRegression(max_iter=1000)  # which takes none
    student = SoftDecisionTreeClassifier(teacher, **TREE, **WAYS[way], **params)
    served(student.fit(IRIS, SPECIES), IRIS, tmp_path / "a.onnx")
    holes = np.where(np.eye(4, dtype=bool), np.nan, IRIS[:4])
    with pytest.raises(ValueError, match="NaN"):
        student.predict(holes)
    p = session_of(tmp_path / "a.onnx").run(["probabilities"], {"X": holes})[0]
    assert np.isnan(p).all()
