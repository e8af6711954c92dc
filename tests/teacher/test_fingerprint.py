"""Keys of content: alike where nothing that counts differs, and nowhere else."""

import copy
import dataclasses
import functools
import os
import pickle
import subprocess
import sys
import threading
from functools import partial

import lightgbm
import numpy as np
import pandas as pd
import polars
import pytest
import torch
from catboost import CatBoostClassifier
from lightgbm import LGBMClassifier
from scipy import sparse
from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import (
    BaggingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from skorch import NeuralNetClassifier
from xgboost import XGBClassifier

from skdistill import NeuralStudentClassifier, SoftDecisionTreeClassifier
from skdistill.teacher.fingerprint import fingerprint

POWER = 2


def squared(X):
    return np.asarray(X) ** POWER


class Wise(LogisticRegression):
    bonus = 1

    def predict_proba(self, X):
        return super().predict_proba(squared(X)) * self.bonus


class Net(torch.nn.Module):
    def __init__(self, n=30):
        super().__init__()
        self.layer = torch.nn.Linear(n, 2)

    def forward(self, x):
        return self.layer(x)


MODELS = [
    RandomForestClassifier(3, random_state=0),
    HistGradientBoostingClassifier(max_iter=3, random_state=0),
    make_pipeline(FunctionTransformer(np.log1p), StandardScaler(), Wise()),
    SVC(),
    MLPClassifier(max_iter=3),
    LGBMClassifier(n_estimators=3, verbose=-1),
    XGBClassifier(n_estimators=3),
    CatBoostClassifier(n_estimators=3, verbose=0, allow_writing_files=False),
    StackingClassifier(
        [("a", LogisticRegression()), ("b", DecisionTreeClassifier())], cv=2
    ),
    BaggingClassifier(LogisticRegression(), 2, random_state=0),
    NeuralStudentClassifier(max_epochs=1, random_state=0),
    SoftDecisionTreeClassifier(max_epochs=1, max_depth=2, random_state=0),
    NeuralNetClassifier(
        Net, max_epochs=1, verbose=0, criterion=torch.nn.CrossEntropyLoss
    ),
]


@pytest.fixture(scope="module")
def data():
    X, y = load_breast_cancer(return_X_y=True)
    return X.astype(np.float32), y


@pytest.mark.filterwarnings("ignore:Stochastic Optimizer")
@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_of_a_model(model, data):
    X, y = data
    unfitted = fingerprint(model)
    model.fit(X, y)
    key = fingerprint(model)
    assert key != unfitted
    assert fingerprint(model) == key
    np.random.rand()  # noqa: NPY002 - generators that a model keeps do not count
    assert fingerprint(pickle.loads(pickle.dumps(model))) == key
    model.predict(X[:5])
    assert fingerprint(model) == key
    if "n_jobs" in model.get_params():
        assert fingerprint(model.set_params(n_jobs=2)) == key
    again = pickle.loads(pickle.dumps(model)).fit(X[:300], y[:300])
    assert fingerprint(again) != key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (np.arange(4), np.arange(4.0)),
        (np.arange(4), np.arange(4).reshape(2, 2)),
        ([1, 2], (1, 2)),
        ([[1], 2], [1, [2]]),
        ("ab", b"ab"),
        (True, 1),
        (None, "None"),
        ({"a": 1}, {"a": 2}),
        ({1, 2}, {1, 3}),
        (sparse.eye(3, format="csr"), sparse.eye(4, format="csr")),
        (pd.DataFrame({"a": [1]}), pd.DataFrame({"b": [1]})),
        (pd.DataFrame({"a": ["x"]}), pd.DataFrame({"a": ["x"]}, dtype="category")),
        (pd.DataFrame({"a": [1.0, None]}), pd.DataFrame({"a": [1.0, 2.0]})),
        (polars.DataFrame({"a": [1]}), polars.DataFrame({"a": [2]})),
        (torch.zeros(2), torch.zeros(3)),
        (torch.nn.ReLU(), torch.nn.Tanh()),
        (torch.nn.Dropout(0.1), torch.nn.Dropout(0.2)),
        (partial(squared, 1), partial(squared, 2)),
        (lambda x: x + 1, lambda x: x + 2),
        (np.log, np.log1p),
        (len, sum),
        (np.random.RandomState(0), np.random.RandomState(1)),
        (LogisticRegression(C=1.0), LogisticRegression(C=2.0)),
        (LogisticRegression, RandomForestClassifier),
    ],
)
def test_what_differs(one, other):
    assert fingerprint(one) != fingerprint(other)
    assert fingerprint(one) == fingerprint(one)


def test_what_does_not(data):
    X, _ = data
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert fingerprint(X) == fingerprint(np.asfortranarray(X))
    frame = pd.DataFrame(X)
    assert fingerprint(frame) == fingerprint(frame.copy())
    assert fingerprint(frame.iloc[:9]) == fingerprint(frame[:9].reset_index(drop=True))
    assert fingerprint(sparse.csr_matrix(X)) == fingerprint(sparse.csr_matrix(X.copy()))
    net = Net()
    net.train()
    key = fingerprint(net)
    assert fingerprint(net.eval()) == key
    holds_itself = [1]
    holds_itself.append(holds_itself)
    assert len(fingerprint(holds_itself)) == 32


