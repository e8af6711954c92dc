import functools

import pytest
import torch

from skdistill import losses
from skdistill.losses import cross_entropy, dist, dkd, kl, mse, mse_logits
from skdistill.training.objective import (
    REGISTRY,
    Loss,
    Objective,
    get_loss,
    over_targets,
    sorted_first,
)

HARD = Loss("classifier", cross_entropy)
LEVELS = torch.tensor([0.1, 0.4, 0.6, 0.9], dtype=torch.float64)
CLASSES = sorted(name for name in REGISTRY if REGISTRY[name].task == "classifier")


def logits(n=6, k=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return 3 * torch.randn(n, k, generator=generator, dtype=torch.float64)


def entry_of(name):
    return REGISTRY[name].given(quantiles=LEVELS)


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_names_are_those_of_the_functions(name):
    function, entry = getattr(losses, name), entry_of(name)
    if name == "quantile":
        function = functools.partial(function, quantiles=LEVELS)
    s, t = logits(seed=1), logits(seed=2)
    labels = t.argmax(dim=1)
    ours = entry.row_losses(s, entry.prepared(t, 2.5), 2.5, labels=labels, weight=None)
    torch.testing.assert_close(ours, function(s, t, 2.5))
    is_tempered = not torch.allclose(function(s, t, 2.5), function(s, t, 1.0))
    assert entry.tempered == is_tempered


@pytest.mark.parametrize("name", sorted(REGISTRY))
def test_weights_count_rows(name):
    """Rows of weight 0 do not matter, and a weight of 2 is the row twice."""
    objective = Objective(entry_of(name), HARD, temperature=2.0)

    def loss_and_gradient(count, index):
        s, t = logits(8, seed=1).requires_grad_(), logits(8, seed=2)
        labels = torch.arange(8) % 4
        prepared = objective.soft.prepared(t, 2.0)
        weight = None if count is None else count / count.mean()
        target = (prepared[index], weight, None, None, labels[index])
        loss = objective(s[index], target)
        return loss.detach(), torch.autograd.grad(loss, s)[0]

    count = torch.tensor([1.0, 2, 0, 3, 1, 1, 0, 2], dtype=torch.float64)
    every = torch.arange(8)
    weighted = loss_and_gradient(count, every)
    copied = loss_and_gradient(None, every.repeat_interleave(count.long()))
    for ours, expected in zip(weighted, copied, strict=True):
        torch.testing.assert_close(ours, expected)
    twice = loss_and_gradient(None, torch.cat([every, every]))
    for ours, expected in zip(twice, loss_and_gradient(None, every), strict=True):
        torch.testing.assert_close(ours, expected)


@pytest.mark.parametrize("name", CLASSES)
def test_several_targets_are_summed(name):
    entry, widths = REGISTRY[name], [3, 4, 3]
    s, t = logits(k=10, seed=1), logits(k=10, seed=2)
    codes = torch.stack([torch.arange(6) % 3] * 3, dim=1)
    weight = torch.tensor([1.0, 2.0, 0.0, 1.0, 1.0, 1.0]).double()
    soft, _ = over_targets(entry, HARD, widths)
    ours = soft.row_losses(s, soft.prepared(t, 2.0), 2.0, labels=codes, weight=weight)
    parts = [
        entry.row_losses(a, entry.prepared(b, 2.0), 2.0, labels=c, weight=weight)
        for a, b, c in zip(s.split(widths, 1), t.split(widths, 1), codes.T, strict=True)
    ]
    torch.testing.assert_close(ours, sum(parts))


def test_objective_mixes_by_alpha():
    s, t, y = logits(seed=1), logits(seed=2), torch.tensor([0, 1, 2, 3])
    s.requires_grad_()
    weight = torch.tensor([2.0, 0.0, 1.0, 1.0, 1.0, 1.0], dtype=torch.float64)
    entry = get_loss("kl", "classifier")
    objective = Objective(entry, HARD, alpha=0.3, temperature=2.0)
    soft = entry.prepared(t, 2.0)
    mixed = objective(s, (soft, weight, y, None, None))
    by_hand = (
        0.3 * (kl(s, t, 2.0) * weight).mean() + 0.7 * cross_entropy(s[:4], y).mean()
    )
    torch.testing.assert_close(mixed, by_hand)
    only_hard = objective(s, (None, None, y, None, None))
    torch.testing.assert_close(only_hard, cross_entropy(s[:4], y).mean())


@pytest.mark.parametrize("name", CLASSES)
def test_members_have_the_mean_of_their_losses(name):
    members, t = [logits(seed=i) for i in range(3)], logits(seed=4)
    weight = torch.tensor([2.0, 0.0, 1.0, 1.0, 1.0, 1.0], dtype=torch.float64)
    objective = Objective(REGISTRY[name], HARD, alpha=0.3, temperature=2.0)
    soft = objective.soft.prepared(t, 2.0)
    target = (soft, weight, torch.tensor([0, 1, 2, 3]), None, t.argmax(dim=1))
    rows = objective.soft_row_losses(torch.stack(members, dim=1), target)
    each = [objective.soft_row_losses(one, target) for one in members]
    torch.testing.assert_close(rows, sum(each) / 3)
    with torch.no_grad():
        loss = objective(torch.stack(members, dim=1), target)
        by_hand = sum(objective(one, target) for one in members) / 3
    torch.testing.assert_close(loss, by_hand)


def test_unknown_names_and_wrong_shapes_are_refused():
    with pytest.raises(ValueError, match="loss='hinge'.*kl"):
        get_loss("hinge", "classifier")
    with pytest.raises(ValueError, match="loss='kl'.*huber"):
        get_loss("kl", "regressor")
    bad = Objective(get_loss(lambda s, t, T: (s - t).mean(), "regressor"), HARD)
    with pytest.raises(ValueError, match="one number for each of the 6 rows"):
        bad(logits().requires_grad_(), (logits(), None, None, None, None))
    with pytest.raises(ValueError, match="missing a required argument: 'labels'"):
        get_loss(lambda s, t, T, labels: mse(s, t), "regressor")
    with pytest.raises(ValueError, match=r"temperature, labels\): .*'more'"):
        get_loss(lambda s, t, T, more, *, labels: mse(s, t), "classifier")


def test_partials_share_the_properties_of_their_function():
    assert get_loss(functools.partial(dist, gamma=2.0), "classifier").scale_free
    twice = functools.partial(functools.partial(dkd, alpha=2.0), beta=0.0)
    assert get_loss(twice, "classifier").asks == {"labels"}
    assert not get_loss(mse_logits, "classifier").tempered
    assert get_loss(lambda s, t, T: mse(s, t), "classifier").tempered


def test_sorted_outputs_are_compared():
    t = logits().sort(dim=1).values
    (loss,) = sorted_first(Loss("regressor", mse))
    assert loss.row_losses(t.flip(1), t, 1.0).tolist() == [0] * 6
