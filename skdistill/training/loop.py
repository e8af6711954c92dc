"""The training core: skorch's loop over whole tensors; only this file imports skorch.

``train`` takes a module, rows as tensors and an objective, and returns the trained net.
"""

import contextlib
import copy
import inspect
import signal
import threading

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import Callback, EpochTimer, PrintLog
from skorch.history import History
from torch.optim.lr_scheduler import CosineAnnealingLR, OneCycleLR
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn
from tqdm.auto import tqdm

from ..modules import MLP
from ..warn import warn
from .batches import Batches, InOrder
from .loss_gradients import LossGradients, gradient_kind

OPTIMIZERS = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
}
# Their momentum is ours to cycle; a user's own optimizer keeps what it was given.
CYCLED = ("adam", "adamw")
_COMPILED = "_orig_mod."  # what torch.compile puts before the names of parameters


class StopTraining(Exception):
    """A callback has seen enough."""


class BestWeights(Callback):
    """Remembers the weights of the best epoch; stops when none better comes.

    Parameters
    ----------
    monitor : {"valid_loss", "train_loss"}
        Lower is better.
    patience : int, default=None
        Stop after so many epochs without gain; None for never.
    tol : float, default=0.0
        What counts as a gain.
    """

    def __init__(self, monitor, patience=None, tol=0.0):
        self.monitor = monitor
        self.patience = patience
        self.tol = tol

    def on_train_begin(self, net, **kwargs):
        """Forget earlier trainings."""
        self.best_ = self.bar_ = float("inf")
        self.epoch_, self.weights_, self.misses_ = 0, None, 0

    def on_epoch_end(self, net, **kwargs):
        """Compare the epoch with the best so far."""
        if getattr(net.student(), "is_annealing", False):
            return  # a module that is not yet what it is to become
        value, epoch = net.history[-1, self.monitor], net.history[-1, "epoch"]
        if self.saw(value, epoch, lambda: _copied(net.student().state_dict())):
            raise StopTraining

    def saw(self, value, epoch, weights):
        """Take in what an epoch came to.

        Parameters
        ----------
        value : float
            What is watched.
        epoch : int
            From 1.
        weights : callable
            ``weights()`` -> copies of them, if they are to be remembered.

        Returns
        -------
        bool
            Whether patience is at an end.
        """
        if value < self.best_:
            self.weights_, self.best_, self.epoch_ = weights(), value, epoch
        if value < self.bar_ - self.tol:
            self.bar_, self.misses_ = value, 0
        else:
            self.misses_ += 1
        return self.patience is not None and self.misses_ >= self.patience

    def restore(self, net):
        """Put the best weights back."""
        if self.weights_ is not None:
            net.module_.load_state_dict(self.weights_)


class Refresh(Callback):
    """Swaps rows for fresh ones before an epoch.

    Parameters
    ----------
    every : int
        After so many epochs.
    renew : callable
        ``renew(module)`` -> Rows, or None to leave them as they are.
    batches : Batches
        To put them into.
    """

    def __init__(self, every, renew, batches):
        self.every = every
        self.renew = renew
        self.batches = batches

    def on_epoch_begin(self, net, **kwargs):
        """Renew the rows where an epoch's turn has come."""
        n_done = len(net.history) - 1
        if n_done and n_done % self.every == 0:
            rows = self.renew(net.student())
            if rows is not None:
                self.batches.swap(rows.to(net.device))


class EpochBar(Callback):
    """A progress bar over the epochs, with the last losses."""

    def on_train_begin(self, net, **kwargs):
        """Draw the empty bar."""
        self.bar_ = tqdm(total=net.max_epochs, unit="epoch", desc="distil")

    def on_epoch_end(self, net, **kwargs):
        """One step further."""
        last = net.history[-1]
        self.bar_.set_postfix(
            {k: f"{v:.4g}" for k, v in last.items() if k.endswith("_loss")}
        )
        self.bar_.update()

    def on_train_end(self, net, **kwargs):
        """Leave the bar as it is."""
        self.bar_.close()


