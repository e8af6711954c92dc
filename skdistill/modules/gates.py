"""How a gate divides a row between its sides, and which columns it looks at."""

import torch

# Paths below this carry nothing. A share of more than that, times such a path, is still
# a normal float32: denormal numbers would slow training tenfold.
_LEAST = 1e-18
# exp(-40) is 4e-18, just above _LEAST: one gate alone cuts no path.
_MOST_LOG_ODDS = 40.0
# So often all columns of a gate compete for the places of the few that may stay, within
# this share of the training; the last choice stands. In one pass, three columns of
# digits lose a point more.
_ROUNDS, _SELECTED_AT = 5, 0.7


def logistic(logits):
    """Shares of a row that go to the left and to the right.

    Each is computed by itself, not as 1 minus the other: so a sure gate still has a
    gradient from a row that it sends astray.

    Parameters
    ----------
    logits : Tensor
        Log odds of the right side.

    Returns
    -------
    pair of Tensor
        For the left and for the right.
    """
    logits = logits.clamp(-_MOST_LOG_ODDS, _MOST_LOG_ODDS)
    return torch.sigmoid(-logits), torch.sigmoid(logits)


def paths(left, right, shape):
    """Products of the shares on the way to each node.

    Their gradient can be taken once.

    Parameters
    ----------
    left, right : Tensor of shape (n_gates, n)
        Shares of the two sides.
    shape : TreeShape
        Shape of the tree.

    Returns
    -------
    above : Tensor of shape (n_above, n)
        Products for the nodes above the last level: a row for each, so that each level is
        one block of memory.
    last : Tensor of shape (n_last, n)
        Products for the last level, whose nodes are all leaves; in a complete tree they
        are all the leaves.
    """
    if torch.compiler.is_compiling():  # it finds the gradient by itself
        return _downwards(left, right, shape, _faded)
    return _Paths.apply(left, right, shape)


class _Paths(torch.autograd.Function):
    """The products of ``paths``, with their gradient in one sweep from the leaves up.

    A gate's share is worth what lies below its side, times the path to the gate; what
    lies below a gate is worth the mean of its sides. No share is divided by.
    """

    @staticmethod
    def forward(ctx, left, right, shape):
        above, last = _downwards(left, right, shape, torch.threshold)
        ctx.save_for_backward(left, right, above)
        ctx.shape = shape
        return above, last

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, of_above, worth):
        (left, right, above), shape = ctx.saved_tensors, ctx.shape
        slopes = torch.empty_like(left), torch.empty_like(right)
        for level in shape.levels[-2::-1]:
            sides = worth.unflatten(0, (-1, 2)).unbind(dim=1)
            path, mean = _gates_of(level, above[level.nodes]), None
            for side, share, slope in zip(sides, (left, right), slopes, strict=True):
                torch.mul(path, side, out=slope[level.gates])
                share = share[level.gates]
                mean = share * side if mean is None else mean.addcmul_(share, side)
            worth = of_above[level.nodes]
            if level.inner is None:
                worth = worth + mean
            else:
                worth = worth.index_add(0, level.inner.to(mean.device), mean)
        return *slopes, None


def _downwards(left, right, shape, fade):
    """The products of the shares, level by level from the root."""
    levels = [right.new_ones(1, right.shape[1])]
    for level in shape.levels[:-1]:
        path = _gates_of(level, levels[-1])
        sides = path * left[level.gates], path * right[level.gates]
        below = torch.stack(sides, dim=1).flatten(end_dim=1)
        levels.append(fade(below, _LEAST, 0.0))
    *above, last = levels
    return torch.cat(above) if above else last[:0].clone(), last


def _faded(path, least, value):
    """``torch.threshold`` with the gradient of paths that are left as they are."""
    return path + torch.where(path > least, 0.0, value - path).detach()


def _gates_of(level, nodes):
    """The part of a level's nodes that belongs to its gates."""
    return nodes if level.inner is None else nodes[level.inner]


def n_selected(n_inputs, n_kept, done):
    """How many columns each gate looks at, of a gate that is to end with few.

    In each of several rounds all at first, then fewer by a constant factor from step to
    step.

    Parameters
    ----------
    n_inputs : int
        Number of columns.
    n_kept : int
        Number of columns at the end.
    done : float
        Share of the training that is done, in [0, 1].

    Returns
    -------
    int
        Between the two.

    Examples
    --------
    >>> from skdistill.modules.gates import n_selected
    >>> [n_selected(100, 1, done) for done in (0.0, 0.105, 0.15, 0.7, 1.0)]
    [100, 10, 100, 1, 1]
    """
    if is_selected(done):
        return n_kept
    # The first half of a round is open.
    share = max(2 * (_ROUNDS * done / _SELECTED_AT % 1) - 1, 0.0)
    return max(n_kept, round(n_inputs * (n_kept / n_inputs) ** share))


def is_selected(done):
    """Whether each gate has the columns that it ends with.

    Parameters
    ----------
    done : float
        Share of the training that is done, in [0, 1].

    Returns
    -------
    bool
        True for the rest of the training.
    """
    return done >= _SELECTED_AT


def selected(weight, scale, count):
    """Which columns move each gate most.

    Parameters
    ----------
    weight : Tensor of shape (n_gates, n_inputs)
        Weights of the gates.
    scale : Tensor of shape (n_inputs,)
        Standard deviations of the columns.
    count : int
        Number of columns of each gate.

    Returns
    -------
    Tensor of shape (n_gates, n_inputs)
        1 for these, 0 for the others.
    """
    if count >= weight.shape[1]:
        return torch.ones_like(weight)
    # Not the weight alone: a column of small spread moves the gate less.
    largest = (weight.abs() * scale).topk(count, dim=1).indices
    return torch.zeros_like(weight).scatter_(1, largest, 1.0)
