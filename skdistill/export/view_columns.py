"""The columns of a student's view, each as a rule that any language can follow."""

from dataclasses import dataclass, field

import numpy as np

from .predictor import _BOUND, _FLOAT32_BOUND


@dataclass(frozen=True)
class Number:
    """A column of X as a number: clip((bent(x) - center) * inverse, -bound, bound).

    ``bent(x)`` is x, or where `tail` is not None, with ``middle, size = tail`` and
    ``d = (x - middle) / size``, ``copysign(log1p(abs(d)), d)``.

    Attributes
    ----------
    column : int
        Position in X.
    tail : tuple of (float, float) or None
        Middle and size, of a column of heavy tails.
    center, inverse, bound : float
        Of the scale; without one 0, 1, and an `bound` that float32 bears.
    of_gap : float
        What a gap gives, the end of the formula; of any value where `is_empty`.
    takes_gaps : bool
        Whether a gap is allowed; else the student refuses it.
    is_empty : bool
        Whether training saw no value, so that each counts as a gap.
    """

    column: int
    tail: tuple | None
    center: float
    inverse: float
    bound: float
    of_gap: float
    takes_gaps: bool
    is_empty: bool


@dataclass(frozen=True)
class GapOfNumber:
    """Whether a column of numbers has a gap.

    Attributes
    ----------
    column : int
        Position in X.
    yes, no : float
        What a gap gives, and what a number gives.
    is_empty : bool
        Whether each value counts as a gap.
    """

    column: int
    yes: float
    no: float
    is_empty: bool


@dataclass(frozen=True)
class Indicator:
    """Whether a column of categories holds some of them.

    Attributes
    ----------
    column : int
        Position in X.
    known : dict of {str, bool, int or float: float}
        What each known category gives. A category that is none of these types has its
        texts here (`as_text`).
    other : float
        What any other category gives.
    of_gap : float
        What a gap gives.
    as_text : bool
        Whether categories are compared as the text they are written as.
    """

    column: int
    known: dict = field(hash=False)
    other: float
    of_gap: float
    as_text: bool


def view_columns(predictor):
    """The columns of the student's view, in their order.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of the student.

    Returns
    -------
    list of Number, GapOfNumber or Indicator
        One for each input of the model. Of ``preprocessor=None`` numbers as they are.
    """
    meta, arrays = predictor.meta["view"], predictor.arrays
    if meta["kind"] == "plain":
        return [
            Number(j, None, 0.0, 1.0, np.inf, np.nan, False, False)
            for j in range(predictor.n_features_in_)
        ]
    columns = [*_numbers(meta, arrays), *_gaps(meta)]
    for labels in meta["labels"]:
        columns += _indicators(labels)
    order = arrays.get("view_order")
    columns = columns if order is None else [columns[i] for i in order]
    scale = zip(
        columns, arrays["view_center"], arrays["view_inverse_scale"], strict=True
    )
    return [_scaled(meta, column, *map(float, of)) for column, *of in scale]


def _numbers(meta, arrays):
    tails = {i: (middle, size) for i, middle, size in meta["tails"]}
    for i, column in enumerate(meta["columns"]):
        filling = float(arrays["view_filling"][i])
        takes_gaps, is_empty = meta["takes_gaps"], meta["empty"][i]
        yield Number(
            column, tails.get(i), 0.0, 1.0, np.inf, filling, takes_gaps, is_empty
        )


def _gaps(meta):
    for i in meta["gaps"]:
        yield GapOfNumber(meta["columns"][i], 1.0, 0.0, meta["empty"][i])


def _indicators(labels):
    def value(code, i):
        if code == labels["neutral"]:
            return float(labels["unseen"][i])
        return float(code == labels["shown"][i])

    for i in range(len(labels["shown"])):
        yield Indicator(
            labels["column"],
            {category: value(code, i) for category, code in labels["bins"]},
            value(labels["other"], i),
            value(labels["gap"], i),
            labels["as_text"],
        )


def _scaled(meta, column, center, inverse):
    bound = _BOUND if meta["is_scaled"] else _FLOAT32_BOUND
    if not meta["is_scaled"]:
        center, inverse = 0.0, 1.0

    def z(value):  # the same steps as the view's, so that the bits are the same
        return min(max((value - center) * inverse, -bound), bound)

    if isinstance(column, Number):
        return Number(
            column.column,
            column.tail,
            center,
            inverse,
            bound,
            z(column.of_gap),
            column.takes_gaps,
            column.is_empty,
        )
    if isinstance(column, GapOfNumber):
        return GapOfNumber(column.column, z(column.yes), z(column.no), column.is_empty)
    known = {category: z(value) for category, value in column.known.items()}
    return Indicator(
        column.column, known, z(column.other), z(column.of_gap), column.as_text
    )
