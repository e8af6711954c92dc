"""Calibration against its definition, and where the truth is known."""

from dataclasses import replace

import numpy as np
import pytest
from reported import distilled, halves
from sklearn.metrics import brier_score_loss

from skdistill import DistillationReport
from skdistill.report.calibration import Claims, calibration_of, expected_error

pytestmark = pytest.mark.usefixtures("quick_sections")


@pytest.fixture(scope="module")
def asked(quick_sections):
    X_test, y_test = halves()[1::2]
    return DistillationReport(distilled(), X_test, y_test).asked


def test_bins_hold_all_rows_and_divide_no_leaf(asked):
    told = calibration_of(asked, "student", 0.95)
    p = asked.says["student"]
    right = p.argmax(axis=1) == asked.y
    assert sum(each.n_rows for each in told.bins) == len(p)
    assert len(told.bins) <= len(np.unique(p.max(axis=1)))
    total = sum(each.n_rows * each.came_true.value for each in told.bins)
    assert total == pytest.approx(right.sum())
    off = [each.n_rows * abs(each.came_true.value - each.said) for each in told.bins]
    assert told.ece.value == pytest.approx(sum(off) / len(p))
    assert all(each.came_true.low < each.came_true.high for each in told.bins)
    truth = np.eye(3)[asked.y]
    assert told.brier.value == pytest.approx(np.square(p - truth).sum(axis=1).mean())


def test_brier_of_two_classes_is_scikit_learns(asked):
    p = np.random.default_rng(0).uniform(size=300)
    y = (asked.y == 1).astype(int)
    two = replace(asked, y=y, says={"student": np.column_stack([1 - p, p])})
    told = calibration_of(two, "student", 0.95)
    assert told.brier.value == pytest.approx(brier_score_loss(y, p))


def test_labels_of_a_row_are_drawn_together():
    X_test, y_test = halves("labels")[1::2]
    asked = DistillationReport(distilled("labels"), X_test, y_test).asked
    told = calibration_of(asked, "student", 0.95)
    p = asked.says["student"]
    assert told.brier.value == pytest.approx(np.square(p - asked.y).mean())
    same = replace(
        asked,
        y=np.tile(asked.y[:, :1], 3),
        says={"student": np.tile(p[:, :1], 3)},
    )
    one = replace(asked, y=asked.y[:, :1], says={"student": p[:, :1]})
    thrice, once = (calibration_of(each, "student", 0.95) for each in (same, one))
    # The same label three times tells no more than once.
    assert thrice.ece == pytest.approx(once.ece)
    assert thrice.brier == pytest.approx(once.brier)


@pytest.mark.parametrize("off", [0.0, 0.1])
def test_the_error_is_within_its_interval(off):
    random = np.random.default_rng(0)
    holds = []
    for seed in range(20):
        said = random.uniform(0.5, 1, (500, 1))
        true = random.random((500, 1)) < said - off
        claims = Claims.of(said, true)
        found = expected_error(claims.sums(said - true), 0.95, seed)
        holds.append(found.low <= off <= found.high)
    # Of 20 at most three miss, but for a chance of one in sixty.
    assert sum(holds) >= 17
