"""Samplers that enlarge the transfer set: rows for the teacher to label.

A sampler is fitted on training rows alone and draws rows of the same kind: integers stay
integers, categories stay known, gaps stay possible. ``sample`` also returns each drawn
row's parents, the training rows that it was made from.
"""

from abc import ABCMeta, abstractmethod
from numbers import Integral, Real
from typing import Self

import numpy as np
from sklearn.base import BaseEstimator, _fit_context, clone
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomTreesEmbedding,
)
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from ..tables.view import FLOAT32_BOUND
from .cells import Cells
from .neighbors import Leaves, Nearest, leaf_neighbors

# A column of more categories is regressed on: a tree's node counts each class.
_MOST_CLASSES = 50
# Number of rows that grow the trees, to bound the time of a fit; all rows lend values.
_ROWS_FOR_TREES = 20_000
_CHUNK = 1 << 16  # rows drawn at once: a few arrays of all columns
# max_distance counts in this quantile of the distances between training rows ...
_SPACING = 0.95
# ... and gives up where a smaller share of the draws is within, of so many at least.
_LEAST_WITHIN, _FEWEST_TRIED = 0.02, 1000


class BaseSampler(BaseEstimator, metaclass=ABCMeta):
    """What samplers of tables and of texts share: how many rows, how often.

    Subclasses learn in ``_read`` and draw in ``_sampled``.
    """

    _parameter_constraints: dict = {
        "size": [
            Interval(Integral, 1, None, closed="left"),
            Interval(Real, 0, None, closed="neither"),
        ],
        "time_budget": [Interval(Real, 0, None, closed="neither"), None],
        "refresh": [Interval(Integral, 1, None, closed="left"), None],
        "n_candidates": [Interval(Real, 1, None, closed="left")],
    }

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None) -> Self:
        """Learn from training rows.

        Parameters
        ----------
        X : array-like or frame of n rows
            Numbers, booleans, categories, strings; gaps are allowed. Samplers of texts
            read texts alone.
        y : None
            Ignored.

        Returns
        -------
        BaseSampler
            Itself.
        """
        if self.n_candidates > 1 and self.refresh is None:
            raise ValueError(
                f"n_candidates={self.n_candidates} chooses among fresh rows, and "
                "refresh=None draws none: set refresh, such as refresh=1."
            )
        self._read(X)
        return self

    @abstractmethod
    def _read(self, X):
        """Learn from X what ``sample`` needs."""

    @abstractmethod
    def _n_rows(self):
        """The number of training rows."""

    def sample(self, n=None, random_state=None):
        """Draw rows.

        Parameters
        ----------
        n : int, default=None
            The number of rows; None for what ``size`` says.
        random_state : int, RandomState instance or None, default=None
            The generator, or its seed.

        Returns
        -------
        X : array-like or frame of n rows
            Rows of the same kind as the training rows.
        parents : ndarray of shape (n, n_parents)
            The training rows that each was made from; the row that it starts from first.

        Raises
        ------
        ValueError
            If hardly any draw is within `max_distance`.
        """
        check_is_fitted(self)
        random = check_random_state(random_state)
        return self._sampled(self.n_draws() if n is None else n, random)

    @abstractmethod
    def _sampled(self, n, random):
        """So many rows, and their parents."""

    def n_draws(self):
        """Return the number of rows that ``size`` stands for.

        Returns
        -------
        int
            A whole ``size`` itself; otherwise so many times the training rows.
        """
        if isinstance(self.size, Integral):
            return int(self.size)
        return max(1, round(self.size * self._n_rows()))

    def _starts(self, n, random):
        """Training rows to start from: each as often as any other, to one."""
        full, rest = divmod(n, self._n_rows())
        order = [random.permutation(self._n_rows()) for _ in range(full)]
        return np.concatenate([*order, random.permutation(self._n_rows())[:rest]])

    def __sklearn_tags__(self):
        """scikit-learn's tags: gaps, categories and strings are allowed."""
        tags = super().__sklearn_tags__()
        for name in ("allow_nan", "categorical", "string"):
            setattr(tags.input_tags, name, True)
        return tags


