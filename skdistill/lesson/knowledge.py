"""What a student is to learn: teacher outputs, hard labels and weights, row by row."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

_LEFT_OUT = -2  # a parent that is not among the rows; -1 for no parent


@dataclass(frozen=True)
class Knowledge:
    """Targets and weights: the rows of X first, the transfer rows after them.

    Attributes
    ----------
    soft : ndarray of shape (n + m, n_outputs) or None
        The teacher's log-probabilities at T=1, target after target, or a regressor's
        predictions.
    hard : ndarray of shape (n, n_targets) or None
        Positions of the labels among the classes, or target values.
    soft_weight : ndarray of shape (n + m,)
        Weights of the rows in the soft loss, not normalised.
    hard_weight : ndarray of shape (n,)
        Weights of the rows in the hard loss, not normalised.
    parents : ndarray of shape (m, n_parents) or None
        The rows of X that each transfer row was made from; -1 for none, -2 for one that
        was left out.
    transfer_weight : float or None
        Total of the transfer rows' soft weights against that of the others, if set.
    entropy : dict or None
        Mean entropy of the teacher's answers on the rows of X and on transfer rows, nats.
    labels : ndarray of shape (n, n_targets) or None
        As `hard`, for a soft loss that asks for them.
    answers : ndarray of shape (n + m, n_outputs) or None
        What the teacher answered about all rows, before calibration and before they were
        weighed by class.
    unseen : bool
        Whether the soft targets of the rows of X are of clones that did not see them.
    teacher_temperature : float
        By what the teacher's log-probabilities were divided: 1 if it was not calibrated.
    """

    soft: Any
    hard: Any
    soft_weight: np.ndarray
    hard_weight: np.ndarray
    parents: Any = None
    transfer_weight: float | None = None
    entropy: Any = None
    labels: Any = None
    answers: Any = None
    unseen: bool = False
    teacher_temperature: float = 1.0

    @property
    def n_labelled(self):
        """Number of rows of X; what follows are transfer rows."""  # numpydoc ignore=RT01
        return len(self.hard_weight)

    def take(self, index):
        """The knowledge about some of the rows of X, and about the transfer rows.

        Transfer rows that were made from a row that is left out have no weight.

        Parameters
        ----------
        index : ndarray of int
            Rows of X, in ascending order.

        Returns
        -------
        Knowledge
            On those rows.
        """
        n, total = self.n_labelled, len(self.soft_weight)
        kept = np.concatenate([index, np.arange(n, total)]).astype(int)
        weight = self.soft_weight[kept]
        parents = self.parents
        if parents is not None:
            position = np.full(n + 2, _LEFT_OUT)  # the last two for those marks
            position[index], position[-1] = np.arange(len(index)), -1
            parents = position[parents]
        if parents is not None and self.soft is not None:
            weight[len(index) :][(parents == _LEFT_OUT).any(axis=1)] = 0.0
        return replace(
            self,
            parents=parents,
            soft=None if self.soft is None else self.soft[kept],
            hard=None if self.hard is None else self.hard[index],
            soft_weight=weight,
            hard_weight=self.hard_weight[index],
            labels=None if self.labels is None else self.labels[index],
        ).balanced()

    def balanced(self):
        """The same with the transfer rows at the total weight that was set for them.

        Returns
        -------
        Knowledge
            The same if none was set.
        """
        n = self.n_labelled
        labelled, transfer = self.soft_weight[:n].sum(), self.soft_weight[n:].sum()
        # Where one side has no weight there is no ratio to be set.
        if self.transfer_weight is None or not labelled or not transfer:
            return self
        weight = self.soft_weight.copy()
        weight[n:] *= self.transfer_weight * labelled / transfer
        return replace(self, soft_weight=weight)

    def used(self, alpha):
        """The same without the targets that have no weight in the loss.

        Parameters
        ----------
        alpha : float
            Weight of the soft targets; where there are none, labels have all of it.

        Returns
        -------
        Knowledge
            ``hard`` is None where only soft targets count, and the other way round;
            ``labels`` are there for what soft targets may want with them.
        """
        if self.soft is None or alpha == 0:
            n = self.n_labelled
            return replace(self, soft=None, soft_weight=self.soft_weight[:n])
        hard = None if alpha == 1 else self.hard
        # A loss may ask for labels that do not count themselves, as "dkd" does.
        return replace(self, hard=hard, labels=self.hard)

    def shares(self, alpha):
        """What each row's soft and hard target weigh in the loss, where there are both.

        Parameters
        ----------
        alpha : float
            Weight of the soft targets.

        Returns
        -------
        soft, hard : ndarray of shape (n + m,)
            Their sums are ``alpha`` and the rest; transfer rows have no hard target.
        """
        # Each part over its own total, as in the loss of nets.
        soft = alpha * self.soft_weight / self.soft_weight.sum()
        hard = np.zeros(len(soft))
        hard_weight = self.hard_weight / self.hard_weight.sum()
        hard[: self.n_labelled] = (1 - alpha) * hard_weight
        return soft, hard

    def class_shares(self, alpha, n_classes):
        """Mean of the targets of one target's classes, as they count in the loss.

        Parameters
        ----------
        alpha : float
            Weight of the soft targets.
        n_classes : int
            How many classes there are.

        Returns
        -------
        ndarray of shape (n_classes,)
            The prior of a student that fits them; its sum is 1.
        """
        used = self.used(alpha)
        if used.hard is not None:
            counts = np.bincount(used.hard[:, 0], used.hard_weight, n_classes)
            hard = counts / counts.sum()
        if used.soft is None:
            return hard
        soft = np.average(np.exp(used.soft), axis=0, weights=used.soft_weight)
        return soft if used.hard is None else alpha * soft + (1 - alpha) * hard

    def with_probabilities(self):
        """The same with probabilities as soft targets, for students without logarithms.

        Returns
        -------
        Knowledge
            Targets of the same rows.
        """
        return replace(self, soft=np.exp(self.soft))

    def exam(self, index):
        """Targets of rows of X that are held out of training.

        The teacher has seen these rows, or may have; so only fidelity to it counts, and
        labels only where there are no soft targets.

        Parameters
        ----------
        index : ndarray of int
            Rows of X, in ascending order.

        Returns
        -------
        Knowledge
            On those rows alone.
        """
        held = Knowledge(
            soft=None if self.soft is None else self.soft[index],
            hard=None if self.soft is not None else self.hard[index],
            soft_weight=self.soft_weight[index],
            hard_weight=self.hard_weight[index],
        )
        if held.soft is not None and not held.soft_weight.any():
            raise ValueError(
                "early_stopping=True watches fidelity to the teacher on held out rows "
                "of X, and only transfer rows have soft targets: give teacher_output "
                "too, or X_val and y_val."
            )
        return held


def hold_out(strata, fraction, random, weight=None, why=None):
    """Choose rows to watch while training on the others, the same share of each class.

    Unlike scikit-learn's stratified splitters, it takes classes of one row, which stay
    in training.

    Parameters
    ----------
    strata : ndarray of shape (n,)
        Class of each row.
    fraction : float
        Share of the rows to hold out.
    random : numpy.random.RandomState
        Shuffles.
    weight : ndarray of shape (n,), default=None
        Rows of weight 0 are never held out.
    why : str, default=None
        The argument that holds rows out, for the error; None for ``early_stopping``.

    Returns
    -------
    kept, held : ndarray of int
        Row numbers, ascending.

    Raises
    ------
    ValueError
        If no row is left on either side.
    """
    if weight is not None and not weight.all():
        rows = np.flatnonzero(weight)
        _, held = hold_out(strata[rows], fraction, random, why=why)
        return np.setdiff1d(np.arange(len(strata)), rows[held]), rows[held]
    n = len(strata)
    held = picked(strata, fraction, random)
    kept = np.setdiff1d(np.arange(n), held)
    if not (len(held) and len(kept)):
        why = why or f"early_stopping=True, validation_fraction={fraction},"
        raise ValueError(
            f"{why} holds out {len(held)} rows of n_samples={n}: give more rows, another "
            "share of them, or X_val."
        )
    return kept, held


def picked(strata, fraction, random):
    """Pick the same share of each class, at random; classes of one member are left.

    Parameters
    ----------
    strata : ndarray of shape (n,)
        Class of each member.
    fraction : float
        Share to pick.
    random : numpy.random.RandomState
        Shuffles.

    Returns
    -------
    ndarray of int
        Numbers of members, ascending; perhaps none.
    """
    n = len(strata)
    # By class, at random within each: every k-th row has all classes by their shares.
    by_class = np.lexsort((random.random_sample(n), strata))
    n_held = max(1, round(fraction * n))
    every = n / n_held
    picks = by_class[(np.arange(n_held) * every + every / 2).astype(int)]
    _, code, count = np.unique(strata, return_inverse=True, return_counts=True)
    return np.sort(picks[count[code[picks]] > 1])
