"""Classes: labels as numbers, and outputs as scikit-learn has them."""

import numpy as np
import pytest

from skdistill.lesson.knowledge import Knowledge
from skdistill.tasks.classes import Classes

ONE = np.array(["b", "a", "c", "a"])
FLAGS = np.array([[0, 1], [1, 1], [0, 0], [1, 0]])


def two_targets():
    return Classes(None, np.column_stack([ONE, ["x", "y", "x", "y"]]), None)


def test_codes_and_labels_are_each_others_inverse():
    task = Classes(None, ONE, None)
    codes = task.encode(ONE)
    assert codes[:, 0].tolist() == [1, 0, 2, 0]
    np.testing.assert_array_equal(task.labels(task.numbers_of_labels(codes)), ONE)
    two = two_targets()
    y = np.column_stack([ONE, ["x", "y", "x", "y"]])
    np.testing.assert_array_equal(two.labels(two.numbers_of_labels(two.encode(y))), y)


def test_smoothed_labels_are_distributions_of_each_target():
    task = two_targets()
    p = task.numbers_of_labels(np.array([[0, 1], [2, 0]]), smoothing=0.3)
    for part, width in zip(task.by_target(p), task.widths, strict=True):
        np.testing.assert_allclose(part.sum(axis=1), 1)
        assert part.min() == pytest.approx(0.3 / width)


def test_outputs_have_scikit_learns_forms():
    outputs = np.arange(20.0).reshape(4, 5)
    assert Classes(None, ONE, None).arranged(outputs[:, :3]).shape == (4, 3)
    parts = two_targets().arranged(outputs)
    assert [part.shape for part in parts] == [(4, 3), (4, 2)]
    flags = Classes(None, FLAGS, None)
    assert flags.is_multilabel
    np.testing.assert_array_equal(flags.arranged(outputs[:, :4]), outputs[:, [1, 3]])
    np.testing.assert_array_equal(flags.margins(outputs[:, :4]), np.ones((4, 2)))


def test_a_column_of_flags_without_a_one_still_has_both_classes():
    task = Classes(None, np.zeros((4, 2), dtype=int), None)
    assert [classes.tolist() for classes in task.classes] == [[0, 1], [0, 1]]


def test_soft_and_hard_parts_are_joined_by_alpha():
    task, ones = Classes(None, ONE, None), np.ones(4)
    p = np.full((4, 3), 1 / 3)
    both = Knowledge(np.log(p), task.encode(ONE), ones, ones)
    target, weight = task.joint(both, 0.25)
    np.testing.assert_allclose(target, 0.25 * p + 0.75 * np.eye(3)[[1, 0, 2, 0]])
    np.testing.assert_allclose(weight, 1)


def test_strata_are_labels_or_what_the_teacher_finds_likeliest():
    task, ones = Classes(None, ONE, None), np.ones(4)
    hard = task.encode(ONE)
    soft = np.log(np.eye(3)[[2, 2, 0, 1]] + 1e-3)
    by_label = task.strata(Knowledge(None, hard, ones, ones))
    by_teacher = task.strata(Knowledge(soft, None, ones, ones))
    assert by_label.tolist() == [1, 0, 2, 0] and by_teacher.tolist() == [2, 2, 0, 1]


def test_unknown_labels_are_named():
    with pytest.raises(ValueError, match=r"y_val holds unknown classes: \['d'\]"):
        Classes(None, ONE, None).encode(np.array(["a", "d"]), "y_val")