class Sampler(BaseSampler):
    """What all samplers of tables share: cells, and how far from the data.

    Subclasses learn in ``_learn`` and draw in ``_draw``.
    """

    _parameter_constraints: dict = {
        **BaseSampler._parameter_constraints,
        "max_distance": [Interval(Real, 0, None, closed="neither"), None],
    }
    max_distance = None  # where it is no parameter

    def _read(self, X):
        self.cells_ = Cells.read(self, X)
        self._learn()
        if self.max_distance is not None:
            self.nearest_ = Nearest(self.cells_.positions())
            self.spacing_ = self.nearest_.spacing(_SPACING)

    def _n_rows(self):
        return len(self.cells_)

    def _learn(self):
        """What a subclass needs to draw."""

    def _sampled(self, n, random):
        if self.max_distance is None:
            parts = list(self._drafts(n, random))
        else:
            parts = self._near_drafts(n, random)
        take, numbers, parents = zip(*parts, strict=True)
        del parts  # a million rows are not kept twice
        take, parents = np.concatenate(take), np.concatenate(parents)
        numbers = None if numbers[0] is None else np.concatenate(numbers)
        return self.cells_.rows(take, numbers), parents

    def _drafts(self, n, random):
        """Part by part, the row of each cell, the numbers and the parents."""
        starts = self._starts(n, random)
        for start in range(0, max(1, n), _CHUNK):
            parent = starts[start : start + _CHUNK]
            with np.errstate(over="ignore"):  # the limits cut off what overflows
                take, numbers, parents = self._draw(parent, random)
            if numbers is not None:
                numbers = self.cells_.of_their_kind(take, numbers)
            yield take.astype(np.int32), numbers, parents

    def _near_drafts(self, n, random):
        """Drafts within `max_distance`; those farther away are drawn again."""
        kept, missing, tried, good = [], n, 0, 0
        # At least one draft, also of no rows, for the shapes.
        while missing or not kept:
            # 100 at least: the last rows would otherwise be drawn a few at a time.
            for draft in self._drafts(max(missing, 100) if kept else n, random):
                near = np.flatnonzero(self._is_near(*draft))
                tried, good = tried + len(draft[0]), good + len(near)
                kept.append(tuple(_rows_of(x, near[:missing]) for x in draft))
                missing -= len(kept[-1][0])
                if tried >= _FEWEST_TRIED and good < _LEAST_WITHIN * tried:
                    raise ValueError(
                        f"max_distance={self.max_distance} rejects {tried - good} of "
                        f"{tried} rows that {type(self).__name__} draws: raise it, or "
                        "let the sampler stay nearer to its rows."
                    )
        return kept

    def _is_near(self, take, numbers, parents):
        points = self.cells_.positions(take, numbers)
        limit = self.max_distance * self.spacing_
        return self.nearest_.is_within(points, parents[:, 0], limit)

    @abstractmethod
    def _draw(self, parent, random):
        """The row that each cell is taken from, numbers to stand there or None, parents.

        `parent` are the training rows to start from.
        """


