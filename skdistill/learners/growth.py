"""Soft trees of another shape: leaves that become gates, and gates that become leaves."""

import copy

import numpy as np
import torch
from torch import nn

_LEAST = 1e-7
# The standard deviation of a new gate's log odds, on several columns and on one.
_SPREAD = 2.0, 5.0
# Share of the columns' mean variance that is added to each: columns may be collinear.
_RIDGE = 0.05
# Where a column may be divided: after these shares of the rows.
_SHARES = torch.linspace(0.02, 0.98, 49)


def _with_shape(tree, shape, origin):
    """A copy of another shape; what has no origin is 0."""
    twin = copy.copy(tree)
    twin._parameters, twin._buffers = dict(tree._parameters), dict(tree._buffers)
    place = np.full(tree.shape.n_nodes + 1, -1)  # the last one stands for -1
    place[tree.shape.gates] = np.arange(tree.shape.n_gates)
    gates = place[origin[shape.gates]]
    place[:] = -1
    place[tree.shape.leaves] = np.arange(len(tree.shape.leaves))
    leaves = place[origin[shape.leaves]]
    n_outputs = tree.leaf.shape[1]
    twin.shape = shape
    twin.gate_weight = nn.Parameter(_taken(tree.gate_weight, gates))
    twin.gate_bias = nn.Parameter(_taken(tree.gate_bias, gates))
    twin.leaf = nn.Parameter(_taken(tree.leaf, leaves))
    twin.path_leaf = _taken(tree.path_leaf, leaves)
    if tree.has_linear_leaves:
        weight = tree.leaf_weight.unflatten(0, (-1, n_outputs))
        twin.leaf_weight = nn.Parameter(_taken(weight, leaves).flatten(0, 1))
    for name in ("gate_mass", "right_mass"):
        setattr(twin, name, torch.zeros_like(twin.gate_bias.detach()))
    twin.n_steps = torch.zeros_like(tree.n_steps)
    if tree.mask is not None:
        twin.mask = _taken(tree.mask, gates)
    return twin


def _taken(tensor, rows):
    """Some rows of a tensor; zeros for -1."""
    rows = torch.from_numpy(np.asarray(rows)).to(tensor.device)
    taken = tensor.new_zeros(len(rows), *tensor.shape[1:])
    known = rows >= 0
    taken[known] = tensor.detach()[rows[known]]
    return taken


@torch.no_grad()
def without(tree, skipped):
    """A tree without some gates, whose rows all go to one side.

    Parameters
    ----------
    tree : SoftTree
        Left as it is.
    skipped : dict of {int: int}
        Numbers of the gates, and of the child that takes the place of each.

    Returns
    -------
    tree : SoftTree
        The smaller one.
    origin : ndarray of int of shape (n_nodes_of_it,)
        For each of its nodes the number of the same one before.
    """
    shape, origin = tree.shape.changed(skipped=skipped)
    return _with_shape(tree, shape, origin), origin


@torch.no_grad()
def merged(tree, gates, mass):
    """A tree in which some gates are leaves.

    A merged leaf has the mean, by mass, of the leaves below: of their outputs and,
    for linear leaves, their parameters.

    Parameters
    ----------
    tree : SoftTree
        Left as it is.
    gates : sequence of int
        Node numbers of the gates, none below another.
    mass : ndarray of shape (n_nodes,)
        Share of the rows that reach each node.

    Returns
    -------
    tree : SoftTree
        The smaller one.
    origin : ndarray of int of shape (n_nodes_of_it,)
        For each of its nodes the number of the same one before.
    """
    shape, origin = tree.shape.changed(merged=gates)
    twin = _with_shape(tree, shape, origin)
    for gate in gates:
        below = tree.shape.below(gate)
        weight = torch.as_tensor(mass[tree.shape.leaves[below]], dtype=torch.float64)
        # Where no row comes, all leaves count alike.
        weight = torch.ones_like(weight) if not weight.sum() else weight
        weight, below = weight / weight.sum(), torch.from_numpy(below)
        at = int(np.flatnonzero(origin[shape.leaves] == gate)[0])
        for alone, leaf in ((False, twin.leaf), (True, twin.path_leaf)):
            mean = weight @ tree.leaf_outputs(torch.float64, alone).cpu()[below]
            leaf[at] = mean.clamp(min=_LEAST).log() if tree.is_classifier else mean
        if tree.has_linear_leaves:
            n_outputs = tree.leaf.shape[1]
            linear = tree.leaf_weight.double().cpu().unflatten(0, (-1, n_outputs))
            mean = torch.einsum("l,lkd->kd", weight, linear[below])
            twin.leaf_weight[at * n_outputs : (at + 1) * n_outputs] = mean
    return twin, origin


