"""Probabilities that somebody computed: checked, normalised, in the order of classes."""

import numpy as np
from scipy import sparse
from scipy.special import log_softmax

from ..tables.containers import is_arrow, is_frame
from ..tables.gaps import plain_values

#: The least probability that a teacher's answer is read as; its logarithm is finite.
FLOOR = 1e-7
#: Rows of probabilities may sum to so much more or less than 1: outputs come from files
#: with a few digits, and from nets in float32.
ROW_SUM_TOLERANCE = 1e-3
#: A probability may be so much below 0 by rounding, as 1 - p of a p from float32 is.
ROUNDING = 1e-6


def class_probabilities(values, name):
    """Check probabilities that the user computed.

    Parameters
    ----------
    values : array-like of shape (n, n_classes) or (n,)
        One column stands for the second of two classes.
    name : str
        The argument that an error names.

    Returns
    -------
    ndarray of shape (n, n_classes)
        Float64 rows that sum to 1.

    Raises
    ------
    ValueError
        If something is not finite, is negative, or does not sum to 1.
    """
    values = check_finite(values, name)
    if values.ndim == 1 or values.shape[1] == 1:
        values = np.column_stack([1 - values.ravel(), values.ravel()])
    sums = values.sum(axis=1)
    if (
        values.min(initial=0.0) < -ROUNDING
        or np.abs(sums - 1).max(initial=0.0) > ROW_SUM_TOLERANCE
    ):
        raise ValueError(
            f"{name} must hold probabilities, each row summing to 1; the smallest "
            f"entry is {values.min():.3g} and rows sum to {sums.min():.3g} to "
            f"{sums.max():.3g}. Logits become probabilities by a softmax, scores of one "
            "class against all others by a division of each row by its sum; probabilities "
            "of several labels need y, or classes=[[0, 1], ...] with a pair for each."
        )
    return np.clip(values, 0.0, None) / sums[:, None]


def normalised(shares):
    """Rows divided by their sums.

    Parameters
    ----------
    shares : ndarray of shape (n, n_classes)
        Not negative; such as the probability of each class against all others.

    Returns
    -------
    ndarray of shape (n, n_classes)
        Rows that sum to 1: equal shares for a row of zeros, which speaks for no class.
    """
    total = shares.sum(axis=1, keepdims=True)
    equal = np.full(shares.shape, 1 / shares.shape[1])
    return np.divide(shares, total, out=equal, where=total > 0)


def check_finite(values, name, numbers=True):
    """A one- or two-dimensional float64 array without NaN or infinity.

    Parameters
    ----------
    values : array-like
        Outputs of some model.
    name : str
        What an error calls it.
    numbers : bool, default=True
        False: labels will do, and are not looked at.

    Returns
    -------
    ndarray of shape (n,) or (n, k)
        Float64.
    """
    if hasattr(values, "detach"):  # a tensor, perhaps with a gradient
        values = values.detach().cpu()
    values = _as_array(values, name, np.float64 if numbers else None)
    if values.ndim not in (1, 2):
        raise ValueError(f"{name} must be of shape (n,) or (n, k), not {values.shape}.")
    if numbers and not np.isfinite(values).all():
        row = int(np.argwhere(~np.isfinite(values))[0][0])
        raise ValueError(f"{name} holds NaN or infinity, first in row {row}.")
    return values


def _as_array(values, name, dtype):
    """An array, of a model's answer or a user's outputs."""
    if sparse.issparse(values):
        values = values.toarray()
    try:
        return np.asarray(plain_values(values), dtype=dtype)
    except (TypeError, ValueError) as error:
        raise type(error)(
            f"{name} must be numbers of shape (n,) or (n, k), and a "
            f"{type(values).__name__} was given: {error}"
        ) from error


def log_with_floor(probabilities):
    """Logarithm of probabilities, floored and normalised.

    Parameters
    ----------
    probabilities : ndarray of shape (n, n_classes)
        Zeros allowed.

    Returns
    -------
    ndarray of shape (n, n_classes)
        Finite logarithms, whose exponentials sum to 1 in each row.
    """
    return log_softmax(np.log(np.maximum(probabilities, FLOOR)), axis=1)


