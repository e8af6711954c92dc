import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skdistill.report.page.written import (
    UNKNOWN,
    at_least,
    at_most,
    duration,
    figure,
    interval,
    level,
    memory,
    middle,
    share,
    times,
)
from skdistill.report.result import Interval


def _plain(text):
    for odd, plain in (("\u00a0", " "), ("\N{MINUS SIGN}", "-"), (",", "")):
        text = text.replace(odd, plain)
    return text


def _number(text):
    return float(_plain(text).rstrip(" %"))


@given(st.floats(0, 1))
def test_a_lower_bound_is_never_promised_higher(bound):
    least, most = _number(at_least(bound)), _number(at_most(bound))
    assert least <= 100 * bound + 1e-6 < least + 0.1 + 2e-6
    assert least + most == pytest.approx(100)


@given(st.floats(0, 1))
def test_nothing_is_rounded_to_all_or_nothing(value):
    text = _plain(share(value))
    assert (text == "0.0 %") == (value == 0) and (text == "100.0 %") == (value == 1)


@given(st.floats(-1e12, 1e12), st.floats(1e-3, 1e6))
def test_a_figure_keeps_two_digits_of_its_interval(value, width):
    error = abs(_number(figure(value, width)) - value)
    assert error <= 0.051 * width + 1e-12 * abs(value)


def test_how_figures_are_written():
    found = Interval(0.84234, 0.8264, 0.8574)
    assert (middle(found), interval(found)) == ("0.842", "0.826 to 0.857")
    assert _plain(interval(found, 0)) == "83 % to 86 %"
    assert interval(Interval(0.5)) == "" and middle(Interval(0.5)) == "0.5"
    assert _plain(figure(-0.0123)) == "-0.0123" and figure(-0.0001, 0.5) == "0.00"
    assert figure(7_675_066_923.0, 1.3e9) == "7.7e9" and figure(306_301.0) == "306,000"
    assert figure(2024.0) == "2020" and figure(123456.0) == "123,000"
    assert _plain(share(0.04)) == "4.0 %" and _plain(level(0.95)) == "95 %"
    assert _plain(share(-0.0712)) == "-7.1 %" and _plain(share(12.5, 0)) == "1250 %"
    assert (times(2135), times(1.25)) == ("2,100 times", "1.2 times")
    for write in (figure, share, at_least, at_most, memory, duration):
        assert write(math.nan) == UNKNOWN


@pytest.mark.parametrize(
    "n_bytes, words",
    [(0, "0 bytes"), (999, "999 bytes"), (999_600, "1 MB"), (12_340, "12.3 kB")],
)
def test_bytes_in_units(n_bytes, words):
    assert _plain(memory(n_bytes)) == words


@pytest.mark.parametrize(
    "seconds, words",
    [(2.5e-7, "250 ns"), (3.1e-4, "310 \u00b5s"), (0.0121, "12.1 ms"), (93.0, "93 s")],
)
def test_seconds_in_units(seconds, words):
    assert _plain(duration(seconds)) == words
