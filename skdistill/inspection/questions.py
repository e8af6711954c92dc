"""What the nodes of a fitted tree ask, in words."""

from abc import ABC, abstractmethod

import numpy as np

from ..tables.view import reads_tables, view_terms
from .conditions import Among, Bound
from .numbers import beside, in_full, number, percent

# A column this many standard deviations from 0 (a year, say) is printed from its middle.
_FAR = 10

#: Weights of columns up to the largest float may be infinite in the columns' unit.
quietly = np.errstate(over="ignore", invalid="ignore")


class Seen:
    """What a student sees of rows, in words.

    Parameters
    ----------
    student : SoftDecisionTree, HardDecisionTree or NeuralStudent
        Fitted.
    names : list of str
        Names of what its view is about.
    n_view : int
        Number of columns of the view.
    digits : int, default=3
        Significant digits.
    """

    def __init__(self, student, names, n_view, digits=3):
        view = student.preprocessor_
        self.names, self.digits = names, digits
        self.terms, self.scale, self.center, self.spread = view_terms(view, n_view)
        self.columns = np.array([term.column for term in self.terms])

    def row_says(self, k, z, held, threshold=None):
        """What a row holds, such as ``age = 23``, ``plan = a`` or ``age is missing``.

        Parameters
        ----------
        k : int
            A term that is about the column.
        z : ndarray of shape (n_view,)
            The view of the row.
        held : dict of {int: str, float or None}
            What the row holds, by column, where the columns are those of a table: a
            category, a number, or None for a gap.
        threshold : float, default=None
            A number from which the text has to tell that of the row.

        Returns
        -------
        str
            In one line.
        """
        term = self.terms[k]
        name = self.names[term.column]

        def _written(value):
            is_exact = threshold is None or term.tail is not None
            return self._write(k, value) if is_exact else beside(value, threshold)

        if term.column not in held:
            # The scale of a constant is 0: it stays at its centre.
            scale = self.scale[k] if self.scale[k] > 0 else np.inf
            return f"{name} = {_written(z[k] / scale + self.center[k])}"
        value = held[term.column]
        if value is None or term.is_gap:
            return f"{name} is {'' if value is None else 'not '}missing"
        return f"{name} = {value if isinstance(value, str) else _written(value)}"

    def _write(self, k, value):
        """A number of the k-th term's column, to so many digits of its spread."""
        tail = self.terms[k].tail
        return number(value, self.digits, tail.size if tail else self.spread[k])


