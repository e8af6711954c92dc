"""What a user says of checkpoints: where, and how often."""

import pytest

from skdistill import Checkpoint
from skdistill.training.checkpoints import as_checkpoint


@pytest.mark.parametrize(
    ("options", "error", "what"),
    [
        ({"every": 0}, ValueError, "every=0 is less than 1"),
        ({"every": 1.5}, TypeError, "every=1.5 is no Integral number"),
        ({"every": True}, TypeError, "every=True"),
        ({"minutes": -1}, ValueError, "minutes=-1 is less than 0"),
        ({"minutes": float("nan")}, ValueError, "minutes=nan is less than 0"),
        ({"keep": 0}, ValueError, "keep=0 is less than 1"),
        ({"keep": None}, TypeError, "keep=None"),
        ({"minutes": None}, ValueError, "every=None and minutes=None keep nothing"),
    ],
)
def test_numbers_that_make_no_sense(options, error, what):
    with pytest.raises(error, match=f"Checkpoint: {what}"):
        Checkpoint("run", **options)


def test_a_path_stands_for_one_a_minute(tmp_path):
    plain = as_checkpoint(tmp_path)
    assert repr(plain) == repr(Checkpoint(str(tmp_path), minutes=1.0, keep=2))
    assert as_checkpoint(plain) is plain
    assert as_checkpoint(None) is None
    with pytest.raises(
        TypeError, match=r"checkpoint=3 is no path: give that of a folder"
    ):
        as_checkpoint(3)


def test_whichever_comes_first():
    both = Checkpoint("run", every=10, minutes=5)
    assert both.is_due(10, 0) and both.is_due(0, 300)
    assert not both.is_due(9, 299)
    by_epochs = Checkpoint("run", every=2, minutes=None)
    assert not by_epochs.is_due(1, 1e9)
    assert not Checkpoint("run", minutes=1).is_due(1000, 59)
