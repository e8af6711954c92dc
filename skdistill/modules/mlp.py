"""A multi-layer perceptron that computes in the precision of its input."""

from itertools import pairwise

import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import skip_init

ACTIVATIONS = {
    "relu": nn.ReLU,
    "gelu": nn.GELU,
    "silu": nn.SiLU,
    "tanh": nn.Tanh,
    "logistic": nn.Sigmoid,
    "identity": nn.Identity,
}


class MLP(nn.Module):
    """Affine layers with an activation, and dropout if wanted, between them.

    Parameters
    ----------
    n_inputs : int
        Number of columns of the input.
    n_outputs : int
        Number of columns of the output.
    hidden_layer_sizes : tuple of int, default=(64, 64)
        Widths of the hidden layers.
    activation : str, default="relu"
        One of ``ACTIVATIONS``.
    dropout : float, default=0.0
        Share of each hidden layer that is dropped in training.
    generator : torch.Generator, default=None
        Draws the initial weights; the global generator if None.
    embedding : torch.nn.Module, default=None
        What the first layer sees of the columns; its ``n_outputs`` says how many.
    clip : float, default=None
        Where columns level off, smoothly, before anything else sees them.

    Examples
    --------
    >>> import torch
    >>> from skdistill.modules import MLP
    >>> MLP(3, 2)(torch.zeros(5, 3)).shape
    torch.Size([5, 2])
    """

    def __init__(
        self,
        n_inputs,
        n_outputs,
        hidden_layer_sizes=(64, 64),
        activation="relu",
        dropout=0.0,
        generator=None,
        embedding=None,
        clip=None,
    ):
        super().__init__()
        self.clip = clip
        self.embedding = embedding
        n_seen = n_inputs if embedding is None else embedding.n_outputs
        widths = [n_seen, *hidden_layer_sizes, n_outputs]
        # skip_init: nn.Linear's own initialisation would draw from the global generator
        self.layers = nn.ModuleList(
            skip_init(nn.Linear, n_in, n_out) for n_in, n_out in pairwise(widths)
        )
        self.activation = ACTIVATIONS[activation]()
        self.dropout = nn.Dropout(dropout) if dropout else None
        for layer in self.layers:
            bound = layer.in_features**-0.5
            nn.init.uniform_(layer.weight, -bound, bound, generator=generator)
            nn.init.uniform_(layer.bias, -bound, bound, generator=generator)

    def seen(self, x):
        """What the first layer sees of rows.

        Parameters
        ----------
        x : Tensor of shape (n, n_inputs)
            The student's view.

        Returns
        -------
        Tensor of shape (n, n_seen)
            Clipped, and embedded.
        """
        if self.clip is not None:
            x = smooth_clip(x, self.clip)
        return x if self.embedding is None else self.embedding(x)

    def forward(self, x):
        """Outputs of the last layer.

        Parameters
        ----------
        x : Tensor of shape (n, n_inputs)
            Of any floating dtype, in which the outputs are computed too.

        Returns
        -------
        Tensor of shape (n, n_outputs)
            Logits or values.
        """
        x = self.seen(x)
        for i, layer in enumerate(self.layers):
            if i:
                x = self.activation(x)
                x = x if self.dropout is None else self.dropout(x)
            x = _affine(layer, x)
        return x


def smooth_clip(x, limit):
    """Numbers that level off: ``x / sqrt(1 + (x / limit)^2)``.

    Parameters
    ----------
    x : Tensor or ndarray
        Of any shape.
    limit : float
        What large numbers tend to.

    Returns
    -------
    Tensor or ndarray
        Near x where it is much smaller than the limit.

    References
    ----------
    Holzmueller, Grinsztajn, Steinwart: Better by Default: Strong Pre-Tuned MLPs and
    Boosted Trees on Tabular Data, 2024.

    Examples
    --------
    >>> import numpy as np
    >>> from skdistill.modules.mlp import smooth_clip
    >>> smooth_clip(np.array([0.1, 3.0, 1e6]), 3.0).round(3)
    array([0.1  , 2.121, 3.   ])
    """
    scaled = (x / limit).clip(-1e18, 1e18)  # squares of more overflow in float32
    return limit * scaled / (1 + scaled**2) ** 0.5


class MLPMembers(nn.Module):
    """Several perceptrons that share their weights but for factors of each unit.

    Each layer computes ``((x * r) W) * s + b`` with W shared by all members, and r, s and
    b of each member [1]_. Members are trained each by itself, and answer side by side.

    Parameters
    ----------
    mlp : MLP
        Its embedding, layers and activation are shared; its biases are where all members
        start from.
    n_members : int
        How many.
    generator : torch.Generator, default=None
        Draws the first layer's factors, -1 or 1, which set the members apart.

    References
    ----------
    .. [1] Gorishniy, Kotelnikov, Babenko: TabM: Advancing Tabular Deep Learning with
       Parameter-Efficient Ensembling, 2025.

    Examples
    --------
    >>> import torch
    >>> from skdistill.modules import MLP, MLPMembers
    >>> MLPMembers(MLP(3, 2), 4)(torch.zeros(5, 3)).shape
    torch.Size([5, 4, 2])
    """

    def __init__(self, mlp, n_members, generator=None):
        super().__init__()
        self.mlp = mlp
        self.before, self.after, self.bias = (nn.ParameterList() for _ in range(3))
        for i, layer in enumerate(mlp.layers):
            before = torch.ones(n_members, layer.in_features)
            if i == 0:
                # TabM: only the first factors are random, else the members stay alike.
                signs = torch.randint(2, before.shape, generator=generator)
                before = 2.0 * signs - 1.0
            self.before.append(nn.Parameter(before))
            self.after.append(nn.Parameter(torch.ones(n_members, layer.out_features)))
            bias = layer.bias.detach().expand(n_members, -1)
            self.bias.append(nn.Parameter(bias.clone()))
            layer.bias = None

    @property
    def embedding(self):
        """The embedding that all members share, or None."""  # numpydoc ignore=RT01
        return self.mlp.embedding

    def forward(self, x):
        """Outputs of the last layer, of each member.

        Parameters
        ----------
        x : Tensor of shape (n, n_inputs)
            Of any floating dtype, in which the outputs are computed too.

        Returns
        -------
        Tensor of shape (n, n_members, n_outputs)
            Logits or values.
        """
        mlp = self.mlp
        x = mlp.seen(x)[:, None, :]
        layers = zip(mlp.layers, self.before, self.after, self.bias, strict=True)
        for i, (layer, *factors) in enumerate(layers):
            before, after, bias = (p.to(x.dtype) for p in factors)
            x = F.linear(x * before, layer.weight.to(x.dtype)) * after + bias
            if i < len(mlp.layers) - 1:
                x = mlp.activation(x)
                if mlp.dropout is not None:
                    x = mlp.dropout(x)
        return x


def learns_embedding(net):
    """Whether a net's embedding has weights.

    Parameters
    ----------
    net : MLP or MLPMembers
        With or without an embedding.

    Returns
    -------
    bool
        False without one.
    """
    embedding = net.embedding
    return embedding is not None and any(True for _ in embedding.parameters())


def _affine(layer, x):
    weight, bias = layer.weight, layer.bias
    if weight.dtype != x.dtype:  # prediction in float64
        weight, bias = weight.to(x.dtype), bias.to(x.dtype)
    return F.linear(x, weight, bias)
