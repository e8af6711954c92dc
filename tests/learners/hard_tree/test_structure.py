"""A tree as arrays: where rows end, and what its nodes say."""

import numpy as np
from tree_searches import made, noisy, searched

from skdistill.learners.hard_tree.costs import Entropy, Squares
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


def searched_tree(n_leaves=7, least=0.0):
    x, p = noisy(1, n=80)
    data = made(x, p, Entropy())
    root = searched(data, n_leaves)
    return x, data, HardTree.of(root, data.binned.thresholds, x, data.stats, least)


def test_rows_end_where_the_questions_lead_them():
    x, data, tree = searched_tree()
    leaf, wide = tree.apply(x), tree.on(np.array([4, 0, 2]))
    np.testing.assert_array_equal([tree.apply(row[None])[0] for row in x], leaf)
    np.testing.assert_array_equal(wide.apply(x[:, [1, 1, 2, 2, 0]]), leaf)
    passed = np.zeros((len(x), len(tree.feature)))
    for row, node in enumerate(leaf):
        while node >= 0:  # up to the root, above which is -1
            passed[row, node] = 1
            node = tree.parent[node]
    np.testing.assert_array_equal(passed.sum(axis=1) - 1, tree.depth()[leaf])
    sums = passed.T @ data.stats.T
    np.testing.assert_allclose(tree.totals(leaf, data.stats.T), sums)
    np.testing.assert_allclose(tree.sums, sums)


def test_questions_with_a_light_side_are_left_out():
    assert searched_tree()[2].sums[:, 0].min() < 15
    for least in (15, 30):
        x, _, tree = searched_tree(least=least)
        counts = np.bincount(tree.apply(x), minlength=len(tree.feature))
        assert counts[tree.is_leaf].min() >= least and 1 < tree.is_leaf.sum() < 7
    assert len(searched_tree(least=79)[2].feature) == 1
