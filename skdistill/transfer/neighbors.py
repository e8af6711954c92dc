"""Which training rows lie near to each other: by distance, or in the leaves of trees."""

from dataclasses import dataclass

import numpy as np
from sklearn.neighbors import NearestNeighbors

# So many rows are searched for neighbours; where there are more, a random part of them.
_MOST_CANDIDATES = 20_000
# So many rows are drawn from each row's leaves, to choose neighbours from.
_FROM_LEAVES = 50
# So many rows tell how far from each other rows are.
_FOR_SPACING = 2000
_CHUNK = 4096


class Nearest:
    """The nearest of some points; of many, of a random part of them.

    Parameters
    ----------
    points : ndarray of shape (n, n_coordinates)
        Of the training rows.
    """

    def __init__(self, points):
        self.points = points
        self.among = np.arange(len(points))
        if len(points) > _MOST_CANDIDATES:
            order = np.random.RandomState(0).permutation(len(points))
            self.among = np.sort(order[:_MOST_CANDIDATES])
        self.index = NearestNeighbors().fit(points[self.among])

    def others(self, n_neighbors):
        """The nearest other points of each.

        Parameters
        ----------
        n_neighbors : int
            How many, if there are as many.

        Returns
        -------
        ndarray of shape (n, k)
            Row numbers; a single row is its own neighbour.
        """
        n = len(self.points)
        if n == 1:
            return np.zeros((1, 1), dtype=int)
        k = min(n_neighbors, len(self.among) - 1)
        found = self.index.kneighbors(self.points, k + 1, return_distance=False)
        found = self.among[found]
        # Drop each row itself, or the farthest where it is not among those found.
        is_self = found == np.arange(n)[:, None]
        is_self[~is_self.any(axis=1), -1] = True
        return found[~is_self].reshape(n, k)

    def spacing(self, quantile):
        """A quantile of the points' distances to their nearest other point.

        Parameters
        ----------
        quantile : float
            In [0, 1].

        Returns
        -------
        float
            Over at most 2000 of the points that are searched, repeated ones left out; 0
            for one.
        """
        order = np.random.RandomState(0).permutation(self.among)
        points = np.unique(self.points[order[:_FOR_SPACING]], axis=0)
        among = np.unique(self.points[self.among], axis=0)
        if len(among) == 1:
            return 0.0
        index = NearestNeighbors(n_neighbors=2).fit(among)
        distance, _ = index.kneighbors(points)
        return float(np.quantile(distance[:, 1], quantile))

    def is_within(self, points, near, limit):
        """Whether points are no farther than a limit from some training point.

        Parameters
        ----------
        points : ndarray of shape (m, n_coordinates)
            To look at.
        near : ndarray of shape (m,)
            A training row for each, likely to be near; it spares most searches.
        limit : float
            Largest distance.

        Returns
        -------
        ndarray of bool of shape (m,)
            True if so.
        """
        limit = limit * (1 + 1e-5) + 1e-6  # float32
        within = np.linalg.norm(points - self.points[near], axis=1) <= limit
        rest = np.flatnonzero(~within)
        if len(rest):
            distance, _ = self.index.kneighbors(points[rest], 1)
            within[rest] = distance[:, 0] <= limit
        return within


@dataclass(frozen=True)
class Leaves:
    """The training rows of each leaf of a tree, side by side."""

    rows: np.ndarray
    start: np.ndarray
    count: np.ndarray

    @classmethod
    def of(cls, leaf):
        """From the leaf of each row.

        Parameters
        ----------
        leaf : ndarray of int of shape (n,)
            Not negative.

        Returns
        -------
        Leaves
            To draw from.
        """
        count = np.bincount(leaf)
        return cls(np.argsort(leaf, kind="stable"), np.cumsum(count) - count, count)

    def draw(self, leaf, random):
        """A random row of each of these leaves.

        Parameters
        ----------
        leaf : ndarray of int of shape (m,)
            Leaves that have rows.
        random : numpy.random.RandomState
            Draws.

        Returns
        -------
        ndarray of int of shape (m,)
            Row numbers.
        """
        place = (random.random_sample(len(leaf)) * self.count[leaf]).astype(int)
        return self.rows[self.start[leaf] + place]


def leaf_neighbors(leaf, n_neighbors, random):
    """The rows that share most leaves with each row.

    The proximity of two rows is the share of trees in which they fall into the same leaf
    [1]_. Candidates are drawn from a row's leaves in one tree after another: so with a
    probability that grows with their proximity, and without a matrix of all pairs.

    Parameters
    ----------
    leaf : ndarray of shape (n, n_trees)
        The leaf of each row in each tree.
    n_neighbors : int
        How many for each.
    random : numpy.random.RandomState
        Draws candidates.

    Returns
    -------
    ndarray of shape (n, n_neighbors)
        The nearest first, again where fewer were found; the row itself if none was.

    References
    ----------
    .. [1] Breiman: Manual on Setting Up, Using, and Understanding Random Forests, 2002.
    """
    n, n_trees = leaf.shape
    codes = [np.unique(column, return_inverse=True)[1] for column in leaf.T]
    n_candidates = max(_FROM_LEAVES, 4 * n_neighbors)
    chosen = np.resize(random.permutation(n_trees), n_candidates)
    candidates = np.column_stack(
        [Leaves.of(codes[t]).draw(codes[t], random) for t in chosen]
    )
    codes = np.column_stack(codes).astype(np.int32)
    parts = [
        _most_shared(codes, candidates, slice(start, start + _CHUNK), n_neighbors)
        for start in range(0, n, _CHUNK)
    ]
    return np.concatenate(parts)


def _most_shared(codes, candidates, part, n_neighbors):
    own = np.arange(len(codes))[part, None]
    found = np.sort(candidates[part], axis=1)
    shared = np.zeros(found.shape)
    for column in codes.T:
        shared += column[found] == column[own]
    shared[:, 1:][found[:, 1:] == found[:, :-1]] = -1  # drawn twice
    shared[found == own] = -1
    order = np.argsort(-shared, axis=1, kind="stable")[:, :n_neighbors]
    found = np.where(shared > 0, found, own)
    nearest = np.take_along_axis(found, order, axis=1)
    return np.where(nearest == own, nearest[:, :1], nearest)
