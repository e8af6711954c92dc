"""What figures show, and texts of a table as a page can bear them."""

import math

from markupsafe import Markup

from ...tables.terms import in_one_line
from .written import times

_LONGEST, _LONGEST_WHY = 300, 3000  # letters
_ISOLATED = "\N{FIRST STRONG ISOLATE}{}\N{POP DIRECTIONAL ISOLATE}"
# What a larger figure of the teacher's means for a student.
_THAN = {
    "n_bytes": ("smaller", "larger", "as large"),
    "one_row": ("faster", "slower", "as fast"),
    "thousand_rows": ("faster", "slower", "as fast"),
}


_ALIKE = 1.05  # what is less than that apart, times are too unsure to tell


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
