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


def fidelity_in_nodes(end, parent, outputs, used, task):
    """How often a tree's class is the teacher's, among the rows that come to each node.

    Parameters
    ----------
    end : ndarray of int of shape (n,)
        The node where each row of X ends.
    parent : ndarray of int of shape (n_nodes,)
        The node above each, whose number is lower; of the root, any.
    outputs : ndarray of shape (n, n_outputs)
        What the tree says there, the likeliest class of each target the largest.
    used : Knowledge
        The targets that have weight.
    task : Task
        What outputs mean.

    Returns
    -------
    ndarray of shape (n_nodes,) or None
        Shares of the rows, of several targets their mean; NaN where no row comes. None
        for values, and where no teacher has answered for rows of X.
    """
    if used.soft is None or task.kind != "classifier":
        return None
    rows = np.flatnonzero(used.soft_weight[: used.n_labelled])
    if not len(rows):
        return None
    pairs = zip(
        task.by_target(outputs[rows]), task.by_target(used.soft[rows]), strict=True
    )
    alike = [said.argmax(axis=1) == taught.argmax(axis=1) for said, taught in pairs]
    n, end = len(parent), end[rows]
    columns = np.bincount(end, minlength=n), np.bincount(end, np.mean(alike, axis=0), n)
    counts, sums = _passed_up(np.stack(columns, axis=1).astype(float), parent).T
    return np.divide(sums, counts, out=np.full(n, np.nan), where=counts > 0)


def _passed_up(sums, parent):
    """Sums of the leaves as sums of all nodes."""
    for node in range(len(parent) - 1, 0, -1):
        sums[parent[node]] += sums[node]
    return sums
