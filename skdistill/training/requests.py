"""A training that a fit asks for."""

from dataclasses import dataclass
from typing import Any

from .group import ONE_PROCESS
from .leading import leading
from .loop import train
from .state_files import Files, identity_of


@dataclass(frozen=True)
class Request:
    """A training that a fit asks for.

    Attributes
    ----------
    module : torch.nn.Module
        Initialised; it is changed.
    rows : Rows
        To learn from.
    valid : Rows or None
        To watch.
    objective : Objective
        The loss.
    options : dict
        The other arguments of :func:`~skdistill.training.loop.train`.
    draws_globally : bool
        Whether the module may draw from torch's global generators, which the fit has
        seeded for this training alone.
    place : Place or None
        Where it is kept, and goes on from.
    """

    module: Any
    rows: Any
    valid: Any
    objective: Any
    options: dict
    draws_globally: bool = False
    place: Any = None

    def alone(self):
        """Train the module by itself, and not as one of several in one program.

        Returns
        -------
        DistillationNet
            The trained net.
        """
        group = leading()
        return self.by(ONE_PROCESS) if group is None else group.train(self)

    def by(self, group):
        """Train the module, in this process or in each of several.

        Parameters
        ----------
        group : OneProcess or ProcessGroup
            Who trains.

        Returns
        -------
        DistillationNet
            The trained net.
        """
        parts = self.module, self.rows, self.valid, self.objective
        kept = {"files": self.files(group), "draws_globally": self.draws_globally}
        return train(*parts, **self.options, **kept, group=group)

    def files(self, group=ONE_PROCESS):
        """What is kept of it.

        Parameters
        ----------
        group : OneProcess or ProcessGroup, default=ONE_PROCESS
            Who trains.

        Returns
        -------
        Files or None
            None if nothing is.
        """
        if self.place is None:
            return None
        identity = self.identity()
        if group.size > 1:  # whose batches are so many times as large
            identity["number of processes"] = str(group.size)
        return Files(self.place, identity)

    def identity(self):
        """What must be the same when it goes on.

        Returns
        -------
        dict of {str: str}
            A key, or words, for each.
        """
        return identity_of(self.module, self.rows, self.valid, self.options)
