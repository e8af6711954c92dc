"""Where a student differs from its teacher."""

import math
import textwrap

from ...inspection.colours import PALETTE
from ...tables.terms import in_one_line
from ..ranked import ranked_segments
from .axes import axes_for, student_in

_ALARM, _OTHER = PALETTE[2], PALETTE[0]
_COLUMNS = 38  # letters of a line
_MOST = 20  # segments


class DisagreementDisplay:
    """How much a student differs from its teacher in segments of the rows.

    It is best made by :meth:`from_report`. Segments that stand out beyond multiple testing
    come first, and have a colour and a shape of their own. A short line marks the rest of
    the rows.

    Parameters
    ----------
    segments : sequence of Segment
        Of one student, as in ``report.result.segments``.
    decides : bool, default=True
        Whether models decide for classes or labels: what is drawn is then the share of
        rows decided otherwise. Else it is the root mean squared difference.

    Attributes
    ----------
    errorbars_ : list of matplotlib.container.ErrorbarContainer
        A figure and its interval for each segment that is drawn, in order.
    rest_ : matplotlib.collections.LineCollection
        The figures of the rest of the rows.
    ax_ : matplotlib.axes.Axes
        Axes with the segments.
    figure_ : matplotlib.figure.Figure
        Figure with the axes.

    See Also
    --------
    DistillationReport : Finds the segments.

    Examples
    --------
    >>> from skdistill import DisagreementDisplay
    >>> display = DisagreementDisplay.from_report(report)  # doctest: +SKIP
    """

    def __init__(self, segments, *, decides=True):
        self.segments = segments
        self.decides = decides

    @classmethod
    def from_report(cls, report, *, student=None, ax=None):
        """Draw the segments of a report.

        Parameters
        ----------
        report : DistillationReport
            With segments.
        student : str, default=None
            Name of the student; None for the first.
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        DisagreementDisplay
            Drawn.

        Raises
        ------
        ValueError
            If there is no such student, or none of its segments were looked at.
        """
        result = report.result
        student = student_in(result, student)
        segments = [each for each in result.segments if each.model == student]
        decides = result.task in ("classes", "labels")
        return cls(segments, decides=decides).plot(ax)

    def plot(self, ax=None):
        """Draw the segments.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, default=None
            Where to draw; None for a new figure.

        Returns
        -------
        DisagreementDisplay
            Itself.

        Raises
        ------
        ValueError
            If there are none.
        """
        if not self.segments:
            raise ValueError(
                "There are no segments to draw: see the report's cautions."
            )
        self.ax_ = ax_ = axes_for(self, ax)
        self.figure_ = ax_.figure
        drawn = ranked_segments(self.segments, self.decides)[:_MOST]
        self.errorbars_ = [self._bar(place, each) for place, each in enumerate(drawn)]
        places = range(len(drawn))
        self.rest_ = ax_.vlines(
            [self._turned(each.rest) for each in drawn],
            [place - 0.3 for place in places],
            [place + 0.3 for place in places],
            color="0.4",
            label="rest of the rows",
        )
        words = [_wrapped(each) for each in drawn]
        ax_.set_yticks(places, words, parse_math=False)
        ax_.set_ylim(len(drawn) - 0.4, -0.6)  # the first on top
        ax_.set_xlabel(
            "share of rows decided otherwise"
            if self.decides
            else "difference (root mean square)"
        )
        if ax is None:
            n_lines = sum(each.count("\n") + 1.8 for each in words)
            self.figure_.set_size_inches(8, max(2.4, 1 + 0.2 * n_lines))
        above = {"loc": "lower center", "bbox_to_anchor": (0.5, 1), "frameon": False}
        ax_.legend(ncols=3, **above)
        return self

    def _bar(self, place, segment):
        found = segment.agreement
        value = self._turned(found.value)
        ends = sorted((self._turned(found.low), self._turned(found.high)))
        error = [[value - ends[0]], [ends[1] - value]]
        return self.ax_.errorbar(
            value,
            place,
            xerr=error if all(map(math.isfinite, ends)) else None,
            fmt="D" if segment.flagged else "o",
            color=_ALARM if segment.flagged else _OTHER,
            capsize=3,
            label=self._label(segment),
        )

    def _label(self, segment):
        """A name for the legend, once for each kind."""
        label = "stands out" if segment.flagged else "other segments"
        known = self.ax_.get_legend_handles_labels()[1]
        return None if label in known else label

    def _turned(self, agreement):
        return 1 - agreement if self.decides else agreement


def _wrapped(segment):
    words = f"{in_one_line(segment.words)} ({segment.n_rows:,})"
    return "\n".join(textwrap.wrap(words, _COLUMNS, max_lines=3, placeholder=" ..."))
