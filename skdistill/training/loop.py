"""A training: a module, rows, a loss, and what the student's parameters say."""

import contextlib
import copy

import torch
from skorch.callbacks import PrintLog

from ..ctrl_c import CtrlC
from .batches import InOrder
from .callbacks import BestWeights, EpochBar, Refresh, interruption
from .group import ONE_PROCESS, parts_of
from .keeper import Keeper, KeepsNothing
from .net import DistillationNet, uncompiled
from .optimizers import CYCLED, moments_of, optimizer_options, take_moments


def resolve_device(device):
    """The torch device that ``device="auto"`` stands for.

    Parameters
    ----------
    device : str or torch.device
        "auto" is CUDA where there is one, else the CPU.

    Returns
    -------
    torch.device
        To train on.
    """
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        resolved = torch.device(device)
    except RuntimeError as error:
        raise ValueError(f"device={device!r} is not known to torch: {error}") from error
    if resolved.type == "cuda" and not torch.cuda.is_available():
        raise ValueError(
            f'device={device!r}: there is no CUDA here; "auto" finds what is.'
        )
    return resolved


@contextlib.contextmanager
def seeded(seed, device, needed=True):
    """Give users' modules and dropout a seed, and the global generators back after.

    Parameters
    ----------
    seed : int
        For the generators of the CPU and of `device`.
    device : torch.device
        Where the module is.
    needed : bool, default=True
        False for built-in modules without dropout, which draw from no global generator.
    """
    if not needed:
        yield
        return
    devices = [device] if device.type == "cuda" else []
    # fork_rng restores these devices alone; torch.manual_seed would seed all of them.
    with torch.random.fork_rng(devices=devices):
        torch.default_generator.manual_seed(seed)
        for cuda in devices:
            with torch.cuda.device(cuda):
                torch.cuda.manual_seed(seed)
        yield


def make_generator(seed):
    """A CPU generator for one purpose.

    Parameters
    ----------
    seed : int
        The seed.

    Returns
    -------
    torch.Generator
        For initial weights or for shuffling.
    """
    return torch.Generator().manual_seed(seed)


