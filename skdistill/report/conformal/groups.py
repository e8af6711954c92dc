"""Groups of rows, each with a confidence of its own."""

import numpy as np

from ...tables.containers import as_array, is_frame
from ...tables.gaps import plain_values
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
            column = self._groups(X)
        elif is_frame(X):
            column = X[self._groups]
        else:
            column = as_array(X)[:, self._groups]
        return np.array([str(value) for value in plain_values(column)])

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
