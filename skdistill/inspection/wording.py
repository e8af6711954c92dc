"""A fitted tree's questions and leaves in words."""

import math

import numpy as np
from sklearn.utils.validation import check_is_fitted

from ..tables.terms import in_one_line
from ..tables.view import reads_tables, view_terms

# A column this many standard deviations from 0 (a year, say) is printed from its middle.
_FAR = 10


def check_readable(tree):
    """Refuse what is not fitted, or has no questions that could be shown.

    Parameters
    ----------
    tree : object
        As the user gave it.

    Raises
    ------
    NotFittedError
        If it is not fitted.
    TypeError
        If it is no soft or hard decision tree.
    """
    check_is_fitted(tree)
    if hasattr(tree, "tree_") and hasattr(tree, "_n_view"):  # a hard tree
        return
    if not hasattr(getattr(tree, "module_", None), "gate_weight"):
        raise TypeError(
            f"{type(tree).__name__} has no questions that can be read: give a fitted "
            "SoftDecisionTree or HardDecisionTree. The tree in a StudentClassifier or "
            'StudentRegressor is student_["model"], which sklearn.tree.export_text prints.'
        )


def questions_of(tree, feature_names=None, max_terms=3, digits=3):
    """Return what a fitted tree asks.

    Parameters
    ----------
    tree : SoftDecisionTree or HardDecisionTree
        Fitted.
    feature_names : array-like of str of shape (n_features,), default=None
        Names of the columns; those that the tree knows, by default.
    max_terms : int or None, default=3
        Terms of a soft gate that are shown.
    digits : int, default=3
        Significant digits.

    Returns
    -------
    Gates or Questions
        Questions of the soft tree, or of the hard one.
    """
    if max_terms is not None and max_terms < 1:
        raise ValueError(f"max_terms={max_terms} must be at least 1, or None for all.")
    if hasattr(tree, "tree_"):
        return Questions(tree, feature_names)
    return Gates(tree, feature_names, max_terms, digits)


#: Weights of columns up to the largest float may be infinite in the columns' unit.
quietly = np.errstate(over="ignore", invalid="ignore")


