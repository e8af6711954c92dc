"""A fitted tree as text."""

import math

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..preprocessing import in_one_line, reads_tables, view_terms

# A column this many standard deviations from 0 (a year, say) is printed from its middle.
_FAR = 10


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
    ``or missing``.

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
        So many terms of each soft gate are printed, those that move it most; the others are
        taken at their columns' means. None prints all, and the text then says what the
        tree computes, to the digits printed. A category that training never saw counts
        as the mean of all, unless it shares an indicator with rare ones.
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
    check_is_fitted(tree)
    if max_terms is not None and max_terms < 1:
        raise ValueError(f"max_terms={max_terms} must be at least 1, or None for all.")
    if hasattr(tree, "tree_"):
        gates = _Questions(tree, feature_names)
    else:
        gates = _Gates(tree, feature_names, max_terms, digits)
    leaves = _Leaves(tree, gates.leaves, class_names, digits)
    with np.errstate(
        over="ignore", invalid="ignore"
    ):  # columns up to the largest float
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


class _Gates:
    """The gates as questions about the columns, in the columns' own units."""

    def __init__(self, tree, names, max_terms, digits):
        module = tree.module_
        self.scaled = module.gate_weight.detach().double().cpu().numpy()
        self.bias = module.gate_bias.detach().double().cpu().numpy()
        n_view, view = self.scaled.shape[1], tree.preprocessor_
        seen = _seen_names(tree, n_view)
        self.names = _names(names, len(seen), seen, "feature_names")
        self.terms, scale, self.center, self.spread = view_terms(view, n_view)
        self.weight = self.scaled * scale
        self.count = len(self.bias)
        self.leaves = range(self.count, 2 * self.count + 1)
        self.max_terms = n_view if max_terms is None else max_terms
        self.digits = digits

    def children(self, node):
        """Numbers of the nodes below; none below a leaf."""
        return (2 * node + 1, 2 * node + 2) if node < self.count else ()

    def describe(self, gate):
        """What it asks of the rows on its left and on its right."""
        used = np.flatnonzero(self.weight[gate])
        matters = np.abs(self.weight[gate, used]) * self.spread[used]
        order = used[np.argsort(-matters, kind="stable")]
        shown = order[: self.max_terms]
        weight, terms = self.weight[gate, shown], [self.terms[i] for i in shown]
        threshold = weight @ self.center[shown] - self.bias[gate]
        rest = len(order) - len(shown)
        if not rest and len({term.column for term in terms}) == 1:
            if all(term.is_question for term in terms):
                return _sets(terms, weight, threshold, self.names[terms[0].column])
            if len(terms) == 1:
                signs = (">=", "<") if weight[0] < 0 else ("<=", ">")
                bound = self._rounded(threshold / weight[0], self.spread[shown[0]])
                return [f"{terms[0].text(self.names)} {sign} {bound}" for sign in signs]
        more = f" [+ {rest} smaller term{'s' * (rest > 1)}]" if rest else ""
        total, threshold = self._sum(weight, shown, threshold)
        return [f"{total} {sign} {threshold}{more}" for sign in ("<=", ">")]

    def _sum(self, weight, shown, threshold):
        """The terms as text, and the threshold; columns far from 0 are moved there."""
        text = ""
        for w, i in zip(weight, shown, strict=True):
            term, spread = self.terms[i], self.spread[i]
            what = term.text(self.names)
            what = f"[{what}]" if term.is_question else what
            if not term.is_question and abs(self.center[i]) > _FAR * spread > 0:
                middle = self._rounded(self.center[i], spread)
                threshold -= w * float(middle)
                minus = "-" if self.center[i] > 0 else "+"
                what = f"({what} {minus} {middle.lstrip('-')})"
            sign = "-" if w < 0 else "+"
            joint = f" {sign} " if text else sign.replace("+", "")
            text += f"{joint}{abs(w):.{self.digits}g} * {what}"
        return text or "0", f"{threshold:.{self.digits}g}"

    def _rounded(self, value, spread):
        """A number to so many digits of the column's spread, or of its own."""
        digits = self.digits
        if spread > 0 and abs(value) > spread:
            digits += math.floor(math.log10(abs(value) / spread))
        return f"{value:.{digits}g}"


def _sets(terms, weight, threshold, name):
    """A gate about one column's categories: which go to the left, and which do not.

    A category without a term of its own counts 0.
    """
    others_go_left = threshold >= 0
    named = [
        term
        for term, w in zip(terms, weight, strict=True)
        if (w > threshold) == others_go_left
    ]
    texts = sorted(in_one_line(term.category) for term in named if not term.is_gap)
    parts = [f"{name} in {{{', '.join(texts)}}}"] if texts or not named else []
    parts += [f"{name} is missing"] if any(term.is_gap for term in named) else []
    question = " or ".join(parts)
    sides = [f"not ({question})" if len(parts) > 1 else f"not {question}", question]
    return sides if others_go_left else sides[::-1]


