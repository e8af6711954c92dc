"""Whether a share has risen above its reference: a test that may be looked at any time.

For a common share p of rows and an odds ratio above 1, the product of
``(1 + x (ratio - 1)) / (1 + p (ratio - 1))`` over rows is a wager whose wealth does not
grow on average while the mean of x, given the past, is at most p. So is a weighted sum of
such wagers that start at different rows and bet on different ratios, and so is their
product with a wager on the reference's own rows that p is smaller. By Ville's inequality
the wealth ever reaches 1/alpha with a chance of at most alpha; p is not known, so the
smallest wealth over all p counts [1]_ [2]_. Betting from every row on finds a late change
[3]_.

.. [1] Waudby-Smith, Ramdas: Estimating Means of Bounded Random Variables by Betting, 2024.
.. [2] Howard, Ramdas, McAuliffe, Sekhon: Time-uniform, Nonparametric, Nonasymptotic
   Confidence Sequences, 2021.
.. [3] Shin, Ramdas, Rinaldo: E-detectors: A Nonparametric Framework for Sequential Change
   Detection, 2024.
"""

import numpy as np

_RATIOS = np.array([1.25, 1.6, 2.2, 3.5, 8.0, 30.0])[
    :, None
]  # of odds, after the change
_FALLS = np.array([0.98, 0.96, 0.92, 0.84, 0.68, 0.36])[:, None]  # of the reference's
_FIRST = 0.2  # of the stakes: for a change before the first row
_SCALE = 1000  # rows in which about half of the other stakes are laid
_GROWTH = 30  # times the reference: more rows would ask for a finer grid of shares
_MOST = 1e100  # a wealth so large decides for its share
_LEAST = 1e-300


class RiseTest:
    """A test of a stream of numbers in [0, 1] against the mean of a reference.

    Parameters
    ----------
    total : float
        Sum of the reference's numbers.
    n : int
        How many there are.
    growing : bool
        Whether rows of the stream before a change count as reference too.

    Attributes
    ----------
    n_rows : int
        Numbers seen.
    total_seen : float
        Their sum.
    log_evidence : float
        Of the last look: at least log(1/alpha) with a chance of at most alpha.
    """

    def __init__(self, total, n, growing):
        self.total, self.n, self.growing = float(total), int(n), bool(growing)
        self.n_rows, self.total_seen = 0, 0.0
        self.log_evidence = -np.inf
        self._shares = _grid(self.total, self.n)
        self._log_rise = np.log1p(self._shares * (_RATIOS - 1))
        self._log_fall = np.log1p(self._shares * (_FALLS - 1))
        self._reference = self.total, self.n
        self._quiet = 0  # zeros that the wealth does not know of yet
        self._wealth = _FIRST * self._stake() * np.ones_like(self._log_rise)
        self._change = _Change((self.total + 0.5) / (self.n + 1))

    def see(self, x):
        """Look at the next number.

        Parameters
        ----------
        x : float
            In [0, 1].

        Returns
        -------
        bool
            Whether the evidence was weighed again; zeros wait, as they only lower it.
        """
        if x == 0:
            self.n_rows += 1
            self._quiet += 1
            return False
        self._pass_quiet_rows()
        self._wealth += _stake_at(self.n_rows) * self._stake()
        self._wealth *= (1 + x * (_RATIOS - 1)) * np.exp(-self._log_rise)
        np.minimum(self._wealth, _MOST, out=self._wealth)
        self._change.see(x, self.n_rows, self.total_seen)
        self.n_rows += 1
        self.total_seen += float(x)
        wealth = np.log(self._wealth.mean(axis=0) + _LEAST)
        self.log_evidence = _least_of_convex(self._shares, wealth)
        return True

    def last_change(self):
        """The likeliest row of a change, and the mean of the stream on either side.

        Returns
        -------
        row : int
            Number of rows before it.
        before, after : float
            Means; NaN where there are no rows.
        """
        row, total = self._change.likeliest()
        rest = self.n_rows - row
        return (
            row,
            total / row if row else np.nan,
            (self.total_seen - total) / rest if rest else np.nan,
        )

    def state(self):
        """All that the test knows, as plain numbers and lists.

        Returns
        -------
        dict
            For ``from_state``.
        """
        return {
            "total": self.total,
            "n": self.n,
            "growing": self.growing,
            "n_rows": self.n_rows,
            "total_seen": self.total_seen,
            "log_evidence": self.log_evidence if self.n_rows > self._quiet else None,
            "reference": list(self._reference),
            "quiet": self._quiet,
            "wealth": self._wealth.tolist(),
            "change": self._change.state(),
        }

    @classmethod
    def from_state(cls, state):
        """A test that goes on where another was.

        Parameters
        ----------
        state : dict
            From ``state``.

        Returns
        -------
        RiseTest
            With the same answers to the same rows.
        """
        test = cls(state["total"], state["n"], state["growing"])
        test.n_rows, test.total_seen = state["n_rows"], state["total_seen"]
        if state["log_evidence"] is not None:
            test.log_evidence = state["log_evidence"]
        test._reference = tuple(state["reference"])
        test._quiet = state["quiet"]
        test._wealth = np.array(state["wealth"], dtype=np.float64)
        test._change.restore(state["change"])
        return test

    def _pass_quiet_rows(self):
        """Let the wealth fall by the zeros since the last look.

        The stakes laid meanwhile are taken as the last, smallest one, and the reference
        as it was before: that makes the evidence no larger.
        """
        m = self._quiet
        if not m:
            return
        self._change.rest(m)
        stake = _stake_at(self.n_rows - 1) * self._stake(at=self.n_rows - m)
        kept = np.exp(-m * self._log_rise)
        laid = np.full(kept.shape, float(m))  # the sum of a geometric series
        np.divide(
            1 - kept, np.expm1(self._log_rise), out=laid, where=self._log_rise > 0
        )
        self._wealth = self._wealth * kept + stake * laid
        self._quiet = 0

    def _stake(self, at=None):
        """For each share, the wealth of a wager that the reference's is smaller."""
        at = self.n_rows if at is None else at
        if self.growing and at <= _GROWTH * self.n:
            # No row since then added to the sum: zeros do not.
            self._reference = self.total + self.total_seen, self.n + at
        total, n = self._reference
        log = total * np.log(_FALLS) - n * self._log_fall
        return 0.5 + 0.5 * np.exp(np.minimum(log, np.log(_MOST))).mean(axis=0)


