"""Every student, target and table in every place: it agrees, or is refused with a reason.

Agreement is what the exporters prove by themselves, by the real engine, on likely and
hostile rows, before they write.
"""

import functools

import numpy as np
import pandas as pd
import pytest
from exported import FEW

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
    export,
)

STUDENTS = {
    "net": (NeuralStudentClassifier, NeuralStudentRegressor),
    "soft tree": (SoftDecisionTreeClassifier, SoftDecisionTreeRegressor),
    "hard tree": (HardDecisionTreeClassifier, HardDecisionTreeRegressor),
}
# Few units and columns: SQL writes each product as text.
SIZES = {
    "net": {"hidden_layer_sizes": (4,), "numeric_embedding": None, **FEW},
    "soft tree": {"max_depth": 2, **FEW},
    "hard tree": {"max_leaf_nodes": 8},
}
TARGETS = ["2 classes", "5 classes", "values", "several", "quantiles"]
TABLES = ["numbers", "frame"]
PLACES = ["numpy", "onnx", "sklearn", "sql", "c"]
QUANTILES = [0.1, 0.5, 0.9]


def table(kind, n=160):
    random = np.random.default_rng(0)
    X = random.normal(size=(n, 3))
    if kind == "numbers":
        return X
    frame = pd.DataFrame(X, columns=["age", 'b\'s "size"', "c"])
    frame.loc[::7, "age"] = np.nan
    frame["plan"] = random.choice(["a", "it's", "ü"], n)
    frame.loc[::9, "plan"] = None
    frame["code"] = pd.Categorical(random.choice([1, 2, 3], n))
    return frame


def target(kind, X):
    first = np.nan_to_num(np.asarray(X)[:, :3].astype(float)) @ [1.0, 0.5, -1.0]
    if kind == "2 classes":
        return np.where(first > 0, "it's", 'not "it"')
    if kind == "5 classes":
        return np.digitize(first, [-1.5, -0.5, 0.5, 1.5])
    if kind == "several":
        return np.column_stack([first > 0, np.digitize(first, [-0.5, 0.5])]).astype(int)
    return first * 30 + 5


@functools.cache
def fitted(student, targets, kind):
    is_value = targets in ("values", "quantiles")
    options = dict(SIZES[student])
    if targets == "quantiles":
        options["quantiles"] = QUANTILES
    X = table(kind)
    return STUDENTS[student][is_value](**options).fit(X, target(targets, X)), X


def refused(student, targets, place):
    """What the message says, of pairs that cannot be."""
    if place == "sklearn" and student != "hard tree":
        return "tree of plain questions"
    return None


def proof(place, student, X, folder):
    """What an exporter says of its comparison; it raises where a label differs."""
    if place == "numpy":
        return export.to_numpy(student, X).meta["proof"]
    if place == "sklearn":
        return export.to_sklearn_tree(student, X).skdistill_proof_
    if place == "sql":
        return export.verify(export.to_sql(student, table="customers"), student, X)
    path = folder / ("student.onnx" if place == "onnx" else "student.h")
    return (export.to_onnx if place == "onnx" else export.to_c)(student, path, X=X)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", TABLES)
@pytest.mark.parametrize("targets", TARGETS)
@pytest.mark.parametrize("name", STUDENTS)
def test_each_cell(name, targets, kind, place, tmp_path):
    if name == "hard tree" and targets == "quantiles":
        with pytest.raises(TypeError, match="quantiles"):
            fitted(name, targets, kind)
        return
    student, X = fitted(name, targets, kind)
    why = refused(name, targets, place)
    if why is not None:
        with pytest.raises(TypeError, match=why):
            proof(place, student, None, tmp_path)
        return
    rows = (
        np.asarray(X, dtype=np.float32).astype(float)
        if place == "sklearn" and kind == "numbers"
        else X
    )
    record = proof(place, student, rows, tmp_path)
    assert record["rows"] >= 256 + len(X)
    assert record["labels_that_differ"] in (0, None)
    assert record["largest_difference"] <= 1e-12


@pytest.mark.parametrize("place", ["numpy", "onnx", "sql", "c"])
@pytest.mark.parametrize(
    "options", [{"inference": "path"}, {"inference": "leaf"}, {"leaf": "linear"}]
)
def test_other_answers_of_soft_trees(options, place, tmp_path):
    X = table("frame")
    tree = SoftDecisionTreeClassifier(**options, **SIZES["soft tree"])
    tree.fit(X, target("5 classes", X))
    record = proof(place, tree, X, tmp_path)
    assert record["labels_that_differ"] == 0
    assert record["largest_difference"] <= 1e-12
