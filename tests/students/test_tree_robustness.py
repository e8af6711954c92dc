"""Soft trees of every kind on awkward tables, from many seeds."""

import numpy as np
import pytest

from skdistill import SoftDecisionTreeClassifier, SoftDecisionTreeRegressor

FAST = {
    "max_depth": 3,
    "max_epochs": 20,
    "batch_size": 30,
    "lr": 0.06,
    "transfer": None,
}
SETTINGS = [
    {"max_leaf_nodes": 4, "split": "axis"},
    {"split": "sparse", "max_features_per_split": 2},
    {"objective": (0.0, 0.5)},
]


def table(seed):
    """Small whole numbers, a constant, and a column of large numbers."""
    random = np.random.default_rng(seed)
    X = random.integers(0, 3, (120, 4)).astype(float)
    X[:, 1] = 7.0
    X[:, 2] = 1e6 * random.normal(size=120)
    return X


@pytest.mark.parametrize("params", SETTINGS, ids=str)
def test_no_tree_says_the_same_of_all_rows(params):
    for seed in range(20):
        X = table(seed)
        y = X[:, 0] > 0 if seed % 2 else X[:, 2] > 3e5
        options = FAST | {"random_state": seed} | params
        tree = SoftDecisionTreeClassifier(**options).fit(X, y)
        p = tree.predict_proba(X)
        assert np.isfinite(p).all()
        np.testing.assert_allclose(p.sum(axis=1), 1)
        assert set(tree.predict(X)) == {False, True} and tree.score(X, y) > 0.85
        assert np.isfinite(tree.node_mass_).all()
        assert tree.feature_importances_[1] == 0


@pytest.mark.parametrize("params", SETTINGS, ids=str)
def test_values_of_any_size(params):
    for seed in range(8):
        X = table(seed)
        y = 1e6 * (X[:, 0] > 0) + 1e-3 * X[:, 3] - 1e7
        options = FAST | {"random_state": seed} | params
        tree = SoftDecisionTreeRegressor(**options).fit(X, y)
        assert np.isfinite(tree.predict(X)).all() and tree.score(X, y) > 0.6
        assert np.isfinite(tree.predict(X * 1e12)).all()
