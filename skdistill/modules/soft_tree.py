"""A soft decision tree: oblique gates that send every row to all leaves, by degrees.

Nodes are numbered level by level, as in ``TreeShape``. A gate sends a row to the right
with probability sigmoid(w x + b).
"""

import torch
from torch import nn
from torch.nn import functional as F

from .gates import is_selected, logistic, n_selected, paths, selected
from .tree_shape import TreeShape

# The root's share is averaged over about so many batches. As Frosst and Hinton have it,
# the window grows exponentially with depth.
_BALANCE_WINDOW = 4.0
# Shares are kept so far from 0 and 1, where the penalty has no bound.
_BALANCE_MARGIN = 0.01
# No leaf excludes a class: the log loss of one row would be infinite.
_LEAF_FLOOR = 1e-7


class SoftTree(nn.Module):
    """A binary tree of soft gates over leaves.

    The output is the mixture of all leaves, weighted by the probability of the path to
    each [1]_: the logarithm of a class distribution, or values.

    Parameters
    ----------
    n_inputs : int
        Number of columns of the input.
    n_outputs : int
        Classes, or target values.
    max_depth : int, default=5
        Number of gates on each path of a complete tree.
    shape : TreeShape, default=None
        Another shape.
    is_classifier : bool, default=True
        Whether a leaf is a distribution (softmax of its parameters) or holds values.
    balance_penalty : float, default=0.0
        Strength of the penalty on gates that send all rows to one side.
    generator : torch.Generator, default=None
        Draws the initial weights; the global generator if None.
    widths : list of int, default=None
        Number of classes of each of several targets, side by side; None for one.
    is_sorted : bool, default=False
        Whether the values of a leaf ascend, as quantiles do.
    gives_paths : bool, default=False
        Whether the output in training mode has more columns beside the mixture, for a
        loss of each leaf by itself: see ``path_outputs``.
    temperature : float, default=1.0
        At which the leaves are compared by themselves.
    max_features : int, default=None
        Number of columns, those that move it most, that each gate keeps in the course of
        the training; in several rounds the others may come back. None for all.
    column_scale : Tensor of shape (n_inputs,), default=None
        Standard deviations of the columns; None for 1.
    has_linear_leaves : bool, default=False
        Whether a leaf's parameters are linear in the row.

    References
    ----------
    .. [1] Frosst, Hinton: Distilling a Neural Network Into a Soft Decision Tree, 2017.

    Examples
    --------
    >>> import torch
    >>> from skdistill.modules import SoftTree
    >>> tree = SoftTree(3, 2, max_depth=2).eval()
    >>> tree(torch.zeros(5, 3)).exp().sum(dim=1).round(decimals=4)
    tensor([1., 1., 1., 1., 1.], grad_fn=<RoundBackward1>)
    """

    #: Parameters that no weight decay touches.
    undecayed = ("gate_bias", "leaf", "leaf_weight")
    #: Of masses, where several processes see a part of a batch each.
    mean_over_processes = None

    def __init__(
        self,
        n_inputs,
        n_outputs,
        max_depth=5,
        *,
        shape=None,
        is_classifier=True,
        balance_penalty=0.0,
        generator=None,
        widths=None,
        is_sorted=False,
        gives_paths=False,
        temperature=1.0,
        max_features=None,
        column_scale=None,
        has_linear_leaves=False,
    ):
        super().__init__()
        self.shape = TreeShape.complete(max_depth) if shape is None else shape
        n_gates, bound = self.shape.n_gates, n_inputs**-0.5
        self.is_classifier = is_classifier
        self.balance_penalty = balance_penalty
        self.widths = [n_outputs] if widths is None else list(widths)
        self.is_sorted = is_sorted
        self.gives_paths = gives_paths
        self.temperature = temperature
        self.has_linear_leaves = has_linear_leaves
        self.gate_weight = nn.Parameter(torch.empty(n_gates, n_inputs))
        self.gate_bias = nn.Parameter(torch.zeros(n_gates))
        self.leaf = nn.Parameter(torch.empty(n_gates + 1, n_outputs))
        # As nn.Linear begins, but drawn from this generator.
        nn.init.uniform_(self.gate_weight, -bound, bound, generator=generator)
        nn.init.normal_(self.leaf, std=0.1, generator=generator)
        if has_linear_leaves:
            n_linear = (n_gates + 1) * n_outputs
            self.leaf_weight = nn.Parameter(torch.zeros(n_linear, n_inputs))
        # What the leaves say to rows that end there, set after training.
        self.register_buffer("path_leaf", self.leaf.detach().clone())
        # Running masses of the gates and of their right sides, for the balance penalty.
        for name in ("gate_mass", "right_mass"):
            self.register_buffer(name, torch.zeros(n_gates), persistent=False)
        self.register_buffer("n_steps", torch.zeros(()), persistent=False)
        self._set_selection(max_features, column_scale)

    def _set_selection(self, max_features, column_scale):
        n_inputs = self.gate_weight.shape[1]
        few = max_features is not None and max_features < n_inputs
        self.max_features = max_features if few else None
        self.is_annealing = few
        mask = torch.ones_like(self.gate_weight.detach()) if few else None
        scale = torch.ones(n_inputs) if column_scale is None else column_scale
        self.register_buffer("mask", mask, persistent=False)
        self.register_buffer("column_scale", scale if few else None, persistent=False)

    @torch.no_grad()
    def training_progress(self, done):
        """Let gates that are to end with few columns lose those that move them least.

        In each new round, lost columns start again from weights of 0.

        Parameters
        ----------
        done : float
            Share of the training that is done, in [0, 1].
        """
        if self.is_annealing:
            self.is_annealing = not is_selected(done)
            n_inputs = self.gate_weight.shape[1]
            count = n_selected(n_inputs, self.max_features, done)
            # Lost columns are at 0 wherever the optimizer's momentum has moved them.
            weight = self.gate_weight * self.mask
            self._keep(weight, selected(weight, self.column_scale, count), count)

    def _keep(self, weight, kept, count):
        """Let the gates have these weights, where 1 says that a column is kept."""
        # A gate of few columns is to move as fast as one of all: the parameters are
        # smaller by this factor than what they stand for.
        factor = (weight.shape[1] / count) ** 0.5
        self.gate_weight.copy_(weight * kept / factor)
        self.mask.copy_(kept * factor)

    @torch.no_grad()
    def keep_selection(self):
        """Let each gate look at the columns that it has, where these are few enough."""
        if self.mask is None:
            return
        has = self.gate_weight != 0
        if not self.n_gates or has.sum(dim=1).max() <= self.max_features:
            self.is_annealing = False
            kept = has.to(self.gate_weight.dtype)
            self._keep(self.gate_weight, kept, self.max_features)

    @torch.no_grad()
    def settle(self):
        """Make the weights what they stand for: 0 for columns that gates have lost."""
        if self.is_annealing:  # the training was cut short
            self.training_progress(1.0)
        if self.mask is not None:
            self.gate_weight.mul_(self.mask)
            self.mask = self.column_scale = None

    @property
    def n_gates(self):
        """Number of inner nodes."""  # numpydoc ignore=RT01
        return len(self.gate_bias)

    def forward(self, x):
        """The mixture of all leaves.

        Parameters
        ----------
        x : Tensor of shape (n, n_inputs)
            Of any floating dtype, in which the outputs are computed too.

        Returns
        -------
        Tensor of shape (n, n_outputs)
            Log-probabilities or values. In training mode a pair: this, and what
            ``paths`` gives, for ``penalty``.
        """
        ways = self.paths(x)
        reach = self._at_leaves(*ways)
        output = _average(reach, self._leaves_of(x))
        if self.is_classifier:
            output = output.clamp(min=torch.finfo(output.dtype).tiny).log()
        if not self.training:
            return output
        if self.gives_paths:
            output = torch.cat([output, *self.path_outputs(reach, x)], dim=-1)
        return output, ways

    def _leaf_parameters(self, x):
        """The leaves' parameters (n_leaves, n_outputs); by row with an axis more, first."""
        leaf = self.leaf.to(x.dtype)
        if not self.has_linear_leaves:
            return leaf
        linear = F.linear(x, self.leaf_weight.to(x.dtype))
        return linear.unflatten(1, leaf.shape) + leaf

    def _leaves_of(self, x):
        return self._as_outputs(self._leaf_parameters(x))

    def _as_outputs(self, leaf):
        """Distributions, or values, from the leaves' parameters."""
        if self.is_classifier:
            parts = leaf.split(self.widths, dim=-1)
            return torch.cat([torch.softmax(part, dim=-1) for part in parts], dim=-1)
        return leaf.sort(dim=-1).values if self.is_sorted else leaf

    def path_outputs(self, reach, x):
        """What the losses of single leaves need, averaged over the paths.

        The path-weighted loss of a row, the sum over the leaves of their probability
        times their loss, is linear in the leaves' logarithms (for the cross entropy), or
        in their values and the squares of these (for the squared error). So their
        averages are all that it takes: no table of rows, leaves and classes.

        Parameters
        ----------
        reach : Tensor of shape (n, n_leaves)
            Probability of each leaf.
        x : Tensor of shape (n, n_inputs)
            Rows.

        Returns
        -------
        pair of Tensor of shape (n, n_outputs)
            Mean logarithms of the leaves, tempered and at temperature 1; or mean
            squares and mean values.
        """
        if not self.is_classifier:
            leaf = self._leaves_of(x)
            return _average(reach, leaf.square()), _average(reach, leaf)
        parts = self._leaf_parameters(x).split(self.widths, dim=-1)
        hot, plain = (
            torch.cat([torch.log_softmax(part / t, dim=-1) for part in parts], dim=-1)
            for t in (self.temperature, 1.0)
        )
        return _average(reach, hot), _average(reach, plain)

    def gate_logits(self, x):
        """Log odds, at every gate, of the right side against the left.

        Parameters
        ----------
        x : Tensor of shape (n, n_inputs)
            Rows.

        Returns
        -------
        Tensor of shape (n, n_gates)
            All gates at once: one matrix product.
        """
        return self._by_gate(x).T

    def _by_gate(self, x):
        """The logits with a row for each gate: (n_gates, n)."""
        weight, bias = self.gate_weight, self.gate_bias[:, None].to(x.dtype)
        if self.mask is not None:
            weight = weight * self.mask
        return torch.addmm(bias, weight.to(x.dtype), x.T)

    def paths(self, x):
        """Probability of reaching each node, those of the last level by themselves.

        Parameters
        ----------
        x : Tensor of shape (n, n_inputs)
            Rows.

        Returns
        -------
        pair of Tensor of shape (n_above, n) and (n_last, n)
            In the order of the nodes' numbers; exact 0 where next to nothing comes.
        """
        return paths(*logistic(self._by_gate(x)), self.shape)

    def node_probabilities(self, x):
        """Probability of reaching each node, in the order of their numbers.

        Parameters
        ----------
        x : Tensor of shape (n, n_inputs)
            Rows.

        Returns
        -------
        Tensor of shape (n, n_nodes)
            1 for the root.
        """
        return torch.cat(self.paths(x)).T

    def leaf_probabilities(self, x):
        """Probability of reaching each leaf.

        Parameters
        ----------
        x : Tensor of shape (n, n_inputs)
            Rows.

        Returns
        -------
        Tensor of shape (n, n_leaves)
            Rows that sum to 1.
        """
        return self._at_leaves(*self.paths(x))

    def _at_leaves(self, above, last):
        """The leaves' part of what all nodes have (n, n_leaves)."""
        if self.shape.is_complete:
            return last.T
        leaves = torch.from_numpy(self.shape.leaves).to(last.device)
        return torch.cat([above, last])[leaves].T

    def leaf_outputs(self, dtype=torch.float32, alone=False):
        """What each leaf says.

        Parameters
        ----------
        dtype : torch.dtype, default=torch.float32
            In which to compute.
        alone : bool, default=False
            To rows that end there on the greedy path, rather than as a part of the
            mixture: ``path_leaf``.

        Returns
        -------
        Tensor of shape (n_leaves, n_outputs)
            Class distributions or values.
        """
        return self._as_outputs((self.path_leaf if alone else self.leaf).to(dtype))

    def greedy_leaf(self, x):
        """The leaf that is reached by taking the likelier side at each gate.

        Parameters
        ----------
        x : Tensor of shape (n, n_inputs)
            Rows.

        Returns
        -------
        Tensor of shape (n,)
            Positions among the leaves.
        """
        goes_right = (self.gate_logits(x) > 0).long()
        shape = self.shape
        rank = torch.from_numpy(shape.rank(range(shape.n_nodes))).to(x.device)
        node = torch.zeros(len(x), 1, dtype=torch.long, device=x.device)
        for _ in range(shape.depth):
            gate = rank[node]
            below = 2 * gate + 1 + goes_right.gather(1, gate.clamp(min=0))
            node = torch.where(gate < 0, node, below)
        # Of the nodes before a leaf, those that are gates are not leaves.
        before = torch.from_numpy(shape.gates).to(x.device)
        return (node - torch.searchsorted(before, node)).squeeze(1)

    def likeliest_leaf(self, x):
        """The leaf of highest probability, which greedy descent may miss.

        Parameters
        ----------
        x : Tensor of shape (n, n_inputs)
            Rows.

        Returns
        -------
        Tensor of shape (n,)
            Positions among the leaves.
        """
        return self.leaf_probabilities(x).argmax(dim=1)

    def penalty(self, ways, weight=None):
        """What it costs that gates are not used for both sides.

        For each gate, the cross entropy between an even split and the share a of its
        rows that go right, less its minimum: ``-(log a + log(1 - a)) / 2 - log 2``,
        halved with each level. The share is a moving average whose window doubles with
        each level, for deep gates see few rows of a batch; its gradient is the batch's.

        Parameters
        ----------
        ways : pair of Tensor of shape (n_above, n) and (n_last, n)
            From ``paths``, or from ``forward`` in training mode.
        weight : Tensor of shape (n,), default=None
            Weights of the rows.

        Returns
        -------
        Tensor
            A scalar; 0 if every gate splits evenly.
        """
        if not _any(self.balance_penalty) or not self.n_gates:
            return ways[1].new_zeros(())
        masses = self._masses(ways, weight)
        if self.mean_over_processes is not None:  # with the gradient of this one
            mean = self.mean_over_processes(masses)
            masses = mean + (masses - masses.detach())
        return self.balance_penalty * self._imbalance(masses)

    def _masses(self, ways, weight):
        """Mean mass of each node."""
        parts = (p.sum(dim=1) if weight is None else p @ weight for p in ways)
        return torch.cat(list(parts)) / ways[1].shape[1]

    def _imbalance(self, mass):
        """What uneven gates cost, from the masses of all nodes."""
        gate = mass[torch.from_numpy(self.shape.gates).to(mass.device)]
        right = mass[2::2]  # of the gate of rank r, the node 2 r + 2
        running_gate, share = self._update_running(gate.detach(), right.detach())
        # The value of the moving average, with the gradient of the batch.
        pull = (right - share * gate) / running_gate.clamp(min=1e-6)
        share = share.clamp(_BALANCE_MARGIN, 1 - _BALANCE_MARGIN)
        share = share + (pull - pull.detach())
        # Frosst and Hinton's penalty, less its minimum log 2: 0 for an even split.
        cost = -0.5 * (share.log() + (1 - share).log()) - 0.6931471805599453
        return (cost * self._level_decay(mass)).sum(dim=0)

    @torch.no_grad()
    def _update_running(self, gate, right):
        keep = 1 - self._level_decay(gate) / _BALANCE_WINDOW
        self.gate_mass.mul_(keep).add_(gate * (1 - keep))
        self.right_mass.mul_(keep).add_(right * (1 - keep))
        self.n_steps += 1
        # The averages start at 0: divided by the weight so far, as Adam does.
        weight = 1 - keep**self.n_steps
        return self.gate_mass / weight, self.right_mass / self.gate_mass.clamp(
            min=1e-12
        )

    def _level_decay(self, like):
        """One over 2 to the level of each gate (n_gates,), with the axes of `like`."""
        depth = torch.from_numpy(self.shape.gate_depth).to(like.device)
        return (0.5**depth).to(like.dtype).reshape(-1, *[1] * (like.dim() - 1))