class Asked(Seen, ABC):
    """The questions of a tree: in any picture or text, the side of yes comes first.

    Parameters
    ----------
    tree : SoftDecisionTree or HardDecisionTree
        Fitted.
    names : list of str
        Names of what its view is about.
    n_view : int
        Number of columns of the view.
    digits : int, default=3
        Significant digits.

    Attributes
    ----------
    leaves : list of int
        Numbers of the leaves.
    """

    def __init__(self, tree, names, n_view, digits=3):
        super().__init__(tree, names, n_view, digits)
        view = tree.preprocessor_
        self.asks = np.array([term.is_question for term in self.terms])
        # Where training had no gap, the text says nothing of gaps.
        had_gaps = {term.column for term in self.terms if term.is_gap}
        self.filled = {
            k: view.filling_[k]
            for k, term in enumerate(self.terms)
            if term.column in had_gaps and not term.is_question
        }
        self.flags = set()
        if view is None or reads_tables(view):
            seen = enumerate(tree._observed or ())
            self.flags = {j for j, (values, share) in seen if _is_flag(values, share)}

    @abstractmethod
    def sides(self, node):
        """Return what holds on the two sides of a node, the answer yes first.

        Parameters
        ----------
        node : int
            The node's number.

        Returns
        -------
        list of (str, int)
            What holds there, which is never negated in the first, and the number of the
            node below; none of a leaf.
        """

    @abstractmethod
    def evidence(self, z, held, end=None):
        """Why a row goes where it goes, node by node.

        Parameters
        ----------
        z : ndarray of shape (n_view,)
            The tree's view of the row.
        held : dict of {int: str, float or None}
            What the row holds, by column, where the columns are those of a table: a
            category, a number, or None for a gap.
        end : int, default=None
            The leaf to which the path of a soft tree leads; None for the greedy one.

        Yields
        ------
        node : int
            Number of the node.
        child : int
            Number of the node below to which it goes.
        reasons : list of str
            How sure a gate is, and what the row holds.
        """

    def side_for(self, node, child, z, held):
        """Return what holds on one side of a node, as one row needs it said.

        Parameters
        ----------
        node, child : int
            A node, and that below to which the row goes.
        z : ndarray of shape (n_view,)
            The tree's view of the row.
        held : dict of {int: str, float or None}
            As for ``evidence``.

        Returns
        -------
        str
            One of the texts of ``sides``, perhaps with fewer digits.
        """
        return next(text for text, below in self.sides(node) if below == child)

    def implied(self, node, child):
        """Return what a side is about, and what of the sides above it implies.

        Parameters
        ----------
        node, child : int
            A node, and that below to which an answer leads.

        Returns
        -------
        subject : object
            What names the answer.
        implied : set
            Subjects of answers above that this one makes needless.
        """
        return (node, child), set()

    def note(self, node):
        """Return how much of a question is left out of the text.

        Parameters
        ----------
        node : int
            The node's number.

        Returns
        -------
        str
            Empty where nothing is.
        """
        return ""

    def _about_one(self, order, weight, threshold, below, is_open=False):
        """Sides of a question about one column: ``weight * terms <= threshold``."""
        terms = [self.terms[k] for k in order]
        if terms[0].is_question:
            name = self.names[terms[0].column]
            return _about_categories(terms, weight, threshold, name, below)
        # Divided by a negative weight, the inequality turns round.
        is_turned = weight[0] < 0
        below = below[::-1] if is_turned else below
        threshold, is_open = threshold / weight[0], is_open or is_turned
        return self._about_number(order[0], threshold, below, is_open)

    def _about_number(self, k, threshold, below, is_open):
        """Sides of a question about one number, those up to the threshold the first.

        Where that is open, the threshold itself is on the other side.
        """
        term = self.terms[k]
        name = self.names[term.column]
        bound = float(term.tail.unbend(threshold) if term.tail else threshold)
        signs = ("<", ">=") if is_open else ("<=", ">")
        # A gap goes where the number goes that fills it.
        of_gap = int(self.filled[k] > threshold) if k in self.filled else None
        is_flag = term.column in self.flags and 0 <= bound < 1
        texts = [
            f"{name} = {side}" + " or missing" * (side == of_gap)
            if is_flag
            else Bound(
                k, name, signs[side], bound, self._write(k, bound), side == of_gap
            )
            for side in (0, 1)
        ]
        sides = list(zip(texts, below, strict=True))
        return sides[::-1] if is_flag else sides


def _is_flag(values, share):
    """Whether training rows held nothing but 0 and 1."""
    return share is not None and np.array_equal(values, [0, 1])


def _about_categories(terms, weight, threshold, name, below):
    """Sides of a question about one column's categories, the surest ones first.

    Those whose weight is above the threshold go to the right. A category that has no
    term counts 0, and is on the side of no.
    """
    others_go_left = threshold >= 0
    order = np.argsort(-np.abs(weight - threshold), kind="stable")
    named = [terms[i] for i in order if (weight[i] > threshold) == others_go_left]
    texts = [term.category for term in named if not term.is_gap]
    has_gap = len(texts) < len(named)
    is_one = not any(term.is_rare for term in named)
    column = terms[0].column
    sides = [
        Among(column, name, texts, has_gap, is_in, is_one) for is_in in (True, False)
    ]
    return list(zip(sides, below[::-1] if others_go_left else below, strict=True))


