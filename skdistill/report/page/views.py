"""What templates read of a result: ordered, paired, shortened."""

import math
from typing import NamedTuple

from markupsafe import Markup

from ...tables.terms import in_one_line
from ..ranked import ranked_segments
from ..result import Interval
from . import charts
from .written import figure, times

_MOST_COLUMNS = 15  # of importances at once; the others are folded
_MOST_FOLDED = 200
_MOST_VALUES = 60  # of a row
_LONGEST, _LONGEST_WHY = 300, 3000  # letters
_CURVES = ("valid_loss", "train_loss")
_ISOLATED = "\N{FIRST STRONG ISOLATE}{}\N{POP DIRECTIONAL ISOLATE}"
# What a larger figure of the teacher's means for a student.
_THAN = {
    "n_bytes": ("smaller", "larger", "as large"),
    "one_row": ("faster", "slower", "as fast"),
    "thousand_rows": ("faster", "slower", "as fast"),
}


_ALIKE = 1.05  # what is less than that apart, times are too unsure to tell


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


def shortened(text, longest=_LONGEST):
    """Return a text that is no longer than a page can bear.

    Parameters
    ----------
    text : str
        From a table, or words about it.
    longest : int, default=300
        Letters.

    Returns
    -------
    str
        With dots where it is cut.
    """
    dots = "\N{HORIZONTAL ELLIPSIS}"
    return text if len(text) <= longest else text[: longest - 1] + dots


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
    return charts.scale_of([0.0, *ends_of(found)])


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


def verdict(difference, sign):
    """Return what a difference shows.

    Parameters
    ----------
    difference : Interval
        A model less another.
    sign : int
        1 where more is better, -1 where less is.

    Returns
    -------
    str
        A word or two; empty where nothing is known.
    """
    low, high = sorted((sign * difference.low, sign * difference.high))
    if not (math.isfinite(low) and math.isfinite(high)):
        return ""
    if low > 0:
        return "better"
    return "worse" if high < 0 else "no difference shown"


def than(cost, teacher, name):
    """Return how a cost compares with the teacher's.

    Parameters
    ----------
    cost, teacher : Cost or None
        Of a model, and of the teacher.
    name : str
        Which cost.

    Returns
    -------
    Markup
        Small letters; empty where there is nothing to compare.
    """
    if teacher is None or cost is teacher:
        return Markup("")
    words = ratio_in_words(teacher, cost, name)
    return Markup("<small>{}</small>").format(words) if words else Markup("")


def ratio_in_words(teacher, student, name):
    """Return how often a cost of the teacher's holds a student's.

    Parameters
    ----------
    teacher, student : Cost
        Of both.
    name : str
        Which cost.

    Returns
    -------
    str
        Such as "12 times smaller"; empty where one of them is not known.
    """
    ours, theirs = getattr(student, name), getattr(teacher, name)
    if not (0 < theirs < math.inf and 0 < ours < math.inf):
        return ""
    less, more, same = _THAN[name]
    ratio = max(theirs / ours, ours / theirs)
    if ratio < _ALIKE:
        return same
    return f"{times(ratio)} {less if theirs > ours else more}"


def isolated(text):
    """Return a name for where no element can keep its direction to itself.

    Parameters
    ----------
    text : str
        Any.

    Returns
    -------
    str
        In one line, between marks that show nothing.
    """
    return _ISOLATED.format(shortened(in_one_line(text)))


def visible(text):
    """Return a text of several lines, in which control characters show.

    Parameters
    ----------
    text : str
        Any.

    Returns
    -------
    str
        Line by line.
    """
    lines = [in_one_line(line) if line.strip() else "" for line in text.splitlines()]
    return shortened("\n".join(lines), _LONGEST_WHY)


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
