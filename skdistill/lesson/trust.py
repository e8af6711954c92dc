"""How ``alpha="auto"`` and ``temperature="auto"`` choose: rows held out, and losses.

Students are trained at some settings, and compared on rows that none of them has learnt
from. How far a teacher may be trusted is said by labels of rows that it has not seen.
"""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from ..warn import warn
from .knowledge import Knowledge, hold_out

#: Weights of the soft targets that are tried; 0 is the control.
ALPHAS = (1.0, 0.75, 0.5, 0.25, 0.0)
#: Temperatures that are tried, in this order; the first is preferred where others are no
#: better.
TEMPERATURES = (1.0, 2.0, 4.0, 8.0)
#: Share of the rows to score on: many, for the choice is noisy, and the final fit gets
#: them back.
HELD_OUT = 0.2
_FEW_ROWS = 50  # that say little
#: What chooses, in messages.
ALPHA, TEMPERATURE = 'alpha="auto"', 'temperature="auto"'


class Setting(NamedTuple):
    """What a student is trained at."""

    alpha: float
    temperature: float


@dataclass(frozen=True)
class Choice:
    """What has been chosen, and what was seen of the teacher on the way.

    Attributes
    ----------
    setting : Setting
        The best one.
    gain : float or None
        By how much the teacher's loss beats that of the control; None where alpha was not
        to be chosen, NaN where nobody knows its answers.
    """

    setting: Setting
    gain: Any = None


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