class Questions(Asked):
    """A hard tree's questions, in full.

    Parameters
    ----------
    tree : HardDecisionTree
        Fitted.
    names : list of str
        Names of what its view is about.
    """

    def __init__(self, tree, names):
        super().__init__(tree, names, tree._n_view)
        self.tree, self.is_rounded = tree.tree_, tree._in_single_precision
        self.leaves = np.flatnonzero(self.tree.is_leaf).tolist()

    def _write(self, k, value):
        return in_full(value)

    def _below(self, node):
        left, right = self.tree.children_left[node], self.tree.children_right[node]
        return () if left < 0 else (int(left), int(right))

    def sides(self, node):
        """What holds on the two sides of a node, the answer yes first."""
        below = self._below(node)
        if not below:
            return []
        k = int(self.tree.feature[node])
        threshold, is_open = self._cut(k, node)
        return self._about_one([k], np.ones(1), threshold, below, is_open)

    def implied(self, node, child):
        """What a side is about, and what of the sides above it implies."""
        k = int(self.tree.feature[node])
        term, is_left = self.terms[k], child == self.tree.children_left[node]
        if not term.is_question:
            # Below, the bound on the same side is the tighter one.
            return (k, is_left), {(k, is_left)}
        is_it = child == self.sides(node)[0][1]
        alike = np.flatnonzero(self.asks & (self.columns == term.column)).tolist()
        # One category, and so no other one.
        is_one = is_it and not term.is_rare
        return (k, is_left), {
            (j, side) for j in alike for side in (True, False) if is_one
        }

    def _cut(self, k, node):
        """A threshold in the column's unit, and whether it is on the other side."""
        z, scale, center = self.tree.threshold[node], self.scale[k], self.center[k]
        threshold = z / scale + center
        if not self.is_rounded:
            return threshold, False
        # Of numbers that single precision cannot tell from the threshold, the shortest.
        near = np.float32(z), np.nextafter(np.float32(z), np.float32(np.inf))
        tried = [0.0, *(float(f"{threshold:.{digits}g}") for digits in range(1, 18))]
        for short in tried:
            at = (short - center) * scale
            if np.float32(at) in near:
                return short, bool(at > z)
        return threshold, False

    def side_for(self, node, child, z, held):
        """The side; of a threshold that is long only what tells it from the row's value."""
        side, k = super().side_for(node, child, z, held), int(self.tree.feature[node])
        is_long = isinstance(side, Bound) and float(f"{side.bound:.6g}") != side.bound
        if not (self.is_rounded and is_long) or self.terms[k].tail is not None:
            return side
        value = held.get(self.terms[k].column, z[k] / self.scale[k] + self.center[k])
        if value is None:
            return side
        written = beside(side.bound, value)
        return Bound(
            side.key, side.name, side.sign, side.bound, written, side.or_missing
        )

    def evidence(self, z, held, end=None):
        """Why a row goes where it goes, question by question."""
        node = 0
        while below := self._below(node):
            k = int(self.tree.feature[node])
            child = below[int(z[k] > self.tree.threshold[node])]
            says = self.row_says(k, z, held, self._cut(k, node)[0])
            # What the question says already needs no reason.
            asked = dict(map(reversed, self.sides(node)))[child]
            yield node, child, [] if says == asked else [f"because {says}"]
            node = child


