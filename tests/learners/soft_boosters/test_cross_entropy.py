"""The loss that boosters are grown on: against torch's derivatives, and in its limits."""

import numpy as np
import pytest
import torch
from scipy.special import softmax

from skdistill.learners.soft_boosters.cross_entropy import (
    ClassTargets,
    Part,
    SoftCrossEntropy,
    log_probabilities,
)
from skdistill.lesson.knowledge import Knowledge
from skdistill.tasks.classes import Classes


def taught(n_classes, n=40, n_transfer=15):
    """Knowledge of some rows, and its task."""
    random = np.random.default_rng(n_classes)
    soft = np.log(random.dirichlet(np.ones(n_classes), n + n_transfer))
    hard = random.permutation(np.arange(n) % n_classes)
    weights = random.uniform(0.5, 2, n + n_transfer), random.uniform(0.5, 2, n)
    return Classes(None, hard, None), Knowledge(soft, hard[:, None], *weights)


def documented_loss(scores, knowledge, alpha, temperature):
    """The loss of all students, as the guide has it, on scores of all classes."""
    soft = torch.log_softmax(torch.tensor(knowledge.soft) / temperature, dim=1).exp()
    log_q = torch.log_softmax(scores / temperature, dim=1)
    soft_loss = -(temperature**2) * (soft * log_q).sum(dim=1)
    hard = torch.tensor(knowledge.hard[:, 0])
    log_q = torch.log_softmax(scores[: len(hard)], dim=1)
    hard_loss = -log_q[torch.arange(len(hard)), hard]
    parts = (
        (alpha, soft_loss, knowledge.soft_weight),
        (
            1 - alpha,
            hard_loss,
            knowledge.hard_weight,
        ),
    )
    return sum(
        part * (torch.tensor(weight) * loss).sum() / weight.sum()
        for part, loss, weight in parts
    )


@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize(("alpha", "temperature"), [(1, 1), (1, 3), (0.3, 1), (0.3, 3)])
def test_derivatives_are_those_of_the_documented_loss(n_classes, alpha, temperature):
    task, knowledge = taught(n_classes)
    used = knowledge.used(alpha)
    targets = ClassTargets.of(task, used, alpha, temperature)
    n = len(targets.weight)
    scores = np.random.default_rng(0).normal(size=(n, n_classes))
    if n_classes == 2:
        scores[:, 0] = 0.0  # of two classes the score is the log odds of the second
    weight = targets.weight / targets.weight.sum()
    of_loss = SoftCrossEntropy(targets.parts)
    ours = of_loss(None, scores[:, 1] if n_classes == 2 else scores, weight)
    z = torch.tensor(scores, requires_grad=True)
    loss = documented_loss(z, knowledge, alpha, temperature)
    (gradient,) = torch.autograd.grad(loss, z, create_graph=True)
    rows = range(0, n, 7)
    for k in range(n_classes) if n_classes > 2 else [1]:
        column = (slice(None),) if n_classes == 2 else (slice(None), k)
        np.testing.assert_allclose(
            ours[0][column], gradient[:, k].detach(), rtol=1e-9, atol=1e-12
        )
        for row in rows:
            (second,) = torch.autograd.grad(gradient[row, k], z, retain_graph=True)
            expected = second[row, k].item()
            np.testing.assert_allclose(ours[1][column][row], expected, rtol=1e-9)


def test_at_a_high_temperature_centred_logits_are_matched():
    random = np.random.default_rng(0)
    v, z = random.normal(size=(2, 30, 5))
    loss = SoftCrossEntropy([Part(softmax(v / 1e4, axis=1), 1.0, 1e4)])
    gradient, curvature = loss(None, z)
    gap = z - z.mean(axis=1, keepdims=True) - v + v.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(gradient, gap / 5, atol=1e-3)
    np.testing.assert_allclose(curvature, 0.2 * 0.8, rtol=1e-3)


def test_a_certain_booster_still_has_a_curvature():
    loss = SoftCrossEntropy([Part(np.array([[0.5, 0.5]]))])
    gradient, curvature = loss(None, np.array([1e4]))
    assert gradient == 0.5 and curvature > 0


def test_other_rows_than_those_of_the_targets_are_refused():
    loss = SoftCrossEntropy([Part(np.full((3, 2), 0.5))])
    with pytest.raises(ValueError, match=r"trained on 4 rows.*for 3: no step of it"):
        loss(None, np.zeros(4))


def test_rows_are_taken_with_their_shares():
    task, knowledge = taught(3)
    targets = ClassTargets.of(task, knowledge.used(0.4), 0.4, 2.0)
    rows = np.array([1, 5, 50])
    few = targets.take(rows)
    scores = np.random.default_rng(0).normal(size=(len(targets.weight), 3))
    whole = SoftCrossEntropy(targets.parts)(None, scores, targets.weight)
    part = SoftCrossEntropy(few.parts)(None, scores[rows], few.weight)
    np.testing.assert_array_equal(part[0], whole[0][rows])
    np.testing.assert_array_equal(part[1], whole[1][rows])


def test_scores_far_out_have_finite_logarithms():
    log_p = log_probabilities(np.array([0.0, 1000.0, -1000.0], dtype=np.float32))
    np.testing.assert_allclose(
        log_p, [[np.log(0.5), np.log(0.5)], [-1000, 0], [0, -1000]]
    )
    z = np.array([[1.0, 2.0, 4.0]], dtype=np.float32)
    np.testing.assert_allclose(np.exp(log_probabilities(z)), softmax(z, axis=1))
