"""Corners of soft trees in which something once went wrong."""

import pytest
from soft_trees import BRIEF as F
from soft_trees import X, Y

from skdistill import SoftDecisionTreeClassifier as C

pytestmark = pytest.mark.usefixtures("no_memory_corruption")


def test_first_part_of_one_class():
    tree = C(max_leaf_nodes=5, **F)
    tree.partial_fit(X[:50], Y[:50], classes=[0, 1, 2])
    for _ in range(20):
        tree.partial_fit(X, Y)
    assert tree.score(X, Y) > 0.8


def test_weight_decay_changed_between_parts():
    tree = C(weight_decay=0.0, **F).partial_fit(X, Y)
    tree.set_params(weight_decay=0.1).partial_fit(X, Y)


def test_a_pruned_tree_learns_more_parts():
    tree = C(**F).partial_fit(X, Y).prune(X, max_leaf_nodes=3)
    tree.partial_fit(X, Y)
