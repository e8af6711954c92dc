"""The skorch net that trains on batches of whole tensors."""

import numpy as np
import torch
from skorch import NeuralNet
from skorch.callbacks import EpochTimer
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from .callbacks import StopTraining
from .group import ONE_PROCESS
from .optimizers import scheduled


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
        """The module with the average weights."""  # numpydoc ignore=RT01
        return self._model.module

    @property
    def whole(self):
        """The same with the count of steps that it averages."""  # numpydoc ignore=RT01
        return self._model

    def update(self, module):
        """Take a step's weights in.

        Parameters
        ----------
        module : torch.nn.Module
            As the step left it.
        """
        self._model.update_parameters(module)


class Diverged(ValueError):
    """The loss is NaN or infinite."""


class DistillationNet(NeuralNet):
    """A skorch net that trains on batches of whole tensors.

    Epochs run without per-batch bookkeeping unless the user has callbacks, which may
    listen to batches or read their history: then they run as in skorch.
    """

    is_listened_to = False
    accumulation_steps = 1
    on_step = None
    schedule_ = None
    averaged = None
    ctrl_c = None
    keeper = None
    group = ONE_PROCESS
    cut_short = None  # of an epoch that goes on within: losses and sizes of its batches
    is_interrupted = False  # by Ctrl-C

    @property
    def n_epochs_done(self):
        """Number of epochs that have come to their end."""  # numpydoc ignore=RT01
        return sum("dur" in epoch for epoch in self.history)

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
        """Return the batches, which are an iterator already."""
        return dataset

    def notify(self, method_name, **cb_kwargs):
        """Tell the callbacks; one that raises KeyboardInterrupt ends the training."""
        if method_name == "on_epoch_begin" and self.cut_short is not None:
            self._start_timer()  # the others have heard of this epoch before
            return
        try:
            super().notify(method_name, **cb_kwargs)
        except KeyboardInterrupt:
            if self.ctrl_c.was_pressed:
                raise
            raise StopTraining from None  # how skorch's EarlyStopping stops
        if method_name == "on_epoch_end" and self.keeper is not None:
            self.group.share(self.keeper.epoch_ended)  # when all callbacks have heard

    def _start_timer(self):
        for _, callback in self.callbacks_:
            if isinstance(callback, EpochTimer):
                callback.on_epoch_begin(self)

    def get_loss(self, y_pred, y_true, X=None, training=False):
        """The objective, and the module's penalty if it has one."""
        if not isinstance(y_pred, tuple):
            return self.criterion_(y_pred, y_true)
        output, state = y_pred
        # The soft part's weights are of all rows; the hard part's of labelled rows
        # alone.
        soft, soft_weight, _, hard_weight, _ = y_true
        weight = hard_weight if soft is None else soft_weight
        return self.criterion_(output, y_true) + self.module_.penalty(state, weight)

    def train_step(self, batch, **fit_params):
        """One step of the optimizer, then of the learning rate's schedule."""
        for part in self._listeners:
            part.training_progress(self._steps_done / self._steps)
        if self.accumulation_steps > 1:
            step = self._accumulated(batch)
        elif self.is_listened_to:
            step = super().train_step(batch, **fit_params)
        else:
            # As a closure: some optimizers ask for the loss more than once a step.
            step = {"loss": self.optimizer_.step(lambda: self._loss_gradient(batch))}
        if self.schedule_ is not None:
            self.schedule_.step()
        if self.averaged is not None:
            self.averaged.update(uncompiled(self.module_))
        self._steps_done += 1
        if self.on_step is not None:
            self.on_step()
        return step

    def _accumulated(self, batch):
        """The gradient of one batch of several, after the last of which is a step."""
        first = self._steps_done - self._steps_done % self.accumulation_steps
        size = min(self.accumulation_steps, self._steps - first)
        if self._steps_done == first:
            self.optimizer_.zero_grad()
        x, targets = batch
        loss = self.get_loss(self.module_(x), targets)
        (loss / size).backward()
        if self._steps_done == first + size - 1:
            self.group.mean_gradients(self.module_)
            named = list(self.module_.named_parameters())
            self.notify("on_grad_computed", named_parameters=named, batch=batch)
            self.optimizer_.step()
        return {"loss": loss}

    def student(self):
        """What the net would predict with: averaged weights where there are some.

        Returns
        -------
        torch.nn.Module
            The module or its average, which training goes on to change.
        """
        if self.averaged is None:
            return uncompiled(self.module_)
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
        self.optimizer_.zero_grad()
        loss = self.get_loss(self.module_(x), targets)
        loss.backward()
        self.group.mean_gradients(self.module_)
        return loss

    def train_step_single(self, batch, **fit_params):
        """One batch of a training that is listened to."""
        step = super().train_step_single(batch, **fit_params)
        self.group.mean_gradients(self.module_)
        return step

    def run_single_epoch(self, iterator, training, prefix, step_fn, **fit_params):
        """One pass; records the mean loss over the rows as ``{prefix}_loss``."""
        if iterator is None:
            return
        self._set_training(training)
        if self.is_listened_to:
            super().run_single_epoch(iterator, training, prefix, step_fn, **fit_params)
            losses, sizes = self._batches_of_history(prefix)
        else:
            losses, sizes = self._losses_so_far() if training else ([], [])
            for batch in iterator.since(len(losses)) if losses else iterator:
                losses.append(step_fn(batch, **fit_params)["loss"].detach())
                sizes.append(len(batch[0]))
                if training and self._keeps_within():
                    self.keeper.step_ended(losses, sizes)
            # One copy from the device an epoch: one a batch would wait for each step.
            losses = torch.stack(losses)
        self.record_loss(self._mean_loss(losses, sizes, training), prefix)

    def _mean_loss(self, losses, sizes, training):
        """The mean over rows, of all processes; each watches all validation rows."""
        if not training:
            return self.group.share(lambda: _average(losses, sizes))
        sizes = torch.tensor(sizes, dtype=torch.float64)
        return _average(self.group.mean(losses), self.group.mean(sizes))

    def _keeps_within(self):
        # Of several processes each would know the losses of its own parts alone.
        return self.keeper is not None and self.group.size == 1

    def _losses_so_far(self):
        """Of an epoch that goes on where it was cut short."""
        before, self.cut_short = self.cut_short, None
        if before is None:
            return [], []
        return list(before["losses"].to(self.device)), list(before["sizes"])

    def record_loss(self, loss, prefix):
        """Record the loss of an epoch.

        Parameters
        ----------
        loss : float
            Mean over the rows.
        prefix : {"train", "valid"}
            Which rows these are.

        Raises
        ------
        ValueError
            If it is NaN or infinite.
        """
        if not np.isfinite(loss):
            raise Diverged(self._diverged(loss, prefix))
        name = prefix + "_loss"
        is_best = all(loss < epoch[name] for epoch in self.history[:-1])
        self.history.record(name, loss)
        self.history.record(name + "_best", is_best)  # what skorch's Checkpoint watches

    def _batches_of_history(self, prefix):
        batches = [b for b in self.history[-1]["batches"] if prefix + "_loss" in b]
        sizes = [b[prefix + "_batch_size"] for b in batches]
        losses = [b[prefix + "_loss"] for b in batches]
        return torch.tensor(losses, dtype=torch.float64), sizes

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
            Decay of the moving average of the weights; None for none.

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
            self.averaged = Average(uncompiled(self.module_), ema_decay)
        self._steps, self._steps_done = n_steps, 0
        # Whatever changes in the course of the training hears how much of it is done.
        parts = [uncompiled(self.module_), getattr(self.criterion_, "share", None)]
        parts += [] if self.averaged is None else [self.averaged.module]
        self._listeners = [p for p in parts if hasattr(p, "training_progress")]
        if self.group.size > 1 and hasattr(parts[0], "mean_over_processes"):
            parts[0].mean_over_processes = self.group.mean
        return self

    def release(self, library_callbacks):
        """Drop what only training needs, and leave the module in eval mode.

        Parameters
        ----------
        library_callbacks : list of Callback
            Callbacks to leave out; the user's stay readable.
        """
        self.module_ = uncompiled(self.module_)
        self.module_.eval()
        # The module itself would be a second copy in each pickle.
        self.module = type(self.module_)
        self.callbacks_ = [
            (name, callback)
            for name, callback in self.callbacks_
            if callback not in library_callbacks
            and not isinstance(callback, EpochTimer)
        ]
        self.callbacks = None
        self.optimizer_ = self.schedule_ = self.criterion_ = self.criterion = None
        vars(self.module_).pop("mean_over_processes", None)
        vars(self).pop("group", None)
        del self._listeners
        self.averaged = self.ctrl_c = self.keeper = None
        for epoch in self.history:
            epoch["batches"] = []


def _average(losses, sizes):
    return float(np.average(losses.tolist(), weights=sizes))


def uncompiled(module):
    """The module inside of what torch.compile has made.

    Parameters
    ----------
    module : torch.nn.Module
        Compiled or not.

    Returns
    -------
    torch.nn.Module
        With plain names of parameters.
    """
    return getattr(module, "_orig_mod", module)


def untrained(module):
    """A net around a module that was trained elsewhere.

    Parameters
    ----------
    module : torch.nn.Module
        As it is.

    Returns
    -------
    DistillationNet
        As a training leaves it, without a history.
    """
    net = DistillationNet(module, criterion=torch.nn.Identity, callbacks=None)
    net.prepare(None, 1, cycle_momentum=False)
    net.release([])
    return net
