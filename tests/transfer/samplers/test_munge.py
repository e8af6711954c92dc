"""Neighbours that swap values."""

import numpy as np

from skdistill import Munge


def test_munge_has_its_limits():
    X = np.random.default_rng(0).normal(size=(50, 3))
    same, parents = Munge(2.0, p=0.0).fit(X).sample(random_state=0)
    np.testing.assert_array_equal(same, X[parents[:, 0]])
    sure = Munge(2.0, p=1.0, s=1e9, n_neighbors=1).fit(X)
    swapped, parents = sure.sample(random_state=0)
    np.testing.assert_allclose(swapped, X[parents[:, 1]], atol=1e-6)
    distance = ((X[:, None] - X) / np.ptp(X, axis=0)) ** 2
    nearest = (distance.sum(axis=2) + np.diag([np.inf] * 50)).argmin(axis=1)
    np.testing.assert_array_equal(parents[:, 1], nearest[parents[:, 0]])
    three = np.array([[0.0], [1.5], [100.25]])
    moved, parents = (
        Munge(9000, p=1.0, s=4.0, n_neighbors=1).fit(three).sample(random_state=0)
    )
    redrawn = moved[parents[:, 0] == 0, 0]  # normal around the neighbour's 1.5
    np.testing.assert_allclose([redrawn.mean(), redrawn.std()], [1.5, 0.375], atol=0.03)
    assert moved.min() == 0  # around 0, cut at the limits
