"""What says, in some library, that a value is missing."""

from decimal import Decimal
from numbers import Number

import numpy as np
from scipy import sparse

from .containers import as_array, columns_of, is_arrow, is_frame, unmasked

_GAPS_OF_PANDAS = {"NAType", "NaTType"}


def is_gap(value):
    """Whether a value of some library says that there is none.

    Parameters
    ----------
    value : object
        An element of an array of objects.

    Returns
    -------
    bool
        True for None, NaN of any type, NaT, ``pandas.NA`` and ``numpy.ma.masked``.
    """
    if isinstance(value, str):
        return False
    if value is None or value is np.ma.masked:
        return True
    if type(value).__name__ in _GAPS_OF_PANDAS:  # cannot be compared
        return True
    if isinstance(value, Decimal):  # a signalling one cannot be compared
        return value.is_nan()
    return isinstance(value, Number | np.generic) and bool(value != value)


def check_no_gaps(name, values, what="label", remedy=None):
    """Refuse labels, values or weights of which some are missing.

    Parameters
    ----------
    name : str
        What they are called.
    values : array-like or frame of shape (n,) or (n, k)
        As the user gave them.
    what : str, default="label"
        What a row lacks.
    remedy : str, default=None
        What to do; None for what suits targets.

    Raises
    ------
    ValueError
        If there are any.
    """
    if values is None or sparse.issparse(values):
        return
    gaps = np.atleast_1d(_gaps_in(_array_of(values)))
    rows = np.flatnonzero(gaps.any(axis=tuple(range(1, gaps.ndim))))
    if len(rows):
        remedy = remedy or (
            "leave them out, or give them as X_transfer for a teacher to label"
        )
        raise ValueError(
            f"{name} has no {what} in {len(rows)} rows, the first of them row {rows[0]}: "
            f"{remedy}."
        )


def plain_values(values):
    """An array of the values of any container, in which gaps are NaN or None.

    Parameters
    ----------
    values : array-like or frame of shape (n,) or (n, k)
        Targets, weights or outputs, as the user gave them.

    Returns
    -------
    ndarray of shape (n,) or (n, k)
        Gaps are None among objects, where ``astype(float)`` makes NaN of them.
    """
    values = _array_of(values)
    # T: numpy's StringDType, whose gaps are objects of the user's choice.
    if values.dtype.kind not in "OT":
        return values
    gaps, values = _gaps_in(values), values.astype(object)
    values[gaps] = None
    return values


def _array_of(values):
    """An array of any container; gaps in it are of whatever kind they were."""
    if is_frame(values) or is_arrow(values):
        return np.column_stack([*map(_array_of, columns_of(values))])
    if hasattr(values, "combine_chunks"):  # pyarrow's ChunkedArray forgets nulls
        values = values.combine_chunks()
    return unmasked(as_array(values))


def _gaps_in(values):
    if values.dtype.kind in "OT":
        flags = [is_gap(value) for value in values.ravel().tolist()]
        return np.array(flags, dtype=bool).reshape(values.shape)
    return values != values