def test_bytes_that_were_never_written_do_not_count():
    kind = np.dtype([("a", np.int8), ("b", np.float64)], align=True)
    raw = [np.frombuffer(bytearray([fill] * 16), dtype=kind) for fill in (0, 255)]
    for array in raw:
        array["a"], array["b"] = 1, 2.0
    assert bytes(raw[0].data) != bytes(raw[1].data)
    assert fingerprint(raw[0]) == fingerprint(raw[1])


def test_code_of_the_users_own_counts(monkeypatch):
    class Local(Wise):
        pass

    key = fingerprint(Local())
    copy.copy(Local())  # a class keeps notes of its own for copies
    assert fingerprint(Local()) == key
    wise = Wise()
    key, of_function = fingerprint(wise), fingerprint(squared)
    monkeypatch.setattr(Wise, "bonus", 2)
    assert fingerprint(wise) != key
    monkeypatch.undo()
    assert fingerprint(wise) == key
    monkeypatch.setitem(globals(), "POWER", 3)  # what a function looks up
    assert fingerprint(squared) != of_function
    assert fingerprint(wise) != key


def test_a_boosters_trees_count_and_its_threads_do_not(data):
    X, y = data
    options = {"objective": "binary", "verbose": -1, "seed": 0, "deterministic": True}

    def boosted(rounds, threads):
        train = lightgbm.Dataset(X, y)
        return lightgbm.train(options | {"num_threads": threads}, train, rounds)

    assert fingerprint(boosted(3, 1)) == fingerprint(boosted(3, 2))
    assert fingerprint(boosted(3, 1)) != fingerprint(boosted(4, 1))


def test_it_is_the_same_in_another_process():
    program = (
        "import sys, numpy as np\n"
        "from sklearn.ensemble import RandomForestClassifier\n"
        "from skdistill.teacher.fingerprint import fingerprint\n"
        "X = np.arange(40.0).reshape(20, 2)\n"
        "forest = RandomForestClassifier(3, random_state=0).fit(X, X[:, 0] > 9)\n"
        "words = {f'word {i}' for i in range(20)}\n"
        "key = fingerprint(forest, words, {'x': np.float64(1), 'y': 'z'})\n"
        "print(key)\n"
    )
    exec(program, here := {})
    elsewhere = subprocess.run(  # where a set of words has another order
        [sys.executable, "-W", "ignore", "-c", program],
        check=True,
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONHASHSEED": "1"},
    ).stdout
    assert str(here["key"]) == elsewhere.strip()


def test_what_has_no_content_is_refused():
    for value in (threading.Lock(), [threading.Lock()], (i for i in range(3))):
        with pytest.raises(TypeError, match="has no content that could be read"):
            fingerprint(value)


def test_names_of_categories_are_a_part_of_a_booster():
    frame = pd.DataFrame(
        {"c": pd.Categorical(list("aabb") * 25), "x": np.arange(100.0)}
    )
    other = frame.assign(c=frame["c"].cat.rename_categories({"a": "b", "b": "a"}))
    y = (frame["c"] == "a") ^ (np.arange(100) % 7 == 0)
    options = {"n_estimators": 3, "verbose": -1, "min_child_samples": 5}
    models = [LGBMClassifier(**options).fit(X, y) for X in (frame, other)]
    assert np.abs(np.subtract(*(m.predict_proba(frame) for m in models))).max() > 0.1
    assert fingerprint(models[0]) != fingerprint(models[1])


@functools.lru_cache
def remembered():
    return POWER


@dataclasses.dataclass
class Config:
    strength: float = 1.0


class Slotted:
    __slots__ = ("value",)

    def __init__(self, value):
        self.value = value


def test_wrapped_functions_dataclasses_and_slots(monkeypatch):
    key = fingerprint(remembered)
    monkeypatch.setitem(globals(), "POWER", 5)
    assert fingerprint(remembered) != key
    assert fingerprint(Config(1.0)) != fingerprint(Config(2.0))
    assert fingerprint(Config(1.0)) == fingerprint(Config(1.0))
    assert fingerprint(Slotted(1)) != fingerprint(Slotted(2))

    def early():
        return late

    assert len(fingerprint(early)) == 32  # its cell is empty as yet
    late = 1
    assert early() == 1


class Threaded(LogisticRegression):
    def __init__(self, n_threads=1.0):
        super().__init__()
        self.n_threads = n_threads


def test_threads_of_the_users_own_may_mean_something_else():
    assert fingerprint(Threaded(1.0)) != fingerprint(Threaded(2.0))
    assert fingerprint({"n_threads": 1}) != fingerprint({"n_threads": 2})


def test_records_with_titles():
    titled = np.dtype([(("title", "n"), np.int64), ("b", np.float64)])
    records = np.zeros(3, titled)
    key = fingerprint(records)
    records["b"][1] = 1.0
    assert fingerprint(records) != key
