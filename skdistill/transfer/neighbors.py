"""Which training rows lie near to each other: by distance, or in the leaves of trees."""

from dataclasses import dataclass

import numpy as np
from sklearn.neighbors import NearestNeighbors

# Number of rows that are searched for neighbours; where there are more, a random part of
# them: in many columns a search compares all pairs, and a row's partners need only be near.
_MOST_CANDIDATES = 20_000
# Number of rows drawn from each row's leaves, to choose neighbours from.
_FROM_LEAVES = 50
# Number of rows that tell how far from each other rows are: a 95 % quantile to half a
# percent.
_FOR_SPACING = 2000
_CHUNK = 4096  # rows whose candidates are compared at once, some MB


class Nearest:
    """The nearest of some points; of many, of a random part of them.

    Parameters
    ----------
    points : ndarray of shape (n, n_coordinates)
        The training rows as points.
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
            The number of neighbours, if there are as many rows.

        Returns
        -------
        ndarray of shape (n, k)
            Row numbers; a single row is its only neighbour.
        """
        n = len(self.points)
        if n == 1:
            return np.zeros((1, 1), dtype=int)
        k = min(n_neighbors, len(self.among) - 1)
        rows = self.index.kneighbors(self.points, k + 1, return_distance=False)
        rows = self.among[rows]
        # Drop each row itself, or the farthest where it is not among those rows.
        is_self = rows == np.arange(n)[:, None]
        is_self[~is_self.any(axis=1), -1] = True
        return rows[~is_self].reshape(n, k)

    def spacing(self, quantile):
        """A quantile of the points' distances to their nearest other point.

        Parameters
        ----------
        quantile : float
            A number in [0, 1].

        Returns
        -------
        float
            Over at most 2000 of the points that are searched, repeated ones left out; 0
            for one.
        """
        order = np.random.RandomState(0).permutation(self.among)
        # Without copies of rows, whose distance of 0 is not that of neighbours.
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
            The points in question.
        near : ndarray of shape (m,)
            A training row for each, likely to be near; it spares most searches.
        limit : float
            Largest distance.

        Returns
        -------
        ndarray of bool of shape (m,)
            True for a point that is near enough.
        """
        limit = limit * (1 + 1e-5) + 1e-6  # for the rounding of points in float32
        # The row's own parent first: most are near to it, and a search is spared.
        within = np.linalg.norm(points - self.points[near], axis=1) <= limit
        rest = np.flatnonzero(~within)
        if len(rest):
            distance, _ = self.index.kneighbors(points[rest], 1)
            within[rest] = distance[:, 0] <= limit
        return within


@dataclass(frozen=True)
class Leaves:
    """The training rows of each leaf of a tree, side by side.

    Attributes
    ----------
    rows : ndarray of shape (n,)
        Row numbers, leaf after leaf.
    start, count : ndarray of shape (n_leaves,)
        Where the rows of each leaf begin, and how many they are.
    """

    rows: np.ndarray
    start: np.ndarray
    count: np.ndarray

    @classmethod
    def of(cls, leaf):
        """Sort rows by their leaves.

        Parameters
        ----------
        leaf : ndarray of int of shape (n,)
            Leaf numbers that are not negative.

        Returns
        -------
        Leaves
            The rows of each leaf.
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
            The generator.

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
        The number of neighbours of each row.
    random : numpy.random.RandomState
        The generator that draws candidates.

    Returns
    -------
    ndarray of shape (n, n_neighbors)
        The nearest first, repeated where there are fewer; the row itself without any.

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
    rows = np.arange(len(codes))[part, None]
    # Sorted, so that a row that was drawn twice stands beside itself.
    neighbors = np.sort(candidates[part], axis=1)
    shared = np.zeros(neighbors.shape)
    for column in codes.T:
        shared += column[neighbors] == column[rows]
    shared[:, 1:][neighbors[:, 1:] == neighbors[:, :-1]] = -1  # drawn twice
    shared[neighbors == rows] = -1
    order = np.argsort(-shared, axis=1, kind="stable")[:, :n_neighbors]
    neighbors = np.where(shared > 0, neighbors, rows)
    nearest = np.take_along_axis(neighbors, order, axis=1)
    # Where too few share a leaf, the nearest takes the free places.
    return np.where(nearest == rows, nearest[:, :1], nearest)
