"""Shapes of trees, against a tree of pointers."""

import numpy as np
import pytest

from skdistill.modules.tree_shape import TreeShape

SEEDS = range(12)


class Node:
    """A node that knows its neighbours, and nothing of numbers."""

    def __init__(self, above=None):
        self.above, self.below = above, ()

    def split(self):
        self.below = Node(self), Node(self)


def numbered(root):
    """All nodes level by level, from left to right."""
    found, level = [], [root]
    while level:
        found += level
        level = [child for node in level for child in node.below]
    return found


def way(node):
    return [node] if node.above is None else [*way(node.above), node]


def ends(node):
    if not node.below:
        return [node]
    return [leaf for child in node.below for leaf in ends(child)]


def random_pair(seed, n_rounds=5):
    """The same random tree twice: as a shape, and of pointers."""
    random = np.random.default_rng(seed)
    root, shape = Node(), TreeShape([])
    for _ in range(n_rounds):
        nodes = numbered(root)
        leaves = [i for i, node in enumerate(nodes) if not node.below]
        chosen = random.choice(leaves, random.integers(1, 3), replace=True)
        shape, _ = shape.changed(split=chosen)
        for i in set(chosen.tolist()):
            nodes[i].split()
    return shape, root


@pytest.mark.parametrize("seed", SEEDS)
def test_it_is_the_tree_of_pointers(seed):
    shape, root = random_pair(seed)
    nodes = numbered(root)
    number = {node: i for i, node in enumerate(nodes)}
    gates = [i for i, node in enumerate(nodes) if node.below]
    leaves = [i for i, node in enumerate(nodes) if not node.below]
    assert shape.gates.tolist() == gates and shape.leaves.tolist() == leaves
    assert (shape.n_gates, shape.n_nodes) == (len(gates), len(nodes))
    for i, node in enumerate(nodes):
        assert shape.children(i) == tuple(number[child] for child in node.below)
        assert shape.path(i) == [number[passed] for passed in way(node)]
        below = sorted(leaves.index(number[leaf]) for leaf in ends(node))
        assert shape.below(i).tolist() == below
        if node.above is not None:
            assert shape.parent(i) == number[node.above]
    depths = [len(way(node)) - 1 for node in nodes]
    assert shape.depth == max(depths)
    assert shape.gate_depth.tolist() == [depths[i] for i in gates]
    parents = [number[node.above] for node in nodes[1:]]
    assert shape.parent(np.arange(1, len(nodes))).tolist() == parents


@pytest.mark.parametrize("seed", SEEDS)
def test_children_are_where_the_rank_says(seed):
    shape, _ = random_pair(seed)
    for rank, gate in enumerate(shape.gates):
        assert shape.rank(gate) == rank
        assert shape.children(gate) == (2 * rank + 1, 2 * rank + 2)
    assert (shape.rank(shape.leaves) == -1).all()
    assert all(shape.children(leaf) == () for leaf in shape.leaves)


@pytest.mark.parametrize("seed", SEEDS)
def test_levels_hold_each_node_once(seed):
    shape, root = random_pair(seed)
    gates, number = [], 0
    for depth, level in enumerate(shape.levels):
        ranks = range(level.gates.start, level.gates.stop)
        size = level.nodes.stop - level.nodes.start
        inner = range(size) if level.inner is None else level.inner.tolist()
        assert level.nodes.start == number
        assert level.n_gates == len(ranks) == len(inner)
        gates += [number + place for place in inner]
        assert all(len(shape.path(number + i)) == depth + 1 for i in range(size))
        number += size
    assert gates == shape.gates.tolist()
    assert number == len(numbered(root))


@pytest.mark.parametrize("depth", range(5))
def test_a_complete_tree(depth):
    shape = TreeShape.complete(depth)
    n_gates = 2**depth - 1
    assert shape.gates.tolist() == list(range(n_gates))
    assert shape.leaves.tolist() == list(range(n_gates, 2 * n_gates + 1))
    assert shape.depth == depth
    for gate in range(n_gates):  # rank and number agree
        assert shape.children(gate) == (2 * gate + 1, 2 * gate + 2)
    assert {len(shape.path(leaf)) for leaf in shape.leaves} == {depth + 1}


def test_a_single_leaf():
    shape = TreeShape([])
    assert shape.leaves.tolist() == [0] and shape.path(0) == [0]
    assert (shape.n_gates, shape.n_nodes, shape.depth) == (0, 1, 0)
    assert shape.below(0).tolist() == [0] and shape.gate_depth.tolist() == []


def outline(shape, name, node=0):
    """A nested tuple of the leaves' names, from left to right."""
    if not shape.children(node):
        return name(node)
    return tuple(outline(shape, name, child) for child in shape.children(node))


@pytest.mark.parametrize("seed", SEEDS)
def test_split_leaves_get_two_new_children_and_all_others_stay(seed):
    shape, _ = random_pair(seed)
    random = np.random.default_rng(seed)
    chosen = random.choice(shape.leaves, 2, replace=False).tolist()
    larger, origin = shape.changed(split=chosen)
    assert len(origin) == larger.n_nodes == shape.n_nodes + 4
    assert sorted(origin[origin >= 0]) == list(range(shape.n_nodes))
    new = np.flatnonzero(origin < 0)
    assert set(origin[larger.parent(new)]) == set(chosen)
    assert (larger.rank(new) == -1).all()

    def expected(node):
        return (-1, -1) if node in chosen else node

    assert outline(larger, lambda node: int(origin[node])) == outline(shape, expected)


@pytest.mark.parametrize("seed", SEEDS)
def test_merged_gates_are_leaves(seed):
    shape, _ = random_pair(seed)
    gate = int(np.random.default_rng(seed).choice(shape.gates))
    smaller, origin = shape.changed(merged=[gate])
    assert smaller.n_gates == shape.n_gates - len(shape.below(gate)) + 1

    def cut(node):
        if node == gate or not shape.children(node):
            return node
        return tuple(cut(child) for child in shape.children(node))

    assert outline(smaller, lambda node: int(origin[node])) == cut(0)
    for node in range(smaller.n_nodes):  # the way to what is left is the same
        assert origin[smaller.path(node)].tolist() == shape.path(int(origin[node]))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_child_takes_the_place_of_a_skipped_gate(seed):
    shape, _ = random_pair(seed)
    random = np.random.default_rng(seed)
    some = random.choice(shape.gates, min(3, shape.n_gates), replace=False)
    skipped = {int(g): shape.children(int(g))[random.integers(2)] for g in some}
    smaller, origin = shape.changed(skipped=skipped)

    def taken(node):
        if node in skipped:
            return taken(skipped[node])
        if not shape.children(node):
            return node
        return tuple(taken(child) for child in shape.children(node))

    assert outline(smaller, lambda node: int(origin[node])) == taken(0)
    assert not set(origin.tolist()) & set(skipped)


def test_changing_nothing_changes_nothing():
    shape, _ = random_pair(0)
    same, origin = shape.changed()
    assert same.gates.tolist() == shape.gates.tolist()
    assert origin.tolist() == list(range(shape.n_nodes))


def test_the_root_can_go():
    shape = TreeShape.complete(2)
    for change in ({"merged": [0]}, {"skipped": {0: 1, 1: 4}}):
        leaf, origin = shape.changed(**change)
        assert leaf.n_nodes == 1
        assert origin.tolist() == [0 if "merged" in change else 4]
