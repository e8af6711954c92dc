"""How trainings went, epoch by epoch."""

import math

from ...inspection.colours import PALETTE
from .axes import axes_for

_NAMES = {"valid_loss": "held out", "train_loss": "trained on"}


class HistoryDisplay:
    """Losses of one or several trainings by epoch, such as of a student and its control.

    It is best made by :meth:`from_estimator` or :meth:`from_report`.

    Parameters
    ----------
    histories : dict of {str: list of dict}
        For each model its ``history_``: a dict of figures for each epoch.
    metrics : sequence of str, default=("valid_loss", "train_loss")
        Which figures; those of a model that has none are left out.

    Attributes
    ----------
    lines_ : list of matplotlib.lines.Line2D
        A line for each model and figure.
    ax_ : matplotlib.axes.Axes
        Axes with the lines.
    figure_ : matplotlib.figure.Figure
        Figure with the axes.

    Examples
    --------
    >>> from skdistill import HistoryDisplay
    >>> HistoryDisplay({"student": [{"train_loss": 0.7}, {"train_loss": 0.5}]}).metrics
    ('valid_loss', 'train_loss')
    >>> display = HistoryDisplay.from_estimator(
    ...     student, control=control
    ... )  # doctest: +SKIP
    """

    def __init__(self, histories, *, metrics=tuple(_NAMES)):
        self.histories = histories
        self.metrics = metrics

    @classmethod
    def from_estimator(cls, student, *, control=None, ax=None, metrics=tuple(_NAMES)):
        """Draw how a student was trained, and its control.

        Parameters
        ----------
        student : estimator, or dict of {str: estimator}
            A fitted net, soft tree or student of texts; or several by name.
        control : estimator, default=None
            The same without a teacher.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.
        metrics : sequence of str, default=("valid_loss", "train_loss")
            Which figures.

        Returns
        -------
        HistoryDisplay
            Drawn.

        Raises
        ------
        ValueError
            If a model has no history.
        """
        models = student if isinstance(student, dict) else {"student": student}
        if control is not None:
            models = {**models, "control": control}
        histories = {name: _history_of(name, each) for name, each in models.items()}
        return cls(histories, metrics=metrics).plot(ax)

    @classmethod
    def from_report(cls, report, *, ax=None, metrics=tuple(_NAMES)):
        """Draw how the students of a report were trained, and their control.

        Parameters
        ----------
        report : DistillationReport
            Of nets, soft trees or students of texts.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.
        metrics : sequence of str, default=("valid_loss", "train_loss")
            Which figures.

        Returns
        -------
        HistoryDisplay
            Drawn.

        Raises
        ------
        ValueError
            If no model of the report has a history.
        """
        return cls(report.result.histories, metrics=metrics).plot(ax)

    def plot(self, ax=None):
        """Draw the lines.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        HistoryDisplay
            Itself.

        Raises
        ------
        ValueError
            If there is nothing to draw.
        """
        found = [
            (name, metric, [float(epoch.get(metric, math.nan)) for epoch in history])
            for name, history in self.histories.items()
            for metric in self.metrics
            if any(metric in epoch for epoch in history)
        ]
        if not found:
            raise ValueError(
                f"No model has any of metrics={tuple(self.metrics)!r} in its history: "
                "nets, soft trees and students of texts have; valid_loss needs "
                "early_stopping or X_val."
            )
        self.ax_ = axes_for(self, ax)
        self.figure_ = self.ax_.figure
        self.lines_ = [self._line(*each) for each in found]
        loss = all(metric.endswith("loss") for metric in self.metrics)
        self.ax_.set(xlabel="epoch", ylabel="loss" if loss else "")
        self.ax_.legend()
        return self

    def _line(self, name, metric, values):
        number = list(self.histories).index(name)
        style = "-" if metric == self.metrics[0] else "--"
        (line,) = self.ax_.plot(
            range(1, len(values) + 1),
            values,
            style,
            color=PALETTE[number % len(PALETTE)],
            # A line of one epoch would not be seen.
            marker="o" if len(values) == 1 else None,
            label=f"{name}, {_NAMES.get(metric, metric)}".replace("$", r"\$"),
        )
        return line


def _history_of(name, model):
    history = getattr(model, "history_", None)
    if not history:
        raise ValueError(
            f"{name}={type(model).__name__} has no history_: give a fitted net, soft tree "
            "or student of texts."
        )
    return history
