"""Bounds against the distributions that they are about."""

import numpy as np
import pytest
from scipy.stats import binom, binomtest, norm

from skdistill.report.intervals import (
    Estimate,
    estimates,
    exact_interval,
    exact_lower,
    holm,
    mean_lower,
    redrawn_means,
)


def test_exact_bounds_are_those_of_the_binomial_test():
    for k, n in ((962, 1000), (0, 7), (7, 7), (3, 10)):
        one = binomtest(k, n, alternative="greater").proportion_ci(0.95, "exact")
        both = binomtest(k, n).proportion_ci(0.9, "exact")
        assert exact_lower(k, n) == pytest.approx(one.low)
        assert exact_interval(k, n, 0.9) == pytest.approx((k / n, both.low, both.high))
    assert round(exact_lower(962, 1000), 3) == 0.950
    assert np.isnan(exact_lower(0, 0)) and np.isnan(exact_interval(0, 0).value)


@pytest.mark.parametrize("n, p", [(1000, 0.96), (30, 0.5), (200, 0.99)])
def test_the_exact_bound_holds_in_95_percent_of_all_drawings(n, p):
    counts = np.arange(n + 1)
    holds = np.array([exact_lower(k, n) <= p for k in counts])
    assert binom.pmf(counts, n, p) @ holds >= 0.95


def test_the_bound_of_shares_holds_where_labels_of_a_row_go_wrong_together():
    random = np.random.default_rng(0)
    holds = []
    for _ in range(300):
        wrong = random.random(200) < 0.1
        shares = np.where(wrong, random.choice([0.0, 0.75], 200), 1.0)
        holds.append(mean_lower(shares) <= 1 - 0.1 * 0.625)
    # Four standard errors below 95 % of 300 drawings.
    assert np.mean(holds) >= 0.95 - 4 * np.sqrt(0.05 * 0.95 / 300)
    narrow = mean_lower(np.ones(1000))
    assert 0.98 < narrow < 1 and np.isnan(mean_lower(np.ones(0)))
    assert mean_lower(np.zeros(10)) == 0


@pytest.mark.parametrize("n", [300, 50_000])
def test_redraws_spread_as_the_mean_does(n):
    # More than 4,000 rows are drawn in groups, which must not narrow the interval.
    values = np.random.default_rng(0).exponential(size=(n, 1))
    redrawn = redrawn_means(values, 1)
    assert redrawn.shape == (2000, 1)
    error = values.std() / np.sqrt(n)
    assert redrawn.mean() == pytest.approx(values.mean(), abs=6 * error / np.sqrt(2000))
    assert redrawn.std() == pytest.approx(error, rel=0.1)


def test_what_is_common_to_two_figures_cancels():
    random = np.random.default_rng(0)
    common, own = random.normal(size=(2, 400))
    columns = np.column_stack([common, common + 0.01 * own])
    figures = {"a": lambda m: m[..., 0], "b": lambda m: m[..., 1]}
    found = estimates(columns, figures, 3)
    alone, pair = found["b"].interval(), (found["b"] - found["a"]).interval()
    half = norm.ppf(0.975) * 0.01 * own.std() / 20
    assert pair.high - pair.low == pytest.approx(2 * half, rel=0.15)
    assert pair.high - pair.low < (alone.high - alone.low) / 50


def test_an_interval_of_unknown_redraws_is_unknown():
    some = np.array([np.nan] * 10 + [1.0] * 90)
    assert Estimate(1.0, some).interval().value == 1
    assert np.isnan(Estimate(1.0, some).interval().low)
    ratio = Estimate(1.0, np.ones(9)) / Estimate(0.0, np.zeros(9))
    assert np.isnan(ratio.interval().low)


def test_holm_is_between_alone_and_bonferroni():
    p = np.random.default_rng(0).random(6)
    adjusted = holm(p)
    assert (adjusted >= p).all() and (adjusted <= np.minimum(6 * p, 1)).all()
    assert adjusted[p.argmin()] == pytest.approx(min(6 * p.min(), 1))
    assert (np.argsort(adjusted, kind="stable") == np.argsort(p)).all() or (
        adjusted == 1
    ).any()
    assert len(holm([])) == 0
