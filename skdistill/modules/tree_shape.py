"""Which nodes of a binary tree are gates, and which are leaves.

Nodes are numbered level by level from 0, the root, and from left to right. Then the
children of the gate of rank r (the r-th gate in the order of the numbers, from 0) are the
nodes 2 r + 1 and 2 r + 2, whatever the shape. In a complete tree rank and number agree.
"""

from dataclasses import dataclass

import numpy as np
import torch


@dataclass(frozen=True)
class Level:
    """The nodes of one depth.

    Attributes
    ----------
    nodes : slice
        Numbers of its nodes.
    gates : slice
        Ranks of its gates.
    inner : Tensor of int64 or None
        Positions of the gates in the level; None if all its nodes are gates.
    """

    nodes: slice
    gates: slice
    inner: torch.Tensor | None

    @property
    def n_gates(self):
        """Number of its gates."""  # numpydoc ignore=RT01
        return self.gates.stop - self.gates.start


class TreeShape:
    """A binary tree's shape.

    Parameters
    ----------
    gates : array-like of int of shape (n_gates,)
        Numbers of the gates, ascending; all other nodes are leaves.

    Attributes
    ----------
    gates : ndarray of shape (n_gates,)
        Numbers of the gates.
    leaves : ndarray of shape (n_gates + 1,)
        Numbers of the leaves.
    levels : list of Level
        From the root downwards.
    depth : int
        Gates on the longest path.
    is_complete : bool
        Whether all leaves are at one depth: then they are the last nodes.
    gate_depth : ndarray of shape (n_gates,)
        Depth of each gate, 0 for the root.

    Examples
    --------
    >>> from skdistill.modules.tree_shape import TreeShape
    >>> shape = TreeShape([0, 2])  # the root's left child is a leaf
    >>> shape.leaves.tolist(), shape.children(2), shape.depth
    ([1, 3, 4], (3, 4), 2)
    """

    def __init__(self, gates):
        self.gates = np.asarray(gates, dtype=np.int64)
        self.n_gates = len(self.gates)
        self.n_nodes = 2 * self.n_gates + 1
        is_gate = np.zeros(self.n_nodes, dtype=bool)
        is_gate[self.gates] = True
        self.leaves = np.flatnonzero(~is_gate)
        self._rank = np.where(is_gate, np.cumsum(is_gate) - 1, -1)
        self.levels, start, stop, rank = [], 0, 1, 0
        # Two nodes follow for each gate of a level, until a level has none.
        while stop > start:
            here = is_gate[start:stop]
            ranks = slice(rank, rank + int(here.sum()))
            inner = torch.from_numpy(np.flatnonzero(here))
            nodes, inner = slice(start, stop), None if here.all() else inner
            self.levels.append(Level(nodes, ranks, inner))
            start, stop = stop, stop + 2 * (ranks.stop - ranks.start)
            rank = ranks.stop
        self.depth = len(self.levels) - 1
        self.is_complete = self.n_gates == 2**self.depth - 1
        counts = [level.n_gates for level in self.levels]
        self.gate_depth = np.repeat(np.arange(len(counts)), counts)

    @classmethod
    def complete(cls, depth):
        """All leaves at one depth.

        Parameters
        ----------
        depth : int
            Depth of the leaves.

        Returns
        -------
        TreeShape
            Of 2 ** depth leaves.
        """
        return cls(range(2**depth - 1))

    def rank(self, node):
        """The place of a gate among the gates.

        Parameters
        ----------
        node : int or ndarray of int
            Node numbers.

        Returns
        -------
        int or ndarray of int
            -1 for leaves.
        """
        return self._rank[node]

    def children(self, node):
        """The nodes below.

        Parameters
        ----------
        node : int
            The node's number.

        Returns
        -------
        tuple of int
            Numbers of the left and the right one; of a leaf, none.
        """
        rank = int(self._rank[node])
        return () if rank < 0 else (2 * rank + 1, 2 * rank + 2)

    def parent(self, node):
        """The node above.

        Parameters
        ----------
        node : int or ndarray of int
            The node's number; not the root's.

        Returns
        -------
        int or ndarray of int
            A gate's number.
        """
        return self.gates[(np.asarray(node) - 1) // 2]

    def path(self, node):
        """The nodes from the root to one of them.

        Parameters
        ----------
        node : int
            The node's number.

        Returns
        -------
        list of int
            The root first, the node last.
        """
        way = [int(node)]
        while way[-1]:
            way.append(int(self.parent(way[-1])))
        return way[::-1]

    def below(self, node):
        """The leaves of a subtree.

        Parameters
        ----------
        node : int
            Its root.

        Returns
        -------
        ndarray of int
            Their positions among ``leaves``.
        """
        ends, waiting = [], [int(node)]
        while waiting:
            here = waiting.pop()
            children = self.children(here)
            waiting.extend(children)
            if not children:
                ends.append(here)
        return np.searchsorted(self.leaves, sorted(ends))

    def changed(self, *, split=(), merged=(), skipped=()):
        """The shape with some leaves split, or some subtrees made smaller.

        Parameters
        ----------
        split : sequence of int
            Numbers of leaves that become gates.
        merged : sequence of int
            Numbers of gates that become leaves.
        skipped : dict of {int: int}
            Numbers of gates, and of the child that takes the place of each.

        Returns
        -------
        shape : TreeShape
            The new one.
        origin : ndarray of int of shape (shape.n_nodes,)
            For each of its nodes the number of the same one here; -1 for new ones.
        """
        split, merged = set(map(int, split)), set(map(int, merged))
        skipped = dict(skipped)
        gates, origin, queue = [], [], [0]
        for number, node in enumerate(queue):  # grows while it is read: level by level
            while node in skipped:
                node = skipped[node]
            origin.append(node)
            is_gate = node >= 0 and (node in split or bool(self.children(node)))
            if not is_gate or node in merged:
                continue
            gates.append(number)
            queue.extend((-1, -1) if node in split else self.children(node))
        return TreeShape(gates), np.array(origin)
