"""Leaves by themselves: their objective, and what they say to rows that end there."""

import numpy as np
from sklearn.datasets import load_iris

from skdistill import SoftDecisionTreeClassifier

FAST = {"max_depth": 3, "max_epochs": 8, "random_state": 0, "transfer": None}


def test_parts_of_the_rows_leave_the_leaves_as_trained():
    X, y = load_iris(return_X_y=True)
    tree = SoftDecisionTreeClassifier(**FAST).fit(X, y)
    tree.partial_fit(X[:60], y[:60])
    mixture = tree.leaf_values()
    np.testing.assert_array_equal(
        tree.set_params(inference="path").leaf_values(), mixture
    )
