"""Whether a student's answers have moved, where no teacher can be asked."""

import json
from numbers import Integral, Real
from typing import NamedTuple

import numpy as np
from scipy.stats import chi2, kstwobign
from sklearn.utils._param_validation import Interval, validate_params

from ...tables.gaps import plain_values
from .states import read_state

_KNOTS = 512  # of the reference's distribution: its steps are smaller than any chance
_VERSION = 1


class Drift(NamedTuple):
    """How far answers are from those of the reference.

    Attributes
    ----------
    drifted : bool
        Whether any column moved by more than chance.
    reason : str
        Which, and how far; "" where none did.
    psi : ndarray of shape (n_columns,)
        Population stability index over the bins of the reference: the sum of
        (share - reference) log(share / reference).
    psi_by_chance : float
        What a column's index stays below in 95 % of samples of this size without drift.
    ks : ndarray of shape (n_columns,)
        Kolmogorov and Smirnov's statistic: the largest difference between the two
        distribution functions.
    p_value : ndarray of shape (n_columns,)
        Of `ks`, by its limit for many rows, times the number of columns.
    """

    drifted: bool
    reason: str
    psi: np.ndarray
    psi_by_chance: float
    ks: np.ndarray
    p_value: np.ndarray


class ScoreDrift:
    """Compare a student's answers with those on the report's rows.

    Answers can move although the student follows its teacher as before: then the rows have
    changed. And they can stay where the two part: ``FidelityMonitor`` looks for that.

    Parameters
    ----------
    answers : array-like of shape (n, n_classes), (n,) or (n, n_outputs)
        The student's probabilities or values on the rows of reference.
    n_bins : int, default=10
        Bins of the reference, of equal shares, for the population stability index.

    Attributes
    ----------
    n_rows : int
        Rows of reference.
    n_columns : int
        Columns of answers. Of two probabilities the second alone is looked at.

    Raises
    ------
    ValueError
        If answers are fewer than ten rows, or not finite.

    References
    ----------
    Siddiqi: Credit Risk Scorecards, 2006.
    Yurdakul: Statistical Properties of Population Stability Index, 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from skdistill import ScoreDrift
    >>> random = np.random.default_rng(0)
    >>> drift = ScoreDrift(random.beta(2, 5, size=2000))
    >>> drift.compare(random.beta(2, 5, size=500)).drifted
    False
    >>> drift.compare(random.beta(3, 5, size=500)).drifted
    True
    """

    @validate_params(
        {
            "answers": "no_validation",
            "n_bins": [Interval(Integral, 2, 100, closed="both")],
        },
        prefer_skip_nested_validation=True,
    )
    def __init__(self, answers, *, n_bins=10):
        columns = _columns(answers, "answers")
        if len(columns) < 10:
            raise ValueError(f"answers has {len(columns)} rows: give ten or more.")
        self.n_rows, self._width = columns.shape
        # Of two probabilities the second says all.
        if self._width == 2 and np.allclose(columns.sum(axis=1), 1, atol=1e-6):
            columns = columns[:, 1:]
        self._columns = [_Column.of(column, n_bins) for column in columns.T]

    @property
    def n_columns(self):
        """Columns that are compared."""  # numpydoc ignore=RT01
        return len(self._columns)

    @validate_params(
        {"answers": "no_validation", "alpha": [Interval(Real, 0, 1, closed="neither")]},
        prefer_skip_nested_validation=True,
    )
    def compare(self, answers, *, alpha=0.05):
        """Compare answers on further rows.

        Parameters
        ----------
        answers : array-like of shape (m, n_classes), (m,) or (m, n_outputs)
            The student's, of the same columns as those of the reference.
        alpha : float, default=0.05
            The chance that some column is said to have moved although none did, for one
            comparison.

        Returns
        -------
        Drift
            ``drifted``, ``reason``, and the figures of each column.

        Raises
        ------
        ValueError
            If the columns are others, there are no rows, or something is not finite.
        """
        columns = _columns(answers, "answers")
        if columns.shape[1] != self._width or not len(columns):
            raise ValueError(
                f"answers has {len(columns)} rows and {columns.shape[1]} columns, and must "
                f"have some and {self._width}."
            )
        columns = columns[:, self._width - self.n_columns :]
        pairs = list(zip(self._columns, columns.T, strict=True))
        psi = np.array([known.psi(column, self.n_rows) for known, column in pairs])
        ks = np.array([known.ks(column) for known, column in pairs])
        effective = self.n_rows * len(columns) / (self.n_rows + len(columns))
        p_value = np.minimum(
            kstwobign.sf(ks * np.sqrt(effective)) * self.n_columns, 1.0
        )
        n_bins = max(len(known.shares) for known in self._columns)
        by_chance = float(chi2.ppf(0.95, max(n_bins - 1, 1)) / effective)
        drifted = bool((p_value <= alpha).any())
        reason = _words(int(ks.argmax()), psi, ks, by_chance) if drifted else ""
        return Drift(drifted, reason, psi, by_chance, ks, p_value)

    def to_json(self):
        """Write the reference down; no row of it can be told from that.

        Returns
        -------
        str
            Some kilobytes for each column, whatever the number of rows.
        """
        return json.dumps(
            {
                "version": _VERSION,
                "n_rows": self.n_rows,
                "width": self._width,
                "columns": [known.state() for known in self._columns],
            }
        )

    @classmethod
    def from_json(cls, text):
        """Take a reference up that was written down.

        Parameters
        ----------
        text : str
            From ``to_json``.

        Returns
        -------
        ScoreDrift
            With the same comparisons.

        Raises
        ------
        ValueError
            If it is something else, or of a later version.
        """
        state = read_state(text, _VERSION, "ScoreDrift")
        drift = cls.__new__(cls)
        drift.n_rows, drift._width = state["n_rows"], state["width"]
        drift._columns = [_Column.of_state(each) for each in state["columns"]]
        return drift


