"""One training that is kept: when, what of it, and how it goes on."""

import time

import torch

from .keeping import (
    Listeners,
    frozen,
    module_state,
    take_module_state,
    thawed,
)
from .net import uncompiled

#: What of BestWeights goes on.
OF_BEST = ("best_", "bar_", "epoch_", "weights_", "misses_")


class Clock:
    """When a state is due.

    Parameters
    ----------
    checkpoint : Checkpoint
        How often.
    """

    def __init__(self, checkpoint):
        self.checkpoint = checkpoint
        self.reset(0)

    def reset(self, epoch):
        """Start again.

        Parameters
        ----------
        epoch : int
            Number of epochs that are done.
        """
        self._epoch, self._since = epoch, time.monotonic()

    def is_due(self, epoch):
        """Whether it is time.

        Parameters
        ----------
        epoch : int
            Number of epochs that are done.

        Returns
        -------
        bool
            True if a state is to be written.
        """
        passed = time.monotonic() - self._since
        return self.checkpoint.is_due(epoch - self._epoch, passed)


class Keeper:
    """Keeps a training, and lets it go on.

    Parameters
    ----------
    files : Files or None
        Where; None in processes that are not the first one.
    net : DistillationNet
        Prepared.
    batches : Batches
        Of the training rows.
    best : BestWeights
        Of the same training.
    listeners : list of Callback, or of (str, Callback)
        The user's.
    renew : object
        Renews rows: with ``state()`` and ``restored(state)``; may be None.
    draws_globally : bool
        Whether torch's global generators are the training's own.

    Attributes
    ----------
    is_finished : bool
        Whether the training had ended before.
    """

    def __init__(self, files, net, batches, best, listeners, renew, draws_globally):
        self.files, self.net, self.batches, self.best = files, net, batches, best
        self.renew, self.draws_globally = renew, draws_globally
        # The user may have named them, by pairs.
        theirs = {id(c[1] if isinstance(c, tuple) else c) for c in listeners}
        self._listeners = Listeners([p for p in net.callbacks_ if id(p[1]) in theirs])
        self._clock = None if files is None else Clock(files.place.checkpoint)
        self._found = net.group.share(lambda: files.newest())
        self.is_finished = self._found is not None and self._found["finished"]
        if self._found is not None:
            net.history.extend(thawed(self._found["history"]))
            net._steps_done = self._found["steps_done"]

    def go_on(self):
        """Put everything where it was; after the callbacks have heard of the beginning."""
        state, net = self._found, self.net
        self._found = None
        if self._clock is not None:
            self._clock.reset(net.n_epochs_done)
        if state is None:
            return
        take_module_state(uncompiled(net.module_), state["module"])
        self._listeners.take(state["listeners"])
        self.batches.take_state(state["order"])
        if self.draws_globally:
            _take_generators(state["generators"], net.device)
        if state["renewed"] is not None:
            kept = thawed(state["renewed"])
            rows = net.group.share(lambda: self.renew.restored(kept))
            self.batches.swap(rows.to(net.device))
        if not self.is_finished:
            self._go_on_training(state)
        if self.files is not None:
            self._say(net)

    def _go_on_training(self, state):
        net = self.net
        take_module_state(net.criterion_, state["criterion"])
        net.optimizer_.load_state_dict(state["optimizer"])
        if net.schedule_ is not None:
            net.schedule_.load_state_dict(thawed(state["schedule"]))
        if net.averaged is not None:
            take_module_state(net.averaged.whole, state["averaged"])
        vars(self.best).update({name: state["best"][name] for name in OF_BEST})
        net.cut_short = state["cut_short"]

    def _say(self, net):
        place, within = self.files.place, ""
        if self.is_finished:
            place.run.say(f"training {place.number} had ended.")
            return
        if net.cut_short is not None:
            within = f", after {len(net.cut_short['losses'])} steps of the next"
        place.run.say(
            f"training {place.number} goes on after epoch {self.net.n_epochs_done} of "
            f"{net.max_epochs}{within}."
        )

    def epoch_ended(self):
        """Keep the training if it is time."""
        if self._clock.is_due(self.net.n_epochs_done):
            self.write()

    def step_ended(self, losses, sizes):
        """Keep the training within an epoch, if it is time.

        Parameters
        ----------
        losses : list of Tensor
            Of the batches of the epoch so far.
        sizes : list of int
            Their numbers of rows.
        """
        net = self.net
        is_whole = net._steps_done % net.accumulation_steps == 0
        # At the end of the epoch it would be a step too early.
        if is_whole and len(losses) < len(self.batches):
            if self._clock.is_due(self.net.n_epochs_done):
                done = {"losses": torch.stack(losses).cpu(), "sizes": sizes}
                self.write({**done, "order": self.batches.first})

    def write(self, cut_short=None):
        """Keep the training as it is now.

        Parameters
        ----------
        cut_short : dict, default=None
            Of an epoch that has not ended.
        """
        net = self.net
        state = {
            **self._state(),
            "finished": False,
            "criterion": module_state(net.criterion_),
            "optimizer": frozen(net.optimizer_.state_dict()),
            "best": {name: frozen(getattr(self.best, name)) for name in OF_BEST},
            "cut_short": cut_short,
        }
        if cut_short is not None:  # its order begins where the epoch did
            state["order"] = cut_short.pop("order")
        if net.schedule_ is not None:
            state["schedule"] = frozen(net.schedule_.state_dict())
        if net.averaged is not None:
            state["averaged"] = module_state(net.averaged.whole)
        # Steps count up, so that names do; nothing comes after "done" in an alphabet that
        # begins with "at".
        self.files.write(f"at-step-{net._steps_done:012d}", state)
        self._clock.reset(self.net.n_epochs_done)

    def finish(self):
        """Keep what the training came to, if it came to its end by itself."""
        if self.net.is_interrupted:
            self.files.place.run.is_interrupted = True
        elif not self.is_finished:
            self.files.write("done", {**self._state(), "finished": True})

    def _state(self):
        net = self.net
        history = [
            frozen(dict(epoch), f"history[{i}]") for i, epoch in enumerate(net.history)
        ]
        return {
            "module": module_state(uncompiled(net.module_)),
            "history": history,
            "steps_done": net._steps_done,
            "listeners": self._listeners.state(),
            "order": self.batches.state(),
            "generators": _generators(net.device) if self.draws_globally else None,
            "renewed": None if self.renew is None else frozen(self.renew.state()),
        }


class KeepsNothing:
    """For trainings that are not kept."""

    is_finished = False

    def go_on(self):
        """Nothing was kept."""

    def epoch_ended(self):
        """Nothing is kept."""

    def step_ended(self, losses, sizes):  # numpydoc ignore=PR01
        """Nothing is kept."""

    def finish(self):
        """Nothing is kept."""


def _generators(device):
    state = {"cpu": torch.get_rng_state()}
    if torch.device(device).type == "cuda":
        state["cuda"] = torch.cuda.get_rng_state(device)
    return state


def _take_generators(state, device):
    torch.set_rng_state(state["cpu"])
    if "cuda" in state:
        torch.cuda.set_rng_state(state["cuda"], device)
