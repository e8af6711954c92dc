"""The nodes of a hard tree as scikit-learn keeps them."""

from dataclasses import dataclass

import numpy as np
import sklearn
from sklearn.tree import _tree

from .view_columns import GapOfNumber, view_columns

_FIELDS = {
    "left_child",
    "right_child",
    "feature",
    "threshold",
    "impurity",
    "n_node_samples",
    "weighted_n_node_samples",
    "missing_go_to_left",
}
# Share of the training rows that a leaf has at least, where only drawn rows came: tools
# divide by it.
_LEAST_MASS = 1e-9


@dataclass(frozen=True)
class Questions:
    """What the inner nodes ask, and nothing of the leaves.

    Attributes
    ----------
    feature : ndarray of int of shape (n_nodes,)
        Column of the table that the tree is given.
    threshold : ndarray of shape (n_nodes,)
        Floats of single precision, of which numbers up to it go to the left.
    gap_goes_left : ndarray of bool of shape (n_nodes,)
        Where a gap goes.
    n_features : int
        Columns of that table.
    """

    feature: np.ndarray
    threshold: np.ndarray
    gap_goes_left: np.ndarray
    n_features: int


def floored(threshold):
    """The largest floats of single precision that are not above some numbers.

    A number of single precision is not above a threshold just where it is not above this.

    Parameters
    ----------
    threshold : ndarray of float64
        Any shape.

    Returns
    -------
    ndarray of float64
        The same shape.
    """
    with np.errstate(over="ignore"):
        single = np.float32(threshold)
    below = np.nextafter(single, np.float32(-np.inf))
    return np.where(single > threshold, below, single).astype(np.float64)


def questions_of_view(predictor, mass):
    """Questions about the columns of the student's view, in which there are no gaps.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of a hard tree.
    mass : ndarray of shape (n_nodes,)
        From :func:`masses`.

    Returns
    -------
    Questions
        One for each node.
    """
    feature, threshold = _asked(predictor)
    n_features = len(view_columns(predictor))
    left = _to_heavier(predictor, mass)
    return Questions(feature, floored(threshold), left, n_features)


def questions_of_rows(predictor, mass):
    """Questions about the columns of X, which are all numbers, with their gaps.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of a hard tree; its view has no categories and no scale.
    mass : ndarray of shape (n_nodes,)
        From :func:`masses`.

    Returns
    -------
    Questions
        One for each node.
    """
    asked, t = _asked(predictor)
    view, heavier = view_columns(predictor), _to_heavier(predictor, mass)
    feature, threshold, left = asked.copy(), floored(t), heavier.copy()
    for node in np.flatnonzero(asked >= 0):
        each = view[asked[node]]
        feature[node] = each.column
        low, high, of_gap = _sides(each, t[node])
        threshold[node] = np.clip(threshold[node], low, high)
        left[node] = heavier[node] if of_gap is None else of_gap
    return Questions(feature, threshold, left, predictor.n_features_in_)


def _sides(each, t):
    """Bounds of a threshold, and whether a gap goes left; None where it is refused."""
    if isinstance(each, GapOfNumber):
        gap, number = each.yes <= t, (each.yes if each.is_empty else each.no) <= t
        # As scikit-learn asks for gaps alone: all numbers go to one side.
        return *_always(number), gap
    gap = each.of_gap <= t
    if each.is_empty:
        return *_always(gap), gap
    # The view clips numbers.
    low = np.inf if t >= each.bound else -np.inf
    high = -np.inf if t < -each.bound else np.inf
    return low, high, gap if each.takes_gaps else None


def _always(is_left):
    return (np.inf, np.inf) if is_left else (-np.inf, -np.inf)


def _asked(predictor):
    arrays = predictor.arrays
    is_leaf = arrays["children_left"] < 0
    feature = np.where(is_leaf, _tree.TREE_UNDEFINED, arrays["feature"])
    return feature, np.where(is_leaf, _tree.TREE_UNDEFINED, arrays["threshold"])


def _to_heavier(predictor, mass):
    """Whether most training rows go left: where gaps go that training had none of."""
    left, right = (predictor.arrays[f"children_{side}"] for side in ("left", "right"))
    return (left >= 0) & (mass[left] > mass[right])