class Gates:
    """A soft tree's gates as questions about the columns, in the columns' own units.

    Parameters
    ----------
    tree : SoftDecisionTree
        Fitted.
    names : array-like of str or None
        Names of the columns.
    max_terms : int or None
        Terms of a gate that are shown.
    digits : int
        Significant digits.
    """

    def __init__(self, tree, names, max_terms, digits):
        module = tree.module_
        self.scaled = module.gate_weight.detach().double().cpu().numpy()
        self.bias = module.gate_bias.detach().double().cpu().numpy()
        n_view, view = self.scaled.shape[1], tree.preprocessor_
        self.names = _feature_names(tree, names, n_view)
        self.terms, scale, self.center, self.spread = view_terms(view, n_view)
        # On the columns in their own units, and not on those that were scaled.
        self.weight, self.scale = self.scaled * scale, scale
        self.shape = module.shape
        self.leaves = module.shape.leaves.tolist()
        self.max_terms = n_view if max_terms is None else max_terms
        self.digits = digits

    def children(self, node):
        """Return the nodes below.

        Parameters
        ----------
        node : int
            The node's number.

        Returns
        -------
        tuple of int
            Numbers of the left and the right one; of a leaf, none.
        """
        return self.shape.children(node)

    def evidence(self, z, plain, end=None):
        """Why a row goes where it goes, gate by gate.

        Parameters
        ----------
        z : ndarray of shape (n_view,)
            The tree's view of the row.
        plain : dict of {int: str or None}
            Values of the row that are printed as they are, by column: categories, and
            None for gaps.
        end : int, default=None
            The leaf to which the path leads; None for the greedy one.

        Yields
        ------
        node : int
            Number of the gate.
        goes_right : bool
            To which side.
        reason : str
            How sure it is, and the terms that say most for this side.
        """
        node, way = 0, [] if end is None else self.shape.path(end)
        while self.children(node):
            gate = self.shape.rank(node)
            parts = self.scaled[gate] * z
            logit = parts.sum() + self.bias[gate]
            goes_right = self.children(node)[1] in way if way else bool(logit > 0)
            toward = parts if goes_right else -parts
            # The scale of a constant is 0: it stays at its centre.
            values = z / np.where(self.scale > 0, self.scale, np.inf) + self.center
            order = np.argsort(-toward, kind="stable")[: self.max_terms]
            shown = ", ".join(
                f"{self._in_words(k, values[k], plain)} ({toward[k]:+.2f})"
                for k in order
                if toward[k] > 0
            )
            share = 100 / (1 + np.exp(-logit if goes_right else logit))
            because = f", because {shown}" if shown else ""
            yield node, goes_right, f"{share:.{self.digits}g} % sure{because}"
            node = self.children(node)[goes_right]

    def _in_words(self, k, value, plain):
        number = self._rounded(value, self.spread[k])
        return _value_in_words(self.terms[k], value > 0.5, number, self.names, plain)

    def describe(self, node):
        """Return what a gate asks.

        Parameters
        ----------
        node : int
            The node's number.

        Returns
        -------
        list of str
            What holds on its left, and on its right.
        """
        gate = self.shape.rank(node)
        used = np.flatnonzero(self.weight[gate])
        # Not the weight alone: a column of large numbers has small weights.
        matters = np.abs(self.weight[gate, used]) * self.spread[used]
        order = used[np.argsort(-matters, kind="stable")]
        shown = order[: self.max_terms]
        weight, terms = self.weight[gate, shown], [self.terms[i] for i in shown]
        # Terms that are not shown stay at their columns' means, which the view puts at 0.
        threshold = weight @ self.center[shown] - self.bias[gate]
        rest = len(order) - len(shown)
        if not rest and len({term.column for term in terms}) == 1:
            if all(term.is_question for term in terms):
                return _sets(terms, weight, threshold, self.names[terms[0].column])
            if len(terms) == 1:
                # Divided by a negative weight, the inequality turns round.
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
            is_far = spread > 0 and abs(self.center[i]) / _FAR > spread
            if not term.is_question and is_far:
                middle = self._rounded(self.center[i], spread)
                threshold -= w * float(middle)
                minus = "-" if self.center[i] > 0 else "+"
                what = f"({what} {minus} {middle.lstrip('-')})"
            sign = "-" if w < 0 else "+"
            joint = f" {sign} " if text else sign.replace("+", "")
            text += f"{joint}{abs(w):.{self.digits}g} * {what}"
        return text or "0", f"{threshold:.{self.digits}g}"

    def _rounded(self, value, spread):
        """A number to so many digits of the column's spread, or of the number."""
        return _rounded(value, spread, self.digits)


def _rounded(value, spread, digits):
    """A number to so many digits of a spread, or of the number; at most all it has."""
    # The year 2024 with a spread of 5: three digits of the spread are five of the year.
    # A float has no more than 17.
    if spread > 0 and abs(value) > spread:
        digits += math.floor(math.log10(abs(value) / spread))
    return f"{value:.{min(digits, 17)}g}"


def _value_in_words(term, is_yes, number, names, plain):
    """What a row holds, such as ``age = 23``, ``plan = a`` or ``age is missing``."""
    name = names[term.column]
    if term.column in plain:
        held = plain[term.column]
        return f"{name} is missing" if held is None else f"{name} = {held}"
    if term.is_question:
        return ("" if is_yes else "not ") + term.text(names)
    return f"{term.text(names)} = {number}"


def _sets(terms, weight, threshold, name):
    """A gate about one column's categories: which go to the left, and which do not.

    A category that has no term counts 0.
    """
    others_go_left = threshold >= 0
    named = [
        term
        for term, w in zip(terms, weight, strict=True)
        if (w > threshold) == others_go_left
    ]
    texts = sorted(term.category for term in named if not term.is_gap)
    parts = [f"{name} in {{{', '.join(texts)}}}"] if texts or not named else []
    parts += [f"{name} is missing"] if any(term.is_gap for term in named) else []
    question = " or ".join(parts)
    sides = [f"not ({question})" if len(parts) > 1 else f"not {question}", question]
    return sides if others_go_left else sides[::-1]


