"""Rows as a search can bear them."""

import numpy as np
import pytest

from skdistill.learners.hard_tree.prepared import by_weight


def test_rows_are_drawn_by_their_weights():
    weight = np.random.default_rng(0).exponential(size=5000)
    weight[17] = weight.sum() / 9  # so heavy that it is drawn many times
    chosen, shares = by_weight(weight, 800, np.random.RandomState(0))
    assert len(chosen) == len(np.unique(chosen)) < 800
    assert (np.diff(chosen) > 0).all() and shares.sum() == pytest.approx(weight.sum())
    step = weight.sum() / 800
    # Each run of rows is drawn as often as its weight says, within one draw.
    for first in range(0, 5000, 100):
        inside = (chosen >= first) & (chosen < first + 100)
        missing = shares[inside].sum() - weight[first : first + 100].sum()
        assert abs(missing) <= step * (1 + 1e-9)
    chosen, shares = by_weight(weight, 5000, np.random.RandomState(0))
    np.testing.assert_array_equal(chosen, np.arange(5000))
    np.testing.assert_array_equal(shares, weight)
