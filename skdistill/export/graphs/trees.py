"""Soft and hard trees as operators of ONNX, in double precision."""

import numpy as np

from ..predictor import _TINY
from ..view_columns import Number, view_columns
from .forest import leaf_numbers
from .outputs import Answer
from .view import joined, table_view


def hard_tree_answer(graph, predictor, inputs, opset):
    """Add a tree of plain questions, with the part of the view that it asks for.

    Parameters
    ----------
    graph : Graph
        Added to.
    predictor : NumpyPredictor
        Of a hard tree.
    inputs : Inputs
        The table.
    opset : int
        Of ONNX's own operators.

    Returns
    -------
    Answer
        Numbers of leaves.
    """
    arrays = predictor.arrays
    is_leaf = arrays["children_left"] < 0
    if is_leaf.all():
        x = table_view(graph, predictor, inputs, [0])
        return Answer(leaf=_first(graph, x, 1), table=arrays["values"])
    asked = np.unique(arrays["feature"][~is_leaf])
    rules = view_columns(predictor)
    is_raw = np.array([_as_it_comes(rules[k], k, arrays) for k in asked])
    pieces = []
    if is_raw.any():
        pieces.append(inputs.numbers([rules[k].column for k in asked[is_raw]]))
    if not is_raw.all():
        pieces.append(table_view(graph, predictor, inputs, asked[~is_raw].tolist()))
    place = {k: i for i, k in enumerate([*asked[is_raw], *asked[~is_raw]])}
    gap = np.array([getattr(rules[k], "of_gap", np.nan) for k in place])
    feature = np.array([0 if f < 0 else place.get(f, 0) for f in arrays["feature"]])
    tree = {
        "left": arrays["children_left"],
        "right": arrays["children_right"],
        "feature": feature,
        "threshold": arrays["threshold"],
        # Where a gap goes; of a column without gaps this is never asked.
        "gap_left": gap[feature] <= arrays["threshold"],
        "number": np.cumsum(is_leaf) - 1,
    }
    x = joined(graph, pieces)
    leaf = leaf_numbers(graph, x, tree, opset)
    asked = None if _takes_gaps(rules) else (x, len(place))
    return Answer(leaf=leaf, table=arrays["values"][is_leaf], asked=asked)


def _takes_gaps(rules):
    return all(rule.takes_gaps for rule in rules if isinstance(rule, Number))


def _as_it_comes(rule, k, arrays):
    """Whether questions about a column of X and of the view are the same, gaps aside."""
    if not isinstance(rule, Number) or rule.tail is not None or rule.is_empty:
        return False
    threshold = arrays["threshold"][arrays["feature"] == k]
    is_plain = rule.center == 0 and rule.inverse == 1
    return is_plain and bool((np.abs(threshold) < rule.bound).all())


def _first(graph, x, n_columns):
    """The number 0 for each row."""
    return graph.add("ArgMax", graph.add("MatMul", x, np.zeros((n_columns, 1))), axis=1)


def soft_tree_answer(graph, predictor, z, opset):
    """Add a tree of gates.

    Parameters
    ----------
    graph : Graph
        Added to.
    predictor : NumpyPredictor
        Of a soft tree.
    z : str
        The view of the rows.
    opset : int
        Of ONNX's own operators.

    Returns
    -------
    Answer
        Probabilities or values of the mixture; or numbers of leaves.
    """
    tree, arrays = predictor._model, predictor.arrays
    is_linear = "leaf_weight" in arrays
    inference = "mixture" if is_linear else predictor.meta["model"]["inference"]
    is_safe = _takes_gaps(view_columns(predictor))
    asked = None if is_safe else (z, len(arrays["gate_weight"]))
    if inference == "path" and tree._n_gates:
        leaf = _greedy(graph, tree, arrays, z, opset)
        return Answer(leaf=leaf, table=_said(tree), asked=asked)
    reach = _reach(graph, tree, arrays, z)
    if inference != "mixture":
        leaf = graph.add("Transpose", graph.add("ArgMax", reach, axis=0), perm=[1, 0])
        return Answer(leaf=leaf, table=_said(tree), asked=asked)
    if is_linear:
        mixed = _mixed_linear(graph, predictor, z, reach)
    else:
        mixed = graph.add("Gemm", reach, tree._said, transA=1)
    return Answer(p=mixed) if tree._is_classifier else Answer(values=mixed)


