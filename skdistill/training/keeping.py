"""Files of checkpoints: checked by a sum, and read without running anything they hold."""

import hashlib
import io
import pickle
import types
import zipfile

import numpy as np
import torch

from ..disk.writing import beside_and_renamed

_MAGIC = b"skdistill checkpoint 1\n"
_SUM = 64  # hexadecimal digits
_UNREADABLE = (RuntimeError, ValueError, EOFError, pickle.UnpicklingError)
_PLAIN = (bool, int, float, str, bytes, type(None))
_MANY = (list, tuple, set)
_CODE = (
    *(type, types.FunctionType, types.MethodType, types.BuiltinFunctionType),
    types.ModuleType,
)


class Damaged(Exception):
    """A file that is not what was written."""


class CannotKeep(TypeError):
    """An object that no checkpoint can hold."""


def write_state(path, state):
    """Write a state beside its place, and put it there when it is complete.

    Parameters
    ----------
    path : Path
        Of the file.
    state : dict
        From ``frozen``.

    Returns
    -------
    int
        Bytes.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    with buffer.getbuffer() as content, beside_and_renamed(path) as file:
        file.write(_MAGIC + hashlib.sha256(content).hexdigest().encode() + b"\n")
        file.write(content)
        return len(content) + len(_MAGIC) + _SUM + 1


def read_state(path):
    """Read a state.

    Parameters
    ----------
    path : Path
        Of the file.

    Returns
    -------
    dict
        As it was written.

    Raises
    ------
    Damaged
        If it was not written by ``write_state``, or has changed since.
    """
    raw = path.read_bytes()
    head = len(_MAGIC) + _SUM + 1
    if len(raw) < head or not raw.startswith(_MAGIC):
        raise Damaged(f"{path.name} is no checkpoint, or is cut short")
    content = memoryview(raw)[head:]
    if hashlib.sha256(content).hexdigest().encode() != raw[len(_MAGIC) : head - 1]:
        raise Damaged(f"{path.name} is damaged or cut short")
    try:
        # Tensors and plain containers alone: nothing in the file can run.
        return torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except (*_UNREADABLE, zipfile.BadZipFile) as error:
        raise Damaged(f"{path.name} cannot be read: {error}") from error


def frozen(value, name="it"):
    """A value as a checkpoint holds it: tensors, numbers, texts, and containers of these.

    Parameters
    ----------
    value : object
        Arrays become tensors that ``thawed`` makes arrays again.
    name : str, default="it"
        What it is called in errors.

    Returns
    -------
    object
        It may share memory with `value`.

    Raises
    ------
    CannotKeep
        If something in it is none of these.
    """
    if torch.is_tensor(value):
        return _compact(value.detach())
    if isinstance(value, np.generic):
        return value.item()
    if type(value) in _PLAIN:
        return value
    if isinstance(value, np.ndarray) and value.dtype.kind in "biuf":
        return {"__ndarray__": torch.from_numpy(np.ascontiguousarray(value).copy())}
    if isinstance(value, dict):
        return {key: frozen(v, f"{name}[{key!r}]") for key, v in value.items()}
    kind = next((k for k in _MANY if isinstance(value, k)), None)
    if kind is not None:
        return kind(frozen(v, f"an item of {name}") for v in value)
    raise CannotKeep(f"{name} is a {type(value).__module__}.{type(value).__qualname__}")


def _compact(tensor):
    """A tensor that does not bring along a larger one, of which it is a part."""
    whole = tensor.untyped_storage().nbytes()
    return tensor if whole <= tensor.nbytes else tensor.clone()


def thawed(value):
    """A value as it was before ``frozen``.

    Parameters
    ----------
    value : object
        From a checkpoint.

    Returns
    -------
    object
        With arrays where there were some.
    """
    if isinstance(value, dict):
        if value.keys() == {"__ndarray__"}:
            return value["__ndarray__"].numpy()
        return {key: thawed(v) for key, v in value.items()}
    if isinstance(value, list | tuple | set):
        return type(value)(thawed(v) for v in value)
    return value


def key_of(*tensors):
    """A key of what some tensors hold.

    Parameters
    ----------
    *tensors : Tensor or None
        On any device.

    Returns
    -------
    str
        32 hexadecimal digits.
    """
    sha = hashlib.sha256()
    for tensor in tensors:
        sha.update(
            f"{None if tensor is None else (tensor.dtype, tensor.shape)}".encode()
        )
        if tensor is not None:
            flat = tensor.detach().cpu().contiguous().reshape(-1)
            sha.update(flat.view(torch.uint8).numpy().data)
    return sha.hexdigest()[:32]


def weights_of(module):
    """All tensors of a module, also those that its own ``state_dict`` leaves out.

    Parameters
    ----------
    module : torch.nn.Module
        Left as it is.

    Returns
    -------
    dict of {str: Tensor}
        The tensors themselves.
    """
    return {**dict(module.named_parameters()), **dict(module.named_buffers())}


def module_state(module):
    """What a module is at the moment: its tensors, and the plain numbers beside them.

    Parameters
    ----------
    module : torch.nn.Module
        Left as it is.

    Returns
    -------
    dict
        For ``take_module_state``.
    """
    plain = {
        name: {k: v for k, v in vars(part).items() if _is_number(k, v)}
        for name, part in module.named_modules()
    }
    return {"weights": frozen(weights_of(module)), "plain": plain}


def _is_number(name, value):
    # The mode is set before each pass.
    return type(value) in (bool, int, float) and name != "training"


@torch.no_grad()
def take_module_state(module, state):
    """Make a module what it was.

    Parameters
    ----------
    module : torch.nn.Module
        Of the same shape; it is changed.
    state : dict
        From ``module_state``.
    """
    for name, tensor in weights_of(module).items():
        tensor.copy_(state["weights"][name])
    for name, part in module.named_modules():
        vars(part).update(state["plain"].get(name, {}))


class Listeners:
    """The user's callbacks: what they have become since they were made.

    Parameters
    ----------
    callbacks : list of (str, Callback)
        Initialised, before the training begins.
    """

    def __init__(self, callbacks):
        self.callbacks = callbacks
        self._first = [dict(vars(callback)) for _, callback in callbacks]

    def state(self):
        """What is to be kept of them.

        Returns
        -------
        list of dict
            One for each.

        Raises
        ------
        CannotKeep
            That names the callback and the attribute.
        """
        pairs = zip(self.callbacks, self._first, strict=True)
        return [self._state(*named, first) for named, first in pairs]

    def _state(self, name, callback, first):
        if hasattr(callback, "state_dict"):
            return {"state_dict": frozen(callback.state_dict(), name)}
        state = {}
        for key, value in vars(callback).items():
            if isinstance(value, _CODE) or _is_bar(value):
                continue
            if hasattr(value, "load_state_dict"):
                state[key] = {"state_dict": frozen(value.state_dict(), f"{name}.{key}")}
                continue
            try:
                state[key] = {"value": frozen(value, f"{name}.{key}")}
            except CannotKeep as error:
                if key in first and first[key] is value:  # as it was made
                    continue
                raise CannotKeep(
                    f"checkpoint= has to keep what the callback {callback!r} has become, "
                    f"and {error}: give it state_dict() and load_state_dict(state), or "
                    "leave it out."
                ) from error
        return state

    def take(self, states):
        """Let them be what they were.

        Parameters
        ----------
        states : list of dict
            From ``state``.
        """
        for (_, callback), state in zip(self.callbacks, states, strict=True):
            if hasattr(callback, "load_state_dict"):
                callback.load_state_dict(thawed(state["state_dict"]))
                continue
            for key, kept in state.items():
                if "state_dict" in kept:
                    getattr(callback, key).load_state_dict(thawed(kept["state_dict"]))
                else:
                    setattr(callback, key, thawed(kept["value"]))


def _is_bar(value):
    return type(value).__module__.partition(".")[0] == "tqdm"
