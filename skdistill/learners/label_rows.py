"""Soft targets for estimators that take labels: weighted label rows, and trees.

A row with the target p is worth one row for each class k, of weight p_k: the log loss of
these rows is the cross entropy with p, and their Gini impurity is the variance of p.
"""

from dataclasses import dataclass

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.tree import (
    BaseDecisionTree,
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeRegressor,
)
from sklearn.tree._tree import Tree


@dataclass(frozen=True)
class LabelRows:
    """Rows with a label and a weight each, which stand for soft targets.

    Attributes
    ----------
    row : ndarray of shape (n_label_rows,)
        The original row of each.
    code : ndarray of shape (n_label_rows,)
        Position of its label among the classes.
    weight : ndarray of shape (n_label_rows,)
        The weights of an original row's label rows sum to that of the row.
    error : float
        Weighted mean, over the original rows, of the total variation distance between
        the target and what its label rows say: 0 is exact, 1 the worst.
    """

    row: np.ndarray
    code: np.ndarray
    weight: np.ndarray
    error: float


def truncated_label_rows(p, weight, max_rows):
    """All label rows if they are few enough, else those of the largest weights.

    Each row keeps its likeliest class, and the weights of the classes that it keeps are
    scaled up to the weight of the row.

    Parameters
    ----------
    p : ndarray of shape (n, n_classes)
        Targets.
    weight : ndarray of shape (n,)
        Weights of the rows.
    max_rows : int
        At least n.

    Returns
    -------
    LabelRows
        At most `max_rows`.

    Examples
    --------
    >>> import numpy as np
    >>> from skdistill.learners.label_rows import truncated_label_rows
    >>> p = np.array([[0.7, 0.2, 0.1]])
    >>> truncated_label_rows(p, np.ones(1), 3).weight
    array([0.7, 0.2, 0.1])
    >>> two = truncated_label_rows(p, np.ones(1), 2)
    >>> two.weight.round(3), round(two.error, 3)
    (array([0.778, 0.222]), 0.1)
    """
    kept = p > 0
    if kept.sum() > max_rows:
        mass = p * weight[:, None]
        best = (np.arange(len(p)), p.argmax(axis=1))
        mass[best] = np.inf  # no row loses all of its labels
        bar = np.partition(mass.ravel(), -max_rows)[-max_rows]
        kept = mass > bar
        # Of equal weights at the bar, the first rows: the number is exact.
        level = np.flatnonzero((mass == bar).ravel() & (p > 0).ravel())
        # `kept` is contiguous, so that this writes into it, and not into a copy.
        kept.ravel()[level[: max_rows - kept.sum()]] = True
    row, code = np.nonzero(kept)
    share = p[row, code]
    total = np.bincount(row, share, minlength=len(p))
    lost = np.where(total < 1 - 1e-12, 1 - total, 0.0)
    error = np.average(lost, weights=weight)
    return LabelRows(row, code, share / total[row] * weight[row], float(error))


def drawn_label_rows(p, weight, max_rows, random):
    """The same number of labels for each row, drawn from its target.

    Labels are drawn systematically, so that each class is there as often as it should
    be, to one label. Label rows of one original row have equal weights.

    Parameters
    ----------
    p : ndarray of shape (n, n_classes)
        Targets.
    weight : ndarray of shape (n,)
        Weights of the rows.
    max_rows : int
        At least n.
    random : numpy.random.RandomState
        Draws.

    Returns
    -------
    LabelRows
        At most `max_rows`.

    Examples
    --------
    >>> import numpy as np
    >>> from skdistill.learners.label_rows import drawn_label_rows
    >>> p = np.array([[0.75, 0.25]])
    >>> drawn = drawn_label_rows(p, np.ones(1), 4, np.random.RandomState(0))
    >>> drawn.code, drawn.error
    (array([0, 0, 0, 1]), 0.0)
    """
    n, n_draws = len(p), max_rows // len(p)
    # Systematic sampling: one random offset for each row, then equal steps.
    points = (random.random_sample((n, 1)) + np.arange(n_draws)) / n_draws
    row, code = np.repeat(np.arange(n), n_draws), np.zeros(n * n_draws, dtype=np.int64)
    drawn = np.zeros_like(p)
    upto = np.zeros((n, 1))
    # Class by class, without a table of rows, draws and classes.
    for k in range(p.shape[1] - 1):
        upto += p[:, [k]]
        code += (points >= upto).ravel()
    np.add.at(drawn, (row, code), 1 / n_draws)
    error = np.average(np.abs(drawn - p).sum(axis=1) / 2, weights=weight)
    return LabelRows(row, code, weight[row] / n_draws, float(error))


