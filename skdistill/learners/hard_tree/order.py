"""Leaves that rise and fall as is wished: the nearest such values, by weighted squares.

The search asks no question whose own sides are in the wrong order. Leaves further apart
may still be: those of two subtrees, and those that labels have moved. Here each pair of
leaves counts between which a row can go by one column alone.
"""

from dataclasses import replace

import numpy as np
from scipy import sparse
from scipy.optimize import linprog

from .structure import LEAF

_TINY = 1e-12
_TOLERANCES = {
    "primal_feasibility_tolerance": 1e-10,  # the least that the solver takes
    "dual_feasibility_tolerance": 1e-10,
}


def in_order(tree, means, wishes):
    """A tree that keeps the directions of its columns, in each pair of leaves.

    Its leaves have the values nearest to what they said, by weighted squares; for shares
    of two classes these have the lowest log loss too. Questions whose sides then say the
    same go.

    Parameters
    ----------
    tree : HardTree
        Searched for.
    means : ndarray of shape (n_nodes, n_outputs)
        What its nodes say: shares of two classes, or one value.
    wishes : Wishes
        With directions.

    Returns
    -------
    HardTree
        The same one if its leaves are in order.
    """
    leaves = np.array(_upwards(tree, wishes.direction))
    below = leaves_below(tree, leaves, wishes)
    value, weight = means[leaves, -1], tree.sums[leaves, 0]
    if not _violated(value, below).any():
        return tree
    values = np.zeros(len(means))
    values[leaves] = nearest_in_order(value, weight, below)
    return _saying(tree, values, means.shape[1])


def _upwards(tree, direction, node=0):
    """The leaves, such that each comes after those that are to be below it."""
    if tree.is_leaf[node]:
        return [node]
    sides = tree.children_left[node], tree.children_right[node]
    if direction[tree.feature[node]] < 0:
        sides = sides[::-1]
    return [leaf for side in sides for leaf in _upwards(tree, direction, side)]


def leaves_below(tree, leaves, wishes):
    """From which leaves a row comes to which if a column alone moves in its direction.

    Parameters
    ----------
    tree : HardTree
        Any.
    leaves : ndarray of int of shape (n_leaves,)
        Numbers of its leaves.
    wishes : Wishes
        With directions.

    Returns
    -------
    ndarray of bool of shape (n_leaves, n_leaves)
        Whether the first may not say more than the second.
    """
    lowest, highest = _boxes(tree, leaves)
    n, columns = len(leaves), tree.asked
    apart = np.zeros((n, n), dtype=np.int32)  # in so many columns
    below = np.zeros((n, n), dtype=bool)
    asked_yes = {}  # how many questions about a source are yes in both boxes
    parts = {}
    for k, column in enumerate(columns):
        low = np.maximum(lowest[:, None, k], lowest[None, :, k])
        high = np.minimum(highest[:, None, k], highest[None, :, k])
        apart += low >= high
        if wishes.is_question[column]:
            source = wishes.source[column]
            asked_yes[source] = asked_yes.get(source, 0) + (low >= 0).astype(np.int32)
        elif wishes.direction[column]:
            parts[column] = highest[:, None, k] <= lowest[None, :, k]
    # A row has one category of a column.
    possible = np.ones((n, n), dtype=bool)
    for count in asked_yes.values():
        possible &= count <= 1
    for column, goes_up in parts.items():
        known = asked_yes.get(wishes.source[column], 0) == 0  # in both boxes
        goes_up = goes_up if wishes.direction[column] > 0 else goes_up.T
        below |= goes_up & (apart == 1) & possible & known
    return below


def _boxes(tree, leaves):
    """Bounds of the leaves (n_leaves, n_asked): above the lower, up to the upper ones."""
    columns, n = tree.asked, len(tree.feature)
    lowest, highest = (np.full((n, len(columns)), inf) for inf in (-np.inf, np.inf))
    for node in np.flatnonzero(~tree.is_leaf):  # parents come first
        left, right = tree.children_left[node], tree.children_right[node]
        for bounds in (lowest, highest):
            bounds[[left, right]] = bounds[node]
        k, cut = np.searchsorted(columns, tree.feature[node]), tree.threshold[node]
        highest[left, k] = min(highest[left, k], cut)
        lowest[right, k] = max(lowest[right, k], cut)
    return lowest[leaves], highest[leaves]


def _violated(value, below):
    return below & (value[:, None] > value[None, :])


def nearest_in_order(value, weight, below):
    """Weighted isotonic regression on a partial order.

    Parameters
    ----------
    value, weight : ndarray of shape (n,)
        What is to be put in order, and what it weighs.
    below : ndarray of bool of shape (n, n)
        Whether the first is not to be above the second, whose number is higher.

    Returns
    -------
    ndarray of shape (n,)
        In this order exactly, not but for rounding; blocks of equal values are equal.

    Notes
    -----
    A block whose values are one mean is optimal unless an upper part of it, which takes
    all that is to be above its members, has more than that mean. The part that has most
    is found by a linear program, and parts the block in two, each of which is in order
    by itself: Luss, Rosset, Shahar: Efficient Regularized Isotonic Regression with
    Application to Gene-Gene Interaction Search, 2012.
    """
    value = value.astype(float)
    b = below.astype(np.float32)
    covers = below & ~(b @ b > 0)  # what follows from two others is left out
    blocks = [np.arange(len(value))]
    while blocks:
        block = blocks.pop()
        here = np.ix_(block, block)
        if not _violated(value[block], below[here]).any():
            continue
        upper = _upper_part(value[block], weight[block], covers[here])
        if upper is None:
            value[block] = np.average(value[block], weights=weight[block])
        else:
            blocks += [block[upper], block[~upper]]
    for k in range(len(value)):  # two means may be in order but for rounding
        value[k] = max(value[k], value[below[:, k]].max(initial=-np.inf))
    return value


def _upper_part(value, weight, covers):
    """The part of a block that has most above its mean; None where none has more."""
    gain = weight * (value - np.average(value, weights=weight))
    scale = np.abs(gain).max()
    low, high = np.nonzero(covers)
    rows = np.arange(len(low))
    ones = np.ones(len(low))
    shape = len(low), len(value)
    order = sparse.csr_matrix((ones, (rows, low)), shape=shape)
    order -= sparse.csr_matrix((ones, (rows, high)), shape=shape)
    found = linprog(
        -gain / scale,
        A_ub=order,
        b_ub=np.zeros(len(low)),
        bounds=(0, 1),
        method="highs-ds",
        options=_TOLERANCES,
    )
    upper = found.x > 0.5
    if upper.all() or gain[upper].sum() <= _TINY * scale:
        return None
    return upper


def _saying(tree, values, n_outputs):
    """The tree with these values in its leaves, without questions of equal sides."""
    left, right = tree.children_left.copy(), tree.children_right.copy()
    weight = tree.sums[:, 0]
    for node in np.flatnonzero(~tree.is_leaf)[::-1]:  # children come first
        sides = [left[node], right[node]]
        values[node] = np.average(values[sides], weights=weight[sides])
        are_leaves = (left[sides] == LEAF).all()
        if are_leaves and values[sides[0]] == values[sides[1]]:
            values[node] = values[sides[0]]
            left[node] = right[node] = LEAF
    answers = np.column_stack([1 - values, values][-n_outputs:])
    sums = np.column_stack([weight, weight[:, None] * answers])
    parts = {"children_left": left, "children_right": right}
    return replace(tree, **parts, sums=sums, answers=answers).compact()
