"""Trained modules without torch, whose calls take longer than a few rows do."""

from weakref import WeakKeyDictionary

from ..export.predictor import MODELS
from .arrays import EMBEDDINGS, is_ours, shared

_FORMS: WeakKeyDictionary = WeakKeyDictionary()


def live_form(model):
    """A module as a function of rows of the view, in numpy.

    It shares the module's memory, so that it follows whoever changes weights in place.

    Parameters
    ----------
    model : TorchModel
        Around the module.

    Returns
    -------
    callable or None
        ``form(z)`` -> outputs (n, n_outputs); None for modules that have no form in numpy,
        and on other devices than the CPU.
    """
    module = model.module
    # A user's hooks have to see each call.
    if not is_ours(module) or module._forward_hooks or module._forward_pre_hooks:
        return None
    tensors = [*module.parameters(), *module.buffers()]
    # Whatever replaces a tensor changes its address; a change in place needs no new form.
    now = [*model.options(), *(tensor.data_ptr() for tensor in tensors)]
    known = _FORMS.get(module)
    if known is not None and known[0] == now:
        return known[1]
    embedding, form = type(getattr(module, "embedding", None)).__name__, None
    if tensors[0].device.type == "cpu" and embedding in {"NoneType", *EMBEDDINGS}:
        meta, arrays = model.arrays(shared)
        form = MODELS[meta["kind"]](meta | {"is_live": True}, arrays)
    _FORMS[module] = now, form
    return form
