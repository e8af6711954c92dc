"""A net without the neurons, and the edges of its bins, that matter least."""

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ..modules.embeddings import PiecewiseLinearEncoding

_MOST_ROWS = 8192
_DRAWS = 4  # of directions, for the curvature of the loss
_DAMPING = 1e-4
_PARTS = 50  # a fiftieth of what could go, goes at once


def thinned(model, x, sparsity, random):
    """A net from which neurons, and edges of bins, are gone.

    Which ones is asked of the loss to second order, as in [1]_ and [2]_: removing an input
    of a layer is a linear constraint on the layer's weights, and the others are moved to
    where, under it, the layer's output changes least on the rows. Rows, and outputs of a
    layer, count by how much the net's answers depend on them (the diagonal of the
    Gauss-Newton matrix). The removal that costs least for each weight that it saves is
    next, over all layers.

    Parameters
    ----------
    model : NetModel
        Left as it is.
    x : ndarray of shape (n, n_inputs)
        The view of some rows.
    sparsity : float
        Share of the weights that go, at least; fewer where one neuron of each layer, and
        one bin of each column, are left.
    random : RandomState
        Chooses rows and directions.

    Returns
    -------
    torch.nn.Module
        A smaller net, of the same kind; it needs no ``output_scale``.

    References
    ----------
    .. [1] LeCun, Denker, Solla: Optimal Brain Damage, 1990.
    .. [2] Hassibi, Stork, Wolff: Optimal Brain Surgeon and General Network Pruning, 1993.
    """
    if len(x) > _MOST_ROWS:
        x = x[np.sort(random.choice(len(x), _MOST_ROWS, replace=False))]
    module = copy.deepcopy(model.module).double().eval()
    if model.output_scale is not None:  # as the last layer's own: it is trained further
        scale = torch.from_numpy(np.repeat(model.output_scale, model.task.widths))
        with torch.no_grad():
            module.layers[-1].weight.mul_(scale[:, None])
            module.layers[-1].bias.mul_(scale)
    generator = torch.Generator().manual_seed(random.randint(2**31 - 1))
    layers = _layers(module, model, x, generator)
    excess = sparsity * sum(layer.weight.size for layer in layers)
    kept = sum(layer.weight.size for layer in layers) - excess
    while excess > 0 and _remove_some(layers, excess):
        excess = sum(layer.weight.size for layer in layers) - kept
    return _smaller(model.module, layers)


@dataclass
class _Removal:
    """What could go next: an input of a layer, or the edge between two of its bins."""

    cost: float
    saved: int
    layer: int
    first: int
    second: int | None = None