class Average:
    """The moving average of a module's weights, hidden from skorch's optimizer.

    Parameters
    ----------
    module : torch.nn.Module
        Copied.
    decay : float
        In (0, 1): how much of the average each step leaves.
    """

    def __init__(self, module, decay):
        self._model = AveragedModel(module, multi_avg_fn=get_ema_multi_avg_fn(decay))

    @property
    def module(self):
        """With the average weights."""  # numpydoc ignore=RT01
        return self._model.module

    def update(self, module):
        """Take a step's weights in.

        Parameters
        ----------
        module : torch.nn.Module
            As the step left it.
        """
        self._model.update_parameters(module)


class DistillationNet(NeuralNet):
    """A skorch net that trains on batches of whole tensors.

    Epochs run without per-batch bookkeeping unless the user has callbacks, which may
    listen to batches or read their history: then they run as skorch's own.
    """

    is_listened_to = False
    is_own = False  # whether the module is a student's own, not its user's
    schedule_ = None
    averaged = None
    ctrl_c = None
    _written_out = None  # where no graph is needed: losses with their gradients

    @property
    def _default_callbacks(self):
        return [("epoch_timer", EpochTimer())]

    def torch_compile(self, module, name):
        """Compile the student's module; the objective is not worth it."""
        return super().torch_compile(module, name) if name == "module" else module

    def get_split_datasets(self, X, y=None, **fit_params):
        """The batches of the training and the validation rows, as they were given."""
        return X

    def get_iterator(self, dataset, training=False):
        """Batches are their own iterator."""
        return dataset

    def notify(self, method_name, **cb_kwargs):
        """Tell the callbacks; one that raises KeyboardInterrupt ends the training."""
        try:
            super().notify(method_name, **cb_kwargs)
        except KeyboardInterrupt:
            if self.ctrl_c.was_pressed:
                raise
            raise StopTraining from None  # how skorch's EarlyStopping stops

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """The objective, and the module's own penalty if it has one."""
        if not isinstance(y_pred, tuple):
            return self.criterion_(y_pred, y_true)
        output, state = y_pred
        soft, soft_weight, _, hard_weight, _ = y_true
        weight = hard_weight if soft is None else soft_weight
        return self.criterion_(output, y_true) + self.module_.penalty(state, weight)

    def train_step(self, batch, **fit_params):
        """One step of the optimizer, then of the learning rate's schedule."""
        for part in self._listeners:
            part.training_progress(self._steps_done / self._steps)
        if self.is_listened_to:
            step = super().train_step(batch, **fit_params)
        else:
            step = {"loss": self.optimizer_.step(lambda: self._loss_gradient(batch))}
        if self.schedule_ is not None:
            self.schedule_.step()
        if self.averaged is not None:
            self.averaged.update(_uncompiled(self.module_))
        self._steps_done += 1
        return step

    def student(self):
        """What the net would predict with: averaged weights where there are some.

        Returns
        -------
        torch.nn.Module
            That training goes on to change.
        """
        if self.averaged is None:
            return _uncompiled(self.module_)
        return self.averaged.module

    def validation_step(self, batch, **fit_params):
        """The loss of the averaged weights, where there are some."""
        if self.averaged is None:
            return super().validation_step(batch, **fit_params)
        trained, self.module_ = self.module_, self.averaged.module
        try:
            return super().validation_step(batch, **fit_params)
        finally:
            self.module_ = trained

    def _loss_gradient(self, batch):
        x, targets = batch
        if self._written_out is not None:
            return self._without_graph(x, targets)
        self.optimizer_.zero_grad()
        loss = self.get_loss(self.module_(x), targets)
        loss.backward()
        return loss

    @torch.no_grad()
    def _without_graph(self, x, targets):
        inputs = []
        output = self.module_(x, inputs)
        targets = [t if t is None else t[None] for t in targets]
        loss, of_output = self._written_out(output[None], targets)
        self.module_.take_gradients(inputs, of_output[0])
        return loss[0]

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """One pass; records the mean loss over the rows as ``{prefix}_loss``."""
        if iterator is None:
            return
        self._set_training(training)
        if self.is_listened_to:
            super().run_single_epoch(iterator, training, prefix, step_fn, **fit_params)
            loss = self._mean_of_batches(prefix)
        else:
            losses, sizes = [], []
            for batch in iterator:
                losses.append(step_fn(batch, **fit_params)["loss"].detach())
                sizes.append(len(batch[0]))
            loss = float(np.average(torch.stack(losses).tolist(), weights=sizes))
        self.record_loss(loss, prefix)

    def record_loss(self, loss, prefix):
        """Note what an epoch came to.

        Parameters
        ----------
        loss : float
            Mean over the rows.
        prefix : {"train", "valid"}
            Of which.

        Raises
        ------
        ValueError
            If it is NaN or infinite.
        """
        if not np.isfinite(loss):
            raise ValueError(self._diverged(loss, prefix))
        name = prefix + "_loss"
        is_best = all(loss < epoch[name] for epoch in self.history[:-1])
        self.history.record(name, loss)
        self.history.record(name + "_best", is_best)  # what skorch's Checkpoint watches

    def _mean_of_batches(self, prefix):
        batches = [b for b in self.history[-1]["batches"] if prefix + "_loss" in b]
        sizes = [b[prefix + "_batch_size"] for b in batches]
        return float(np.average([b[prefix + "_loss"] for b in batches], weights=sizes))

    def _diverged(self, loss, prefix):
        return (
            f"The {prefix} loss became {loss} in epoch {len(self.history)}; training "
            "was stopped and nothing was kept. The likely cause is a learning rate "
            f"that is too high: try lr={self.lr / 10:g}. With a loss or module of "
            "your own, look for a logarithm of 0 or a division by 0 in it."
        )

    def prepare(self, schedule, n_steps, cycle_momentum, ema_decay=None):
        """Initialise, and set the learning rate's schedule.

        Parameters
        ----------
        schedule : {None, "cosine", "one_cycle"}
            How the learning rate goes.
        n_steps : int
            Steps of the whole training.
        cycle_momentum : bool
            Whether "one_cycle" moves the optimizer's momentum against the rate.
        ema_decay : float, default=None
            Of the moving average of the weights; None for none.

        Returns
        -------
        DistillationNet
            Itself.
        """
        self.initialize()
        self.schedule_ = scheduled(
            self.optimizer_, schedule, self.lr, n_steps, cycle_momentum
        )
        if ema_decay is not None:
            self.averaged = Average(_uncompiled(self.module_), ema_decay)
        is_known = type(self.module_) is MLP and self.module_.writes_gradients
        if self.is_own and is_known and gradient_kind(self.criterion_) is not None:
            like = next(self.module_.parameters())
            self._written_out = LossGradients([self.criterion_], like)
        self._steps, self._steps_done = n_steps, 0
        parts = [_uncompiled(self.module_), getattr(self.criterion_, "share", None)]
        parts += [] if self.averaged is None else [self.averaged.module]
        self._listeners = [p for p in parts if hasattr(p, "training_progress")]
        return self

    def release(self, own_callbacks):
        """Drop what only training needs, and leave the module in eval mode.

        Parameters
        ----------
        own_callbacks : list of Callback
            Those to leave out; the user's stay readable.
        """
        self.module_ = _uncompiled(self.module_)
        self.module_.eval()
        self.module = type(self.module_)
        self.callbacks_ = [
            (name, callback)
            for name, callback in self.callbacks_
            if callback not in own_callbacks and not isinstance(callback, EpochTimer)
        ]
        self.callbacks = None
        self.optimizer_ = self.schedule_ = self.criterion_ = self.criterion = None
        del self._listeners
        self.averaged = self._written_out = self.ctrl_c = None
        for epoch in self.history:
            epoch["batches"] = []


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
    with torch.random.fork_rng(devices=devices):
        torch.default_generator.manual_seed(seed)
        for cuda in devices:
            with torch.cuda.device(cuda):
                torch.cuda.manual_seed(seed)
        yield


