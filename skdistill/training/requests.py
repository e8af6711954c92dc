"""A training that a fit asks for."""

from dataclasses import dataclass
from typing import Any

from .loop import train


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
    """

    module: Any
    rows: Any
    valid: Any
    objective: Any
    options: dict
    draws_globally: bool = False

    def alone(self):
        """Train the module by itself.

        Returns
        -------
        DistillationNet
            The trained net.
        """
        return train(self.module, self.rows, self.valid, self.objective, **self.options)
