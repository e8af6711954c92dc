"""The rows on which an export is compared: as the student takes them, and as columns."""

import numpy as np

from .hostile import container, hostile_rows, likely_rows
from .predictor import _as_array, _by_names, _is_frame, _is_gap, _numbers_of


def compared_rows(student, predictor, X=None, random_state=0, dtype=np.float64):
    """Rows for a comparison.

    Parameters
    ----------
    student : estimator
        Fitted.
    predictor : NumpyPredictor
        Of the student.
    X : array-like or frame of shape (n, n_features), default=None
        Rows that are compared too.
    random_state : int, default=0
        Of the others.
    dtype : numpy dtype, default=float64
        To which their numbers are rounded, and whose numbers are neighbours.

    Returns
    -------
    list of (rows, list of ndarray)
        Likely rows, hostile ones, and X: as the student takes them, and as columns.

    Raises
    ------
    ValueError
        If X is no table of rows, or one of its numbers is beyond the range of `dtype`.
    """
    if X is not None:
        _check_is_table(X)
    random = np.random.default_rng(random_state)
    likely = likely_rows(student, predictor, random)
    drawn = [likely, hostile_rows(student, predictor, random, dtype)]
    batches = [container(student, _rounded(columns, dtype)) for columns in drawn]
    batches += [] if X is None else [_rounded_rows(student, predictor, X, dtype)]
    return [(rows, plain_columns(predictor, rows)) for rows in batches]


def _check_is_table(X):
    """That X holds rows, and is no single one and no dict of columns."""
    first = X[0] if isinstance(X, list | tuple) and len(X) else X
    if isinstance(first, dict) or getattr(X, "ndim", None) == 1:
        raise ValueError(
            f"X={type(X).__name__} must be rows as the student's predict takes them: a "
            "frame or an array of shape (n, n_features), also for a single row, X[:1]. "
            "pandas.DataFrame(X) makes a frame of a list of dicts."
        )


def check_columns(n, predictor):
    """That an artefact takes as many columns as the student that it is compared with.

    Parameters
    ----------
    n : int
        How many it takes.
    predictor : NumpyPredictor
        Of the student.

    Raises
    ------
    ValueError
        If the student takes more, or fewer.
    """
    wanted = predictor.n_features_in_
    if n != wanted:
        raise ValueError(
            f"The artefact takes {n} columns, and the student {wanted}: the artefact is of "
            "another student."
        )


def _rounded(columns, dtype):
    """Columns whose numbers, still float64, are such as a dtype holds."""
    return [
        column.astype(dtype).astype(np.float64) if column.dtype.kind == "f" else column
        for column in columns
    ]


def _rounded_rows(student, predictor, X, dtype):
    """Rows of any container; X itself where nothing is to be rounded."""
    columns = plain_columns(predictor, X)
    with np.errstate(over="ignore"):
        rounded = _rounded(columns, dtype)
    if any(np.isinf(c).any() for c in rounded if c.dtype.kind == "f"):
        raise ValueError(
            f"X holds numbers beyond ±{np.finfo(dtype).max:.3g}, the range of "
            f"{np.dtype(dtype).name}, in which the artefact is run: leave these rows out."
        )
    pairs = list(zip(columns, rounded, strict=True))
    if all(a is b or np.array_equal(a, b, equal_nan=True) for a, b in pairs):
        return X
    # Categories as they were given: as text the student may not know them.
    raw = _raw_columns(predictor, X)
    pairs = zip(raw, rounded, strict=True)
    return container(
        student, [b if b.dtype.kind == "f" else _objects(a) for a, b in pairs]
    )


def _objects(column):
    values = np.empty(len(column), dtype=object)
    values[:] = [None if _is_gap(value) else value for value in column.tolist()]
    return values


def plain_columns(predictor, X):
    """The columns of any container, in the order of training.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of the student.
    X : array-like or frame of shape (n, n_features)
        Rows that the student takes.

    Returns
    -------
    list of ndarray of shape (n,)
        Numbers as float64, NaN for gaps; categories as objects: strings, numbers and
        booleans of Python, and None for gaps.
    """
    columns, names = _raw_columns(predictor, X), predictor.meta["names"]
    labels = {each["column"]: each for each in predictor.meta["view"].get("labels", [])}
    return [
        _plain_labels(column, labels[j]["as_text"])
        if j in labels
        else _numbers_of(column, j if names is None else names[j])
        for j, column in enumerate(columns)
    ]


def _raw_columns(predictor, X):
    n, names = predictor.n_features_in_, predictor.meta["names"]
    return _by_names(X, names, n) if _is_frame(X) else list(_as_array(X).T)


def _plain_labels(column, as_text):
    plain = np.empty(len(column), dtype=object)
    for i, value in enumerate(column.tolist()):
        if not _is_gap(value):
            plain[i] = str(value) if as_text else value
    return plain