def make_generator(seed):
    """A CPU generator of its own.

    Parameters
    ----------
    seed : int
        Its seed.

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
    is_own=False,
    ema_decay=None,
    interruptible=True,
    optimizer_state=None,
    refresh=None,
    renew=None,
):
    """Train a module on rows; the module given is changed.

    Parameters
    ----------
    module : torch.nn.Module
        Initialised.
    rows : Rows
        To learn from.
    valid : Rows or None
        To watch; never trained on.
    objective : Objective
        The loss.
    max_epochs, batch_size, lr, lr_schedule, optimizer, weight_decay : object
        As in the students.
    device : torch.device
        Where to train.
    callbacks, compile : object
        As there; callbacks are copied.
    patience : int or None
        Stop after so many epochs without gain on `valid` and keep the best weights.
    tol : float
        What counts as a gain.
    generator : torch.Generator
        Shuffles.
    verbose : int
        1 for a progress bar, 2 for a line each epoch.
    is_own : bool, default=False
        Whether the module is one that a student made: no hooks, no frozen weights.
    ema_decay : float, default=None
        Of the moving average of the weights that the net ends with; None for the last.
    interruptible : bool, default=True
        False: Ctrl-C is raised whenever it comes.
    optimizer_state : dict, default=None
        To go on from, if it is not empty; it gets the new state. None: not kept.
    refresh : int, default=None
        After so many epochs rows are renewed; None for never.
    renew : callable, default=None
        ``renew(module)`` -> as many Rows in their place, or None to go on with them.

    Returns
    -------
    DistillationNet
        With ``module_`` and ``history``; without data, optimizer or criterion.

    Raises
    ------
    ValueError
        If the loss becomes NaN or infinite.
    KeyboardInterrupt
        If it comes before the first epoch is done.
    """
    _check_callbacks(callbacks or [])
    batches = Batches(rows.to(device), batch_size, generator)
    watched = None if valid is None else InOrder(valid.to(device))
    best = BestWeights("train_loss" if valid is None else "valid_loss", patience, tol)
    own = [*_printers(verbose), best]
    if refresh is not None:
        own.append(Refresh(refresh, renew, batches))
    net = DistillationNet(
        module,
        criterion=objective,
        lr=lr,
        max_epochs=max_epochs,
        device=str(device),
        callbacks=[*own, *copy.deepcopy(callbacks or [])],
        compile=compile,
        verbose=int(verbose >= 2),
        **_optimizer_options(optimizer, weight_decay, device, module),
    )
    net.is_listened_to, net.is_own = bool(callbacks), is_own and not callbacks
    net.ctrl_c = CtrlC()
    net.prepare(lr_schedule, max_epochs * len(batches), optimizer in CYCLED, ema_decay)
    if optimizer_state:
        _take_moments(net.optimizer_, _uncompiled(net.module_), optimizer_state)
    net.notify("on_train_begin", X=batches, y=None)
    try:
        with _interruptible(net, best, interruptible):
            net.fit_loop((batches, watched))
        if patience is not None:
            best.restore(net)
        elif ema_decay is not None:
            _uncompiled(net.module_).load_state_dict(net.student().state_dict())
        if optimizer_state is not None:
            optimizer_state.clear()
            optimizer_state.update(_moments(net.optimizer_, _uncompiled(net.module_)))
    finally:
        net.notify("on_train_end", X=batches, y=None)
    net.release(own)
    return net


def epochs_of(net):
    """What a trained net's history says of each epoch.

    Parameters
    ----------
    net : DistillationNet
        Trained.

    Returns
    -------
    list of dict
        Losses, and the seconds that it took.
    """
    for epoch in net.history:
        epoch["dur"] = float(np.float32(epoch["dur"]))  # half the room in a pickle
    return [
        {key: value for key, value in epoch.items() if key != "batches"}
        for epoch in net.history
    ]


def without_history(net):
    """A net that remembers only how many epochs it was trained for.

    Parameters
    ----------
    net : DistillationNet
        Trained; left as it is.

    Returns
    -------
    DistillationNet
        A shallow copy.
    """
    light = copy.copy(net)
    light.n_epochs_, light.history_ = len(net.history), None
    return light


def put_history(net, epochs):
    """Give a net its history back.

    Parameters
    ----------
    net : DistillationNet
        From ``without_history``; changed.
    epochs : list of dict
        The last ones are its own.
    """
    own = epochs[len(epochs) - vars(net).pop("n_epochs_") :]
    net.history_ = History([{**epoch, "batches": []} for epoch in own])


def scheduled(optimizer, schedule, lr, n_steps, cycle_momentum):
    """What moves an optimizer's learning rate.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        Of some parameters.
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


