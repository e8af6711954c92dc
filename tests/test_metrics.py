"""Fidelity against its definition."""

import numpy as np
import pytest
from scipy.stats import entropy

from skdistill.metrics import fidelity


def test_fidelity_of_probabilities_is_what_it_says():
    random = np.random.default_rng(0)
    p, q = random.dirichlet(np.ones(3), 50), random.dirichlet(np.ones(3), 50)
    weight = random.random(50)
    found = fidelity(q, p, sample_weight=weight)
    same = p.argmax(axis=1) == q.argmax(axis=1)
    assert found["agreement"] == pytest.approx(np.average(same, weights=weight))
    nats = [entropy(*pair) for pair in zip(p, q, strict=True)]
    assert found["kl"] == pytest.approx(np.average(nats, weights=weight), abs=1e-5)
    shares = [
        [np.average(each.argmax(axis=1) == k, weights=weight) for k in range(3)]
        for each in (p, q)
    ]
    chance = np.dot(*shares)
    kappa = (found["agreement"] - chance) / (1 - chance)
    assert found["kappa"] == pytest.approx(kappa)


def test_fidelity_of_values_and_of_one_class():
    y = np.arange(6.0)
    assert fidelity(y, y) == {"r2": 1.0, "rmse": 0.0}
    found = fidelity(np.column_stack([y, y]), np.column_stack([y + 1, y - 1]))
    assert found["rmse"] == pytest.approx(1)
    sure = np.tile([1.0, 0.0], (4, 1))
    assert fidelity(sure, sure) == {"agreement": 1.0, "kappa": 1.0, "kl": 0.0}
    for pair in ((sure, sure[:3]), (sure[:0], sure[:0])):
        with pytest.raises(ValueError, match="for the same rows and classes"):
            fidelity(*pair)


def test_rows_of_no_weight_are_not_there():
    p = np.array([[0.9, 0.1], [0.1, 0.9], [0.8, 0.2]])
    q = np.array([[0.8, 0.2], [0.8, 0.2], [0.8, 0.2]])
    alone = fidelity(q[:1], p[:1])
    assert fidelity(q, p, sample_weight=[2, 0, 0]) == alone and alone["kappa"] == 1
    with pytest.raises(ValueError, match="non-zero number|0 everywhere"):
        fidelity(q, p, sample_weight=[0, 0, 0])
    with pytest.raises(ValueError, match="Negative values"):
        fidelity(q, p, sample_weight=[1, -1, 1])
