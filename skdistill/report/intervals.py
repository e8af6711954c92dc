"""How far a figure may be trusted: exact bounds, bootstrap, several tests at once."""

from dataclasses import dataclass

import numpy as np
from scipy.stats import beta

from .result import NAN, Interval

_N_REDRAWS = 2000
#: Beyond this many rows, random groups of rows are redrawn in place of rows.
_MOST_UNITS = 4000
_CELLS_OF_BLOCK = 2_000_000
# Of a bet's stake, so that no single row can take all of it.
_LARGEST_STAKE = 0.75


def exact_lower(n_hits, n, confidence=0.95):
    """Lower bound of a share, by the binomial distribution itself [1]_.

    Parameters
    ----------
    n_hits, n : int
        Of n rows so many.
    confidence : float, default=0.95
        Of drawings of n rows, the share whose bound is at most the true share, at least.

    Returns
    -------
    float
        In [0, 1]; NaN without rows.

    References
    ----------
    .. [1] Clopper, Pearson: The Use of Confidence or Fiducial Limits Illustrated in the
       Case of the Binomial, 1934.

    Examples
    --------
    >>> from skdistill.report.intervals import exact_lower
    >>> round(exact_lower(962, 1000), 4)
    0.9505
    """
    if not n:
        return NAN
    return float(beta.ppf(1 - confidence, n_hits, n - n_hits + 1)) if n_hits else 0.0


def exact_interval(n_hits, n, confidence=0.95):
    """A share and both its exact bounds.

    Parameters
    ----------
    n_hits, n : int
        Of n rows so many.
    confidence : float, default=0.95
        Of both bounds together.

    Returns
    -------
    Interval
        NaN without rows.

    Examples
    --------
    >>> from skdistill.report.intervals import exact_interval
    >>> exact_interval(0, 10)
    Interval(value=0.0, low=0.0, high=0.308...)
    """
    if not n:
        return Interval(NAN)
    one_side = (1 + confidence) / 2
    low = exact_lower(n_hits, n, one_side)
    return Interval(n_hits / n, low, 1 - exact_lower(n - n_hits, n, one_side))


def mean_lower(shares, confidence=0.95, random_state=0):
    """Lower bound of the mean of shares, of whatever distribution.

    Someone who holds that the mean is m bets on it row by row, at fair odds; nobody
    multiplies his stake by 20 but in 5 % of the cases, whatever the distribution. The
    bound is the least m that is not refuted so [1]_. Rows are drawn, and not their
    parts: what is alike within a row does no harm.

    Parameters
    ----------
    shares : ndarray of shape (n,)
        In [0, 1].
    confidence : float, default=0.95
        As in ``exact_lower``.
    random_state : int, default=0
        Shuffles the rows, for the bets depend on their order.

    Returns
    -------
    float
        In [0, 1]; NaN without rows.

    References
    ----------
    .. [1] Waudby-Smith, Ramdas: Estimating Means of Bounded Random Variables by Betting,
       Journal of the Royal Statistical Society B, 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from skdistill.report.intervals import mean_lower
    >>> bool(mean_lower(np.repeat([0.5, 1.0], [50, 950])) > 0.96)
    True
    """
    n = len(shares)
    if not n:
        return NAN
    shares = np.random.default_rng(random_state).permutation(shares)
    stakes, wanted = _stakes(shares, confidence), np.log(1 / (1 - confidence))
    low, high = 0.0, float(shares.mean())
    for _ in range(40):
        m = (low + high) / 2
        bets = np.minimum(stakes, _LARGEST_STAKE / max(m, 1e-12)) * (shares - m)
        refuted = np.log1p(bets).cumsum().max() >= wanted
        low, high = (m, high) if refuted else (low, m)
    return low


def _stakes(shares, confidence):
    """How much to bet on each row, by the spread of those before it alone."""
    n = len(shares)
    count = np.arange(2, n + 2)
    mean = (0.5 + shares.cumsum()) / count
    spread = (0.25 + np.square(shares - mean).cumsum()) / count
    before = np.concatenate([[0.25], spread[:-1]])
    return np.sqrt(2 * np.log(1 / (1 - confidence)) / (n * before))


