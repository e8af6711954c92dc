"""Drift of scores against scipy's own two-sample test, and against chance."""

import numpy as np
import pytest
from scipy.stats import ks_2samp

from skdistill import ScoreDrift


def test_the_figures_are_what_they_are_called():
    random = np.random.default_rng(0)
    before, after = random.beta(2, 5, size=400), random.beta(3, 4, size=300)
    found = ScoreDrift(before, n_bins=4).compare(after)
    exact = ks_2samp(before, after, method="asymp")
    assert found.ks[0] == pytest.approx(exact.statistic)
    assert found.p_value[0] == pytest.approx(exact.pvalue, rel=0.5)
    edges = np.quantile(before, [0.25, 0.5, 0.75])
    old, new = (
        np.histogram(each, [-np.inf, *edges, np.inf])[0] / len(each)
        for each in (before, after)
    )
    psi = ((new - old) * np.log(new / old)).sum()
    assert found.psi[0] == pytest.approx(psi, rel=0.1)
    assert found.drifted and f"{100 * exact.statistic:.1f} %" in found.reason


def test_a_large_reference_is_kept_small_and_loses_little():
    random = np.random.default_rng(1)
    before, after = random.normal(size=50_000), random.normal(0.05, size=20_000)
    drift = ScoreDrift(before)
    text = drift.to_json()
    assert len(text) < 50_000
    again = ScoreDrift.from_json(text)
    assert again.to_json() == text
    for each in (drift, again):
        ks = each.compare(after).ks[0]
        exact = ks_2samp(before, after, method="asymp").statistic
        # It looks at 512 places, not at all: it can only find less.
        assert exact - 1 / 256 < ks <= exact + 1e-12


def test_what_has_not_moved_is_seldom_said_to_have():
    random = np.random.default_rng(2)
    found = []
    for _ in range(80):
        p = random.dirichlet([1, 2, 3], size=700)
        found.append(ScoreDrift(p[:400]).compare(p[400:], alpha=0.1))
    # At 10 %, 18 or more of 80 have a chance of 0.1 %; at 5 %, 12 or more.
    assert sum(each.drifted for each in found) < 18
    assert sum(each.psi[0] > each.psi_by_chance for each in found) < 12


def test_few_values_and_both_probabilities():
    leaves = np.repeat([0.1, 0.4, 0.9], [50, 30, 20])
    p = np.column_stack([1 - leaves, leaves])
    drift = ScoreDrift(p)
    assert drift.n_columns == 1 and drift.n_rows == 100
    same = drift.compare(p)
    assert same.ks[0] == 0 and same.psi[0] == pytest.approx(0) and not same.reason
    moved = drift.compare(p[:60])  # no row of the last leaf
    assert moved.ks[0] == pytest.approx(ks_2samp(leaves, leaves[:60]).statistic)
    assert np.isfinite(moved.psi[0]) and moved.psi[0] > 0.1
    three = ScoreDrift(np.eye(3)[np.arange(30) % 3])
    assert "Column 0" in three.compare(np.tile([1.0, 0, 0], (40, 1))).reason


def test_two_labels_are_compared_where_a_few_rows_happen_to_sum_to_one():
    """Whether there are two labels, or two probabilities, the reference has decided."""
    labels = np.array([[0.0, 0], [0, 1], [1, 0], [1, 1]])
    drift = ScoreDrift(np.tile(labels, (10, 1)))
    assert drift.compare(labels[1:3]).ks.shape == (2,)
    p = np.column_stack([labels[:, 0], 1 - labels[:, 0]])
    drift = ScoreDrift(np.tile(p, (10, 1)))
    assert drift.compare(np.round(p, 2) * 0.99).ks.shape == (1,)


def test_what_makes_no_sense_is_refused():
    drift = ScoreDrift(np.arange(20.0))
    for call, words in [
        (lambda: ScoreDrift(np.arange(9.0)), "ten or more"),
        (lambda: ScoreDrift([np.nan] * 20), "finite"),
        (lambda: ScoreDrift(np.arange(20.0), n_bins=1), "n_bins"),
        (lambda: drift.compare([]), "has 0 rows"),
        (lambda: drift.compare(np.ones((5, 2))), "2 columns"),
        (lambda: drift.compare(np.arange(5), alpha=-1), "alpha"),
        (lambda: ScoreDrift(["stay"] * 20), "answers must be numbers"),
        (lambda: ScoreDrift.from_json("[]"), "to_json"),
        (
            lambda: ScoreDrift.from_json(drift.to_json()[:90]),
            "ScoreDrift.to_json.*whole",
        ),
    ]:
        with pytest.raises(ValueError, match=words):
            call()


def test_a_report_is_no_reference_and_the_error_says_what_is():
    class Report:
        result = "all that was found"

    with pytest.raises(ValueError, match=r"is a report: .*asked\.says") as said:
        ScoreDrift(Report())
    assert "all that" not in str(said.value)
