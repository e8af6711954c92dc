"""The search against brute force, scikit-learn and its own promises."""

import itertools

import numpy as np
import pytest
from scipy.stats import entropy
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from skdistill.learners.hard_tree import search as search_module
from skdistill.learners.hard_tree.binned import Binned, round_between
from skdistill.learners.hard_tree.costs import Entropy, Squares, statistics
from skdistill.learners.hard_tree.growth import Question, Rows, count_leaves
from skdistill.learners.hard_tree.lookahead import look_ahead
from skdistill.learners.hard_tree.search import Search
from skdistill.learners.hard_tree.structure import HardTree


def made(x, target, cost, *, weight=None, least=1.0, bins=256):
    weight = np.ones(len(x)) if weight is None else weight
    return Rows(Binned(x, bins), statistics(target, weight), cost, least)


def noisy(seed, n=60, n_columns=3, n_classes=3):
    random = np.random.default_rng(seed)
    x = random.integers(0, 5, size=(n, n_columns)).astype(float)
    p = random.dirichlet(np.ones(n_classes), size=n) * (1 + x[:, :1])
    return x, p / p.sum(axis=1, keepdims=True)


def searched(data, n_leaves, starts=()):
    return Search(data, n_leaves, np.random.RandomState(0)).best(starts)


def test_costs_are_entropies_and_squares():
    _, p = noisy(0)
    weight = np.random.default_rng(0).random(len(p))
    total, mean = weight.sum(), np.average(p, axis=0, weights=weight)
    stats = statistics(p, weight).sum(axis=1)
    assert Entropy()(stats) == pytest.approx(total * entropy(mean))
    both = statistics(np.hstack([p, p]), weight).sum(axis=1)
    assert Entropy(2)(both) == pytest.approx(2 * total * entropy(mean))
    around = weight @ np.square(p - mean).sum(axis=1) - weight @ np.square(p).sum(
        axis=1
    )
    assert Squares()(stats) == pytest.approx(around)
    assert Entropy()(np.zeros(4)) == 0 == Squares()(np.zeros(4))


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
        data.grown(data.all, n_leaves), data.binned.thresholds, x, data.stats
    )
    np.testing.assert_allclose(tree.means()[tree.apply(x)], cart.predict(x))
    labels = (x[:, 0] + y[:, 0] > 0).astype(int)
    data = made(x, np.eye(2)[labels], Entropy(), weight=weight)
    cart = DecisionTreeClassifier(criterion="entropy", max_leaf_nodes=n_leaves)
    p = cart.fit(x, labels, weight).predict_proba(x)
    tree = HardTree.of(
        data.grown(data.all, n_leaves), data.binned.thresholds, x, data.stats
    )
    np.testing.assert_allclose(tree.means()[tree.apply(x)], p, atol=1e-12)


@pytest.mark.parametrize("cost", [Entropy(), Squares()])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("n_leaves", [3, 4])
def test_looking_ahead_finds_the_best_of_all_pairs(cost, seed, n_leaves):
    x, p = noisy(seed, n_columns=2)
    data = made(x, p, cost, least=4.0)
    tests = [(j, b) for j in range(2) for b in range(len(data.binned.thresholds[j]))]

    def is_fair(node, rows):
        if node is None:
            return len(rows) >= 4
        parts = zip((node.left, node.right), data.sides(node.test, rows), strict=True)
        return all(is_fair(below, part) for below, part in parts)

    def all_trees():
        for root, left, right in itertools.product(
            tests, [None, *tests], [None, *tests]
        ):
            node = Question(root, left and Question(left), right and Question(right))
            if count_leaves(node) <= n_leaves and is_fair(node, data.all):
                yield data.cost_of(node, data.all)

    found = look_ahead(data, data.all, 1000).subtree(n_leaves)
    assert count_leaves(found) <= n_leaves and is_fair(found, data.all)
    assert data.cost_of(found, data.all) == pytest.approx(min(all_trees()), rel=1e-5)


@pytest.mark.parametrize("cost", [Entropy(), Squares()])
def test_no_move_raises_the_cost(cost):
    for seed in range(6):
        x, p = noisy(seed, n=200, n_columns=4)
        data = made(x, p, cost, least=3.0)
        search = Search(data, 9, np.random.RandomState(seed))
        root = data.grown(data.all, 9)
        for move in (search._settled, search._other_twigs, search._other_limbs) * 2:
            before = data.cost_of(root, data.all)
            root = move(root)
            assert data.cost_of(root, data.all) <= before + 1e-9
            assert count_leaves(root) <= 9
            number, n = data.leaf_numbers(root, data.all)
            assert np.bincount(number, minlength=n).min() >= 3