class Questions:
    """A hard tree's questions, in full.

    Parameters
    ----------
    tree : HardDecisionTree
        Fitted.
    names : array-like of str or None
        Names of the columns.
    """

    def __init__(self, tree, names):
        self.tree = tree.tree_
        n_view, view = tree._n_view, tree.preprocessor_
        self.names = _feature_names(tree, names, n_view)
        self.terms, self.scale, self.center, _ = view_terms(view, n_view)
        self.leaves = np.flatnonzero(self.tree.is_leaf).tolist()
        # Where training had no gap, the text says nothing of gaps.
        had_gaps = {term.column for term in self.terms if term.is_gap}
        self.filled = {
            i: view.filling_[i]
            for i, term in enumerate(self.terms)
            if term.column in had_gaps and not term.is_question
        }

    def children(self, node):
        """Return the nodes below.

        Parameters
        ----------
        node : int
            The node's number.

        Returns
        -------
        tuple of int
            Numbers of the left and the right one; of a leaf, none.
        """
        left, right = self.tree.children_left[node], self.tree.children_right[node]
        return () if left < 0 else (int(left), int(right))

    def describe(self, node):
        """Return what a node asks.

        Parameters
        ----------
        node : int
            The node's number.

        Returns
        -------
        list of str
            What holds on its left, and on its right.
        """
        column = int(self.tree.feature[node])
        term, name = self.terms[column], self.names[self.terms[column].column]
        threshold = self.tree.threshold[node] / self.scale[column] + self.center[column]
        if term.is_question:
            return _sets([term], [1.0], threshold, name)
        bound = _in_full(float(threshold))
        sides = [f"{term.text(self.names)} {sign} {bound}" for sign in ("<=", ">")]
        # A gap goes where the number goes that fills it.
        if column in self.filled:
            sides[int(self.filled[column] > self.tree.threshold[node])] += " or missing"
        return sides

    def evidence(self, z, plain, end=None):
        """Why a row goes where it goes, question by question.

        Parameters
        ----------
        z : ndarray of shape (n_view,)
            The tree's view of the row.
        plain : dict of {int: str or None}
            Values of the row that are printed as they are, by column: categories, and
            None for gaps.
        end : None
            For soft trees; a hard tree has one path.

        Yields
        ------
        node : int
            Number of the node.
        goes_right : bool
            To which side.
        reason : str
            The row's value.
        """
        node = 0
        while self.tree.children_left[node] >= 0:
            k = int(self.tree.feature[node])
            value = z[k] / self.scale[k] + self.center[k]
            goes_right = bool(z[k] > self.tree.threshold[node])
            number = _in_full(float(value))
            text = _value_in_words(
                self.terms[k], value > 0.5, number, self.names, plain
            )
            yield node, goes_right, f"because {text}"
            node = self.children(node)[goes_right]


def _in_full(value):
    """A number with all its digits, and no more."""
    # 17.5 rather than 17.500000000000001, where both are the same float.
    short = f"{value:.15g}"
    return short if float(short) == value else repr(value)


