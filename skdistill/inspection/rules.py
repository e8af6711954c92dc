"""A fitted tree as a list of rules, one for each leaf."""

from dataclasses import dataclass

import numpy as np

from ..export.arrays import check_is_student
from .conditions import merged
from .numbers import number, percent
from .questions import quietly
from .readable import readable, unwrapped
from .rule_formats import as_frame, as_json, as_markdown, as_text
from .wording import Leaves, questions_of, spoken

_FORMATS = ("text", "markdown", "frame", "json")


@quietly
def export_rules(
    tree,
    *,
    feature_names=None,
    class_names=None,
    max_terms=3,
    digits=3,
    format="text",
):
    """Write a fitted decision tree, soft or hard, as one rule for each leaf.

    Every row meets the conditions of one rule. Conditions about one column are joined:
    ``tenure <= 50``, ``tenure <= 15`` and ``tenure > 10`` are ``10 < tenure <= 15``. Then
    comes what the tree answers, with its probability and the share of the training rows
    that meet the rule; of several labels, targets or values all of them. ``observed 58 %``
    is the share of that answer among the labels, where a teacher has taught beside them.

    Parameters
    ----------
    tree : SoftDecisionTreeClassifier, HardDecisionTreeClassifier, or a regressor
        Fitted, or what ends in such a tree, as in :func:`export_text`. Of a soft tree the
        rules are those of the greedy path.
    feature_names : array-like of str of shape (n_features,), default=None
        As in :func:`export_text`.
    class_names : array-like of str of shape (n_classes,), default=None
        As in :func:`export_text`.
    max_terms : int or None, default=3
        As in :func:`export_text`.
    digits : int, default=3
        As in :func:`export_text`.
    format : {"text", "markdown", "frame", "json"}, default="text"
        "markdown" is a table, in which no name is taken for a mark. "frame" is one of
        pandas, with the numbers in full. "json", of a hard tree, holds the rules exactly,
        and :func:`skdistill.export.load` makes a predictor of it that needs numpy alone:
        it has been compared with the tree, as :func:`skdistill.export.verify` does. Of a
        pipeline give the last step: the predictor takes rows as this takes them.

    Returns
    -------
    str or DataFrame
        One line, or row, for each leaf.

    Raises
    ------
    TypeError
        If there is no tree to be read; of "json" also for a soft tree, a pipeline, or a
        view of the table that the user wrote.
    ValueError
        If the format is not known, or the number of names is not that of columns or
        classes.
    ImportError
        If pandas is wanted and not installed.

    See Also
    --------
    export_text : The tree with its questions one below the other.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdistill import HardDecisionTreeClassifier, export_rules
    >>> iris = load_iris()
    >>> tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(iris.data, iris.target)
    >>> print(export_rules(tree, feature_names=["sl", "sw", "pl", "pw"]))
    IF pl <= 2.5 THEN class 0 (... %, 33.3 % of rows)
    IF pl > 2.5 AND pw <= 1.75 THEN class 1 (90.7 %, 36 % of rows)
    IF pl > 2.5 AND pw > 1.75 THEN class 2 (97.7 %, 30.7 % of rows)
    """
    if format not in _FORMATS:
        raise ValueError(f"format={format!r} must be one of {', '.join(_FORMATS)}.")
    read = readable(tree).student
    questions = questions_of(read, feature_names, max_terms, digits)
    leaves = Leaves(read, questions.leaves, class_names, digits)
    rules = [
        _rule(leaves, leaf, merged(conditions))
        for leaf, conditions in _paths(questions, 0, [])
    ]
    if format == "json":
        student, steps = unwrapped(tree)
        if steps:  # it would predict, without a word, of rows that are not theirs
            check_is_student(tree)
        return as_json(student, rules)
    if format == "frame":
        return as_frame(rules, leaves)
    return as_markdown(rules) if format == "markdown" else as_text(rules)


@dataclass(frozen=True)
class Rule:
    """One leaf.

    Attributes
    ----------
    leaf : int
        The node's number.
    conditions : list of str
        Of which all must hold.
    answer : str
        What the tree says there.
    notes : list of str
        How sure it is, and to how many rows.
    value : ndarray of shape (n_outputs,)
        Probabilities of all classes, or values.
    n : int
        How many of the training rows come there.
    share : float
        Their share.
    """

    leaf: int
    conditions: list
    answer: str
    notes: list
    value: np.ndarray
    n: int
    share: float


def _paths(questions, node, above):
    """Each leaf below a node, and the conditions that lead to it."""
    todo = [(node, above)]  # no recursion: trees of a thousand levels are trees
    while todo:
        node, above = todo.pop()
        sides = questions.sides(node)
        if not sides:
            yield node, [text for text, _ in above]
        for text, child in reversed(sides):
            subject, implied = questions.implied(node, child)
            kept = [(said, of) for said, of in above if of not in implied]
            todo.append((child, [*kept, (text, subject)]))


def _rule(leaves, leaf, conditions):
    value = leaves.values[leaf]
    count = leaves.counts[leaf]
    share = count / leaves.counts[0]
    answer, notes = _answer(leaves, leaf, value)
    notes.append(f"{percent(share, leaves.digits)} of rows")
    return Rule(leaf, conditions, answer, notes, value, count.item(), float(share))


def _answer(leaves, leaf, value):
    """The likeliest class, and how likely it is; or all that the leaf says."""
    if not leaves.is_class and len(value) == 1:
        return number(value[0], leaves.digits, leaves.spread[0]), leaves.observed(leaf)
    if not leaves.is_class or leaves.is_multilabel or leaves.targets is not None:
        return leaves.prediction(value), leaves.observed(leaf)
    best = int(np.argmax(value))
    notes = [percent(value[best], leaves.digits)]
    if leaves.labels is not None and leaves.counts[leaf]:
        seen = percent(leaves.labels[leaf][best], leaves.digits)
        notes.append(f"observed {seen}")
    return spoken(leaves.titles[best]), notes
