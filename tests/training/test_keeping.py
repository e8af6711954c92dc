"""Files of checkpoints: what they hold, and what of them is believed."""

import hashlib
import os
import pickle

import numpy as np
import pytest
import torch
from torch import nn

from skdistill.training.keeping import (
    CannotKeep,
    Damaged,
    frozen,
    key_of,
    module_state,
    read_state,
    take_module_state,
    thawed,
    write_state,
)


def test_values_come_back_as_they_were(tmp_path):
    value = {
        "tensor": torch.arange(3, dtype=torch.bfloat16),
        "array": np.arange(6.0).reshape(2, 3),
        "numbers": [1, 2.5, np.float64(0.1), True, None, "text", b"bytes"],
        "pair": (1, {2}),
        3: [],
    }
    write_state(tmp_path / "a", frozen(value))
    found = thawed(read_state(tmp_path / "a"))
    assert torch.equal(found["tensor"], value["tensor"])
    np.testing.assert_array_equal(found["array"], value["array"])
    assert found["numbers"] == value["numbers"] and found["pair"] == value["pair"]
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_a_part_of_a_large_tensor_is_kept_alone(tmp_path):
    part = torch.zeros(1_000_000)[:10]
    assert write_state(tmp_path / "a", frozen({"part": part})) < 10_000


@pytest.mark.parametrize("value", [object(), lambda: 0, np.array([object()])])
def test_what_cannot_be_kept_is_named(value):
    with pytest.raises(CannotKeep, match=r"^an item of it\['a'\] is a "):
        frozen({"a": [value]})


@pytest.mark.parametrize("cut", [0, 10, 90, 500, -1])
def test_a_cut_file_is_noticed(tmp_path, cut):
    path = tmp_path / "a"
    write_state(path, {"x": torch.zeros(100)})
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(Damaged, match="cut short"):
        read_state(path)


def test_nothing_in_a_file_runs(tmp_path):
    class Bad:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "made"),)

    path = tmp_path / "a"
    write_state(path, {"x": torch.zeros(1)})
    magic = path.read_bytes().partition(b"\n")[0] + b"\n"
    bare = pickle.dumps({"x": Bad()}, protocol=2)
    torch.save({"x": Bad()}, tmp_path / "saved")
    for content in (bare, (tmp_path / "saved").read_bytes()):
        sum_ = hashlib.sha256(content).hexdigest().encode()
        path.write_bytes(magic + sum_ + b"\n" + content)
        with pytest.raises(Damaged, match="cannot be read"):
            read_state(path)
    assert not (tmp_path / "made").exists()


def test_a_module_with_all_its_tensors_and_numbers():
    class Counting(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm, self.count = nn.BatchNorm1d(2), 0
            self.register_buffer("seen", torch.zeros(2), persistent=False)

    module, twin = Counting(), Counting()
    module.count, module.seen[0], module.norm.running_mean[1] = 3, 1.0, 2.0
    module.eval()
    take_module_state(twin, module_state(module))
    assert twin.count == 3 and twin.seen[0] == 1 and twin.norm.running_mean[1] == 2
    assert twin.training  # the mode is that of the pass


def test_keys_of_tensors():
    zeros = torch.zeros(2, 3)
    assert key_of(zeros, None) == key_of(torch.zeros(3, 2).T.clone(), None)
    others = [torch.zeros(3, 2), zeros.double(), torch.zeros(2, 3).add_(1e-30)]
    keys = {key_of(zeros), key_of(zeros, None), *map(key_of, others)}
    assert len(keys) == 5
