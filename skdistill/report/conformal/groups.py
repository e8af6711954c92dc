"""Groups of rows, each with a confidence of its own."""

import numpy as np
from sklearn.utils.validation import _num_samples

from ...tables.column_names import column_names
from ...tables.containers import as_array, columns_of, is_arrow, is_frame
from ...tables.gaps import is_gap, plain_values
from ...warn import warn


class Groups:
    """Which group a row is of; groups of few rows are not known.

    Parameters
    ----------
    groups : str, int, callable or None
        A column, or a function of X that returns a label for each row; None for no
        groups.
    X : array-like or frame of shape (n, n_features)
        Rows for calibration.
    least : int
        Of fewer rows no group is known, and a warning says so.
    """

    def __init__(self, groups, X, least):
        self._groups = groups
        if groups is None:
            return
        names, counts = np.unique(self.names(X), return_counts=True)
        self._known = names[counts >= least]
        if (counts < least).any():
            few = ", ".join(names[counts < least][:5])
            warn(
                f"Groups of fewer than {least} rows for calibration get sets of all "
                f"classes, or intervals without ends: {few}."
            )

    def names(self, X):
        """Call groups by their value as it prints, a gap too.

        Parameters
        ----------
        X : array-like or frame of shape (m, n_features)
            Rows.

        Returns
        -------
        ndarray of str of shape (m,), or None
            None without groups.
        """
        if self._groups is None:
            return None
        if callable(self._groups):
            values = _labels(self._groups(X), _num_samples(X))
        else:
            values = plain_values(_column(X, self._groups))
        return np.array([_name(value) for value in values])

    def codes(self, X):
        """Number groups.

        Parameters
        ----------
        X : array-like or frame of shape (m, n_features)
            Rows.

        Returns
        -------
        ndarray of int of shape (m,), or None
            -1 for groups that are not known; None without groups.
        """
        names = self.names(X)
        if names is None:
            return None
        codes = np.searchsorted(self._known, names)
        inside = np.minimum(codes, len(self._known) - 1)
        is_known = len(self._known) > 0 and self._known[inside] == names
        return np.where(is_known, codes, -1)


def _column(X, group):
    """A column by its name or, where none is called so, by its position."""
    names = column_names(X)
    columns = columns_of(X if is_frame(X) or is_arrow(X) else as_array(X))
    if names is not None and group in names:
        return columns[names.index(group)]
    if isinstance(group, int | np.integer) and -len(columns) <= group < len(columns):
        return columns[group]
    known = (
        f"{len(columns)} columns" if names is None else f"the columns {names[:10]!r}"
    )
    raise ValueError(
        f"groups={group!r} is no column of X, which has {known}: give the name or position "
        "of one, or a function of X."
    )


def _labels(said, n):
    """What a function of the user's says: a label for each row."""
    labels = plain_values(said)
    if labels.shape != (n,):
        raise ValueError(
            f"groups returned labels of the shape {labels.shape} for {n} rows: return one "
            "label for each row."
        )
    return labels


def _name(value):
    """A value as it prints; whole numbers are floats in a column that has gaps."""
    if is_gap(value):
        value = None  # of numbers it is NaN, of objects None
    elif isinstance(value, float | np.floating) and float(value).is_integer():
        value = int(value)
    return str(value)
