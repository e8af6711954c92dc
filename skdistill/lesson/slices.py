"""Rows in memory as fragments, each of which takes its own rows along."""

import numpy as np
from sklearn.utils.validation import _num_samples

from ..tables.containers import n_columns, rows_of
from ..teacher.fingerprint import fingerprint

_ROWS = 50_000


class Slice:
    """Some consecutive rows; a pickle holds no others.

    Parameters
    ----------
    X : array-like or frame
        The rows, as the user gave them.
    start, stop : int
        Which of them.
    name, content : str
        Its name, and a key of what it holds; None is found out.
    """

    schema = ()

    def __init__(self, X, start, stop, name, content=None):
        self.X, self.start, self.stop, self.name = X, start, stop, name
        self.fingerprint = content or fingerprint(self._rows(start, stop))

    def __reduce__(self):
        rows, n = self._rows(self.start, self.stop), self.n_rows
        return Slice, (rows, 0, n, self.name, self.fingerprint)

    @property
    def n_rows(self):
        """Number of rows."""  # numpydoc ignore=RT01
        return self.stop - self.start

    @property
    def n_columns(self):
        """Number of columns; 1 for texts."""  # numpydoc ignore=RT01
        return n_columns(self.X) or 1

    @property
    def label(self):
        """What an error calls it."""  # numpydoc ignore=RT01
        return f"{self.name} of the rows of X"

    def batches(self, max_rows):
        """The rows, a few at a time.

        Parameters
        ----------
        max_rows : int
            Most rows of a batch.

        Yields
        ------
        array-like or frame
            In the user's container.
        """
        for start in range(self.start, self.stop, max_rows):
            yield self._rows(start, min(start + max_rows, self.stop))

    def _rows(self, start, stop):
        return rows_of(self.X, np.arange(start, stop))


def slices_of(X):
    """Rows in memory as fragments.

    Parameters
    ----------
    X : array-like or frame of shape (n, n_features)
        As the user gave it.

    Returns
    -------
    list of Slice
        In order.
    """
    n = _num_samples(X)
    starts = enumerate(range(0, n, _ROWS))
    return [Slice(X, s, min(s + _ROWS, n), f"part-{i:06d}") for i, s in starts]
