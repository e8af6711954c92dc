"""Columns of numbers in the student's view: scales, heavy tails, gaps."""

import math
from dataclasses import dataclass

import numpy as np

from .terms import Term
from .view_categories import indicator_scale

# Such a share of the rows on either side makes no heavy tail: for a few outliers, the
# whole column is not to be bent.
_OUTLIERS = 0.001
# 2 MB of float64, as large as the second-level cache of one core.
_CHUNK_CELLS = 1 << 18


def row_chunks(X):
    """Slices of rows, few enough to stay in the processor's cache.

    Parameters
    ----------
    X : ndarray of shape (n, n_columns)
        Only its shape counts.

    Returns
    -------
    list of slice
        One after the other, all rows in all.
    """
    step = max(1, _CHUNK_CELLS // max(1, X.shape[1]))
    return [slice(start, start + step) for start in range(0, len(X), step)]


@dataclass(frozen=True)
class NumberColumns:
    """The numeric columns of a view, and indicators of their gaps.

    Attributes
    ----------
    columns : ndarray of shape (n_numbers,)
        Their positions in the table.
    gaps : ndarray of shape (n_gaps,)
        Those that had gaps in training, as positions among `columns`.
    tails : list of _Tail
        The columns whose heavy tails are bent.
    empty : ndarray of shape (n_numbers,)
        Whether a column had no value in training.
    terms : list of Term
        What each column of the view says.
    center, inverse_scale : ndarray of shape (n_numbers + n_gaps,)
        What is subtracted from each term, and what it is multiplied by then.
    """

    columns: np.ndarray
    gaps: np.ndarray
    tails: list
    empty: np.ndarray
    terms: list
    center: np.ndarray
    inverse_scale: np.ndarray

    @classmethod
    def learn(cls, table, share, max_kurtosis):
        """Learn scales, tails and gaps of the training rows.

        Parameters
        ----------
        table : Table
            Training rows.
        share : ndarray of shape (n,)
            Their weights, which sum to 1.
        max_kurtosis : float
            A column of a higher kurtosis may have heavy tails.

        Returns
        -------
        NumberColumns
            This part of the view.
        """
        numbers = table.numbers
        mean, inverse, kurtosis, present = moments(numbers, share)
        tails = [
            _Tail.learn(i, numbers[:, i], share)
            for i in np.flatnonzero(kurtosis > max_kurtosis)
            if _is_heavy(numbers[:, i], share, max_kurtosis)
        ]
        for tail in tails:
            bent = tail.bend(numbers[:, [tail.index]])
            (mean[tail.index],), (inverse[tail.index],), _, _ = moments(bent, share)
        terms = [Term(j) for j in table.number_columns]
        for tail in tails:
            terms[tail.index] = Term(
                table.number_columns[tail.index], tail.form(), tail=tail
            )
        # Shares add up to 1 but for rounding.
        gaps = np.flatnonzero((present < 1 - 1e-12) & (present > 0))
        terms += [Term(table.number_columns[i], is_gap=True) for i in gaps]
        missing = 1 - present[gaps]
        return cls(
            columns=table.number_columns,
            gaps=gaps,
            tails=tails,
            empty=present == 0,
            terms=terms,
            center=np.concatenate([mean, missing]),
            inverse_scale=np.concatenate(
                [inverse, np.full(len(gaps), indicator_scale(1))]
            ),
        )

    def read(self, table):
        """The raw numbers of a table.

        Parameters
        ----------
        table : Table
            A table with the columns that ``learn`` saw.

        Returns
        -------
        ndarray of shape (n, n_numbers)
            NaN for gaps.
        """
        if np.array_equal(self.columns, table.number_columns) and not self.empty.any():
            return table.numbers
        columns = [
            np.full(len(table), np.nan) if empty else table.numbers_at(j)
            for j, empty in zip(self.columns, self.empty, strict=True)
        ]
        return np.column_stack(columns) if columns else np.empty((len(table), 0))

    def values(self, raw):
        """The terms' values: bent tails, filled gaps, and whether there was a gap.

        Parameters
        ----------
        raw : ndarray of shape (n, n_numbers)
            Rows that ``read`` returned.

        Returns
        -------
        ndarray of shape (n, n_numbers + n_gaps)
            In the terms' units; `raw` itself where nothing changes.
        """
        # The least is NaN if any is: a pass without a table of flags.
        is_whole = not raw.size or not np.isnan(raw.min())
        if is_whole and not self.tails and not len(self.gaps):
            return raw
        missing, values = np.isnan(raw), raw.copy()
        for tail in self.tails:
            values[:, tail.index] = tail.bend(raw[:, tail.index])
        np.copyto(values, self.center[: raw.shape[1]], where=missing)
        return np.concatenate([values, missing[:, self.gaps]], axis=1)


@dataclass(frozen=True)
class _Tail:
    """A column of heavy tails: sign(d) log(1 + |d| / size), d = x - middle."""

    index: int
    middle: float
    size: float
    is_positive: bool

    @classmethod
    def learn(cls, index, x, share):
        is_number = ~np.isnan(x)
        x, share = x[is_number], share[is_number]
        middle = _quantile(x, share)
        distance = np.abs(x - middle)
        away = distance > 0
        size = _quantile(distance[away], share[away])
        size = max(size, distance.max() * 1e-300)  # their ratio is a finite number
        # Rounded, so that what the term prints is what it computes.
        size = float(f"{size:.3g}")
        middle = round(middle, 2 - math.floor(math.log10(size)))
        return cls(index, middle, size, bool(middle == 0 and x.min() >= 0))

    def bend(self, x):
        d = (x - self.middle) / self.size
        return np.copysign(np.log1p(np.abs(d)), d)

    def unbend(self, t):
        return self.middle + self.size * np.copysign(np.expm1(np.abs(t)), t)

    def form(self):
        over = "" if self.size == 1 else f" / {self.size:.15g}"
        if self.is_positive:
            return f"log1p({{}}{over})"
        if not self.middle:
            return f"signed_log1p({{}}{over})"
        moved = f"{{}} {'+' if self.middle < 0 else '-'} {abs(self.middle):.15g}"
        return f"signed_log1p(({moved}){over})" if over else f"signed_log1p({moved})"


def _quantile(x, share, level=0.5):
    """The lower weighted quantile."""
    order = np.argsort(x, kind="stable")
    cumulated = np.cumsum(share[order])
    # So that a sum's rounding does not push the middle to the next value.
    target = cumulated[-1] * level * (1 - 1e-12)
    return float(x[order][np.searchsorted(cumulated, target)])


def _is_heavy(x, share, max_kurtosis):
    """Whether a column of three values or more has tails, not just some outliers."""
    is_number = ~np.isnan(x)
    x, share = x[is_number], share[is_number]
    if np.isinf(x.max() / 2 - x.min() / 2 + np.abs(x).max() / 2):
        return False  # differences are no finite numbers
    low, high = (_quantile(x, share, level) for level in (_OUTLIERS, 1 - _OUTLIERS))
    inside = np.clip(x, low, high)[:, None]
    if not ((inside > low) & (inside < high)).any():
        return False
    return bool(moments(inside, share / share.sum())[2, 0] > max_kurtosis)


def moments(X, share):
    """Mean, one over the standard deviation (0 for a constant), kurtosis, presence.

    Parameters
    ----------
    X : ndarray of shape (n, n_columns)
        NaN for gaps.
    share : ndarray of shape (n,)
        Weights, which sum to 1.

    Returns
    -------
    ndarray of shape (4, n_columns)
        Of each column.
    """
    if not X.size:
        return np.zeros((4, X.shape[1]))
    top, bottom = np.fmax.reduce(X, axis=0), np.fmin.reduce(X, axis=0)
    has_gaps = bool(np.isnan(X.max(axis=0)).any())
    top, bottom = np.nan_to_num(top), np.nan_to_num(bottom)  # columns without a value
    # Columns are brought to [-1, 1] first: squares of large values would overflow.
    peak = np.maximum(np.abs(top), np.abs(bottom))
    shrink = 1.0 / np.where(peak > 0, np.maximum(peak, 1e-300), 1.0)
    present = np.ones(X.shape[1])  # the share of the weight that is no gap
    if has_gaps:
        present = sum(share[rows] @ ~np.isnan(X[rows]) for rows in row_chunks(X))
    mass = np.where(present > 0, present, 1.0)

    def _without_gaps(values):
        return np.nan_to_num(values, copy=False) if has_gaps else values

    mean = sum(share[r] @ _without_gaps(X[r] * shrink) for r in row_chunks(X)) / mass
    variance, fourth = np.zeros((2, X.shape[1]))
    for r in row_chunks(X):
        power = X[r] * shrink
        power -= mean
        power = np.square(_without_gaps(power), out=power)
        variance += share[r] @ power
        fourth += share[r] @ np.square(power, out=power)
    variance, fourth = variance / mass, fourth / mass
    std = np.sqrt(variance)
    # By values too: the rounded mean leaves a constant with a tiny spread.
    constant = (top == bottom) | (std < 1e-15)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        kurtosis = np.where(constant, 0.0, fourth / np.square(variance))
        inverse = np.where(constant, 0.0, shrink / np.where(constant, 1.0, std))
    # One over a subnormal spread may be infinite.
    inverse = np.minimum(inverse, np.finfo(np.float64).max)
    return np.stack([mean / shrink, inverse, kurtosis, present])
