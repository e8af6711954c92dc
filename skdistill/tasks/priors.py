"""Shares of the classes: those that a student has learnt, and those that it is to expect.

Pure functions of arrays, for one target.
"""

import numpy as np
from scipy.special import log_softmax
from sklearn.exceptions import ConvergenceWarning

from ..teacher.probabilities import FLOOR
from ..warn import warn

_TINY = np.finfo(float).tiny
# Two of these multiplied are still above the smallest float.
_LEAST = 1e-150
_SUM_TOLERANCE = 1e-6


def checked_prior(prior, classes):
    """A prior that the user gives, as shares in the order of the classes.

    Parameters
    ----------
    prior : array-like of shape (n_classes,), dict or pandas Series
        Shares; a dict has one for each label, and so has a Series, such as that of
        ``value_counts``.
    classes : ndarray of shape (n_classes,)
        Classes of the student.

    Returns
    -------
    ndarray of shape (n_classes,)
        Floats whose sum is 1.

    Raises
    ------
    ValueError
        If a class lacks a share, or these are no distribution.
    """
    labels = classes.tolist()
    # A Series, such as y.value_counts(normalize=True).
    prior = prior.to_dict() if hasattr(prior, "to_dict") else prior
    if isinstance(prior, dict):
        if set(prior) != set(labels):
            raise ValueError(
                f"prior names the classes {list(prior)!r}, and the student knows "
                f"{labels!r}: give a share for each of these, 0 where there are none."
            )
        prior = [prior[label] for label in labels]
    try:
        shares = np.asarray(prior, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(f"prior={prior!r} must be numbers: {error}") from error
    if shares.shape != (len(labels),):
        raise ValueError(
            f"prior has shape {shares.shape} and must have {(len(labels),)}: a share for "
            f"each of the classes {labels!r}, in this order."
        )
    if not (shares >= 0).all():
        raise ValueError(
            f"prior={shares.tolist()!r} must be shares from 0 to 1 that sum to 1."
        )
    if abs(shares.sum() - 1) > _SUM_TOLERANCE:
        raise ValueError(
            f"prior={shares.tolist()!r} must be shares from 0 to 1 that sum to 1, and "
            f"sums to {shares.sum():g}: divide it by its sum."
        )
    return shares / shares.sum()


def check_has_targets(new, old, classes):
    """Refuse a share for a class that the targets never held: no ratio can give it.

    Parameters
    ----------
    new, old : ndarray of shape (n_classes,)
        Shares that the user gives, and that the targets had.
    classes : ndarray of shape (n_classes,)
        The student's.

    Raises
    ------
    ValueError
        If a class has a share of the new ones, and none of the old.
    """
    never = np.flatnonzero((new > 0) & (old < FLOOR))
    if len(never):
        label = classes.tolist()[never[0]]
        raise ValueError(
            f"prior gives class {label!r} a share, and no target that was "
            "learnt held it, so there is nothing to multiply: give unlabelled rows as X "
            "too, or fit the student on rows, or with a teacher, that know the class."
        )


def log_ratio(new, old):
    """Logarithm of ``new / old``, finite.

    Parameters
    ----------
    new, old : ndarray of shape (n_classes,)
        Shares; an old one below 1e-7 counts as that.

    Returns
    -------
    ndarray of shape (n_classes,)
        What is added to logits under the old prior, to have those under the new.
    """
    # No target says less than the floor: an old share of 0 would make the ratio
    # infinite.
    return np.log(np.maximum(new, _TINY)) - np.log(np.maximum(old, FLOOR))


def shifted(logits, shift):
    """Log-probabilities after a number for each class was added to the logits.

    Parameters
    ----------
    logits : ndarray of shape (n, n_classes)
        Minus infinity is taken as the logarithm of the smallest float.
    shift : ndarray of shape (n_classes,) or None
        Finite numbers; None: the logits stay as they are.

    Returns
    -------
    ndarray of shape (n, n_classes)
        Finite, if there is a shift.
    """
    if shift is None:
        return logits
    return log_softmax(np.maximum(logits, np.log(_TINY)) + shift, axis=1)


def estimated_prior(log_p, old, *, tol=1e-6, max_iter=1000):
    """The prior under which some unlabelled rows are likeliest, by EM [1]_.

    Parameters
    ----------
    log_p : ndarray of shape (n, n_classes)
        The student's log-probabilities for the rows, under the old prior.
    old : ndarray of shape (n_classes,)
        Prior that these have.
    tol : float, default=1e-6
        No share moves more in the last step.
    max_iter : int, default=1000
        Steps at most; then it warns.

    Returns
    -------
    ndarray of shape (n_classes,)
        Its sum is 1.

    References
    ----------
    .. [1] Saerens, Latinne, Decaestecker: Adjusting the Outputs of a Classifier to New a
       Priori Probabilities: A Simple Procedure, 2002.
    """
    # By Bayes' rule: the posterior over the prior is the likelihood, up to a factor by
    # row.
    likelihood = np.exp(shifted(log_p, log_ratio(np.ones_like(old), old)))
    new = np.maximum(old, FLOOR)
    for _ in range(max_iter):
        before, new = new, _mean_of_normalised(likelihood * new)
        if np.abs(new - before).max() <= tol:
            return new
    _warn_of_no_end("the prior of X", "give `prior`")
    return new


def balancing_shift(log_p, prior, *, tol=1e-6, max_iter=1000):
    """What to add to the logits so that the mean probability over some rows is a prior.

    It needs no prior that the logits have: so it is right too where the student has
    learnt from a teacher whose classes had other shares than the student's rows.

    Parameters
    ----------
    log_p : ndarray of shape (n, n_classes)
        The student's log-probabilities for the rows.
    prior : ndarray of shape (n_classes,)
        Shares of the classes among the rows.
    tol : float, default=1e-6
        No mean is farther from its share.
    max_iter : int, default=1000
        Steps at most; then it warns.

    Returns
    -------
    ndarray of shape (n_classes,)
        In nats.

    Raises
    ------
    ValueError
        If a class with a share has the probability 0 in all rows.
    """
    absent = (log_p <= np.log(_TINY)).all(axis=0) & (prior > 0)
    if absent.any():
        raise ValueError(
            f"prior gives class number {np.flatnonzero(absent)[0]} of classes_ a share of "
            "X, and the student's probability of it is 0 in all rows: no factor changes "
            "that. Fit the student on rows, or with a teacher, that know the class."
        )
    p = np.exp(shifted(log_p, np.zeros_like(prior)))
    factor = np.ones_like(prior)
    for _ in range(max_iter):
        mean = _mean_of_normalised(p * factor)
        if np.abs(mean - prior).max() <= tol:
            break
        factor = factor * np.maximum(prior, _LEAST) / np.maximum(mean, _LEAST)
        # Only their ratios count; the largest stays 1, so that none overflows.
        factor = np.maximum(factor / factor.max(), _LEAST)
    else:
        _warn_of_no_end("the mean over X", "give more rows as `X`")
    return np.log(factor)


def _mean_of_normalised(joint):
    total = np.maximum(joint.sum(axis=1, keepdims=True), _TINY)
    return (joint / total).mean(axis=0)


def _warn_of_no_end(what, remedy):
    warn(
        f"The search for {what} has not come to rest: the student hardly tells some "
        f"classes apart. Take the result with care, or {remedy}.",
        ConvergenceWarning,
    )
