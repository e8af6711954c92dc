"""Leaves in order: which have to be, and the nearest values that are."""

import itertools

import numpy as np
import pytest
from scipy.optimize import nnls
from tree_searches import noisy

from skdistill.learners.hard_tree.costs import statistics
from skdistill.learners.hard_tree.order import in_order, leaves_below, nearest_in_order
from skdistill.learners.hard_tree.question import Question
from skdistill.learners.hard_tree.structure import HardTree
from skdistill.learners.hard_tree.wishes import Wishes


def by_another_solver(value, weight, below):
    """The same problem by its dual: least squares over multipliers of 0 or more."""
    low, high = np.nonzero(below)
    if not len(low):
        return value
    sides = np.eye(len(value))[low] - np.eye(len(value))[high]
    root = np.sqrt(weight)
    forces, _ = nnls((sides / root).T, root * value, maxiter=10_000)
    return value - sides.T @ forces / weight


def order_of_points(random, n, n_columns=2):
    points = random.integers(0, 4, size=(n, n_columns))
    points = points[np.lexsort(points.T)]
    points = points[np.argsort(points.sum(axis=1), kind="stable")]
    pairs = (points[:, None] <= points[None]).all(axis=2)
    return pairs & np.triu(np.ones((n, n), dtype=bool), 1)


@pytest.mark.parametrize("seed", range(20))
def test_the_nearest_values_in_order_are_those_of_another_solver(seed):
    random = np.random.default_rng(seed)
    n = int(random.integers(2, 16))
    below = order_of_points(random, n)
    value, weight = random.normal(size=n), random.uniform(0.1, 2, size=n)
    found = nearest_in_order(value, weight, below)
    np.testing.assert_allclose(
        found, by_another_solver(value, weight, below), atol=1e-9
    )
    assert (found[:, None] <= found[None])[below].all()


def test_values_in_order_stay_as_they_are():
    value = np.array([0.1, 0.2, 0.2])
    found = nearest_in_order(value, np.ones(3), np.triu(np.ones((3, 3), dtype=bool), 1))
    assert found.tolist() == value.tolist()


def random_tree(random, cuts, n_left):
    """A random tree of at most so many questions."""
    if n_left == 0 or random.random() < 0.1:
        return None
    column = int(random.integers(len(cuts)))
    test = column, int(random.integers(len(cuts[column])))
    n = int(random.integers(n_left))
    sides = [random_tree(random, cuts, k) for k in (n, n_left - 1 - n)]
    return Question(test, *sides)


# Two numbers, the first with a gap's indicator, and a category of three.
SOURCE = np.array([0, 0, 1, 2, 2])
IS_QUESTION = np.array([False, True, False, True, True])
NUMBERS = [0.0, 1.0, 2.0]


def all_rows():
    for a, b in itertools.product(NUMBERS, NUMBERS):
        for category in ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0)):
            yield (a, 0.0, b, *category)
    for b in NUMBERS:  # a gap counts as 1
        for category in ((0.0, 0.0), (0.0, 1.0), (1.0, 0.0)):
            yield (1.0, 1.0, b, *category)


@pytest.mark.parametrize("direction", [(1, 0), (-1, 0), (1, -1), (1, 1)])
@pytest.mark.parametrize("seed", range(12))
def test_leaves_are_below_others_where_a_row_can_go(seed, direction):
    random = np.random.default_rng(seed)
    cuts = [[0.0, 1.0], [0.0], [0.0, 1.0], [0.0], [0.0]]
    x = np.array(list(all_rows()))
    root = random_tree(random, cuts, 9)
    stats = statistics(random.normal(size=(len(x), 1)), np.ones(len(x)))
    # Boxes without rows are out, as in a search.
    tree = HardTree.of(root, [np.array(c) for c in cuts], x, stats, min_weight=1.0)
    wishes = Wishes(
        SOURCE, IS_QUESTION, np.array([direction[0], 0, direction[1], 0, 0])
    )
    leaves = np.flatnonzero(tree.is_leaf)
    below = leaves_below(tree, leaves, wishes)
    wanted = np.zeros_like(below)
    end = np.searchsorted(leaves, tree.apply(x))
    for (i, low), (j, high) in itertools.product(enumerate(x), enumerate(x)):
        for column, sign in ((0, direction[0]), (2, direction[1])):
            others = np.delete(np.arange(5), column)
            is_known = low[1] == 0 or column != 0
            if (
                sign
                and is_known
                and (low[others] == high[others]).all()
                and sign * (high[column] - low[column]) > 0
                and end[i] != end[j]
            ):
                wanted[end[i], end[j]] = True
    # No pair is missed. Where gaps count as a number others may be in the way of none.
    assert below[wanted].all()
    no_gaps = 1 not in tree.asked
    assert not no_gaps or (below == wanted).all()


def stairs(values):
    """Leaves x <= 0, 0 < x <= 1, x > 1 of one row each."""
    x = np.array([[0.0], [1.0], [2.0]])
    root = Question((0, 0), None, Question((0, 1)))
    stats = statistics(np.array(values)[:, None], np.ones(3))
    return HardTree.of(root, [np.array([0.0, 1.0])], x, stats)


def rising(direction=1):
    return Wishes(np.array([0]), np.array([False]), np.array([direction]))


def test_a_tree_in_order_is_left_as_it_is():
    tree = stairs([1.0, 2.0, 3.0])
    assert in_order(tree, tree.means(), rising()) is tree


def test_leaves_that_then_agree_are_one():
    tree = stairs([1.0, 5.0, 3.0])
    found = in_order(tree, tree.means(), rising())
    assert found.is_leaf.sum() == 2
    assert found.means()[found.is_leaf, 0].tolist() == [1.0, 4.0]
    assert found.means()[0, 0] == 3.0
    assert in_order(tree, tree.means(), rising(-1)).is_leaf.sum() == 1


def test_shares_of_two_classes_stay_shares():
    x, _ = noisy(0)
    share = np.array([0.9, 0.2, 0.4])
    x = np.array([[0.0], [1.0], [2.0]])
    root = Question((0, 0), None, Question((0, 1)))
    stats = statistics(np.column_stack([1 - share, share]), np.array([1.0, 2.0, 1.0]))
    tree = HardTree.of(root, [np.array([0.0, 1.0])], x, stats)
    found = in_order(tree, tree.means(), rising())
    np.testing.assert_allclose(found.means().sum(axis=1), 1)
    np.testing.assert_allclose(found.means()[:, 1], (0.9 + 0.4 + 0.4) / 4)
