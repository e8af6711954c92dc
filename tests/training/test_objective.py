import functools

import pytest
import torch

from skdistill import losses
from skdistill.losses import cross_entropy, dist, dkd, kl, mse, mse_logits
from skdistill.modules import SoftTree
from skdistill.training.objective import (
    REGISTRY,
    Loss,
    Objective,
    Share,
    get_loss,
    of_leaves,
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


def tree_of(widths, temperature=1.0, **params):
    torch.manual_seed(0)
    tree = SoftTree(
        4,
        sum(widths),
        2,
        widths=widths,
        gives_paths=True,
        temperature=temperature,
        **params,
    ).double()
    tree.leaf.data.normal_()
    return tree.train()


@pytest.mark.parametrize("temperature", [1.0, 3.0])
@pytest.mark.parametrize("widths", [[3], [2, 3]])
@pytest.mark.parametrize("share", [0.3, 1.0])
def test_an_objective_by_paths_is_the_path_weighted_loss_of_each_leaf(
    temperature, widths, share
):
    tree = tree_of(widths, temperature)
    x = torch.randn(7, 4, dtype=torch.float64)
    target = torch.cat(
        [torch.randn(7, w).double().log_softmax(1) for w in widths], dim=1
    )
    codes = torch.stack([torch.randint(w, (7,)) for w in widths], dim=1)
    hard = Loss("classifier", lambda output, codes, t: cross_entropy(output, codes))
    plain = over_targets(get_loss("kl", "classifier"), hard, widths)
    soft, hard = of_leaves(*plain, Share(share, share), widths)
    output, _ = tree(x)
    reach = tree.leaf_probabilities(x)
    leaves = tree.leaf.split(widths, dim=1)
    mixture = (reach @ tree.leaf_outputs(torch.float64)).log().split(widths, dim=1)
    for kind in ("soft", "hard"):
        whole, alone = torch.zeros(7).double(), torch.zeros(7).double()
        for part, leaf, log_q, code in zip(
            target.split(widths, dim=1), leaves, mixture, codes.T, strict=True
        ):
            if kind == "soft":
                p = (part / temperature).softmax(dim=1)
                q = (log_q / temperature).log_softmax(dim=1)
                whole += temperature**2 * (p * (p.log() - q)).sum(dim=1)
                for i, one in enumerate(leaf):
                    log_leaf = (one / temperature).log_softmax(dim=0)
                    each = (p * (p.log() - log_leaf)).sum(dim=1)
                    alone += temperature**2 * reach[:, i] * each
            else:
                whole -= log_q[torch.arange(7), code]
                for i, one in enumerate(leaf):
                    alone -= reach[:, i] * one.log_softmax(dim=0)[code]
        if kind == "soft":
            found = soft.row_losses(
                output, soft.prepared(target, temperature), temperature
            )
        else:
            found = hard.row_losses(output, codes, 1.0)
        torch.testing.assert_close(found, (1 - share) * whole + share * alone)


def test_values_by_paths_are_compared_leaf_by_leaf():
    tree = tree_of([2], is_classifier=False)
    x, y = torch.randn(9, 4).double(), torch.randn(9, 2).double()
    mse = get_loss("mse", "regressor")
    soft, hard = of_leaves(mse, mse, Share(0.4, 0.4), None)
    output, _ = tree(x)
    reach = tree.leaf_probabilities(x)
    errors = (tree.leaf[None] - y[:, None]).square().mean(dim=2)
    whole = (reach @ tree.leaf - y).square().mean(dim=1)
    expected = 0.6 * whole + 0.4 * (reach * errors).sum(dim=1)
    torch.testing.assert_close(soft.row_losses(output, y, 1.0), expected)
    torch.testing.assert_close(hard.row_losses(output, y, 1.0), expected)
    torch.testing.assert_close(mse.row_losses(tree.eval()(x), y, 1.0), whole)
    torch.testing.assert_close(soft.row_losses(tree(x), y, 1.0), whole)


def test_by_paths_smoothed_labels_are_soft_targets():
    tree, codes = tree_of([3]), torch.tensor([[0], [2], [1]])
    hard = Loss("classifier", lambda o, c, t: cross_entropy(o, c, label_smoothing=0.3))
    share = Share(1.0, 1.0)
    soft, hard = of_leaves(get_loss("kl", "classifier"), hard, share, [3], 0.3)
    output, _ = tree(torch.randn(3, 4).double())
    p = torch.full((3, 3), 0.1).double().scatter(1, codes, 0.8)
    entropy = -(p * p.log()).sum(dim=1)
    torch.testing.assert_close(
        hard.row_losses(output, codes, 1.0), soft.row_losses(output, p, 1.0) + entropy
    )
