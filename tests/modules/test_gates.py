"""Gates: how they divide rows, and which columns they look at."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.special import expit
from torch.func import functional_call

from skdistill.modules import SoftTree
from skdistill.modules.gates import (
    _downwards,
    _faded,
    logistic,
    n_selected,
    paths,
    selected,
)
from skdistill.modules.tree_shape import TreeShape

LOPSIDED = TreeShape([0, 1, 2, 4, 6, 7])  # leaves at depths 2, 3 and 4


def tree_of(shape=LOPSIDED, **params):
    generator = torch.Generator().manual_seed(0)
    tree = SoftTree(4, 3, shape=shape, generator=generator, **params).double()
    with torch.no_grad():
        tree.gate_weight.normal_(generator=generator)
        tree.gate_bias.normal_(generator=generator)
        tree.leaf.normal_(generator=generator)
    return tree.eval()


def rows(n=20):
    return torch.randn(n, 4, generator=torch.Generator().manual_seed(1)).double()


def logits_of(tree, x):
    weight, bias = (p.detach().numpy() for p in (tree.gate_weight, tree.gate_bias))
    return x.numpy() @ weight.T + bias


def node_by_node(shape, right):
    """Shares of all nodes, one path after the other, from those of the right sides."""
    P = np.ones((len(right), shape.n_nodes))
    for node in range(shape.n_nodes):
        path = shape.path(node)
        for gate, child in pairwise(path):
            share = right[:, list(shape.gates).index(gate)]
            P[:, node] *= share if child == shape.children(gate)[1] else 1 - share
    return P


def test_a_sure_gate_that_errs_is_brought_back_from_either_side():
    for sign in (-1.0, 1.0):
        logits = torch.full((1, 1), 20.0 * sign, requires_grad=True)
        nodes = torch.cat(paths(*logistic(logits), TreeShape([0])))
        nodes[1 if sign > 0 else 2].log().sum().backward()
        assert logits.grad.item() == pytest.approx(-sign, rel=1e-5)


def test_traced_paths_have_the_same_gradient():
    logits = 20 * torch.randn(6, 9, generator=torch.Generator().manual_seed(0))
    logits = logits.double().requires_grad_()
    found = []
    for way in (paths, lambda *given: _downwards(*given, _faded)):
        nodes = torch.cat(way(*logistic(logits), LOPSIDED))
        worth = torch.arange(nodes.numel()).view_as(nodes).double().sin()
        (slope,) = torch.autograd.grad((worth * nodes).sum(), logits)
        found.append((nodes.detach(), slope))
    torch.testing.assert_close(*found, rtol=0, atol=1e-12)


@pytest.mark.parametrize("shape", [LOPSIDED, TreeShape.complete(3), TreeShape([0])])
def test_paths_are_products_of_the_shares_on_them(shape):
    tree, x = tree_of(shape), rows()
    P = node_by_node(shape, expit(logits_of(tree, x)))
    found = tree.node_probabilities(x).detach()
    np.testing.assert_allclose(found, P, atol=1e-12)
    leaves = tree.leaf_probabilities(x).detach()
    np.testing.assert_allclose(leaves, P[:, shape.leaves], atol=1e-12)


@pytest.mark.parametrize("shape", [LOPSIDED, TreeShape.complete(3), TreeShape([])])
def test_gradients_of_all_nodes_at_once(shape):
    right = torch.rand(shape.n_gates, 5, generator=torch.Generator().manual_seed(0))
    right = right.double().requires_grad_()
    with torch.no_grad():
        right[:, 0] = 0.0  # no share is divided by
        right[:, 1] = 1.0
    found = torch.cat(paths(1 - right, right, shape))
    np.testing.assert_allclose(
        found.detach().T, node_by_node(shape, right.detach().numpy().T), atol=1e-15
    )
    if shape.n_gates:
        inside = right.detach()[:, 2:].clone().requires_grad_()
        assert torch.autograd.gradcheck(lambda r: paths(1 - r, r, shape), (inside,))
        worth = torch.randn(shape.n_nodes, 5).double()
        (found,) = torch.autograd.grad((worth * found).sum(), right)
        by_hand = right.detach().clone().requires_grad_()
        _product_by_product(shape, by_hand, worth).backward()
        np.testing.assert_allclose(found, by_hand.grad, atol=1e-12)


def _product_by_product(shape, right, worth):
    total = 0.0
    for node in range(shape.n_nodes):
        product = torch.ones(right.shape[1]).double()
        for gate, child in pairwise(shape.path(node)):
            share = right[list(shape.gates).index(gate)]
            is_right = child == shape.children(gate)[1]
            product = product * (share if is_right else 1 - share)
        total = total + (worth[node] * product).sum()
    return total


@pytest.mark.parametrize("scale", [0.1, 1.0, 100.0])
def test_all_of_a_row_gets_to_the_leaves(scale):
    tree, x = tree_of(), scale * rows(200)
    reach = tree.leaf_probabilities(x).detach()
    assert reach.shape == (200, 7) and (reach >= 0).all()
    np.testing.assert_allclose(reach.sum(dim=1), 1, atol=1e-12)
    float32 = tree.float().leaf_probabilities(x.float()).detach()
    np.testing.assert_allclose(float32.sum(dim=1), 1, atol=1e-5)


def test_the_mixture_is_that_of_all_leaves():
    tree, x = tree_of(), rows()
    P = node_by_node(LOPSIDED, expit(logits_of(tree, x)))
    leaf = np.exp(tree.leaf.detach().numpy())
    leaf /= leaf.sum(axis=1, keepdims=True)
    expected = P[:, LOPSIDED.leaves] @ leaf
    np.testing.assert_allclose(tree(x).exp().detach(), expected, atol=1e-12)
    values = tree_of(is_classifier=False)
    expected = P[:, LOPSIDED.leaves] @ values.leaf.detach().numpy()
    np.testing.assert_allclose(values(x).detach(), expected, atol=1e-12)


def test_greedy_and_likeliest_leaves_of_a_lopsided_tree():
    tree, x = tree_of(), rows(100)
    z = logits_of(tree, x)
    P = node_by_node(LOPSIDED, expit(z))[:, LOPSIDED.leaves]
    np.testing.assert_array_equal(tree.likeliest_leaf(x), P.argmax(axis=1))
    for row, leaf in zip(z, tree.greedy_leaf(x).tolist(), strict=True):
        node = 0
        while LOPSIDED.children(node):
            node = LOPSIDED.children(node)[int(row[LOPSIDED.rank(node)] > 0)]
        assert LOPSIDED.leaves[leaf] == node


@pytest.mark.parametrize("has_linear_leaves", [False, True])
def test_gradients_of_the_logistic_mixture(has_linear_leaves):
    tree, x = tree_of(has_linear_leaves=has_linear_leaves), rows(3)
    names = [name for name, _ in tree.named_parameters()]
    given = [p.detach().clone().requires_grad_() for p in tree.parameters()]

    def output(x, *parameters):
        named = dict(zip(names, parameters, strict=True))
        return functional_call(tree, named, (x,))

    assert torch.autograd.gradcheck(output, (x.requires_grad_(), *given))


def test_linear_leaves_by_hand():
    tree, x = tree_of(has_linear_leaves=True), rows()
    with torch.no_grad():
        tree.leaf_weight.normal_()
    P = node_by_node(LOPSIDED, expit(logits_of(tree, x)))[:, LOPSIDED.leaves]
    slope, expected = tree.leaf_weight.detach().numpy().reshape(7, 3, 4), 0.0
    for leaf in range(7):
        said = x.numpy() @ slope[leaf].T + tree.leaf.detach().numpy()[leaf]
        said = np.exp(said) / np.exp(said).sum(axis=1, keepdims=True)
        expected = expected + P[:, leaf, None] * said
    np.testing.assert_allclose(tree(x).exp().detach(), expected, atol=1e-12)


def test_the_penalty_of_a_lopsided_tree_by_hand():
    x = rows(50)
    tree = tree_of(balance_penalty=0.7)
    P = node_by_node(LOPSIDED, expit(logits_of(tree, x)))
    weight = np.random.default_rng(0).random(50)
    weight /= weight.mean()
    mass, cost = weight @ P / 50, 0.0
    for gate, depth in zip(LOPSIDED.gates, LOPSIDED.gate_depth, strict=True):
        right = mass[LOPSIDED.children(gate)[1]] / mass[gate]
        cross_entropy = -(np.log(right) + np.log(1 - right)) / 2
        cost += 0.5**depth * (cross_entropy - np.log(2))
    found = tree.penalty(tree.paths(x), torch.from_numpy(weight))
    assert found.item() == pytest.approx(0.7 * cost, rel=1e-6)


def test_columns_get_fewer_from_all_to_those_that_may_stay():
    for n_inputs, n_kept in [(100, 1), (10, 3), (4, 1), (7, 7)]:
        steps = np.linspace(0, 1, 101)
        counts = [n_selected(n_inputs, n_kept, done) for done in steps]
        assert counts[0] == n_inputs and (np.diff(counts) <= 0).all()
        assert set(counts[60:]) == {n_kept}  # for the rest of the training


def test_the_columns_that_move_a_gate_most_are_selected():
    random = np.random.default_rng(0)
    weight, scale = random.normal(size=(6, 9)), random.random(9)
    scale[2] = 0.0  # a constant column
    for count in (1, 3, 8):
        found = selected(torch.from_numpy(weight), torch.from_numpy(scale), count)
        for row, kept in zip(weight, found.numpy(), strict=True):
            moves = np.abs(row) * scale
            assert set(np.flatnonzero(kept)) == set(np.argsort(-moves)[:count])
            assert set(kept.tolist()) <= {0.0, 1.0} and not kept[2]
    for count in (9, 20):
        assert selected(torch.from_numpy(weight), torch.from_numpy(scale), count).all()


def test_columns_that_are_lost_may_come_back_until_few_are_left():
    tree = tree_of(max_features=1, column_scale=torch.ones(4)).train()
    x = rows()
    tree.training_progress(0.0)
    full = logits_of(tree, x)
    np.testing.assert_allclose(tree.gate_logits(x).detach(), full, atol=1e-12)
    for done, is_open in ((0.3, True), (0.6, False)):
        tree.training_progress(done)
        weight = tree.gate_weight.detach().numpy()
        count = n_selected(4, 1, done)
        order = np.argsort(-np.abs(weight), axis=1)[:, :count]
        kept = np.zeros_like(weight)
        np.put_along_axis(kept, order, 1.0, axis=1)
        logits = tree.gate_logits(x)
        by_hand = x.numpy() @ (weight * kept).T + tree.gate_bias.detach().numpy()
        np.testing.assert_allclose(logits.detach(), by_hand, atol=1e-12)
        (slope,) = torch.autograd.grad(logits.sum(), tree.gate_weight)
        total = np.tile(x.numpy().sum(axis=0), (6, 1))
        np.testing.assert_allclose(slope, total if is_open else total * kept)
    tree.settle()
    np.testing.assert_array_equal((tree.gate_weight != 0).sum(dim=1), 1)
    np.testing.assert_allclose(tree.gate_logits(x).detach(), by_hand, atol=1e-12)
