"""A first layer on piecewise-linear columns, in a form that is fast for few rows."""

import numpy as np

from .onnx_forest import leaf_numbers

# For more rows a product with all bins takes less time.
_FEW_ROWS = 8


def few_rows(graph, z, n_columns):
    """Whether there are few rows.

    Parameters
    ----------
    graph : Graph
        Added to.
    z : str
        The rows.
    n_columns : int
        Of them.

    Returns
    -------
    str
        Of bool.
    """
    return graph.add("Less", graph.add("Size", z), np.array(_FEW_ROWS * n_columns))


def first_by_bin(graph, layer, z, opset):
    """Add the layer: within a bin it is affine in the column.

    Of each row only the bins that it lies in are taken: trees of questions find them, one
    tree for each column, and a look-up gives a constant and a slope each.

    Parameters
    ----------
    graph : Graph
        Added to.
    layer : _LayerByBin
        Of the reader of numpy.
    z : str
        The view of the rows (n, n_columns).
    opset : int
        Of ONNX's own operators.

    Returns
    -------
    str
        The layer's outputs (n, n_outputs).
    """
    n_columns, (n_factors, n_outputs) = len(layer._edges), layer._shape
    bins = leaf_numbers(graph, z, _search_trees(layer), opset)
    found = graph.add("Gather", layer._table.reshape(len(layer._table), -1), bins)
    found = graph.add("Reshape", found, np.array([-1, n_factors, n_outputs]))
    # A constant counts once, a slope times its column: (1, z_0, 1, z_1, ...).
    spread, ones = np.zeros((n_columns, n_columns, 2)), np.zeros((n_columns, 2))
    spread[range(n_columns), range(n_columns), 1], ones[:, 0] = 1, 1
    factors = graph.add("Gemm", z, spread.reshape(n_columns, -1), ones.ravel())
    factors = graph.add("Unsqueeze", factors, np.array([1]))
    return graph.add("Squeeze", graph.add("MatMul", factors, found), np.array([1]))


def _search_trees(layer):
    """A balanced tree for each column, whose leaves are the rows of the layer's table."""
    nodes = []
    for j, (edges, start) in enumerate(zip(layer._edges, layer._starts, strict=True)):
        edges = edges[np.isfinite(edges)].tolist()
        # An operator's trees have a question at least: here one without consequences.
        _search(nodes, j, edges or [0.0], start, 0 if edges else None)
    names = ["tree", "left", "right", "threshold", "number"]
    trees = dict(zip(names, map(np.array, zip(*nodes, strict=True)), strict=True))
    is_gap_left = np.zeros(len(nodes), dtype=bool)
    return {**trees, "feature": trees["tree"], "gap_left": is_gap_left}


def _search(nodes, j, edges, start, passed):
    """Add the nodes that find out how many edges a number is beyond; the first's place."""
    place = len(nodes)
    if not edges:
        nodes.append((j, -1, -1, 0.0, start + (passed or 0)))
        return place
    nodes.append(None)
    middle = len(edges) // 2
    left = _search(nodes, j, edges[:middle], start, passed)
    beyond = None if passed is None else passed + middle + 1
    right = _search(nodes, j, edges[middle + 1 :], start, beyond)
    nodes[place] = j, left, right, edges[middle], 0
    return place
