"""Looking ahead, against all pairs of questions."""

import itertools

import numpy as np
import pytest
from tree_searches import made, noisy

from skdistill.learners.hard_tree.costs import Entropy, Squares
from skdistill.learners.hard_tree.lookahead import look_ahead
from skdistill.learners.hard_tree.question import Question, count_leaves


@pytest.mark.parametrize("cost", [Entropy(), Squares()])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n_leaves", [3, 4])
def test_looking_ahead_finds_the_best_of_all_pairs(cost, seed, n_leaves):
    x, p = noisy(seed, n_columns=2)
    data = made(x, p, cost, least=4.0)
    tests = [(j, b) for j in range(2) for b in range(len(data.binned.thresholds[j]))]

    def is_fair(node, place):
        if node is None:
            return len(place.rows) >= 4
        parts = zip((node.left, node.right), data.sides(node.test, place), strict=True)
        return all(is_fair(below, part) for below, part in parts)

    def all_trees():
        for root, left, right in itertools.product(
            tests, [None, *tests], [None, *tests]
        ):
            node = Question(root, left and Question(left), right and Question(right))
            if count_leaves(node) <= n_leaves and is_fair(node, data.root):
                yield data.cost_of(node, data.root)

    found = look_ahead(data, data.root.rows, 1000).subtree(n_leaves)
    assert count_leaves(found) <= n_leaves and is_fair(found, data.root)
    assert data.cost_of(found, data.root) == pytest.approx(min(all_trees()), rel=1e-5)


def test_where_no_pair_is_allowed_none_is_offered():
    x = (np.arange(40) < 2).astype(float)[:, None]
    data = made(x, np.eye(2)[np.arange(40) % 2], Entropy(), least=10.0)
    ahead = look_ahead(data, data.root.rows, 10)
    assert ahead.promising(3) == [] and ahead.subtree(4) is ahead.subtree(3) is None
