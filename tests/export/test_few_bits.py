"""Quantised nets keep their few bits in every file."""

import numpy as np
import pytest
from exported import FEW
from sklearn.datasets import load_iris

from skdistill import NeuralStudentClassifier, quantize
from skdistill.export import to_c, to_numpy, to_onnx

NETS = {
    "net": {"hidden_layer_sizes": (48, 48), "numeric_embedding": None},
    "open scale": {"hidden_layer_sizes": (48, 48), "loss": "dist"},
    "members": {"hidden_layer_sizes": (48,), "n_members": 2},
}


@pytest.mark.parametrize("name", NETS)
def test_files_are_as_small_as_the_weights(name, tmp_path):
    X, y = load_iris(return_X_y=True)
    options = dict(NETS[name])
    if "loss" in options:
        teacher = NeuralStudentClassifier(**FEW).fit(X, y)
        options |= {"teacher": teacher, "transfer": None}
    net = NeuralStudentClassifier(**options, **FEW).fit(X, y)
    sizes = {}
    for dtype in (None, "float16", "int8"):
        small = net if dtype is None else quantize(net, dtype)
        path = tmp_path / f"{dtype}.onnx"
        to_onnx(small, path, X=X)  # each raises where it does not agree
        sizes[dtype] = np.array([to_numpy(small, X).nbytes, path.stat().st_size])
    assert (sizes["int8"] < 0.65 * sizes[None]).all()
    assert (sizes["int8"] < sizes["float16"]).all()
    assert (sizes["float16"] < sizes[None]).all()


def test_whole_numbers_in_c(tmp_path):
    X, y = load_iris(return_X_y=True)
    net = NeuralStudentClassifier(**NETS["net"], **FEW).fit(X, y)
    for dtype in ("double", "float"):
        path = tmp_path / f"{dtype}.h"
        assert to_c(quantize(net), path, dtype=dtype, X=X)["labels_that_differ"] == 0
        assert "signed char" in path.read_text()
