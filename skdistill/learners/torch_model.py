"""Trained torch modules as models of a task."""

from abc import abstractmethod

import numpy as np
import torch

from ..export.predictor import log_softmax
from ..training.inference import in_chunks
from .base import Model
from .live import live_form

# Up to so many rows numpy answers sooner than torch, whose calls cost most of it.
_FEW_ROWS = 16


class TorchModel(Model):
    """A trained module.

    Parameters
    ----------
    module : torch.nn.Module
        Trained.
    task : Task
        What its outputs mean.

    Attributes
    ----------
    net : DistillationNet or None
        What trained it, just after the training.
    temperature : float or None
        The temperature at which it was trained.
    """

    net = temperature = None

    def __init__(self, module, task):
        self.module, self.task = module, task

    @abstractmethod
    def infer(self, batch):
        """Outputs of the module for a batch, at temperature 1.

        Parameters
        ----------
        batch : Tensor of shape (n, n_inputs)
            Rows of the view.

        Returns
        -------
        Tensor of shape (n, n_outputs)
            Logits, or values.
        """

    def outputs(self, x):
        """Log-probabilities, or values in the unit of the task."""
        is_class = self.task.kind == "classifier"
        few = self._few_outputs(x)
        if is_class:
            if few is None:
                return self._in_chunks(x, self.log_softmax)
            return self._log_softmax_of_few(few)
        values = self._in_chunks(x, None) if few is None else few
        # As the loss has sorted them, so that quantiles never cross.
        return values if self.task.quantiles is None else np.sort(values, axis=1)

    @abstractmethod
    def options(self):
        """What else than the weights changes the outputs.

        Returns
        -------
        list
            Comparable.
        """

    def _few_outputs(self, x):
        """Outputs for a few rows, without torch, whose calls would take longer.

        None where the module has no form in numpy, or where rows are many.
        """
        form = live_form(self) if len(x) <= _FEW_ROWS else None
        return None if form is None else form(x)

    def _log_softmax_of_few(self, logits):
        if len(self.task.classes) == 1:
            return log_softmax(logits)
        parts = map(log_softmax, self.task.by_target(logits))
        return np.concatenate(list(parts), axis=1)

    def logits(self, x):
        """Logits at temperature 1."""
        return self._in_chunks(x, None)

    def _in_chunks(self, x, then):
        def answer(batch):
            output = self.infer(batch)
            return output if then is None else then(output)

        return in_chunks(answer, self.module, x)

    def log_softmax(self, logits):
        """Log-probabilities of logits, target by target.

        Parameters
        ----------
        logits : Tensor of shape (n, n_outputs)
            Logits of all targets.

        Returns
        -------
        Tensor of shape (n, n_outputs)
            Nats.
        """
        parts = logits.split(self.task.widths, dim=1)
        return torch.cat([torch.log_softmax(part, dim=1) for part in parts], dim=1)
