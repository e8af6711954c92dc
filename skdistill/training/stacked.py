"""Several modules of one kind as one: their weights side by side, their outputs too."""

import copy
from abc import ABC, abstractmethod

import torch
from torch import nn
from torch.func import functional_call, vmap
from torch.nn import functional as F

from ..modules.embeddings import PeriodicEncoding, PiecewiseLinearEncoding
from ..modules.mlp import MLP, MLPMembers, learns_embedding
from ..modules.soft_tree import SoftTree


def stacked_kind(module):
    """Return what modules must have in common to be stacked.

    Parameters
    ----------
    module : torch.nn.Module
        Initialised.

    Returns
    -------
    tuple or None
        Hashable. None for a module that is not stacked: a user's module, nets with
        dropout or a user's embedding, trees whose gates choose their columns or whose
        leaves are linear.
    """
    make = _STACKS.get(type(module))
    kind = None if make is None else make.kind(module)
    if kind is None:
        return None
    named = module.named_parameters()
    return type(module), kind, tuple((n, p.shape, p.dtype) for n, p in named)


def stacked(modules):
    """One module that computes what all would.

    Parameters
    ----------
    modules : list of torch.nn.Module
        Of one ``stacked_kind``, and on one device.

    Returns
    -------
    Stack
        With copies of their weights.
    """
    return _STACKS[type(modules[0])].of(modules)


class Stack(ABC):
    """What stacked modules share.

    Parameters
    ----------
    modules : list of torch.nn.Module
        Modules of one kind.

    Attributes
    ----------
    weights : dict of {str: Tensor of shape (n_modules, ...)}
        The parameters by their names, to be trained.
    training : bool
        Whether outputs are those of training.
    """

    def __init__(self, modules):
        self.modules = modules
        parameters = [dict(module.named_parameters()) for module in modules]
        self.weights = {
            name: torch.stack([each[name].detach() for each in parameters])
            for name in parameters[0]
        }
        for weight in self.weights.values():
            weight.requires_grad_()
        self.training = True

    @classmethod
    def of(cls, modules):
        """Return the form that suits these modules.

        Parameters
        ----------
        modules : list of torch.nn.Module
            Of one kind.

        Returns
        -------
        Stack
            The stack of all of them.
        """
        return cls(modules)

    @abstractmethod
    def outputs(self, x):
        """Outputs of all modules.

        Parameters
        ----------
        x : Tensor of shape (n, n_inputs) or (n_modules, n, n_inputs)
            Rows of all, or of each.

        Returns
        -------
        (Tensor of shape (n_modules, n, ...), object)
            As the modules return them, and what ``penalty`` needs besides.
        """

    def penalty(self, state, weight=None):
        """Return the penalties of the modules.

        Parameters
        ----------
        state : object
            What ``outputs`` gave beside the outputs.
        weight : Tensor of shape (n_modules or 1, n), default=None
            Weights of the rows.

        Returns
        -------
        Tensor of shape (n_modules,) or float
            To be added to the losses.
        """
        return 0.0

    def state_of(self, i):
        """Return copies of what one module has learnt so far.

        Parameters
        ----------
        i : int
            Which one.

        Returns
        -------
        dict of Tensor
            Its parameters by name.
        """
        return {name: w[i].detach().clone() for name, w in self.weights.items()}

    def tensors(self):
        """Return all that training changes.

        Returns
        -------
        dict of Tensor
            The tensors themselves, of all modules.
        """
        return dict(self.weights)

    @torch.no_grad()
    def give_back(self, i, state=None):
        """Leave a module as training it alone would have left it.

        Parameters
        ----------
        i : int
            Which one.
        state : dict of Tensor, default=None
            Of an earlier epoch, from ``state_of``; None for that of now.
        """
        state = self.state_of(i) if state is None else state
        for name, parameter in self.modules[i].named_parameters():
            parameter.copy_(state[name])


class _MLPs(Stack):
    """Perceptrons whose embeddings, if they have some, are the same and learn nothing."""

    @staticmethod
    def kind(module):
        if module.dropout is not None or type(module.embedding) not in _EMBEDDINGS:
            return None
        buffers = module.named_buffers()
        # Nets with other edges cannot share the embedding.
        view = tuple((name, b.cpu().numpy().tobytes()) for name, b in buffers)
        return type(module.activation), type(module.embedding), module.clip, view

    @classmethod
    def of(cls, modules):
        return _ByVmap(modules) if learns_embedding(modules[0]) else cls(modules)

    def outputs(self, x):
        base = self.modules[0]
        x = _first_input(base, x)
        for i, (weight, bias) in enumerate(self._layers()):
            if i:
                x = base.activation(x)
            if x.dim() == 2:  # one product for all
                flat = F.linear(x, weight.flatten(0, 1), bias.flatten())
                x = flat.unflatten(1, weight.shape[:2]).transpose(0, 1)
            else:
                x = torch.baddbmm(bias[:, None], x, weight.transpose(1, 2))
        return x, None

    def _layers(self):
        """The stacked weights and biases of each layer."""
        n_layers = len(self.modules[0].layers)
        return [
            tuple(self.weights[f"layers.{i}.{name}"] for name in _OF_LAYER)
            for i in range(n_layers)
        ]


