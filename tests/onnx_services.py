"""ONNX files as a service has them: asked by onnxruntime, and by what is in them."""

import json

import numpy as np
import onnx
import onnxruntime

from skdistill.export import to_onnx


def session_of(model):
    """On one thread, of a path or a model."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    source = str(model)
    if hasattr(model, "SerializeToString"):
        source = model.SerializeToString()
    return onnxruntime.InferenceSession(
        source, options, providers=["CPUExecutionProvider"]
    )


def metadata_of(path):
    """What a file says of itself: strings, and all else as JSON."""
    found = {each.key: each.value for each in onnx.load(path).metadata_props}
    texts = {"student", "gap", "engine", "engine_version"}
    return {k: v if k in texts else json.loads(v) for k, v in found.items()}


def fed(session, X, gap="<gap>", names=None):
    """A frame's columns, or an array, by the inputs' names."""
    inputs = session.get_inputs()
    if not hasattr(X, "columns"):
        return {inputs[0].name: X}
    names = [each.name for each in inputs] if names is None else names
    kinds = {each.name: each.type for each in inputs}
    types = {"double": np.float64, "float": np.float32, "int64": np.int64, "bool": bool}
    columns = {}
    for name, column in zip(names, X.columns, strict=True):
        kind = kinds[name][len("tensor(") : -1]
        values = X[column].astype(object)
        if kind == "string":
            values = values.where(values.notna(), gap).map(str)
            columns[name] = values.to_numpy(dtype=object)[:, None]
        else:
            values = values.where(values.notna(), np.nan)
            columns[name] = values.to_numpy(dtype=types[kind])[:, None]
    return columns


def served(student, X, path, **options):
    """Export, and see that onnxruntime says what the student says; the record."""
    record = to_onnx(student, path, X=X, **options)
    assert record["largest_difference"] <= 1e-12
    session, stored = session_of(path), metadata_of(path)
    said = session.run(None, fed(session, X, stored["gap"], _names(X, stored)))
    assert_same(said, student, X)
    assert stored["rows"] == record["rows"] > len(X)
    assert stored["student"] == type(student).__name__
    return record


def _names(X, stored):
    return stored["inputs"] if hasattr(X, "columns") else None


def assert_same(said, student, X, tolerance=1e-12):
    """That a session's outputs are what the student answers."""
    first, *p = said
    if not p:
        expected = student.predict(X)
        assert first.shape == expected.shape
        np.testing.assert_allclose(first, expected, rtol=tolerance, atol=tolerance)
        return
    labels = student.predict(X)
    assert first.shape == labels.shape
    np.testing.assert_array_equal(first, labels)
    expected = student.predict_proba(X)
    expected = expected if isinstance(expected, list) else [expected]
    for ours, theirs in zip(p, expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=tolerance)
