"""Which questions wishes leave, in a search and between searches."""

import numpy as np
import pytest
from tree_searches import noisy

from skdistill.learners.hard_tree.binned import Binned
from skdistill.learners.hard_tree.costs import Squares, statistics
from skdistill.learners.hard_tree.growth import Rows
from skdistill.learners.hard_tree.lookahead import look_ahead
from skdistill.learners.hard_tree.question import Question
from skdistill.learners.hard_tree.search import Search
from skdistill.learners.hard_tree.starts import cart
from skdistill.learners.hard_tree.wishes import Wishes


def wishes(n=3, direction=None, **options):
    direction = np.zeros(n) if direction is None else np.array(direction)
    return Wishes(np.arange(n), np.zeros(n, dtype=bool), direction, **options)


def paths(node, above=frozenset()):
    if node is None:
        return {above}
    there = above | {node.test[0]}
    return paths(node.left, there) | paths(node.right, there)


def data_for(wished, seed=0, n_columns=3, target=None):
    x, p = noisy(seed, n=200, n_columns=n_columns, n_classes=2)
    target = p if target is None else target(x)
    return Rows(Binned(x, 16), statistics(target, np.ones(200)), Squares(), 5.0, wished)


def test_what_is_asked_above_and_below_has_to_be_in_one_group():
    some = wishes(groups=[{0, 1}, {1, 2}])
    assert some.askable([]).tolist() == [True, True, True]
    assert some.askable([0]).tolist() == [True, True, False]
    assert some.askable([1]).tolist() == [True, True, True]
    assert some.askable([], [(0,), (2,)]).tolist() == [False, True, False]
    pairs = some.together([], np.array([0, 1, 2, 2]))
    assert pairs.tolist() == [
        [True, True, False, False],
        [True, True, True, True],
        [False, True, True, True],
        [False, True, True, True],
    ]
    assert wishes(groups="pairwise").askable([0, 1]).tolist() == [True, True, False]
    assert wishes(n=1, groups="pairwise").askable([]).tolist() == [True]


def test_terms_of_one_column_are_of_its_groups():
    some = Wishes(np.array([0, 1, 1]), np.zeros(3, bool), np.zeros(3), [{0}, {1}])
    assert some.askable([1]).tolist() == [False, True, True]
    assert some.on(np.array([0, 2])).askable([1]).tolist() == [False, True]


@pytest.mark.parametrize("groups", ["pairwise", [{0, 1}, {1, 2}, {3}], [{0}, {1}]])
@pytest.mark.parametrize("seed", range(4))
def test_no_search_leaves_the_groups(groups, seed):
    wished = wishes(4, groups=groups)
    data = data_for(wished, seed, n_columns=4)
    chain = Question((0, 1), None, Question((1, 1), None, Question((2, 1))))
    found = Search(data, 8, np.random.RandomState(0)).found([chain])
    allowed = groups
    if groups == "pairwise":
        allowed = [{a, b} for a in range(4) for b in range(4)]
    for tree in found:
        for path in paths(tree):
            assert any(path <= set(group) for group in allowed)


@pytest.mark.parametrize("seed", range(4))
def test_no_question_of_a_search_has_its_sides_in_the_wrong_order(seed):
    def target(x):
        return np.sin(2 * x[:, :1]) - (x[:, 1:2] > 2) * x[:, :1] + x[:, 2:]

    data = data_for(wishes(direction=[1, -1, 0]), seed, target=target)
    ahead = look_ahead(data, data.root.rows, 40)
    others = [ahead.subtree(4), *(Question(test) for test in ahead.promising(2))]
    grown = data.grown(data.root, 8)

    def _check(node, place):
        if node is None:
            return
        sides = data.sides(node.test, place)
        left, right = (data.sums(side)[1] / data.sums(side)[0] for side in sides)
        assert data.wishes.direction[node.test[0]] * (left - right) <= 0
        _check(node.left, sides[0])
        _check(node.right, sides[1])

    for tree in [grown, *others]:
        _check(tree, data.root)
    wrong = Question((1, 2), Question((0, 1)), None)
    if not data.is_in_order(wrong.test, data.root):
        assert (
            Search(data, 8, np.random.RandomState(0))._wished(wrong, data.root) is None
        )


def test_a_start_of_labels_leaves_the_directions_as_they_are():
    x, p = noisy(0, n=200, n_classes=2)
    wished = wishes(direction=np.array([1, 0, 0], dtype=np.int8))
    labels = (p[:, :1] > 0.5).astype(int)
    rows = np.arange(200)
    cart(Binned(x, 16), rows, labels, np.ones(200), True, 4, 0.01, wished)
    assert wished.direction.tolist() == [1, 0, 0]


def test_the_columns_that_gain_least_go_half_of_them_at_a_time():
    use = np.array([5.0, 0.0, 3.0, 4.0, 1.0, 2.0])
    asked = np.array([0, 2, 3, 4, 5])
    some = wishes(6, most=1)
    fewer = some.fewer(asked, use, at_once=False)
    assert np.flatnonzero(fewer.allowed).tolist() == [0, 2, 3]
    fewer = some.fewer(asked, use, at_once=True)
    assert np.flatnonzero(fewer.allowed).tolist() == [0]
    assert fewer.columns.tolist() == [0]
    assert wishes(6, most=5).fewer(asked, use, at_once=True) is None
    assert wishes(6).fewer(asked, use, at_once=True) is None
    # A column's terms count together.
    both = Wishes(np.array([0, 1, 1]), np.zeros(3, bool), np.zeros(3), most=1)
    fewer = both.fewer(np.arange(3), np.array([3.0, 2.0, 2.0]), at_once=True)
    assert fewer.allowed.tolist() == [False, True, True]
