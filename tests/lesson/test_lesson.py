"""The rows of a lesson as the student sees them."""

import numpy as np

from skdistill.lesson.given import Read
from skdistill.lesson.knowledge import Knowledge
from skdistill.lesson.lesson import Lesson
from skdistill.transfer.drawn import Drawn

X, EXTRA, DRAWN = (np.arange(n, n + 3.0)[:, None] for n in (0, 10, 20))
ROWS = {"X_transfer": EXTRA, "drawn": Drawn(DRAWN, np.zeros((3, 0), dtype=int))}


def targets(soft):
    return Knowledge(soft, np.zeros((3, 1)), np.ones(9), np.ones(3))


def test_rows_of_x_are_first_then_those_given_then_those_drawn():
    lesson = Lesson(Read(X, **ROWS), None, None, None)
    view = lesson.whole_view(np.negative, targets(np.zeros((9, 2))))
    np.testing.assert_array_equal(view, -np.concatenate([X, EXTRA, DRAWN]))
    for name, rows in ROWS.items():
        only = Lesson(Read(X, **{name: rows}), None, None, None)
        expected = EXTRA if name == "X_transfer" else DRAWN
        np.testing.assert_array_equal(only.transfer_view(np.negative), -expected)


def test_labels_alone_teach_about_x_alone():
    lesson = Lesson(Read(X, **ROWS), None, None, None)
    np.testing.assert_array_equal(lesson.whole_view(np.copy, targets(None)), X)
    alone = Lesson(Read(X), None, None, None)
    assert alone.transfer_view(np.copy) is None
    np.testing.assert_array_equal(
        alone.whole_view(np.copy, targets(np.zeros((3, 2)))), X
    )
