"""A trained module on many rows, without skorch and without gradients."""

import numpy as np
import torch

from .batches import InOrder

# Outputs of the widest layer that stay in the cache, 4 MB of float64; and rows.
_CELLS_AT_ONCE, _MOST_ROWS = 1 << 19, 2048
# Tokens of texts at once, by the shortest of a batch.
_TOKENS_AT_ONCE = 1024


def row_losses(module, rows, objective):
    """The soft loss of each row, of the module in eval mode.

    Parameters
    ----------
    module : torch.nn.Module
        Left in eval mode.
    rows : Rows
        With soft targets.
    objective : Objective
        Compares them with the module's outputs.

    Returns
    -------
    ndarray of shape (n,)
        Not weighted.
    """
    module.eval()
    rows = rows.to(next((p.device for p in module.parameters()), "cpu"))
    with torch.no_grad():
        losses = [
            objective.soft_row_losses(module(x), targets)
            for x, targets in InOrder(rows)
        ]
    return torch.cat(losses).double().cpu().numpy()


def in_chunks(function, module, x, mode=torch.inference_mode):
    """Apply a function of batches to all rows, without skorch.

    Built-in modules compute in float64 where the device has it, users' modules in their
    dtype.

    Parameters
    ----------
    function : callable
        ``function(batch)`` -> Tensor of shape (n_batch, ...).
    module : torch.nn.Module
        In eval mode; tells device and dtype, and how many rows fit into the cache.
    x : ndarray of shape (n, n_inputs)
        The student's view, float64.
    mode : callable, default=torch.inference_mode
        Makes the context of the calls; by default one without gradients.

    Returns
    -------
    ndarray of shape (n, ...)
        The results, float64 where they are floating.
    """
    parameters = [p for p in module.parameters() if p.is_floating_point()]
    like = parameters[0] if parameters else torch.zeros(0)
    dtype = _inference_dtype(module, like)
    widest = max((max(p.shape, default=1) for p in parameters), default=1)
    step = min(_MOST_ROWS, max(64, _CELLS_AT_ONCE // widest))
    outputs = []
    with mode():
        # No rows too: outputs of the right width.
        for start in range(0, max(len(x), 1), step):
            # from_numpy warns of arrays that cannot be written, such as memory maps.
            chunk = np.require(x[start : start + step], requirements="W")
            batch = torch.from_numpy(chunk)
            output = function(batch.to(device=like.device, dtype=dtype)).cpu()
            outputs.append(output.double() if output.is_floating_point() else output)
    return torch.cat(outputs).numpy()


def by_length(function, module, x, lengths):
    """Apply a function of batches to rows of like lengths; in the module's precision.

    Parameters
    ----------
    function : callable
        ``function(batch)`` -> Tensor of shape (n_batch, ...).
    module : torch.nn.Module
        In eval mode; tells the device.
    x : ndarray of shape (n, n_segments, width)
        Tokens.
    lengths : ndarray of shape (n,)
        How many each row has.

    Returns
    -------
    ndarray of shape (n, ...)
        The results in the order of the rows.
    """
    device = next(module.parameters()).device
    order = np.argsort(lengths, kind="stable")
    outputs, start = [], 0
    with torch.inference_mode():
        while start < len(order) or not outputs:  # no rows too: of the right width
            step = _TOKENS_AT_ONCE // max(1, int(lengths[order[start:][:1]].sum()))
            rows = order[start : start + max(1, step)]
            batch = torch.from_numpy(x[rows]).to(device)
            outputs.append(function(batch).cpu().numpy())
            start += len(rows)
    found = np.concatenate(outputs)
    ordered = np.empty_like(found)
    ordered[order] = found
    return ordered


def _inference_dtype(module, like):
    built_in = type(module).__module__.startswith("skdistill.")
    has_double = like.device.type != "mps"  # Apple's GPUs have no float64
    return torch.float64 if built_in and has_double else like.dtype