def learns_variance(student):
    """Whether a student is a tree classifier whose splits are those of a regressor.

    Parameters
    ----------
    student : estimator
        Unfitted.

    Returns
    -------
    bool
        True for single trees with the Gini criterion.
    """
    is_tree = isinstance(student, BaseDecisionTree) and is_classifier(student)
    plain = is_tree and student.class_weight is None and student.monotonic_cst is None
    return plain and student.criterion == "gini"


def grown_tree(student, X, p, weight, classes):
    """A tree classifier that is grown on soft targets, without label rows.

    The Gini impurity of label rows is the sum of the variances of the targets' columns,
    so the splits are those of a multi-output regression tree; its leaves' means are the
    probabilities.

    Parameters
    ----------
    student : DecisionTreeClassifier or ExtraTreeClassifier
        Unfitted, with ``criterion="gini"``.
    X : array-like of shape (n, n_inputs)
        Rows.
    p : ndarray of shape (n, sum of n_classes)
        Targets, side by side if there are several.
    weight : ndarray of shape (n,)
        Weights of the rows.
    classes : list of ndarray
        The classes of each target.

    Returns
    -------
    DecisionTreeClassifier or ExtraTreeClassifier
        Fitted.
    """
    widths = [len(group) for group in classes]
    # A classifier's impurity is the mean over its targets of the Gini impurity; a
    # regressor's is the mean over all columns.
    factor = len(widths) / sum(widths)
    params = student.get_params()
    params |= {
        "criterion": "squared_error",
        "ccp_alpha": params["ccp_alpha"] * factor,
        "min_impurity_decrease": params["min_impurity_decrease"] * factor,
    }
    del params["class_weight"]
    straight = isinstance(student, DecisionTreeClassifier)
    Regressor = DecisionTreeRegressor if straight else ExtraTreeRegressor
    grown = Regressor(**params).fit(X, p, sample_weight=weight)
    return _as_classifier(clone(student), grown, classes)


def _as_classifier(student, grown, classes):
    """A classifier with the nodes of a regression tree."""
    widths = np.array([len(group) for group in classes], dtype=np.intp)
    # scikit-learn's tree has no public constructor; its pickled state is its interface.
    state = grown.tree_.__getstate__()
    means = state["values"].reshape(len(state["values"]), -1)
    values = np.zeros((len(means), len(widths), widths.max()))
    for i, part in enumerate(np.split(means, np.cumsum(widths)[:-1], axis=1)):
        values[:, i, : widths[i]] = part
    nodes = state["nodes"].copy()
    nodes["impurity"] = (1 - np.square(values).sum(axis=2)).mean(axis=1)
    tree = Tree(grown.n_features_in_, widths, len(widths))
    tree.__setstate__({**state, "values": values, "nodes": nodes})
    student.tree_, student.n_outputs_ = tree, len(widths)
    for name in ("n_features_in_", "max_features_", "feature_names_in_"):
        if hasattr(grown, name):
            setattr(student, name, getattr(grown, name))
    single = len(widths) == 1
    student.classes_ = classes[0] if single else list(classes)
    student.n_classes_ = widths[0] if single else widths
    return student
