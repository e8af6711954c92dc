"""A teacher's softened answers."""

import numpy as np

from skdistill import soft_targets


def test_soft_targets_follow_the_order_that_is_asked_for(iris, iris_forest):
    X, _ = iris
    names = ["virginica", "setosa", "versicolor"]
    P = soft_targets(iris_forest, X, 2.0, classes=names)
    np.testing.assert_allclose(P[:, [1, 2, 0]], soft_targets(iris_forest, X, 2.0))


def test_high_temperature_is_flat_and_low_is_hard(iris, iris_forest):
    X, _ = iris
    np.testing.assert_allclose(soft_targets(iris_forest, X, 1e6), 1 / 3, atol=1e-4)
    cold = soft_targets(iris_forest, X, 1e-3)
    assert (cold.max(axis=1) > 0.99).mean() > 0.95