class _Layer:
    """Weights of an affine layer, and what its inputs do on the rows.

    Attributes
    ----------
    weight : ndarray of shape (n_outputs, n_inputs + 1)
        The bias last.
    inverse : ndarray of shape (n_inputs + 1, n_inputs + 1)
        Of the inputs' second moments.
    sensitivity : ndarray of shape (n_outputs,)
        How much the net's answers depend on each output.
    bins : _Bins or None
        Of the first layer, if it has some.
    """

    def __init__(self, weight, bias, inputs, curvature, bins):
        rows = curvature.sum(axis=1)
        self.sensitivity = curvature.mean(axis=0)
        rows = rows / max(rows.mean(), 1e-300)
        self.weight = np.column_stack([weight, bias])
        if inputs is not None:  # else none of them ever goes
            z = np.column_stack([inputs, np.ones(len(inputs))])
            moments = (z * rows[:, None]).T @ z / len(z)
            damping = _DAMPING * np.trace(moments) / len(moments)
            self.inverse = np.linalg.inv(moments + damping * np.eye(len(moments)))
        self.bins = bins

    def costs_of_inputs(self):
        """What it costs to do without each input (n_inputs,)."""
        size = self.sensitivity @ self.weight[:, :-1] ** 2
        return size / self.inverse.diagonal()[:-1]

    def costs_of_edges(self):
        """What it costs to do without the edge between each pair of bins."""
        first, second = self.bins.pairs()
        a, b = 1 / self.bins.width[first], 1 / self.bins.width[second]
        i, j = first + self.bins.start, second + self.bins.start
        size = self.sensitivity @ (self.weight[:, i] * a - self.weight[:, j] * b) ** 2
        h = self.inverse
        curvature = a * a * h[i, i] - 2 * a * b * h[i, j] + b * b * h[j, j]
        return size / np.maximum(curvature, 1e-300)

    def drop(self, inputs, edges):
        """Do without inputs, and make one bin of some pairs of neighbours."""
        directions = np.zeros((len(self.inverse), len(inputs) + len(edges)))
        directions[inputs, range(len(inputs))] = 1
        for k, (first, second) in enumerate(edges, start=len(inputs)):
            directions[first + self.bins.start, k] = 1 / self.bins.width[first]
            directions[second + self.bins.start, k] = -1 / self.bins.width[second]
        self._constrain(directions)
        # A bin of both widths fills at the rate that both now have: the sum of weights.
        for first, second in edges:
            for table in (self.weight.T, self.inverse, self.inverse.T):
                table[first + self.bins.start] += table[second + self.bins.start]
        gone = [*inputs, *(second + self.bins.start for _, second in edges)]
        self.weight = np.delete(self.weight, gone, axis=1)
        self.inverse = np.delete(np.delete(self.inverse, gone, axis=0), gone, axis=1)
        if edges:
            self.bins.merge(edges)

    def _constrain(self, directions):
        """Move the weights to where their products with some directions are 0."""
        moved = self.inverse @ directions
        share = np.linalg.solve(directions.T @ moved, moved.T)
        self.weight -= (self.weight @ directions) @ share
        self.inverse -= moved @ share

    def drop_outputs(self, outputs):
        """Do without some outputs."""
        self.weight = np.delete(self.weight, outputs, axis=0)
        self.sensitivity = np.delete(self.sensitivity, outputs)


class _Bins:
    """Bins of piecewise-linear columns that are left: inputs of the first layer."""

    def __init__(self, embedding, n_inputs):
        self.column = embedding.column.numpy().copy()
        self.low = embedding.low.double().numpy().copy()
        self.width = embedding.width.double().numpy().copy()
        self.start = n_inputs  # the columns themselves come first

    def pairs(self):
        """Neighbours of one column, as places among the bins."""
        first = np.flatnonzero(self.column[1:] == self.column[:-1])
        return first, first + 1

    def merge(self, edges):
        """Make one bin of each of some pairs."""
        first, second = map(list, zip(*edges, strict=True))
        self.width[first] += self.width[second]
        for name in ("column", "low", "width"):
            setattr(self, name, np.delete(getattr(self, name), second))

    def edges(self):
        """By column, ascending, where its bins meet."""
        for j in np.unique(self.column):
            mine = self.column == j
            low, width = self.low[mine], self.width[mine]
            yield int(j), np.append(low, low[-1] + width[-1])


def _layers(module, model, x, generator):
    """Each affine layer with its inputs on the rows, and their weight in the answers."""
    inputs, found = [], []
    z = module.seen(torch.from_numpy(x).double())
    for i, layer in enumerate(module.layers):
        z = module.activation(z) if i else z
        inputs.append(z.detach().numpy())
        z = layer(z if i else z.detach())
        z.retain_grad()
        found.append(z)
    outputs = z
    squares = _squared_slopes(model, outputs, found, generator)
    bins = [_bins_of(module, x)] + [None] * (len(module.layers) - 1)
    inputs[0] = inputs[0] if bins[0] is not None else None
    parts = zip(module.layers, inputs, squares, strict=True)
    return [
        _Layer(
            layer.weight.detach().numpy(),
            layer.bias.detach().numpy(),
            given,
            square,
            of_bins,
        )
        for (layer, given, square), of_bins in zip(parts, bins, strict=True)
    ]


