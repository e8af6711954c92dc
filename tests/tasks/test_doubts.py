"""Who is doubted, and which cause is named. Rows are built so that no luck decides."""

import numpy as np
import pytest

from skdistill.tasks.doubts import doubt_of_classes, doubt_of_values


def rare(n_ones, area, n=2000):
    """Labels, of which few are 1, and scores of exactly that AUC, evenly spread."""
    y = np.repeat([1, 0], [n_ones, n - n_ones])
    others = np.linspace(0, 1, n - n_ones)
    # A one beats the share of the others that is below it: on average, `area`.
    level = (np.arange(n_ones) + 0.5) / n_ones
    ones = 2 * level * area if area <= 0.5 else 1 - 2 * (1 - level) * (1 - area)
    return y, np.concatenate([ones, others])


def two(p):
    return np.log(np.column_stack([1 - p, p]))


@pytest.mark.parametrize("n_ones", [25, 100, 200])
@pytest.mark.parametrize("most", [0.45, 1e-3, 1e-9])  # too high, or far too sure
@pytest.mark.parametrize("order", range(3))
def test_a_teacher_that_ranks_well_may_always_say_no(n_ones, most, order):
    y, score = rare(n_ones, area=0.8)
    shuffled = np.random.default_rng(order).permutation(len(y))
    log_p = two(most * (0.1 + 0.9 * score))[shuffled]
    assert (log_p.argmax(axis=1) == 0).all()  # kappa is 0
    assert doubt_of_classes(log_p, y[shuffled]) is None


@pytest.mark.parametrize(
    ("area", "cause"),
    [(0.5, "The usual cause: a student inside"), (0.2, "its classes are in another")],
)
def test_one_that_ranks_no_better_than_chance_is_doubted(area, cause):
    y, score = rare(100, area)
    doubt = doubt_of_classes(two(0.4 * (0.1 + 0.9 * score)), y)
    assert doubt.measure == "kappa" and cause in doubt.cause and "raw X" in doubt.cause
    assert f"AUC = {area:.3f} +- 0.0" in doubt.figures


def test_a_constant_is_called_one():
    y, _ = rare(100, 0.5)
    doubt = doubt_of_classes(two(np.full(len(y), 0.05)), y)
    assert doubt.cause.startswith("It says the same of all rows")


def test_one_that_throws_away_what_it_knows_is_doubted():
    """As a forest does that was fitted on raw columns and gets scaled ones."""
    y, score = rare(800, 0.95)
    found = doubt_of_classes(two(0.5 + 0.5 * np.clip(score, 0.01, 0.98)), y)
    assert "far from the shares of the classes" in found.cause
    # Timid, with the right shares: an ensemble after its first few trees.
    timid = 0.4 + 0.1 * (score - score.mean())
    assert doubt_of_classes(two(timid), y) is None


def test_classes_in_another_order_are_noticed_among_many():
    y = np.arange(300) % 3
    right = np.log(np.where(np.eye(3)[y] > 0, 0.8, 0.1))
    assert doubt_of_classes(right, y) is None
    doubt = doubt_of_classes(np.roll(right, 1, axis=1), y)
    assert "classes are in another order" in doubt.cause


@pytest.mark.parametrize("n_classes", range(2, 60, 7))
def test_a_teacher_that_is_always_right_is_not_doubted(n_classes):
    y = np.arange(3 * n_classes) % n_classes
    assert doubt_of_classes(np.log(np.eye(n_classes)[y] + 1e-9), y) is None
    assert doubt_of_classes(np.zeros((5, 1)), np.zeros(5, dtype=int)) is None
    assert doubt_of_classes(two(np.full(60, 0.1)), np.zeros(60, dtype=int)) is None


@pytest.fixture
def values():
    x = np.linspace(0, 1, 400)
    y = np.exp(4 + 2 * x + 0.3 * np.sin(200 * x))
    return x, y


@pytest.mark.parametrize(
    ("says", "cause"),
    [
        (lambda x, y: 4 + 2 * x, "its values are of the logarithm of y"),
        (lambda x, y: 3.5 * (x - 0.5), "its values are of a standardised y"),
        (lambda x, y: 1e6 * x, "such as its logarithm"),
        (lambda x, y: -1e6 * x, "its sign is turned"),
        (lambda x, y: np.full(400, 9.0), "It says the same of all rows"),
        (lambda x, y: 9e3 * np.sin(99 * x), "The usual cause: a student inside"),
    ],
)
@pytest.mark.parametrize("order", range(3))
def test_a_teacher_of_values_gets_the_cause_that_fits(values, says, cause, order):
    x, y = values
    some = np.random.default_rng(order).permutation(len(y))
    doubt = doubt_of_values(says(x, y)[some], y[some])
    assert doubt.measure == "R2" and cause in doubt.cause
    assert doubt_of_values(np.exp(4 + 2 * x)[some], y[some]) is None


def test_y_itself_may_be_the_logarithm(values):
    x, y = values
    doubt = doubt_of_values(np.exp(4 + 2 * x), np.log(y))
    assert "y is the logarithm of its values" in doubt.cause


def test_quantiles_are_judged_by_their_ranking(values):
    x, y = values
    low = 0.1 * np.exp(4 + 2 * x)
    assert doubt_of_values(low, y).measure == "R2"
    assert doubt_of_values(low, y, is_quantile=True) is None
    assert doubt_of_values(-low, y, is_quantile=True) is not None


@pytest.mark.parametrize("unit", [1e-300, 1.0, 1e300])
def test_large_and_small_units_are_the_same(unit):
    x = np.linspace(-1, 1, 400)
    y = x + np.sin(200 * x)
    assert doubt_of_values(unit * x, unit * y) is None
    doubt = doubt_of_values(3 - unit * x / unit, y)
    assert doubt_of_values(unit * (3 - x), unit * y).figures == doubt.figures


@pytest.mark.parametrize("label", [0, 1])
def test_labels_that_are_all_alike_doubt_nobody(label):
    p = np.random.default_rng(0).dirichlet([1, 1], 200)
    assert doubt_of_classes(np.log(p), np.full(200, label)) is None
