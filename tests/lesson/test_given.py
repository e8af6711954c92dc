"""What fit is given: what must come together, and who has to be asked."""

import numpy as np
import pytest

from skdistill.lesson.given import Given, needs_teacher
from skdistill.transfer.drawn import Drawn

X = np.arange(6.0)[:, None]
P = np.full((6, 2), 0.5)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"transfer_output": P}, "transfer_output needs its rows: give X_transfer"),
        ({"X_transfer": X}, "X_transfer has no labels: give a teacher"),
        ({"y_val": X[:, 0]}, "y_val needs its rows: give X_val"),
        ({"X_val": X}, "X_val has no targets: give y_val, or a teacher"),
    ],
)
def test_rows_need_targets_and_targets_rows(more, message):
    given = Given(X, X[:, 0], **more)
    with pytest.raises(ValueError, match=message):
        given.check(has_teacher=False)
    if "teacher" in message:
        given.check(has_teacher=True)


def test_the_teacher_is_asked_where_outputs_or_labels_are_missing():
    outputs = {"teacher_output": P, "X_transfer": X, "transfer_output": P}
    whole = outputs | {"X_val": X, "y_val": X[:, 0]}
    assert not needs_teacher(Given(X, **outputs))
    assert not needs_teacher(Given(X, **whole))
    for name in ("teacher_output", "transfer_output", "y_val"):
        assert needs_teacher(Given(X, **(whole | {name: None}))), name
    parents = np.zeros((6, 0), dtype=int)
    assert needs_teacher(Given(X, **whole, drawn=Drawn(X, parents)))
    assert not needs_teacher(Given(X, **whole, drawn=Drawn(X, parents, output=P)))


def test_rows_that_nobody_had_time_to_label_are_the_last_drawn_ones():
    drawn = Drawn(X + 10, np.arange(6)[:, None])
    given = Given(X, X_transfer=X[:2], drawn=drawn)
    assert given.first(6 + 2 + 6) is given
    kept = given.first(6 + 2 + 4).drawn
    np.testing.assert_array_equal(kept.X, X[:4] + 10)
    np.testing.assert_array_equal(kept.parents, drawn.parents[:4])
