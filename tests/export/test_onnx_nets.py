"""Nets as ONNX: every kind of target, table and activation."""

import numpy as np
import pytest
from exported import FEW, SMALL
from onnx_services import (
    assert_same,
    metadata_of,
    served,
    session_of,
)
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from tables_to_export import TABLES, targets

from skdistill import (
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    Periodic,
)
from skdistill.export import to_onnx

IRIS, SPECIES = load_iris(return_X_y=True)


@pytest.mark.slow  # on more cases what test_matrix.py shows
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("kind", ["two", "five", "labels", "several"])
def test_classes(table, kind, tmp_path):
    X, params = TABLES[table]()
    y = targets(X)[kind]
    student = NeuralStudentClassifier(**SMALL, **params).fit(X, y)
    assert served(student, X, tmp_path / "a.onnx")["labels_that_differ"] == 0


@pytest.mark.slow  # on more cases what test_matrix.py shows
@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("kind", ["value", "values", "quantiles"])
def test_values(table, kind, tmp_path):
    X, params = TABLES[table]()
    if kind == "quantiles":
        params = {**params, "quantiles": [0.1, 0.5, 0.9]}
    student = NeuralStudentRegressor(**SMALL, **params)
    student.fit(X, targets(X)["values" if kind == "values" else "value"])
    assert served(student, X, tmp_path / "a.onnx")["labels_that_differ"] is None


@pytest.mark.parametrize(
    "activation", ["relu", "gelu", "silu", "tanh", "logistic", "identity"]
)
def test_activations(activation, tmp_path):
    student = NeuralStudentClassifier(activation=activation, **SMALL)
    served(student.fit(IRIS, SPECIES), IRIS, tmp_path / "a.onnx")


def test_gelu_is_exact_for_every_size_of_number(tmp_path):
    X = np.linspace(-40, 40, 4001)[:, None]
    student = NeuralStudentRegressor(
        activation="gelu", preprocessor=None, numeric_embedding=None, **SMALL
    )
    served(student.fit(X, np.sin(X[:, 0])), X, tmp_path / "a.onnx")


OTHER_NETS = {
    "no layer": {"hidden_layer_sizes": ()},
    "two layers": {"hidden_layer_sizes": (8, 4)},
    "no bins": {"numeric_embedding": None},
    "waves": {"numeric_embedding": Periodic(3)},
    "clipped": {"clip": 2.0},
    "dropout": {"dropout": 0.5},
    "open scale": {"teacher": LogisticRegression(max_iter=1000), "loss": "dist"},
}


@pytest.mark.parametrize("name", OTHER_NETS)
def test_other_nets(name, tmp_path):
    student = NeuralStudentClassifier(**{**SMALL, **OTHER_NETS[name]})
    served(student.fit(IRIS, SPECIES), IRIS, tmp_path / "a.onnx", opset=21)


def test_columns_of_few_bins_beside_one_of_many(tmp_path):
    X = np.column_stack([IRIS, *(IRIS[:, :2] > 3).T, np.round(IRIS[:, 2])])
    student = NeuralStudentClassifier(**SMALL).fit(X, SPECIES)
    served(student, X, tmp_path / "a.onnx")
    members = NeuralStudentClassifier(n_members=3, **SMALL).fit(X, SPECIES)
    served(members, X, tmp_path / "a.onnx")


@pytest.mark.parametrize("kind", ["five", "labels", "several", "quantiles"])
def test_members(kind, tmp_path):
    X, _ = TABLES["numbers"]()
    if kind == "quantiles":
        student = NeuralStudentRegressor(
            n_members=3, quantiles=[0.2, 0.8], hidden_layer_sizes=(4,), **FEW
        )
    else:
        student = NeuralStudentClassifier(n_members=3, **SMALL)
    student.fit(X, targets(X)["value" if kind == "quantiles" else kind])
    served(student, X, tmp_path / "a.onnx")


@pytest.mark.parametrize("members", [1, 3])
def test_an_adjusted_prior_is_kept(members, tmp_path):
    labels = np.array(["it's", 'a "b"', "c\\"])[SPECIES]
    student = NeuralStudentClassifier(n_members=members, **SMALL).fit(IRIS, labels)
    student.adjust_class_prior({"it's": 0.9, 'a "b"': 0.05, "c\\": 0.05})
    served(student, IRIS, tmp_path / "a.onnx")
    assert metadata_of(tmp_path / "a.onnx")["classes"] == sorted(set(labels))


def test_few_rows_and_many(tmp_path):
    """An engine multiplies them in other ways."""
    student = NeuralStudentClassifier(hidden_layer_sizes=(64, 64), **FEW)
    to_onnx(student.fit(IRIS, SPECIES), tmp_path / "a.onnx")
    session = session_of(tmp_path / "a.onnx")
    for n in (1, 2, 7, 150):
        assert_same(session.run(None, {"X": IRIS[-n:]}), student, IRIS[-n:])