def _average(reach, leaf):
    """The mean over the leaves, which may differ from row to row."""
    if leaf.dim() == reach.dim():
        # The other way round than written: paths lie in memory leaf by leaf.
        return (leaf.transpose(-1, -2) @ reach.transpose(-1, -2)).transpose(-1, -2)
    return (reach[..., None] * leaf).sum(dim=-2)


def _any(strength):
    """Whether a penalty is in force; a tensor holds those of several trees."""
    return torch.is_tensor(strength) or bool(strength)


@torch.no_grad()
def refit_leaves(tree, chunks, share=0.0, n_steps=30, tol=1e-6):
    """Fit the leaves' distributions at T=1 by expectation maximisation, gates fixed.

    A tempered fit leaves each leaf at a power mean of the targets. With the gates
    fixed, the likelihood of the mixture is concave in the leaves, and each step raises
    it; so does it that of the leaves by themselves, in whose share it counts, and whose
    best ones are means of the targets.

    Parameters
    ----------
    tree : SoftTree
        A classifier; its leaves are replaced.
    chunks : callable
        Each call yields pairs: leaf probabilities (n, n_leaves), and target
        distributions (n, n_classes), each row of these times its weight; the weights
        sum to 1 over all pairs.
    share : float, default=0.0
        Share of the leaves by themselves.
    n_steps : int, default=30
        At most so many steps.
    tol : float, default=1e-6
        Stop when the mean log-likelihood, in nats, gains less.

    Returns
    -------
    float
        The mean log-likelihood, in nats, before the last step.
    """
    leaf = tree.leaf_outputs(torch.float64).clamp(min=_LEAF_FLOOR)
    before = -float("inf")
    for _ in range(n_steps):
        counts, likelihood = torch.zeros_like(leaf), 0.0
        for reach, target in chunks():
            # In the precision of the paths: in a higher one, copies cost most of it.
            target = target.to(reach.dtype)
            mixture = _average(reach, leaf.to(reach.dtype)).clamp(min=_LEAF_FLOOR)
            joint = (1 - share) * mixture.log()
            if share:
                joint = joint + share * _average(reach, leaf.log().to(reach.dtype))
                counts += share * (target.T @ reach).T
            likelihood += float((target * joint).sum(dtype=torch.float64))
            counts += (1 - share) * leaf * ((target / mixture).T @ reach).T
        leaf = counts.clamp(min=1e-30)  # a leaf that no row reaches has counts of 0
        parts = [p / p.sum(dim=1, keepdim=True) for p in leaf.split(tree.widths, dim=1)]
        leaf = torch.cat(parts, dim=1).clamp(min=_LEAF_FLOOR)
        if likelihood - before < tol:
            break
        before = likelihood
    tree.leaf.copy_(leaf.log())
    return likelihood
