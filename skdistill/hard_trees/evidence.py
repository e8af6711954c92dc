"""What labelled rows make of a tree that was found on a teacher's answers.

The teacher shows where to ask: it answers for any number of rows. How often it is right
in a leaf, and whether a question is worth its place, the labels know better.
"""

from dataclasses import replace

import numpy as np

from .structure import LEAF

_ROWS_OF_TEACHER = 300.0
_LEAST = 1e-6


def with_evidence(tree, leaf, target, weight, is_class):
    """A tree without the questions that labels speak against, its leaves moved to them.

    From the leaves upwards a question stays if the labels' loss is lower with the two
    answers below than with one; the answers here are the teacher's, to whom the labels
    are news. Then each leaf says the mean of its labels and of its old answer, which
    counts as 300 rows.

    Parameters
    ----------
    tree : HardTree
        Found.
    leaf : ndarray of int of shape (n,)
        Where labelled rows end.
    target : ndarray of shape (n, n_outputs)
        Their labels, as the tree's targets are: distributions or values.
    weight : ndarray of shape (n,)
        Of the rows.
    is_class : bool
        Whether targets are distributions.

    Returns
    -------
    HardTree
        The other one; the weights of its nodes are as they were.
    """
    rows = np.zeros((len(tree.feature), 1 + target.shape[1]))
    weight = weight * (len(weight) / weight.sum())
    np.add.at(rows, leaf, np.column_stack([weight, weight[:, None] * target]))
    parent = tree.parent
    for node in range(len(parent) - 1, 0, -1):
        rows[parent[node]] += rows[node]
    kept = _borne_out(tree, rows, is_class)
    said = tree.means()
    total = rows[:, :1] + _ROWS_OF_TEACHER
    moved = (rows[:, 1:] + _ROWS_OF_TEACHER * said) / total
    sums = tree.sums[:, :1] * np.column_stack([np.ones(len(moved)), moved])
    for node in range(len(parent) - 1, -1, -1):
        if not kept.children_left[node] < 0:
            below = [kept.children_left[node], kept.children_right[node]]
            sums[node] = sums[below].sum(axis=0)
    return replace(kept, sums=sums).compact()


def _borne_out(tree, rows, is_class):
    """With leaves in the place of questions that do not lower the labels' loss."""
    said = tree.means()
    if is_class:
        losses = -(rows[:, 1:] * np.log(np.maximum(said, _LEAST))).sum(axis=1)
    else:  # up to the labels' own squares
        losses = (rows[:, :1] * said**2 - 2 * said * rows[:, 1:]).sum(axis=1)
    left, right = tree.children_left.copy(), tree.children_right.copy()
    for node in range(len(left) - 1, -1, -1):
        if left[node] < 0:
            continue
        below = losses[left[node]] + losses[right[node]]
        if losses[node] <= below:
            left[node] = right[node] = LEAF
        else:
            losses[node] = below
    return replace(tree, children_left=left, children_right=right)
