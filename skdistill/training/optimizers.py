"""Optimizers by name, their options, and the schedule of their learning rate."""

import copy
import inspect

import torch
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR

OPTIMIZERS = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
}
# Their momentum may be cycled; that of a user's optimizer stays as it was given.
CYCLED = ("adam", "adamw")
_COMPILED = "_orig_mod."  # what torch.compile puts before the names of parameters


def scheduled(optimizer, schedule, lr, n_steps, cycle_momentum):
    """The schedule that moves an optimizer's learning rate.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        The optimizer of some parameters.
    schedule : {None, "cosine", "one_cycle"}
        How the learning rate goes.
    lr : float or list of float
        The highest rate, of each group of parameters.
    n_steps : int
        Steps of the whole training.
    cycle_momentum : bool
        Whether "one_cycle" moves the optimizer's momentum against the rate.

    Returns
    -------
    torch.optim.lr_scheduler.LRScheduler or None
        None for a constant rate.
    """
    if schedule == "cosine":
        return CosineAnnealingLR(optimizer, n_steps)
    if schedule == "one_cycle":
        return OneCycleLR(optimizer, lr, n_steps, cycle_momentum=cycle_momentum)
    return None


def leaves_decay_open(optimizer):
    """Whether an optimizer knows a weight decay that its maker has not fixed.

    Parameters
    ----------
    optimizer : str or callable
        A known name, or a class or function of torch's kind.

    Returns
    -------
    bool
        False where a ``functools.partial`` says it, or nobody can.
    """
    _, known, fixed = _made_by(optimizer)
    return "weight_decay" in known and "weight_decay" not in fixed


def optimizer_options(optimizer, weight_decay, device, module):
    """Options of a NeuralNet, as a student's parameters say.

    Parameters
    ----------
    optimizer : str or callable
        A known name, or a class or function of torch's kind.
    weight_decay : float
        Weight decay of all parameters but those that the module excepts.
    device : torch.device
        Where the module is.
    module : torch.nn.Module
        What is trained.

    Returns
    -------
    dict
        Arguments of a NeuralNet.

    Raises
    ------
    ValueError
        If the optimizer knows no weight decay.
    """
    make, known, fixed = _made_by(optimizer)
    options = {"optimizer": make}
    # What the user has fixed stands, where the student's parameter says nothing.
    if "weight_decay" in fixed and not weight_decay:
        return _with_fused(options, known, device)
    if "weight_decay" in known:
        options["optimizer__weight_decay"] = weight_decay
        if weight_decay and hasattr(module, "undecayed"):
            # skorch matches groups by name, and compiled modules have other names.
            names = (p + name for name in module.undecayed for p in ("", _COMPILED))
            groups = [(name, {"weight_decay": 0.0}) for name in names]
            options["optimizer__param_groups"] = groups
    elif weight_decay:
        raise ValueError(
            f"weight_decay={weight_decay} is not known to optimizer={make!r}: set it "
            "to 0, or take another optimizer."
        )
    return _with_fused(options, known, device)


def _made_by(optimizer):
    """What makes it, which parameters that knows, and which a partial has fixed."""
    make = OPTIMIZERS[optimizer] if isinstance(optimizer, str) else optimizer
    fixed = getattr(make, "keywords", {})  # of a functools.partial
    return make, inspect.signature(make).parameters, fixed


def _with_fused(options, known, device):
    # Saves a quarter of a small net's step.
    if "fused" in known and device.type in {"cpu", "cuda"}:
        options["optimizer__fused"] = True
    return options


def moments_of(optimizer, module):
    """What the optimizer remembers of each parameter.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        The optimizer of the module's parameters.
    module : torch.nn.Module
        Trained.

    Returns
    -------
    dict of dict
        States by the parameters' names.
    """
    named = module.named_parameters()
    return {name: optimizer.state[p] for name, p in named if p in optimizer.state}


def take_moments(optimizer, module, moments):
    """Go on from what was remembered of the parameters that have kept their shape.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        It is changed.
    module : torch.nn.Module
        The module whose parameters it has.
    moments : dict of dict
        From ``moments_of``.
    """
    names = {parameter: name for name, parameter in module.named_parameters()}
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    kept = {}
    for i, parameter in enumerate(parameters):
        known = moments.get(names[parameter], {})
        # Adam's count of steps is a tensor too, of no dimension, and fits any shape.
        tensors = [m for m in known.values() if torch.is_tensor(m) and m.dim()]
        if known and all(m.shape == parameter.shape for m in tensors):
            kept[i] = copy.deepcopy(known)
    fresh = optimizer.state_dict()  # with today's learning rate and the like
    optimizer.load_state_dict({**fresh, "state": kept})
