"""Losses of a batch for students that are trained side by side."""

from functools import partial

import torch

from .. import losses


class LossFailed(Exception):
    """A user's loss raised an error, the cause of this one."""


class JointLosses:
    """The objectives of several students.

    Where each row's loss is its own, the rows of all students are one batch for one call
    of the loss; other losses are called student by student.

    Parameters
    ----------
    objectives : list of Objective
        Objectives of one ``objective_kind``.
    like : Tensor
        A tensor of the dtype and on the device of the outputs.

    Examples
    --------
    >>> import torch
    >>> from skdistill import losses
    >>> from skdistill.training.joint_losses import JointLosses
    >>> from skdistill.training.objective import Loss, Objective
    >>> mse = Loss("regressor", losses.mse)
    >>> of_both = JointLosses([Objective(mse, mse)] * 2, like=torch.zeros(1))
    >>> output = torch.tensor([[[1.0], [1.0]], [[2.0], [2.0]]])
    >>> of_both(output, (torch.zeros(1, 2, 1), None, None, None, None))
    tensor([1., 4.])
    """

    def __init__(self, objectives, like):
        self.objectives = objectives
        self._has_own_rows = objective_kind(objectives[0]) is not None
        self._alpha = like.new_tensor([each.alpha for each in objectives])
        temperatures = [each.temperature for each in objectives]
        self._temperature = like.new_tensor(temperatures)[:, None, None]
        smoothing = [
            _options(each.hard).get("label_smoothing", 0) for each in objectives
        ]
        self._smoothing = like.new_tensor(smoothing) if any(smoothing) else None

    def training_progress(self, done):
        """Go on with what changes in the course of the training.

        Parameters
        ----------
        done : float
            Share of the training that is done, in [0, 1].
        """
        for objective in self.objectives:
            if objective.share is not None:
                objective.share.training_progress(done)

    def __call__(self, output, targets):
        """Losses of a batch.

        Parameters
        ----------
        output : Tensor of shape (n_students, n, ...)
            Their outputs.
        targets : sequence of (Tensor or None)
            As an objective takes them, with one axis more, the first: of all students, or
            of length 1 where theirs are alike.

        Returns
        -------
        Tensor of shape (n_students,)
            The loss of each.

        Raises
        ------
        LossFailed
            If a loss raises an error.
        """
        if not self._has_own_rows or output.dim() > 3:  # members have an axis more
            each = [self._one(i, own, targets) for i, own in enumerate(output)]
            return torch.stack(each)
        soft, soft_weight, hard, hard_weight, _ = targets
        if hard is not None:  # transfer rows, which come last, have no label
            labelled = output[:, : hard.shape[1]]
            of_labels = self._of_labels(labelled, hard, hard_weight)
        if soft is None:
            return of_labels
        of_teacher = self._of_teacher(output, soft, soft_weight)
        if hard is None:
            return of_teacher
        return self._alpha * of_teacher + (1 - self._alpha) * of_labels

    def _of_teacher(self, output, soft, weight):
        loss = self.objectives[0].soft.compare
        if loss is losses.mse:
            return _means(loss, output, soft, weight)
        # At temperature T the loss is T^2 times that of the logits over T at 1.
        temperature = self._temperature
        means = _means(loss, output / temperature, soft, weight)
        return means * temperature[:, 0, 0] ** 2

    def _of_labels(self, output, hard, weight):
        loss = _function(self.objectives[0].hard)
        means = _means(loss, output, hard, weight)
        if self._smoothing is None:
            return means
        # The loss is linear in the smoothing, which may differ from student to student.
        even = _means(partial(loss, label_smoothing=1.0), output, hard, weight)
        return means + self._smoothing * (even - means)

    def _one(self, i, output, targets):
        parts = [t if t is None else t[i if len(t) > 1 else 0] for t in targets]
        try:
            return self.objectives[i](output, tuple(parts))
        except Exception as error:  # of a user's loss, whatever it is
            raise LossFailed from error


def objective_kind(objective):
    """What objectives must have in common to be computed in one call.

    Parameters
    ----------
    objective : Objective
        The objective of one target.

    Returns
    -------
    str or None
        None where the loss of each student is called by itself.
    """
    if objective.share is not None:  # leaves by themselves
        return None
    pair = objective.soft.compare, _function(objective.hard)
    return _NAMES.get(pair)


def _function(loss):
    """The function that a loss calls, without its options."""
    return loss.compare.func if isinstance(loss.compare, partial) else loss.compare


def _options(loss):
    return loss.compare.keywords if isinstance(loss.compare, partial) else {}


def _means(loss, output, target, weight):
    """The weighted mean of each student's row losses."""
    target = target.expand(len(output), *target.shape[1:])
    rows = loss(output.flatten(0, 1), target.flatten(0, 1))
    rows = rows.unflatten(0, output.shape[:2])
    return (rows if weight is None else rows * weight).mean(dim=1)


#: Losses whose rows do not know of each other: of the teacher, and of the labels.
_NAMES = {
    (losses.mse, losses.mse): "mse",
    (losses.kl_of_probabilities, losses.cross_entropy): "kl",
}
