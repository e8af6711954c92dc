"""How a gate divides a row between its sides, and which columns it looks at."""

import torch
from torch.nn import functional as F

# exp(-80) is still a normal float32; denormal numbers would slow training tenfold.
LOG_PATH_FLOOR = -80.0
_LEAST = 1e-30
# Logits within half of this of 0 go to both sides, the others to one alone.
SMOOTH_STEP_WIDTH = 4.0
# By this share of the training, the columns of a gate are down to so many as may stay.
_SELECTED_AT = 0.6


def logistic(logits):
    """Logarithms of the shares of a row that go to the left and to the right.

    Parameters
    ----------
    logits : Tensor
        Log odds of the right side.

    Returns
    -------
    pair of Tensor
        For the left and for the right.
    """
    right = F.logsigmoid(logits)
    return right - logits, right


def smooth_step(logits):
    """Shares that reach exact 0 and 1, by a cubic polynomial between [1]_.

    Parameters
    ----------
    logits : Tensor
        Of the gates; at 2 and more, all goes right.

    Returns
    -------
    pair of Tensor
        For the left and for the right.

    References
    ----------
    .. [1] Hazimeh, Ponomareva, Mol, Tan, Mazumder: The Tree Ensemble Layer:
       Differentiability meets Conditional Computation, 2020.
    """
    t = (logits / SMOOTH_STEP_WIDTH).clamp(-0.5, 0.5)
    right = 0.5 + t * (1.5 - 2 * t * t)
    return 1 - right, right


def straight_through(logits):
    """All of a row to the likelier side, with the gradient of the logistic shares [1]_.

    Parameters
    ----------
    logits : Tensor
        Log odds of the right side.

    Returns
    -------
    pair of Tensor
        For the left and for the right.

    References
    ----------
    .. [1] Bengio, Leonard, Courville: Estimating or Propagating Gradients Through
       Stochastic Neurons for Conditional Computation, 2013.
    """
    soft = torch.sigmoid(logits)
    right = (logits > 0).to(logits.dtype) + (soft - soft.detach())
    return 1 - right, right


#: Shares of the two sides by the name of the gate.
GATES = {
    "logistic": logistic,
    "smooth_step": smooth_step,
    "straight_through": straight_through,
}


def path_levels(shape, logits, gate):
    """What reaches each node of each level.

    Parameters
    ----------
    shape : TreeShape
        Of the tree.
    logits : Tensor of shape (n, n_gates)
        Of the gates.
    gate : {"logistic", "smooth_step", "straight_through"}
        How they divide.

    Yields
    ------
    Level
        Of the shape, from the root downwards.
    Tensor of shape (n, n_nodes_of_level)
        Probabilities; their logarithms with logistic gates.
    """
    left, right = GATES[gate](logits)
    in_logs = gate == "logistic"
    path = (
        logits.new_zeros(len(logits), 1) if in_logs else logits.new_ones(len(logits), 1)
    )
    join = torch.add if in_logs else torch.mul
    for level in shape.levels:
        yield level, path
        above = path if level.inner is None else path[:, level.inner]
        sides = join(above, left[:, level.gates]), join(above, right[:, level.gates])
        path = torch.stack(sides, dim=2).flatten(start_dim=1)


def reached(path, gate):
    """Probabilities from what ``path_levels`` yields.

    Parameters
    ----------
    path : Tensor
        Probabilities, or their logarithms with logistic gates.
    gate : str
        As there.

    Returns
    -------
    Tensor
        Of the same shape, without denormal numbers.
    """
    if gate == "logistic":
        return path.clamp(min=LOG_PATH_FLOOR).exp()
    if gate == "straight_through":  # no path taken still has a gradient
        return path
    return torch.where(path > _LEAST, path, path.new_zeros(()))


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