class Leaves:
    """What the leaves predict, and how many rows reach them.

    Parameters
    ----------
    tree : SoftDecisionTree or HardDecisionTree
        Fitted.
    numbers : sequence of int
        Node numbers of the leaves.
    names : array-like of str or None
        Names of the classes or targets.
    digits : int
        Significant digits.
    """

    def __init__(self, tree, numbers, names, digits):
        values = (
            tree.leaf_values()
            if hasattr(tree, "tree_")
            else tree._model().leaf_values(True)
        )
        self.values = dict(zip(numbers, values, strict=True))
        self.mass = tree.node_mass_
        n_values = len(self.values[numbers[0]])
        classes = getattr(tree, "classes_", None)
        self.is_class = classes is not None
        self.spread = 0.0 if self.is_class else tree._task.unit.scale
        self.is_multilabel = self.is_class and tree.is_multilabel()
        self.targets = None
        if isinstance(classes, list):
            self.targets = [list(map(in_one_line, labels)) for labels in classes]
        defaults = _value_names(tree, n_values)
        if self.is_multilabel or self.targets is not None:
            kind = "label" if self.is_multilabel else "target"
            defaults = [f"{kind}_{i}" for i in range(len(classes))]
        elif self.is_class:
            defaults = classes
        self.names = _names(names, len(defaults), defaults, "class_names")
        self.digits = digits

    def describe(self, leaf):
        """Return what a leaf says, and to how many rows.

        Parameters
        ----------
        leaf : int
            The node's number.

        Returns
        -------
        str
            One line.
        """
        rows = f"({100 * self.mass[leaf]:.{self.digits}g} % of rows)"
        return f"{self.prediction(self.values[leaf])} {rows}"

    def prediction(self, value):
        """Return an answer in words.

        Parameters
        ----------
        value : ndarray of shape (n_outputs,)
            Probabilities, those of several targets side by side; or values.

        Returns
        -------
        str
            The likeliest classes, or the values.
        """
        return "; ".join(
            f"{of}: {', '.join(words)}" for of, words in self._words(value)
        )

    def headline(self, value):
        """Return the likeliest class, of several targets that of the first; or values.

        Parameters
        ----------
        value : ndarray of shape (n_outputs,)
            As for ``prediction``.

        Returns
        -------
        str
            The first line says what it is about.
        """
        of, words = self._words(value)[0]
        return f"{of}:\n{words[0] if self.is_class else ', '.join(words)}"

    def _words(self, value):
        """What an answer is about, and what it says of this, for each target."""
        if not self.is_class:
            of = "value" if len(value) == 1 else ", ".join(self.names)
            pairs = zip(value, np.broadcast_to(self.spread, value.shape), strict=True)
            return [(of, [_rounded(v, s, self.digits) for v, s in pairs])]
        if self.is_multilabel:
            # Of each label's two columns the second: that the row has it.
            return [("labels", self._likeliest(value[1::2], self.names))]
        if self.targets is None:
            return [("class", self._likeliest(value, self.names))]
        ends = np.cumsum([len(classes) for classes in self.targets])[:-1]
        parts = zip(self.names, np.split(value, ends), self.targets, strict=True)
        return [(name, self._likeliest(p, labels)) for name, p, labels in parts]

    def _likeliest(self, value, names):
        likeliest = np.argsort(-value, kind="stable")[:3]
        parts = [f"{names[k]} {value[k]:.{self.digits}g}" for k in likeliest]
        return [*parts, "..."] if len(value) > 3 else parts


def _value_names(tree, n):
    levels = getattr(tree, "quantiles", None)
    if levels is not None:
        return [f"quantile {level:g}" for level in levels]
    return [f"target_{i}" for i in range(n)]


def _names(given, n, default, argument):
    names = default if given is None else list(given)
    if len(names) != n:
        raise ValueError(f"{argument} has {len(names)} names, and there must be {n}.")
    return [in_one_line(name) for name in names]


def _feature_names(tree, given, n_view):
    """Names of what the terms are about, as text has them."""
    defaults = _default_names(tree, n_view)
    return list(map(quoted, _names(given, len(defaults), defaults, "feature_names")))


def quoted(name):
    """Return a column's name, in quotes if it could be taken for a number.

    Parameters
    ----------
    name : str
        In one line.

    Returns
    -------
    str
        So that ``0.5 * '40' <= 3`` is no arithmetic.
    """
    try:
        float(name)
    except ValueError:
        return name
    return f"'{name}'"


def names_of(tree):
    """Return what the columns of X are called, whatever type their names have.

    Parameters
    ----------
    tree : SoftDecisionTree or HardDecisionTree
        Fitted.

    Returns
    -------
    list or None
        None where ``fit`` saw no names.
    """
    return vars(tree).get("_column_names")


def _default_names(tree, n_view):
    """Names of columns of X, or of a transformer's output."""
    view = tree.preprocessor_
    if view is None or reads_tables(view):
        return names_of(tree) or [f"feature_{i}" for i in range(tree.n_features_in_)]
    try:
        return list(view.get_feature_names_out())
    except (AttributeError, ValueError):  # the transformer, or a part of it, has none
        return [f"feature_{i}" for i in range(n_view)]
