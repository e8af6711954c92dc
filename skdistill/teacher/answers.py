"""A member's raw answer, of whatever kind, as log-probabilities or values."""

import numpy as np
from scipy import sparse
from scipy.special import log_softmax
from sklearn.ensemble import BaggingClassifier
from sklearn.ensemble._forest import BaseForest
from sklearn.tree import BaseDecisionTree
from sklearn.utils.validation import _num_samples

from ..tables.containers import is_frame
from ..warn import warn
from .models import LABEL, LOGIT, SHARE
from .nets import innermost
from .probabilities import (
    ROUNDING,
    ROW_SUM_TOLERANCE,
    by_label,
    check_finite,
    class_probabilities,
    log_with_floor,
    normalised,
    split,
)

#: One-vs-all models' rows sum to less or more than 1, but hardly to less or more than this.
_USUAL_SUMS = 0.5, 2.0


def labels_of(model, fallback):
    """The class labels of a member's columns, for each target.

    Parameters
    ----------
    model : Model
        A member of the teacher.
    fallback : list of array-like or None
        For each target, labels for a member that names none; None where no one knows
        the targets.

    Returns
    -------
    list of (ndarray or None)
        Labels in the order of the columns.

    Raises
    ------
    ValueError
        If the member predicts another number of targets.
    """
    labels = model.labels()
    if fallback is None:
        return [labels]
    if isinstance(labels, list) and len(labels) != len(fallback):
        raise ValueError(
            f"teacher={model!r} predicts {len(labels)} targets at once, and y has "
            f"{len(fallback)}; a callable can return those probabilities that are wanted."
        )
    if labels is None or (len(fallback) > 1 and not isinstance(labels, list)):
        # classifiers of several labels number them in classes_, and each is 0 or 1
        return [None if names is None else np.asarray(names) for names in fallback]
    return labels if isinstance(labels, list) else [labels]


def class_answers(model, X, labels):
    """A member's answer for rows, as log-probabilities.

    Parameters
    ----------
    model : Model
        A member of the teacher.
    X : array-like or frame of shape (n, n_features)
        Rows as the user gave them.
    labels : list of (ndarray or None)
        The member's labels, as ``labels_of`` returns them.

    Returns
    -------
    list of ndarray of shape (n, n_labels)
        One for each target.

    Raises
    ------
    ValueError
        If the answer has another number of targets or classes, or is not finite.
    """
    rows = model.rows(X)
    if len(labels) > 1:
        _check_several(model, rows)
    only = labels[0] if len(labels) == 1 else None
    answer, scale = model.ask(rows, classify=True, labels=only)
    if sparse.issparse(answer):  # as of scikit-multilearn's classifiers
        answer = answer.toarray()
    if len(labels) == 1:
        _check_single(model, rows, answer, scale)
    return [
        _for_each_row(X, _log_probabilities(part, scale, names, model), model)
        for part, names in zip(split(answer, labels, model), labels, strict=True)
    ]


def _for_each_row(X, answer, model):
    """The answer, if it is about as many rows as were asked about."""
    n = _num_samples(X)
    if len(answer) != n:
        hint = " Of a frame, a vectorizer of texts reads the names: give it a series."
        raise ValueError(
            f"teacher={model!r} answers with {len(answer)} rows, and there must be {n}."
            + (hint if is_frame(X) else "")
        )
    return answer


def _check_several(model, X):
    """Refuse a classifier of one target, whose two columns could be two targets."""
    if model.predicts_several(X) is False:
        raise ValueError(
            f"teacher={model!r} predicts one target, and y has several: fit it on all of "
            "them, for example in a MultiOutputClassifier."
        )


def _check_single(model, X, answer, scale):
    """Refuse several labels where one is wanted; rows that sum to 1 are of one."""
    if scale not in {SHARE, LOGIT} or np.ndim(answer) != 2 or np.shape(answer)[1] < 2:
        return
    off = np.abs(np.asarray(answer).sum(axis=1) - 1).max(initial=0.0)
    if (scale == LOGIT or off > ROW_SUM_TOLERANCE) and model.predicts_several(X):
        raise ValueError(
            f"teacher={model!r} predicts several labels at once, and a single target is "
            "wanted: give y with a column for each label, or classes=[[0, 1], ...] with a "
            "pair for each."
        )