class _ByVmap(Stack):
    """Nets that torch itself vectorises: with members, or with embeddings that learn."""

    def __init__(self, modules):
        super().__init__(modules)
        self._base = copy.deepcopy(modules[0])
        if not learns_embedding(modules[0]):
            # What the layers see is computed beforehand.
            self._base.mlp.embedding = self._base.mlp.clip = None

    @staticmethod
    def kind(module):
        net_kind = _MLPs.kind(module.mlp)
        return net_kind if net_kind is None else (net_kind, len(module.bias[0]))

    def outputs(self, x):
        if not learns_embedding(self.modules[0]):
            x = _first_input(self.modules[0].mlp, x)

        def one(weights, rows):
            return functional_call(self._base, weights, (rows,))

        by_module = vmap(one, in_dims=(0, None if x.dim() == 2 else 0))
        return by_module(self.weights, x), None


class _SoftTrees(Stack):
    """Soft trees of one shape."""

    def __init__(self, modules):
        super().__init__(modules)
        self._trees = _Trees(modules, self.weights)
        # The tree's method works on stacked parameters too, with one axis more.
        self.penalty = self._trees.penalty

    @staticmethod
    def kind(module):
        if module.mask is not None or module.is_annealing or module.has_linear_leaves:
            return None
        same = module.is_classifier, module.is_sorted, module.gives_paths
        return same, tuple(module.widths), tuple(module.shape.gates)

    def outputs(self, x):
        self._trees.train(self.training)
        outputs = self._trees(x)
        return outputs if self.training else (outputs, None)

    def tensors(self):
        masses = {name: getattr(self._trees, name) for name in _MASSES}
        return super().tensors() | masses

    @torch.no_grad()
    def give_back(self, i, state=None):
        super().give_back(i, state)
        for name in _MASSES:
            getattr(self.modules[i], name).copy_(getattr(self._trees, name)[..., i])


class _Trees(SoftTree):
    """A soft tree whose parameters have one axis more, the first: that of the trees."""

    def __init__(self, modules, weights):
        nn.Module.__init__(self)  # not SoftTree's, which would draw new weights
        base = modules[0]
        for name in ("shape", "is_classifier", "widths", "is_sorted", "gives_paths"):
            setattr(self, name, getattr(base, name))
        self.mask, self.is_annealing = None, False  # others are not stacked
        self.has_linear_leaves = False
        self._n_trees, self.gate_weight = len(modules), weights["gate_weight"]
        self.gate_bias, self.leaf = weights["gate_bias"], weights["leaf"]

        def column(values):
            return self.leaf.new_tensor(list(values))

        strengths = [module.balance_penalty for module in modules]
        self.balance_penalty = column(strengths) if any(strengths) else 0.0
        self.temperature = column(m.temperature for m in modules)[:, None, None]
        for name in _MASSES:
            buffers = [getattr(module, name) for module in modules]
            setattr(self, name, torch.stack(buffers, dim=-1))

    @property
    def n_gates(self):
        """Number of inner nodes of each."""  # numpydoc ignore=RT01
        return self.shape.n_gates

    def _by_gate(self, x):
        """The gates' logits, the rows of all trees side by side: (n_gates, n_trees * n)."""
        weight, bias = self.gate_weight.to(x.dtype), self.gate_bias.to(x.dtype)
        if x.dim() == 2:  # one product for all
            flat = torch.addmm(bias.reshape(-1, 1), weight.flatten(0, 1), x.T)
            logits = flat.unflatten(0, weight.shape[:2])
        else:
            logits = torch.baddbmm(bias[:, :, None], weight, x.transpose(1, 2))
        return logits.transpose(0, 1).flatten(1)

    def _by_tree(self, of_nodes):
        """What nodes have of the rows of all trees, by tree: (n_nodes, n_trees, n)."""
        return of_nodes.unflatten(1, (self._n_trees, -1))

    def _at_leaves(self, above, last):
        return super()._at_leaves(above, last).unflatten(0, (self._n_trees, -1))

    def _masses(self, ways, weight):
        n = ways[1].shape[1] // self._n_trees
        parts = [self._by_tree(part) for part in ways]
        parts = [p if weight is None else p * weight for p in parts]
        return torch.cat([p.sum(dim=2) for p in parts]) / n


def _first_input(mlp, x):
    """What the layers see of rows (n, n_inputs) or (n_modules, n, n_inputs)."""
    return mlp.seen(x.flatten(0, -2)).unflatten(0, x.shape[:-1])


_OF_LAYER = "weight", "bias"
# Moving averages of the gates' masses, which are buffers and no weights.
_MASSES = "gate_mass", "right_mass", "n_steps"
_EMBEDDINGS = {type(None), PiecewiseLinearEncoding, PeriodicEncoding}
_STACKS = {MLP: _MLPs, MLPMembers: _ByVmap, SoftTree: _SoftTrees}
