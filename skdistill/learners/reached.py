"""The rows of X in the nodes of a tree, and what their labels say."""

import numpy as np


def rows_in_nodes(end, parent, used, task):
    """Count the rows that come to each node, and take the mean of their labels.

    Parameters
    ----------
    end : ndarray of int of shape (n,)
        The node where each row of X ends.
    parent : ndarray of int of shape (n_nodes,)
        The node above each, whose number is lower; of the root, any.
    used : Knowledge
        The targets that have weight.
    task : Task
        What labels mean.

    Returns
    -------
    counts : ndarray of int of shape (n_nodes,)
        Numbers of rows, those without weight not counted.
    labels : ndarray of shape (n_nodes, n_outputs) or None
        Shares of the classes, target after target, or mean values; zeros where no row
        comes. None where a teacher has not taught, or there are no labels beside it.
    """
    rows = np.flatnonzero(used.hard_weight)
    end, n = end[rows], len(parent)
    counts = _passed_up(np.bincount(end, minlength=n)[:, None], parent)[:, 0]
    if used.soft is None or used.labels is None or task.quantiles is not None:
        return counts, None
    if task.kind == "classifier":
        # Class by class, without a table of rows and classes.
        pairs = zip(task.widths, used.labels[rows].T, strict=True)
        sums = [
            np.bincount(end * width + codes, minlength=n * width).reshape(n, width)
            for width, codes in pairs
        ]
    else:
        values = task.numbers_of_labels(used.labels[rows]).T
        sums = [np.bincount(end, value, minlength=n)[:, None] for value in values]
    labels = _passed_up(np.concatenate(sums, axis=1), parent)
    labels = labels / np.maximum(counts, 1)[:, None]
    return counts, labels if task.kind == "classifier" else task.unit.restored(labels)


def _passed_up(sums, parent):
    """Sums of the leaves as sums of all nodes."""
    for node in range(len(parent) - 1, 0, -1):
        sums[parent[node]] += sums[node]
    return sums
