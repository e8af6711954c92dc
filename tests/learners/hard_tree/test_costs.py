"""What leaves cost."""

import numpy as np
import pytest
from scipy.stats import entropy
from tree_searches import noisy

from skdistill.learners.hard_tree.costs import Entropy, Mixed, Squares, statistics


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


@pytest.mark.parametrize("widths", [[4], [3, 2, 4]])
def test_the_mixed_cost_adds_the_errors_of_the_likeliest_classes(widths):
    random = np.random.default_rng(0)
    parts = [random.dirichlet(np.ones(k), 30) for k in widths]
    weight = random.random(30)
    stats = statistics(np.hstack(parts), weight).sum(axis=1)
    errors = sum(weight.sum() - (weight @ part).max() for part in parts)
    expected = Entropy(len(widths))(stats) + errors / 4
    assert Mixed(widths)(stats) == pytest.approx(expected)
    assert Mixed(widths)(np.zeros(1 + sum(widths))) == 0


@pytest.mark.parametrize("cost", [Entropy(), Mixed([3]), Squares()])
def test_no_split_raises_a_cost(cost):
    p = np.random.default_rng(0).dirichlet(np.ones(3), (200, 2))
    sides = np.concatenate([np.ones((200, 2, 1)), p], axis=2)
    assert (cost(sides).sum(axis=1) <= cost(sides.sum(axis=1)) + 1e-12).all()
