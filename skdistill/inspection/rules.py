"""A fitted tree as a list of rules, one for each leaf."""

from .questions import quietly
from .readable import readable
from .wording import Leaves, questions_of


@quietly
def export_rules(tree, *, feature_names=None, class_names=None, max_terms=3, digits=3):
    """Print a fitted decision tree, soft or hard, as one rule for each leaf.

    Every row meets the conditions of one rule. What a later condition implies is left out:
    of ``tenure <= 50`` and ``tenure <= 15`` the second stays. The words, and the order, are
    those of :func:`export_text`.

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

    Returns
    -------
    str
        One line for each leaf.

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
    if pl <= 2.5: class 0: ...  (33.3 % of rows, n = 50)
    if pl > 2.5 and pw <= 1.75: class 1: 90.7 %, ...  (36 % of rows, n = 54)
    if pl > 2.5 and pw > 1.75: class 2: 97.7 %, ...  (30.7 % of rows, n = 46)
    """
    tree = readable(tree).student
    questions = questions_of(tree, feature_names, max_terms, digits)
    leaves = Leaves(tree, questions.leaves, class_names, digits)
    return "\n".join(
        f"if {' and '.join(conditions) or 'any row'}: {leaves.describe(leaf)}"
        for leaf, conditions in _rules(questions, 0, [])
    )


def _rules(questions, node, above):
    """Each leaf below a node, and the conditions that lead to it."""
    sides = questions.sides(node)
    if not sides:
        yield node, [text for text, _ in above]
    for text, child in sides:
        subject, implied = questions.implied(node, child)
        kept = [(said, of) for said, of in above if of not in implied]
        yield from _rules(questions, child, [*kept, (text, subject)])
