"""What leaves cost."""

import numpy as np
import pytest
from scipy.stats import entropy
from tree_searches import noisy

from skdistill.learners.hard_tree.costs import Entropy, Squares, statistics


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
