"""Students of which one leaf answers: its label and its outputs are known beforehand."""

from dataclasses import dataclass

import numpy as np

from ..predictor import log_softmax
from ..proof import Answers
from ..view_columns import GapOfNumber, Number, view_columns
from .branches import branches
from .text import fill, table

# Of more questions tables are shorter, and compiled in less time.
_MOST_BRANCHES = 2000

_WALK = """\
/* The leaf that answers, or a number below 0 for a row that is refused. */
static inline int @_leaf(const double *x)
{
    $tables    int node = 0;
    const int status = @_check(x);
    if (status != @_OK) return status;
    while (node >= 0) {
        const double v = x[column[node]];
$side        node = next[2 * node + right];
    }
    return -1 - node;
}
"""
# NaN is not above a threshold.
_NUMBER = """\
        const int right = v > threshold[node] || (gap_right[node] && isnan(v));
"""
_EITHER = """\
        int right;
        if (set[node] >= 0)
            right = goes_right[set[node] + (isnan(v) ? gap_code[node] : (int)v)];
        else
            right = v > threshold[node] || (gap_right[node] && isnan(v));
"""

_PREDICT = """\
$doc
static inline int @_predict(const double *x, $kind *out)
{
    const int leaf = @_leaf(x);
    int k;
    if (leaf < 0) return leaf;
    for (k = 0; k < $n; k++) out[k] = @_said[(long)leaf * $n + k];
    return @_OK;
}
"""


def answers_of(predictor, raw):
    """What a student says where its model says this.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of the student.
    raw : ndarray of shape (n, n_outputs)
        Logarithms of probabilities, or values.

    Returns
    -------
    Answers
        In the form in which engines answer.
    """
    meta, arrays = predictor.meta, predictor.arrays
    if not meta["is_classifier"]:
        values = np.sort(raw, axis=1) if meta["is_sorted"] else raw
        return Answers(values * arrays["target_scale"] + arrays["target_center"], None)
    p = np.exp(raw)
    if predictor._shift is not None:
        raw = np.maximum(log_softmax_of_each(raw), np.log(np.finfo(float).tiny))
        raw = raw + predictor._shift
    parts = [log_softmax_of_each(part) for part in predictor._by_target(raw)]
    labels = np.column_stack([part.argmax(axis=1) for part in parts])
    if predictor._shift is not None or len(parts) > 1:
        p = np.exp(np.concatenate(parts, axis=1))
    return Answers(p, labels)


def log_softmax_of_each(logits):
    """Log-softmax of each row as if it were alone or one of many: the same bits.

    Parameters
    ----------
    logits : ndarray of shape (n, n_classes)
        Any.

    Returns
    -------
    ndarray of shape (n, n_classes)
        Logarithms.
    """
    return log_softmax(np.concatenate([logits, logits]))[: len(logits)]


@dataclass(frozen=True)
class Node:
    """A question of a hard tree about a column of X.

    Attributes
    ----------
    column : int
        Position in X.
    threshold : float or None
        Numbers above it go right; None for a category.
    gap_right : bool
        Whether gaps go right.
    codes_right : ndarray of bool or None
        Of a category, which codes go right.
    gap_code : int
        Of a category.
    """

    column: int
    threshold: float | None = None
    gap_right: bool = False
    codes_right: np.ndarray | None = None
    gap_code: int = 0


def questions(predictor, columns):
    """The questions of a hard tree in terms of X, and the way from each.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of a hard tree.
    columns : Columns
        Of X.

    Returns
    -------
    nodes : list of Node
        The inner ones.
    ways : ndarray of shape (n_inner, 2)
        Places of the nodes to the left and right; of a leaf -1 minus its place.
    leaves : ndarray of int
        Which node of the tree each leaf is.
    """
    a, rules = predictor.arrays, view_columns(predictor)
    asks = a["children_left"] >= 0
    inner, leaves = np.flatnonzero(asks), np.flatnonzero(~asks)
    place = np.empty(len(asks), dtype=int)
    place[inner], place[leaves] = np.arange(len(inner)), -1 - np.arange(len(leaves))
    below = np.column_stack([a["children_left"][inner], a["children_right"][inner]])
    pairs = zip(
        a["feature"][inner].tolist(), a["threshold"][inner].tolist(), strict=True
    )
    by_column = {each.column: each for each in columns.categories}
    nodes = [_node(rules[k], k, t, by_column) for k, t in pairs]
    return nodes, place[below], leaves


