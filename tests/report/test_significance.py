import itertools

import numpy as np
import pytest
from scipy import stats

from skdistill.report.significance import fewer_hits, larger_means, mean_interval


def test_fewer_hits_is_fishers_exact_test():
    rng = np.random.default_rng(0)
    is_hit, inside = rng.random(40) < 0.8, rng.random((5, 40)) < 0.3
    for p, part in zip(fewer_hits(is_hit, inside), inside, strict=True):
        cells = [
            [(is_hit & part).sum(), (~is_hit & part).sum()],
            [(is_hit & ~part).sum(), (~is_hit & ~part).sum()],
        ]
        assert p == pytest.approx(stats.fisher_exact(cells, "less").pvalue)


def test_larger_means_are_as_rare_as_among_all_parts_of_that_size():
    values = np.array([0.0, 0.1, 0.1, 0.4, 0.5, 2.0, 3.0, 9.0])
    inside = np.zeros((2, 8), dtype=bool)
    inside[0, [4, 5, 6]] = inside[1, [0, 7]] = True
    found = larger_means(values, inside, np.random.default_rng(0), level=1e-3)
    for p, part in zip(found, inside, strict=True):
        others = itertools.combinations(values, part.sum())
        exact = np.mean([sum(each) >= values[part].sum() - 1e-12 for each in others])
        assert p == pytest.approx(exact, abs=0.05)


def test_a_part_with_the_largest_values_has_the_smallest_p_value_there_is():
    values, inside = np.repeat([0.0, 1.0], [900, 100]), np.zeros((1, 1000), dtype=bool)
    inside[0, 900:] = True
    (p,) = larger_means(values, inside, np.random.default_rng(0))
    assert p == 1 / 1000


def test_all_rows_are_no_worse_than_the_rest():
    inside = np.ones((1, 30), dtype=bool)
    values = np.random.default_rng(0).random(30)
    assert larger_means(values, inside, np.random.default_rng(1)) == [1.0]
    assert fewer_hits(values > 0.5, inside) == [1.0]


def test_mean_interval_is_students():
    values = np.random.default_rng(0).gamma(1, size=20)
    value, *ends = mean_interval(values, 0.9)
    expected = stats.t.interval(0.9, 19, values.mean(), stats.sem(values))
    assert value == pytest.approx(values.mean())
    assert ends == pytest.approx(expected)
    assert np.isnan(mean_interval(values[:1], 0.9)[1:]).all()
    assert np.isnan(mean_interval(values[:0], 0.9)).all()
