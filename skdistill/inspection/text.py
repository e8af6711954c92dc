"""A fitted tree as text."""

from .arguments import as_count
from .questions import quietly
from .readable import readable
from .wording import Leaves, questions_of


@quietly
def export_text(
    tree,
    *,
    feature_names=None,
    class_names=None,
    max_terms=3,
    max_depth=None,
    digits=3,
    spacing=3,
) -> str:
    """Print a fitted decision tree, soft or hard, with its features in their own units.

    Each question has two sides, and that for yes comes first: ``contract = monthly``, then
    ``contract is not monthly``. A hard tree's questions are printed in full, and who
    answers them with a row comes to the leaf that the tree comes to. A column that held
    nothing but 0 and 1 is asked for as ``vip = 1``. A gap goes where the text says
    ``or missing``; in a column that had none in training it counts as the column's mean. A
    category that training never saw is in no set, unless one says ``unseen``.

    A leaf says what the tree answers there, ``Yes 63 %``: of two classes the probability
    of the second one (of ``classes_``), of more the likeliest three. ``observed 58 %`` is
    the share among the labels, or the mean of y, where a teacher has taught beside them.
    Then comes the share of the training rows that reach the leaf, and their number; of a
    soft tree, of those whose greedy path ends there.

    Each gate of a soft tree reads as the question that the greedy path asks. About one
    column, it is in the column's own unit, such as ``age <= 17.5``. About several, it is a
    sum on the original columns, ``w1 * a + w2 * b <= t``, wherever the student's view is
    the default one; the more the left side falls short of t, the surer the way of yes. A
    category is there as 1 for yes and 0 for no, ``[contract = monthly]``, and so is a gap,
    ``[age is missing]``; a gap then counts as the column's mean. A column with heavy tails
    is there as ``log1p(income / 7000)`` (``signed_log1p(z)`` is ``sign(z) log(1 + |z|)``).
    The threshold is that of the whole sum. Of terms that are left out the text says how
    many they are and what they come to on average, and how much of the question those
    that are shown carry: their variance on the training rows over that of all terms, as if
    columns had nothing to do with each other. Such a tree is to be looked at rather than
    carried out; for questions about one column each, ``harden`` it.

    scikit-learn's trees ask about numbers in single precision: the text has the shortest
    number that differs from the threshold by no more than that, as ``age < 2.45`` where
    2.45 itself goes to the other side.

    Names, categories and classes are printed as they are, in one line each: control
    characters as ``\\n``, an empty name as ``''``; a category that is called as gaps are is
    ``'missing'``. A column's name that reads as a number is quoted, so that
    ``0.5 * '40' <= 3`` is no arithmetic; other names that are no strings are as ``str`` has
    them.

    Parameters
    ----------
    tree : SoftDecisionTreeClassifier, HardDecisionTreeClassifier, or a regressor
        Fitted. Or a StudentClassifier or StudentRegressor whose student is a single
        tree of scikit-learn's, or a Pipeline or a search that ends in one of these: its
        columns are then those that the last step sees.
    feature_names : array-like of str of shape (n_features,), default=None
        Names of the columns of X; by default those that ``fit`` saw, else ``feature_0``
        and so on. With a transformer as ``preprocessor``, names of its columns.
    class_names : array-like of str of shape (n_classes,), default=None
        Names of the classes, in the order of ``classes_``, which are the default. For
        several labels or targets, and for a regressor, names of these.
    max_terms : int or None, default=3
        Number of terms of each soft gate that are printed, those that move it most. None
        prints all, and the text then says what the tree computes, to the digits printed. A
        category that training never saw counts as the mean of all, unless it shares an
        indicator with rare ones.
    max_depth : int, default=None
        Number of questions on each path that are printed; below them the text says how
        many leaves there are. None prints all.
    digits : int, default=3
        Significant digits of coefficients and values; for columns far from 0, such as
        years, digits of their spread. Percents have two less after the point. A hard
        tree's thresholds have all of theirs.
    spacing : int, default=3
        Dashes before each line.

    Returns
    -------
    str
        One line for each side of a question and each leaf.

    Raises
    ------
    TypeError
        If there is no tree to be read.
    ValueError
        If the number of names is not that of columns or classes, or if ``max_depth`` is
        below 0.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdistill import SoftDecisionTreeClassifier, export_text
    >>> iris = load_iris()
    >>> tree = SoftDecisionTreeClassifier(max_depth=1, max_epochs=50, random_state=0)
    >>> tree = tree.fit(iris.data, iris.target == 0)
    >>> print(export_text(tree, feature_names=["sl", "sw", "pl", "pw"], max_terms=1))
    |--- ... [+ 3 smaller terms] <= ...  (this term carries ... % of this question, ...)
    |   |--- True ... %  (... % of rows, n = ...)
    |--- ... [+ 3 smaller terms] > ...
    |   |--- True ... %  (... % of rows, n = ...)
    """
    max_depth = as_count("max_depth", max_depth, 0, none=True)
    spacing = as_count("spacing", spacing)
    tree = readable(tree).student
    gates = questions_of(tree, feature_names, max_terms, digits)
    leaves = Leaves(tree, gates.leaves, class_names, digits)
    return "\n".join(_lines(gates, leaves, spacing, max_depth))


def _lines(gates, leaves, spacing, max_depth):
    """A line for each side of a question, with those below it, and for each leaf."""
    indent, dashes = "|" + " " * spacing, "|" + "-" * spacing + " "
    todo = [(0, None, 0)]  # no recursion: trees of a thousand levels are trees
    while todo:
        depth, side, node = todo.pop()
        if side is not None:
            yield indent * (depth - 1) + dashes + side
        sides = gates.sides(node)
        if not sides:
            yield indent * depth + dashes + leaves.describe(node)
        elif depth == max_depth:
            n, rows = _count_leaves(node, gates), ", ".join(leaves.rows(node))
            yield f"{indent * depth}{dashes}... {n} leaves below  ({rows})"
        else:
            note = gates.note(node)
            notes = [f"  ({note})" if note else "", ""]  # once
            pairs = zip(sides, notes, strict=True)
            below = [(depth + 1, side + note, child) for (side, child), note in pairs]
            todo += reversed(below)


def _count_leaves(node, gates):
    todo, n = [node], 0
    while todo:
        below = [child for _, child in gates.sides(todo.pop())]
        n += not below
        todo += below
    return n
