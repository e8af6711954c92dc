"""How one student's answers stand beside the teacher's and the labels, row by row."""

from dataclasses import dataclass

import numpy as np

from .askers import CLASSES, LABELS, VALUES
from .intervals import exact_interval
from .models import TEACHER
from .quality import row_losses
from .result import NAN, Interval
from .significance import mean_interval


@dataclass(frozen=True)
class Judged:
    """What is known of each row.

    Attributes
    ----------
    is_share : bool
        Whether rows are decided alike or not; else values differ by more or less.
    differs : ndarray of shape (n,)
        Share of a row's decisions that are not the teacher's; of values, the mean squared
        difference.
    right : ndarray of shape (n,) or None
        Share of the decisions that are as the labels; of values, one less the squared error
        as a part of the variance of all rows, so that the mean over all is R2; so of
        quantiles, with pinball losses. None without labels.
    over : ndarray of shape (n,) or None
        Mean probability of the decisions less the share of them that are right; of
        quantiles, levels less the share of labels below. None of values.
    """

    is_share: bool
    differs: np.ndarray
    right: np.ndarray | None
    over: np.ndarray | None

    @classmethod
    def of(cls, asked, student):
        """Judge a student's answers.

        Parameters
        ----------
        asked : Asked
            Answers and labels.
        student : str
            The student's name.

        Returns
        -------
        Judged
            Row by row.
        """
        if asked.task in (CLASSES, LABELS):
            return cls(True, *_of_decisions(asked, student))
        return cls(False, *_of_values(asked, student))

    def agreement(self, rows, confidence):
        """Tell how far the student follows on some rows.

        Parameters
        ----------
        rows : ndarray of bool of shape (n,)
            Which.
        confidence : float
            Of the interval.

        Returns
        -------
        Interval
            Share of decisions alike; of values, the root mean squared difference.
        """
        differs = self.differs[rows]
        if self.is_share:
            return exact_interval(float((1 - differs).sum()), len(differs), confidence)
        squared = np.array(mean_interval(differs, confidence))
        return Interval(*np.sqrt(np.maximum(squared, 0)).tolist())  # NaN stays NaN

    def score(self, rows, confidence):
        """Tell how good the student's answers are on some rows, by the labels.

        Parameters
        ----------
        rows : ndarray of bool of shape (n,)
            Which.
        confidence : float
            Of the interval.

        Returns
        -------
        Interval
            Share of decisions that are right; or the mean of ``right``.
        """
        if self.right is None:
            return Interval(NAN)
        right = self.right[rows]
        if self.is_share:
            return exact_interval(float(right.sum()), len(right), confidence)
        return mean_interval(right, confidence)

    def calibration(self, rows, confidence):
        """Tell by how much the student says more than comes true on some rows.

        Parameters
        ----------
        rows : ndarray of bool of shape (n,)
            Which.
        confidence : float
            Of the interval.

        Returns
        -------
        Interval
            Above 0 where it is too sure; NaN of values.
        """
        if self.over is None:
            return Interval(NAN)
        found = mean_interval(self.over[rows], confidence)
        return Interval(*np.clip(found, -1.0, 1.0).tolist())  # a share less a share


def _of_decisions(asked, student):
    decided, said, right, over = (
        asked.decisions(student),
        asked.says[student],
        None,
        None,
    )
    differs = _by_row(decided != asked.decisions(TEACHER))
    if asked.y is not None:
        right = _by_row(decided == asked.y)
        sure = said.max(axis=1) if asked.task == CLASSES else np.maximum(said, 1 - said)
        over = _by_row(sure) - right
    return differs, right, over


def _of_values(asked, student):
    said, taught, y = asked.says[student], asked.says[TEACHER], asked.y
    differs = _by_row(((said - taught) / unit_of(taught)) ** 2)
    if y is None:
        return differs, None, None
    if asked.task == VALUES:
        spread = y.var(axis=0)
        known = (spread > 0).all()
        return differs, _by_row(1 - (said - y) ** 2 / spread) if known else None, None
    levels = np.array(asked.quantiles)
    over = _by_row(levels - (y[:, :, None] <= said))
    constant = np.quantile(y, levels, axis=0).T[None].repeat(len(y), axis=0)
    losses = [row_losses(asked.task, each, y, levels) for each in (said, constant)]
    worst = losses[1].mean()
    return differs, 1 - losses[0] / worst if worst > 0 else None, over


def _by_row(values):
    return values.reshape(len(values), -1).mean(axis=1, dtype=np.float64)


def unit_of(values):
    """In what several values are measured, so that they can be put together.

    Parameters
    ----------
    values : ndarray of shape (n, n_targets) or (n, n_targets, n_quantiles)
        A model's answers.

    Returns
    -------
    ndarray of shape (n_targets,) or (n_targets, 1)
        Of a single target 1: its own unit; of several their standard deviations.
    """
    if values.shape[1] == 1:
        spread = np.ones(1)
    else:
        spread = values.std(axis=(0, *range(2, values.ndim)))
    spread = np.where(spread > 0, spread, 1.0)
    return spread[:, None] if values.ndim == 3 else spread
