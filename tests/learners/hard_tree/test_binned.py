"""Columns as codes, and the thresholds between them."""

import numpy as np
import pytest

from skdistill.learners.hard_tree.binned import Binned, round_between


@pytest.mark.parametrize(
    ("low", "high", "short"),
    [
        (17.0, 18.0, 17.5),
        (0.0, 1.0, 0.5),
        (12_345.0, 67_890.0, 40_000.0),
        (3.12, 3.57, 3.3),
        (-2.0, -1.0, -1.5),
        (1e-300, 3e-300, 2e-300),
    ],
)
def test_thresholds_are_short_numbers(low, high, short):
    assert round_between(low, high) == pytest.approx(short, rel=1e-12)


def test_thresholds_always_lie_between():
    random = np.random.default_rng(0)
    ends = random.normal(size=(2000, 2)) * 10.0 ** random.integers(-30, 30, (2000, 1))
    ends[:500, 1] = np.nextafter(ends[:500, 0], np.inf)
    ends[500:600, 1] = -ends[500:600, 0]
    for low, high in np.sort(ends, axis=1).tolist():
        assert low <= round_between(low, high) < high
    big = np.finfo(float).max
    assert -big <= round_between(-big, big) < big


def test_many_values_are_cut_at_quantiles():
    x = np.random.default_rng(0).normal(size=(5000, 1))
    binned = Binned(x, 16)
    counts = np.bincount(binned.codes[0])
    assert len(counts) == 16 and counts.min() > 250
    for b, threshold in enumerate(binned.thresholds[0]):
        np.testing.assert_array_equal(binned.codes[0] <= b, x[:, 0] <= threshold)


def test_whole_numbers_are_cut_at_whole_numbers():
    whole = np.array([-3.0, -2.0, 0.0, 1.0, 17.0, 18.0, 40.0])
    columns = whole, whole + 0.25, 1000 * whole + 7, 2.0**60 * whole, 0 * whole
    binned = Binned(np.column_stack(columns), 256)
    np.testing.assert_array_equal(binned.thresholds[0], [-3, -1, 0, 10, 17, 30])
    assert ((binned.thresholds[2] - 7) % 1000 == 0).all()
    for codes in binned.codes[:4]:
        np.testing.assert_array_equal(codes, np.arange(7))
    assert len(binned.thresholds[4]) == 0
