"""Embeddings of columns of numbers as operators of ONNX, in double precision."""

import math

import numpy as np


def embedded(graph, meta, arrays, z):
    """Add what a net computes of its columns before its first layer.

    Parameters
    ----------
    graph : Graph
        Added to.
    meta, arrays : dict
        Of a net.
    z : str
        The view of the rows (n, n_columns).

    Returns
    -------
    list of (str, ndarray)
        Tables (n, width), and which input of the first layer each of their columns is; -1
        for none.
    """
    kind = meta["embedding"]
    if kind is None:
        return [(z, np.arange(len(arrays["weight_0"])))]
    add, width = _EMBEDDINGS[kind]
    n = len(arrays["weight_0"]) - width(arrays)
    blocks = [(name, n + places) for name, places in add(graph, arrays, z, n)]
    blocks = [(name, np.where(places < n, -1, places)) for name, places in blocks]
    return [(z, np.arange(n)), *blocks]


def _piecewise_linear(graph, arrays, z, n_columns):
    """Shares of bins: of columns of about as many bins at once, of others one by one."""
    column = arrays["embedded_columns"]
    counts = np.bincount(column, minlength=n_columns)
    is_wide = 2 * counts > counts.max(initial=0)
    wide = np.flatnonzero(is_wide)
    if len(wide):
        yield _of_wide(graph, arrays, z, wide, n_columns)
    rest = np.flatnonzero(~is_wide[column])
    if len(rest):
        x = graph.add("Gather", z, column[rest], axis=1)
        low, width = (arrays[f"embedding_{each}"][rest] for each in ("low", "width"))
        yield _shares(graph, x, low, width), rest


def _of_wide(graph, arrays, z, wide, n_columns):
    """Each column beside all of its bins (n, n_wide, n_bins): nothing is copied."""
    column = arrays["embedded_columns"]
    bins = [np.flatnonzero(column == j) for j in wide]
    places = np.full((len(wide), max(map(len, bins))), -1)
    for i, each in enumerate(bins):
        places[i, : len(each)] = each
    low, width = (
        np.where(places < 0, filler, arrays[f"embedding_{each}"][places])
        for each, filler in (("low", 0.0), ("width", 1.0))
    )
    if len(wide) < n_columns:
        z = graph.add("Gather", z, wide, axis=1)
    x = graph.add("Unsqueeze", z, np.array([2]))
    shares = _shares(graph, x, low, width)
    flat = graph.add("Reshape", shares, np.array([-1, places.size]))
    return flat, places.ravel()


def _shares(graph, x, low, width):
    share = graph.add("Div", graph.add("Sub", x, low), width)
    return graph.add("Clip", share, 0.0, 1.0)


def _periodic(graph, arrays, z, n_columns):
    column = graph.add("Gather", z, arrays["embedded_columns"], axis=1)
    angle = graph.add("Unsqueeze", graph.add("Mul", column, 2 * math.pi), np.array([2]))
    angle = graph.add("Mul", angle, arrays["embedding_frequency"])
    # Older engines have sines of doubles, and no cosines.
    ahead = graph.add("Add", angle, math.pi / 2)
    waves = graph.add("Sin", graph.add("Concat", ahead, angle, axis=2))
    # (n, d, 1, 2 k) times (d, 2 k, o).
    rows = graph.add("Unsqueeze", waves, np.array([2]))
    out = graph.add("MatMul", rows, arrays["embedding_weight"])
    out = graph.add("Relu", graph.add("Add", out, arrays["embedding_bias"][:, None, :]))
    width = arrays["embedding_bias"].size
    yield graph.add("Reshape", out, np.array([-1, width])), np.arange(width)


_EMBEDDINGS = {
    "piecewise_linear": (
        _piecewise_linear,
        lambda arrays: len(arrays["embedded_columns"]),
    ),
    "periodic": (_periodic, lambda arrays: arrays["embedding_bias"].size),
}
