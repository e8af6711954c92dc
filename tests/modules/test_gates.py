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
    is_selected,
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


def test_in_rounds_columns_get_fewer_from_all_to_those_that_may_stay():
    for n_inputs, n_kept in [(100, 1), (10, 3), (4, 1), (7, 7)]:
        steps = np.linspace(0, 1, 1001)
        counts = np.array([n_selected(n_inputs, n_kept, done) for done in steps])
        chosen = np.array([is_selected(done) for done in steps])
        assert counts[0] == n_inputs and set(counts) <= {*range(n_kept, n_inputs + 1)}
        # Where they get more, it is all of them: a new round begins.
        rises = np.flatnonzero(np.diff(counts) > 0)
        assert set(counts[rises + 1]) <= {n_inputs}
        assert (len(rises) > 1) == (n_kept < n_inputs)
        # The last choice stands for the rest of the training.
        assert (np.diff(chosen) >= 0).all() and chosen[-1] and not chosen[0]
        assert set(counts[chosen]) == {n_kept}


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


def follow(tree, steps):
    """The training's steps, with an optimizer whose momentum moves all weights."""
    for done in steps:
        tree.training_progress(done)
        yield done, tree.gate_weight.detach() * tree.mask
        with torch.no_grad():
            tree.gate_weight.add_(0.01)


def by_hand(weight, kept, scale, count):
    """The weights that a step leaves: the largest moves of those that were there."""
    left = np.zeros_like(weight)
    for gate, (row, mask) in enumerate(zip(weight, kept, strict=True)):
        order = sorted(range(len(row)), key=lambda j: -abs(row[j] * mask[j]) * scale[j])
        for j in order[:count]:
            left[gate, j] = row[j] * mask[j]
    return left


def test_a_step_keeps_what_moves_the_gates_most_and_says_the_same():
    scale = np.array([1.0, 0.3, 2.0, 1.5])
    tree = tree_of(max_features=1, column_scale=torch.from_numpy(scale)).train()
    x, steps = rows(), np.linspace(0, 1, 40)
    before = tree.gate_weight.detach().numpy().copy(), np.ones((6, 4))
    for done, weight in follow(tree, steps):
        count = n_selected(4, 1, done)
        expected = by_hand(*before, scale, count)
        np.testing.assert_allclose(weight, expected, atol=1e-12)
        logits = x.numpy() @ expected.T + tree.gate_bias.detach().numpy()
        np.testing.assert_allclose(tree.gate_logits(x).detach(), logits, atol=1e-12)
        # What a small step changes: as much by few columns as by all.
        factor = (4 / count) ** 0.5
        np.testing.assert_allclose(tree.mask, factor * (tree.mask > 0), atol=1e-12)
        before = tree.gate_weight.detach().numpy() + 0.01, tree.mask.numpy().copy()


def test_columns_that_are_lost_come_back_in_a_new_round_until_the_last():
    tree = tree_of(max_features=1, column_scale=torch.ones(4)).train()
    x, counts = rows(), []
    for done, _ in follow(tree, np.linspace(0, 1, 200)):
        counts.append(int((tree.mask > 0).sum(dim=1).max()))
        (slope,) = torch.autograd.grad(tree.gate_logits(x).sum(), tree.gate_weight)
        assert ((slope != 0) == (tree.mask > 0)).all()
        assert tree.is_annealing == (not is_selected(done))
    assert 1 in counts[:50] and counts[50:100].count(4)
    tree.settle()
    assert (tree.gate_weight != 0).sum(dim=1).tolist() == [1] * 6
    assert tree.mask is None


def test_going_on_with_few_columns_changes_no_answer():
    few, x = tree_of(max_features=2, column_scale=torch.ones(4)), rows()
    with torch.no_grad():
        few.gate_weight[:, 1:3] = 0
    expected = logits_of(few, x)
    few.keep_selection()
    assert not few.is_annealing
    np.testing.assert_allclose(few.gate_logits(x).detach(), expected, atol=1e-12)
    few.settle()
    np.testing.assert_allclose(logits_of(few, x), expected, atol=1e-12)
