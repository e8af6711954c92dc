"""Columns as small codes, with the thresholds that tell the codes apart."""

import copy
import math
from functools import cached_property

import numpy as np

_EXACT = 2.0**53  # from here on floats leave whole numbers out


class Binned:
    """A table whose tests are ``code <= b``.

    Parameters
    ----------
    x : ndarray of shape (n, n_columns)
        Finite numbers.
    max_bins : int
        Largest number of codes of a column; of more distinct values, quantiles.
    weight : ndarray of shape (n,), default=None
        Weights of the rows, for the quantiles.

    Attributes
    ----------
    thresholds : list of ndarray
        For each column, ascending; ``code <= b`` says ``x <= thresholds[b]``.
    codes : ndarray of shape (n_columns, n)
        How many thresholds are below each value.
    starts : ndarray of int of shape (n_columns + 1,)
        Where the bins of each column begin among those of all.
    """

    def __init__(self, x, max_bins, weight=None):
        weight = np.ones(len(x)) if weight is None else weight
        self._set_codes(x, [_thresholds(column, weight, max_bins) for column in x.T])

    def of(self, x):
        """Other rows by the same thresholds.

        Parameters
        ----------
        x : ndarray of shape (n, n_columns)
            Finite numbers.

        Returns
        -------
        Binned
            Their codes.
        """
        other = copy.copy(self)
        vars(other).pop("places", None)
        other._set_codes(x, self.thresholds)
        return other

    def _set_codes(self, x, thresholds):
        self.thresholds = thresholds
        pairs = zip(thresholds, x.T, strict=True)
        codes = [np.searchsorted(cuts, column) for cuts, column in pairs]
        self.codes = np.array(codes, dtype=np.int32).reshape(len(codes), len(x))
        sizes = [len(cuts) + 1 for cuts in thresholds]
        self.starts = np.cumsum([0, *sizes], dtype=np.int32)

    @cached_property
    def places(self):
        """Numbers of the rows' bins among those of all columns, (n, n_columns)."""
        # numpydoc ignore=RT01
        return np.ascontiguousarray((self.codes + self.starts[:-1, None]).T)

    def is_test(self, span):
        """Which bins of some columns are tests: all but the last of each column.

        Parameters
        ----------
        span : tuple of int
            The first column, and the one after the last.

        Returns
        -------
        ndarray of bool of shape (n_bins,)
            For the bins of these columns.
        """
        first, last = span
        answer = np.ones(self.starts[last] - self.starts[first], dtype=bool)
        answer[self.starts[first + 1 : last + 1] - self.starts[first] - 1] = False
        return answer

    def test_at(self, span, place):
        """The test of a bin.

        Parameters
        ----------
        span : tuple of int
            The first column, and the one after the last.
        place : int
            Number of the bin among those of these columns.

        Returns
        -------
        tuple of int
            Column and bin.
        """
        place = place + self.starts[span[0]]
        column = int(np.searchsorted(self.starts, place, side="right")) - 1
        return column, int(place - self.starts[column])

    def goes_left(self, test, rows):
        """The answers of some rows to a test.

        Parameters
        ----------
        test : tuple of int
            Column and bin.
        rows : ndarray of int
            Row numbers.

        Returns
        -------
        ndarray of bool
            For each of them.
        """
        column, cut = test
        return self.codes[column, rows] <= cut

    def nearest(self, column, threshold):
        """The bin whose threshold is nearest to a number.

        Parameters
        ----------
        column : int
            Column.
        threshold : float
            In its unit.

        Returns
        -------
        int or None
            None for a constant column.
        """
        cuts = self.thresholds[column]
        return int(np.abs(cuts - threshold).argmin()) if len(cuts) else None


def _thresholds(column, weight, max_bins):
    """Thresholds between neighbouring values of a column, or at its quantiles."""
    values = np.unique(column)
    below = np.arange(len(values) - 1)
    if len(values) > max_bins:
        place = np.searchsorted(values, column)
        share = np.bincount(place, weight, minlength=len(values)).cumsum()
        # A sum's rounding must not move a quantile to the next value.
        levels = np.linspace(0, 1, max_bins + 1)[1:-1] * (1 - 1e-12)
        below = np.unique(np.searchsorted(share / share[-1], levels))
        # Nothing lies beyond the last value: it parts no rows.
        below = below[below < len(values) - 1]
    pairs = zip(values[below].tolist(), values[below + 1].tolist(), strict=True)
    cuts = np.array([round_between(low, high) for low, high in pairs], dtype=float)
    if (values != np.floor(values)).any() or np.abs(values).max() >= _EXACT:
        return cuts
    # Of whole numbers 17 and not 17.5, which parts them alike; of thousands 104,000.
    step = max(1, np.gcd.reduce(np.diff(values).astype(np.int64)))
    return values[0] + step * ((cuts - values[0]) // step)


def round_between(low, high):
    """A short decimal number near the middle of a gap.

    Parameters
    ----------
    low, high : float
        Its ends, low < high.

    Returns
    -------
    float
        At least low and less than high; within the middle half wherever numbers are
        dense enough.
    """
    low, high = float(low), float(high)
    # Halves: the sum of two large numbers overflows.
    middle, width = low / 2 + high / 2, high - low
    if width == math.inf:
        return middle
    digits = -math.floor(math.log10(width))
    for more in range(4):
        near = round(middle, digits + more)
        if abs(near - middle) <= width / 4 and low <= near < high:
            return near
    # Neighbouring floats have no number between them: x <= low parts them.
    return middle if low <= middle < high else low
