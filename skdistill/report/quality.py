"""Teacher, students and control against the labels."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from .answers import decided
from .askers import CLASSES, LABELS, QUANTILES
from .figures import between
from .intervals import Estimate, estimates, exact_interval
from .models import CONTROL, TEACHER
from .result import NAN, Difference, Gain, Interval, ModelQuality, Quality
from .scorers import scorer_estimates

_FLOOR = 1e-7


@dataclass(frozen=True)
class Measure:
    """A score or a loss: numbers of each row, and what becomes of their means.

    Attributes
    ----------
    name : str
        As it is shown.
    columns : callable
        ``columns(says, y)`` -> (n, k).
    figure : callable
        Means (..., k) -> (...).
    """

    name: str
    columns: Any
    figure: Any


def first_mean(means):
    """The mean of the only column.

    Parameters
    ----------
    means : ndarray of shape (..., 1)
        Means.

    Returns
    -------
    ndarray of shape (...)
        The same.
    """
    return means[..., 0]


def row_losses(task, says, y, quantiles=()):
    """The loss of each row.

    Parameters
    ----------
    task : str
        As in ``Asked``.
    says : ndarray
        Answers.
    y : ndarray
        Labels, as ``Asked`` has them.
    quantiles : tuple of float, default=()
        Levels.

    Returns
    -------
    ndarray of shape (n,)
        Nats, of several labels the mean over them; pinball losses, the mean over the
        levels; squared errors, the mean over the targets.
    """
    if task == CLASSES:
        return -np.log(np.maximum(says[np.arange(len(y)), y], _FLOOR))
    if task == LABELS:
        right = np.where(y == 1, says, 1 - says)
        return -np.log(np.maximum(right, _FLOOR)).mean(axis=1)
    if task == QUANTILES:
        levels, error = np.array(quantiles), y[:, :, None] - says
        return np.maximum(levels * error, (levels - 1) * error).mean(axis=(1, 2))
    return np.square(y - says).mean(axis=1)


def measures(asked):
    """The score and the loss of a task.

    Parameters
    ----------
    asked : Asked
        With labels.

    Returns
    -------
    score, loss : Measure
        A share of rows or of row-label pairs and nats; R2 and squared units; of
        quantiles, what the pinball loss is below that of constants.
    """
    task, levels = asked.task, asked.quantiles

    def losses(says, y):  # numpydoc ignore=GL08
        return row_losses(task, says, y, levels)[:, None]

    if task in (CLASSES, LABELS):
        several = task == LABELS
        score = Measure(
            "labels right" if several else "accuracy", hits(task), first_mean
        )
        loss = "log loss per label" if several else "log loss"
        return score, Measure(loss, losses, first_mean)
    if task == QUANTILES:
        best = np.quantile(asked.y, levels, axis=0).T[None]  # (1, n_targets, n_levels)
        constant = np.broadcast_to(best, (len(asked.y), *best.shape[1:]))
        of_constants = losses(constant, asked.y)

        def pairs(says, y):  # numpydoc ignore=GL08
            return np.column_stack([losses(says, y), of_constants])

        score = Measure("D2 (pinball)", pairs, lambda m: 1 - m[..., 0] / m[..., 1])
        return score, Measure("pinball loss", losses, first_mean)
    return Measure("R2", _squares, _r2), Measure("squared error", losses, first_mean)


def hits(task):
    """How to count what is decided as the labels say.

    Parameters
    ----------
    task : {"classes", "labels"}
        As in ``Asked``.

    Returns
    -------
    callable
        ``hits(says, y)`` -> (n, 1), of several labels the share of them.
    """

    def share(says, y):  # numpydoc ignore=GL08
        same = decided(task, says) == y
        return same.reshape(len(y), -1).mean(axis=1, keepdims=True)

    return share


def _squares(says, y):
    centred = y - y.mean(axis=0)
    return np.column_stack([np.square(y - says), centred, np.square(centred)])


def _r2(means):
    error, centre, square = np.split(means, 3, axis=-1)
    return (1 - error / (square - np.square(centre))).mean(axis=-1)


def measured(asked, measure, random_state):
    """A measure of all models, on the same redraws.

    Parameters
    ----------
    asked : Asked
        With labels.
    measure : Measure
        What to compute.
    random_state : int
        Of the redraws.

    Returns
    -------
    dict of str to Estimate
        By model.
    """
    parts = [measure.columns(asked.says[name], asked.y) for name in asked.names]
    width = parts[0].shape[1]

    def of(i):  # numpydoc ignore=GL08
        return lambda means: measure.figure(means[..., i * width : (i + 1) * width])

    figures = {name: of(i) for i, name in enumerate(asked.names)}
    return estimates(np.column_stack(parts), figures, random_state)


def quality_of(asked, confidence, random_state, scoring=None):
    """Compare all models with the labels, and with each other.

    Parameters
    ----------
    asked : Asked
        What the models say.
    confidence : float
        Of the intervals.
    random_state : int
        Of the redraws.
    scoring : str, callable or None, default=None
        A scorer of scikit-learn's in place of the usual score.

    Returns
    -------
    Quality or None
        None without labels.
    """
    if asked.y is None:
        return None
    score, loss = measures(asked)
    losses = measured(asked, loss, random_state)
    if scoring is None:
        name, scores = score.name, measured(asked, score, random_state)
    else:
        name, scores = scorer_estimates(asked, scoring, random_state)
    is_share = scoring is None and asked.task == CLASSES

    def of_score(estimate):  # numpydoc ignore=GL08
        # Where all rows are right, or none, redraws have nothing to add: the exact one.
        if is_share and estimate.value in (0.0, 1.0):
            n = len(asked)
            return exact_interval(round(n * estimate.value), n, confidence)
        return estimate.interval(confidence)

    models = tuple(
        ModelQuality(model, of_score(scores[model]), losses[model].interval(confidence))
        for model in asked.names
    )
    differences = _differences(asked, scores, losses, confidence)
    gains = _gains(asked, scores, losses, (name, loss.name), confidence)
    return Quality(name, loss.name, models, differences, gains)


def _differences(asked, scores, losses, confidence):
    pairs = [(student, TEACHER) for student in asked.students]
    if CONTROL in asked.names:
        pairs += [(each, CONTROL) for each in (*asked.controlled, TEACHER)]
    return tuple(
        Difference(
            one,
            other,
            (scores[one] - scores[other]).interval(confidence),
            (losses[one] - losses[other]).interval(confidence),
        )
        for one, other in pairs
    )


def _gains(asked, scores, losses, names, confidence):
    if CONTROL not in asked.names:
        return ()
    worse = {name: Estimate(-e.value, -e.redrawn) for name, e in losses.items()}
    gains = []
    for student in asked.students:
        if student not in asked.controlled:
            words = (
                f"The control is that of {asked.controlled[0]}, and not of {student}."
            )
            gains.append(Gain(student, Interval(NAN), Interval(NAN), words))
            continue
        score, no_score = _gain(scores, student, confidence)
        loss, no_loss = _gain(worse, student, confidence)
        none = {names[0]: no_score, names[1]: no_loss}
        words = _nothing_to_keep({k: by for k, by in none.items() if by})
        gains.append(Gain(student, score, loss, words))
    return tuple(gains)


def _nothing_to_keep(none):
    """Why there is no gain, from {measure: by how much the teacher is better}."""
    if not none:
        return ""
    return (
        f"By the {' and the '.join(none)} the teacher is no better than the control, "
        f"beyond what other test rows might show: by {' and '.join(none.values())}."
    )


def _gain(figures, student, confidence):
    """What is kept of the teacher's advantage; or how small this is."""
    advantage = figures[TEACHER] - figures[CONTROL]
    interval = advantage.interval(confidence)
    if interval.low > 0:
        return ((figures[student] - figures[CONTROL]) / advantage).interval(
            confidence
        ), ""
    return Interval(NAN), between(interval)
