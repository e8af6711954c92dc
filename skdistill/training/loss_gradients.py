"""Losses of a batch and their gradients by the outputs, for students side by side.

For the usual losses the gradient is written out (the difference of two distributions, or
of two values): no graph has to be built and walked. It is what torch's autograd gives, but
for rounding. All others are left to autograd.
"""

from functools import partial

import torch
from torch.nn import functional as F

from .. import losses


class LossFailed(Exception):
    """A user's loss raised an error, the cause of this one."""


class LossGradients:
    """The objectives of several students.

    Parameters
    ----------
    objectives : list of Objective
        Objectives of one ``gradient_kind``.
    like : Tensor
        A tensor of the dtype and on the device of the outputs.

    Examples
    --------
    >>> import torch
    >>> from skdistill import losses
    >>> from skdistill.training.loss_gradients import LossGradients
    >>> from skdistill.training.objective import Loss, Objective
    >>> mse = Loss("regressor", losses.mse)
    >>> of = LossGradients([Objective(mse, mse)], like=torch.zeros(1))
    >>> of(torch.ones(1, 2, 1), (torch.zeros(1, 2, 1), None, None, None, None))
    (tensor([1.]), tensor([[[1.],
             [1.]]]))
    """

    def __init__(self, objectives, like):
        self.objectives = objectives
        self._kind = gradient_kind(objectives[0])

        def column(values):
            return like.new_tensor(list(values))[:, None, None]

        self._alpha = column(each.alpha for each in objectives)
        if self._kind == "kl":
            self._temperature = column(each.temperature for each in objectives)
            hard = [each.hard.compare.keywords for each in objectives]
            self._smoothing = column(each.get("label_smoothing", 0.0) for each in hard)

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
        """Losses and gradients of a batch.

        Parameters
        ----------
        output : Tensor of shape (n_students, n, ...)
            Their outputs, without a graph.
        targets : sequence of (Tensor or None)
            As an objective takes them, with one axis more, the first: of all students, or
            of length 1 where theirs are alike.

        Returns
        -------
        (Tensor of shape (n_students,), Tensor of the output's shape or None)
            The losses, and the gradient of their sum; under ``torch.no_grad`` None where
            it is left to autograd.

        Raises
        ------
        LossFailed
            If a loss raises an error.
        """
        if self._kind is None or output.dim() > 3:  # members have an axis more
            return self._by_autograd(output, targets)
        soft, soft_weight, hard, hard_weight, _ = targets
        if soft is not None:
            result = self._soft(output, soft, _shares(soft_weight, output))
        if hard is not None:
            labelled = output[:, : hard.shape[1]]
            loss, gradient = self._hard(labelled, hard, _shares(hard_weight, labelled))
            # Transfer rows, which come last, have no label and no gradient by it.
            others = output.shape[1] - hard.shape[1]
            of_hard = loss, F.pad(gradient, (0, 0, 0, others)) if others else gradient
            result = of_hard if soft is None else self._mixed(result, of_hard)
        return result

    def _by_autograd(self, output, targets):
        is_wanted = torch.is_grad_enabled()
        output = output.detach().requires_grad_(is_wanted)
        each = torch.stack(
            [self._one(i, outputs, targets) for i, outputs in enumerate(output)]
        )
        gradient = torch.autograd.grad(each.sum(), output)[0] if is_wanted else None
        return each.detach(), gradient

    def _one(self, i, output, targets):
        parts = [t if t is None else t[i if len(t) > 1 else 0] for t in targets]
        try:
            return self.objectives[i](output, tuple(parts))
        except Exception as error:  # of a user's loss, whatever it is
            raise LossFailed from error

    def _mixed(self, soft, hard):
        alpha = self._alpha
        loss = alpha[:, 0, 0] * soft[0] + (1 - alpha[:, 0, 0]) * hard[0]
        return loss, alpha * soft[1] + (1 - alpha) * hard[1]

    def _soft(self, output, soft, shares):
        if self._kind == "mse":
            return _mse(output, soft, shares)
        temperature = self._temperature
        # d/dz T^2 KL(p || q) = T (q - p), with q the softmax of z / T: Hinton, Vinyals and
        # Dean, 2015, equation 2.
        log_q = (output / temperature).log_softmax(dim=2)
        shares = shares * temperature
        parts = F.kl_div(log_q, soft, reduction="none") * shares
        loss = parts.sum(dim=(1, 2)) * temperature[:, 0, 0]
        return loss, log_q.exp_().sub_(soft).mul_(shares)

    def _hard(self, output, hard, shares):
        if self._kind == "mse":
            return _mse(output, hard, shares)
        smoothing = self._smoothing
        log_q = output.log_softmax(dim=2)
        codes = hard.reshape(len(hard), -1, 1).expand(len(output), -1, 1)
        # Smoothed labels (Szegedy et al., 2016): a share of smoothing over all classes.
        target = (smoothing / output.shape[2]).expand(log_q.shape)
        target = target.scatter_add(2, codes, (1 - smoothing).expand(codes.shape))
        loss = -(target * log_q * shares).sum(dim=(1, 2))
        return loss, log_q.exp_().sub_(target).mul_(shares)


def gradient_kind(objective):
    """Which gradient is written out for an objective.

    Parameters
    ----------
    objective : Objective
        The objective of one target.

    Returns
    -------
    str or None
        None where it is left to autograd.
    """
    soft, hard = objective.soft, objective.hard.compare
    if objective.share is not None:  # leaves by themselves
        return None
    if soft.compare is losses.mse and hard is losses.mse:
        return "mse"
    is_entropy = isinstance(hard, partial) and hard.func is losses.cross_entropy
    is_kl = soft.compare is losses.kl_of_probabilities
    has_distributions = soft.prepare is losses.softened
    return "kl" if is_entropy and is_kl and has_distributions else None


def _shares(weight, output):
    """The share of each row in the mean."""
    n = output.shape[1]
    return 1.0 / n if weight is None else weight[:, :, None] / n


def _mse(output, target, shares):
    difference, n_outputs = output - target, output.shape[2]
    shares = shares / n_outputs
    loss = (difference.square() * shares).sum(dim=(1, 2))
    return loss, difference.mul_(2 * shares)
