"""A tree as arrays: where rows end, and what its nodes say."""

import numpy as np
from tree_searches import made, searched

from skdistill.learners.hard_tree.costs import Squares
from skdistill.learners.hard_tree.structure import HardTree


def test_means_are_shrunk_to_those_above():
    x = np.arange(8.0)[:, None]
    target = np.array([0, 0, 0, 0, 1, 1, 1, 3.0])[:, None]
    data = made(x, target, Squares())
    tree = HardTree.of(searched(data, 3), data.binned.thresholds, x, data.stats)
    plain, shrunk = tree.means(), tree.means(2.0)
    assert plain[0] == shrunk[0] == 0.75
    for node, above in enumerate(tree.parent[1:], start=1):
        weight = tree.sums[node, 0]
        expected = (weight * plain[node] + 2 * shrunk[above]) / (weight + 2)
        np.testing.assert_allclose(shrunk[node], expected)
    np.testing.assert_array_equal(tree.depth()[tree.apply(x)], [2] * 7 + [1])
