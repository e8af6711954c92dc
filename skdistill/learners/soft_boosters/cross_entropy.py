"""Cross entropy with soft targets, as the loss that a booster's trees are grown on.

A booster asks a loss for its first and second derivative by each score. With scores z, the
answers q = softmax(z / T) and targets p, softened alike, T^2 times the cross entropy has
the derivatives T (q - p) and q (1 - q): the diagonal of its Hessian.
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import expit, log_expit, log_softmax, softmax

from ...teacher.calibration import tempered

# XGBoost's own least curvature, for rows on which a booster is certain.
_LEAST_CURVATURE = 1e-16


@dataclass(frozen=True)
class Part:
    """One summand of the loss of each row.

    Attributes
    ----------
    target : ndarray of shape (n, n_classes)
        Distributions over the classes, softened at the temperature.
    share : float or ndarray of shape (n, 1)
        The part of each row's weight that it has.
    temperature : float
        What scores are divided by.
    """

    target: np.ndarray
    share: float | np.ndarray = 1.0
    temperature: float = 1.0


@dataclass(frozen=True)
class ClassTargets:
    """What the rows teach about the classes of one target.

    Attributes
    ----------
    parts : list of Part
        One, or the teacher's answers at a temperature beside the labels.
    weight : ndarray of shape (n,)
        Weights of the rows.
    prior : ndarray of shape (n_classes,)
        Mean target at temperature 1: what a model without trees should say.
    """

    parts: list
    weight: np.ndarray
    prior: np.ndarray

    @classmethod
    def of(cls, task, used, alpha, temperature):
        """Read them from what there is to learn.

        Parameters
        ----------
        task : Classes
            Of a single target.
        used : Knowledge
            The targets that have weight.
        alpha : float
            Weight of the soft ones where there are both.
        temperature : float
            Of the soft ones.

        Returns
        -------
        ClassTargets
            Of all rows.
        """
        target, weight = task.joint(used, alpha)
        prior = np.average(target, axis=0, weights=weight)
        if temperature == 1 or used.soft is None:
            # The cross entropy with both is that with their mean, up to a constant.
            return cls([Part(target)], weight, prior)
        soft = np.exp(tempered(used.soft, temperature, task.widths))
        if used.hard is None:
            return cls([Part(soft, 1.0, temperature)], weight, prior)
        of_soft, of_hard = used.shares(alpha)
        total = np.where(of_soft + of_hard > 0, of_soft + of_hard, 1.0)
        hard = np.zeros_like(soft)
        hard[: used.n_labelled] = task.numbers_of_labels(used.hard)
        parts = [
            Part(soft, (of_soft / total)[:, None], temperature),
            Part(hard, (of_hard / total)[:, None]),
        ]
        return cls(parts, weight, prior)

    def take(self, rows):
        """The same of some rows.

        Parameters
        ----------
        rows : ndarray of int
            Their positions.

        Returns
        -------
        ClassTargets
            With the prior of all.
        """
        parts = [
            replace(
                part,
                target=part.target[rows],
                share=part.share if np.ndim(part.share) == 0 else part.share[rows],
            )
            for part in self.parts
        ]
        return replace(self, parts=parts, weight=self.weight[rows])


class SoftCrossEntropy:
    """The loss as boosters take one: a function that returns derivatives by the scores.

    Parameters
    ----------
    parts : list of Part
        Targets of the rows that it will be asked about, in their order.
    factor : float, default=1.0
        What ``q (1 - q)`` is multiplied by for three classes or more. The diagonal alone
        would be too small a curvature there: a step for one class moves the others too.

    Examples
    --------
    >>> import numpy as np
    >>> from skdistill.learners.soft_boosters.cross_entropy import Part, SoftCrossEntropy
    >>> loss = SoftCrossEntropy([Part(np.array([[0.75, 0.25]]))])
    >>> gradient, curvature = loss(None, np.array([0.0]))
    >>> gradient, curvature
    (array([0.25]), array([0.25]))
    """

    def __init__(self, parts, factor=1.0):
        self.parts, self.factor = parts, factor

    def __call__(self, y_true, scores, sample_weight=None):
        """First and second derivatives of each row's loss.

        Parameters
        ----------
        y_true : object
            Labels: not looked at.
        scores : ndarray of shape (n,) or (n, n_classes)
            Of two classes the log odds of the second.
        sample_weight : ndarray of shape (n,), default=None
            Weights of the rows.

        Returns
        -------
        gradient, curvature : ndarray of the shape of `scores`
            By each score.
        """
        if len(scores) != len(self.parts[0].target):
            raise ValueError(
                f"student is trained on {len(scores)} rows, and there are targets for "
                f"{len(self.parts[0].target)}: no step of it may leave out or add rows."
            )
        gradient, curvature = np.zeros(scores.shape), np.zeros(scores.shape)
        for part in self.parts:
            q, p, share = self._compared(part, scores)
            gradient += share * part.temperature * (q - p)
            curvature += share * q * (1 - q)
        if scores.ndim > 1:
            curvature *= self.factor
        curvature = np.maximum(curvature, _LEAST_CURVATURE)
        if sample_weight is None:
            return gradient, curvature
        weight = sample_weight if scores.ndim == 1 else sample_weight[:, None]
        return gradient * weight, curvature * weight

    @staticmethod
    def _compared(part, scores):
        """Answers, targets and shares, in the shape of the scores."""
        z = scores / part.temperature
        if scores.ndim > 1:
            return softmax(z, axis=1), part.target, part.share
        return expit(z), part.target[:, 1], np.ravel(part.share)


def log_probabilities(scores):
    """Logarithms of what scores stand for.

    Parameters
    ----------
    scores : ndarray of shape (n,) or (n, n_classes)
        Of two classes the log odds of the second.

    Returns
    -------
    ndarray of shape (n, n_classes)
        Normalised.
    """
    if scores.ndim > 1:
        return log_softmax(scores.astype(float), axis=1)
    scores = scores.astype(float)
    return np.column_stack([log_expit(-scores), log_expit(scores)])
