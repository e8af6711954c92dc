"""One row's way through a fitted tree, in words."""

import numpy as np
from sklearn.base import is_classifier

from ..tables.terms import in_one_line
from ..tables.view import reads_tables
from ..tasks.priors import shifted
from .questions import quietly
from .rows import one_row
from .wording import Leaves, check_readable, questions_of


@quietly
def explain(tree, x, *, feature_names=None, class_names=None, max_terms=3, digits=3):
    """Tell why a fitted tree, soft or hard, answers as it does for one row.

    The path is the greedy one, at each gate the likelier side, or with
    ``inference="leaf"`` that to the likeliest leaf. For each gate of a soft
    tree the text gives its question, how sure the gate is, and the terms that speak most
    for the side that is taken, each with its part of the log odds (against the column's
    mean, where the view centres it). For a hard tree it gives the question and the row's
    value, where that says more. The words are those of :func:`export_text`. Then comes
    the leaf, and, where a soft tree predicts by its mixture, what the mixture says;
    after ``adjust_class_prior``, what the tree predicts now.

    Parameters
    ----------
    tree : SoftDecisionTreeClassifier, HardDecisionTreeClassifier, or a regressor
        Fitted.
    x : frame of one row, array-like of shape (n_features,) or (1, n_features)
        The row.
    feature_names : array-like of str of shape (n_features,), default=None
        As in :func:`export_text`.
    class_names : array-like of str of shape (n_classes,), default=None
        As in :func:`export_text`.
    max_terms : int or None, default=3
        Number of terms of a soft gate that are shown.
    digits : int, default=3
        Significant digits.

    Returns
    -------
    str
        A line for each node of the path, and one or two for the answer.

    Raises
    ------
    ValueError
        If `x` is not one row.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdistill import HardDecisionTreeClassifier, explain
    >>> iris = load_iris()
    >>> tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(iris.data, iris.target)
    >>> names = ["sl", "sw", "pl", "pw"]
    >>> print(explain(tree, iris.data[60], feature_names=names))
    pl > 2.5, because pl = 3.5
    pw <= 1.75, because pw = 1
    leaf 3: class 1: 90.7 %, class 2: 9.3 %, 1 other < 0.1 %  (36 % of rows, n = 54)
    """
    check_readable(tree)
    row = one_row(x)
    z = np.asarray(tree._view(row), dtype=np.float64)
    if len(z) != 1:
        raise ValueError(f"x has {len(z)} rows: give one, such as X[:1].")
    inference = getattr(tree, "inference", "path")
    end = int(tree.apply(row)[0]) if inference == "leaf" else None
    gates = questions_of(tree, feature_names, max_terms, digits)
    leaves = Leaves(tree, gates.leaves, class_names, digits)
    lines, node = [], 0
    # The path follows the exact numbers; only the text is rounded.
    for gate, node, reasons in gates.evidence(z[0], _held(tree, row), end):
        (side,) = (text for text, child in gates.sides(gate) if child == node)
        lines.append(", ".join([side, *reasons]))
    lines.append(f"leaf {node}: {leaves.describe(node)}")
    if inference == "mixture":
        lines.append(f"all leaves together: {leaves.prediction(_answer(tree, row))}")
    if getattr(tree, "_class_shift", None) is not None:
        answer = leaves.prediction(_answer(tree, row, adjusted=True))
        lines.append(f"after adjust_class_prior: {answer}")
    return "\n".join(lines)


def _held(tree, row):
    """What the row holds, by column, where the columns are those of a table."""
    if not reads_tables(tree.preprocessor_):
        return {}
    table = tree._table(row)
    numbers = zip(table.number_columns.tolist(), table.numbers[0].tolist(), strict=True)
    held = {j: None if np.isnan(value) else value for j, value in numbers}
    for column, labels in table.labels.items():
        code = int(labels.codes[0])
        held[column] = in_one_line(labels.categories[code]) if code >= 0 else None
    return held


def _answer(tree, row, adjusted=False):
    if is_classifier(tree):
        log_p = tree._log_probabilities(row)
        return np.exp(shifted(log_p, tree._class_shift) if adjusted else log_p)[0]
    return np.atleast_1d(np.asarray(tree.predict(row))[0])
