"""Weights of few bits."""

import copy

import numpy as np
import torch

_LEVELS = 127
_BITS_OF_SCALE = 17  # with 7 of a code, all that float32 holds: their product is exact


def rounded(module, dtype):
    """A net whose weights have few bits.

    Parameters
    ----------
    module : MLP or MLPMembers
        Left as it is.
    dtype : {"int8", "float16"}
        "int8": each row of a layer's weights is whole numbers of -127 to 127 times one
        scale; biases stay. "float16": all parameters.

    Returns
    -------
    module : torch.nn.Module
        A net of the same kind and dtype, which computes with the rounded weights.
    scales : list of ndarray of shape (n_outputs,) or None
        Of each layer; None for "float16".

    Raises
    ------
    ValueError
        If a parameter is too large for "float16".
    """
    module = copy.deepcopy(module)
    if dtype == "float16":
        return _halved(module), None
    layers = getattr(module, "mlp", module).layers
    return module, [_to_whole_numbers(layer.weight) for layer in layers]


def _halved(module):
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            half = parameter.half()
            if not half.isfinite().all():
                raise ValueError(
                    f'dtype="float16" holds numbers up to 65504, and {name} has '
                    f'{parameter.abs().max().item():.3g}: take dtype="int8".'
                )
            parameter.copy_(half)
    return module


def _to_whole_numbers(weight):
    """Round a table in place; its scales (n_outputs,)."""
    table = weight.detach().double().cpu().numpy()
    largest = np.maximum(np.abs(table).max(axis=1, initial=0.0), 1e-30)
    mantissa, exponent = np.frexp(largest / _LEVELS)
    # Up, so that no code is beyond the levels.
    mantissa = np.ceil(mantissa * 2**_BITS_OF_SCALE) / 2**_BITS_OF_SCALE
    scale = np.ldexp(mantissa, exponent)
    table = np.rint(table / scale[:, None]) * scale[:, None]
    with torch.no_grad():
        weight.copy_(torch.from_numpy(table))
    return scale
