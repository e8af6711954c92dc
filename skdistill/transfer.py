"""Samplers that enlarge the transfer set: rows for the teacher to label.

A sampler is fitted on training rows alone and draws rows of the same kind: integers stay
integers, categories stay known, gaps stay possible. ``sample`` also returns each drawn
row's parents, the training rows that it was made from.
"""

from abc import ABCMeta, abstractmethod
from dataclasses import dataclass
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, _fit_context, clone
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.neighbors import NearestNeighbors
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import _num_samples, check_is_fitted

from .cells import Cells
from .preprocessing import FLOAT32_BOUND
from .tables import rows_of

# So many rows are searched for neighbours; where there are more, a random part of them.
_MOST_CANDIDATES = 20_000
_MOST_CLASSES = 50


class Sampler(BaseEstimator, metaclass=ABCMeta):
    """What all samplers share: how many rows they draw.

    Subclasses learn in ``_learn`` and draw in ``_draw``.
    """

    _parameter_constraints: dict = {
        "size": [
            Interval(Integral, 1, None, closed="left"),
            Interval(Real, 0, None, closed="neither"),
        ],
    }

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None):
        """Learn from training rows.

        Parameters
        ----------
        X : array-like or frame of shape (n, n_features)
            Numbers, booleans, categories, strings; gaps are allowed.
        y : None
            Ignored.

        Returns
        -------
        Sampler
            Itself.
        """
        self.cells_ = Cells.read(self, X)
        self._learn()
        return self

    def _learn(self):
        """What a subclass needs to draw."""

    def sample(self, n=None, random_state=None):
        """Draw rows.

        Parameters
        ----------
        n : int, default=None
            How many; None for what ``size`` says.
        random_state : int, RandomState instance or None, default=None
            Draws.

        Returns
        -------
        X : ndarray or frame of shape (n, n_features)
            Rows of the kind of the training rows.
        parents : ndarray of shape (n, n_parents)
            The training rows that each was made from; its own row first.
        """
        check_is_fitted(self)
        random = check_random_state(random_state)
        n = self.n_draws() if n is None else n
        return self._draw(n, random)

    def n_draws(self):
        """Number of rows that ``size`` stands for.

        Returns
        -------
        int
            A whole ``size`` itself; otherwise so many times the training rows.
        """
        if isinstance(self.size, Integral):
            return int(self.size)
        return max(1, round(self.size * len(self.cells_)))

    @abstractmethod
    def _draw(self, n, random):
        """Rows and their parents."""

    def __sklearn_tags__(self):
        """scikit-learn's tags: gaps, categories and strings are allowed."""
        tags = super().__sklearn_tags__()
        for name in ("allow_nan", "categorical", "string"):
            setattr(tags.input_tags, name, True)
        return tags

    def _starts(self, n, random):
        """Training rows to start from: each as often as any other, to one."""
        full, rest = divmod(n, len(self.cells_))
        order = [random.permutation(len(self.cells_)) for _ in range(full)]
        return np.concatenate([*order, random.permutation(len(self.cells_))[:rest]])


class Munge(Sampler):
    """Neighbours that swap some of their values: MUNGE.

    Each drawn row starts from a training row. With probability `p`, each of its values
    is redrawn from that of one of its nearest neighbours: a category is the neighbour's,
    a number is normal around the neighbour's value, with the distance of the two over
    `s` as standard deviation [1]_.

    Parameters
    ----------
    size : int or float, default=8.0
        How many rows to draw: a number, or a multiple of the training rows.
    p : float, default=0.5
        Probability that a value is redrawn.
    s : float, default=3.0
        The larger, the nearer to the neighbour's value.
    n_neighbors : int, default=5
        A partner is one of so many nearest rows, in columns scaled to [0, 1].

    Attributes
    ----------
    neighbors_ : ndarray of shape (n, n_neighbors)
        The nearest other rows of each training row.

    References
    ----------
    .. [1] Bucila, Caruana, Niculescu-Mizil: Model Compression, 2006.

    Examples
    --------
    >>> import pandas as pd
    >>> from skdistill import Munge
    >>> X = pd.DataFrame({"plan": list("abab"), "age": [30, 31, 50, 52]})
    >>> new, parents = Munge(size=6, n_neighbors=1).fit(X).sample(random_state=0)
    >>> new.shape, parents.shape, bool(new.age.between(30, 52).all())
    ((6, 2), (6, 2), True)
    """

    _parameter_constraints: dict = {
        **Sampler._parameter_constraints,
        "p": [Interval(Real, 0, 1, closed="both")],
        "s": [Interval(Real, 0, None, closed="neither")],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
    }

    def __init__(self, size=8.0, *, p=0.5, s=3.0, n_neighbors=5):
        self.size = size
        self.p = p
        self.s = s
        self.n_neighbors = n_neighbors

    def _learn(self):
        points = self.cells_.positions()
        self.neighbors_ = _nearest_others(points, self.n_neighbors)

    def _draw(self, n, random):
        own = self._starts(n, random)
        partner = self.neighbors_[own, random.randint(self.neighbors_.shape[1], size=n)]
        redrawn = random.random_sample((n, self.cells_.n_columns)) < self.p
        take = np.where(redrawn, partner[:, None], own[:, None])
        a, b = self.cells_.numbers[own], self.cells_.numbers[partner]
        noise = random.standard_normal(a.shape) * np.abs(a - b) / self.s
        moved = np.where(
            np.isnan(noise), b, b + noise
        )  # a gap on one side: no distance
        numbers = np.where(redrawn[:, self.cells_.moved], moved, a)
        return self.cells_.rows(take, numbers), np.column_stack([own, partner])