def _moments(optimizer, module):
    """What the optimizer remembers of each parameter, by name."""
    named = module.named_parameters()
    return {name: optimizer.state[p] for name, p in named if p in optimizer.state}


def _take_moments(optimizer, module, moments):
    """Go on from what was remembered of the parameters that have kept their shape."""
    names = {parameter: name for name, parameter in module.named_parameters()}
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    kept = {}
    for i, parameter in enumerate(parameters):
        known = moments.get(names[parameter], {})
        tensors = [m for m in known.values() if torch.is_tensor(m) and m.dim()]
        if known and all(m.shape == parameter.shape for m in tensors):
            kept[i] = copy.deepcopy(known)
    fresh = optimizer.state_dict()  # with today's learning rate and the like
    optimizer.load_state_dict({**fresh, "state": kept})


def _copied(state):
    return {name: tensor.clone() for name, tensor in state.items()}


def _uncompiled(module):
    return getattr(module, "_orig_mod", module)


class CtrlC:
    """Notices Ctrl-C while a training runs.

    A callback may raise KeyboardInterrupt to end a training, as skorch's EarlyStopping
    does; that of a signal looks the same.
    """

    def __init__(self):
        self.was_pressed = False

    def __enter__(self):
        self._handler = None
        if (
            threading.current_thread() is threading.main_thread()
        ):  # others get no signal
            handler = signal.getsignal(signal.SIGINT)
            if callable(handler):
                self._handler = handler
                signal.signal(signal.SIGINT, self._pressed)
        return self

    def _pressed(self, number, frame):
        self.was_pressed = True
        self._handler(number, frame)

    def __exit__(self, *error):
        if self._handler is not None:
            signal.signal(signal.SIGINT, self._handler)


