"""Neighbours that swap values."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import clone
from sklearn.ensemble import RandomTreesEmbedding
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions

from ..neighbors import Nearest, leaf_neighbors
from .table import Sampler, as_float32


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
        values = as_float32(self.cells_.as_numbers())
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