def _node(rule, k, threshold, by_column):
    if isinstance(rule, GapOfNumber):
        yes, no = rule.yes > threshold, rule.no > threshold
        no = yes if rule.is_empty else no
        return Node(rule.column, -np.inf if no else np.inf, yes)
    if isinstance(rule, Number):
        gap_right = rule.of_gap > threshold
        if rule.is_empty:
            return Node(rule.column, -np.inf if gap_right else np.inf, gap_right)
        return Node(rule.column, threshold_of_x(rule, threshold), gap_right)
    each = by_column[rule.column]
    codes = each.values[:, each.places.index(k)] > threshold
    return Node(rule.column, codes_right=codes, gap_code=each.gap)


def threshold_of_x(rule, threshold):
    """The largest number of X that the view does not put above a threshold.

    Parameters
    ----------
    rule : Number
        Of the view.
    threshold : float
        Of the view's column.

    Returns
    -------
    float
        Infinite where all numbers are on one side.
    """
    if rule.tail is None and (rule.center, rule.inverse) == (0.0, 1.0):
        bound = rule.bound
        return threshold if -bound <= threshold < bound else np.inf * np.sign(threshold)
    low, high = _ordered(-_MOST) - 1, _ordered(_MOST) + 1
    while high - low > 1:  # by the order of doubles, of which there are 2 ** 64
        middle = (low + high) // 2
        if seen(rule, _double(middle)) <= threshold:
            low = middle
        else:
            high = middle
    if low < _ordered(-_MOST):
        return -np.inf
    return np.inf if high > _ordered(_MOST) else _double(low)


_MOST = float(np.finfo(np.float64).max)


def seen(rule, x):
    """The model's input for a number of X.

    Parameters
    ----------
    rule : Number
        Of the view.
    x : float
        No gap.

    Returns
    -------
    float
        As the view computes it.
    """
    x = np.array([x])
    with np.errstate(all="ignore"):
        if rule.tail is not None:
            d = (x - rule.tail[0]) / rule.tail[1]
            x = np.copysign(np.log1p(np.abs(d)), d)
        z = (x - rule.center) * rule.inverse
    return float(np.minimum(np.maximum(z, -rule.bound), rule.bound)[0])


def _ordered(x):
    """The place of a double among all of them."""
    bits = int(np.float64(x).view(np.int64))
    return bits if bits >= 0 else -(bits & 0x7FFFFFFFFFFFFFFF)


def _double(place):
    return float(np.copysign(np.int64(abs(place)).view(np.float64), place))


def hard_leaf(predictor, columns):
    """The function that finds the leaf of a hard tree.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of the student.
    columns : Columns
        Of X.

    Returns
    -------
    code : str
        ``@_leaf(x)``, and its tables.
    raw : ndarray of shape (n_leaves, n_outputs)
        What each leaf says, as the predictor's model does.
    n_on_stack : int
        Numbers that it holds.
    """
    nodes, ways, leaves = questions(predictor, columns)
    raw = predictor.arrays["values"][leaves]
    if not nodes:
        code = (
            "static inline int @_leaf(const double *x)\n{\n    return @_check(x);\n}\n"
        )
        return code, raw, 0
    if len(nodes) <= _MOST_BRANCHES:
        return branches(nodes, ways, columns.words), raw, 0
    is_either = any(node.threshold is None for node in nodes)
    tables = [
        table("column", [node.column for node in nodes]),
        table("next", ways),
        _thresholds(nodes),
        table("gap_right", [int(node.gap_right) for node in nodes]),
        *(_sets(nodes) if is_either else []),
    ]
    side = _EITHER if is_either else _NUMBER
    return fill(_WALK, tables="    ".join(tables), side=side), raw, 0


def _thresholds(nodes):
    """A table in which infinite numbers stand as beyond all doubles."""
    values = [0.0 if node.threshold is None else node.threshold for node in nodes]
    if all(map(np.isfinite, values)):
        return table("threshold", values, "double")
    words = {np.inf: "HUGE_VAL", -np.inf: "-HUGE_VAL"}
    cells = ", ".join(words.get(value) or repr(float(value)) for value in values)
    return f"static const double threshold[{len(values)}] = {{{cells}}};\n"


def _sets(nodes):
    sets = [() if node.codes_right is None else node.codes_right for node in nodes]
    starts = np.cumsum([0, *map(len, sets)])[:-1]
    places = [int(s) if len(each) else -1 for s, each in zip(starts, sets, strict=True)]
    yield table("set", places)
    yield table("goes_right", [int(right) for each in sets for right in each])
    yield table("gap_code", [node.gap_code for node in nodes])