def split_rows(knowledge, strata, random, why):
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
    why : str
        The parameter that holds rows out, for errors.

    Returns
    -------
    Parts
        Two parts of the rows that have no row in common, nor a transfer row's parent.
    """
    n, weight = knowledge.n_labelled, knowledge.soft_weight
    kept, held = np.arange(n), np.arange(0)
    if weight[:n].any():  # else only transfer rows have soft targets
        kept, held = hold_out(strata, HELD_OUT, random, weight[:n], why)
    training = _without_some_orphans(knowledge.take(kept), random)
    train = np.concatenate([kept, np.arange(n, len(weight))])
    if knowledge.unseen and knowledge.labels is not None:
        hard_weight = knowledge.hard_weight[held]
        parts = None, knowledge.labels[held], hard_weight, hard_weight
        scoring = Knowledge(*parts, answers=knowledge.soft[held])
        return Parts(train, training, held, scoring)
    left_out = (training.soft_weight[len(kept) :] == 0) & (weight[n:] > 0)
    held = np.concatenate([held, n + np.flatnonzero(left_out)])
    if not (len(held) and training.soft_weight.any()):
        raise ValueError(
            f"{why} holds out {len(held)} of {np.count_nonzero(weight)} rows "
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


@dataclass(frozen=True)
class Trial:
    """What students learn from at all settings that are tried, and what compares them.

    Attributes
    ----------
    knowledge : Knowledge
        Of the rows that they learn from.
    exam : Knowledge
        Of those that none learns from; its ``answers`` are the teacher's.
    train, held : ndarray of int or None
        Both kinds, among rows of X and transfer rows; None for X_val.
    """

    knowledge: Knowledge
    exam: Knowledge
    train: Any = None
    held: Any = None

    @classmethod
    def of(cls, lesson, knowledge, random, by_labels):
        """Take X_val where there is one, else a part of the rows.

        Parameters
        ----------
        lesson : Lesson
            All that there is to learn.
        knowledge : Knowledge
            What counts of its knowledge.
        random : numpy.random.RandomState
            Shuffles.
        by_labels : bool
            Whether labels of rows that the teacher has not seen are wanted: for alpha.

        Returns
        -------
        Trial
            For all settings.
        """
        if lesson.exam is not None and (lesson.exam.hard is not None or not by_labels):
            trial = cls(knowledge, lesson.exam)
        else:
            why = ALPHA if by_labels else TEMPERATURE
            strata = lesson.task.strata(knowledge)
            parts = split_rows(knowledge, strata, random, why)
            rows = parts.train, parts.held
            trial = cls(parts.train_knowledge, parts.held_knowledge, *rows)
        if by_labels:
            _check_exam(trial.exam, lesson.task.widths)
        return trial


def exam_losses(outputs, exam, task):
    """Each row's loss of the labels, or the student's divergence from the teacher.

    Parameters
    ----------
    outputs : ndarray of shape (n, n_outputs)
        The student's: log-probabilities at T=1, or values in the unit of the task.
    exam : Knowledge
        Labels, or the teacher's answers.
    task : Task
        What outputs mean.

    Returns
    -------
    ndarray of shape (n,)
        Nats; of values the mean over the targets of squared errors over the variance.
    """
    if exam.hard is not None:
        return task.losses(outputs, exam.hard)
    return (np.exp(exam.soft) * (exam.soft - outputs)).sum(axis=1)


def chosen(losses, exam, task):
    """The choice between settings, by the losses of rows that none has learnt from.

    Parameters
    ----------
    losses : dict of Setting to ndarray of shape (n,)
        For each setting the loss of each row; the preferred ones first.
    exam : Knowledge
        What the losses are against; its ``answers`` are the teacher's.
    task : Task
        What outputs mean.

    Returns
    -------
    Choice
        With a warning where the teacher is no better than the labels.
    """
    setting = best_setting(losses, exam.soft_weight)
    controls = [loss for setting, loss in losses.items() if not setting.alpha]
    if not controls:
        return Choice(setting)
    (control,) = controls
    if exam.answers is None:
        return Choice(setting, np.nan)
    share = exam.soft_weight / exam.soft_weight.sum()
    teacher = task.losses(task.measured(exam.answers), exam.hard)
    gain = share @ (control - teacher)
    error = _standard_error(control - teacher, share)
    if gain <= error:
        warn(
            "The teacher is no better than the labels on rows that it has not seen: its "
            f"{task.loss_name} is {share @ teacher:.3g}, and that of a student of labels "
            f"alone {share @ control:.3g} (standard error {error:.1g}, {len(share)} rows); "
            f"alpha_ is {setting.alpha}."
        )
    return Choice(setting, float(gain))


def best_setting(losses, weight):
    """The first setting whose loss is within one standard error of the least.

    Short runs on few rows are noisy. The error is that of the mean difference from the
    best setting, row by row.

    Parameters
    ----------
    losses : dict of object to ndarray of shape (n,)
        For each setting the loss of each row.
    weight : ndarray of shape (n,)
        Weights of the rows.

    Returns
    -------
    object
        One of the settings.

    Examples
    --------
    >>> import numpy as np
    >>> from skdistill.lesson.trust import best_setting
    >>> losses = {1.0: np.array([0.4, 0.3]), 2.0: np.array([0.1, 0.5])}
    >>> best_setting(losses, np.ones(2))
    1.0
    >>> best_setting({**losses, 4.0: np.array([0.1, 0.0])}, np.ones(2))
    4.0
    """
    share = weight / weight.sum()
    best = min(losses, key=lambda setting: share @ losses[setting])
    for setting, loss in losses.items():
        worse = loss - losses[best]
        if share @ worse <= _standard_error(worse, share):
            return setting
    return best


def _standard_error(values, share):
    """Of the mean of values by shares."""
    return np.sqrt(np.square(share) @ np.square(values - share @ values))


def _check_exam(exam, widths):
    """Refuse labels that cannot tell whom to trust, and warn of few."""
    hard = exam.hard[exam.soft_weight > 0]
    if not len(hard) or (widths and (hard == hard[:1]).all()):
        found = "one class only" if len(hard) else "none that has a weight"
        raise ValueError(
            f"{ALPHA} chooses by labels of rows that the teacher has not seen, and these "
            f"hold {found}: give others as X_val and y_val, or a number as alpha."
        )
    if len(hard) < _FEW_ROWS:
        warn(
            f"{ALPHA} chooses by {len(hard)} rows that the teacher has not seen, too few "
            f"to tell who is better: give {_FEW_ROWS} at least, or a number."
        )