def train(
    module,
    rows,
    valid,
    objective,
    *,
    max_epochs,
    batch_size,
    lr,
    lr_schedule,
    optimizer,
    weight_decay,
    device,
    callbacks,
    compile,
    patience,
    tol,
    generator,
    verbose,
    ema_decay=None,
    interruptible=True,
    optimizer_state=None,
    refresh=None,
    renew=None,
    accumulation_steps=1,
    files=None,
    draws_globally=False,
    group=ONE_PROCESS,
):
    """Train a module on rows; the module given is changed.

    Parameters
    ----------
    module : torch.nn.Module
        Initialised.
    rows : Rows or StreamedRows
        To learn from.
    valid : Rows or None
        For validation; never trained on.
    objective : Objective
        The loss.
    max_epochs, batch_size, lr, lr_schedule, optimizer, weight_decay : object
        As in the students.
    device : torch.device
        Where to train.
    callbacks, compile : object
        As in the students; callbacks are copied.
    patience : int or None
        Stop after so many epochs without gain on `valid` and keep the best weights.
    tol : float
        What counts as a gain.
    generator : torch.Generator
        Shuffles.
    verbose : int
        1 for a progress bar, 2 for a line each epoch.
    ema_decay : float, default=None
        Decay of the moving average of the weights that the net ends with; None for the
        last weights.
    interruptible : bool, default=True
        False: Ctrl-C is raised whenever it comes.
    optimizer_state : dict, default=None
        To go on from, if it is not empty; it gets the new state. None: not kept.
    refresh : int, default=None
        After so many epochs rows are renewed; None for never.
    renew : callable, default=None
        ``renew(module)`` -> as many Rows in their place, or None to go on with them. With
        `files` also ``state()`` and ``restored(state)``.
    accumulation_steps : int, default=1
        The optimizer moves once for so many batches, by their mean gradient.
    files : Files, default=None
        Where the training is kept, and goes on from; None for nowhere.
    draws_globally : bool, default=False
        Whether torch's global generators belong to this training.
    group : OneProcess or ProcessGroup, default=ONE_PROCESS
        Who trains. Each process of several is given the same rows, and learns from its
        part of batches that are so many times `batch_size`.

    Returns
    -------
    DistillationNet
        With ``module_`` and ``history``; without data, optimizer or criterion.

    Raises
    ------
    ValueError
        If the loss becomes NaN or infinite; or if what is kept is of another training.
    KeyboardInterrupt
        If it comes before the first epoch is done.
    """
    _check_callbacks(callbacks or [])
    batches = rows.batches(device, batch_size * group.size, generator)
    batches = parts_of(batches, group)
    valid_batches = None if valid is None else InOrder(valid.to(device))
    # Without validation rows too: Ctrl-C then returns to the best epoch so far.
    best = BestWeights("train_loss" if valid is None else "valid_loss", patience, tol)
    # Steps of long rows take long too.
    n_steps = None if rows.lengths is None else len(batches)
    library_callbacks = [*_printers(verbose, n_steps), best]
    if refresh is not None:
        library_callbacks.append(Refresh(refresh, renew, batches, group))
    # Copies: a training may not change what the student has as a parameter.
    listeners = copy.deepcopy(callbacks or [])
    net = DistillationNet(
        module,
        criterion=objective,
        lr=lr,
        max_epochs=max_epochs,
        device=str(device),
        callbacks=[*library_callbacks, *listeners],
        compile=compile,
        verbose=int(verbose >= 2),
        **optimizer_options(optimizer, weight_decay, device, module),
    )
    # A callback may hook the module or look at its gradients: then skorch's steps run.
    net.is_listened_to = bool(callbacks)
    net.ctrl_c, net.group = CtrlC(), group
    net.accumulation_steps = accumulation_steps
    net.prepare(lr_schedule, max_epochs * len(batches), optimizer in CYCLED, ema_decay)
    if optimizer_state:
        take_moments(net.optimizer_, uncompiled(net.module_), optimizer_state)
    net.keeper = KeepsNothing()
    if group.share(lambda: files is not None):
        parts = batches, best, listeners, renew, draws_globally
        net.keeper = Keeper(files, net, *parts)
    # skorch's fit would initialise again, and split the rows: only its loop is used.
    net.notify("on_train_begin", X=batches, y=None)
    try:
        _carry_on(net, batches, valid_batches, best, interruptible)
        if optimizer_state is not None:
            # In place: the caller goes on with its own dict at the next partial_fit.
            optimizer_state.clear()
            optimizer_state.update(moments_of(net.optimizer_, uncompiled(net.module_)))
    finally:
        net.notify("on_train_end", X=batches, y=None)
    net.release(library_callbacks)
    return net


def _carry_on(net, batches, valid_batches, best, interruptible):
    """Do the epochs that are left, and end with the weights that count."""
    keeper = net.keeper
    keeper.go_on()
    if keeper.is_finished:
        return
    with interruption(net, best, interruptible):
        left = net.max_epochs - net.n_epochs_done
        net.fit_loop((batches, valid_batches), epochs=left)
    # With patience the best epoch counts, and its averages; else the last epoch.
    if best.patience is not None:
        best.restore(net)
    elif net.averaged is not None:
        uncompiled(net.module_).load_state_dict(net.student().state_dict())
    net.group.share(keeper.finish)


def _check_callbacks(callbacks):
    for callback in callbacks:
        callback = callback[1] if isinstance(callback, tuple) else callback
        if not hasattr(callback, "on_epoch_end"):
            raise TypeError(
                f"callbacks holds {callback!r}, which is no skorch callback; give "
                "callbacks, or pairs of a name and a callback."
            )


def _printers(verbose, n_steps):
    if verbose >= 2:
        return [PrintLog()]
    return [EpochBar(n_steps)] if verbose else []
