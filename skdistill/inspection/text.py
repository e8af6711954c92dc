"""A fitted tree as text."""

from .wording import Leaves, check_readable, questions_of, quietly


@quietly
def export_text(
    tree,
    *,
    feature_names=None,
    class_names=None,
    max_terms=3,
    digits=3,
    spacing=3,
):
    """Print a fitted decision tree, soft or hard, with its features in their own units.

    Each gate of a soft tree reads as the question that the greedy path asks,
    ``w1 * a + w2 * b <= t``;
    the more the left side falls short of t, the surer the way to the left. The
    coefficients are on the original columns, not on the student's scaled view, wherever
    that view is the default one. A category is a question that counts 1 for yes and 0
    for no, ``[contract in {two year}]``, and so is a gap, ``[age is missing]``; a gap
    then counts as the column's mean. A column with heavy tails is there as
    ``log1p(income / 7000)`` (``signed_log1p(z)`` is ``sign(z) log(1 + |z|)``).

    A hard tree's questions are printed in full, ``age <= 17.5``, and who answers them
    with a row comes to the leaf that the tree comes to. A gap goes where the text says
    ``or missing``; in a column that had none in training it counts as the column's mean. A
    category that training never saw is in no set, unless one says ``unseen``.

    Names, categories and classes are printed as they are, in one line each: control
    characters as ``\\n``, an empty name as ``''``. A column's name that reads as a number
    is quoted, so that ``0.5 * '40' <= 3`` is no arithmetic; other names that are no
    strings are as ``str`` has them.

    Parameters
    ----------
    tree : SoftDecisionTreeClassifier, HardDecisionTreeClassifier, or a regressor
        Fitted.
    feature_names : array-like of str of shape (n_features,), default=None
        Names of the columns of X; by default those that ``fit`` saw, else ``feature_0``
        and so on. With a transformer as ``preprocessor``, names of its columns.
    class_names : array-like of str of shape (n_classes,), default=None
        Names of the classes, in the order of ``classes_``, which are the default. For
        several labels or targets, and for a regressor, names of these.
    max_terms : int or None, default=3
        Number of terms of each soft gate that are printed, those that move it most; the
        others are taken at their columns' means. None prints all, and the text then says
        what the tree computes, to the digits printed. A category that training never saw
        counts as the mean of all, unless it shares an indicator with rare ones.
    digits : int, default=3
        Significant digits of coefficients and leaves; for columns far from 0, such as
        years, digits of their spread. A hard tree's thresholds have all of theirs.
    spacing : int, default=3
        Dashes before each line.

    Returns
    -------
    str
        One line for each side of a gate and each leaf; a leaf's line tells what it
        predicts, and the share of the training rows that reach it.

    Raises
    ------
    ValueError
        If the number of names is not that of columns or classes.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdistill import SoftDecisionTreeClassifier, export_text
    >>> iris = load_iris()
    >>> tree = SoftDecisionTreeClassifier(max_depth=1, random_state=0)
    >>> tree = tree.fit(iris.data, iris.target == 0)
    >>> print(export_text(tree, feature_names=["sl", "sw", "pl", "pw"], max_terms=1))
    |--- ... <= ... [+ 3 smaller terms]
    |   |--- ...
    |--- ... > ... [+ 3 smaller terms]
    |   |--- ...
    """
    check_readable(tree)
    gates = questions_of(tree, feature_names, max_terms, digits)
    leaves = Leaves(tree, gates.leaves, class_names, digits)
    return "\n".join(_lines(0, gates, leaves, "|" + " " * spacing))


def _lines(node, gates, leaves, indent):
    dashes = "|" + "-" * (len(indent) - 1) + " "
    children = gates.children(node)
    if not children:
        yield dashes + leaves.describe(node)
        return
    for side, child in zip(gates.describe(node), children, strict=True):
        yield dashes + side
        for line in _lines(child, gates, leaves, indent):
            yield indent + line