def _rows_of(values, rows):
    return None if values is None else values[rows]


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
        A partner is one of so many nearest rows.
    neighbors : {"distance", "leaves"} or fitted forest, default="distance"
        What is near: "distance" in columns scaled to [0, 1], with 1 between two
        categories; "leaves" shared in completely random trees, which follow the density
        of the rows; or leaves shared in a forest that was fitted on these columns (on
        any target), an object whose ``apply(X)`` returns leaves.
    max_distance : float, default=None
        Rows farther from all training rows than this are drawn again. 1 is the distance
        that 95 % of the training rows do not exceed to their nearest other one.
    time_budget : float, default=None
        Seconds that the teacher of a student may take to label the drawn rows, fresh
        ones included; those that it had no time for are dropped, with a warning. Where
        that happens, fits do not repeat to the bit.
    refresh : int, default=None
        A student draws fresh rows in the place of these after so many epochs, for its
        teacher to label; None for never.
    n_candidates : float, default=1.0
        The fresh rows are drawn and labelled so many times, and those are likelier kept
        on which the student's loss against the teacher is large.

    Attributes
    ----------
    neighbors_ : ndarray of shape (n, n_neighbors)
        The nearest other rows of each training row, of many rows among a random part.

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
        "neighbors": [StrOptions({"distance", "leaves"}), HasMethods("apply")],
    }

    def __init__(
        self,
        size=8.0,
        *,
        p=0.5,
        s=3.0,
        n_neighbors=5,
        neighbors="distance",
        max_distance=None,
        time_budget=None,
        refresh=None,
        n_candidates=1.0,
    ):
        self.size = size
        self.p = p
        self.s = s
        self.n_neighbors = n_neighbors
        self.neighbors = neighbors
        self.max_distance = max_distance
        self.time_budget = time_budget
        self.refresh = refresh
        self.n_candidates = n_candidates

    def _learn(self):
        if isinstance(self.neighbors, str) and self.neighbors == "distance":
            nearest = Nearest(self.cells_.positions())
            self.neighbors_ = nearest.others(self.n_neighbors)
            return
        random = np.random.RandomState(0)
        self.neighbors_ = leaf_neighbors(self._leaf(), self.n_neighbors, random)

    def _leaf(self):
        """The leaf of each training row in each tree (n, n_trees)."""
        if not isinstance(self.neighbors, str):
            leaf = np.asarray(self.neighbors.apply(self.cells_.table))
            return leaf.reshape(len(self.cells_), -1)
        # No leaf holds fewer rows than neighbours are wanted.
        trees = RandomTreesEmbedding(
            50, max_depth=None, min_samples_leaf=self.n_neighbors, random_state=0
        )
        values = _as_float32(self.cells_.as_numbers())
        return trees.fit(values).apply(values)

    def _draw(self, parent, random):
        cells, n = self.cells_, len(parent)
        which = random.randint(self.neighbors_.shape[1], size=n)
        partner = self.neighbors_[parent, which]
        redrawn = random.random_sample((n, cells.n_cells)) < self.p
        take = np.where(redrawn, partner[:, None], parent[:, None])
        a, b = cells.numbers[parent], cells.numbers[partner]
        noise = random.standard_normal(a.shape) * np.abs(a - b) / self.s
        # Where one of the two has a gap they have no distance: the neighbour's value.
        moved = np.where(np.isnan(noise), b, b + noise)
        numbers = np.where(redrawn[:, cells.moved], moved, a)
        return take, numbers, np.column_stack([parent, partner])

    def __sklearn_clone__(self):
        """Clone all but a fitted forest, which the clone shares."""
        if isinstance(self.neighbors, str):
            return super().__sklearn_clone__()
        twin = clone(
            type(self)(**{**self.get_params(deep=False), "neighbors": "leaves"})
        )
        return twin.set_params(neighbors=self.neighbors)


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
    max_distance : float, default=None
        Rows farther from all training rows than this are drawn again. 1 is the distance
        that 95 % of the training rows do not exceed to their nearest other one.
    time_budget : float, default=None
        Seconds that the teacher of a student may take to label the drawn rows, fresh
        ones included; those that it had no time for are dropped, with a warning. Where
        that happens, fits do not repeat to the bit.
    refresh : int, default=None
        A student draws fresh rows in the place of these after so many epochs, for its
        teacher to label; None for never.
    n_candidates : float, default=1.0
        The fresh rows are drawn and labelled so many times, and those are likelier kept
        on which the student's loss against the teacher is large.

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

    def __init__(
        self,
        size=8.0,
        *,
        scale=0.1,
        p=0.0,
        max_distance=None,
        time_budget=None,
        refresh=None,
        n_candidates=1.0,
    ):
        self.size = size
        self.scale = scale
        self.p = p
        self.max_distance = max_distance
        self.time_budget = time_budget
        self.refresh = refresh
        self.n_candidates = n_candidates

    def _learn(self):
        self.spread_ = self.cells_.spread()

    def _draw(self, parent, random):
        cells = self.cells_
        other = random.randint(len(cells), size=(len(parent), cells.n_cells))
        redrawn = random.random_sample(other.shape) < self.p
        # Numbers get noise; only the other cells are redrawn.
        redrawn[:, cells.moved] = False
        take = np.where(redrawn, other, parent[:, None])
        spread = self.spread_ * self.scale
        numbers = cells.numbers[parent]
        numbers = numbers + spread * random.standard_normal(numbers.shape)
        return take, numbers, parent[:, None]


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
    max_distance : float, default=None
        Rows farther from all training rows than this are drawn again. 1 is the distance
        that 95 % of the training rows do not exceed to their nearest other one.
    time_budget : float, default=None
        Seconds that the teacher of a student may take to label the drawn rows, fresh
        ones included; those that it had no time for are dropped, with a warning. Where
        that happens, fits do not repeat to the bit.
    refresh : int, default=None
        A student draws fresh rows in the place of these after so many epochs, for its
        teacher to label; None for never.
    n_candidates : float, default=1.0
        The fresh rows are drawn and labelled so many times, and those are likelier kept
        on which the student's loss against the teacher is large.

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

    def __init__(
        self,
        size=8.0,
        *,
        alpha=0.2,
        max_distance=None,
        time_budget=None,
        refresh=None,
        n_candidates=1.0,
    ):
        self.size = size
        self.alpha = alpha
        self.max_distance = max_distance
        self.time_budget = time_budget
        self.refresh = refresh
        self.n_candidates = n_candidates

    def _draw(self, parent, random):
        cells, n = self.cells_, len(parent)
        other = random.randint(len(cells), size=n)
        share = random.beta(self.alpha, self.alpha, size=(n, 1))
        from_first = random.random_sample((n, cells.n_cells)) < share
        take = np.where(from_first, parent[:, None], other[:, None])
        a, b = cells.numbers[parent], cells.numbers[other]
        mixed = share * a + (1 - share) * b
        # The other's value stands in for a gap; `of_their_kind` puts the gap back.
        mixed = np.where(np.isnan(a), b, np.where(np.isnan(b), a, mixed))
        return take, mixed, np.column_stack([parent, other])