def align(log_p, labels, classes):
    """Put columns into the order of `classes`; a class without one gets the floor.

    Parameters
    ----------
    log_p : ndarray of shape (n, n_labels)
        Log-probabilities.
    labels : ndarray of shape (n_labels,) or None
        What its columns mean; each is among `classes`.
    classes : array-like of shape (n_classes,) or None
        What the result's columns mean.

    Returns
    -------
    ndarray of shape (n, n_classes)
        Normalised log-probabilities.
    """
    if classes is None or np.array_equal(labels, classes):
        return log_p
    # Log of the floor, not of 0: the loss stays finite for a class that was never seen.
    aligned = np.full((len(log_p), len(classes)), np.log(FLOOR))
    position = {label: i for i, label in enumerate(np.asarray(classes).tolist())}
    aligned[:, [position[label] for label in np.asarray(labels).tolist()]] = log_p
    return log_softmax(aligned, axis=1)


def by_label(answer, labels, name):
    """A frame's columns in the order of the labels that they name.

    Parameters
    ----------
    answer : array-like or frame of shape (n, k)
        Probabilities.
    labels : array-like of shape (n_classes,) or None
        The classes in order, where they are known.
    name : str
        What an error calls the answer.

    Returns
    -------
    array-like of shape (n, k)
        As it is, if it is no frame, or if its columns have other names.

    Raises
    ------
    ValueError
        If some columns name classes and others do not.
    """
    if is_arrow(answer):
        answer = answer.to_pandas()
    if not is_frame(answer) or labels is None:
        return answer
    if _is_numbered(answer.columns):
        return plain_values(answer)
    columns, wanted = list(map(_key, answer.columns)), list(map(_key, labels))
    # "1" and "1.0" would be one class by their keys: then labels count as they are
    # written.
    if len(set(columns)) < len(columns) or len(set(wanted)) < len(wanted):
        columns, wanted = list(map(str, answer.columns)), list(map(str, labels))
    values = plain_values(answer)
    # No name in common: the columns are called something else, and are in order.
    if not set(columns) & set(wanted):
        return values
    if len(columns) == 1 and len(wanted) == 2:
        return np.where(np.array(wanted) == columns[0], values, 1 - values)
    if sorted(columns) != sorted(wanted):
        raise ValueError(
            f"{name} is a frame with the columns {list(answer.columns)}, and the classes "
            f"are {np.asarray(labels).tolist()}: name each class, or none."
        )
    return values[:, [columns.index(label) for label in wanted]]


def _is_numbered(columns):
    """Whether they are pandas' numbers, from left to right, and no names.

    ``frame[[1, 0]]`` has a range too: columns that were put into another order are named.
    """
    return type(columns).__name__ == "RangeIndex" and columns.step == 1


def _key(label):
    """What two labels are compared by: 1, 1.0, True and "1" are one class."""
    try:
        return str(float(label))
    except (TypeError, ValueError):
        return str(label)


def split(answer, labels, source):
    """The answers for several targets, one by one.

    Parameters
    ----------
    answer : array-like or frame of shape (n, k), or list of these
        For a single target as it is. For several: a list with an array for each; one
        column for each, of its second class; or all their columns side by side.
    labels : list of array-like
        The classes of each target.
    source : object
        What an error names.

    Returns
    -------
    list of array-like
        One for each target.
    """
    if len(labels) == 1:
        one = isinstance(answer, list) and len(answer) == 1 and np.ndim(answer[0]) == 2
        return answer if one else [answer]
    if isinstance(answer, list | tuple):
        if len(answer) != len(labels):
            raise ValueError(
                f"{source} answers for {len(answer)} targets, and there are {len(labels)}."
            )
        return list(answer)
    answer = check_finite(answer, str(source), numbers=False)
    widths = [0 if names is None else len(names) for names in labels]
    width = 1 if answer.ndim == 1 else answer.shape[1]
    # One column for each: its label, or the share of the second of two classes.
    if width == len(labels):
        return list(answer.T)
    if width != sum(widths):
        raise ValueError(
            f"{source} answers with {width} columns for {len(labels)} targets of "
            f"{widths} classes: give a list with an array for each target, or all these "
            "columns side by side."
        )
    return np.split(answer, np.cumsum(widths)[:-1], axis=1)
