"""How ``temperature="auto"`` chooses: rows held out, losses at T=1, and the choice."""

from dataclasses import dataclass, replace

import numpy as np

from ..teacher.calibration import label_losses
from .knowledge import Knowledge, hold_out

#: Temperatures that are tried, in this order; the first is preferred where others are no
#: better.
CANDIDATES = (1.0, 2.0, 4.0, 8.0)
#: Share of the rows to score on: many, for the choice is noisy, and the final fit gets
#: them back.
HELD_OUT = 0.2


@dataclass(frozen=True)
class Parts:
    """Rows to train short runs on, and rows to score them on.

    Attributes
    ----------
    train : ndarray of int
        Row numbers; transfer rows that are held out stay among them, without weight.
    train_knowledge : Knowledge
        What these rows teach.
    held : ndarray of int
        Row numbers.
    held_knowledge : Knowledge
        Targets of the held-out rows: labels where the teacher has not seen the rows, else
        its answers.
    """

    train: np.ndarray
    train_knowledge: Knowledge
    held: np.ndarray
    held_knowledge: Knowledge


def split_rows(knowledge, strata, random):
    """Hold out rows on which a student may be scored.

    Transfer rows that were made from rows of X are held out with these.
    Labels say how good a student is where the teacher has not seen the rows: where it
    was cross-fitted. Elsewhere only its answers do, on rows of X and transfer rows.

    Parameters
    ----------
    knowledge : Knowledge
        Of the rows of X and the transfer rows, with soft targets.
    strata : ndarray of shape (n,)
        Class of each row of X.
    random : numpy.random.RandomState
        Shuffles.

    Returns
    -------
    Parts
        Two parts of the rows that have no row in common, nor a transfer row's parent.
    """
    n, weight = knowledge.n_labelled, knowledge.soft_weight
    kept, held = np.arange(n), np.arange(0)
    if weight[:n].any():  # else only transfer rows have soft targets
        why = 'temperature="auto"'
        kept, held = hold_out(strata, HELD_OUT, random, weight[:n], why)
    training = _without_some_orphans(knowledge.take(kept), random)
    train = np.concatenate([kept, np.arange(n, len(weight))])
    if knowledge.unseen and knowledge.labels is not None:
        hard_weight = knowledge.hard_weight[held]
        scoring = Knowledge(None, knowledge.labels[held], hard_weight, hard_weight)
        return Parts(train, training, held, scoring)
    left_out = (training.soft_weight[len(kept) :] == 0) & (weight[n:] > 0)
    held = np.concatenate([held, n + np.flatnonzero(left_out)])
    if not (len(held) and training.soft_weight.any()):
        raise ValueError(
            f'temperature="auto" holds out {len(held)} of {np.count_nonzero(weight)} rows '
            "with soft targets, and none is left on the other side: give more rows, X_val, "
            "or a number."
        )
    scoring = Knowledge(knowledge.soft[held], None, weight[held], weight[held])
    return Parts(train, training, held, scoring)


def _without_some_orphans(knowledge, random):
    """A share of the transfer rows that were made from no row of X has no weight."""
    weight, n = knowledge.soft_weight.copy(), knowledge.n_labelled
    orphans = n + np.flatnonzero((knowledge.parents < 0).all(axis=1) & (weight[n:] > 0))
    weight[random.permutation(orphans)[: round(HELD_OUT * len(orphans))]] = 0.0
    return replace(knowledge, soft_weight=weight).balanced()


def exam_losses(log_q, exam, widths):
    """Log loss of the labels of each row, or the student's divergence from the teacher.

    Parameters
    ----------
    log_q : ndarray of shape (n, sum of n_classes)
        The student's log-probabilities at T=1.
    exam : Knowledge
        Labels, or the teacher's log-probabilities.
    widths : list of int
        Number of classes of each target.

    Returns
    -------
    ndarray of shape (n,)
        Nats.
    """
    if exam.soft is None:
        return label_losses(log_q, exam.hard, widths)
    return (np.exp(exam.soft) * (exam.soft - log_q)).sum(axis=1)


def best_temperature(losses, weight):
    """The first candidate whose loss is within one standard error of the least.

    Short runs on few rows are noisy. The error is that of the mean difference from the
    best candidate, row by row.

    Parameters
    ----------
    losses : dict of float to ndarray of shape (n,)
        For each candidate the loss of each row.
    weight : ndarray of shape (n,)
        Weights of the rows.

    Returns
    -------
    float
        A candidate.

    Examples
    --------
    >>> import numpy as np
    >>> from skdistill.lesson.temperature import best_temperature
    >>> losses = {1.0: np.array([0.4, 0.3]), 2.0: np.array([0.1, 0.5])}
    >>> best_temperature(losses, np.ones(2))
    1.0
    >>> best_temperature({**losses, 4.0: np.array([0.1, 0.0])}, np.ones(2))
    4.0
    """
    share = weight / weight.sum()
    best = min(losses, key=lambda temperature: share @ losses[temperature])
    for temperature, loss in losses.items():
        worse = loss - losses[best]
        mean = share @ worse
        if mean <= np.sqrt(np.square(share) @ np.square(worse - mean)):
            return temperature
    return best
