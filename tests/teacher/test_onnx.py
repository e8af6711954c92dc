"""ONNX files answer as the models that they were made from."""

import numpy as np
import pytest
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.multiclass import OneVsRestClassifier

from skdistill import StudentClassifier, soft_targets
from skdistill.teacher.dialects import as_model


@pytest.fixture
def onnx(tmp_path):
    skl2onnx = pytest.importorskip("skl2onnx")
    pytest.importorskip("onnxruntime")

    def write(model, X, **options):
        path = tmp_path / "model.onnx"
        proto = skl2onnx.to_onnx(model, X[:1], options=options or None)
        path.write_bytes(proto.SerializeToString())
        return path

    return write


def test_onnx_files(diabetes, onnx):
    onnxruntime = pytest.importorskip("onnxruntime")
    X, y = load_wine(return_X_y=True)
    X = X.astype(np.float32)
    names = np.array(["b", "a", "c"])[y]
    model = RandomForestClassifier(9, random_state=0).fit(X, names)
    expected = model.predict_proba(X)
    for options in ({}, {"zipmap": False}):
        path = onnx(model, X, **options)
        for teacher in (path, str(path), onnxruntime.InferenceSession(str(path))):
            soft = soft_targets(teacher, X, classes=model.classes_)
            np.testing.assert_allclose(soft, expected, atol=1e-5)
    named = onnx(model, X)  # dicts by label: a fold of y that lacks a class works
    kept = names != "b"
    student = StudentClassifier(str(named)).fit(X, np.where(kept, names, "a"))
    assert student.classes_.tolist() == model.classes_.tolist()
    linear = LinearRegression().fit(*diabetes)
    path = onnx(linear, diabetes[0])
    np.testing.assert_allclose(
        soft_targets_of_values(path, diabetes[0]),
        linear.predict(diabetes[0]),
        rtol=1e-4,
    )
    with pytest.raises(ValueError, match="could not answer rows of shape"):
        soft_targets(str(named), X[:, :3], classes=model.classes_)
    with pytest.raises(ValueError, match="there is no such file"):
        soft_targets("nowhere.onnx", X)


def test_onnx_files_of_several_labels(onnx):
    X, y = load_wine(return_X_y=True)
    X = (X / X.max(axis=0)).astype(np.float32)
    Y = np.column_stack([y > 0, y > 1, X[:, 0] > X[:, 0].mean()]).astype(int)
    model = OneVsRestClassifier(LogisticRegression()).fit(X, Y)
    path = onnx(model, X, zipmap=False)
    soft = soft_targets(path, X, classes=[[0, 1]] * 3)
    for part, p in zip(soft, model.predict_proba(X).T, strict=True):
        np.testing.assert_allclose(part[:, 1], p, atol=1e-5)
    with pytest.raises(ValueError, match="several labels at once"):
        soft_targets(path, X)


def soft_targets_of_values(teacher, X):
    return as_model(teacher).ask(X, classify=False)[0][:, 0]
