"""A soft decision tree: oblique gates that send every row to all leaves, by degrees.

Nodes are numbered breadth first: the root is 0, the children of i are 2 i + 1 (left)
and 2 i + 2 (right). Gate i sends a row to the right with probability sigmoid(w_i x + b_i).
"""

import torch
from torch import nn
from torch.nn import functional as F

# exp(-80) is still a normal float32; denormal numbers would slow training tenfold.
_LOG_PATH_FLOOR = -80.0
_BALANCE_WINDOW = 4.0
_BALANCE_MARGIN = 0.01
_LEAF_FLOOR = 1e-7


class SoftTree(nn.Module):
    """A complete binary tree of logistic gates over constant leaves.

    The output is the mixture of all leaves, weighted by the probability of the path to
    each [1]_: the logarithm of a class distribution, or values.

    Parameters
    ----------
    n_inputs : int
        Number of columns of the input.
    n_outputs : int
        Classes, or target values.
    max_depth : int, default=5
        Number of gates on each path.
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
    path_share : float, default=0.0
        Above 0, the output in training mode has more columns beside the mixture, for a
        loss of each leaf by itself: see ``path_outputs``.
    temperature : float, default=1.0
        At which the leaves are compared by themselves.

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

    def __init__(
        self,
        n_inputs,
        n_outputs,
        max_depth=5,
        is_classifier=True,
        balance_penalty=0.0,
        generator=None,
        widths=None,
        is_sorted=False,
        path_share=0.0,
        temperature=1.0,
    ):
        super().__init__()
        n_gates = 2**max_depth - 1
        bound = n_inputs**-0.5
        self.max_depth = max_depth
        self.is_classifier = is_classifier
        self.balance_penalty = balance_penalty
        self.widths = [n_outputs] if widths is None else list(widths)
        self.is_sorted = is_sorted
        self.path_share = path_share
        self.temperature = temperature
        self.gate_weight = nn.Parameter(torch.empty(n_gates, n_inputs))
        self.gate_bias = nn.Parameter(torch.zeros(n_gates))
        self.leaf = nn.Parameter(torch.empty(n_gates + 1, n_outputs))
        nn.init.uniform_(self.gate_weight, -bound, bound, generator=generator)
        nn.init.normal_(self.leaf, std=0.1, generator=generator)
        # What the leaves say to rows that end there, set after training.
        self.register_buffer("path_leaf", self.leaf.detach().clone())
        # Running masses of the gates and of their right sides, for the balance penalty.
        for name in ("gate_mass", "right_mass"):
            self.register_buffer(name, torch.zeros(n_gates), persistent=False)
        self.register_buffer("n_steps", torch.zeros(()), persistent=False)

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
            Log-probabilities or values. In training mode a pair: this, and the
            probability of each leaf (n, n_leaves), for ``penalty``.
        """
        reach = self.leaf_probabilities(x)
        mixture = reach @ self.leaf_outputs(x.dtype)
        output = mixture.log() if self.is_classifier else mixture
        if not self.training:
            return output
        if self.path_share:
            output = torch.cat([output, *self.path_outputs(reach)], dim=1)
        return output, reach

    def path_outputs(self, reach):
        """What the leaves' own losses need, averaged over the paths.

        The path-weighted loss of a row, the sum over the leaves of their probability
        times their loss, is linear in the leaves' logarithms (for the cross entropy), or
        in their values and the squares of these (for the squared error). So their
        averages are all that it takes: no table of rows, leaves and classes.

        Parameters
        ----------
        reach : Tensor of shape (n, n_leaves)
            Probability of each leaf.

        Returns
        -------
        pair of Tensor of shape (n, n_outputs)
            Mean logarithms of the leaves, tempered and at temperature 1; or mean
            squares and mean values.
        """
        if not self.is_classifier:
            leaf = self.leaf_outputs(reach.dtype)
            return reach @ leaf.square(), reach @ leaf
        parts = self.leaf.to(reach.dtype).split(self.widths, dim=1)
        hot, plain = (
            torch.cat([torch.log_softmax(part / t, dim=1) for part in parts], dim=1)
            for t in (self.temperature, 1.0)
        )
        return reach @ hot, reach @ plain

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
        return F.linear(x, self.gate_weight.to(x.dtype), self.gate_bias.to(x.dtype))

    def log_paths(self, x):
        """Log-probability of reaching each node, level by level.

        Parameters
        ----------
        x : Tensor of shape (n, n_inputs)
            Rows.

        Yields
        ------
        Tensor of shape (n, 2**level)
            For level 0 (the root, all zeros) to ``max_depth`` (the leaves).
        """
        logits = self.gate_logits(x)
        right = F.logsigmoid(logits)
        left = right - logits
        path = logits.new_zeros(len(x), 1)
        yield path
        for level in range(self.max_depth):
            gates = slice(2**level - 1, 2 ** (level + 1) - 1)
            sides = torch.stack((path + left[:, gates], path + right[:, gates]), dim=2)
            path = sides.flatten(start_dim=1)
            yield path

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
        *_, path = self.log_paths(x)
        return path.clamp(min=_LOG_PATH_FLOOR).exp()

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
        return torch.cat(list(self.log_paths(x)), dim=1).exp()

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
        leaf = (self.path_leaf if alone else self.leaf).to(dtype)
        if self.is_classifier:
            parts = leaf.split(self.widths, dim=1)
            return torch.cat([torch.softmax(part, dim=1) for part in parts], dim=1)
        return leaf.sort(dim=1).values if self.is_sorted else leaf

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
        node = torch.zeros(len(x), 1, dtype=torch.long, device=x.device)
        for _ in range(self.max_depth):
            node = 2 * node + 1 + goes_right.gather(1, node)
        return node.squeeze(1) - self.n_gates

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
        *_, path = self.log_paths(x)
        return path.argmax(dim=1)

    def penalty(self, reach, weight=None):
        """What it costs that gates are not used for both sides.

        For each gate, the cross entropy between an even split and the share a of its
        rows that go right, less its minimum: ``-(log a + log(1 - a)) / 2 - log 2``,
        halved with each level. The share is a moving average whose window doubles with
        each level, for deep gates see few rows of a batch; its gradient is the batch's.

        Parameters
        ----------
        reach : Tensor of shape (n, n_leaves)
            Probability of each leaf, from ``forward`` in training mode.
        weight : Tensor of shape (n,), default=None
            Weights of the rows.

        Returns
        -------
        Tensor
            A scalar; 0 if every gate splits evenly.
        """
        if not self.balance_penalty:
            return reach.new_zeros(())
        mass = reach.mean(dim=0) if weight is None else weight @ reach / len(reach)
        gate, right = self._masses(mass)
        running_gate, share = self._update_running(gate.detach(), right.detach())
        pull = (right - share * gate) / running_gate.clamp(min=1e-6)
        share = share.clamp(_BALANCE_MARGIN, 1 - _BALANCE_MARGIN)
        share = share + (pull - pull.detach())
        cost = -0.5 * (share.log() + (1 - share).log()) - 0.6931471805599453
        return self.balance_penalty * (cost * self._level_decay(reach)).sum()

    def _masses(self, leaf_mass):
        """Masses of all gates and of their right sides, from those of the leaves."""
        gates, rights = [], []
        for _ in range(self.max_depth):
            pairs = leaf_mass.view(-1, 2)
            rights.append(pairs[:, 1])
            leaf_mass = pairs.sum(dim=1)
            gates.append(leaf_mass)
        return torch.cat(gates[::-1]), torch.cat(rights[::-1])

    @torch.no_grad()
    def _update_running(self, gate, right):
        keep = 1 - self._level_decay(gate) / _BALANCE_WINDOW
        self.gate_mass.mul_(keep).add_(gate * (1 - keep))
        self.right_mass.mul_(keep).add_(right * (1 - keep))
        self.n_steps += 1
        seen = 1 - keep**self.n_steps
        return self.gate_mass / seen, self.right_mass / self.gate_mass.clamp(min=1e-12)

    def _level_decay(self, like):
        """One over 2 to the level of each gate (n_gates,)."""
        levels = torch.arange(self.max_depth, device=like.device)
        return (0.5**levels).to(like.dtype).repeat_interleave(2**levels)