@contextlib.contextmanager
def _interruptible(net, best, keeps):
    """Let callbacks end the training; on Ctrl-C keep the best weights, and say so."""
    try:
        with net.ctrl_c:
            yield
    except StopTraining:
        return
    except KeyboardInterrupt:
        if best.weights_ is None or not keeps:
            raise
        epoch = len(net.history)
        if best.monitor not in net.history[-1]:
            del net.history[-1]
        best.restore(net)
        warn(
            f"Training was interrupted in epoch {epoch}; the student keeps the weights "
            f"of epoch {best.epoch_}, the best so far ({best.monitor} "
            f"{best.best_:.4g})."
        )


def _check_callbacks(callbacks):
    for callback in callbacks:
        callback = callback[1] if isinstance(callback, tuple) else callback
        if not hasattr(callback, "on_epoch_end"):
            raise TypeError(
                f"callbacks holds {callback!r}, which is no skorch callback; give "
                "callbacks, or pairs of a name and a callback."
            )


def _printers(verbose):
    if verbose >= 2:
        return [PrintLog()]
    return [EpochBar()] if verbose else []


def _optimizer_options(optimizer, weight_decay, device, module):
    make = OPTIMIZERS[optimizer] if isinstance(optimizer, str) else optimizer
    known = inspect.signature(make).parameters
    options = {"optimizer": make}
    fixed = getattr(make, "keywords", {})  # of a functools.partial
    if "weight_decay" in fixed and not weight_decay:
        return _with_fused(options, known, device)
    if "weight_decay" in known:
        options["optimizer__weight_decay"] = weight_decay
        if weight_decay and hasattr(module, "undecayed"):
            names = (p + name for name in module.undecayed for p in ("", _COMPILED))
            groups = [(name, {"weight_decay": 0.0}) for name in names]
            options["optimizer__param_groups"] = groups
    elif weight_decay:
        raise ValueError(
            f"weight_decay={weight_decay} is not known to optimizer={make!r}: set it "
            "to 0, or take another optimizer."
        )
    return _with_fused(options, known, device)


def _with_fused(options, known, device):
    if "fused" in known and device.type in {"cpu", "cuda"}:
        options["optimizer__fused"] = True
    return options