class _Column:
    """One column of the reference: shares of bins, and its distribution at some knots."""

    def __init__(self, edges, shares, knots, below):
        self.edges, self.shares = np.asarray(edges), np.asarray(shares)
        self.knots, self.below = np.asarray(knots), np.asarray(below)

    @classmethod
    def of(cls, column, n_bins):
        inner = np.linspace(0, 1, n_bins + 1)[1:-1]
        edges = np.unique(np.quantile(column, inner, method="inverted_cdf"))
        knots = np.quantile(column, np.linspace(0, 1, _KNOTS), method="inverted_cdf")
        knots = np.unique(knots)
        return cls(edges, _shares(column, edges), knots, _below(column, knots))

    @classmethod
    def of_state(cls, state):
        return cls(**state)

    def state(self):
        return {name: value.tolist() for name, value in vars(self).items()}

    def psi(self, column, n_rows):
        # Half a row more in each bin: an empty one is not infinitely far.
        new, old = (
            (shares * n + 0.5) / (n + 0.5 * len(shares))
            for shares, n in (
                (_shares(column, self.edges), len(column)),
                (self.shares, n_rows),
            )
        )
        return float(((new - old) * np.log(new / old)).sum())

    def ks(self, column):
        return float(np.abs(_below(column, self.knots) - self.below).max())


def _shares(column, edges):
    """Shares of the rows at or below the first edge, up to the second, and so on."""
    bins = np.searchsorted(edges, column, side="left")
    return np.bincount(bins, minlength=len(edges) + 1) / len(column)


def _below(column, knots):
    """Shares of the rows below each knot, and of those below it or there."""
    column = np.sort(column)
    sides = [np.searchsorted(column, knots, side=side) for side in ("left", "right")]
    return np.array(sides) / len(column)


def _columns(answers, name):
    """Finite numbers (n, k)."""
    if hasattr(answers, "result"):
        raise ValueError(
            f"{name} is a report: give what the student says about the report's rows, "
            "such as report.asked.says[name]."
        )
    try:
        answers = np.asarray(plain_values(answers), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{name} must be numbers, the student's probabilities or values: {error}."
        ) from error
    if answers.ndim not in (1, 2) or not np.isfinite(answers).all():
        raise ValueError(f"{name} must be finite numbers of shape (n,) or (n, k).")
    return answers[:, None] if answers.ndim == 1 else answers


def _words(column, psi, ks, by_chance):
    which = f"Column {column} of the answers" if len(ks) > 1 else "The answers"
    return (
        f"{which} moved: of the rows, a share of {100 * ks[column]:.1f} % lies on another "
        f"side of some value than before; the population stability index is "
        f"{psi[column]:.3f}, and below {by_chance:.3f} by chance."
    )
