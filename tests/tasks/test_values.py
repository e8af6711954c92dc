"""Values: their unit, and what is taken as answers about them."""

import numpy as np
import pytest

from skdistill.lesson.knowledge import Knowledge
from skdistill.tasks.values import Values

Y = np.array([1.0, 3.0, 5.0, 7.0])


def knowledge(soft, hard):
    ones = np.ones(len(Y))
    return Knowledge(soft, hard, ones, ones)


def test_the_unit_is_that_of_y_and_answers_come_back_as_y_was():
    task = Values(Y)
    task.measure(knowledge(None, Y[:, None]))
    measured = task.measured(Y[:, None])
    assert measured.mean() == pytest.approx(0) and measured.std() == pytest.approx(1)
    np.testing.assert_allclose(task.restored(measured), Y)
    column = Values(Y[:, None])
    column.measure(knowledge(None, Y[:, None]))
    assert column.restored(measured).shape == (4, 1)


def test_without_a_unit_values_stay_as_they_are():
    task = Values(Y)
    np.testing.assert_array_equal(task.numbers_of_labels(Y[:, None]), Y[:, None])
    np.testing.assert_array_equal(task.restored(Y), Y)


def test_a_constant_y_beside_a_teacher_has_no_unit():
    zeros = np.zeros((4, 1))
    task = Values(zeros[:, 0])
    task.measure(knowledge(Y[:, None], zeros))
    assert task.unit.scale == pytest.approx(Y.std())


def test_soft_and_hard_parts_are_joined_by_alpha():
    task = Values(Y)
    target, weight = task.joint(knowledge(Y[:, None] + 2, Y[:, None]), 0.25)
    np.testing.assert_allclose(target, Y[:, None] + 0.5)
    np.testing.assert_allclose(weight, 1)


def test_quantiles_are_sorted_and_must_be_as_many():
    levels = np.array([0.1, 0.9])
    task = Values(Y, levels)
    crossed = np.column_stack([Y + 1, Y])
    np.testing.assert_array_equal(task.accept(crossed, "output", 4), crossed[:, ::-1])
    with pytest.raises(ValueError, match=r"output predicts points, and quantiles="):
        task.accept(Y, "output", 4)
    with pytest.raises(ValueError, match="has 4 rows, and there must be 3"):
        task.accept(crossed, "output", 3)


def test_the_number_of_targets_is_that_of_y():
    task = Values(np.column_stack([Y, Y]))
    with pytest.raises(ValueError, match="give one for each target"):
        task.accept(Y, "output", 4)
    with pytest.raises(ValueError, match="y_val has 1 targets, and there are 2"):
        task.encode(Y, "y_val")


def test_a_list_has_an_array_for_each_target():
    task = Values(np.column_stack([Y, -Y]))
    expected = np.column_stack([Y + 1, Y - 1])
    for output in (
        expected,
        expected.tolist(),
        [Y + 1, Y - 1],
        (Y + 1, Y[:, None] - 1),
    ):
        np.testing.assert_array_equal(task.accept(output, "output", 4), expected)
    with pytest.raises(ValueError, match="has 3 rows, and there must be 4"):
        task.accept([Y[:3], Y[:3]], "output", 4)
    two_rows = Values(expected[:2])
    rows = expected[:2].tolist()
    np.testing.assert_array_equal(two_rows.accept(rows, "output", 2), rows)