def masses(predictor, node_mass):
    """Shares of the training rows in the nodes, above 0.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of a hard tree.
    node_mass : ndarray of shape (n_nodes,)
        Shares of the rows of X; 0 where only drawn rows came.

    Returns
    -------
    ndarray of shape (n_nodes,)
        That of a node is the sum of those below.
    """
    mass = np.maximum(node_mass, _LEAST_MASS)
    for node, left, right in _inner(predictor):
        mass[node] = mass[left] + mass[right]
    return mass


def _inner(predictor):
    """Inner nodes with their children, which have higher numbers, from the last one."""
    left, right = (predictor.arrays[f"children_{side}"] for side in ("left", "right"))
    nodes = np.flatnonzero(left >= 0)[::-1].tolist()
    return [(node, int(left[node]), int(right[node])) for node in nodes]


def low_level_tree(predictor, questions, mass, counts):
    """The tree of arrays that scikit-learn computes with.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of a hard tree.
    questions : Questions
        What it asks of the table that it is given.
    mass : ndarray of shape (n_nodes,)
        From :func:`masses`.
    counts : ndarray of int of shape (n_nodes,)
        Numbers of the rows of X.

    Returns
    -------
    sklearn.tree._tree.Tree
        It answers as the student does.

    Raises
    ------
    RuntimeError
        If this scikit-learn keeps its nodes in another form.
    """
    _check_fields()
    n_nodes = len(mass)
    nodes = np.zeros(n_nodes, dtype=_tree.NODE_DTYPE)
    nodes["left_child"] = predictor.arrays["children_left"]
    nodes["right_child"] = predictor.arrays["children_right"]
    nodes["feature"], nodes["threshold"] = questions.feature, questions.threshold
    nodes["missing_go_to_left"] = questions.gap_goes_left
    nodes["n_node_samples"] = counts
    # In rows, as of rows of weight 1.
    weights = mass * counts[0]
    alike = counts.all() and np.allclose(weights, counts, rtol=1e-9, atol=0)
    nodes["weighted_n_node_samples"] = counts if alike else weights
    values, nodes["impurity"] = _values_and_impurities(predictor, mass)
    meta = predictor.meta
    widths = meta["widths"] if meta["is_classifier"] else [1] * values.shape[1]
    tree = _tree.Tree(
        questions.n_features, np.array(widths, dtype=np.intp), len(widths)
    )
    state = {"max_depth": _depth(predictor), "node_count": n_nodes}
    tree.__setstate__({**state, "nodes": nodes, "values": _padded(values, widths)})
    return tree


def _check_fields():
    unlike = _FIELDS.symmetric_difference(_tree.NODE_DTYPE.names)
    if unlike:
        raise RuntimeError(
            f"scikit-learn {sklearn.__version__} keeps the nodes of its trees in a form "
            f"that this skdistill does not know (fields {sorted(unlike)}): install "
            "scikit-learn 1.6 to 1.9, or a newer skdistill."
        )


def _depth(predictor):
    height = np.zeros(len(predictor.arrays["children_left"]), dtype=int)
    for node, left, right in _inner(predictor):
        height[node] = 1 + max(height[left], height[right])
    return int(height[0])


def _values_and_impurities(predictor, mass):
    """What nodes say (n_nodes, n_outputs), and their impurities.

    A leaf says what the student says, and a node above the mean of its leaves over the
    training rows. These are all that is kept: of classes the Gini impurity of what a
    node says, of values the variance among its leaves; both gain from a question what
    they would with the rows themselves.
    """
    leaves = predictor.arrays["values"]
    meta = predictor.meta
    if meta["is_classifier"]:
        values = np.exp(predictor._log_probabilities(leaves))
    else:
        values = predictor._values(leaves).reshape(len(leaves), -1)
    variance = np.zeros(len(values))
    with np.errstate(over="ignore", invalid="ignore"):  # squares of values over 1e154
        for node, *below in _inner(predictor):
            share = mass[below] / mass[node]
            values[node] = share @ values[below]
            off = np.square(values[below] - values[node]).mean(axis=1)
            variance[node] = share @ (variance[below] + off)
    if not meta["is_classifier"]:
        return values, variance
    parts = predictor._by_target(values)
    return values, np.mean([1 - np.square(p).sum(axis=1) for p in parts], axis=0)


def _padded(values, widths):
    """Target by target (n_nodes, n_targets, most classes)."""
    padded = np.zeros((len(values), len(widths), max(widths)))
    ends = np.cumsum(widths)[:-1]
    for i, part in enumerate(np.split(values, ends, axis=1)):
        padded[:, i, : part.shape[1]] = part
    return padded
