"""A net of few units as a SELECT."""

import numpy as np
import pytest
from written_sql import ENGINES, NET, checked, mixed, numbers, targets

from skdistill import (
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    Periodic,
    PiecewiseLinear,
)
from skdistill.export import to_sql


@pytest.mark.slow  # on more cases what test_matrix.py shows
@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "kind", ["2 classes", "5 classes", "several targets", "labels"]
)
@pytest.mark.parametrize("n_members", [1, 2])
def test_classifiers(kind, n_members, engine):
    X, y = numbers()
    net = NeuralStudentClassifier(n_members=n_members, **NET)
    checked(net.fit(X, targets(y, kind)), X, engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_frame(engine):
    X, y = mixed()
    net = NeuralStudentClassifier(**NET)
    net.fit(X, np.array(["no", "'); DROP TABLE t; --", "\\"])[y])
    checked(net, X, engine)
    net.adjust_class_prior([0.8, 0.15, 0.05])
    checked(net, X, engine)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("n_members", [1, 2])
def test_values(n_members, engine):
    X, y = numbers()
    net = NeuralStudentRegressor(n_members=n_members, **NET)
    checked(net.fit(X, y), X, engine)
    checked(net.fit(X, np.column_stack([y, -y])), X, engine)
    checked(net.set_params(quantiles=[0.1, 0.5, 0.9]).fit(X, y), X, engine)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    "change",
    [
        {"activation": "silu"},
        {"activation": "tanh"},
        {"activation": "logistic"},
        {"activation": "identity"},
        {"hidden_layer_sizes": (3, 2)},
        {"hidden_layer_sizes": ()},
        {"numeric_embedding": PiecewiseLinear(3)},
        {"numeric_embedding": Periodic(2)},
        {"preprocessor": None},
    ],
    ids=str,
)
def test_kinds_of_nets(change, engine):
    X, y = numbers()
    checked(NeuralStudentClassifier(**{**NET, **change}).fit(X, y), X, engine)


def test_large_numbers_do_not_overflow():
    X, y = numbers()
    net = NeuralStudentClassifier(activation="logistic", **NET).fit(X, y)
    net.module_.layers[0].weight.data *= 1e4
    net.module_.layers[1].weight.data *= 1e4
    for engine in ENGINES:
        assert "EXP" in to_sql(net, table="t", dialect=engine)