@torch.no_grad()
def refit_leaves(tree, chunks, n_steps=30, tol=1e-6):
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
    n_steps : int, default=30
        At most so many steps.
    tol : float, default=1e-6
        Stop when the mean log-likelihood, in nats, gains less.

    Returns
    -------
    float
        The mean log-likelihood, in nats, before the last step.
    """
    share = tree.path_share
    leaf = tree.leaf_outputs(torch.float64).clamp(min=_LEAF_FLOOR)
    before = -float("inf")
    for _ in range(n_steps):
        counts, likelihood = torch.zeros_like(leaf), 0.0
        for reach, target in chunks():
            reach = reach.double()
            mixture = (reach @ leaf).clamp(min=1e-300)
            alone = reach @ leaf.log()
            joint = (1 - share) * mixture.log() + share * alone
            likelihood += float((target * joint).sum())
            counts += (1 - share) * leaf * (reach.T @ (target / mixture))
            counts += share * (reach.T @ target)
        leaf = counts.clamp(min=1e-30)
        parts = [p / p.sum(dim=1, keepdim=True) for p in leaf.split(tree.widths, dim=1)]
        leaf = torch.cat(parts, dim=1).clamp(min=_LEAF_FLOOR)
        if likelihood - before < tol:
            break
        before = likelihood
    tree.leaf.copy_(leaf.log())
    return likelihood
