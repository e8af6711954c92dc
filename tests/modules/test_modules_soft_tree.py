"""The soft tree as a torch module: its leaves, its penalty, its numbers."""

import numpy as np
import pytest
import torch
from scipy.special import expit

from skdistill.modules import SoftTree
from skdistill.modules.soft_tree import refit_leaves


def test_greedy_descent_can_miss_the_likeliest_leaf():
    module = SoftTree(1, 2, max_depth=2).eval()
    with torch.no_grad():
        module.gate_weight.zero_()
        # root: 0.55 left; there both leaves alike; on the right one leaf has it all
        odds = torch.tensor([np.log(0.45 / 0.55), 0.0, 20.0])
        module.gate_bias.copy_(odds)
    x = torch.zeros(1, 1)
    assert module.greedy_leaf(x).item() in (0, 1)
    assert module.likeliest_leaf(x).item() == 3


def test_refitting_never_lowers_the_likelihood():
    generator = torch.Generator().manual_seed(0)
    tree = SoftTree(3, 4, max_depth=3, generator=generator).eval()
    x = torch.randn(200, 3, generator=generator)
    target = torch.rand(200, 4, generator=generator, dtype=torch.float64)
    target /= target.sum()
    chunks = [(tree.leaf_probabilities(x), target)]

    def likelihood():
        mixture = chunks[0][0].double() @ tree.leaf_outputs(torch.float64)
        return (target * mixture.log()).sum().item()

    before = likelihood()
    for _ in range(10):
        refit_leaves(tree, lambda: chunks, n_steps=1)
        assert likelihood() >= before - 1e-9
        before = likelihood()


def test_the_balance_penalty_is_zero_when_balanced_and_pulls_towards_it():
    tree = SoftTree(1, 2, max_depth=2, balance_penalty=1.0)
    with torch.no_grad():
        tree.gate_weight.zero_()
    x = torch.zeros(8, 1)
    assert tree.penalty(tree.paths(x)).item() == pytest.approx(0, abs=1e-5)
    with torch.no_grad():
        tree.gate_bias[0] = 2.0  # most go right
    lopsided = SoftTree(1, 2, max_depth=2, balance_penalty=1.0)
    lopsided.load_state_dict(tree.state_dict())
    cost = lopsided.penalty(lopsided.paths(x))
    share = expit(2.0)
    by_hand = -0.5 * (np.log(share) + np.log(1 - share)) - np.log(2)
    assert cost.item() == pytest.approx(by_hand, rel=1e-4)
    cost.backward()
    assert lopsided.gate_bias.grad[0] > 0  # a step down its gradient evens it out


def test_sharp_gates_give_no_nan_and_no_denormals():
    tree = SoftTree(2, 3, max_depth=8)
    with torch.no_grad():
        tree.gate_weight.mul_(1e4)
    x = torch.randn(64, 2, generator=torch.Generator().manual_seed(0))
    output, ways = tree(x)
    paths = torch.cat(ways)
    assert torch.isfinite(output).all()
    assert paths[paths > 0].min() > 1e-30 and (paths == 0).any()
    output[:, 0].sum().backward()
    assert all(torch.isfinite(p.grad).all() for p in tree.parameters())