def _bins_of(module, x):
    embedding = module.embedding
    if isinstance(embedding, PiecewiseLinearEncoding):
        return _Bins(embedding, x.shape[1])
    return None


def _squared_slopes(model, outputs, found, generator):
    """Squares of the slopes of the answers by each layer's outputs, by rows.

    Answers count as their divergence does: of classes by the covariance of labels drawn
    from the probabilities, of which random directions are the root.
    """
    sums = [torch.zeros_like(each) for each in found]
    for _ in range(_DRAWS):
        direction = _direction(model, outputs.detach(), generator)
        for each in found:
            each.grad = None
        outputs.backward(direction, retain_graph=True)
        for total, each in zip(sums, found, strict=True):
            total += each.grad**2
    return [(total / _DRAWS).numpy() for total in sums]


def _direction(model, outputs, generator):
    random = torch.randn(outputs.shape, generator=generator, dtype=outputs.dtype)
    if model.task.kind == "regressor":
        return random
    parts = []
    for part, noise in zip(
        outputs.split(list(model.task.widths), dim=1),
        random.split(list(model.task.widths), dim=1),
        strict=True,
    ):
        p = part.softmax(dim=1)
        root = p.sqrt() * noise
        parts.append(root - p * root.sum(dim=1, keepdim=True))
    return torch.cat(parts, dim=1)


def _remove_some(layers, excess):
    """Take the cheapest removals by the weights that they save; False if none is left."""
    removals = sorted(_removals(layers), key=lambda each: each.cost)
    if not removals:
        return False
    taken, touched = [], set()
    for each in removals[: max(1, len(removals) // _PARTS)]:
        if excess <= 0:
            break
        ends = {(each.layer, each.first), (each.layer, each.second)}
        if each.second is None or not ends & touched:  # pairs of one bin: another time
            touched |= ends
            taken.append(each)
            excess -= each.saved
    for k, layer in enumerate(layers):
        mine = [each for each in taken if each.layer == k]
        neurons = [each.first for each in mine if each.second is None]
        edges = [(each.first, each.second) for each in mine if each.second is not None]
        if mine:
            layer.drop(neurons, edges)
        if neurons:
            layers[k - 1].drop_outputs(neurons)
    return True


def _removals(layers):
    """All neurons but one of each hidden layer, and all edges of bins."""
    for k, layer in enumerate(layers):
        if k:
            saved = len(layer.weight) + layers[k - 1].weight.shape[1]
            cost = layer.costs_of_inputs() / saved
            for i in np.argsort(cost, kind="stable")[:-1]:
                yield _Removal(cost[i], saved, k, int(i))
    bins = layers[0].bins
    if bins is not None:
        saved = len(layers[0].weight)
        cost = layers[0].costs_of_edges() / saved
        for each, first, second in zip(cost, *bins.pairs(), strict=True):
            yield _Removal(each, saved, 0, int(first), int(second))


def _smaller(module, layers):
    """The net with the layers that are left."""
    small = copy.deepcopy(module)
    dtype = module.layers[0].weight.dtype
    for i, layer in enumerate(layers):
        weight, bias = layer.weight[:, :-1], layer.weight[:, -1]
        linear = nn.Linear(weight.shape[1], len(weight), dtype=dtype)
        linear.weight = nn.Parameter(torch.from_numpy(weight.copy()).to(dtype))
        linear.bias = nn.Parameter(torch.from_numpy(bias.copy()).to(dtype))
        small.layers[i] = linear
    if layers[0].bins is not None:
        bins = layers[0].bins
        numeric, edges = zip(*bins.edges(), strict=True)
        embedding = PiecewiseLinearEncoding(bins.start, list(numeric), list(edges))
        embedding.asked_as = getattr(module.embedding, "asked_as", None)
        small.embedding = embedding
    return small.eval()
