"""Thresholds of a booster."""

import numpy as np
import pytest

from skdistill.learners.hard_tree.binned import Binned
from skdistill.learners.hard_tree.costs import Squares, statistics
from skdistill.learners.hard_tree.growth import Rows
from skdistill.learners.hard_tree.hints import booster_hints
from skdistill.learners.hard_tree.lookahead import look_ahead


def rows_of(seed=0, n=400, n_columns=3, max_bins=64):
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, n_columns)).round(2)
    p = 1 / (
        1 + np.exp(-6 * (x[:, 0] > 0.37) + 3 * (x[:, 1] > -1.2) - random.normal(size=n))
    )
    target, weight = np.column_stack([1 - p, p]), random.random(n)
    return x, target, weight / weight.sum(), Binned(x, max_bins, weight)


def test_what_the_target_turns_on_comes_first():
    x, target, weight, binned = rows_of()
    hints = booster_hints(x, target, weight, binned, np.random.RandomState(0))
    assert len(set(hints)) == len(hints)
    assert all(0 <= cut < len(binned.thresholds[column]) for column, cut in hints)
    first = {}
    for column, cut in hints:
        first.setdefault(column, binned.thresholds[column][cut])
    assert first[0] == pytest.approx(0.37, abs=0.06)
    assert first[1] == pytest.approx(-1.2, abs=0.1)
    assert hints[0][0] == 0


def test_constant_targets_and_columns_give_no_hints():
    x, target, weight, binned = rows_of()
    random = np.random.RandomState(0)
    assert booster_hints(x, np.full_like(target, 0.5), weight, binned, random) == []
    still = Binned(np.zeros_like(x), 64)
    assert booster_hints(np.zeros_like(x), target, weight, still, random) == []


def test_hinted_tests_take_part_in_the_lookahead():
    x, target, weight, binned = rows_of()
    data = Rows(binned, statistics(target, weight), Squares(), 0.01)
    ahead = look_ahead(data, data.root.rows, 8, hints=[(0, 1), (2, 5)])
    assert ahead.tests[:2] == [(0, 1), (2, 5)] and len(ahead.tests) <= 8
    nobody = [(0, len(binned.thresholds[0]) - 1)]
    few = data.root.rows[x[:, 0] < 0]  # all of them pass
    assert nobody[0] not in look_ahead(data, few, 8, hints=nobody).tests
