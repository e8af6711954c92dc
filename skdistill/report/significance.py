"""Tests of whether a part of a table differs, which hold their level for few rows too."""

import numpy as np
from scipy import stats

from .result import NAN, Interval

# Numbers that all shuffles together may draw: they take about a second.
_MOST_DRAWN = 40_000_000
_FEWEST_SHUFFLES, _MOST_SHUFFLES = 999, 20_000
_BLOCK = 1 << 20  # numbers that are shuffled at once


def mean_interval(values, confidence):
    """A mean, and its bounds by Student's t.

    Parameters
    ----------
    values : ndarray of shape (n,)
        One for each row.
    confidence : float
        Of both bounds together.

    Returns
    -------
    Interval
        Bounds are NaN of fewer than two rows, and all is of none.
    """
    n = len(values)
    if n < 2:
        return Interval(float(values[0])) if n else Interval(NAN)
    half = stats.t.isf((1 - confidence) / 2, n - 1) * values.std(ddof=1) / np.sqrt(n)
    mean = values.mean()
    return Interval(*map(float, (mean, mean - half, mean + half)))


def fewer_hits(is_hit, inside):
    """Test whether rows of a part are hits no more seldom than the others, exactly.

    Parameters
    ----------
    is_hit : ndarray of bool of shape (n,)
        Rows that count.
    inside : ndarray of bool of shape (n_parts, n)
        Rows of each part.

    Returns
    -------
    ndarray of shape (n_parts,)
        Fisher's one-sided p-values.
    """
    sizes, misses = inside.sum(axis=1), (inside & ~is_hit).sum(axis=1)
    n = len(is_hit)
    return stats.hypergeom.sf(misses - 1, n, n - is_hit.sum(), sizes)


def larger_means(values, inside, rng, level=0.05):
    """Test whether the mean of a part is no larger than that of the others.

    Whatever the distribution, the test holds its level: it compares the part with parts of
    the same size that are drawn from all rows.

    Parameters
    ----------
    values : ndarray of shape (n,)
        One for each row.
    inside : ndarray of bool of shape (n_parts, n)
        Rows of each part.
    rng : numpy.random.Generator
        Draws the parts.
    level : float, default=0.05
        Smaller p-values than a part of this are told apart where time allows.

    Returns
    -------
    ndarray of shape (n_parts,)
        One-sided p-values.
    """
    n, parts = len(values), inside.astype(np.float64)
    wanted = np.clip(2 * len(inside) / level, _FEWEST_SHUFFLES, _MOST_SHUFFLES)
    shuffles = int(min(wanted, max(_FEWEST_SHUFFLES, _MOST_DRAWN // max(n, 1))))
    observed, as_large, done = parts @ values, np.zeros(len(inside)), 0
    # A sum in another order of the same values counts as equal.
    slack = 1e-9 * np.abs(values).sum()
    while done < shuffles:
        width = min(max(1, _BLOCK // max(n, 1)), shuffles - done)
        drawn = rng.permuted(np.repeat(values[:, None], width, axis=1), axis=0)
        as_large += (parts @ drawn >= observed[:, None] - slack).sum(axis=1)
        done += width
    return (as_large + 1) / (shuffles + 1)
