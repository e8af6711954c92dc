"""Pipelines with a student as the last step, converted by skl2onnx."""

import sys

import numpy as np
import pandas as pd
import pytest
from exported import SMALL, TREE
from onnx_services import assert_same, fed, session_of
from skl2onnx import to_onnx
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from tables_to_export import mixed_frame, targets

import skdistill.export.onnx
from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
    StudentClassifier,
    StudentRegressor,
)

IRIS, SPECIES = load_iris(return_X_y=True)
CLASSIFIERS = {
    "net": NeuralStudentClassifier(**SMALL),
    "members": NeuralStudentClassifier(n_members=2, **SMALL),
    "soft": SoftDecisionTreeClassifier(**TREE),
    "path": SoftDecisionTreeClassifier(inference="path", **TREE),
    "hard": HardDecisionTreeClassifier(max_leaf_nodes=6),
    "single": StudentClassifier(student=DecisionTreeClassifier(max_depth=3)),
}
REGRESSORS = {
    "net": NeuralStudentRegressor(**SMALL),
    "quantiles": NeuralStudentRegressor(quantiles=[0.1, 0.9], **SMALL),
    "soft": SoftDecisionTreeRegressor(**TREE),
    "hard": HardDecisionTreeRegressor(max_leaf_nodes=6),
    "single": StudentRegressor(student=DecisionTreeRegressor(max_depth=3)),
}
PLAIN = {"zipmap": False}


@pytest.mark.parametrize("name", CLASSIFIERS)
@pytest.mark.parametrize("kind", ["ints", "texts", "bools", "several", "labels"])
def test_classifiers(name, kind):
    y = {
        "ints": SPECIES,
        "texts": np.array(["it's", 'a "b"', "c"])[SPECIES],
        "bools": SPECIES > 0,
        "several": np.column_stack([SPECIES, SPECIES > 0]),
        "labels": np.column_stack([SPECIES > 0, SPECIES > 1]).astype(int),
    }[kind]
    pipeline = make_pipeline(StandardScaler(), clone(CLASSIFIERS[name])).fit(IRIS, y)
    # Rows of float32 are scaled in float32 by skl2onnx: not exactly the student's rows.
    for X, tolerance in ((IRIS, 1e-12), (IRIS.astype(np.float32), 1e-5)):
        session = session_of(to_onnx(pipeline, X[:1], options=PLAIN))
        said = session.run(None, {"X": X})
        assert_same(said, pipeline, X, tolerance)
        assert {each.dtype for each in said[1:]} == {X.dtype}


@pytest.mark.parametrize("name", REGRESSORS)
def test_regressors(name):
    y = IRIS[:, 0] * 10 + SPECIES
    pipeline = make_pipeline(StandardScaler(), clone(REGRESSORS[name])).fit(IRIS, y)
    for X, tolerance in ((IRIS, 1e-12), (IRIS.astype(np.float32), 1e-5)):
        (values,) = session_of(to_onnx(pipeline, X[:1])).run(["variable"], {"X": X})
        expected = pipeline.predict(X).reshape(len(X), -1)
        assert values.dtype == X.dtype and values.shape == expected.shape
        np.testing.assert_allclose(values, expected, rtol=tolerance)


@pytest.mark.parametrize("X", [IRIS, IRIS.astype(np.float32)], ids=["f8", "f4"])
@pytest.mark.parametrize("y", [SPECIES, np.array(["a", "b", "c"])[SPECIES]])
def test_options_of_skl2onnx(y, X):
    tree = HardDecisionTreeClassifier(max_leaf_nodes=6).fit(X, y)
    p = tree.predict_proba(X)

    def said(**options):
        model = to_onnx(tree, X[:1], options=options, target_opset=18)
        return session_of(model).run(None, {"X": X})

    label, dicts = said()
    assert (label == tree.predict(X)).all()
    assert set(dicts[0]) == set(tree.classes_.tolist())
    ours = [[row[label] for label in tree.classes_.tolist()] for row in dicts]
    np.testing.assert_allclose(ours, p, atol=1e-6)
    label, *columns = said(zipmap="columns")
    assert (label == tree.predict(X)).all()
    np.testing.assert_allclose(np.column_stack(columns), p, atol=1e-6)
    label, _ = said(zipmap=False, nocl=True)
    assert (label == np.searchsorted(tree.classes_, tree.predict(X))).all()


