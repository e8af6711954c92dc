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
    """A tree whose leaves move to labels, without the questions that these speak against.

    A node says the mean of its labels and of its old answer, which counts as 300 rows.
    From the leaves upwards a question stays if the labels' loss is lower with the two
    answers below than with one, each row being judged by an answer that has moved to the
    other rows' labels alone.

    Parameters
    ----------
    tree : HardTree
        Found.
    leaf : ndarray of int of shape (n,)
        Where labelled rows end.
    target : ndarray of shape (n, n_outputs)
        Their labels, as the tree's targets are: distributions or values.
    weight : ndarray of shape (n,)
        Of the rows, not all 0.
    is_class : bool
        Whether targets are distributions.

    Returns
    -------
    HardTree
        The other one; the weights of its nodes are as they were.
    """
    weight = weight * (np.count_nonzero(weight) / weight.sum())
    columns = [weight, *(weight * target.T), *(weight * np.square(target).T)]
    sums = [np.bincount(leaf, each, minlength=len(tree.feature)) for each in columns]
    sums, parent = np.column_stack(sums), tree.parent
    for node in range(len(parent) - 1, 0, -1):
        sums[parent[node]] += sums[node]
    n, rows, squares = np.split(sums, [1, 1 + target.shape[1]], axis=1)
    old = tree.means()
    said = (rows + _ROWS_OF_TEACHER * old) / (n + _ROWS_OF_TEACHER)
    if is_class:
        others = np.maximum(n - 1, 0) + _ROWS_OF_TEACHER
        unseen = (np.maximum(rows - 1, 0) + _ROWS_OF_TEACHER * old) / others
        losses = -(rows * np.log(np.maximum(unseen, _LEAST))).sum(axis=1)
    else:
        total = n + _ROWS_OF_TEACHER
        squared = squares - 2 * said * rows + n * said**2
        losses = ((total / (total - np.minimum(n, 1))) ** 2 * squared).sum(axis=1)
    kept = _borne_out(tree, losses)
    sums = tree.sums[:, :1] * np.column_stack([np.ones(len(said)), said])
    for node in np.flatnonzero(~kept.is_leaf)[::-1]:
        sums[node] = sums[kept.children_left[node]] + sums[kept.children_right[node]]
    return replace(kept, sums=sums).compact()


def _borne_out(tree, losses):
    """With leaves in the place of questions that do not lower the loss."""
    left, right, losses = (
        part.copy() for part in (tree.children_left, tree.children_right, losses)
    )
    for node in np.flatnonzero(~tree.is_leaf)[::-1]:
        below = losses[left[node]] + losses[right[node]]
        if losses[node] <= below:
            left[node] = right[node] = LEAF
        else:
            losses[node] = below
    return replace(tree, children_left=left, children_right=right)
