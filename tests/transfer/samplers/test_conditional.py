"""Columns redrawn one by one."""

import numpy as np
import pandas as pd
import pytest

from skdistill import ConditionalSampler
from skdistill.transfer.samplers import conditional


def test_conditional_draws_keep_what_belongs_together():
    random = np.random.default_rng(0)
    a = random.normal(size=2000)
    X = np.column_stack(
        [a, a + 0.01 * random.normal(size=2000), random.normal(size=2000)]
    )
    X = np.column_stack([X, X[:, 0] > 0])
    drawn, _ = ConditionalSampler(2.0, n_rounds=3).fit(X).sample(random_state=0)
    together, apart = np.corrcoef(drawn[:, :3].T)[0, 1:]
    assert together > 0.5 and abs(apart) < 0.1
    assert ((drawn[:, 0] > 0) == drawn[:, 3]).mean() > 0.6  # by chance: 0.5
    np.testing.assert_allclose(drawn.mean(axis=0), X.mean(axis=0), atol=0.2)
    np.testing.assert_allclose(drawn.std(axis=0), X.std(axis=0), rtol=0.3)
    assert len(np.unique(drawn.round(9), axis=0)) > 3500  # new rows, not the old
    for j in range(4):
        assert set(drawn[:, j]) <= set(X[:, j])  # of values that were seen


def test_each_row_may_have_a_share_of_its_own():
    X = np.random.default_rng(0).normal(size=(500, 20))
    drawn, parents = (
        ConditionalSampler(4000, p=(0.0, 0.8)).fit(X).sample(random_state=0)
    )
    share = (drawn != X[parents[:, 0]]).mean(axis=1)
    assert share.mean() == pytest.approx(0.4, abs=0.03)
    low, high = np.quantile(share, [0.1, 0.9])  # of (0, 0.8), and then a binomial
    assert low < 0.12 and high > 0.68
    one, _ = ConditionalSampler(100, p=0.3).fit(X).sample(random_state=0)
    same, _ = ConditionalSampler(100, p=[0.3, 0.3]).fit(X).sample(random_state=1)
    assert one.shape == same.shape
    for p in ((0.5, 0.2), (0.1, 2), (0.1, 0.2, 0.3), ("a", 1)):
        with pytest.raises(ValueError, match="such as"):
            ConditionalSampler(p=p).fit(X)


def test_all_rows_lend_values_to_trees_that_some_of_many_rows_grow(monkeypatch):
    monkeypatch.setattr(conditional, "_ROWS_FOR_TREES", 200)
    x = np.random.default_rng(0).normal(size=1000)
    frame = pd.DataFrame({"x": x, "double": 2 * x, "sign": np.where(x > 0, "+", "-")})
    drawn, _ = ConditionalSampler(4000).fit(frame).sample(random_state=0)
    assert drawn.x.nunique() > 900
    assert np.corrcoef(drawn.x, drawn.double)[0, 1] > 0.5  # by itself: 0
    assert ((drawn.x > 0) == (drawn.sign == "+")).mean() > 0.7  # by itself: 0.5