class Bootstrap(Sampler):
    """Training rows, drawn with replacement.

    Nothing new for the teacher: a control for the other samplers.

    Parameters
    ----------
    size : int or float, default=1.0
        How many rows to draw: a number, or a multiple of the training rows.
    time_budget : float, default=None
        Seconds that the teacher of a student may take to label the drawn rows, fresh
        ones included; those that it had no time for are dropped, with a warning. Where
        that happens, fits do not repeat to the bit.
    refresh : int, default=None
        A student draws fresh rows in the place of these after so many epochs, for its
        teacher to label; None for never.
    n_candidates : float, default=1.0
        The fresh rows are drawn and labelled so many times, and those are likelier kept
        on which the student's loss against the teacher is large.

    Examples
    --------
    >>> import numpy as np
    >>> from skdistill import Bootstrap
    >>> Bootstrap(size=3).fit(np.eye(5)).sample(random_state=0)[0].shape
    (3, 5)
    """

    def __init__(self, size=1.0, *, time_budget=None, refresh=None, n_candidates=1.0):
        self.size = size
        self.time_budget = time_budget
        self.refresh = refresh
        self.n_candidates = n_candidates

    def _starts(self, n, random):
        return random.randint(len(self.cells_), size=n)

    def _draw(self, parent, random):
        take = np.repeat(parent[:, None], self.cells_.n_cells, axis=1)
        return take, None, parent[:, None]


