"""A hard tree as arrays; parents come first, then the left subtree."""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from .question import Question

LEAF = -1


@dataclass(frozen=True)
class HardTree:
    """Questions ``x[feature] <= threshold``, and what the nodes say.

    The children of a node have higher numbers than it has, the left ones the lower.

    Attributes
    ----------
    children_left, children_right : ndarray of int of shape (n_nodes,)
        Node numbers; -1 for a leaf.
    feature : ndarray of int of shape (n_nodes,)
        Column of the question; -1 for a leaf.
    threshold : ndarray of shape (n_nodes,)
        Rows up to it go to the left; NaN for a leaf.
    sums : ndarray of shape (n_nodes, 1 + n_outputs)
        Weight of the training rows of each node, and the weighted sums of their targets.
    answers : ndarray of shape (n_nodes, n_outputs) or None
        What each node says where that is not the mean of its targets.
    """

    children_left: np.ndarray
    children_right: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    sums: np.ndarray
    answers: np.ndarray | None = None

    @classmethod
    def of(cls, root, thresholds, x, stats, min_weight=0.0):
        """The arrays of a tree of questions.

        Parameters
        ----------
        root : Question or None
            Root of the tree.
        thresholds : list of ndarray
            Thresholds of each column, to which the questions' bins refer.
        x : ndarray of shape (n, n_columns)
            Training rows.
        stats : ndarray of shape (1 + n_outputs, n)
            Statistics of the rows.
        min_weight : float, default=0.0
            A question of which one side has less is left out; these rows may be more
            than those of the search.

        Returns
        -------
        HardTree
            The tree, its nodes numbered from the root.
        """
        weight = stats[0]

        def _sides(node, rows):
            column, cut = node.test
            # By thresholds: only some of these rows were searched, and have codes.
            goes_left = x[rows, column] <= thresholds[column][cut]
            return rows[goes_left], rows[~goes_left]

        def _kept(node, rows):
            """The node, or what is left of it."""
            if node is None:
                return None
            left, right = _sides(node, rows)
            # A leaf may be lighter among all rows than it was among those searched.
            light, heavy = weight[left].sum(), weight[right].sum()
            if min(light, heavy) < min_weight * (1 - 1e-9):
                return _kept(node.left if light > heavy else node.right, rows)
            return node

        left, right, feature, threshold, sums = [], [], [], [], []

        def _add(node, rows):
            node, number = _kept(node, rows), len(feature)
            for column, value in (
                (left, LEAF),
                (right, LEAF),
                (feature, LEAF),
                (threshold, np.nan),
                (sums, stats[:, rows].sum(axis=1)),
            ):
                column.append(value)
            if node is not None:
                feature[number], cut = node.test
                threshold[number] = thresholds[feature[number]][cut]
                below = _sides(node, rows)
                left[number] = _add(node.left, below[0])
                right[number] = _add(node.right, below[1])
            return number

        _add(root, np.arange(len(x)))
        whole = (np.array(part, dtype=np.int64) for part in (left, right, feature))
        return cls(*whole, np.array(threshold), np.array(sums))

    def as_questions(self, binned):
        """The tree as one that can be searched further.

        Parameters
        ----------
        binned : Binned
            Other rows, to whose nearest thresholds the questions go.

        Returns
        -------
        Question or None
            Its root.
        """

        def _question(node):
            if self.children_left[node] < 0:
                return None
            column = int(self.feature[node])
            cut = binned.nearest(column, self.threshold[node])
            left = _question(self.children_left[node])
            right = _question(self.children_right[node])
            return Question((column, cut), left, right)

        return _question(0)

    def compact(self):
        """The tree without the nodes that no question leads to.

        Returns
        -------
        HardTree
            Numbered anew, in the same order.
        """
        left, right = self.children_left, self.children_right
        used = np.zeros(len(left), dtype=bool)
        used[0] = True
        for node in np.flatnonzero(~self.is_leaf):  # parents come first
            used[[left[node], right[node]]] |= used[node]
        number = np.append(np.cumsum(used) - 1, LEAF)  # the last one is that of -1
        is_leaf = self.is_leaf[used]
        return HardTree(
            number[left[used]],
            number[right[used]],
            np.where(is_leaf, LEAF, self.feature[used]),
            np.where(is_leaf, np.nan, self.threshold[used]),
            self.sums[used],
            None if self.answers is None else self.answers[used],
        )

    def on(self, columns):
        """The same tree on a wider table.

        Parameters
        ----------
        columns : ndarray of int of shape (n_columns,)
            Where the columns that it asks about stand there.

        Returns
        -------
        HardTree
            With their numbers.
        """
        feature = np.append(columns, LEAF)[self.feature]  # the last one is that of -1
        return replace(self, feature=feature)

    @cached_property
    def is_leaf(self):
        """Which nodes are leaves."""  # numpydoc ignore=RT01
        return self.children_left == LEAF

    @property
    def asked(self):
        """The columns that are asked about, ascending."""  # numpydoc ignore=RT01
        return np.unique(self.feature[~self.is_leaf])

    @cached_property
    def parent(self):
        """Number of the node above each; -1 for the root."""  # numpydoc ignore=RT01
        above = np.full(len(self.feature), LEAF)
        inner = np.flatnonzero(~self.is_leaf)
        above[self.children_left[inner]] = above[self.children_right[inner]] = inner
        return above

    def depth(self):
        """Number of questions above each node.

        Returns
        -------
        ndarray of int of shape (n_nodes,)
            0 for the root.
        """
        depth, parents = [0], self.parent.tolist()
        for above in parents[1:]:  # which comes first
            depth.append(depth[above] + 1)
        return np.array(depth)

    @cached_property
    def _levels(self):
        """The nodes of each depth."""
        depth = self.depth()
        return [np.flatnonzero(depth == level) for level in range(depth.max() + 1)]

    def apply(self, x):
        """Where rows end.

        Parameters
        ----------
        x : ndarray of shape (n, n_columns)
            Rows.

        Returns
        -------
        ndarray of int of shape (n,)
            Node numbers of leaves.
        """
        if len(x) == 1:
            # For one row numpy's calls take longer than a loop over its questions.
            return np.array([self._leaf_of(x[0])])
        node = np.zeros(len(x), dtype=np.int64)
        rows = np.flatnonzero(~self.is_leaf[node])
        while len(rows):
            at = node[rows]
            goes_left = x[rows, self.feature[at]] <= self.threshold[at]
            node[rows] = np.where(
                goes_left, self.children_left[at], self.children_right[at]
            )
            rows = rows[~self.is_leaf[node[rows]]]
        return node

    def _leaf_of(self, row):
        node, left = 0, self.children_left
        while left[node] >= 0:
            is_left = row[self.feature[node]] <= self.threshold[node]
            node = left[node] if is_left else self.children_right[node]
        return node

    def totals(self, leaf, values):
        """Sums over the rows that pass each node.

        Parameters
        ----------
        leaf : ndarray of int of shape (n,)
            Where rows end.
        values : ndarray of shape (n, k)
            Numbers of the rows.

        Returns
        -------
        ndarray of shape (n_nodes, k)
            The first row is the sum over all rows.
        """
        size, parent = len(self.feature), self.parent
        sums = [np.bincount(leaf, each, minlength=size) for each in values.T]
        sums = np.stack(sums, axis=1)
        # Children have higher numbers: each sum is whole when it is passed on.
        for node in range(size - 1, 0, -1):
            sums[parent[node]] += sums[node]
        return sums

    def means(self, strength=0.0):
        """Mean target of each node, shrunk towards that of the node above it.

        Parameters
        ----------
        strength : float, default=0.0
            Weight that the parent's mean has in a node's; none where there are answers.

        Returns
        -------
        ndarray of shape (n_nodes, n_outputs)
            The first row is the mean of all rows.
        """
        if self.answers is not None:
            return self.answers
        weight, total = self.sums[:, :1], self.sums[:, 1:]
        mean = np.empty_like(total)
        mean[0] = total[0] / weight[0]
        above = self.parent
        for nodes in self._levels[1:]:
            joint = total[nodes] + strength * mean[above[nodes]]
            mean[nodes] = joint / (weight[nodes] + strength)
        return mean
