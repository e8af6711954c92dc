"""The rows that a torch student is trained on; drawn ones may be renewed."""

import numpy as np

from ..lesson.knowledge import Knowledge
from ..training.inference import row_losses


class RenewedRows:
    """The view of the training rows and what they teach; drawn rows may be renewed.

    Parameters
    ----------
    learner : TorchLearner
        Makes tensors of them.
    renewal : Renewal or None
        Where fresh rows come from.
    x : ndarray of shape (n + m, n_inputs)
        The view, float32.
    knowledge : Knowledge
        What the same rows teach.
    """

    def __init__(self, learner, renewal, x, knowledge):
        self._learner = learner
        self._renewal = renewal
        self._now = x, knowledge  # one pair: Ctrl-C never parts them

    @property
    def x(self):
        """The view (n + m, n_inputs)."""  # numpydoc ignore=RT01
        return self._now[0]

    @property
    def knowledge(self):
        """What the rows teach."""  # numpydoc ignore=RT01
        return self._now[1]

    @property
    def refresh(self):
        """Epochs between renewals, or None."""  # numpydoc ignore=RT01
        return None if self._renewal is None else self._renewal.every

    def tensors(self, objective, module):
        """The rows as a training takes them.

        Parameters
        ----------
        objective : Objective
            The loss that they are for.
        module : torch.nn.Module
            What is trained.

        Returns
        -------
        Rows
            Tensors.
        """
        return self._learner.tensors(self.x, self.knowledge, objective, module)

    def renewed(self, objective, module):
        """Rows of which the drawn ones are fresh.

        Parameters
        ----------
        objective : Objective
            The loss.
        module : torch.nn.Module
            The student so far.

        Returns
        -------
        Rows or None
            As many as before; None if the time to label fresh ones is over.
        """
        renewal, batch = self._renewal, self._renewal.draw()
        if batch is None:
            return None
        fresh, answers = batch
        view = self._learner.see(fresh.X)
        index = np.arange(min(len(renewal), len(fresh)))
        if renewal.chooses and len(fresh) > len(renewal):
            scores = self._scored(view, renewal.weighed(*batch), objective, module)
            index = renewal.chosen(*scores)
        if len(index) < len(fresh):
            fresh, answers, view = fresh.take(index), answers[index], view[index]
        knowledge = self._of_trained(renewal.keep(fresh, answers))
        start = len(self.x) - len(renewal)  # drawn rows are the last ones
        x = np.concatenate([self.x[:start], view, self.x[start + len(view) :]])
        self._now = x, knowledge
        return self._learner.tensors(x, knowledge, objective, module)

    def _of_trained(self, knowledge):
        """The part of the knowledge that the trained rows have: none is held out."""
        knowledge = knowledge.used(self._learner.params.alpha)
        kept = self._renewal.kept
        return knowledge if kept is None else knowledge.take(kept)

    def _scored(self, view, knowledge, objective, module):
        """Weight and loss of each candidate."""
        k, knowledge = len(view), self._of_trained(knowledge)
        weight = knowledge.soft_weight[-k:]
        alone = Knowledge(knowledge.soft[-k:], None, weight, weight[:0])
        rows = self._learner.tensors(view, alone, objective, module)
        loss = row_losses(module, rows, objective)
        # Losses are sampling weights here; rounding alone may put one below 0.
        if not (np.isfinite(loss).all() and loss.min() > -1e-4):
            params = self._learner.params
            raise ValueError(
                f"n_candidates={params.transfer.n_candidates} prefers rows "
                f"of large loss, and loss={params.loss!r} is "
                f"{loss.min()} for some: take one that is 0 at least, or n_candidates=1."
            )
        return weight, np.maximum(loss, 0.0)
