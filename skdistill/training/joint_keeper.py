"""A joint training that is kept, and goes on after it was cut short."""

from dataclasses import replace

import torch

from .keeper import OF_BEST, Clock
from .keeping import frozen, module_state, take_module_state, thawed
from .state_files import Files


def joint_files(requests):
    """Where a joint training is kept: beside the first of its members.

    Parameters
    ----------
    requests : list of Request
        The trainings that are one.

    Returns
    -------
    Files or None
        None if nothing is kept.
    """
    place = requests[0].place
    if place is None:
        return None
    identity = {}
    for request in requests:
        run = request.place.run.folder
        # The last two parts of the path: candidate and fold, and the fit.
        name = "/".join([*run.parts[-2:], str(request.place.number)])
        identity |= {f"{part} of {name}": k for part, k in request.identity().items()}
    folder = place.folder.with_name(place.folder.name.replace("training", "joint"))
    return Files(replace(place, folder=folder), identity)


class KeepsNothing:
    """For joint trainings that are not kept."""

    n_epochs = 0

    def epoch_ended(self, n_epochs):  # numpydoc ignore=PR01
        """Nothing is kept."""

    def finish(self):
        """Nothing is kept."""


class JointKeeper:
    """Keeps a joint training, and lets it go on.

    Parameters
    ----------
    files : Files
        Where.
    joint : object
        The training: its stack, nets, batches and what watches them.
    optimizer : torch.optim.Optimizer
        Of the stacked weights.
    schedule : LRScheduler or None
        Of its learning rates.

    Attributes
    ----------
    n_epochs : int
        Number of epochs that were done before.
    """

    def __init__(self, files, joint, optimizer, schedule):
        self.files, self.joint = files, joint
        self.optimizer, self.schedule = optimizer, schedule
        self.n_epochs, self._is_finished = 0, False
        state = files.newest()
        if state is not None:
            self._take(state)
        self._clock = Clock(files.place.checkpoint)
        self._clock.reset(self.n_epochs)

    @torch.no_grad()
    def _take(self, state):
        joint = self.joint
        self.n_epochs, self._is_finished = state["n_epochs"], state["finished"]
        for name, tensor in joint.stack.tensors().items():
            tensor.copy_(state["stack"][name])
        if not self._is_finished:
            self.optimizer.load_state_dict(state["optimizer"])
            if self.schedule is not None:
                self.schedule.load_state_dict(thawed(state["schedule"]))
        for i, kept in enumerate(state["nets"]):
            self._take_net(i, kept)

    def _take_net(self, i, kept):
        joint = self.joint
        joint.nets[i].history.extend(thawed(kept["history"]))
        joint.batches[i].take_state(kept["order"])
        vars(joint.best[i]).update(kept["best"])
        joint.is_over[i] = kept["module"] is not None
        if joint.is_over[i]:
            take_module_state(joint.requests[i].module, kept["module"])
        if kept["error"] is not None:
            joint.errors[i] = ValueError(kept["error"])

    def epoch_ended(self, n_epochs):
        """Keep the training if it is time.

        Parameters
        ----------
        n_epochs : int
            Number of epochs that are done.
        """
        self.n_epochs = n_epochs
        if self._clock.is_due(n_epochs):
            state = {"optimizer": frozen(self.optimizer.state_dict())}
            if self.schedule is not None:
                state["schedule"] = frozen(self.schedule.state_dict())
            self.files.write(f"at-epoch-{n_epochs:012d}", self._state() | state)
            self._clock.reset(n_epochs)

    def finish(self):
        """Keep what the training came to."""
        if not self._is_finished:
            self.files.write("done", {**self._state(), "finished": True})

    def _state(self):
        joint = self.joint
        return {
            "finished": False,
            "n_epochs": self.n_epochs,
            "stack": frozen(joint.stack.tensors()),
            "nets": [self._net_state(i) for i in range(len(joint.nets))],
        }

    def _net_state(self, i):
        joint = self.joint
        # A net that is over has its weights back; the stack goes on to move its own.
        module = module_state(joint.requests[i].module) if joint.is_over[i] else None
        error, best = joint.errors[i], vars(joint.best[i])
        return {
            "history": frozen([dict(epoch) for epoch in joint.nets[i].history]),
            "order": joint.batches[i].state(),
            "best": {name: frozen(best[name]) for name in OF_BEST},
            "module": module,
            "error": None if error is None else str(error),
        }
