"""Names of columns, and whether they are those of fit."""

import math
from collections import Counter

from .containers import is_arrow, is_frame


def column_names(X):
    """What a frame calls its columns.

    Parameters
    ----------
    X : object
        As the user gave it.

    Returns
    -------
    list or None
        Strings, or of pandas any other names, such as numbers and tuples. None for what
        is no frame.
    """
    if is_arrow(X):
        return list(X.schema.names)
    return list(X.columns) if is_frame(X) else None


def check_distinct(X):
    """Refuse a frame with several columns of one name.

    Parameters
    ----------
    X : array-like or frame of shape (n, n_features)
        As the user gave it.

    Raises
    ------
    ValueError
        If a name repeats.
    """
    names = _comparable(column_names(X))
    if names is None:
        return
    if len(set(names)) == len(names):
        return
    repeated = [name for name, count in Counter(names).items() if count > 1]
    raise ValueError(
        f"X has several columns of one name, {repeated[:10]!r}: rename them, or give an "
        "array."
    )


def _comparable(names):
    """Names of which two are equal if both are NaN: an object equals itself in a list."""
    if names is None:
        return None
    return [math.nan if _is_nan(name) else name for name in names]


def _is_nan(name):
    return isinstance(name, float) and name != name


def check_names(estimator, X, reset):
    """Keep the names of columns, or refuse another order of names that are no strings.

    scikit-learn checks ``feature_names_in_``, which it sets for strings alone.

    Parameters
    ----------
    estimator : estimator
        Gets, or is compared by, the names.
    X : array-like or frame of shape (n, n_features)
        As the user gave it.
    reset : bool
        Whether this is the table of ``fit``.

    Raises
    ------
    ValueError
        If a name repeats, or a frame has the columns of ``fit`` in another order.
    """
    check_distinct(X)
    names = column_names(X)
    if reset:
        estimator._column_names = names
        return
    known, names = map(_comparable, (vars(estimator).get("_column_names"), names))
    if not names or not known or all(isinstance(name, str) for name in known):
        return
    if names != known and len(names) == len(known) == len({*names, *known}):
        raise ValueError(
            f"X has the columns of fit in another order, {names[:10]!r}: give "
            f"X[{known[:10]!r}], or an array if their order is right and the names are not."
        )
