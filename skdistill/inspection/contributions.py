"""Which columns speak for a net's answer, and how much."""

import numpy as np
from sklearn.base import is_classifier

from ..tasks.priors import shifted
from .integrated import integrated_gradients
from .numbers import number, percent
from .questions import Seen
from .rows import held_by
from .wording import Answers, column_names_of, spoken

_GAP = 1e-7  # by which the parts of an answer may fall short, in log odds
_REST = 1e-3  # so much is said


def outputs_to_explain(task, answer):
    """Return which of a model's outputs are its answer.

    Parameters
    ----------
    task : Task
        What they mean.
    answer : ndarray of shape (n_outputs,)
        Probabilities or their logarithms, or values.

    Returns
    -------
    list of int
        Of two classes the second, of more the likeliest; so for each target. Each label,
        and each value.
    """
    if task.kind == "regressor":
        return list(range(len(answer)))
    start, found = 0, []
    for width in task.widths:
        part = answer[start : start + width]
        found.append(start + (1 if width == 2 else int(part.argmax())))
        start += width
    return found


def answers_of(net, z):
    """Return what a net answers for rows of its view.

    Parameters
    ----------
    net : NeuralStudent
        Fitted.
    z : ndarray of shape (n, n_view)
        The rows.

    Returns
    -------
    ndarray of shape (n, n_outputs)
        Probabilities, target after target; or values in the unit of y.
    """
    outputs = net._model().outputs(z)
    if is_classifier(net):
        return np.exp(shifted(outputs, net._class_shift))
    return net._task.unit.restored(outputs)


def by_column(net, parts):
    """Return the sums of what the terms of each column contribute.

    Parameters
    ----------
    net : NeuralStudent
        Fitted.
    parts : ndarray of shape (n, n_view)
        For each term of the view.

    Returns
    -------
    ndarray of shape (n, n_features)
        For each column of X, or of a transformer's output.
    """
    terms = getattr(net.preprocessor_, "terms_", None)
    if terms is None:
        return parts
    sums = np.zeros((net.n_features_in_, len(parts)))
    np.add.at(sums, [term.column for term in terms], parts.T)
    return sums.T


class Said:
    """How an answer, and what moves it, is said.

    Parameters
    ----------
    task : Task
        What the outputs mean.
    n_outputs : int
        Number of them.
    class_names : array-like of str or None
        Names of the classes or targets.
    digits : int
        Significant digits; log odds have one less after the point.
    """

    def __init__(self, task, n_outputs, class_names, digits):
        self.task, self.digits = task, digits
        self.decimals = max(digits - 1, 0)  # of log odds
        self.answers = Answers(task, n_outputs, class_names, digits)

    def answer(self, answer, output, score):
        """Tell an answer.

        Parameters
        ----------
        answer : ndarray of shape (n_outputs,)
            Probabilities, or values.
        output : int
            Which of them.
        score : float
            Its log odds, to which parts add up; of values no use is made.

        Returns
        -------
        str
            Such as "Yes 93 %, log odds 2.59".
        """
        if not self.answers.is_class:
            name = self.answers.names[output] + " " if len(answer) > 1 else ""
            return name + number(answer[output], self.digits, self._spread(output))
        target, name = self._class(output)
        share = percent(answer[output], self.digits)
        name = f"{name}:" if name[-1:].isdigit() else name
        return f"{target}{name} {share}, log odds {score:.{self.decimals}f}"

    def moves(self, part, output):
        """Tell by how much something moves an answer.

        Parameters
        ----------
        part : float
            In log odds, or in the unit of y.
        output : int
            Which answer.

        Returns
        -------
        str
            Such as "+1.24, for Yes".
        """
        sign = "-" if part < 0 else "+"
        if not self.answers.is_class:
            return sign + self.size(part, output)
        side, (_, name) = "against" if part < 0 else "for", self._class(output)
        return f"{sign}{self.size(part, output)}, {side} {name}"

    def size(self, part, output):
        """Tell the size of such a move.

        Parameters
        ----------
        part : float
            As for ``moves``.
        output : int
            Which answer.

        Returns
        -------
        str
            Without a sign.
        """
        if self.answers.is_class:
            return f"{abs(part):.{self.decimals}f}"
        return number(abs(part), self.digits, self._spread(output))

    def _spread(self, output):
        spread = self.answers.spread
        return float(spread[output if len(spread) > 1 else 0])

    def _class(self, output):
        """A target, where there are several, and the name of one of its classes."""
        if self.answers.is_multilabel:
            return "", self.answers.titles[output // 2]
        if self.answers.classes is None:
            return "", spoken(self.answers.titles[output])
        ends = np.cumsum(self.task.widths)
        target = int(np.searchsorted(ends, output, side="right"))
        classes = self.answers.classes[target]
        name = classes[output - ends[target] + len(classes)]
        return f"{self.answers.names[target]}: ", spoken(name)


class Spoken:
    """What speaks for a net's answer about one row.

    Parameters
    ----------
    net : NeuralStudent
        Fitted.
    row : frame or array-like of shape (1, n_features)
        The row.
    z : ndarray of shape (n_view,)
        The net's view of it.
    feature_names, class_names : array-like of str or None
        Names of the columns and of the classes.
    digits : int
        Significant digits.
    """

    def __init__(self, net, row, z, feature_names, class_names, digits):
        self.net, self.z = net, z
        self.held = held_by(net, row)
        names = column_names_of(net, feature_names, len(z))
        self.seen = Seen(net, names, len(z), digits)
        # The term that tells of a column: that of a gap only where there is no other.
        order = reversed(list(enumerate(self.seen.terms)))
        self.term = {term.column: k for k, term in order}
        self.start = net._average_row
        self.before, self.after = answers_of(net, np.stack([self.start, z]))
        self.said = Said(net._task, len(self.after), class_names, digits)

    def lines(self, max_terms):
        """Tell it.

        Parameters
        ----------
        max_terms : int or None
            Columns that are named, those that speak most.

        Yields
        ------
        str
            A line for the average row, one for each column, and one for this row.
        """
        for output in outputs_to_explain(self.net._task, self.after):
            yield from self._about(output, max_terms)

    def _about(self, output, max_terms):
        def slopes(rows):
            return self.net._slopes(rows, output)

        parts, first, last = integrated_gradients(
            slopes, self.start, self.z[None], _GAP
        )
        parts, rest = by_column(self.net, parts)[0], last[0] - first - parts.sum()
        order = np.argsort(-np.abs(parts), kind="stable")
        order = [column for column in order.tolist() if column in self.term]
        max_terms = len(order) if max_terms is None else max_terms
        shown, others = order[:max_terms], order[max_terms:]
        yield f"average row: {self.said.answer(self.before, output, first)}"
        for column in shown:
            says = self.seen.row_says(self.term[column], self.z, self.held)
            yield f"{says}: {self._moves(parts[column], output)}"
        if others:
            plural = "s" * (len(others) > 1)
            moves = self._moves(parts[others].sum(), output)
            yield f"{len(others)} other column{plural}: {moves}"
        if abs(rest) > _REST * max(1, abs(last[0] - first)):
            yield f"jumps, of which no slope tells: {self._moves(rest, output)}"
        yield f"this row: {self.said.answer(self.after, output, last[0])}"

    def _moves(self, part, output):
        if not is_classifier(self.net):
            scale = self.net._task.unit.scale
            part = part * np.broadcast_to(scale, self.after.shape)[output]
        return self.said.moves(part, output)