def _log_probabilities(answer, scale, labels, model):
    """Log-probabilities (n, n_labels) of one target."""
    if scale == LABEL:
        _check_labels(answer, labels, model)
        answer = np.asarray(answer).reshape(len(answer), -1)[:, :1] == labels[None, :]
        return log_with_floor(answer.astype(np.float64))
    answer = by_label(answer, labels, f"the output of teacher={model!r}")
    answer = check_finite(answer, "teacher's output")
    if labels is not None and len(labels) == 1:  # a target of one class in training
        return np.zeros((len(answer), 1))
    if answer.ndim == 1 or answer.shape[1] == 1:
        # One logit d is the pair (0, d), whose softmax is the sigmoid of d; (-d, d) would
        # double it.
        second = answer.ravel()
        first = np.zeros_like(second) if scale == LOGIT else 1 - second
        answer = np.column_stack([first, second])
    if labels is not None and answer.shape[1] != len(labels):
        raise ValueError(
            f"teacher={model!r} answers with {answer.shape[1]} columns for "
            f"{len(labels)} classes {labels.tolist()!r}: name its columns, in their "
            "order, by `classes`."
        )
    if scale == LOGIT:
        return log_softmax(answer, axis=1)
    # Numbers below 0 by more than rounding are no shares: the check below refuses them.
    if scale == SHARE and answer.min(initial=0.0) >= -ROUNDING:
        p = _from_shares(answer, model)
    else:
        p = class_probabilities(answer, "teacher's output")
    return log_with_floor(_smoothed(p, model.model))


def _from_shares(answer, model):
    """What a classifier calls probabilities, as rows that sum to 1."""
    sums = answer.sum(axis=1)
    least, most = _USUAL_SUMS
    if ((sums < least) | (sums > most)).any() and not model.has_warned:
        model.has_warned = True
        warn(
            f"teacher={model!r}: rows of what it calls probabilities sum to less than "
            f"{least} or more than {most}. They are normalised, as those of a one-vs-all "
            "model; a row of zeros becomes equal shares. If they are no probabilities, "
            "give a function that makes some of them."
        )
    return normalised(np.clip(answer, 0.0, None))


def value_answer(model, X):
    """A member's answer for rows, as predicted values.

    Parameters
    ----------
    model : Model
        A member of the teacher.
    X : array-like or frame of shape (n, n_features)
        Rows as the user gave them.

    Returns
    -------
    ndarray of shape (n, n_outputs)
        Finite numbers.
    """
    answer, _ = model.ask(model.rows(X), classify=False)
    answer = check_finite(answer, "teacher's output")
    return _for_each_row(X, answer.reshape(len(answer), -1), model)


def _check_labels(answer, labels, model):
    """What ``predict`` of a classifier returns must be labels that have a column."""
    if labels is None:
        raise ValueError(f"Name the labels that {model!r} predicts by `classes`.")
    answer = np.asarray(answer)
    is_column = answer.ndim == 1 or (answer.ndim == 2 and answer.shape[1] == 1)
    if not (is_column and np.isin(answer, labels).all()):
        raise ValueError(
            f"teacher={model!r} has only `predict`, and that returns something else "
            f"than the labels {labels.tolist()!r}. If it returns probabilities, give a "
            "function, such as teacher=model.predict, and name its columns by `classes`."
        )


def _smoothed(probabilities, member):
    """Laplace smoothing of votes: as if one more tree answered with equal shares.

    A forest's zeros say that none of its trees voted for a class, not that it cannot be;
    a floor of 1e-7 would make of them the strongest statement in the lesson.
    """
    votes = _n_votes(member)
    if not votes:
        return probabilities
    return (votes * probabilities + 1 / probabilities.shape[1]) / (votes + 1)


def _n_votes(member):
    """Number of trees whose mean the answer is; 0 where it is no such mean."""
    member = innermost(member)
    if isinstance(member, BaseForest):
        return len(member.estimators_)
    if not isinstance(member, BaggingClassifier):
        return 0
    trees = [isinstance(part, BaseDecisionTree) for part in member.estimators_]
    return len(trees) if all(trees) else 0
