"""Torch nets as teachers, or inside them; torch itself is never imported here.

A torch module answers in eval mode, without gradients, on the device and in the dtype
that it has. Its modes and torch's generators are put back, after an exception too.
"""

import contextlib
import sys

import numpy as np
from sklearn.frozen import FrozenEstimator

from .libraries import is_from

# Rows at once: what a net holds between its layers stays some MB.
_MODULE_CHUNK = 4096


def inner_models(member):
    """What a wrapper wraps, the model that answers last; nothing for other models.

    Parameters
    ----------
    member : object
        A single teacher.

    Returns
    -------
    list
        The frozen or best estimator, or the steps of a pipeline.
    """
    if isinstance(member, FrozenEstimator):
        return [member.estimator]
    if hasattr(member, "best_estimator_"):
        return [member.best_estimator_]
    return [step for _, step in getattr(member, "steps", [])]


def innermost(member):
    """The model inside wrappers that answers last.

    Parameters
    ----------
    member : object
        A single teacher.

    Returns
    -------
    object
        The member itself, if it wraps nothing.
    """
    inner = inner_models(member)
    return innermost(inner[-1]) if inner else member


def is_module(member):
    """Whether a member is a torch module.

    Parameters
    ----------
    member : object
        A single teacher.

    Returns
    -------
    bool
        False as long as torch was not imported.
    """
    torch = sys.modules.get("torch")  # not imported: then nothing can be a module
    return torch is not None and isinstance(member, torch.nn.Module)


def for_skorch(member, *arrays):
    """Cast for a skorch net, which does not: float64 arrays become float32.

    Parameters
    ----------
    member : object
        A single teacher.
    *arrays : array-like
        Rows and targets.

    Returns
    -------
    tuple
        The very same objects for any other teacher.
    """
    if not is_from(member, "skorch", "NeuralNet"):
        return arrays
    return tuple(
        a.astype(np.float32) if getattr(a, "dtype", None) == np.float64 else a
        for a in map(_as_array, arrays)
    )


def _as_array(values):
    return values.to_numpy() if hasattr(values, "to_numpy") else values


@contextlib.contextmanager
def torch_restored(member):
    """Leave torch's generator, and the modes of nets inside a member, as they were.

    Parameters
    ----------
    member : object
        A single teacher, which is asked in the block.
    """
    torch = sys.modules.get("torch")
    if torch is None:
        yield
        return
    with contextlib.ExitStack() as stack:
        # devices=[]: by default all CUDA devices are forked, with a warning where there
        # are many.
        stack.enter_context(torch.random.fork_rng(devices=[]))
        for net in _nets_in(member):
            stack.enter_context(_modes_restored(net.module_))
        yield


def holds_nets(member):
    """Whether a member is or holds torch nets, whose modes are changed to ask them.

    Parameters
    ----------
    member : object
        A single teacher.

    Returns
    -------
    bool
        False as long as torch was not imported.
    """
    # A pipeline of transformers has a module as its model.
    has_module = is_module(member) or is_module(getattr(member, "model", None))
    return has_module or bool(_nets_in(member))


def _nets_in(member):
    """Estimators with a ``module_``, however deep inside wrappers and ensembles."""
    if hasattr(member, "module_"):
        return [member]
    # Gradient boosting has an array of trees here, in which no net can be.
    parts = getattr(member, "estimators_", [])
    parts = parts if isinstance(parts, list) else []
    return [net for part in [*inner_models(member), *parts] for net in _nets_in(part)]


@contextlib.contextmanager
def _modes_restored(module):
    """Leave each submodule in the mode, training or not, in which it was."""
    modes = [(m, m.training) for m in module.modules()] if is_module(module) else []
    try:
        yield
    finally:
        for submodule, mode in modes:
            submodule.training = mode


@contextlib.contextmanager
def answering(module):
    """Put a torch module into eval mode, without gradients, and leave it as it was.

    Parameters
    ----------
    module : torch.nn.Module
        It is asked in the block.
    """
    torch = sys.modules["torch"]
    cuda = sorted({t.device.index for t in _tensors(module) if t.is_cuda})
    with (
        _modes_restored(module),
        torch.random.fork_rng(devices=cuda),
        torch.no_grad(),
    ):
        module.eval()
        yield


def _tensors(module):
    return [*module.parameters(), *module.buffers()]


def _numbers(module, rows):
    try:
        return np.array(rows, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"teacher={type(module).__name__} is a torch module and takes numbers, and X "
            f"holds something else ({error}): give a function that asks it."
        ) from error


def module_outputs(module, X):
    """Outputs of a torch module in eval mode, on the device and in the dtype it has.

    Parameters
    ----------
    module : torch.nn.Module
        A module in any mode; it has the same afterwards.
    X : array-like of shape (n, n_features)
        Rows for the module.

    Returns
    -------
    ndarray of shape (n,) or (n, k)
        Float64.
    """
    torch = sys.modules["torch"]
    # An integer buffer, such as BatchNorm's count of batches, has no dtype to compute
    # in.
    tensors = _tensors(module)
    like = next((t for t in tensors if t.is_floating_point()), torch.zeros(0))
    rows = np.asarray(X)
    outputs = []
    with answering(module):
        for start in range(0, len(rows), _MODULE_CHUNK):
            # A copy: a module may change its input in place, and the rows are the
            # user's.
            chunk = _numbers(module, rows[start : start + _MODULE_CHUNK])
            batch = torch.from_numpy(chunk).to(device=like.device, dtype=like.dtype)
            outputs.append(_forward(module, batch))
    return np.concatenate(outputs)


def _forward(module, batch):
    try:
        output = module(batch)
    except RuntimeError as error:
        raise ValueError(
            f"teacher={type(module).__name__} could not answer rows of shape "
            f"{tuple(batch.shape)}: {error}"
        ) from error
    if not hasattr(output, "detach"):
        raise ValueError(
            f"teacher={type(module).__name__} must return one tensor, not "
            f"{type(output).__name__}."
        )
    return output.double().cpu().numpy()
