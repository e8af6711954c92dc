"""More transfer rows where a hard tree has few: drawn for its leaves, and for no others."""

import numpy as np

from .drawn import FixedRows


def rows_for_leaves(renewal, tree, see, counts, enough):
    """Rows that reach leaves which few have reached, and the teacher's answers.

    As many rows are drawn as at first; the teacher is asked about those that are kept.

    Parameters
    ----------
    renewal : Renewal or None
        What draws and labels rows; None where none were drawn.
    tree : HardTree
        The tree as it is now.
    see : callable
        ``see(X)`` -> the tree's view of rows.
    counts : ndarray of int of shape (n_nodes,)
        The number of rows that have reached each node.
    enough : int
        Number of rows that are enough for a leaf.

    Returns
    -------
    tuple or None
        Their view (k, n_view), leaves (k,), and the Knowledge of all rows with them in
        the place of the drawn ones; None where nothing is missing or to be had.
    """
    missing = np.where(tree.is_leaf, enough - counts, 0)
    if renewal is None or not (missing > 0).any():
        return None
    drawn = renewal.drawn
    if drawn.output is not None or isinstance(drawn.source.sampler, FixedRows):
        return None
    fresh = drawn.again(len(renewal))
    if fresh is None:
        return None
    leaf = tree.apply(see(renewal.validated(fresh.X)))
    order = np.argsort(leaf, kind="stable")
    # The first rows of each leaf, in the order drawn, as many as it misses.
    first = np.searchsorted(leaf[order], leaf[order])
    wanted = np.arange(len(leaf)) - first < missing[leaf[order]]
    chosen = np.sort(order[wanted])
    if not len(chosen):
        return None
    fresh = fresh.take(chosen)
    answers = fresh.answers(renewal.task, renewal.teacher)
    # A time budget may have ended before all were answered.
    fresh = fresh.take(np.arange(len(answers)))
    view = see(renewal.validated(fresh.X))
    return view, leaf[chosen[: len(answers)]], renewal.weighed(fresh, answers)


def shared_weight(leaf, weight, new_leaf, new_weight):
    """Weights with which each leaf keeps its total, by the numbers of old and new rows.

    Parameters
    ----------
    leaf : ndarray of int of shape (n,)
        The leaves of the rows so far.
    weight : ndarray of shape (n,)
        The weights of the rows so far.
    new_leaf : ndarray of int of shape (k,)
        The leaves of the new rows.
    new_weight : ndarray of shape (k,)
        The weights of the new rows, in proportion.

    Returns
    -------
    ndarray of shape (n + k,)
        The weights of the rows so far, and then of the new ones.

    Examples
    --------
    >>> import numpy as np
    >>> from skdistill.transfer.redraw import shared_weight
    >>> shared_weight(np.array([0, 1]), np.array([1.0, 3.0]), np.array([1, 1]), np.ones(2))
    array([1., 1., 1., 1.])
    """
    size = 1 + max(leaf.max(), new_leaf.max())
    n_old, n_new = (np.bincount(each, minlength=size) for each in (leaf, new_leaf))
    total = np.bincount(leaf, weight, minlength=size)
    new_total = np.bincount(new_leaf, new_weight, minlength=size)
    share = n_new / np.maximum(n_old + n_new, 1)
    scale = total * share / np.where(new_total > 0, new_total, 1.0)
    return np.concatenate([weight * (1 - share)[leaf], new_weight * scale[new_leaf]])