@torch.no_grad()
def split_best(tree, x, target, weight, count, max_depth):
    """A tree in which the leaves with most to gain are gates.

    A new gate that leaves its children alike has no gradient. So it starts along the
    residual: of the rows in a leaf, by their probability, the leading direction of
    target minus mean is regressed on the columns, and the new leaves start at the means
    of both sides.

    Parameters
    ----------
    tree : SoftTree
        Left as it is.
    x : Tensor of shape (n, n_inputs)
        Rows.
    target : Tensor of shape (n, n_outputs)
        What they should get: distributions or values.
    weight : Tensor of shape (n,)
        Weights of the rows.
    count : int
        Largest number of leaves that are split: those where the loss falls most.
    max_depth : int
        No leaf gets deeper.

    Returns
    -------
    SoftTree
        The larger one; the same where no leaf has anything to gain.
    """
    # Shares of all rows: so gains of leaves far from each other compare.
    reach = tree.leaf_probabilities(x) * weight[:, None]
    reach = reach / weight.sum()
    splits = []
    for leaf, node in enumerate(tree.shape.leaves):
        if len(tree.shape.path(node)) <= max_depth:
            split = _along_residual(tree, x, target, reach[:, leaf])
            if split is not None:
                splits.append((split[0], node, split[1:]))
    splits = sorted(splits, key=lambda each: -each[0])[:count]
    if not splits:
        return tree
    shape, origin = tree.shape.changed(split=[node for _, node, _ in splits])
    twin = _with_shape(tree, shape, origin)
    for _, node, (gate_weight, gate_bias, sides) in splits:
        leaf = int(np.flatnonzero(tree.shape.leaves == node)[0])
        number = int(np.flatnonzero(origin == node)[0])
        rank = int(shape.rank(number))
        twin.gate_weight[rank], twin.gate_bias[rank] = gate_weight, gate_bias
        # With sparse gates: the columns that it was made with are those it keeps.
        if twin.mask is not None:
            twin.mask[rank] = (gate_weight != 0).to(twin.mask.dtype)
        for child, side in zip(shape.children(number), sides, strict=True):
            at = int(np.flatnonzero(shape.leaves == child)[0])
            twin.leaf[at] = twin.path_leaf[at] = side
            if tree.has_linear_leaves:
                n = tree.leaf.shape[1]
                old = tree.leaf_weight[leaf * n : (leaf + 1) * n]
                twin.leaf_weight[at * n : (at + 1) * n] = old
    return twin


def _along_residual(tree, x, target, weight):
    """Gain, gate and two leaves of one split; None where there is nothing to gain."""
    total = weight.sum()
    if total <= 0:
        return None
    share = weight / total
    mean = share @ target
    residual = target - mean
    spread = residual.T @ (share[:, None] * residual)
    if spread.trace() <= _LEAST:
        return None
    middle = share @ x
    if tree.max_features == 1:
        division = _best_threshold(tree, x, target, share, middle)
        if division is None:
            return None
        direction, middle = division
    else:
        # The direction in which the targets of this leaf vary most: with two classes it
        # is their difference.
        leading = torch.linalg.eigh(spread.double()).eigenvectors[:, -1].to(x.dtype)
        toward = share * (residual @ leading)
        direction = _regression(x - middle, toward, share)
        if tree.max_features is not None:
            # By what a column moves, not by its weight, which is small where numbers
            # are large.
            few = (direction.abs() * tree.column_scale).topk(tree.max_features).indices
            # Again on these alone, which now speak for the columns that are dropped.
            part = _regression((x - middle)[:, few], toward, share)
            direction = torch.zeros_like(direction).index_copy(0, few, part)
    centred = x - middle
    deviation = (share @ (centred @ direction).square()).sqrt()
    if deviation <= _LEAST:
        return None
    direction = direction * (_SPREAD[tree.max_features == 1] / deviation)
    right = torch.sigmoid(centred @ direction) * weight
    before, gain, sides = _impurity(tree, target, weight), 0.0, []
    for part in (weight - right, right):
        gain -= _impurity(tree, target, part)
        side = part @ target / part.sum().clamp(min=_LEAST)
        sides.append(side.clamp(min=_LEAST).log() if tree.is_classifier else side)
    return before + gain, direction, -middle @ direction, sides


def _regression(x, toward, share):
    """Ridge regression of what ``toward`` sums to on centred columns."""
    moments = x.T @ (share[:, None] * x)
    ridge = _RIDGE * moments.diagonal().mean().clamp(min=_LEAST)
    moments = moments + ridge * torch.eye(len(moments), dtype=x.dtype)
    return torch.linalg.solve(moments, x.T @ toward)


def _best_threshold(tree, x, target, share, middle):
    """The column, as a direction, and the place at which it divides best."""
    best = None
    for column in range(x.shape[1]):
        order = x[:, column].argsort()
        values = x[order, column]
        sums = (share[:, None] * target)[order].cumsum(dim=0)
        mass = share[order].cumsum(dim=0)
        ends = torch.searchsorted(mass, _SHARES).clamp(max=len(mass) - 1)
        # Each is the last row of its value, and not the largest value.
        ends = torch.searchsorted(values, values[ends], right=True).unique() - 1
        ends = ends[ends < len(values) - 1]
        if not len(ends):
            continue
        gain = sum(
            _certainty(tree, part, total)
            for part, total in (
                (sums[ends], mass[ends]),
                (sums[-1] - sums[ends], mass[-1] - mass[ends]),
            )
        )
        top = int(gain.argmax())
        if best is None or gain[top] > best[0]:
            end = ends[top]
            cut = (values[end] + values[end + 1]) / 2
            best = gain[top], column, cut
    if best is None:
        return None
    direction, place = torch.zeros_like(middle), middle.clone()
    direction[best[1]], place[best[1]] = 1.0, best[2]
    return direction, place


def _certainty(tree, sums, mass):
    """How much constant leaves say of rows with these sums of targets."""
    mass = mass.clamp(min=_LEAST)[:, None]
    mean = sums / mass
    if tree.is_classifier:
        return (mass * torch.xlogy(mean, mean)).sum(dim=1)
    return (mass * mean.square()).sum(dim=1)


def _impurity(tree, target, weight):
    """What a constant leaf leaves over, times its weight."""
    total = weight.sum().clamp(min=_LEAST)
    mean = weight @ target / total
    if tree.is_classifier:
        return float(-total * torch.xlogy(mean, mean).sum())
    return float(weight @ (target - mean).square().sum(dim=1))
