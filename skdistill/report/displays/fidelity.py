"""What a student says against what its teacher says."""

import sys

import numpy as np
from sklearn.utils import check_random_state

from ...inspection.colours import PALETTE
from ...tables.terms import in_one_line
from ..askers import QUANTILES
from ..finding import Given, hear
from ..models import TEACHER
from .axes import axes_for, student_in

_DECIDES = ("classes", "labels")
_MOST = len(PALETTE)  # classes that have a colour


class FidelityDisplay:
    """A student's answers against its teacher's: on the diagonal both say the same.

    It is best made by :meth:`from_estimator`, :meth:`from_report` or
    :meth:`from_predictions`. Of two classes the second's probability is drawn, and rows
    that are decided otherwise have a colour of their own. Of more, or of several labels
    or targets, each has a colour: the ten that the teacher finds likeliest, or the first.

    Parameters
    ----------
    student_output : ndarray of shape (n, k)
        Probabilities of k classes or labels, or values of k targets.
    teacher_output : ndarray of shape (n, k)
        The teacher's for the same rows.
    task : {"classes", "labels", "values"}, default="classes"
        What they are.
    names : sequence of str, default=None
        Of the classes, labels or targets.

    Attributes
    ----------
    scatters_ : list of matplotlib.collections.PathCollection
        Of two classes the rows decided alike, and those decided otherwise; else one for
        each class, label or target.
    line_ : matplotlib.lines.Line2D
        The diagonal.
    ax_ : matplotlib.axes.Axes
        Axes with both.
    figure_ : matplotlib.figure.Figure
        Figure with the axes.

    See Also
    --------
    sklearn.calibration.CalibrationDisplay : Whether probabilities are what comes true; it
        takes students and teachers as they are.

    Examples
    --------
    >>> from skdistill import FidelityDisplay
    >>> student, teacher = [[0.2, 0.8], [0.9, 0.1]], [[0.3, 0.7], [0.8, 0.2]]
    >>> FidelityDisplay.from_predictions(student, teacher)  # doctest: +SKIP
    """

    def __init__(self, student_output, teacher_output, *, task="classes", names=None):
        self.student_output = student_output
        self.teacher_output = teacher_output
        self.task = task
        self.names = names

    @classmethod
    def from_estimator(
        cls,
        student,
        X_test,
        *,
        teacher=None,
        subsample=1000,
        random_state=None,
        ax=None,
        scatter_kwargs=None,
        line_kwargs=None,
    ):
        """Ask a student and its teacher, and draw what they say.

        Parameters
        ----------
        student : estimator
            A fitted student, or a pipeline or a search that ends in one.
        X_test : array-like or frame of shape (n, n_features)
            Rows, as both know them.
        teacher : object or list of objects, default=None
            Fitted; None for the student's ``teacher_``.
        subsample : int or None, default=1000
            Of more rows, so many are drawn at random and asked about; None for all.
        random_state : int, RandomState instance or None, default=None
            Chooses them.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.
        scatter_kwargs, line_kwargs : dict, default=None
            For matplotlib's ``scatter`` and ``plot``.

        Returns
        -------
        FidelityDisplay
            Drawn.

        Raises
        ------
        ValueError
            If there is no teacher, or one of them cannot answer for these rows.
        NotFittedError
            If one of them is not fitted.
        """
        _check_subsample(subsample)
        given = Given(
            student,
            X_test,
            teacher=teacher,
            max_rows=sys.maxsize if subsample is None else subsample,
            random_state=random_state,
        )
        asked = hear(given).asked
        display = cls._of(asked, asked.students[0])
        return display.plot(ax, scatter_kwargs=scatter_kwargs, line_kwargs=line_kwargs)

    @classmethod
    def from_report(
        cls,
        report,
        *,
        student=None,
        subsample=1000,
        random_state=None,
        ax=None,
        scatter_kwargs=None,
        line_kwargs=None,
    ):
        """Draw what the models of a report said.

        Parameters
        ----------
        report : DistillationReport
            Of one student or several.
        student : str, default=None
            Name of the student; None for the first.
        subsample : int or None, default=1000
            So many rows are drawn at random; None for all.
        random_state : int, RandomState instance or None, default=None
            Chooses them.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.
        scatter_kwargs, line_kwargs : dict, default=None
            For matplotlib's ``scatter`` and ``plot``.

        Returns
        -------
        FidelityDisplay
            Drawn.

        Raises
        ------
        ValueError
            If there is no such student.
        """
        asked = report.asked
        name = student_in(report.result, student)
        asked = asked.take(_some(len(asked), subsample, random_state))
        display = cls._of(asked, name)
        return display.plot(ax, scatter_kwargs=scatter_kwargs, line_kwargs=line_kwargs)

    @classmethod
    def _of(cls, asked, name):
        """What one student and the teacher say."""
        outputs = [asked.says[each] for each in (name, TEACHER)]
        if asked.task != QUANTILES:
            return cls(*outputs, task=asked.task, names=asked.classes)
        names = [f"{y}, {q:g}" for y in asked.classes for q in asked.quantiles]
        outputs = [each.reshape(len(each), -1) for each in outputs]
        return cls(*outputs, task="values", names=names)

    @classmethod
    def from_predictions(
        cls,
        student_output,
        teacher_output,
        *,
        task="classes",
        names=None,
        subsample=1000,
        random_state=None,
        ax=None,
        scatter_kwargs=None,
        line_kwargs=None,
    ):
        """Draw answers that are at hand.

        Parameters
        ----------
        student_output : array-like of shape (n, k) or (n,)
            Probabilities of k classes or labels, or values; of one column the
            probabilities of the second class.
        teacher_output : array-like of the same shape
            The teacher's for the same rows.
        task : {"classes", "labels", "values"}, default="classes"
            What they are.
        names : sequence of str, default=None
            Of the classes, labels or targets.
        subsample : int or None, default=1000
            So many rows are drawn at random; None for all.
        random_state : int, RandomState instance or None, default=None
            Chooses them.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.
        scatter_kwargs, line_kwargs : dict, default=None
            For matplotlib's ``scatter`` and ``plot``.

        Returns
        -------
        FidelityDisplay
            Drawn.

        Raises
        ------
        ValueError
            If the shapes differ, or `task` is none of these.
        """
        outputs = [np.asarray(each, float) for each in (student_output, teacher_output)]
        if outputs[0].shape != outputs[1].shape or outputs[0].ndim not in (1, 2):
            raise ValueError(
                f"student_output has shape {outputs[0].shape} and teacher_output "
                f"{outputs[1].shape}: give both for the same rows and columns."
            )
        if task not in (*_DECIDES, "values"):
            raise ValueError(f'task={task!r} must be "classes", "labels" or "values".')
        outputs = [_in_columns(each, task) for each in outputs]
        rows = _some(len(outputs[0]), subsample, random_state)
        outputs = [each[rows] for each in outputs]
        return cls(*outputs, task=task, names=names).plot(
            ax, scatter_kwargs=scatter_kwargs, line_kwargs=line_kwargs
        )

    def plot(self, ax=None, *, scatter_kwargs=None, line_kwargs=None):
        """Draw the answers.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.
        scatter_kwargs, line_kwargs : dict, default=None
            For matplotlib's ``scatter`` and ``plot``.

        Returns
        -------
        FidelityDisplay
            Itself.
        """
        self.ax_ = ax = axes_for(self, ax)
        self.figure_ = ax.figure
        self._line(
            {"color": "0.4", "linestyle": "--", "zorder": 1} | (line_kwargs or {})
        )
        options = {"s": 14, "alpha": 0.6, "linewidths": 0} | (scatter_kwargs or {})
        groups = self._groups()
        self.scatters_ = [
            ax.scatter(x, y, **{"color": PALETTE[i], "label": label} | options)
            for i, (label, x, y) in enumerate(groups)
        ]
        what = self._what()
        ax.set_xlabel(f"teacher: {what}", parse_math=False)
        ax.set_ylabel(f"student: {what}", parse_math=False)
        ax.set_aspect("equal", adjustable="box")
        if len(groups) > 1:
            for text in ax.legend().get_texts():
                text.set_parse_math(False)
        return self

    @property
    def _is_binary(self):
        return self.task == "classes" and self.student_output.shape[1] == 2

    def _what(self):
        if self._is_binary:
            return f"probability of {self._name(1)}"
        if self.task in _DECIDES:
            return (
                f"probability of each {'class' if self.task == 'classes' else 'label'}"
            )
        single = self.student_output.shape[1] == 1 and self.names is not None
        return self._name(0) if single else "value"

    def _name(self, column):
        if self.names is not None:
            return in_one_line(self.names[column])
        return f"class {column}" if self.task == "classes" else f"column {column}"

    def _groups(self):
        """Points with a name for them: the teacher's answers, and the student's."""
        x, y = self.teacher_output, self.student_output
        if self._is_binary:
            alike = x.argmax(axis=1) == y.argmax(axis=1)
            groups = [("decided alike", alike), ("decided otherwise", ~alike)]
            return [(label, x[rows, 1], y[rows, 1]) for label, rows in groups]
        columns = range(x.shape[1])
        if x.shape[1] > _MOST and self.task in _DECIDES:
            columns = sorted(np.argsort(-x.mean(axis=0), kind="stable")[:_MOST])
        return [(self._name(k), x[:, k], y[:, k]) for k in columns][:_MOST]

    def _line(self, options):
        ends = 0.0, 1.0
        if self.task not in _DECIDES:
            both = np.concatenate([self.teacher_output, self.student_output])
            ends = both.min(), both.max()
        (self.line_,) = self.ax_.plot(ends, ends, **options)
        if self._is_binary:
            for draw in (self.ax_.axhline, self.ax_.axvline):
                draw(0.5, color="0.8", linewidth=0.8, zorder=0)


def _in_columns(output, task):
    if output.ndim == 1 and task == "classes":
        return np.column_stack([1 - output, output])
    return output.reshape(len(output), -1)


def _some(n, subsample, random_state):
    """Positions of the rows that are drawn."""
    _check_subsample(subsample)
    rows = np.arange(n)
    if subsample is None or subsample >= n:
        return rows
    return check_random_state(random_state).permutation(rows)[:subsample]


def _check_subsample(subsample):
    if subsample is not None and subsample < 1:
        raise ValueError(f"subsample={subsample!r} must be 1 or more rows, or None.")