class _Change:
    """Where the share seems to have risen: a sum of log odds that restarts below 0."""

    def __init__(self, share):
        self._rise = np.log1p(share * (_RATIOS.ravel() - 1))
        self._sums = np.zeros(len(_RATIOS))
        self._starts = np.zeros((len(_RATIOS), 2))  # rows, and the sum of their numbers

    def rest(self, m):
        self._sums = np.maximum(self._sums - m * self._rise, 0)

    def see(self, x, n_rows, total):
        self._starts[self._sums == 0] = n_rows, total
        gain = np.log1p(x * (_RATIOS.ravel() - 1)) - self._rise
        self._sums = np.maximum(self._sums + gain, 0)

    def likeliest(self):
        row, total = self._starts[self._sums.argmax()]
        return int(row), float(total)

    def state(self):
        return {"sums": self._sums.tolist(), "starts": self._starts.tolist()}

    def restore(self, state):
        self._sums, self._starts = np.array(state["sums"]), np.array(state["starts"])


def _stake_at(row):
    """The share of the stakes that is laid before a row; they sum to less than 1."""
    left = [1 / (1 + np.log1p(each / _SCALE)) for each in (row, row + 1)]
    return (1 - _FIRST) * (left[0] - left[1])


def _grid(total, n):
    """Shares from 0 to 1, close together where the reference's may be."""
    share = (total + 0.5) / (n + 1)
    error = np.sqrt(share * (1 - share) / n)
    low = max(share - 4 * error, share / 20)
    high = min(share + 8 * error + 2 / n, (1 + share) / 2)
    tail = high + (1 - high) * np.geomspace(1e-3, 1, 10)
    return np.concatenate([[0.0], np.linspace(low, high, 96), tail])


def _least_of_convex(x, f):
    """A lower bound of a convex function, near its minimum on a grid.

    Between two points it lies above the lines through the points on either side.
    """
    slopes = np.diff(f) / np.diff(x)
    cut = (
        f > np.log(_MOST) - 10
    )  # the function is larger there: lines would be too flat
    slopes[cut[1:]], slopes[cut[:-1]] = np.inf, -np.inf
    slopes = np.concatenate([[-np.inf], slopes, [np.inf]])  # slopes[i] ends at x[i]
    i = int(f.argmin())
    cells = [j for j in (i - 1, i) if 0 <= j < len(x) - 1]
    return min(
        _least_between(f[j], f[j + 1], x[j + 1] - x[j], slopes[j], slopes[j + 2])
        for j in cells
    )


def _least_between(left, right, width, falls, rises):
    """The same between two points, by the slopes before and after."""
    if falls >= 0 or rises <= 0:  # the minimum is at an end
        return min(left, right)
    if np.isinf(falls):
        return right - rises * width  # -inf where nothing is known
    if np.isinf(rises):
        return left + falls * width
    at = (right - left - rises * width) / (falls - rises)
    return left + falls * min(max(at, 0.0), width)
