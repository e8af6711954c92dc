"""Columns redrawn one by one, given the others."""

from numbers import Integral, Real

import numpy as np
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval

from ..neighbors import Leaves
from .table import Sampler, as_float32

# A column of more categories is regressed on: a tree's node counts each class.
_MOST_CLASSES = 50
# Number of rows that grow the trees, to bound the time of a fit; all rows lend values.
_ROWS_FOR_TREES = 20_000


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
    others = as_float32(np.delete(values, j, axis=1))
    # A table of one column has no others: a constant, and each leaf is the whole table.
    return others if others.shape[1] else np.zeros((len(values), 1), np.float32)
