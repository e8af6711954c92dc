"""CART as a start of the search."""

import numpy as np
import pytest
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from tree_searches import noisy

from skdistill.learners.hard_tree.binned import Binned
from skdistill.learners.hard_tree.costs import statistics
from skdistill.learners.hard_tree.starts import cart
from skdistill.learners.hard_tree.structure import HardTree

LIMITS = {"max_leaf_nodes": 7, "min_weight_fraction_leaf": 0.02, "random_state": 0}


@pytest.mark.parametrize("is_class", [True, False])
def test_it_is_scikit_learns(is_class):
    x, p = noisy(0)
    labels = p.argmax(axis=1) if is_class else x[:, 0] + p[:, 0]
    rows = np.arange(0, len(x), 2)
    weight = np.random.default_rng(0).uniform(0.5, 1, len(rows))
    binned = Binned(x, 1 << 20)
    given = binned, rows, labels[rows, None], weight, is_class
    root = cart(*given, LIMITS["max_leaf_nodes"], LIMITS["min_weight_fraction_leaf"])
    stats = statistics(p, np.ones(len(p)))
    leaf = HardTree.of(root, binned.thresholds, x, stats).apply(x[rows])
    kind = DecisionTreeClassifier if is_class else DecisionTreeRegressor
    peer = kind(**LIMITS).fit(x[rows], labels[rows], weight).apply(x[rows])
    # The same parts of the rows, whatever they are called.
    pairs = len(set(zip(leaf.tolist(), peer.tolist(), strict=True)))
    assert pairs == len(set(leaf)) == len(set(peer)) > 3


def test_of_one_class_it_is_a_leaf():
    x, _ = noisy(0)
    rows = np.arange(len(x))
    labels, weight = np.zeros((len(x), 1), dtype=int), np.ones(len(x))
    assert cart(Binned(x, 16), rows, labels, weight, True, 8, 0.01) is None
