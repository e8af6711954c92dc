import os
import signal

import numpy as np
import other_seeds  # before anything that draws
import pytest
import torch
from browsers import started_chromium
from hypothesis import settings
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from skdistill import NeuralStudentClassifier
from skdistill.training import joint_program, loop

torch.set_num_threads(int(os.environ.get("SKDISTILL_TEST_THREADS", "1")))
# The same random tables in every run; `make test-all` draws new ones.
settings.register_profile("repeatable", derandomize=True)
settings.load_profile("repeatable")
# A shell may start us in the background with Ctrl-C ignored, and some tests press it.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def same_draws_in_every_run():
    """Modules of the tests' own, and random_state=None, start alike."""
    torch.manual_seed(other_seeds.SHIFT)
    np.random.seed(other_seeds.SHIFT)  # noqa: NPY002


@pytest.fixture(scope="session")
def chromium():
    with started_chromium() as browser:
        yield browser


@pytest.fixture
def pyplot():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    from matplotlib import pyplot

    yield pyplot
    pyplot.close("all")


@pytest.fixture(scope="session")
def iris():
    X, codes = load_iris(return_X_y=True)
    return X, load_iris().target_names[codes]


@pytest.fixture(scope="session")
def iris_forest(iris):
    return RandomForestClassifier(10, random_state=0).fit(*iris)


@pytest.fixture(scope="session")
def diabetes():
    return load_diabetes(return_X_y=True)


@pytest.fixture(scope="session")
def diabetes_forest(diabetes):
    return RandomForestRegressor(10, random_state=0).fit(*diabetes)


class Clock:
    """The time that the library reads: it passes only where a test says so."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


@pytest.fixture
def clock(monkeypatch):
    """For time budgets: a busy machine's own clock would make them anything."""
    clock = Clock()
    monkeypatch.setattr("skdistill.transfer.drawn.time", clock)
    return clock


@pytest.fixture(scope="session")
def data():
    return load_iris(return_X_y=True)


@pytest.fixture
def double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def joined(monkeypatch):
    """How many nets were trained together each time."""
    sizes, trained = [], joint_program.Joint.trained

    def counted(self):
        found = trained(self)
        sizes.append(len(self.requests))
        return found

    monkeypatch.setattr(joint_program.Joint, "trained", counted)
    return sizes


@pytest.fixture
def student():
    """A plain net of few epochs."""
    plain = {
        "hidden_layer_sizes": (64, 64),
        "numeric_embedding": None,
        "max_epochs": 20,
    }
    return NeuralStudentClassifier(**plain, random_state=0)


def _other(state, parameter):
    return state["exp_avg"].shape != parameter.shape


@pytest.fixture
def no_memory_corruption(monkeypatch):
    """Moments of another shape would be read beyond their end, without an error."""
    take = loop.take_moments

    def checked(optimizer, module, moments):
        take(optimizer, module, moments)
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        state = optimizer.state
        bad = [p.shape for p in parameters if state[p] and _other(state[p], p)]
        if bad:
            optimizer.state.clear()
            raise AssertionError(f"moments of other shapes: {bad}")

    monkeypatch.setattr(loop, "take_moments", checked)


@pytest.fixture(scope="module")
def quick_sections():
    """Few calls for what takes calls; tests of these sections have files of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("skdistill.report.costs._CALLS", 1)
        patch.setattr("skdistill.report.costs._SLOW", 0.0)
        patch.setattr("skdistill.report.importance._REPEATS", 1)
        patch.setattr("skdistill.report.importance._ROWS", 60)
        patch.setattr("skdistill.report.importance._SECONDS", 1e9)
        yield