@pytest.mark.parametrize("name", ["net", "soft", "hard"])
def test_after_a_column_transformer(name):
    X, _ = mixed_frame()
    X = X[["age", "in come", 'pl"an']].rename(
        columns={"in come": "income", 'pl"an': "plan"}
    )
    X["plan"] = X["plan"].fillna("none").astype(object)
    numbers = ["age", "income"]
    columns = ColumnTransformer(
        [("n", StandardScaler(), numbers), ("c", OneHotEncoder(), ["plan"])],
        sparse_threshold=0,
    )
    y = targets(X)["five"]
    pipeline = Pipeline([("view", columns), ("student", clone(CLASSIFIERS[name]))])
    pipeline.fit(X, y)
    session = session_of(to_onnx(pipeline, X[:1], options=PLAIN))
    assert_same(session.run(None, fed(session, X)), pipeline, X)


@pytest.mark.parametrize("name", ["net", "soft", "hard"])
def test_columns_of_a_frame_without_a_step_before(name):
    X, _ = mixed_frame()
    X = X.drop(columns=["span", "size", "vip", "in come"])
    X = X.rename(columns={'pl"an': "plan", "label": "n"}).astype({"plan": object})
    pipeline = make_pipeline(clone(CLASSIFIERS[name])).fit(X, targets(X)["two"])
    session = session_of(to_onnx(pipeline, X[:1], options=PLAIN))
    kinds = {each.name: each.type for each in session.get_inputs()}
    assert kinds["plan"] == "tensor(string)" and kinds["member"] == "tensor(bool)"
    assert_same(session.run(None, fed(session, X)), pipeline, X)
    # In another order too: columns are found by their names.
    turned = X[X.columns[::-1]]
    session = session_of(to_onnx(pipeline, turned[:1], options=PLAIN))
    assert_same(session.run(None, fed(session, turned)), pipeline, X)


def test_two_students_in_one_graph_and_a_target_opset():
    tree = HardDecisionTreeClassifier(max_leaf_nodes=4)
    from sklearn.ensemble import StackingClassifier

    stack = StackingClassifier(
        [("a", tree), ("b", NeuralStudentClassifier(**SMALL))],
        LogisticRegression(),
        cv=2,
    ).fit(IRIS, SPECIES)
    for opset in (15, 18):
        model = to_onnx(stack, IRIS[:1], options=PLAIN, target_opset=opset)
        said = session_of(model).run(None, {"X": IRIS})
        assert_same(said, stack, IRIS, 1e-6)
    with pytest.raises(ValueError, match="target_opset=12 must be at least 13"):
        to_onnx(tree.fit(IRIS, SPECIES), IRIS[:1], options=PLAIN, target_opset=12)


def test_what_has_no_converter_is_said_by_the_one_who_knows():
    y = SPECIES
    pipeline = make_pipeline(
        FunctionTransformer(np.log1p), HardDecisionTreeClassifier(max_leaf_nodes=4)
    ).fit(IRIS, y)
    with pytest.raises(RuntimeError, match="FunctionTransformer"):
        to_onnx(pipeline, IRIS[:1])
    other = StudentClassifier(student=LogisticRegression(max_iter=1000)).fit(IRIS, y)
    with pytest.raises(TypeError, match="StudentClassifier has no form in ONNX"):
        to_onnx(make_pipeline(StandardScaler(), other).fit(IRIS, y), IRIS[:1])
    tree = HardDecisionTreeClassifier(max_leaf_nodes=4).fit(IRIS, y)
    with pytest.raises(ValueError, match="fitted on 4 columns, and its inputs have 2"):
        to_onnx(tree, IRIS[:1, :2])
    X = pd.DataFrame({"plan": np.array(["a", "b", "c"])[y]})
    named = HardDecisionTreeClassifier().fit(X, y)
    with pytest.raises(TypeError, match="Column 'plan' held strings in training"):
        to_onnx(named, IRIS[:1, :1])


def test_without_skl2onnx_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "skl2onnx", None)
    monkeypatch.delitem(sys.modules, skdistill.export.onnx.__name__)
    with pytest.raises(ImportError, match=r"pip install skdistill\[skl2onnx\]"):
        __import__("skdistill.export.onnx")
