"""Ranks against scipy and scikit-learn."""

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr
from sklearn.metrics import roc_auc_score

from skdistill.tasks.ranks import area_under_roc, rank_correlation, ranks


@pytest.mark.parametrize("digits", [1, 9])
def test_ranks_are_those_of_others(digits):
    random = np.random.default_rng(0)
    x, y = random.normal(size=(2, 60)).round(digits)
    np.testing.assert_allclose(ranks(x) + 0.5, rankdata(x))
    assert rank_correlation(x, y) == pytest.approx(spearmanr(x, y)[0])
    assert area_under_roc(x, y > 0) == pytest.approx(roc_auc_score(y > 0, x))
    times = random.integers(1, 4, 60)
    long_x, long_y = np.repeat(x, times), np.repeat(y, times)
    wanted = spearmanr(long_x, long_y)[0]
    assert rank_correlation(x, y, times) == pytest.approx(wanted)
    wanted = roc_auc_score(long_y > 0, long_x)
    assert area_under_roc(x, y > 0, times) == pytest.approx(wanted)
