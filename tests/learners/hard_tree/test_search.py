"""The search against brute force, scikit-learn and its own promises."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from tree_searches import made, noisy, searched

from skdistill.learners.hard_tree import search as search_module
from skdistill.learners.hard_tree.costs import Entropy, Squares
from skdistill.learners.hard_tree.lookahead import look_ahead
from skdistill.learners.hard_tree.question import Question, count_leaves
from skdistill.learners.hard_tree.search import Search
from skdistill.learners.hard_tree.structure import HardTree


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("n_leaves", [2, 5, 12])
def test_growth_is_that_of_best_first_cart(seed, n_leaves):
    random = np.random.default_rng(seed)
    x, y = random.normal(size=(120, 4)), random.normal(size=(120, 2))
    # Weights of no pattern, so that no two splits are equally good.
    weight = random.uniform(1.0, 2.0, len(x))
    data = made(x, y, Squares(), weight=weight)
    cart = DecisionTreeRegressor(max_leaf_nodes=n_leaves).fit(x, y, weight)
    tree = HardTree.of(
        data.grown(data.root, n_leaves), data.binned.thresholds, x, data.stats
    )
    np.testing.assert_allclose(tree.means()[tree.apply(x)], cart.predict(x))
    labels = (x[:, 0] + y[:, 0] > 0).astype(int)
    data = made(x, np.eye(2)[labels], Entropy(), weight=weight)
    cart = DecisionTreeClassifier(criterion="entropy", max_leaf_nodes=n_leaves)
    p = cart.fit(x, labels, weight).predict_proba(x)
    tree = HardTree.of(
        data.grown(data.root, n_leaves), data.binned.thresholds, x, data.stats
    )
    np.testing.assert_allclose(tree.means()[tree.apply(x)], p, atol=1e-12)


@pytest.mark.parametrize("cost", [Entropy(), Squares()])
def test_no_move_raises_the_cost(cost):
    for seed in range(6):
        x, p = noisy(seed, n=200, n_columns=4)
        data = made(x, p, cost, least=3.0)
        search = Search(data, 9, np.random.RandomState(seed))
        top = Question((), data.grown(data.root, 9))
        before = data.cost_of(top.left, data.root)
        for _ in search._moves(top):
            now = data.cost_of(top.left, data.root)
            assert now <= before + 1e-9 and count_leaves(top.left) <= 9
            number, n = data.leaf_numbers(top.left, data.root.rows)
            counts = np.bincount(number, minlength=n)
            assert ((counts >= 3) | (counts == 0)).all()
            before = now


def test_what_greedy_growth_does_not_see_is_found():
    random, misses = np.random.default_rng(1), 0
    for _ in range(8):
        x = random.integers(0, 2, size=(400, 6)).astype(float)
        odd = (x[:, 2] != x[:, 4]).astype(int)
        data = made(x, np.eye(2)[odd], Entropy())
        misses += data.cost_of(data.grown(data.root, 4), data.root) > 100
        assert data.cost_of(searched(data, 4), data.root) == pytest.approx(0, abs=1e-9)
    assert misses  # by luck, growth may begin with one of the two


def test_it_is_better_than_cart_on_real_tables():
    for X, y in (
        load_diabetes(return_X_y=True),
        load_breast_cancer(return_X_y=True),
    ):
        target = ((y - y.mean()) / y.std())[:, None]
        data = made(X, target, Squares(), least=5.0)
        cart = DecisionTreeRegressor(max_leaf_nodes=8, min_samples_leaf=5)
        error = np.square(cart.fit(X, target).predict(X) - target[:, 0]).sum()
        ours = data.cost_of(searched(data, 8), data.root) + np.square(target).sum()
        assert ours < 0.99 * error


def test_large_nodes_look_ahead_on_some_of_their_rows(monkeypatch):
    x, p = noisy(7, n=600, n_columns=4)
    data = made(x, p, Entropy(), least=60.0)
    before = data.cost_of(data.grown(data.root, 6), data.root)
    whole = data.cost_of(searched(data, 6), data.root)
    monkeypatch.setattr(search_module, "_ROWS_OF_LOOKAHEAD", 150)
    some = data.cost_of(searched(data, 6), data.root)
    assert whole <= before and some <= before + 1e-9
    ahead = Search(data, 6, np.random.RandomState(0))._look_ahead(data.root)
    assert (
        np.isfinite(ahead.left_cost).sum()
        >= 0.8 * np.isfinite(look_ahead(data, data.root.rows, 240).left_cost).sum()
    )


def test_nodes_that_lost_their_rows_are_dropped():
    x, p = noisy(2, n=100)
    data = made(x, p, Entropy(), least=2.0)
    empty = Question((1, 1), Question((2, 1)), Question((2, 2)))
    start = Question((0, len(data.binned.thresholds[0])), Question((1, 2)), empty)
    root = Search(data, 6, np.random.RandomState(0)).improved(start)
    number, n = data.leaf_numbers(root, data.root.rows)
    assert n == 6 and np.bincount(number, minlength=n).min() >= 2


def test_a_better_start_is_kept_and_a_worse_one_is_not():
    x, p = noisy(3)
    data = made(x, p, Entropy(), least=5.0)
    alone = data.cost_of(searched(data, 6), data.root)
    bad = Question((0, 0), Question((1, 0)), Question((1, 1)))
    assert data.cost_of(searched(data, 6, [bad]), data.root) <= alone + 1e-12


@pytest.mark.parametrize("x", [np.zeros((20, 2)), np.zeros((20, 0))])
def test_where_nothing_can_be_asked_there_is_one_leaf(x):
    p = np.tile([0.3, 0.7], (20, 1))
    assert searched(made(x, p, Entropy()), 5) is None


def test_weights_are_repetitions():
    x, p = noisy(5)
    weight = np.random.default_rng(5).integers(1, 4, len(x))
    data = made(x, p, Entropy(), weight=weight.astype(float))
    long = made(np.repeat(x, weight, axis=0), np.repeat(p, weight, axis=0), Entropy())
    one, other = searched(data, 7), searched(long, 7)
    assert data.cost_of(one, data.root) == pytest.approx(long.cost_of(other, long.root))


@pytest.mark.parametrize("seed", range(6))
def test_the_best_tree_of_a_tiny_table_is_found(seed):
    random = np.random.default_rng(seed)
    x = random.integers(0, 4, size=(60, 2)).astype(float)
    p = np.eye(2)[(x[:, 0] > 1).astype(int) ^ (x[:, 1] > 2)]
    p = 0.8 * p + 0.2 * random.dirichlet(np.ones(2), 60)
    data = made(x, p, Entropy(), least=3.0)
    tests = [(j, b) for j in range(2) for b in range(len(data.binned.thresholds[j]))]

    def cheapest(place, n_leaves):
        lowest = data.cost_of(None, place)
        for test in tests if n_leaves > 1 else ():
            left, right = data.sides(test, place)
            if min(len(left.rows), len(right.rows)) < 3:
                continue
            for n in range(1, n_leaves):
                parts = cheapest(left, n), cheapest(right, n_leaves - n)
                lowest = min(lowest, sum(parts))
        return lowest

    found = data.cost_of(searched(data, 4), data.root)
    assert found == pytest.approx(cheapest(data.root, 4))


def test_starts_are_followed_at_once_to_the_same_trees():
    x, p = noisy(9, n=300, n_columns=4)
    data = made(x, p, Entropy(), least=3.0)
    costs = []
    for n_jobs in (None, 2, 3):
        search = Search(data, 8, np.random.RandomState(0))
        trees = search.found([Question((0, 0)), Question((1, 1))], n_jobs)
        costs.append([data.cost_of(tree, data.root) for tree in trees])
    assert costs[0] == costs[1] == costs[2] and len(costs[0]) == 4