@dataclass(frozen=True)
class Estimate:
    """A figure, and what it would have been on rows that are drawn again.

    Attributes
    ----------
    value : float
        On the rows as they are.
    redrawn : ndarray of shape (n_redraws,)
        The same redraws for all models: differences are those of pairs.
    """

    value: float
    redrawn: np.ndarray

    def __sub__(self, other):
        with np.errstate(invalid="ignore"):  # of figures that are not known
            return Estimate(self.value - other.value, self.redrawn - other.redrawn)

    def __truediv__(self, other):
        with np.errstate(divide="ignore", invalid="ignore"):
            value = np.divide(self.value, other.value)
            return Estimate(float(value), self.redrawn / other.redrawn)

    def interval(self, confidence=0.95):
        """The figure between percentiles of the redraws [1]_.

        Parameters
        ----------
        confidence : float, default=0.95
            Share of the redraws that are within.

        Returns
        -------
        Interval
            NaN where more than a twentieth of the redraws has no figure.

        References
        ----------
        .. [1] Efron, Tibshirani: An Introduction to the Bootstrap, 1993.
        """
        known = self.redrawn[np.isfinite(self.redrawn)]
        if len(known) < 0.95 * len(self.redrawn):
            return Interval(float(self.value))
        ends = np.quantile(known, [(1 - confidence) / 2, (1 + confidence) / 2])
        return Interval(float(self.value), *map(float, ends))


def redrawn_means(columns, random_state=0, n_redraws=_N_REDRAWS):
    """Means of columns on rows that are drawn again, with replacement.

    Parameters
    ----------
    columns : ndarray of shape (n, k)
        A number for each row, or several.
    random_state : int, default=0
        The same rows are drawn for the same seed.
    n_redraws : int, default=2000
        How often.

    Returns
    -------
    ndarray of shape (n_redraws, k)
        Of more than 4,000 rows, random groups of rows are drawn: their means spread as
        those of rows do, and a million rows take as long as 4,000.
    """
    random = np.random.default_rng(random_state)
    sums, sizes = _units(columns, random)
    columns = np.column_stack([sums, sizes])
    n, means = len(columns), []
    size = max(1, _CELLS_OF_BLOCK // n)
    for start in range(0, n_redraws, size):
        n_some = min(size, n_redraws - start)
        drawn = random.integers(0, n, (n_some, n))
        drawn += np.arange(n_some)[:, None] * n
        counts = np.bincount(drawn.ravel(), minlength=n_some * n).reshape(n_some, n)
        totals = counts.astype(np.float64) @ columns
        means.append(totals[:, :-1] / totals[:, -1:])
    return np.concatenate(means)


def _units(columns, random):
    """What is drawn: rows, or sums over random groups of them; and sizes."""
    n = len(columns)
    if n <= _MOST_UNITS:
        return columns, np.ones(n)
    shuffled = columns[random.permutation(n)]
    starts = np.arange(_MOST_UNITS) * n // _MOST_UNITS
    sizes = np.diff(np.append(starts, n))
    return np.add.reduceat(shuffled, starts, axis=0), sizes.astype(np.float64)


def estimates(columns, figures, random_state=0):
    """Figures that are functions of means, and the same on rows drawn again.

    Parameters
    ----------
    columns : ndarray of shape (n, k)
        A number for each row, or several.
    figures : dict of str to callable
        Each takes means (..., k) and returns (...).
    random_state : int, default=0
        Of the redraws.

    Returns
    -------
    dict of str to Estimate
        By the same names.
    """
    means, redrawn = columns.mean(axis=0), redrawn_means(columns, random_state)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {
            name: Estimate(float(figure(means)), figure(redrawn))
            for name, figure in figures.items()
        }


def holm(p_values):
    """P-values for several tests at once, after Holm [1]_.

    Parameters
    ----------
    p_values : array-like of shape (k,)
        Of each test alone.

    Returns
    -------
    ndarray of shape (k,)
        Where those up to alpha are taken for true, the chance of one error or more is at
        most alpha.

    References
    ----------
    .. [1] Holm: A Simple Sequentially Rejective Multiple Test Procedure, 1979.

    Examples
    --------
    >>> from skdistill.report.intervals import holm
    >>> holm([0.01, 0.04, 0.03])
    array([0.03, 0.06, 0.06])
    """
    p = np.asarray(p_values, dtype=np.float64)
    order = np.argsort(p, kind="stable")
    adjusted = np.empty(len(p))
    raised = p[order] * np.arange(len(p), 0, -1)
    adjusted[order] = np.minimum(np.maximum.accumulate(raised), 1.0)
    return adjusted
