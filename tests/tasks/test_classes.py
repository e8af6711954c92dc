"""Classes: labels as numbers, and outputs as scikit-learn has them."""

import numpy as np
import pytest
from lessons import shares, task
from scipy import sparse

from skdistill.lesson.knowledge import Knowledge
from skdistill.tasks.classes import Classes, union_of_classes

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


def test_union_of_classes_is_sorted_and_keeps_the_dtype():
    assert union_of_classes([3, 1], [2.0]).tolist() == [1, 2, 3]
    assert union_of_classes([3, 1], [2.0]).dtype == np.array([1]).dtype
    assert union_of_classes(None, ["b"], np.array(["abc"])).tolist() == ["abc", "b"]
    with pytest.raises(ValueError, match="strings and some are numbers"):
        union_of_classes(["a"], [1])


def test_teacher_output_is_put_into_the_order_of_classes():
    P = shares(4, 3)
    r = task(np.array(["a", "b", "c", "a"]), classes=["c", "a", "b"])
    log_p = r.accept(P, "teacher_output", 4)
    np.testing.assert_allclose(np.exp(log_p), P[:, [1, 2, 0]])


def test_one_column_is_the_second_class():
    r = task(np.array(["no", "yes"]))
    np.testing.assert_allclose(
        np.exp(r.accept([0.2, 0.9], "teacher_output", 2)), [[0.8, 0.2], [0.1, 0.9]]
    )


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (shares(5, 3), "has 5 rows, and there must be 6"),
        (shares(6, 2), "2 columns and there are 3 classes"),
        (np.where(np.eye(6, 3) > 0, np.nan, 0.5), "NaN or infinity, first in row 0"),
        (shares(6, 3) * 1.1, "each row summing to 1"),
        (shares(6, 3) * [[1, 1, -1]], "each row summing to 1"),
        (shares(6, 3)[None], "must be of shape"),
        (shares(0, 3), "has 0 rows, and there must be 6"),
        ({0: shares(6, 1)}, "must be numbers of shape .* a dict was given"),
    ],
)
def test_bad_teacher_output_is_named(output, message):
    r = task(np.array([0, 1, 2, 0, 1, 2]))
    with pytest.raises((TypeError, ValueError), match=f"teacher_output.*{message}"):
        r.accept(output, "teacher_output", 6)


def test_sparse_teacher_output_is_as_good_as_dense():
    r, P = task(np.array([0, 1, 2, 0, 1, 2])), np.eye(6, 3) + np.eye(6, 3, -3)
    dense, of_sparse = (r.accept(p, "output", 6) for p in (P, sparse.csr_array(P)))
    np.testing.assert_array_equal(of_sparse, dense)


def test_numbers_stay_numbers_beside_strings():
    y = np.array([["a", 3], ["b", 5], ["a", 5]], dtype=object)
    known = Classes(None, y, None)
    soft = np.log(known.numbers_of_labels(known.encode(y), smoothing=0.1))
    assert known.labels(soft).tolist() == y.tolist()


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ([], "must be a list of labels"),
        ({0, 1}, "must be a list of labels"),
        ([0, None], "holds a gap"),
        ([0, np.nan], "holds a gap"),
        ([1, 1], "names a class twice"),
    ],
)
def test_classes_that_are_no_labels_are_named(classes, message):
    with pytest.raises(ValueError, match=f"classes=.*{message}"):
        Classes(None, np.array([0, 1]), classes)
