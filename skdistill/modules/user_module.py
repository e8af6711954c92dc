"""Torch modules that users bring as a net: made, and checked before training."""

import inspect

import torch


def called(make, n_inputs, n_outputs):
    """The module that a user's function or class makes.

    Parameters
    ----------
    make : callable
        Called as ``make(n_inputs, n_outputs)``.
    n_inputs, n_outputs : int
        Columns of the view, and of what it must return.

    Returns
    -------
    object
        What it returned.
    """
    try:
        inspect.signature(make).bind(n_inputs, n_outputs)
    except TypeError as error:
        raise TypeError(
            f"module={make!r} is called as module(n_inputs, n_outputs): {error}; give "
            "more arguments by functools.partial."
        ) from error
    return make(n_inputs, n_outputs)


def check_module(module, n_inputs, n_outputs):
    """One clear error where a user's module does not answer as it must.

    Parameters
    ----------
    module : object
        What should be a torch module.
    n_inputs, n_outputs : int
        Columns of the view, and of what it must return.
    """
    if not isinstance(module, torch.nn.Module):
        raise TypeError(
            f"module(n_inputs, n_outputs) must return a torch.nn.Module, not {module!r}."
        )
    parameters = [p for p in module.parameters() if p.is_floating_point()]
    if not parameters:
        raise ValueError("module has no parameters to train.")
    modes = [(part, part.training) for part in module.modules()]
    module.eval()
    with torch.no_grad():
        try:
            output = module(parameters[0].new_zeros(2, n_inputs))
        except RuntimeError as error:
            raise ValueError(
                f"module cannot take rows of {n_inputs} columns: {error}"
            ) from error
    shape = tuple(output.shape) if torch.is_tensor(output) else type(output).__name__
    for part, mode in modes:
        part.training = mode
    if shape != (2, n_outputs):
        raise ValueError(
            f"module must return shape (n, {n_outputs}) for n rows, and returns "
            f"{shape} for 2."
        )