def _said(tree):
    """What each leaf says: logarithms, or values."""
    said = tree._said
    return np.log(np.maximum(said, _TINY)) if tree._is_classifier else said


def _greedy(graph, tree, arrays, z, opset):
    """At each gate the likelier side: plain questions about the gates' logits."""
    logits = graph.add("Gemm", z, arrays["gate_weight"], arrays["gate_bias"])
    n_nodes = 2 * tree._n_gates + 1
    rank, is_leaf = tree._rank, tree._rank < 0
    questions = {
        "left": np.where(is_leaf, -1, 2 * rank + 1),
        "right": np.where(is_leaf, -1, 2 * rank + 2),
        "feature": np.maximum(rank, 0),
        "threshold": np.zeros(n_nodes),
        "gap_left": np.zeros(n_nodes, dtype=bool),
        "number": np.cumsum(is_leaf) - 1,
    }
    return leaf_numbers(graph, logits, questions, opset)


def _reach(graph, tree, arrays, z):
    """Probability of each leaf (n_leaves, n), level by level.

    Each side's share by itself, 1 / (1 + exp(-z)) or with z, so that neither is rounded
    to 0; the bounds keep the exponential finite. There is no logarithm that could give
    NaN, however steep a gate is. Rows stand side by side, so that whatever nodes of a
    level are taken, numbers that lie together are.
    """
    weight, bias = arrays["gate_weight"].T, arrays["gate_bias"]
    if not tree._n_gates:
        return graph.add(
            "Gemm", np.zeros((1, weight.shape[1])), z, np.ones(1), transB=1
        )
    # The left and the right side of a gate lie together, as its children do.
    both = np.stack([weight, -weight], axis=1).reshape(-1, weight.shape[1])
    both_bias = np.stack([bias, -bias], axis=1).reshape(-1, 1)
    logits = graph.add("Gemm", both, z, both_bias, transB=1)
    odds = graph.add("Exp", graph.add("Clip", logits, -40.0, 40.0))
    share = graph.add("Reciprocal", graph.add("Add", odds, 1.0))
    widths = [2 * (end - first) for first, end in tree._levels]
    shares = graph.split(share, widths, axis=0)
    levels, above = [shares[0]], 0
    for (first, end), share in zip(tree._levels[1:], shares[1:], strict=True):
        # Nodes of the level above are numbered from 2 above + 1 on.
        places = np.repeat(tree._gates[first:end] - (2 * above + 1), 2)
        path = graph.add("Gather", levels[-1], places, axis=0)
        levels.append(graph.add("Mul", path, share))
        above = first
    if len(tree._leaves) == widths[-1]:  # all in the last level
        return levels[-1]
    nodes = graph.add("Concat", *levels, axis=0) if len(levels) > 1 else levels[0]
    return graph.add("Gather", nodes, tree._leaves - 1, axis=0)  # the root is not there


def _mixed_linear(graph, predictor, z, reach):
    """Leaves that are linear in the view, by row (n_leaves, n_outputs)."""
    meta, arrays = predictor.meta["model"], predictor.arrays
    leaf = arrays["leaf"].astype(np.float64)
    said = graph.add("MatMul", z, arrays["leaf_weight"])
    said = graph.add("Reshape", said, np.array([-1, *leaf.shape]))
    said = graph.add("Add", said, leaf)
    if meta["is_classifier"]:
        said = graph.softmax_of_parts(said, meta["widths"], axis=2)
    elif meta["is_sorted"]:
        said = graph.sorted(said, leaf.shape[1])
    by_row = graph.add("Transpose", reach, perm=[1, 0])
    by_row = graph.add("Unsqueeze", by_row, np.array([1]))  # (n, 1, n_leaves)
    return graph.add("Squeeze", graph.add("MatMul", by_row, said), np.array([1]))