def test_what_greedy_growth_does_not_see_is_found():
    random, misses = np.random.default_rng(1), 0
    for _ in range(8):
        x = random.integers(0, 2, size=(400, 6)).astype(float)
        odd = (x[:, 2] != x[:, 4]).astype(int)
        data = made(x, np.eye(2)[odd], Entropy())
        misses += data.cost_of(data.grown(data.all, 4), data.all) > 100
        assert data.cost_of(searched(data, 4), data.all) == pytest.approx(0, abs=1e-9)
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
        ours = data.cost_of(searched(data, 8), data.all) + np.square(target).sum()
        assert ours < 0.99 * error


def test_large_nodes_look_ahead_on_some_of_their_rows(monkeypatch):
    x, p = noisy(7, n=600, n_columns=4)
    data = made(x, p, Entropy(), least=60.0)
    before = data.cost_of(data.grown(data.all, 6), data.all)
    whole = data.cost_of(searched(data, 6), data.all)
    monkeypatch.setattr(search_module, "_ROWS_OF_LOOKAHEAD", 150)
    some = data.cost_of(searched(data, 6), data.all)
    assert whole <= before and some <= before + 1e-9
    ahead = Search(data, 6, np.random.RandomState(0))._look_ahead(data.all)
    assert (
        np.isfinite(ahead.left_cost).sum()
        >= 0.8 * np.isfinite(look_ahead(data, data.all, 240).left_cost).sum()
    )


def test_nodes_that_lost_their_rows_are_dropped():
    x, p = noisy(2, n=100)
    data = made(x, p, Entropy(), least=2.0)
    empty = Question((1, 1), Question((2, 1)), Question((2, 2)))
    start = Question((0, len(data.binned.thresholds[0])), Question((1, 2)), empty)
    root = Search(data, 6, np.random.RandomState(0)).improved(start)
    number, n = data.leaf_numbers(root, data.all)
    assert n == 6 and np.bincount(number, minlength=n).min() >= 2


def test_where_no_pair_is_allowed_none_is_offered():
    x = (np.arange(40) < 2).astype(float)[:, None]
    data = made(x, np.eye(2)[np.arange(40) % 2], Entropy(), least=10.0)
    ahead = look_ahead(data, data.all, 10)
    assert ahead.promising(3) == [] and ahead.subtree(4) is ahead.subtree(3) is None


def test_a_better_start_is_kept_and_a_worse_one_is_not():
    x, p = noisy(3)
    data = made(x, p, Entropy(), least=5.0)
    alone = data.cost_of(searched(data, 6), data.all)
    bad = Question((0, 0), Question((1, 0)), Question((1, 1)))
    assert data.cost_of(searched(data, 6, [bad]), data.all) <= alone + 1e-12


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
    assert data.cost_of(one, data.all) == pytest.approx(long.cost_of(other, long.all))


@pytest.mark.parametrize(
    ("low", "high", "short"),
    [
        (17.0, 18.0, 17.5),
        (0.0, 1.0, 0.5),
        (12_345.0, 67_890.0, 40_000.0),
        (3.12, 3.57, 3.3),
        (-2.0, -1.0, -1.5),
        (1e-300, 3e-300, 2e-300),
    ],
)
def test_thresholds_are_short_numbers(low, high, short):
    assert round_between(low, high) == pytest.approx(short, rel=1e-12)


def test_thresholds_always_lie_between():
    random = np.random.default_rng(0)
    ends = random.normal(size=(2000, 2)) * 10.0 ** random.integers(-30, 30, (2000, 1))
    ends[:500, 1] = np.nextafter(ends[:500, 0], np.inf)
    ends[500:600, 1] = -ends[500:600, 0]
    for low, high in np.sort(ends, axis=1).tolist():
        assert low <= round_between(low, high) < high
    big = np.finfo(float).max
    assert -big <= round_between(-big, big) < big


def test_many_values_are_cut_at_quantiles():
    x = np.random.default_rng(0).normal(size=(5000, 1))
    binned = Binned(x, 16)
    counts = np.bincount(binned.codes[0])
    assert len(counts) == 16 and counts.min() > 250
    for b, threshold in enumerate(binned.thresholds[0]):
        np.testing.assert_array_equal(binned.codes[0] <= b, x[:, 0] <= threshold)


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
