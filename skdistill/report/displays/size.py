"""How small a student can be."""

from ...inspection.colours import PALETTE
from .axes import axes_for


class SizeDisplay:
    """Score against size: what :func:`smallest_student` found.

    It is best made by :meth:`from_result`. Bars are two standard errors. Sizes that were
    judged good enough are filled.

    Parameters
    ----------
    found : SmallestStudent
        What :func:`smallest_student` returns.

    Attributes
    ----------
    errorbar_ : matplotlib.container.ErrorbarContainer
        A score for each size, with its error.
    good_ : matplotlib.lines.Line2D
        The sizes that are good enough.
    front_ : matplotlib.lines.Line2D
        The sizes that no smaller one is as good as.
    teacher_line_, allowed_line_, baseline_line_ : matplotlib.lines.Line2D
        Scores to compare with.
    ax_ : matplotlib.axes.Axes
        Axes with the curve.
    figure_ : matplotlib.figure.Figure
        Figure with the axes.

    See Also
    --------
    smallest_student : Walks the size of a student.

    Examples
    --------
    >>> from skdistill import SizeDisplay, smallest_student
    >>> found = smallest_student(
    ...     student, X, y, X_val=X_val, y_val=y_val
    ... )  # doctest: +SKIP
    >>> display = SizeDisplay.from_result(found)  # doctest: +SKIP
    """

    def __init__(self, found):
        self.found = found

    @classmethod
    def from_result(cls, found, *, ax=None):
        """Draw the curve of a search for the smallest student.

        Parameters
        ----------
        found : SmallestStudent
            What :func:`smallest_student` returns.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        SizeDisplay
            Drawn.
        """
        return cls(found).plot(ax)

    def plot(self, ax=None):
        """Draw the curve, with the teacher, the baseline and what is allowed.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        SizeDisplay
            Itself.
        """
        self.ax_ = ax = axes_for(self, ax)
        self.figure_ = ax.figure
        found, colour = self.found, PALETTE[0]
        sizes, scores = self._points(found.curve)
        errors = [2 * point["score_error"] for point in found.curve]
        self.errorbar_ = ax.errorbar(
            sizes,
            scores,
            errors,
            fmt="o-",
            color=colour,
            mfc="w",
            capsize=3,
            label="students",
        )
        good = [point for point in found.curve if point["good_enough"]]
        (self.good_,) = ax.plot(
            *self._points(good), "o", color=colour, zorder=3, label="good enough"
        )
        (self.front_,) = ax.step(
            *self._points(found.pareto_front()), ":", where="post", label="Pareto front"
        )
        allowed = found.tolerance * (found.teacher_score - found.baseline_score)
        self.teacher_line_ = ax.axhline(found.teacher_score, color="k", label="teacher")
        self.allowed_line_ = ax.axhline(
            found.teacher_score - allowed, color="k", ls="--", label="allowed"
        )
        self.baseline_line_ = ax.axhline(
            found.baseline_score, color="gray", label="baseline"
        )
        ax.set(xscale="log", xlabel="numbers that are kept", ylabel="score")
        ax.legend()
        return self

    @staticmethod
    def _points(points):
        return [p["n_numbers"] for p in points], [p["score"] for p in points]
