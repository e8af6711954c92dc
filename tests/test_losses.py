import math
from functools import partial

import numpy as np
import pytest
import torch
from scipy.spatial.distance import jensenshannon
from scipy.special import softmax
from scipy.stats import entropy, pearsonr, zscore

from skdistill.losses import (
    cross_entropy,
    dist,
    dkd,
    huber,
    js,
    kl,
    logit_standard,
    mse,
    mse_logits,
    pinball,
    quantile,
    reverse_kl,
    softened,
)

LEVELS = torch.tensor([0.1, 0.4, 0.6, 0.9], dtype=torch.float64)
OF_CLASSES = [kl, reverse_kl, js, mse_logits, dkd, dist, logit_standard]
OF_VALUES = [mse, huber, partial(quantile, quantiles=LEVELS)]
ALL = OF_CLASSES + OF_VALUES
OF_DIVERGENCES = [kl, reverse_kl, js, dkd, logit_standard]
name = lambda loss: getattr(loss, "func", loss).__name__  # noqa: E731


def logits(n=6, k=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 3 * torch.randn(n, k, generator=generator, dtype=torch.float64)


def by_rows(function, *tables):
    return torch.tensor([function(*rows) for rows in zip(*tables, strict=True)])


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_divergences_are_scipys(temperature):
    s, t = logits(seed=1), logits(seed=2)
    p, q = (softmax(x.numpy() / temperature, axis=1) for x in (t, s))
    square = temperature**2
    torch.testing.assert_close(kl(s, t, temperature), square * by_rows(entropy, p, q))
    torch.testing.assert_close(
        reverse_kl(s, t, temperature), square * by_rows(entropy, q, p)
    )
    distance = by_rows(jensenshannon, p, q)
    torch.testing.assert_close(js(s, t, temperature), square * distance**2)


def test_kl_tends_to_mse_logits():
    s, t = logits(seed=1), logits(seed=2)
    torch.testing.assert_close(
        kl(s, t, temperature=1e4), mse_logits(s, t), rtol=1e-3, atol=0
    )


def test_mse_logits_by_hand():
    s, t = torch.tensor([[1.0, 2.0, 6.0]]), torch.tensor([[0.0, 0.0, 3.0]])
    # centred: (-2, -1, 3) and (-1, -1, 2)
    assert mse_logits(s, t).item() == pytest.approx((1 + 0 + 1) / 3 / 2)


@pytest.mark.parametrize("loss", OF_CLASSES, ids=name)
def test_losses_of_classes_ignore_a_shift_of_logits(loss):
    s, t = logits(seed=1), logits(seed=2)
    torch.testing.assert_close(loss(s + 5, t - 7, 3.0), loss(s, t, 3.0))


@pytest.mark.parametrize("loss", ALL, ids=name)
def test_losses_are_zero_where_both_agree_and_only_there(loss):
    t = logits()
    nothing = torch.zeros(6).double()
    torch.testing.assert_close(loss(t, t.clone(), 2.0), nothing, rtol=0, atol=1e-12)
    assert (loss(logits(seed=1), t, 2.0) > 0.01).all()


@pytest.mark.parametrize("loss", ALL, ids=name)
@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_gradients(loss, temperature):
    s, t = logits(seed=1).requires_grad_(), logits(seed=2)
    assert torch.autograd.gradcheck(lambda s: loss(s, t, temperature), (s,))


def test_gradients_with_labels_weights_and_smoothing():
    s, t = logits(seed=1).requires_grad_(), logits(seed=2)
    labels = torch.tensor([0, 1, 2, 3, 0, 1])
    weight = torch.tensor([0.5, 0, 2, 1, 1, 1.5], dtype=torch.float64)
    for loss in (
        lambda s: dkd(s, t, 3.0, labels, alpha=0.5, beta=2.0),
        lambda s: dist(s, t, 3.0, weight, beta=0.5, gamma=2.0),
        lambda s: cross_entropy(s, labels, label_smoothing=0.2),
    ):
        assert torch.autograd.gradcheck(loss, (s,))


@pytest.mark.parametrize("loss", OF_DIVERGENCES, ids=name)
def test_gradients_are_alike_at_every_high_temperature(loss):
    """Hinton's reason for T^2: without it the gradient falls as 1 / T^2."""
    s, t = logits(seed=1).requires_grad_(), logits(seed=2)
    norms = [
        torch.autograd.grad(loss(s, t, T).mean(), s)[0].norm().item()
        for T in (50.0, 500.0)
    ]
    assert norms[0] == pytest.approx(norms[1], rel=0.1)


def test_js_is_symmetric_and_bounded():
    s, t = logits(seed=1), logits(seed=2)
    torch.testing.assert_close(js(s, t, 2.0), js(t, s, 2.0))
    far = js(100 * s, 100 * t, 2.0)
    assert (far <= 4 * math.log(2) + 1e-12).all() and (far > 2.7).any()


@pytest.mark.parametrize("temperature", [1.0, 3.0])
@pytest.mark.parametrize("labels", [None, torch.tensor([0, 1, 2, 3, 0, 1])])
def test_kl_is_the_coupled_dkd(temperature, labels):
    s, t = logits(seed=1), logits(seed=2)
    own = (t.argmax(dim=1) if labels is None else labels)[:, None]
    sure = softened(t, temperature).gather(1, own)[:, 0]
    coupled = dkd(s, t, temperature, labels, alpha=1.0, beta=1 - sure)
    torch.testing.assert_close(coupled, kl(s, t, temperature))


def test_dkd_by_scipy():
    s, t, labels = logits(seed=1), logits(seed=2), np.array([0, 1, 2, 3, 0, 1])
    p, q = (softmax(x.numpy() / 2, axis=1) for x in (t, s))

    def row(p, q, label):
        split = [(x[label], 1 - x[label]) for x in (p, q)]
        rest = [np.delete(x, label) for x in (p, q)]  # scipy normalises
        return 4 * (0.7 * entropy(*split) + 3 * entropy(*rest))

    ours = dkd(s, t, 2.0, torch.from_numpy(labels), alpha=0.7, beta=3.0)
    torch.testing.assert_close(ours, by_rows(row, p, q, labels))


def test_dkd_of_two_classes_is_kl_whatever_beta():
    s, t = logits(k=2, seed=1).requires_grad_(), logits(k=2, seed=2)
    torch.testing.assert_close(dkd(s, t, 2.0, beta=100.0), kl(s, t, 2.0))
    (gradient,) = torch.autograd.grad(dkd(s, t, beta=100.0).sum(), s)
    assert gradient.isfinite().all()
    assert dkd(torch.ones(3, 1), torch.ones(3, 1)).tolist() == [0, 0, 0]


def test_dist_by_scipy():
    s, t = logits(seed=1), logits(seed=2)
    p, q = (softmax(x.numpy() / 2, axis=1) for x in (t, s))
    rows = [1 - pearsonr(*pair).statistic for pair in zip(p, q, strict=True)]
    columns = [1 - pearsonr(*pair).statistic for pair in zip(p.T, q.T, strict=True)]
    inter, intra = dist(s, t, 2.0, gamma=0), dist(s, t, 2.0, beta=0)
    torch.testing.assert_close(inter, 4 * torch.tensor(rows), rtol=1e-6, atol=0)
    assert intra.mean().item() == pytest.approx(4 * np.mean(columns), rel=1e-6)
    both = dist(s, t, 2.0, beta=0.5, gamma=3.0)
    torch.testing.assert_close(both, 0.5 * inter + 3 * intra)


def test_dist_over_the_batch_uses_weights():
    s, t = logits(8, seed=1), logits(8, seed=2)
    count = torch.tensor([1, 2, 0, 3, 1, 1, 0, 2])
    several = [x.repeat_interleave(count, dim=0) for x in (s, t)]
    weighted = dist(s, t, 2.0, 0.3 * count) @ count.double() / count.sum()
    torch.testing.assert_close(weighted, dist(*several, 2.0).mean())


def test_dist_ignores_affine_maps_of_the_students_probability_rows():
    s, t = logits(seed=1), logits(seed=2)
    share = torch.linspace(0.2, 0.9, 6, dtype=torch.float64)[:, None]
    mapped = share * softened(s, 1.0) + (1 - share) / 4
    ours = dist(mapped.log(), t, gamma=0)
    torch.testing.assert_close(ours, dist(s, t, gamma=0), rtol=1e-5, atol=1e-8)


@pytest.mark.parametrize("shape", [(1, 4), (6, 2), (1, 2), (6, 1)])
@pytest.mark.parametrize("weight", [None, 0.0, 1.0])
def test_dist_of_degenerate_batches_is_finite(shape, weight):
    for s in (logits(*shape, seed=1), torch.zeros(shape).double(), torch.zeros(shape)):
        s = s.requires_grad_()
        w = None if weight is None else torch.full(shape[:1], weight)
        rows = dist(s, logits(*shape, seed=2).to(s), 1.0, w)
        (gradient,) = torch.autograd.grad(rows.sum(), s)
        assert rows.isfinite().all() and gradient.isfinite().all()


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_logit_standard_is_kl_of_zscores(temperature):
    s, t = logits(seed=1), logits(seed=2)
    scores = [torch.from_numpy(zscore(x.numpy(), axis=1)) for x in (s, t)]
    ours = logit_standard(s, t, temperature)
    torch.testing.assert_close(ours, kl(*scores, temperature), rtol=1e-6, atol=0)


def test_logit_standard_ignores_affine_maps_of_logits():
    s, t = logits(seed=1), logits(seed=2)
    scale = torch.linspace(0.1, 20, 6, dtype=torch.float64)[:, None]
    ours = logit_standard(scale * s - 3, 7 * t + scale, 2.0)
    torch.testing.assert_close(ours, logit_standard(s, t, 2.0), rtol=1e-6, atol=0)


@pytest.mark.parametrize("loss", OF_CLASSES, ids=name)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("temperature", [0.1, 1.0, 10.0])
def test_extreme_logits_give_finite_losses_and_gradients(loss, dtype, temperature):
    generator = torch.Generator().manual_seed(0)
    for k in (2, 3, 5):
        s, t = (1e4 * torch.randn(9, k, generator=generator) for _ in range(2))
        s[0], t[1], t[2] = 0.0, 0.0, s[2]
        s = s.to(dtype).requires_grad_()
        rows = loss(s, t.to(dtype), temperature)
        (gradient,) = torch.autograd.grad(rows.sum(), s)
        assert rows.dtype == dtype and rows.isfinite().all()
        assert gradient.isfinite().all()


@pytest.mark.parametrize("loss", [kl, reverse_kl, js, dkd, dist], ids=name)
def test_a_teachers_zeros_and_ones_are_finite(loss):
    P = torch.tensor([[0.0, 0.0, 1.0], [0.5, 0.5, 0.0], [0.2, 0.3, 0.5]])
    s = torch.tensor([[1.0, -2.0, 0.0]] * 3, requires_grad=True)
    rows = loss(s, P.log(), 2.0)
    (gradient,) = torch.autograd.grad(rows.sum(), s)
    assert rows.isfinite().all() and gradient.isfinite().all()


def test_hubers_loss_by_hand():
    s = torch.tensor([[0.5, 3.0]])
    assert huber(s, torch.zeros(1, 2)).item() == pytest.approx((0.125 + 2.5) / 2)


def test_quantile_compares_each_with_its_own():
    s, t = logits(seed=1), logits(seed=2)
    columns = [pinball(s[:, [j]], t[:, [j]], LEVELS[[j]]) for j in range(len(LEVELS))]
    ours = quantile(s, t, quantiles=LEVELS)
    torch.testing.assert_close(ours, torch.stack(columns).mean(dim=0))


def test_smoothed_labels_are_the_cross_entropy_with_mixed_ones():
    s, labels = logits(), torch.tensor([0, 1, 2, 3, 0, 1])
    target = 0.7 * torch.eye(4)[labels] + 0.3 / 4
    expected = -(target * torch.log_softmax(s, dim=1)).sum(dim=1)
    torch.testing.assert_close(cross_entropy(s, labels, label_smoothing=0.3), expected)
    torch.testing.assert_close(
        cross_entropy(s, labels), -torch.log_softmax(s, dim=1)[range(6), labels]
    )
