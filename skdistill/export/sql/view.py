"""A student's view of the table as columns of SQL."""

import math

from ..view_columns import GapOfNumber, Indicator, view_columns
from .text import number
from .tree import category


def add_view(steps, predictor):
    """Add the student's view, as columns ``z0`` and so on.

    Parameters
    ----------
    steps : Steps
        With the columns of X as ``x0`` and ``c0``.
    predictor : NumpyPredictor
        Of the student.

    Returns
    -------
    list of str
        Names of the columns of the view.
    """
    view, dialect = view_columns(predictor), steps.dialect
    steps.add(
        {
            f"d{k}": f"(x{v.column} - {number(v.tail[0])}) / {number(v.tail[1])}"
            for k, v in enumerate(view)
            if getattr(v, "tail", None) is not None
        }
    )
    steps.add({f"z{k}": _seen(k, each, dialect) for k, each in enumerate(view)})
    return [f"z{k}" for k in range(len(view))]


def refused(predictor):
    """Whether a row has a gap that the student refuses.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of the student.

    Returns
    -------
    str
        A condition on the columns ``x0`` and so on; empty where the student takes all.
    """
    view = view_columns(predictor)
    columns = sorted({v.column for v in view if not getattr(v, "takes_gaps", True)})
    return " OR ".join(f"x{j} IS NULL" for j in columns)


def _seen(k, each, dialect):
    name = f"{'c' if isinstance(each, Indicator) else 'x'}{each.column}"
    if isinstance(each, Indicator):
        return _indicator(name, each, dialect)
    if each.is_empty:
        return number(each.yes if isinstance(each, GapOfNumber) else each.of_gap)
    if isinstance(each, GapOfNumber):
        yes, no = number(each.yes), number(each.no)
        return f"CASE WHEN {name} IS NULL THEN {yes} ELSE {no} END"
    z = name
    if each.tail is not None:
        z = f"CASE WHEN d{k} < 0e0 THEN -LN(1e0 - d{k}) ELSE LN(1e0 + d{k}) END"
    z = f"({z} - {number(each.center)})" if each.center else z
    z = f"{z} * {number(each.inverse)}" if each.inverse != 1 else z
    if math.isfinite(each.bound):
        z = dialect.clipped(z, -each.bound, each.bound)
    if not each.takes_gaps:
        return z
    return f"CASE WHEN {name} IS NULL THEN {number(each.of_gap)} ELSE {z} END"


def _indicator(name, each, dialect):
    values = {}
    for label, value in each.known.items():
        values.setdefault(value, []).append(category(label, dialect))
    values.pop(each.other, None)
    whens = [
        f"WHEN {name} IN ({', '.join(labels)}) THEN {number(value)}"
        for value, labels in values.items()
    ]
    if each.of_gap != each.other:
        whens.append(f"WHEN {name} IS NULL THEN {number(each.of_gap)}")
    other = number(each.other)
    return f"CASE {' '.join(whens)} ELSE {other} END" if whens else other
