"""Callbacks of a training: best weights, fresh rows, a progress bar; interruption."""

import contextlib

from skorch.callbacks import Callback
from tqdm.auto import tqdm

from ..warn import warn


class StopTraining(Exception):
    """A callback ends the training."""


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
        """Take in the loss of an epoch.

        Parameters
        ----------
        value : float
            The monitored loss.
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
        # Two marks: small gains make new best weights, but do not extend patience.
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
    group : OneProcess or ProcessGroup
        Who trains: the first process renews them.
    """

    def __init__(self, every, renew, batches, group):
        self.every, self.renew = every, renew
        self.batches, self.group = batches, group

    def on_epoch_begin(self, net, **kwargs):
        """Renew the rows where an epoch's turn has come."""
        n_done = len(net.history) - 1
        if n_done and n_done % self.every == 0:  # the first rows are fresh themselves
            rows = self.group.share(lambda: self.renew(net.student()))
            if rows is not None:
                self.batches.swap(rows.to(net.device))


class EpochBar(Callback):
    """A progress bar over the epochs, with the last losses.

    Parameters
    ----------
    n_steps : int, default=None
        Steps of an epoch, where these are slow, and the bar moves with each of them.
    """

    def __init__(self, n_steps=None):
        self.n_steps = n_steps

    def on_train_begin(self, net, **kwargs):
        """Draw the empty bar."""
        unit = "epoch" if self.n_steps is None else "step"
        total = net.max_epochs * (self.n_steps or 1)
        # More than 0 where a training goes on from a checkpoint.
        done = net.n_epochs_done if self.n_steps is None else net._steps_done
        self.bar_ = tqdm(total=total, initial=done, unit=unit, desc="distil")
        if self.n_steps is not None:
            net.on_step = self.bar_.update

    def on_epoch_end(self, net, **kwargs):
        """Move the bar on by one epoch."""
        last = net.history[-1]
        self.bar_.set_postfix(
            {k: f"{v:.4g}" for k, v in last.items() if k.endswith("_loss")}
        )
        if self.n_steps is None:
            self.bar_.update()

    def on_train_end(self, net, **kwargs):
        """Close the bar, which stays in sight."""
        net.on_step = None
        self.bar_.close()


@contextlib.contextmanager
def interruption(net, best, keeps):
    """Let callbacks end the training; on Ctrl-C keep the best weights, and say so.

    A callback may raise KeyboardInterrupt to end a training, as skorch's EarlyStopping
    does; that of a signal looks the same, and ``net.ctrl_c`` has noticed it.

    Parameters
    ----------
    net : DistillationNet
        What is trained in the block.
    best : BestWeights
        What remembers its weights.
    keeps : bool
        False: Ctrl-C goes on to whoever called.
    """
    try:
        with net.ctrl_c:
            yield
    except StopTraining:
        _drop_cut_short(net)
    except KeyboardInterrupt:
        if best.weights_ is None or not keeps:
            raise
        epoch = len(net.history)
        _drop_cut_short(net)
        best.restore(net)
        net.is_interrupted = True
        warn(
            f"Training was interrupted in epoch {epoch}; the student keeps the weights "
            f"of epoch {best.epoch_}, the best so far ({best.monitor} "
            f"{best.best_:.4g})."
        )


def _drop_cut_short(net):
    """Forget an epoch that was not ended: it has no loss, and does not count."""
    if net.history and "dur" not in net.history[-1]:
        del net.history[-1]


def _copied(state):
    return {name: tensor.clone() for name, tensor in state.items()}