class Gates(Asked):
    """A soft tree's gates as questions about the columns, in the columns' own units.

    Parameters
    ----------
    tree : SoftDecisionTree
        Fitted.
    names : list of str
        Names of what its view is about.
    max_terms : int or None
        Terms of a gate that are shown.
    digits : int
        Significant digits.
    """

    def __init__(self, tree, names, max_terms, digits):
        module = tree.module_
        self.scaled = module.gate_weight.detach().double().cpu().numpy()
        self.bias = module.gate_bias.detach().double().cpu().numpy()
        n_view = self.scaled.shape[1]
        super().__init__(tree, names, n_view, digits)
        # On the columns in their own units, and not on those that were scaled.
        self.weight = self.scaled * self.scale
        # How much each column moves each gate.
        self.moves = np.abs(self.scaled) * np.sqrt(tree._column_variance)
        self.shape = module.shape
        self.leaves = module.shape.leaves.tolist()
        self.max_terms = n_view if max_terms is None else max_terms
        is_far = ~self.asks & (np.abs(self.center) / _FAR > self.spread)
        self.origin, self.middles = np.zeros(n_view), {}
        for k in np.flatnonzero(is_far & (self.spread > 0)).tolist():
            self.middles[k] = number(self.center[k], digits, self.spread[k])
            self.origin[k] = float(self.middles[k].replace(",", ""))

    def evidence(self, z, held, end=None):
        """Why a row goes where it goes, gate by gate; for terms, parts of the log odds."""
        node, way = 0, [] if end is None else self.shape.path(end)
        while below := self.shape.children(node):
            gate = self.shape.rank(node)
            parts = self.scaled[gate] * z
            logit = parts.sum() + self.bias[gate]
            goes_right = below[1] in way if way else bool(logit > 0)
            toward = parts if goes_right else -parts
            order = np.argsort(-toward, kind="stable")[: self.max_terms]
            shown = ", ".join(
                f"{self.row_says(k, z, held)} ({toward[k]:+.2f})"
                for k in order
                if toward[k] > 0
            )
            share = 1 / (1 + np.exp(-logit if goes_right else logit))
            reasons = [f"{percent(share, self.digits)} sure"]
            yield node, below[goes_right], reasons + [f"because {shown}"] * bool(shown)
            node = below[goes_right]

    def sides(self, node):
        """What holds on the two sides of a gate, the answer yes first."""
        below = self.shape.children(node)
        if not below:
            return []
        gate, order = self._ordered(node)
        if not self._is_about_one(order):
            texts = self._sum(gate, order)
            return list(zip(texts, below, strict=True))
        weight = self.weight[gate, order]
        threshold = weight @ self.center[order] - self.bias[gate]
        return self._about_one(order, weight, threshold, below)

    def note(self, node):
        """How much the terms that are shown carry of a gate, and what the others come to.

        A term's part is its variance on the training rows over the sum of all variances:
        columns that go together are not told apart.
        """
        gate, order = self._ordered(node)
        hidden, moves = order[self.max_terms :], self.moves[gate, order]
        if not len(hidden) or self._is_about_one(order) or not 0 < moves[0] < np.inf:
            return ""
        parts = np.square(moves / moves[0])
        share = percent(parts[: self.max_terms].sum() / parts.sum(), 2)
        mean = self.weight[gate, hidden] @ (self.center - self.origin)[hidden]
        mean = number(mean, self.digits, self._spread_of(gate))
        shown = "this term carries" if self.max_terms == 1 else "these terms carry"
        return f"{shown} {share} of this question, the rest is {mean} on average"

    def _ordered(self, node):
        """The gate's rank, and its terms, those first that move it most."""
        gate = self.shape.rank(node)
        used = np.flatnonzero(self.weight[gate])
        return gate, used[np.argsort(-self.moves[gate, used], kind="stable")]

    def _is_about_one(self, order):
        """Whether the terms are of one column: its number, or answers about it."""
        if len(order) < 2:
            return len(order) == 1
        columns = self.columns[order]
        return bool((columns == columns[0]).all() and self.asks[order].all())

    def _sum(self, gate, order):
        """What holds on the two sides of a sum, whose threshold is that of all terms."""
        text = ""
        for k in order[: self.max_terms]:
            sign = "-" if self.weight[gate, k] < 0 else "+"
            text += f" {sign} " if text else sign.strip("+")
            text += self._product(gate, k)
        rest = len(order) - self.max_terms
        more = f" [+ {rest} smaller term{'s' * (rest > 1)}]" if rest > 0 else ""
        weight = self.weight[gate, order]
        threshold = weight @ (self.center - self.origin)[order] - self.bias[gate]
        threshold = number(threshold, self.digits, self._spread_of(gate))
        return [f"{text or 0}{more} {sign} {threshold}" for sign in ("<=", ">")]

    def _product(self, gate, k):
        """A term times its weight, without the sign; columns far from 0 are moved there."""
        term = self.terms[k]
        what = term.text(self.names)
        what = f"[{what}]" if term.is_question else what
        if k in self.middles:
            sign = "-" if self.center[k] > 0 else "+"
            what = f"({what} {sign} {self.middles[k].lstrip('-')})"
        return f"{number(abs(self.weight[gate, k]), self.digits)} * {what}"

    def _spread_of(self, gate):
        return float(np.sqrt(np.square(self.moves[gate]).sum()))
