"""Weights of classes, for labels and for soft targets."""

import numpy as np
import pytest
from lessons import shares, task
from sklearn.utils.class_weight import compute_sample_weight

from skdistill.lesson.gathering import gather
from skdistill.lesson.given import Given


def test_class_weight_of_an_unlabelled_row_is_its_mean():
    P = shares(5, 2)
    rows = Given(
        np.zeros((2, 1)),
        np.array([0, 1]),
        teacher_output=np.eye(2),
        X_transfer=np.zeros((5, 1)),
        transfer_output=P,
    )
    k = gather(rows, task(rows.y), class_weight={0: 1.0, 1: 10.0})
    np.testing.assert_allclose(k.soft_weight[2:], P @ [1, 10])
    np.testing.assert_array_equal(k.hard_weight, [1, 10])
    odds = np.exp(k.soft[2:, 1] - k.soft[2:, 0])
    np.testing.assert_allclose(odds, 10 * P[:, 1] / P[:, 0])


def test_class_weight_of_a_class_that_only_the_teacher_knows():
    P = shares(4, 3)
    rows = Given(np.zeros((4, 1)), np.array([0, 1, 0, 1]), teacher_output=P)
    r = task(rows.y, classes=[0, 1, 2])
    k = gather(rows, r, class_weight={0: 1.0, 2: 5.0})
    np.testing.assert_allclose(k.soft_weight, P @ [1, 1, 5])
    with pytest.raises(ValueError, match=r"class_weight names \[7\]"):
        gather(rows, r, class_weight={7: 1.0})
    with pytest.raises(ValueError, match="class_weight=.*not negative"):
        gather(rows, r, class_weight={0: -1.0})


def test_balanced_weights_are_those_of_scikit_learn():
    y = np.array([0, 0, 0, 1, 2, 2])
    rows = Given(np.zeros((6, 1)), y, teacher_output=shares(6, 3))
    k = gather(rows, task(y), class_weight="balanced")
    np.testing.assert_allclose(k.hard_weight, compute_sample_weight("balanced", y))
