"""ONNX files: what is stored in them, and that none is half written."""

import json
import os
import sys

import numpy as np
import onnx
import pytest

from skdistill.export.graphs.file import (
    agreement,
    refuse_disagreement,
    write_onnx,
)
from skdistill.export.graphs.graph import Graph, activated, linear

WEIGHT = np.random.default_rng(0).normal(size=(80, 60)).astype(np.float32)
ROWS = np.random.default_rng(1).normal(size=(50, 60)).astype(np.float32)


def small_model(weight=WEIGHT):
    graph = Graph()
    n_outputs, n_inputs = weight.shape
    x = linear(graph, "x", weight, np.zeros(n_outputs, np.float32))
    activated(graph, x, "relu")
    graph.named("y")
    return graph.model(
        {"x": (np.float32, ["n", n_inputs])}, {"y": (np.float32, ["n", n_outputs])}
    )


def right(rows):
    return np.maximum(rows @ WEIGHT.T, 0)


def test_it_is_stored_how_far_the_file_agrees(tmp_path):
    path = tmp_path / "model.onnx"
    path.write_text("an older file")

    def check(model):
        return agreement(model, [{"x": ROWS}], [right(ROWS)])

    model = small_model()
    record = write_onnx(model, path, {"classes": ["a", "b"], "by": "us"}, check)
    assert record["rows"] == 50
    assert record["largest_difference"] < 1e-4
    assert record["labels_that_differ"] == 0
    stored = onnx.load(path)
    found = {each.key: each.value for each in stored.metadata_props}
    assert json.loads(found["classes"]) == ["a", "b"]
    assert (found["by"], found["rows"], found["engine"]) == ("us", "50", "onnxruntime")
    assert float(found["largest_difference"]) == record["largest_difference"]
    assert os.listdir(tmp_path) == ["model.onnx"]
    assert not model.metadata_props
    assert agreement(stored, [{"x": ROWS}], [right(ROWS)]) == record
    assert write_onnx(stored, path) == {}
    assert onnx.load(path) == stored


def test_a_file_is_whole_or_as_it_was(tmp_path, monkeypatch):
    path = tmp_path / "model.onnx"
    write_onnx(small_model(), path)
    before = path.read_bytes()

    def wrong(model):
        record = agreement(model, [{"x": ROWS}], [right(ROWS) + 0.5])
        refuse_disagreement(record, 1e-4)

    def full(*paths):
        raise OSError("No space left on device")

    other = small_model(2 * WEIGHT)
    with pytest.raises(ValueError, match=r"off by up to .* Nothing was written"):
        write_onnx(other, path, check=wrong)
    with monkeypatch.context() as patch, pytest.raises(OSError, match="No space"):
        patch.setattr(os, "replace", full)
        write_onnx(other, path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model.onnx"]
    with pytest.raises(FileNotFoundError, match="there is no folder .*away"):
        write_onnx(other, tmp_path / "away" / "model.onnx")
    with pytest.raises(ValueError, match=r"must end in .onnx"):
        write_onnx(other, tmp_path / "model.bin")


def test_disagreement_is_counted_by_row():
    rows, wanted = ROWS[:3], right(ROWS[:3])
    wrong = wanted.copy()
    wrong[1, wrong[1].argmax()] -= 10
    record = agreement(small_model(), [{"x": rows}], [wrong])
    assert record["labels_that_differ"] == 1
    assert record["largest_difference"] == pytest.approx(10, rel=1e-4)
    refuse_disagreement(record, 11, labels=1)
    with pytest.raises(ValueError, match="the labels of 1 differ"):
        refuse_disagreement(record, 11)
    values = agreement(small_model(), [{"x": rows}], [wrong], labels=None)
    assert "labels_that_differ" not in values
    gaps = agreement(small_model(), [{"x": rows}], [np.full_like(wanted, np.nan)])
    with pytest.raises(ValueError, match="off by up to nan"):
        refuse_disagreement(gaps, 1e30, labels=3)
    with pytest.raises(ValueError, match="expected has the shape"):
        agreement(small_model(), [{"x": rows}], [wanted[:, :2]])


def test_missing_packages_are_named_with_their_extra(monkeypatch):
    model = small_model()
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImportError, match=r"package onnxruntime: .*skdistill\[onnx\]"):
        agreement(model, [{"x": ROWS}], [right(ROWS)])
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match=r"package onnx: .*skdistill\[onnx\]"):
        Graph()
