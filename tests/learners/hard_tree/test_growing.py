"""Sums, costs and questions of places, against plain counts."""

import numpy as np
import pytest
from tree_searches import at, made, noisy

from skdistill.learners.hard_tree import growth
from skdistill.learners.hard_tree.binned import Binned
from skdistill.learners.hard_tree.costs import Entropy, Squares
from skdistill.learners.hard_tree.question import Question
from skdistill.learners.hard_tree.search import Search

COSTS = pytest.mark.parametrize("cost", [Entropy(), Squares()])


@pytest.fixture(params=[None, 1, 40])
def bound(request, monkeypatch):
    """Columns together, one by one, and a few at once."""
    if request.param is not None:
        monkeypatch.setattr(growth, "_SUMS_AT_ONCE", request.param)


def some_rows(seed=0):
    random = np.random.default_rng(seed)
    x, p = noisy(seed, n_columns=4)
    x[:, 2] = 7  # a constant column has no test
    data = made(x, p, Entropy(), weight=random.random(len(x)))
    rows = np.flatnonzero(random.random(len(x)) < 0.7)
    return data, rows, random.integers(0, 3, len(rows))


def test_sums_of_all_columns_are_plain_counts(bound):
    data, rows, group = some_rows()
    stats, tests = data.stats[:, rows], []
    for span in data.spans(len(rows), 3):
        sums = data.left_sums(span, rows, stats, group, 3)
        for place in np.flatnonzero(data.binned.is_test(span)):
            column, cut = data.binned.test_at(span, place)
            left = data.binned.codes[column, rows] <= cut
            wanted = [stats[:, left & (group == k)].sum(axis=1) for k in range(3)]
            np.testing.assert_allclose(sums[place], wanted, atol=1e-12)
            tests.append((column, cut))
    cuts = data.binned.thresholds
    assert tests == [(j, b) for j in range(4) for b in range(len(cuts[j]))]


def all_tests(data):
    return [
        (j, b)
        for j, cuts in enumerate(data.binned.thresholds)
        for b in range(len(cuts))
    ]


@COSTS
@pytest.mark.parametrize("seed", range(3))
def test_the_best_question_is_the_best_of_all(bound, cost, seed):
    x, p = noisy(seed)
    data = made(x, p, cost, least=5.0)
    rows = np.flatnonzero(np.random.default_rng(seed).random(len(x)) < 0.6)

    def gain(test):
        left = data.binned.goes_left(test, rows)
        if min(left.sum(), (~left).sum()) < 5:
            return 0.0
        parts = rows, rows[left], rows[~left]
        here, *below = (cost(data.stats[:, part].sum(axis=1)) for part in parts)
        return here - sum(below)

    found, test = data.best_question(at(rows))
    assert found == pytest.approx(max(map(gain, all_tests(data))))
    assert found == pytest.approx(gain(test))


@COSTS
def test_where_no_question_gains_there_is_none(cost):
    data = made(np.zeros((9, 2)), np.eye(3)[np.arange(9) % 3], cost)
    assert data.best_question(data.root) == (0.0, None)
    alike = made(np.arange(9.0)[:, None], np.tile([0.5, 0.5], (9, 1)), cost)
    assert alike.best_question(alike.root)[1] is None


@COSTS
@pytest.mark.parametrize("seed", range(5))
def test_of_columns_that_say_the_same_the_first_is_asked(cost, seed):
    random = np.random.default_rng(seed)
    x = random.normal(size=(90, 1))
    x = np.hstack([np.zeros_like(x), x, x**3, np.exp(x), random.normal(size=(90, 3))])
    _, p = noisy(seed, n=90)
    weight = random.random(90)
    data = made(x, p, cost, weight=weight / weight.sum(), least=0.02)
    node = Question(data.best_question(data.root)[1])
    assert node.test[0] not in (2, 3)
    node.test = (4, 45)
    Search(data, 2, np.random.RandomState(0))._ask_better(node, data.root)
    assert node.test == data.best_question(data.root)[1]


def tree_of_three():
    return Question((0, 1), Question((1, 2)), Question((2, 0), None, Question((0, 2))))


@COSTS
def test_a_tree_costs_what_its_leaves_cost(cost):
    x, p = noisy(4)
    data, root = made(x, p, cost), tree_of_three()
    for _ in range(2):  # the second time it is known
        number, n = data.leaf_numbers(root, data.root.rows)
        wanted = sum(cost(data.stats[:, number == k].sum(axis=1)) for k in range(n))
        assert data.cost_of(root, data.root) == pytest.approx(wanted)
    root.left = None  # the same node, and another tree
    assert data.cost_of(root, data.root) > wanted


def test_subtrees_of_the_same_questions_have_one_number():
    data, _, _ = some_rows()
    one, other = tree_of_three(), tree_of_three()
    assert data.shapes.of(one) == data.shapes.of(other) != data.shapes.of(one.left)
    other.right.right.test = (0, 3)
    assert data.shapes.of(one) != data.shapes.of(other)
    assert data.shapes.of(None) == 0


def test_places_are_known_by_the_answers_that_lead_there():
    x, p = noisy(4)
    data = made(x, p, Entropy())
    first, _ = data.sides((0, 1), data.root)
    first_then, _ = data.sides((1, 2), first)
    other, _ = data.sides((1, 2), data.root)
    other_then, _ = data.sides((0, 1), other)
    assert first_then.answers == other_then.answers != first.answers
    np.testing.assert_array_equal(first_then.rows, other_then.rows)
    inside = (data.binned.codes[0] <= 1) & (data.binned.codes[1] <= 2)
    np.testing.assert_array_equal(first_then.rows, np.flatnonzero(inside))


@COSTS
@pytest.mark.parametrize("seed", range(3))
def test_a_node_gets_the_best_question_above_the_ones_below(bound, cost, seed):
    x, p = noisy(seed, n=90)
    data, root = made(x, p, cost, least=3.0), tree_of_three()

    def price(test):
        tree = Question(test, root.left, root.right)
        number, n = data.leaf_numbers(tree, data.root.rows)
        counts = np.bincount(number, minlength=n)
        is_fair = ((counts >= 3) | (counts == 0)).all()
        return data.cost_of(tree, data.root) if is_fair else np.inf

    search = Search(data, 5, np.random.RandomState(0))
    root.test = min(all_tests(data), key=price)
    best = price(root.test)
    for test in all_tests(data)[::3]:
        root.test = test
        search._ask_better(root, data.root)
        found = data.cost_of(root, data.root)
        assert found == pytest.approx(min(best, price(test)))


def test_other_rows_have_the_same_codes_by_the_same_thresholds():
    random = np.random.default_rng(0)
    x, new = random.normal(size=(2, 300, 3))
    binned = Binned(x, 8)
    assert binned.places.shape == x.shape  # known, but of other rows
    other = binned.of(new)
    for column, cuts in enumerate(other.thresholds):
        codes = (new[:, column, None] > cuts).sum(axis=1)
        np.testing.assert_array_equal(other.codes[column], codes)
        np.testing.assert_array_equal(other.places[:, column], codes + 8 * column)