class _Questions:
    """A hard tree's questions, in full."""

    def __init__(self, tree, names):
        self.tree = tree.tree_
        n_view, view = tree._n_view, tree.preprocessor_
        seen = _seen_names(tree, n_view)
        self.names = _names(names, len(seen), seen, "feature_names")
        self.terms, self.scale, self.center, _ = view_terms(view, n_view)
        self.leaves = np.flatnonzero(self.tree.is_leaf).tolist()
        had_gaps = {term.column for term in self.terms if term.is_gap}
        self.filled = {
            i: view.filling_[i]
            for i, term in enumerate(self.terms)
            if term.column in had_gaps and not term.is_question
        }

    def children(self, node):
        """Numbers of the nodes below; none below a leaf."""
        left, right = self.tree.children_left[node], self.tree.children_right[node]
        return () if left < 0 else (int(left), int(right))

    def describe(self, node):
        """What it asks of the rows on its left and on its right."""
        column = int(self.tree.feature[node])
        term, name = self.terms[column], self.names[self.terms[column].column]
        threshold = self.tree.threshold[node] / self.scale[column] + self.center[column]
        if term.is_question:
            return _sets([term], [1.0], threshold, name)
        bound = _in_full(float(threshold))
        sides = [f"{term.text(self.names)} {sign} {bound}" for sign in ("<=", ">")]
        if column in self.filled:
            sides[int(self.filled[column] > self.tree.threshold[node])] += " or missing"
        return sides


def _in_full(value):
    """A number with all its digits, and no more."""
    short = f"{value:.15g}"
    return short if float(short) == value else repr(value)


class _Leaves:
    """What the leaves predict, and how many rows reach them."""

    def __init__(self, tree, numbers, names, digits):
        self.values = dict(zip(numbers, tree.leaf_values(), strict=True))
        self.mass = tree.node_mass_
        n_values = len(self.values[numbers[0]])
        classes = getattr(tree, "classes_", None)
        self.is_class = classes is not None
        self.is_multilabel = self.is_class and tree.is_multilabel()
        self.targets = classes if isinstance(classes, list) else None
        seen = _value_names(tree, n_values)
        if self.is_multilabel or self.targets is not None:
            kind = "label" if self.is_multilabel else "target"
            seen = [f"{kind}_{i}" for i in range(len(classes))]
        elif self.is_class:
            seen = [str(label) for label in classes]
        self.names = _names(names, len(seen), seen, "class_names")
        self.digits = digits

    def describe(self, leaf):
        """One line."""
        rows = f"({100 * self.mass[leaf]:.{self.digits}g} % of rows)"
        return f"{self._prediction(self.values[leaf])} {rows}"

    def _prediction(self, value):
        if not self.is_class:
            numbers = ", ".join(f"{v:.{self.digits}g}" for v in value)
            label = "value" if len(value) == 1 else ", ".join(self.names)
            return f"{label}: {numbers}"
        if self.is_multilabel:
            return f"labels: {self._likeliest(value[1::2], self.names)}"
        if self.targets is None:
            return f"class: {self._likeliest(value, self.names)}"
        ends = np.cumsum([len(classes) for classes in self.targets])[:-1]
        parts = zip(self.names, np.split(value, ends), self.targets, strict=True)
        return "; ".join(f"{n}: {self._likeliest(p, c)}" for n, p, c in parts)

    def _likeliest(self, value, names):
        likeliest = np.argsort(-value, kind="stable")[:3]
        parts = (f"{names[k]} {value[k]:.{self.digits}g}" for k in likeliest)
        return ", ".join(parts) + (", ..." if len(value) > 3 else "")


def _value_names(tree, n):
    levels = getattr(tree, "quantiles", None)
    if levels is not None:
        return [f"quantile {level:g}" for level in levels]
    return [f"target_{i}" for i in range(n)]


def _names(given, n, default, argument):
    names = default if given is None else [str(name) for name in given]
    if len(names) != n:
        raise ValueError(f"{argument} has {len(names)} names, and there must be {n}.")
    return [in_one_line(str(name)) for name in names]


def _seen_names(tree, n_view):
    """Names of what the terms are about: columns of X, or of a transformer's output."""
    view = tree.preprocessor_
    if view is None or reads_tables(view):
        numbered = [f"feature_{i}" for i in range(tree.n_features_in_)]
        return list(getattr(tree, "feature_names_in_", numbered))
    try:
        return list(view.get_feature_names_out())
    except (AttributeError, ValueError):  # the transformer, or a part of it, has none
        return [f"feature_{i}" for i in range(n_view)]
