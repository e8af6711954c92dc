"""Fidelity against its definition."""

import numpy as np
import pytest
from scipy.stats import entropy, spearmanr
from sklearn.metrics import roc_auc_score

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
    assert fidelity(y, y) == {"r2": 1.0, "spearman": 1.0, "rmse": 0.0}
    found = fidelity(np.column_stack([y, y]), np.column_stack([y + 1, y - 1]))
    assert found["rmse"] == pytest.approx(1)
    sure = np.tile([1.0, 0.0], (4, 1))
    found = fidelity(sure, sure)
    # Of a teacher that says one thing alone there is nothing to rank.
    assert np.isnan([found.pop("auc"), found.pop("spearman")]).all()
    assert found == {"agreement": 1.0, "kappa": 1.0, "kl": 0.0}
    for pair in ((sure, sure[:3]), (sure[:0], sure[:0]), (1.0, 1.0)):
        with pytest.raises(ValueError, match="for the same rows and classes"):
            fidelity(*pair)
    with pytest.raises(ValueError, match="Input student_output contains NaN"):
        fidelity([np.nan, 1.0], [0.0, 1.0])
    with pytest.raises(ValueError, match="Input teacher_output contains infinity"):
        fidelity([0.0, 1.0], [np.inf, 1.0])


def test_rows_of_no_weight_are_not_there():
    p = np.array([[0.9, 0.1], [0.1, 0.9], [0.8, 0.2]])
    q = np.array([[0.8, 0.2], [0.8, 0.2], [0.8, 0.2]])
    alone = fidelity(q[:1], p[:1])
    found = fidelity(q, p, sample_weight=[2, 0, 0])
    assert found == pytest.approx(alone, nan_ok=True) and alone["kappa"] == 1
    with pytest.raises(ValueError, match="non-zero number|0 everywhere"):
        fidelity(q, p, sample_weight=[0, 0, 0])
    with pytest.raises(ValueError, match="Negative values"):
        fidelity(q, p, sample_weight=[1, -1, 1])


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("digits", [1, 9])  # with many ties, and with none
def test_ranks_are_those_of_scipy_and_scikit_learn(n_classes, digits):
    random = np.random.default_rng(digits)
    p, q = (random.dirichlet(np.ones(n_classes), 80).round(digits) for _ in range(2))
    for each in (p, q):
        each[:, 0] = 1 - each[:, 1:].sum(axis=1)
    p, q = np.maximum(p, 0), np.maximum(0.4 * p + 0.6 * q, 0)
    times = random.integers(1, 4, 80)
    found = fidelity(q, p, sample_weight=times)
    decision = p.argmax(axis=1)
    areas = [
        roc_auc_score(decision == k, q[:, k], sample_weight=times)
        for k in range(n_classes)
    ]
    assert found["auc"] == pytest.approx(np.mean(areas))
    # scipy knows no weights: a row of weight 3 is there three times.
    long_q, long_p = np.repeat(q, times, axis=0), np.repeat(p, times, axis=0)
    ranks = [spearmanr(long_q[:, k], long_p[:, k])[0] for k in range(n_classes)]
    wanted = ranks[1] if n_classes == 2 else np.mean(ranks)
    assert found["spearman"] == pytest.approx(wanted)
    values = fidelity(q, 2 * p, sample_weight=times)  # no distributions
    assert values["spearman"] == pytest.approx(np.mean(ranks))


def test_under_imbalance_ranks_tell_what_agreement_does_not():
    score = np.linspace(0, 1, 500)
    teacher = np.where(score > 0.988, 0.6, 0.1 * score)
    p = np.column_stack([1 - teacher, teacher])
    blind = np.tile([0.9, 0.1], (500, 1))
    knows = np.column_stack([1 - 0.4 * score, 0.4 * score])
    ours, other = fidelity(knows, p), fidelity(blind, p)
    assert ours["agreement"] == other["agreement"] > 0.98
    assert ours["kappa"] == other["kappa"] == 0
    assert (ours["auc"], other["auc"]) == (1.0, 0.5)
    assert ours["spearman"] > 0.99 and other["spearman"] == 0


def test_classes_that_the_teacher_never_decides_for_are_not_ranked():
    random = np.random.default_rng(0)
    p = np.column_stack([random.dirichlet([1, 1], 60), np.zeros(60)])
    found = fidelity(p, p)
    assert (found["auc"], found["spearman"]) == (1.0, 1.0)
    wide = random.dirichlet(np.ones(90), 200)
    assert 0.9 < fidelity(wide, wide)["auc"] <= 1
