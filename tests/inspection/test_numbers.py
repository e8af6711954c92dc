"""Numbers and shares as a person reads them."""

import math

import numpy as np
import pytest

from skdistill.inspection.numbers import beside, in_full, number, percent


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (17.5, "17.5"),
        (2024.0, "2024"),
        (104_000.0, "104,000"),
        (-12_345.5, "-12,345.5"),
        (0.00003, "0.00003"),
        (0.1 + 0.2, "0.30000000000000004"),
        (-0.0, "0"),
        (math.inf, "inf"),
        (2.0**53, "9,007,199,254,740,992"),
    ],
)
def test_a_number_in_full(value, text):
    assert in_full(value) == text


def test_no_digit_is_lost():
    random = np.random.default_rng(0)
    values = random.normal(size=2000) * 10.0 ** random.integers(-300, 300, 2000)
    for value in [*values, 1e15, 1e16, 2.0**53, 5e-324, 1.7e308, *values.round(3)]:
        assert float(in_full(value).replace(",", "")) == value


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ((104_321.0,), "104,000"),
        ((-2.5134,), "-2.51"),
        ((-2.5134, 2), "-2.5"),
        ((2024.31, 3, 5.0), "2024.3"),
        ((1e-17, 3, 1.0), "0"),
        ((0.0123, 3, 1.0), "0.0123"),
        ((1.7e308, 3, 1e-300), "1.7e+308"),
        ((math.nan,), "nan"),
    ],
)
def test_digits_are_of_the_spread_or_of_the_number(given, text):
    assert number(*given) == text


@pytest.mark.parametrize(
    ("share", "digits", "text"),
    [
        (0.63, 3, "63 %"),
        (0.1152, 3, "11.5 %"),
        (0.1152, 2, "12 %"),
        (3.46e-7, 3, "< 0.1 %"),
        (3.46e-7, 2, "< 1 %"),
        (0.9999, 3, "> 99.9 %"),
        (0.49996, 3, "49.996 %"),
        (0.5, 3, "50 %"),
        (0.0, 3, "0 %"),
        (1.0, 3, "100 %"),
    ],
)
def test_nothing_is_rounded_to_all_half_or_nothing(share, digits, text):
    assert percent(share, digits) == text


@pytest.mark.parametrize("seed", range(50))
def test_a_number_beside_another_stays_on_its_side(seed):
    random = np.random.default_rng(seed)
    value = random.normal() * 10.0 ** random.integers(-6, 7)
    other = value * (1 + random.normal() * 10.0 ** random.integers(-12, 1))
    shown = float(beside(value, other).replace(",", ""))
    assert (shown > other) == (value > other)
    assert abs(shown - value) <= abs(value - other) / 20
    assert beside(104_250.0, other) == "104,250" and beside(2.5, 2.5) == "2.5"
