"""What is searched of tables that are too large: bounds that hold for any shape."""

import tracemalloc

import numpy as np
import pytest

from skdistill import HardDecisionTreeClassifier, HardDecisionTreeRegressor
from skdistill.learners.hard_tree.binned import Binned
from skdistill.learners.hard_tree.condensing import (
    MOST_COLUMNS,
    MOST_OUTPUTS,
    best_columns,
    few_outputs,
    fewer_bins,
    pairs_of,
)
from skdistill.learners.hard_tree.costs import Entropy, Squares, statistics
from skdistill.learners.hard_tree.growth import Rows
from skdistill.learners.hard_tree.lookahead import look_ahead

RANDOM = np.random.RandomState


def wide(seed, n=60, n_columns=4000):
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, n_columns))
    planted = int(random.integers(n_columns))
    y = (x[:, planted] + 0.3 * random.normal(size=n) > 0).astype(int)
    return x, y, planted


def columns_of(x, y):
    target = np.eye(y.max() + 1)[y]
    return best_columns(x, target, np.full(len(x), 1 / len(x)), 0.005, RANDOM(0))


@pytest.mark.parametrize("seed", range(5))
def test_a_planted_column_among_thousands_is_kept(seed):
    x, y, planted = wide(seed)
    columns = columns_of(x, y)
    assert len(columns) <= MOST_COLUMNS and (np.diff(columns) > 0).all()
    assert planted in columns


def test_a_tree_on_some_columns_is_one_of_the_whole_table():
    x, y, planted = wide(0)
    tree = HardDecisionTreeClassifier(max_leaf_nodes=3, random_state=0).fit(x, y)
    assert planted in tree.tree_.feature
    assert tree.feature_importances_.shape == (x.shape[1],)
    np.testing.assert_array_equal(tree.apply(x), tree.tree_.apply(x))


def test_a_column_that_matters_on_one_side_only_is_kept():
    random = np.random.default_rng(0)
    x = random.normal(size=(400, 600))
    x[:, [17, 311, 590]] = random.integers(0, 2, size=(400, 3))
    target = np.where(x[:, 17] == 1, 5 + x[:, 311], x[:, 590])[:, None]
    columns = best_columns(x, target, np.ones(400), 2.0, RANDOM(0))
    assert {17, 311, 590} <= set(columns.tolist())


def test_within_the_bounds_nothing_is_condensed():
    x, y, _ = wide(0, n_columns=MOST_COLUMNS)
    assert columns_of(x, y) == slice(None)
    p = np.random.default_rng(0).dirichlet(np.ones(MOST_OUTPUTS), 60)
    assert few_outputs(x, p, np.ones(60), [MOST_OUTPUTS], RANDOM(0)) == (
        p,
        [MOST_OUTPUTS],
    )
    assert few_outputs(x, p, np.ones(60), [], RANDOM(0)) == (p, [])
    for sizes, n_stats in (
        ([568] * 30, 3),
        ([16] * 64, 11),
        ([255] * 10 + [1] * 44, 8),
    ):
        assert fewer_bins(sizes, 1024, n_stats, 32) == 1024
    assert pairs_of(240, 11) == 240


@pytest.mark.parametrize("n_columns", [1, 7, MOST_COLUMNS])
@pytest.mark.parametrize("n_outputs", [1, 10, MOST_OUTPUTS])
@pytest.mark.parametrize("max_leaf_nodes", [2, 32, 5000])
def test_sums_over_tests_are_bounded_for_any_shape(
    n_columns, n_outputs, max_leaf_nodes
):
    n_stats = 1 + n_outputs
    bins = fewer_bins([1023] * n_columns, 1024, n_stats, max_leaf_nodes)
    assert 2 <= bins <= 1024
    assert bins == 2 or n_columns * (bins - 1) * n_stats**2 <= 1 << 19
    assert (bins - 1) * n_stats * max_leaf_nodes <= 1 << 22
    assert 0 < pairs_of(240, n_stats) * n_stats <= 1 << 12


