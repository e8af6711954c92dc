"""The test behind the monitor, by a count of all streams."""

import itertools

import numpy as np

from skdistill.report.drift import rising
from skdistill.report.drift.rising import _FALLS, _RATIOS, RiseTest, _stake_at


def test_the_wealth_is_a_fair_wager(monkeypatch):
    """Over all streams of six rows, at each share, what it has on average is not more."""
    monkeypatch.setattr(rising, "_grid", lambda total, n: np.linspace(0, 1, 6))
    n, length, p = 2, 5, 0.2
    for growing in (True, False):
        mean = 0.0
        for rows in itertools.product([0, 1], repeat=n + length):
            test = RiseTest(sum(rows[:n]), n, growing)
            for x in rows[n:]:
                test.see(x)
            test._pass_quiet_rows()
            chance = p ** sum(rows) * (1 - p) ** (n + length - sum(rows))
            mean += chance * test._wealth[:, 1].mean()
        assert 0.2 < mean <= 1
    stakes = [_stake_at(row) for row in range(10_000)]
    assert min(stakes) > 0 and sum(stakes) + 0.2 < 1
    assert (_RATIOS > 1).all() and (_FALLS < 1).all()
