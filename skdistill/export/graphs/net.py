"""A multi-layer perceptron as operators of ONNX, in double precision."""

import numpy as np

from ..predictor import _TINY, _shortest
from .activations import activated_in_double
from .embeddings import embedded
from .outputs import Answer, n_outputs

_DOUBLE = 11  # of onnx.TensorProto


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
    blocks = embedded(graph, meta, arrays, z)
    if meta["n_members"]:
        outputs = _members(graph, meta, arrays, blocks)
        return _mean_of_members(graph, predictor, outputs)
    (weight, scale, bias), *layers = _layers(meta, arrays)
    z = bias
    for block, places in blocks:
        # Block by block added up, rather than side by side: that copies nothing.
        z = graph.add("Gemm", block, _short(graph, rows_at(weight, places), scale), z)
    for weight, scale, bias in layers:
        z = activated_in_double(graph, z, meta["activation"])
        z = graph.add("Gemm", z, _short(graph, weight, scale), bias)
    return Answer(logits=z) if predictor.meta["is_classifier"] else Answer(values=z)


def rows_at(weight, places):
    """Rows of a table.

    Parameters
    ----------
    weight : ndarray of shape (n_inputs, n_outputs)
        The table.
    places : ndarray of shape (n,)
        Which; -1 for a row of zeros.

    Returns
    -------
    ndarray of shape (n, n_outputs)
        The rows.
    """
    return np.where(places[:, None] < 0, 0.0, weight[places])


def _layers(meta, arrays):
    """Weights, of what they are whole multiples, and biases, by layer."""
    names = ("weight_{}", "weight_{}_scale", "bias_{}")
    layers = [
        [arrays.get(name.format(i)) for name in names] for i in range(meta["n_layers"])
    ]
    if "output_scale" in arrays and not meta["n_members"]:
        weight, scale, bias = layers[-1]
        factor = arrays["output_scale"]
        scale = None if scale is None else scale * factor
        layers[-1] = [weight * factor, scale, bias * factor]
    return layers


def _short(graph, weight, scale):
    """A table in as few bytes as lose nothing; an engine widens it when it loads."""
    if scale is None:
        short = _shortest(weight)
        is_short = short.dtype != np.float64
        return graph.add("Cast", short, to=_DOUBLE) if is_short else short
    codes = np.rint(weight / scale).astype(np.int8)
    return graph.add("Mul", graph.add("Cast", codes, to=_DOUBLE), scale)


def _smoothly_clipped(graph, x, limit):
    scaled = graph.add("Clip", graph.add("Div", x, limit), -1e18, 1e18)
    root = graph.add("Sqrt", graph.add("Add", graph.add("Mul", scaled, scaled), 1.0))
    return graph.add("Mul", graph.add("Div", scaled, root), limit)


def _members(graph, meta, arrays, blocks):
    """All members at once (n, n_members, n_outputs); they share their weights."""
    names, places = zip(*blocks, strict=True)
    x = graph.add("Concat", *names, axis=1) if len(names) > 1 else names[0]
    x, places = graph.add("Unsqueeze", x, np.array([1])), np.concatenate(places)
    for i, (weight, scale, bias) in enumerate(_layers(meta, arrays)):
        before = arrays[f"before_{i}"]
        if i:
            x = activated_in_double(graph, x, meta["activation"])
        else:  # in the order of the blocks
            weight, before = rows_at(weight, places), rows_at(before.T, places).T
        weight = _short(graph, weight, scale)
        x = graph.add("MatMul", graph.add("Mul", x, before), weight)
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
