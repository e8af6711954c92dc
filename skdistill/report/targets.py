"""Labels and values as the user gives them, and as reports count them."""

import numpy as np

from ..tables.containers import is_frame
from ..tables.gaps import check_no_gaps, plain_values
from ..teacher.probabilities import check_finite
from .askers import CLASSES, LABELS


def read_targets(y, n, name="y_test", rows="X_test"):
    """Labels or values as the user gave them, as an array.

    Parameters
    ----------
    y : array-like or frame of shape (n,) or (n, n_targets), or None
        Of the rows.
    n : int
        Number of rows.
    name, rows : str, default="y_test" and "X_test"
        What an error calls y and the rows.

    Returns
    -------
    ndarray of shape (n,) or (n, n_targets), or None
        None without labels.

    Raises
    ------
    ValueError
        If some are missing, or they are of other rows.
    """
    if y is None:
        return None
    check_no_gaps(name, y, remedy=f"leave these rows out of {rows} and {name}")
    values = plain_values(y)
    if values.ndim not in (1, 2) or len(values) != n:
        raise ValueError(
            f"{name} has the shape {values.shape}, and {rows} has {n} rows: give a label "
            "for each row."
        )
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def finite_values(y, name):
    """Values as floats.

    Parameters
    ----------
    y : ndarray of shape (n,) or (n, n_targets)
        From ``read_targets``.
    name : str
        What an error calls it.

    Returns
    -------
    ndarray of the same shape
        Of float64.

    Raises
    ------
    ValueError
        If one is no number, or infinite.
    """
    try:
        return check_finite(y.astype(np.float64), name)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be finite numbers: {error}") from error


def encoded(y, layout):
    """Labels as codes, values as columns of floats.

    Parameters
    ----------
    y : ndarray of shape (n,) or (n, n_targets), or None
        From ``read_targets``.
    layout : Layout
        Of all models; the classes of y are among its classes.

    Returns
    -------
    ndarray or None
        As ``Asked.y``.

    Raises
    ------
    ValueError
        If they are not of the task.
    """
    if y is None or layout.task == CLASSES:
        return y if y is None else np.searchsorted(layout.classes[0], y)
    if layout.task == LABELS:
        wanted = f"zeros and ones of shape (n, {len(layout.classes)})"
        if y.ndim != 2 or y.shape[1] != len(layout.classes) or not _is_binary(y):
            raise ValueError(f"y_test must be {wanted}: it has the shape {y.shape}.")
        return y.astype(np.int64)
    return finite_values(y, "y_test").reshape(len(y), -1)


def _is_binary(y):
    return np.isin(y, [0, 1]).all()


def names_of(y):
    """What the user calls the targets.

    Parameters
    ----------
    y : object
        A frame's columns, and a series, have names.

    Returns
    -------
    list of str
        Empty where nothing is named.
    """
    names = y.columns if is_frame(y) else [getattr(y, "name", None)]
    return [str(name) for name in names if isinstance(name, str | int)]


def target_names(names, layout, n_targets):
    """Names of the classes, labels or targets.

    Parameters
    ----------
    names : list of str
        From ``names_of``.
    layout : Layout
        Of all models.
    n_targets : int
        Number of labels or targets.

    Returns
    -------
    tuple of str
        "label 0" and so on where the names are not of all.
    """
    if layout.task == CLASSES:
        return tuple(map(str, layout.classes[0].tolist()))
    if len(names) == n_targets:
        return tuple(names)
    what = "label" if layout.task == LABELS else "target"
    return ("y",) if n_targets == 1 else tuple(f"{what} {i}" for i in range(n_targets))


def with_labels_of(y, layout):
    """A layout with the classes that y holds too.

    Parameters
    ----------
    y : ndarray of shape (n,) or (n, n_targets), or None
        From ``read_targets``.
    layout : Layout
        Of the students.

    Returns
    -------
    Layout
        Itself, for other tasks.

    Raises
    ------
    ValueError
        If y is of several targets, or holds no class that a student knows.
    """
    if y is None or layout.task != CLASSES:
        return layout
    if y.ndim > 1:
        raise ValueError(
            f"y_test has {y.shape[1]} columns, and the student predicts one target: give "
            "a label for each row."
        )
    labels, known = np.unique(np.array(y.tolist())), layout.classes[0]
    # Before the union, which refuses strings among numbers in words of its own.
    if not set(labels.tolist()) & set(known.tolist()):
        raise ValueError(
            f"y_test holds {labels[:10].tolist()}, and the student knows "
            f"{known[:10].tolist()}: give the labels as they were in fit."
        )
    return layout.with_labels(labels)
