"""What templates read of a result: ordered, paired, shortened."""

import math
from typing import NamedTuple

from ..ranked import ranked_segments
from ..result import Interval
from .scales import scale_of
from .wording import shortened
from .written import figure

_MOST_COLUMNS = 15  # of importances at once; the others are folded
_MOST_FOLDED = 200
_MOST_VALUES = 60  # of a row
_CURVES = ("valid_loss", "train_loss")


class Shown(NamedTuple):
    """Columns that matter: those at first, those folded, and how many are left out."""

    first: tuple
    folded: tuple
    n_left: int


def kinds_of(result):
    """Return what each model is: the teacher, the students, the control.

    Parameters
    ----------
    result : Result
        What a report found.

    Returns
    -------
    list of tuple of str
        Names and kinds.
    """
    names = dict.fromkeys(["teacher", *result.students, "control", *result.kinds])
    return [(name, result.kinds[name]) for name in names if name in result.kinds]


def segments_of(result, model):
    """Return the segments of a student, those that are flagged first, then the worst.

    Parameters
    ----------
    result : Result
        What a report found.
    model : str
        The student.

    Returns
    -------
    list of Segment
        In order.
    """
    decides = result.task in ("classes", "labels")
    found = (each for each in result.segments if each.model == model)
    return ranked_segments(found, decides)


def importances_of(result):
    """Return the columns that matter most, and those on which student and teacher part.

    Parameters
    ----------
    result : Result
        What a report found.

    Returns
    -------
    Shown
        All columns of a narrow table.
    """

    ranked = sorted(result.importances, key=_largest, reverse=True)
    below = ranked[_MOST_COLUMNS:]
    parting = [each for each in below if each.parts][:_MOST_COLUMNS]
    shown = {id(each) for each in parting}
    first = ranked[:_MOST_COLUMNS] + parting
    folded = [each for each in below if id(each) not in shown]
    n_left = max(len(folded) - _MOST_FOLDED, 0)
    return Shown(tuple(first), tuple(folded[:_MOST_FOLDED]), n_left)


def _largest(importance):
    found = (importance.teacher, *importance.students.values())
    known = (each.value for each in found if math.isfinite(each.value))
    return max(known, default=-math.inf)


def values_of(row, shown):
    """Return the values of a row, those of important columns first in a wide table.

    Parameters
    ----------
    row : RowDifference
        A row.
    shown : Shown
        The columns that matter.

    Returns
    -------
    dict of {str: str}
        By column, and no more than can be read.
    """
    names = list(row.values)
    if len(names) > _MOST_VALUES:
        ranked = [each.column for each in (*shown.first, *shown.folded)]
        ranked = [name for name in ranked if name in row.values]
        names = list(dict.fromkeys([*ranked, *names]))[:_MOST_VALUES]
    return {name: shortened(row.values[name]) for name in names}


def curves_of(result):
    """Return the losses of each training by epoch.

    Parameters
    ----------
    result : Result
        What a report found.

    Returns
    -------
    list of tuple of (list of float, str, bool)
        Losses, the model, and whether they are those of its training rows.
    """
    return [
        ([float(epoch.get(loss, math.nan)) for epoch in history], model, dashed)
        for model, history in result.histories.items()
        for loss, dashed in zip(_CURVES, (False, True), strict=True)
        if any(loss in epoch for epoch in history)
    ]


def scale_of_importances(shown):
    """Return the scale of all importances, from zero or less.

    Parameters
    ----------
    shown : Shown
        The columns.

    Returns
    -------
    Scale
        It.
    """
    found = [
        each
        for column in (*shown.first, *shown.folded)
        for each in (column.teacher, *column.students.values())
    ]
    return scale_of([0.0, *ends_of(found)])


def ends_of(found, *others):
    """Return all figures that a scale has to hold.

    Parameters
    ----------
    found : iterable of Interval
        What is drawn.
    *others : float or None
        Lines to compare with.

    Returns
    -------
    list of float
        They.
    """
    ends = [x for each in found for x in each]
    return ends + [other for other in others if other is not None]


def bound_of(fidelity):
    """Return the agreement of a student, and its lower bound, as an interval.

    Parameters
    ----------
    fidelity : Fidelity
        Of decisions.

    Returns
    -------
    Interval
        Without an upper end.
    """
    return Interval(fidelity.agreement, fidelity.at_least)


def levels_of(result):
    """Return the shares of rows within which differences are known.

    Parameters
    ----------
    result : Result
        What a report found.

    Returns
    -------
    list of float
        From the smallest.
    """
    return sorted({level for each in result.fidelity for level in each.quantiles})


def pairs_of(models, name):
    """Return models with one figure of each.

    Parameters
    ----------
    models : iterable
        Of what has a ``model``.
    name : str
        Of the figure.

    Returns
    -------
    list of tuple of str and Interval
        In their order.
    """
    return [(each.model, getattr(each, name)) for each in models]


def known(pairs):
    """Return those models whose figure is known.

    Parameters
    ----------
    pairs : list of tuple of str and Interval
        Of :func:`pairs_of`.

    Returns
    -------
    list of tuple of str and Interval
        In their order.
    """
    return [pair for pair in pairs if math.isfinite(pair[1].value)]


def paired(importance, looks):
    """Return what a column matters to the teacher and to each student.

    Parameters
    ----------
    importance : Importance
        Of a column.
    looks : dict of {str: str}
        The models' classes of style.

    Returns
    -------
    list of tuple of Interval and str
        The teacher first.
    """
    students = [(found, looks[name]) for name, found in importance.students.items()]
    return [(importance.teacher, "teacher"), *students]


def apart(fidelity, level):
    """Return how far a student and its teacher are apart on a share of the rows.

    Parameters
    ----------
    fidelity : Fidelity
        Of the student.
    level : float
        The share.

    Returns
    -------
    str
        A figure.
    """
    return figure(fidelity.quantiles.get(level, math.nan))


def least(losses):
    """Return the least of the losses that are known.

    Parameters
    ----------
    losses : list of float
        By epoch.

    Returns
    -------
    float
        NaN where none is.
    """
    return min((loss for loss in losses if math.isfinite(loss)), default=math.nan)
