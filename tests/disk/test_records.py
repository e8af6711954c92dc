"""Records in a temporary file: what was written is read, in any order."""

import numpy as np
import pytest

from skdistill.disk import records
from skdistill.disk.records import RecordFile

KIND = np.dtype([("x", np.float32, (3,)), ("code", np.int64)])


def _made(n, start=0):
    made = np.zeros(n, KIND)
    made["code"] = np.arange(start, start + n)
    made["x"] = made["code"][:, None] + [0.25, 0.5, 0.75]
    return made


def test_blocks_come_back_as_they_were_written(tmp_path):
    file = RecordFile(tmp_path)
    file.reserve(KIND, 10)
    file.append(_made(7))
    file.append(_made(3, start=7))
    assert len(file) == 10
    read = file.read([(8, 10), (0, 3), (5, 6)])
    assert read["code"].tolist() == [8, 9, 0, 1, 2, 5]
    np.testing.assert_array_equal(read["x"][:, 1], read["code"] + 0.5)


def test_nothing_is_left_behind(tmp_path):
    file = RecordFile(tmp_path)
    file.reserve(KIND, 5)
    file.append(_made(5))
    assert not list(tmp_path.iterdir())  # nor if the process is killed now


def test_a_disk_without_room_is_noticed_before_anything_is_written(
    tmp_path, monkeypatch
):
    class Usage:
        free = 10

    monkeypatch.setattr(records.shutil, "disk_usage", lambda folder: Usage)
    with pytest.raises(OSError, match=r"take .* GB, and .* left: .*`scratch`"):
        RecordFile(tmp_path).reserve(KIND, 10**6)
