"""How a gate divides a row between its sides, and which columns it looks at."""

import torch

# Paths below this carry nothing. A share of more than that, times such a path, is still
# a normal float32: denormal numbers would slow training tenfold.
_LEAST = 1e-18
_MOST_LOG_ODDS = 40.0
# Logits within half of this of 0 go to both sides, the others to one alone.
SMOOTH_STEP_WIDTH = 4.0
# By this share of the training, the columns of a gate are down to so many as may stay.
_SELECTED_AT = 0.6


def logistic(logits):
    """Share of a row that goes to the right.

    Parameters
    ----------
    logits : Tensor
        Log odds of the right side.

    Returns
    -------
    Tensor
        Between 0 and 1.
    """
    return torch.sigmoid(logits.clamp(-_MOST_LOG_ODDS, _MOST_LOG_ODDS))


def smooth_step(logits):
    """Share that reaches exact 0 and 1, by a cubic polynomial between [1]_.

    Parameters
    ----------
    logits : Tensor
        Of the gates; at 2 and more, all goes right.

    Returns
    -------
    Tensor
        From 0 to 1.

    References
    ----------
    .. [1] Hazimeh, Ponomareva, Mol, Tan, Mazumder: The Tree Ensemble Layer:
       Differentiability meets Conditional Computation, 2020.
    """
    t = (logits / SMOOTH_STEP_WIDTH).clamp(-0.5, 0.5)
    return 0.5 + t * (1.5 - 2 * t * t)


def straight_through(logits):
    """All of a row to the likelier side, with the gradient of the logistic share [1]_.

    Parameters
    ----------
    logits : Tensor
        Log odds of the right side.

    Returns
    -------
    Tensor
        0 or 1.

    References
    ----------
    .. [1] Bengio, Leonard, Courville: Estimating or Propagating Gradients Through
       Stochastic Neurons for Conditional Computation, 2013.
    """
    soft = torch.sigmoid(logits)
    return (logits > 0).to(logits.dtype) + (soft - soft.detach())


#: Share of the right side by the name of the gate.
GATES = {
    "logistic": logistic,
    "smooth_step": smooth_step,
    "straight_through": straight_through,
}


def paths(right, shape):
    """Products of the shares on the way to each node.

    Parameters
    ----------
    right : Tensor of shape (n_gates, n)
        Shares of the right sides.
    shape : TreeShape
        Of the tree.

    Returns
    -------
    above : Tensor of shape (n_above, n)
        Of the nodes above the last level: a row for each, so that each level is one block
        of memory.
    last : Tensor of shape (n_last, n)
        Of those of the last level, which are all leaves, and all leaves of a complete
        tree.
    """
    if torch.compiler.is_compiling():  # it finds the gradient by itself
        return _downwards(right, shape)
    return _Paths.apply(right, shape)


class _Paths(torch.autograd.Function):
    """The same with its gradient in one sweep from the leaves to the root.

    What a gate's share is worth is the difference between its sides, each a mean over
    what lies below, times the path to the gate. No share is divided by.
    """

    @staticmethod
    def forward(ctx, right, shape):
        above, last = _downwards(right, shape)
        ctx.save_for_backward(right, above)
        ctx.shape = shape
        return above, last

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, of_above, worth):
        (right, above), shape = ctx.saved_tensors, ctx.shape
        slopes = torch.empty_like(right)
        for level in shape.levels[-2::-1]:
            left, other = worth.unflatten(0, (-1, 2)).unbind(dim=1)
            rise = other - left
            path = _gates_of(level, above[level.nodes])
            torch.mul(path, rise, out=slopes[level.gates])
            mean = torch.addcmul(left, right[level.gates], rise)
            worth = of_above[level.nodes]
            if level.inner is None:
                worth = worth + mean
            else:
                worth = worth.index_add(0, level.inner.to(mean.device), mean)
        return slopes, None


def _downwards(right, shape):
    """Level by level from the root."""
    found = [right.new_ones(1, right.shape[1])]
    for level in shape.levels[:-1]:
        path = _gates_of(level, found[-1])
        other = path * right[level.gates]
        below = torch.stack([path - other, other], dim=1).flatten(end_dim=1)
        found.append(torch.threshold(below, _LEAST, 0.0))
    *above, last = found
    return torch.cat(above) if above else last[:0].clone(), last


def _gates_of(level, nodes):
    """Of what the nodes of a level have, that of its gates."""
    return nodes if level.inner is None else nodes[level.inner]


def n_selected(n_inputs, n_kept, done):
    """How many columns each gate looks at, of a gate that is to end with few.

    All at the start, fewer by a constant factor from step to step.

    Parameters
    ----------
    n_inputs : int
        Number of columns.
    n_kept : int
        So many at the end.
    done : float
        Share of the training that is done, in [0, 1].

    Returns
    -------
    int
        Between the two.

    Examples
    --------
    >>> from skdistill.modules.gates import n_selected
    >>> [n_selected(100, 1, done) for done in (0.0, 0.3, 0.6, 1.0)]
    [100, 10, 1, 1]
    """
    share = min(done / _SELECTED_AT, 1.0)
    return max(n_kept, round(n_inputs * (n_kept / n_inputs) ** share))


def selected(weight, scale, count):
    """Which columns move each gate most.

    Parameters
    ----------
    weight : Tensor of shape (n_gates, n_inputs)
        Of the gates.
    scale : Tensor of shape (n_inputs,)
        Standard deviations of the columns.
    count : int
        So many of each gate.

    Returns
    -------
    Tensor of shape (n_gates, n_inputs)
        1 for these, 0 for the others.
    """
    if count >= weight.shape[1]:
        return torch.ones_like(weight)
    largest = (weight.abs() * scale).topk(count, dim=1).indices
    return torch.zeros_like(weight).scatter_(1, largest, 1.0)
