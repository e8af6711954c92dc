import math

import pytest
import torch
from scipy.special import softmax
from scipy.stats import entropy

from skdistill.losses import (
    REGISTRY,
    Objective,
    cross_entropy,
    get_loss,
    huber,
    kl,
    mse,
    mse_logits,
)


def logits(n=6, k=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 3 * torch.randn(n, k, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_kl_is_scipys_relative_entropy(temperature):
    s, t = logits(seed=1), logits(seed=2)
    p = softmax(t.numpy() / temperature, axis=1)
    q = softmax(s.numpy() / temperature, axis=1)
    expected = temperature**2 * torch.from_numpy(entropy(p, q, axis=1))
    torch.testing.assert_close(kl(s, t, temperature), expected)


def test_kl_tends_to_mse_logits():
    s, t = logits(seed=1), logits(seed=2)
    torch.testing.assert_close(
        kl(s, t, temperature=1e4), mse_logits(s, t), rtol=1e-3, atol=0
    )


def test_mse_logits_by_hand():
    s, t = torch.tensor([[1.0, 2.0, 6.0]]), torch.tensor([[0.0, 0.0, 3.0]])
    # centred: (-2, -1, 3) and (-1, -1, 2)
    assert mse_logits(s, t).item() == pytest.approx((1 + 0 + 1) / 3 / 2)


@pytest.mark.parametrize("loss", [kl, mse_logits])
def test_losses_of_classes_ignore_a_shift_of_logits(loss):
    s, t = logits(seed=1), logits(seed=2)
    torch.testing.assert_close(loss(s + 5, t - 7, 3.0), loss(s, t, 3.0))


@pytest.mark.parametrize("loss", [kl, mse_logits, mse, huber])
def test_losses_are_zero_where_both_agree(loss):
    t = logits()
    torch.testing.assert_close(loss(t, t.clone(), 2.0), torch.zeros(6).double())


@pytest.mark.parametrize("loss", [kl, mse_logits, mse, huber])
@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_gradients(loss, temperature):
    s, t = logits(seed=1).requires_grad_(), logits(seed=2)
    assert torch.autograd.gradcheck(lambda s: loss(s, t, temperature), (s,))


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_prepared_targets_give_the_same_loss(name):
    entry = REGISTRY[name]
    function = {"kl": kl, "mse_logits": mse_logits, "mse": mse, "huber": huber}[name]
    s, t = logits(seed=1), logits(seed=2)
    prepared = entry.prepared(t, 2.5)
    torch.testing.assert_close(entry.compare(s, prepared, 2.5), function(s, t, 2.5))
    if not entry.tempered:
        torch.testing.assert_close(function(s, t, 2.5), function(s, t, 1.0))


def test_gradient_of_kl_is_alike_at_every_temperature():
    """Hinton's reason for T^2: without it the gradient falls as 1 / T^2."""
    s, t = logits(seed=1).requires_grad_(), logits(seed=2)
    norms = [
        torch.autograd.grad(kl(s, t, T).mean(), s)[0].norm().item()
        for T in (50.0, 500.0)
    ]
    assert norms[0] == pytest.approx(norms[1], rel=0.05)


def test_hubers_loss_by_hand():
    s = torch.tensor([[0.5, 3.0]])
    assert huber(s, torch.zeros(1, 2)).item() == pytest.approx((0.125 + 2.5) / 2)


def test_objective_mixes_by_alpha():
    s, t, y = logits(seed=1), logits(seed=2), torch.tensor([0, 1, 2, 3])
    s.requires_grad_()
    weight = torch.tensor([2.0, 0.0, 1.0, 1.0, 1.0, 1.0], dtype=torch.float64)
    entry = get_loss("kl", "classifier")
    objective = Objective(entry, cross_entropy, alpha=0.3, temperature=2.0)
    soft = entry.prepared(t, 2.0)
    mixed = objective(s, (soft, weight, y, None))
    by_hand = (
        0.3 * (kl(s, t, 2.0) * weight).mean() + 0.7 * cross_entropy(s[:4], y).mean()
    )
    torch.testing.assert_close(mixed, by_hand)
    only_hard = objective(s, (None, None, y, None))
    torch.testing.assert_close(only_hard, cross_entropy(s[:4], y).mean())


def test_unknown_names_and_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match="loss='hinge'.*kl"):
        get_loss("hinge", "classifier")
    with pytest.raises(ValueError, match="loss='kl'.*huber"):
        get_loss("kl", "regressor")
    bad = Objective(get_loss(lambda s, t, T: (s - t).mean(), "regressor"), mse)
    with pytest.raises(ValueError, match="one number for each of the 6 rows"):
        bad(logits().requires_grad_(), (logits(), None, None, None))


def test_kl_of_a_floored_zero_is_finite():
    s = torch.tensor([[60.0, -60.0]])
    t = torch.tensor([[math.log(1e-7), 0.0]])
    assert torch.isfinite(kl(s, t, 1.0)).all()
