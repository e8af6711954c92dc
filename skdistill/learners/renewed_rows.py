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

    def renewer(self, objective, module):
        """What renews the rows in the course of a training.

        Parameters
        ----------
        objective : Objective
            The loss.
        module : torch.nn.Module
            Like the student.

        Returns
        -------
        Renewer
            Its state can be kept.
        """
        return Renewer(self, objective, module)

    def state(self):
        """What fresh rows have become, and where the next come from.

        Returns
        -------
        dict or None
            None before the first renewal.
        """
        renewal = self._renewal
        source = None if renewal is None else renewal.drawn.source
        if source is None or source.n_draws < 2:
            return None
        return {
            "n_draws": source.n_draws,
            "seconds": source.seconds,
            "parents": renewal.drawn.parents,
            "answers": renewal.answers,
            "x": self.x[len(self.x) - len(renewal) :],
        }

    def restored(self, state, objective, module):
        """The rows that there were then.

        Parameters
        ----------
        state : dict
            From ``state``.
        objective : Objective
            The loss.
        module : torch.nn.Module
            The student.

        Returns
        -------
        Rows
            As many as before.
        """
        renewal = self._renewal
        source = renewal.drawn.source
        source.n_draws, source.seconds = state["n_draws"], state["seconds"]
        knowledge = self._of_trained(
            renewal.restore(state["parents"], state["answers"])
        )
        x = np.concatenate([self.x[: len(self.x) - len(renewal)], state["x"]])
        self._now = x, knowledge
        return self.tensors(objective, module)

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
        return self.tensors(objective, module)

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


class Renewer:
    """Renews the rows of one training.

    Parameters
    ----------
    rows : RenewedRows
        Of the training.
    objective : Objective
        Its loss.
    like : torch.nn.Module
        Of the dtype that tensors are to have.
    """

    def __init__(self, rows, objective, like):
        self._rows, self._objective, self._like = rows, objective, like

    def __call__(self, module):
        """Fresh rows.

        Parameters
        ----------
        module : torch.nn.Module
            The student so far.

        Returns
        -------
        Rows or None
            As many as before; None if the time to label fresh ones is over.
        """
        return self._rows.renewed(self._objective, module)

    def state(self):
        """What fresh rows have become.

        Returns
        -------
        dict or None
            None before the first renewal.
        """
        return self._rows.state()

    def restored(self, state):
        """The rows that there were then.

        Parameters
        ----------
        state : dict
            From ``state``.

        Returns
        -------
        Rows
            As many as before.
        """
        return self._rows.restored(state, self._objective, self._like)