class ConditionalSampler(Sampler):
    """Rows whose columns are redrawn one by one, given all the others.

    For each column a few randomised trees are fitted once to predict it from the others;
    of more than 20,000 training rows, a random 20,000 grow them, and all lend values.
    A drawn row starts from a training row; each column in turn, in random order, takes
    the value of a random training row in the leaf of a random tree: one round of Gibbs
    sampling stays close to the data, more go farther [1]_. The row that it starts from is
    its parent; the many rows that lend single values do not count as such.

    Parameters
    ----------
    size : int or float, default=8.0
        How many rows to draw: a number, or a multiple of the training rows.
    n_rounds : int, default=1
        Number of times that each column is redrawn.
    p : float or pair of float, default=0.5
        Probability that a value is redrawn in a round. A pair: each row has its
        probability, uniform between the two, so that some rows are near the data and
        some far.
    n_estimators : int, default=5
        Trees for each column.
    min_samples_leaf : int, default=10
        Training rows that a value is drawn from, at least.
    random_state : int, RandomState instance or None, default=0
        Seeds the trees.
    max_distance : float, default=None
        Rows farther from all training rows than this are drawn again. 1 is the distance
        that 95 % of the training rows do not exceed to their nearest other one.
    time_budget : float, default=None
        Seconds that the teacher of a student may take to label the drawn rows, fresh
        ones included; those that it had no time for are dropped, with a warning. Where
        that happens, fits do not repeat to the bit.
    refresh : int, default=None
        A student draws fresh rows in the place of these after so many epochs, for its
        teacher to label; None for never.
    n_candidates : float, default=1.0
        The fresh rows are drawn and labelled so many times, and those are likelier kept
        on which the student's loss against the teacher is large.

    Attributes
    ----------
    forests_ : list of estimator
        The trees of each column.

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
        "p": [Interval(Real, 0, 1, closed="both"), "array-like"],
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
        max_distance=None,
        time_budget=None,
        refresh=None,
        n_candidates=1.0,
    ):
        self.size = size
        self.n_rounds = n_rounds
        self.p = p
        self.n_estimators = n_estimators
        self.min_samples_leaf = min_samples_leaf
        self.random_state = random_state
        self.max_distance = max_distance
        self.time_budget = time_budget
        self.refresh = refresh
        self.n_candidates = n_candidates

    def _learn(self):
        self._check_p()
        values = self.cells_.as_numbers()
        some = values
        if len(values) > _ROWS_FOR_TREES:
            random = check_random_state(self.random_state)
            some = values[random.choice(len(values), _ROWS_FOR_TREES, replace=False)]
        self.forests_ = [self._forest(some, j) for j in range(values.shape[1])]
        self.leaves_ = [
            [Leaves.of(tree.apply(_others(values, j))) for tree in forest.estimators_]
            for j, forest in enumerate(self.forests_)
        ]

    # scikit-learn's check sums the column, which may hold the largest floats.
    @np.errstate(over="ignore", invalid="ignore")
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

    def _draw(self, parent, random):
        source = self.cells_.as_numbers()
        take = np.repeat(parent[:, None], source.shape[1], axis=1)
        values, p = source[parent], self._shares(len(parent), random)
        for _ in range(self.n_rounds):
            for j in random.permutation(source.shape[1]):
                rows = np.flatnonzero(random.random_sample(len(parent)) < p)
                # Columns that follow are given this value: a step of Gibbs sampling.
                donors = self._donors(j, _others(values[rows], j), random)
                take[rows, j], values[rows, j] = donors, source[donors, j]
        return take, None, parent[:, None]

    def _shares(self, n, random):
        """The probability of all rows, or one for each."""
        return self.p if isinstance(self.p, Real) else random.uniform(*self.p, size=n)

    def _check_p(self):
        if isinstance(self.p, Real):
            return
        ends = np.asarray(self.p, dtype=object).ravel().tolist()
        numbers = len(ends) == 2 and all(isinstance(end, Real) for end in ends)
        if not (numbers and 0 <= ends[0] <= ends[1] <= 1):
            raise ValueError(
                f"p={self.p!r} must be a number, or two, of which the first is the "
                "smaller, from 0 to 1, such as (0.1, 0.7)."
            )

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
    others = _as_float32(np.delete(values, j, axis=1))
    # A table of one column has no others: a constant, and each leaf is the whole table.
    return others if others.shape[1] else np.zeros((len(values), 1), np.float32)


def _as_float32(values):
    return np.clip(values, -FLOAT32_BOUND, FLOAT32_BOUND).astype(np.float32)
