import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skdistill.report.page import charts
from skdistill.report.page.scales import Scale, scale_of
from skdistill.report.result import Bin, Interval

FINITE = st.floats(-1e6, 1e6)


@given(st.lists(FINITE, min_size=1, max_size=9), st.integers(2, 6))
def test_a_scale_holds_all_and_keeps_their_order(values, n_ticks):
    scale = scale_of([*values, math.nan, math.inf], n_ticks)
    places = [scale.at(value) for value in sorted(values)]
    assert places == sorted(places) and 0 <= places[0] and places[-1] <= 100
    assert all(
        scale.low <= tick <= scale.high or len(values) == 1 for tick in scale.ticks
    )
    assert len(scale.ticks) <= n_ticks + 1


def test_scales_of_shares_end_with_all():
    scale = scale_of([0.9, 1.0], ends=(0.0, 1.0))
    assert scale.at(1.0) == 100 and scale.at(7.0) == 100 and scale.at(-7.0) == 0
    assert 1.0 in scale.ticks


def _numbers(svg, tag, *names):
    (element,) = re.findall(f"<{tag}[^>]*>", str(svg))
    return [float(re.search(f' {name}="([-\\d.]+)%', element)[1]) for name in names]


def test_a_figure_is_drawn_where_its_scale_says():
    scale = Scale(0.0, 10.0, ())
    svg = charts.track(scale, Interval(4.0, 3.0, 6.0), "s0")
    assert _numbers(svg, "circle", "cx") == [40]
    assert _numbers(svg, "line", "x1", "x2") == [30, 60]
    assert "<circle" not in charts.track(scale, Interval(math.nan), "s0")
    half = charts.track(scale, Interval(4.0, 3.0), "teacher")
    assert _numbers(half, "line", "x1", "x2") == [30, 40]
    assert _numbers(half, "rect", "x") == [40]


def test_bars_start_at_zero():
    scale = Scale(-5.0, 5.0, ())
    for value, ends in ((2.0, [50, 20]), (-2.0, [30, 20])):
        svg = charts.bars(scale, [(Interval(value), "s0")])
        assert _numbers(svg, "rect", "x", "width") == pytest.approx(ends)


def test_what_came_true_is_drawn_upwards():
    bins = (Bin(0.2, Interval(0.3, 0.25, 0.35), 9), Bin(0.9, Interval(math.nan), 0))
    svg = charts.reliability(bins, "s0", "of <b>")
    assert _numbers(svg, "circle", "cx", "cy") == [20, 70]
    assert 'aria-label="of &lt;b&gt;"' in svg


def test_long_histories_are_thinned_but_keep_their_ends():
    losses = [float(10_000 - i) for i in range(10_000)]
    svg = str(charts.curves([(losses, "net", True)], {"net": "s0"}, "losses"))
    points = re.search('points="([^"]*)"', svg)[1].split()
    assert len(points) <= 301
    assert points[0].startswith("0,") and points[-1].startswith("100,")
    short = charts.curves(
        [([3.0, math.nan, 1.0], "net", False)], {"net": "s0"}, "losses"
    )
    assert len(re.search('points="([^"]*)"', str(short))[1].split()) == 2
