"""Whether what a model says comes true as often as it says."""

from dataclasses import dataclass

import numpy as np

from .askers import CLASSES, LABELS, QUANTILES
from .intervals import estimates, exact_interval, redrawn_means
from .quality import first_mean
from .result import NAN, Bin, Calibration, Interval

_N_BINS = 10


@dataclass(frozen=True)
class Claims:
    """Probabilities that a model gave, and whether it was so: several of each row.

    Attributes
    ----------
    said : ndarray of shape (n, k)
        Probabilities.
    came_true : ndarray of shape (n, k)
        Zeros and ones.
    place : ndarray of shape (n, k)
        The bin of each.
    """

    said: np.ndarray
    came_true: np.ndarray
    place: np.ndarray

    @classmethod
    def of(cls, said, came_true):
        """Put claims of like probability into bins of about as many claims.

        Parameters
        ----------
        said, came_true : ndarray of shape (n, k)
            As the attributes.

        Returns
        -------
        Claims
            Equal probabilities are in one bin: a leaf of a tree is not divided.
        """
        ends = np.quantile(said, np.linspace(0, 1, _N_BINS + 1)[1:-1])
        place = np.searchsorted(np.unique(ends), said)
        place = np.unique(place, return_inverse=True)[1]  # no bin is empty
        return cls(said, came_true.astype(np.float64), place.reshape(said.shape))

    @property
    def n_bins(self):
        """Number of bins."""  # numpydoc ignore=RT01
        return int(self.place.max()) + 1

    def sums(self, values):
        """Sums of values over the claims of a row, by bin.

        Parameters
        ----------
        values : ndarray of shape (n, k)
            Of each claim.

        Returns
        -------
        ndarray of shape (n, n_bins)
            For each row.
        """
        n = len(values)
        cells = self.place + np.arange(n)[:, None] * self.n_bins
        sums = np.bincount(cells.ravel(), values.ravel(), minlength=n * self.n_bins)
        return sums.reshape(n, self.n_bins)


def calibration_of(asked, name, confidence, random_state=0):
    """Compare what a model says with what came true.

    Parameters
    ----------
    asked : Asked
        With labels.
    name : str
        Of the model.
    confidence : float
        Of the intervals.
    random_state : int, default=0
        Of the redraws.

    Returns
    -------
    Calibration or None
        Of classes, of the class decided for; of several labels, of each label; of
        quantiles, the share of the values below each. None for values.
    """
    says, y = asked.says[name], asked.y
    if asked.task == QUANTILES:
        return _of_quantiles(name, says, y, asked.quantiles, confidence)
    if asked.task == CLASSES:
        decided = says.argmax(axis=1)
        claims = Claims.of(says.max(axis=1)[:, None], (decided == y)[:, None])
    elif asked.task == LABELS:
        claims = Claims.of(says, y)
    else:
        return None
    off = claims.sums(claims.said - claims.came_true) / claims.said.shape[1]
    squares = _squares(asked.task, says, y)
    brier = estimates(squares, {"brier": first_mean}, random_state)["brier"]
    bins = _bins(claims, confidence, random_state)
    ece = expected_error(off, confidence, random_state)
    return Calibration(name, ece, brier.interval(confidence), bins)


def expected_error(off, confidence, random_state=0):
    """Expected calibration error, by bins of like probability [1]_.

    Noise only adds to a sum of absolute errors, and redraws add more. So the low end is
    the sum less what noise alone would give: the errors of redraws about those found.

    Parameters
    ----------
    off : ndarray of shape (n, n_bins)
        What each row adds to the mean error of each bin.
    confidence : float
        Of both ends.
    random_state : int, default=0
        Of the redraws.

    Returns
    -------
    Interval
        From 0 where a calibrated model may well show as much.

    References
    ----------
    .. [1] Guo, Pleiss, Sun, Weinberger: On Calibration of Modern Neural Networks, 2017.
    """
    means, redrawn = off.mean(axis=0), redrawn_means(off, random_state)
    value, one_side = float(np.abs(means).sum()), (1 + confidence) / 2
    noise = np.quantile(np.abs(redrawn - means).sum(axis=1), one_side)
    high = np.quantile(np.abs(redrawn).sum(axis=1), one_side)
    return Interval(value, max(value - float(noise), 0.0), max(value, float(high)))


def _squares(task, says, y):
    """Brier's score of each row, of two classes of the second alone [1]_.

    References
    ----------
    .. [1] Brier: Verification of Forecasts Expressed in Terms of Probability, 1950.
    """
    if task == LABELS:
        return np.square(says - y).mean(axis=1, keepdims=True)
    if says.shape[1] == 2:
        return np.square(says[:, 1:] - y[:, None])
    truth = np.arange(says.shape[1]) == y[:, None]
    return np.square(says - truth).sum(axis=1, keepdims=True)


def _bins(claims, confidence, random_state):
    one = np.ones_like(claims.said)
    counts, hits = claims.sums(one), claims.sums(claims.came_true)
    said = claims.sums(claims.said).sum(axis=0) / counts.sum(axis=0)
    if one.shape[1] == 1:  # the exact bounds are for claims that are independent
        pairs = zip(hits.sum(axis=0), counts.sum(axis=0), strict=True)
        shares = [exact_interval(int(k), int(n), confidence) for k, n in pairs]
    else:
        shares = _shares(hits, counts, confidence, random_state)
    rows = (counts > 0).sum(axis=0)
    return tuple(
        Bin(float(p), share, int(n))
        for p, share, n in zip(said, shares, rows, strict=True)
    )


def _shares(hits, counts, confidence, random_state):
    """What came true in each bin, where claims of a row are drawn together."""
    n_bins = hits.shape[1]

    def of(b):  # numpydoc ignore=GL08
        return lambda means: means[..., b] / means[..., n_bins + b]

    figures = {str(b): of(b) for b in range(n_bins)}
    found = estimates(np.column_stack([hits, counts]), figures, random_state)
    return [found[str(b)].interval(confidence) for b in range(n_bins)]


def _of_quantiles(name, says, y, levels, confidence):
    """How many values are at most each quantile, and should be."""
    below = (y[:, :, None] <= says).all(axis=1)  # quantiles are of one target
    bins = tuple(
        Bin(level, exact_interval(int(each.sum()), len(each), confidence), len(each))
        for level, each in zip(levels, below.T, strict=True)
    )
    off = [abs(each.came_true.value - each.said) for each in bins]
    return Calibration(name, Interval(float(np.mean(off))), Interval(NAN), bins)
