"""A fitted soft tree as text."""

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..preprocessing import is_numeric_view, unscaled


def export_text(
    tree,
    *,
    feature_names=None,
    class_names=None,
    max_terms=3,
    digits=3,
    spacing=3,
):
    """Print a fitted soft decision tree with its features in their own units.

    Each gate reads as the question that the greedy path asks, ``w1 * a + w2 * b <= t``;
    the more the left side falls short of t, the surer the way to the left. The
    coefficients are on the original columns, not on the student's scaled view, wherever
    that view is the default one.

    Parameters
    ----------
    tree : SoftDecisionTreeClassifier or SoftDecisionTreeRegressor
        Fitted.
    feature_names : array-like of str of shape (n_view,), default=None
        Names of the columns; by default those that ``fit`` saw, else ``feature_0`` and
        so on.
    class_names : array-like of str of shape (n_classes,), default=None
        Names of the classes, in the order of ``classes_``, which are the default. For a
        regressor, names of the targets.
    max_terms : int or None, default=3
        So many terms of each gate are printed, those that matter most on scaled
        columns; the others are taken at their columns' means. None prints all, and the
        text then says what the tree computes, to the digits printed.
    digits : int, default=3
        Significant digits.
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
    gates = _Gates(tree, feature_names, max_terms, digits)
    leaves = _Leaves(tree, class_names, digits)
    return "\n".join(_lines(0, gates, leaves, "|" + " " * spacing))


def _lines(node, gates, leaves, indent):
    dashes = "|" + "-" * (len(indent) - 1) + " "
    if node >= gates.count:
        yield dashes + leaves.describe(node - gates.count)
        return
    terms, threshold, rest = gates.describe(node)
    for sign, child in (("<=", 2 * node + 1), (">", 2 * node + 2)):
        yield f"{dashes}{terms} {sign} {threshold}{rest}"
        for line in _lines(child, gates, leaves, indent):
            yield indent + line


class _Gates:
    """The gates as inequalities on the columns' own units."""

    def __init__(self, tree, names, max_terms, digits):
        module = tree.module_
        self.scaled = module.gate_weight.detach().double().cpu().numpy()
        self.bias = module.gate_bias.detach().double().cpu().numpy()
        self.weight, self.center = unscaled(tree.preprocessor_, self.scaled)
        self.count = len(self.bias)
        n = self.scaled.shape[1]
        self.names = _names(names, n, _seen_names(tree, n), "feature_names")
        self.max_terms = n if max_terms is None else max_terms
        self.digits = digits

    def describe(self, gate):
        """Its largest terms, the threshold, and how many terms are left out."""
        used = np.flatnonzero(self.weight[gate])
        order = used[np.argsort(-np.abs(self.scaled[gate, used]), kind="stable")]
        shown = order[: self.max_terms]
        weight = self.weight[gate, shown]
        threshold = weight @ self.center[shown] - self.bias[gate]
        rest = len(order) - len(shown)
        return (
            self._sum(weight, shown),
            f"{threshold:.{self.digits}g}",
            f" [+ {rest} smaller term{'s' * (rest > 1)}]" if rest else "",
        )

    def _sum(self, weight, columns):
        text = ""
        for w, column in zip(weight, columns, strict=True):
            sign = "-" if w < 0 else "+"
            joint = f" {sign} " if text else sign.replace("+", "")
            text += f"{joint}{abs(w):.{self.digits}g} * {self.names[column]}"
        return text or "0"


class _Leaves:
    """What the leaves predict, and how many rows reach them."""

    def __init__(self, tree, names, digits):
        self.values = tree.leaf_values()
        self.mass = tree.node_mass_[-len(self.values) :]
        self.classes = getattr(tree, "classes_", None)
        n = self.values.shape[1]
        seen = [f"target_{i}" for i in range(n)]
        if self.classes is not None:
            seen = [str(label) for label in self.classes]
        self.names = _names(names, n, seen, "class_names")
        self.digits = digits

    def describe(self, leaf):
        """One line."""
        value = self.values[leaf]
        rows = f"({100 * self.mass[leaf]:.{self.digits}g} % of rows)"
        if self.classes is None:
            numbers = ", ".join(f"{v:.{self.digits}g}" for v in value)
            label = "value" if len(value) == 1 else ", ".join(self.names)
            return f"{label}: {numbers} {rows}"
        likeliest = np.argsort(-value, kind="stable")[:3]
        parts = (f"{self.names[k]} {value[k]:.{self.digits}g}" for k in likeliest)
        more = ", ..." if len(value) > 3 else ""
        return f"class: {', '.join(parts)}{more} {rows}"


def _names(given, n, default, argument):
    names = default if given is None else [str(name) for name in given]
    if len(names) != n:
        raise ValueError(f"{argument} has {len(names)} names, and there must be {n}.")
    return names


def _seen_names(tree, n):
    """Names of the columns of the student's view, as far as they are known."""
    numbered = [f"feature_{i}" for i in range(n)]
    if is_numeric_view(tree.preprocessor_):  # one column of the view for one of X
        return list(getattr(tree, "feature_names_in_", numbered))
    try:
        return list(tree.preprocessor_.get_feature_names_out())
    except (AttributeError, ValueError):  # the transformer, or a part of it, has none
        return numbered
