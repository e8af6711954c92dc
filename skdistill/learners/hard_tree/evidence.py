"""How labelled rows correct a tree that was learnt from a teacher's answers.

The teacher shows where to ask: it answers for any number of rows. How often it is right
in a leaf, and whether a question is worth its place, the labels know better.
"""

from dataclasses import replace

import numpy as np

from .structure import LEAF

_ROWS_OF_TEACHER = 300.0  # weight of the teacher's mean in a node, in labelled rows
_LEAST = 1e-6  # log losses of a label that no teacher expected stay finite


def with_evidence(tree, leaf, target, weight, is_class, unseen=None):
    """A tree whose leaves move to labels, without the questions that these speak against.

    A node says the mean of its labels and of its old answer, which counts as 300 rows.
    From the leaves upwards a question stays if the labels' loss is lower with the two
    answers below than with one, each row being judged by an answer that has moved to the
    other rows' labels alone.

    Parameters
    ----------
    tree : HardTree
        The result of the search.
    leaf : ndarray of int of shape (n,)
        Where labelled rows end.
    target : ndarray of shape (n, n_outputs)
        Their labels, as the tree's targets are: distributions or values.
    weight : ndarray of shape (n,)
        Weights of the rows, not all 0.
    is_class : bool
        Whether targets are distributions.
    unseen : tuple of ndarray, default=None
        Answers of teachers that were not trained on these rows, and the answers' weights.
        The old answer of a node is then their mean, for the tree learnt from teachers that
        know the labels by heart.

    Returns
    -------
    HardTree
        The corrected one; the weights of its nodes are as they were.
    """
    (n, label_sums), old = _sums(tree, leaf, target, weight), tree.means()
    if unseen is not None:
        n_answers, answer = _sums(tree, leaf, *unseen)
        old = _moved(n_answers, answer, old)
    answer = _moved(n, label_sums, old)
    if is_class:
        losses = _log_losses(n, label_sums, old)
    else:
        _, squares = _sums(tree, leaf, np.square(target), weight)
        losses = _squares(n, label_sums, squares, answer)
    smaller = _borne_out(tree, losses)
    # A tree keeps sums: such as have the answers for means.
    sums = tree.sums[:, :1] * np.column_stack([np.ones(len(answer)), answer])
    # Children have higher numbers: from the last node back, their sums are there.
    for node in np.flatnonzero(~smaller.is_leaf)[::-1]:
        sums[node] = (
            sums[smaller.children_left[node]] + sums[smaller.children_right[node]]
        )
    return replace(smaller, sums=sums).compact()


def _sums(tree, leaf, values, weight):
    """The number of rows of each node, and their sum, a row's mean weight being 1."""
    # Weights of mean 1: 300 rows of the teacher are then rows in any unit.
    weight = weight[:, None] * (np.count_nonzero(weight) / weight.sum())
    sums = tree.totals(leaf, weight * np.column_stack([np.ones(len(leaf)), values]))
    return sums[:, :1], sums[:, 1:]


def _moved(n, sums, old):
    """The mean of n rows that sum to so much, and of the old answer."""
    return (sums + _ROWS_OF_TEACHER * old) / (n + _ROWS_OF_TEACHER)


def _log_losses(n, sums, old):
    """The labels' log loss of each node, each row left out of the answer for it."""
    answer = _moved(np.maximum(n - 1, 0), np.maximum(sums - 1, 0), old)
    return -(sums * np.log(np.maximum(answer, _LEAST))).sum(axis=1)


def _squares(n, sums, squares, mean):
    """The same for values: squared distances to a mean without the row in question."""
    # Leave-one-out in closed form: without its row, a residual grows by this factor.
    total = n + _ROWS_OF_TEACHER
    factor = total / (total - np.minimum(n, 1))
    return (factor**2 * (squares - 2 * mean * sums + n * mean**2)).sum(axis=1)


def _borne_out(tree, losses):
    """A tree with leaves in the place of questions that do not lower the loss."""
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
