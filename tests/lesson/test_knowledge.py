"""Targets and weights, where rows are taken or held out."""

import numpy as np
import pytest
from lessons import shares, task

from skdistill.lesson.gathering import gather
from skdistill.lesson.given import Given
from skdistill.lesson.knowledge import Knowledge, hold_out


def test_transfer_weight_holds_after_rows_are_held_out():
    rows = Given(
        np.zeros((10, 1)),
        np.arange(10) % 2,
        teacher_output=shares(10, 2),
        X_transfer=np.zeros((30, 1)),
        transfer_output=shares(30, 2),
    )
    k = gather(rows, task(rows.y), transfer_weight=2.0, class_weight={1: 3.0})
    for part in (k, k.take(np.arange(4))):
        n = part.n_labelled
        ratio = part.soft_weight[n:].sum() / part.soft_weight[:n].sum()
        assert ratio == pytest.approx(2.0)


def test_hold_out_is_stratified_and_never_takes_a_class_whole():
    codes = np.repeat([0, 1, 2, 3], [70, 20, 9, 1])
    kept, held = hold_out(codes, 0.2, np.random.RandomState(0))
    assert len(held) in (19, 20) and not set(kept) & set(held)
    assert len(kept) + len(held) == 100
    counts = np.bincount(codes[held], minlength=4)
    assert counts.tolist()[:2] == [14, 4] and counts[2] in (1, 2) and counts[3] == 0


def test_parents_are_found_again_after_rows_were_taken_twice():
    parents = np.array([[0, 1], [2, 3], [4, -1], [-1, -1], [5, 4]])
    knowledge = Knowledge(
        soft=np.zeros((11, 2)),
        hard=None,
        soft_weight=np.ones(11),
        hard_weight=np.ones(6),
        parents=parents,
    )
    first = knowledge.take(np.array([1, 2, 3, 4, 5]))  # without row 0
    np.testing.assert_array_equal(first.soft_weight[5:], [0, 1, 1, 1, 1])
    second = first.take(np.array([0, 1, 2, 4]))  # and without row 4
    np.testing.assert_array_equal(second.soft_weight[4:], [0, 1, 0, 1, 0])
