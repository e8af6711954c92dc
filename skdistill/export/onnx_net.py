"""A multi-layer perceptron as operators of ONNX, in double precision."""

import math

import numpy as np

from .onnx_activations import activated_in_double
from .onnx_outputs import Answer, n_outputs
from .predictor import _TINY


def net_answer(graph, predictor, z):
    """Add a net.

    Parameters
    ----------
    graph : Graph
        Added to.
    predictor : NumpyPredictor
        Of a net.
    z : str
        The view of the rows.

    Returns
    -------
    Answer
        Logits, or values; of several members their mean probabilities.
    """
    meta, arrays = predictor.meta["model"], predictor.arrays
    if meta["clip"] is not None:
        z = _smoothly_clipped(graph, z, meta["clip"])
    if meta["embedding"] is not None:
        z = _EMBEDDINGS[meta["embedding"]](graph, arrays, z)
    if meta["n_members"]:
        return _mean_of_members(graph, predictor, _members(graph, meta, arrays, z))
    layers = _layers(meta, arrays)
    if "output_scale" in arrays:
        weight, bias = layers[-1]
        scale = arrays["output_scale"]
        layers[-1] = weight * scale, bias * scale
    for i, (weight, bias) in enumerate(layers):
        z = activated_in_double(graph, z, meta["activation"]) if i else z
        z = graph.add("Gemm", z, weight, bias)
    return Answer(logits=z) if predictor.meta["is_classifier"] else Answer(values=z)


def _layers(meta, arrays):
    layers = range(meta["n_layers"])
    return [(arrays[f"weight_{i}"], arrays[f"bias_{i}"]) for i in layers]


def _smoothly_clipped(graph, x, limit):
    scaled = graph.add("Clip", graph.add("Div", x, limit), -1e18, 1e18)
    root = graph.add("Sqrt", graph.add("Add", graph.add("Mul", scaled, scaled), 1.0))
    return graph.add("Mul", graph.add("Div", scaled, root), limit)


def _piecewise_linear(graph, arrays, x):
    column = graph.add("Gather", x, arrays["embedded_columns"], axis=1)
    share = graph.add("Sub", column, arrays["embedding_low"])
    share = graph.add("Div", share, arrays["embedding_width"])
    return graph.add("Concat", x, graph.add("Clip", share, 0.0, 1.0), axis=1)


def _periodic(graph, arrays, x):
    column = graph.add("Gather", x, arrays["embedded_columns"], axis=1)
    angle = graph.add("Unsqueeze", graph.add("Mul", column, 2 * math.pi), np.array([2]))
    angle = graph.add("Mul", angle, arrays["embedding_frequency"])
    # Older engines have sines of doubles, and no cosines.
    ahead = graph.add("Add", angle, math.pi / 2)
    waves = graph.add("Sin", graph.add("Concat", ahead, angle, axis=2))
    # (n, d, 1, 2 k) times (d, 2 k, o).
    rows = graph.add("Unsqueeze", waves, np.array([2]))
    out = graph.add("MatMul", rows, arrays["embedding_weight"])
    out = graph.add("Add", out, arrays["embedding_bias"][:, None, :])
    width = arrays["embedding_bias"].size
    flat = graph.add("Reshape", graph.add("Relu", out), np.array([-1, width]))
    return graph.add("Concat", x, flat, axis=1)


_EMBEDDINGS = {"piecewise_linear": _piecewise_linear, "periodic": _periodic}


def _members(graph, meta, arrays, x):
    """All members at once (n, n_members, n_outputs); they share their weights."""
    x = graph.add("Unsqueeze", x, np.array([1]))
    for i, (weight, bias) in enumerate(_layers(meta, arrays)):
        x = activated_in_double(graph, x, meta["activation"]) if i else x
        x = graph.add("MatMul", graph.add("Mul", x, arrays[f"before_{i}"]), weight)
        x = graph.add("Add", graph.add("Mul", x, arrays[f"after_{i}"]), bias)
    scale = arrays.get("output_scale")
    return x if scale is None else graph.add("Mul", x, scale)


def _mean_of_members(graph, predictor, outputs):
    meta = predictor.meta["model"]
    if meta["widths"] is None:
        if meta["is_sorted"]:
            outputs = graph.sorted(outputs, n_outputs(predictor))
        return Answer(values=_mean(graph, outputs, meta["n_members"]))
    p = graph.softmax_of_parts(outputs, meta["widths"], axis=2)
    p = _mean(graph, p, meta["n_members"])
    return Answer(p=graph.add("Max", p, _TINY))


def _mean(graph, x, n_members):
    total = graph.add("ReduceSum", x, np.array([1]), keepdims=0)
    return graph.add("Div", total, float(n_members))