@pytest.mark.parametrize("n_tests", [4, 20, 60])
def test_the_look_ahead_has_no_more_tests_than_it_was_given(n_tests):
    x, y, _ = wide(1, n_columns=70)
    data = Rows(Binned(x, 64), statistics(np.eye(2)[y], np.ones(60)), Entropy(), 1.0)
    hints = [(column, 3) for column in range(60, 0, -1)]
    for some in ((), hints):
        ahead = look_ahead(data, data.root.rows, n_tests, hints=some)
        assert 0 < len(ahead.tests) <= n_tests


def test_classes_that_lie_together_are_one():
    x = np.random.default_rng(0).normal(size=(1500, 4))
    order = np.argsort(np.argsort(x[:, 2]))
    y = order * 300 // 1500
    p = np.eye(300)[y]
    few, is_distribution = few_outputs(x, p, np.ones(1500), [300], RANDOM(0))
    assert is_distribution and few.shape[1] <= MOST_OUTPUTS
    np.testing.assert_allclose(few.sum(axis=1), 1)
    for group in range(few.shape[1]):
        members = np.unique(y[few[:, group] == 1])
        assert len(members) == 0 or np.ptp(members) < 60


def test_several_targets_stay_distributions_of_their_own():
    random = np.random.default_rng(0)
    x, widths = random.normal(size=(200, 3)), [90, 3, 40]
    parts = [np.eye(k)[random.integers(0, k, 200)] for k in widths]
    few, is_distribution = few_outputs(
        x, np.hstack(parts), np.ones(200), widths, RANDOM(0)
    )
    assert is_distribution and few.shape[1] <= MOST_OUTPUTS
    np.testing.assert_allclose(few.sum(axis=1), len(widths))
    labels = np.hstack([np.eye(2)[random.integers(0, 2, 200)] for _ in range(40)])
    few, is_distribution = few_outputs(x, labels, np.ones(200), [2] * 40, RANDOM(0))
    assert not is_distribution and few.shape[1] <= MOST_OUTPUTS


def test_directions_of_many_values_keep_what_they_have_in_common():
    random = np.random.default_rng(0)
    x, hidden = random.normal(size=(300, 2)), random.normal(size=(300, 3))
    values = hidden @ random.normal(size=(3, 100))
    few, _ = few_outputs(x, values, np.ones(300), [], RANDOM(0))
    sums = [
        statistics(each, np.ones(300))[:, :90].sum(axis=1) for each in (values, few)
    ]
    assert Squares()(sums[0]) == pytest.approx(Squares()(sums[1]))


def peak(student, X, y):
    tracemalloc.start()
    try:
        student.fit(X, y)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_wide_table_takes_little_memory():
    X, y, _ = wide(2, n_columns=2000)
    student = HardDecisionTreeClassifier(max_leaf_nodes=3, random_state=0)
    assert peak(student, X, y) < 1e8  # the table itself is 1 MB


def test_many_classes_take_little_memory_and_leaves_know_all_of_them():
    random = np.random.default_rng(0)
    y = np.arange(400) % 200
    X = random.normal(size=(400, 3))
    X[:, 1] = y
    tree = HardDecisionTreeClassifier(max_leaf_nodes=4, random_state=0)
    assert peak(tree, X, y) < 2e8
    assert tree.feature_importances_.argmax() == 1
    p = tree.predict_proba(X)
    assert p.shape == (400, 200)
    assert (p[np.arange(400), y] > 2 / 200).mean() > 0.9


def test_many_values_are_learnt_by_few():
    random = np.random.default_rng(0)
    X = random.normal(size=(300, 3)).round(1)  # so few values that each is a threshold
    y = np.outer(X[:, 2] > 0, random.normal(size=100))
    tree = HardDecisionTreeRegressor(max_leaf_nodes=2, random_state=0).fit(X, y)
    np.testing.assert_allclose(tree.predict(X), y, atol=1e-6)
