"""Fits that are cut short after some checkpoints, again and again, and come to the same."""

import contextlib

import numpy as np
import torch
from torch import nn

from skdistill.training.state_files import Files

EACH_EPOCH = {"every": 1, "minutes": None}
EACH_STEP = {"every": None, "minutes": 0}


class Drawing(nn.Module):
    """A user's module that draws from torch's global generator, and counts its calls."""

    def __init__(self, n_inputs, n_outputs):
        super().__init__()
        self.layer, self.n_calls = nn.Linear(n_inputs, n_outputs), 0

    def forward(self, x):
        if self.training:
            self.n_calls += 1
            x = x + 0.1 * torch.randn_like(x) * (1 + self.n_calls % 2)
        return self.layer(x)


class Killed(BaseException):
    """Nothing in the library may catch it, as nothing can catch a SIGKILL."""


@contextlib.contextmanager
def killed_after(n_states):
    """Raise once so many states have been written."""
    write, count = Files.write, 0

    def counted(self, name, state):
        nonlocal count
        size = write(self, name, state)
        count += 1
        if count == n_states:
            raise Killed
        return size

    Files.write = counted
    try:
        yield
    finally:
        Files.write = write


def carried_through(fit, n_states=(1, 3, 2)):
    """Call ``fit`` until it is not killed; each life writes some states.

    Returns what the last call did, and the number of lives.
    """
    n_lives = 0
    while True:
        n_lives += 1
        with (
            contextlib.suppress(Killed),
            killed_after(n_states[n_lives % len(n_states)]),
        ):
            return fit(), n_lives


def assert_same_bits(student, other, X):
    """Weights, history but for durations, and predictions."""
    states = student.module_.state_dict(), other.module_.state_dict()
    assert states[0].keys() == states[1].keys()
    for name, weight in states[0].items():
        assert torch.equal(weight, states[1][name]), name
    assert without_durations(student.history_) == without_durations(other.history_)
    np.testing.assert_array_equal(student.predict(X), other.predict(X))
    if hasattr(student, "predict_proba"):
        np.testing.assert_array_equal(student.predict_proba(X), other.predict_proba(X))
    for name in ("temperature_", "n_iter_"):
        assert getattr(student, name, None) == getattr(other, name, None)


def without_durations(history):
    return [{k: v for k, v in epoch.items() if k != "dur"} for epoch in history]