def _nearest_others(points, n_neighbors):
    """The nearest other rows (n, k); of many rows, among a random part."""
    n = len(points)
    if n == 1:
        return np.zeros((1, 1), dtype=int)
    among = np.arange(n)
    if n > _MOST_CANDIDATES:
        among = np.sort(np.random.RandomState(0).permutation(n)[:_MOST_CANDIDATES])
    k = min(n_neighbors, len(among) - 1)
    index = NearestNeighbors(n_neighbors=k + 1).fit(points[among])
    found = among[index.kneighbors(points, return_distance=False)]
    # Drop each row itself, or the farthest where it is not among those found.
    is_self = found == np.arange(n)[:, None]
    is_self[~is_self.any(axis=1), -1] = True
    return found[~is_self].reshape(n, k)


class GaussianNoise(Sampler):
    """Training rows with noise on their numbers.

    Parameters
    ----------
    size : int or float, default=8.0
        How many rows to draw: a number, or a multiple of the training rows.
    scale : float, default=0.1
        Standard deviation of the noise, in those of the columns.
    p : float, default=0.0
        Probability that a category is redrawn from its column.

    Examples
    --------
    >>> import numpy as np
    >>> from skdistill import GaussianNoise
    >>> X = np.arange(6.0)[:, None] * [1, 0.5]
    >>> GaussianNoise(size=2.0).fit(X).sample(random_state=0)[0].shape
    (12, 2)
    """

    _parameter_constraints: dict = {
        **Sampler._parameter_constraints,
        "scale": [Interval(Real, 0, None, closed="left")],
        "p": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(self, size=8.0, *, scale=0.1, p=0.0):
        self.size = size
        self.scale = scale
        self.p = p

    def _draw(self, n, random):
        cells, own = self.cells_, self._starts(n, random)
        other = random.randint(len(cells), size=(n, cells.n_columns))
        redrawn = random.random_sample(other.shape) < self.p
        redrawn[:, cells.moved] = False
        take = np.where(redrawn, other, own[:, None])
        spread = np.nanstd(cells.numbers, axis=0) * self.scale
        numbers = cells.numbers[own]
        numbers = numbers + spread * random.standard_normal(numbers.shape)
        return cells.rows(take, numbers), own[:, None]


class Mixup(Sampler):
    """Points between two training rows.

    Numbers are mixed with a share drawn from a beta distribution; a category is that of
    either row, with that probability [1]_.

    Parameters
    ----------
    size : int or float, default=8.0
        How many rows to draw: a number, or a multiple of the training rows.
    alpha : float, default=0.2
        Of the beta distribution: small for rows near to one of the two.

    References
    ----------
    .. [1] Zhang, Cisse, Dauphin, Lopez-Paz: mixup, 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from skdistill import Mixup
    >>> X = np.arange(6.0)[:, None] * [1, 0.5]
    >>> Mixup(size=4).fit(X).sample(random_state=0)[1].shape
    (4, 2)
    """

    _parameter_constraints: dict = {
        **Sampler._parameter_constraints,
        "alpha": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(self, size=8.0, *, alpha=0.2):
        self.size = size
        self.alpha = alpha

    def _draw(self, n, random):
        cells, own = self.cells_, self._starts(n, random)
        other = random.randint(len(cells), size=n)
        share = random.beta(self.alpha, self.alpha, size=(n, 1))
        from_own = random.random_sample((n, cells.n_columns)) < share
        take = np.where(from_own, own[:, None], other[:, None])
        a, b = cells.numbers[own], cells.numbers[other]
        mixed = share * a + (1 - share) * b
        mixed = np.where(np.isnan(a), b, np.where(np.isnan(b), a, mixed))
        return cells.rows(take, mixed), np.column_stack([own, other])


class Bootstrap(Sampler):
    """Training rows, drawn with replacement.

    Parameters
    ----------
    size : int or float, default=1.0
        How many rows to draw: a number, or a multiple of the training rows.

    Examples
    --------
    >>> import numpy as np
    >>> from skdistill import Bootstrap
    >>> Bootstrap(size=3).fit(np.eye(5)).sample(random_state=0)[0].shape
    (3, 5)
    """

    def __init__(self, size=1.0):
        self.size = size

    def _draw(self, n, random):
        own = random.randint(len(self.cells_), size=n)
        take = np.repeat(own[:, None], self.cells_.n_columns, axis=1)
        return self.cells_.rows(take), own[:, None]


class ConditionalSampler(Sampler):
    """Rows whose columns are redrawn one by one, given all the others.

    For each column a few randomised trees are fitted once to predict it from the others.
    A drawn row starts from a training row; each column in turn, in random order, takes
    the value of a random training row in the leaf of a random tree: one round of Gibbs
    sampling stays close to the data, more go farther [1]_. The row that it starts from is
    its parent; the many rows that lend single values do not count as such.

    Parameters
    ----------
    size : int or float, default=8.0
        How many rows to draw: a number, or a multiple of the training rows.
    n_rounds : int, default=1
        So many times each column is redrawn.
    p : float, default=0.5
        Probability that a value is redrawn in a round.
    n_estimators : int, default=5
        Trees for each column.
    min_samples_leaf : int, default=10
        Training rows that a value is drawn from, at least.
    random_state : int, RandomState instance or None, default=0
        Seeds the trees.

    Attributes
    ----------
    forests_ : list of estimator
        For each column.

    References
    ----------
    .. [1] Fakoor, Mueller, Erickson, Chaudhari, Smola: Fast, Accurate, and Simple Models
       for Tabular Data via Augmented Distillation, 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from skdistill import ConditionalSampler
    >>> X = np.random.default_rng(0).normal(size=(50, 3))
    >>> ConditionalSampler(size=2.0).fit(X).sample(random_state=0)[0].shape
    (100, 3)
    """

    _parameter_constraints: dict = {
        **Sampler._parameter_constraints,
        "n_rounds": [Interval(Integral, 1, None, closed="left")],
        "p": [Interval(Real, 0, 1, closed="both")],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "min_samples_leaf": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        size=8.0,
        *,
        n_rounds=1,
        p=0.5,
        n_estimators=5,
        min_samples_leaf=10,
        random_state=0,
    ):
        self.size = size
        self.n_rounds = n_rounds
        self.p = p
        self.n_estimators = n_estimators
        self.min_samples_leaf = min_samples_leaf
        self.random_state = random_state

    def _learn(self):
        values = self.cells_.as_numbers()
        self.forests_ = [self._forest(values, j) for j in range(values.shape[1])]
        self.leaves_ = [
            [_Leaves.of(tree.apply(_others(values, j))) for tree in forest.estimators_]
            for j, forest in enumerate(self.forests_)
        ]

    def _forest(self, values, j):
        # Codes of many categories are regressed on: a tree need only part the rows.
        few = len(np.unique(values[:, j])) <= min(_MOST_CLASSES, len(values) // 2)
        is_class = few and j in self.cells_.others
        Forest = ExtraTreesClassifier if is_class else ExtraTreesRegressor
        forest = Forest(
            self.n_estimators,
            min_samples_leaf=self.min_samples_leaf,
            random_state=self.random_state,
        )
        return forest.fit(_others(values, j), values[:, j])

    def _draw(self, n, random):
        start = self._starts(n, random)
        source = self.cells_.as_numbers()
        take = np.repeat(start[:, None], source.shape[1], axis=1)
        values = source[start]
        for _ in range(self.n_rounds):
            for j in random.permutation(source.shape[1]):
                rows = np.flatnonzero(random.random_sample(n) < self.p)
                donors = self._donors(j, _others(values[rows], j), random)
                take[rows, j], values[rows, j] = donors, source[donors, j]
        return self.cells_.rows(take), start[:, None]

    def _donors(self, j, X, random):
        """A training row for each, from the leaf of a random tree."""
        trees = self.forests_[j].estimators_
        which = random.randint(len(trees), size=len(X))
        donors = np.empty(len(X), dtype=int)
        for t, tree in enumerate(trees):
            rows = np.flatnonzero(which == t)
            if len(rows):
                donors[rows] = self.leaves_[j][t].draw(tree.apply(X[rows]), random)
        return donors


def _others(values, j):
    others = np.delete(values, j, axis=1)
    others = np.clip(others, -FLOAT32_BOUND, FLOAT32_BOUND).astype(np.float32)
    return others if others.shape[1] else np.zeros((len(values), 1), np.float32)


@dataclass(frozen=True)
class _Leaves:
    """The training rows of each leaf of a tree, side by side."""

    rows: np.ndarray
    start: np.ndarray
    count: np.ndarray

    @classmethod
    def of(cls, leaf):
        count = np.bincount(leaf)
        return cls(np.argsort(leaf, kind="stable"), np.cumsum(count) - count, count)

    def draw(self, leaf, random):
        """A random row of each of these leaves."""
        place = (random.random_sample(len(leaf)) * self.count[leaf]).astype(int)
        return self.rows[self.start[leaf] + place]


class FixedRows(BaseEstimator):
    """The same rows each time: a transfer set that searches do not slice.

    Parameters
    ----------
    X : array-like or frame of shape (m, n_features)
        Unlabelled rows, with the columns of the training rows.
    output : array-like of shape (m, n_classes) or (m, n_outputs), default=None
        The teacher's outputs for them, computed beforehand; None: it is asked.

    Examples
    --------
    >>> import numpy as np
    >>> from skdistill import FixedRows
    >>> FixedRows(np.eye(2)).fit(np.zeros((5, 2))).sample()[0].shape
    (2, 2)
    """

    def __init__(self, X, output=None):
        self.X = X
        self.output = output

    def fit(self, X, y=None):
        """Learn nothing.

        Parameters
        ----------
        X : array-like or frame of shape (n, n_features)
            Ignored.
        y : None
            Ignored.

        Returns
        -------
        FixedRows
            Itself.
        """
        return self

    def sample(self, n=None, random_state=None):
        """The rows.

        Parameters
        ----------
        n : int, default=None
            Ignored.
        random_state : int, RandomState instance or None, default=None
            Ignored.

        Returns
        -------
        X : array-like or frame of shape (m, n_features)
            The rows as they were given.
        parents : ndarray of shape (m, 0)
            They have none.
        """
        return self.X, np.empty((_num_samples(self.X), 0), dtype=int)


#: Samplers that ``transfer`` knows by name.
NAMES = {
    "munge": Munge,
    "conditional": ConditionalSampler,
    "mixup": Mixup,
    "noise": GaussianNoise,
    "bootstrap": Bootstrap,
}


@dataclass(frozen=True)
class Drawn:
    """Rows that a sampler has drawn.

    Attributes
    ----------
    X : array-like or frame of shape (m, n_features)
        The rows.
    parents : ndarray of shape (m, n_parents)
        The training rows that each was made from.
    output : array-like or None
        Outputs computed beforehand.
    answer : ndarray of shape (m, n_outputs) or None
        The teachers' answers, where others than the usual ones were asked.
    """

    X: Any
    parents: np.ndarray
    output: Any = None
    answer: Any = None


def draw(transfer, X, random, usable=None):
    """Draw transfer rows, as a student's ``transfer`` parameter says.

    Parameters
    ----------
    transfer : sampler, str or callable
        A sampler is cloned; a name stands for one at its defaults; a function is called
        as ``transfer(X, random_state)`` and returns rows.
    X : array-like or frame of shape (n, n_features)
        Training rows.
    random : numpy.random.RandomState
        Draws.
    usable : callable, default=None
        ``usable(parents)`` -> which drawn rows to keep; so many more are drawn that
        enough are left.

    Returns
    -------
    Drawn
        At least one row.

    Raises
    ------
    ValueError
        If no drawn row is usable.
    """
    if isinstance(transfer, FixedRows):
        return Drawn(*transfer.sample(), transfer.output)
    seed = random.randint(np.iinfo(np.int32).max)
    if isinstance(transfer, str):
        transfer = NAMES[transfer]()
    if not hasattr(transfer, "sample"):
        rows = transfer(X, seed)
        return Drawn(rows, np.empty((_num_samples(rows), 0), dtype=int))
    sampler = clone(transfer).fit(X)
    drawn = _sampled(sampler, None, seed)
    if usable is None:
        return drawn
    wanted, kept = len(drawn.parents), np.flatnonzero(usable(drawn.parents))
    if 0 < len(kept) < wanted:
        drawn = _sampled(sampler, int(1.1 * wanted**2 / len(kept)) + 1, seed)
        kept = np.flatnonzero(usable(drawn.parents))
    if not len(kept):
        raise ValueError(
            f"transfer={transfer!r} drew no row that some clone of the teacher has not "
            "seen a parent of: take fewer folds as `cv`, or another transfer_teacher."
        )
    kept = kept[:wanted]
    return Drawn(rows_of(drawn.X, kept), drawn.parents[kept])


def _sampled(sampler, n, seed):
    rows, parents = sampler.sample(n, random_state=seed)
    return Drawn(rows, np.asarray(parents).reshape(_num_samples(rows), -1))
