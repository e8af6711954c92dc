"""Rows of X_test that stand among the training rows, found by what they hold."""

import hashlib
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.stats import binom
from sklearn.base import BaseEstimator
from sklearn.utils.validation import _num_samples

from ..tables.column_names import column_names
from ..tables.containers import (
    as_array,
    columns_of,
    is_arrow,
    is_frame,
    is_texts,
    n_columns,
    rows_of,
)
from ..tables.gaps import is_gap, plain_values
from ..tables.reading import validated_table

_CELLS_OF_PART = 2_000_000
_GAP = np.uint64(0x9E3779B97F4A7C15)
_HARMLESS = 0.005  # of the rows, and one more: so little can they move a share
#: The chance that a proper split is refused, where rows repeat within the training rows.
_CHANCE = 1e-3


@dataclass(frozen=True)
class Seen:
    """What of X_test stands among the training rows.

    Attributes
    ----------
    rows : ndarray of int
        Positions in X_test.
    n_test : int
        Number of rows that were looked up.
    repeated : float
        Share of the training rows that have a twin among themselves.
    """

    rows: np.ndarray
    n_test: int
    repeated: float

    @property
    def by_chance(self):
        """Whether so many may well be others of the same content, or move no figure."""
        # numpydoc ignore=RT01
        chance = binom.sf(len(self.rows) - 1, self.n_test, self.repeated)
        return chance >= _CHANCE or len(self.rows) <= 1 + _HARMLESS * self.n_test


def seen_rows(X_test, X_train, name="X_test"):
    """Find rows that were trained on, by content.

    Parameters
    ----------
    X_test, X_train : array-like or frame
        Of the same columns; the containers may differ.
    name : str, default="X_test"
        What an error calls the first.

    Returns
    -------
    Seen
        Which rows, and how many there would be by chance.

    Raises
    ------
    ValueError
        If the columns differ.
    """
    names, width = column_names(X_test), n_columns(X_test)
    others = column_names(X_train) or names  # an array may stand beside a frame
    if n_columns(X_train) != width or (names or others) != others:
        raise ValueError(
            f"X_train has other columns than {name} ({n_columns(X_train)} and {width}): "
            "give both with the same columns, in the same order."
        )
    keys, known = row_keys(X_test), row_keys(X_train)
    _, counts = np.unique(known, return_counts=True)
    repeated = counts[counts > 1].sum() / max(len(known), 1)
    return Seen(np.flatnonzero(np.isin(keys, known)), len(keys), float(repeated))


def row_keys(X):
    """A number for each row, the same for rows of the same content.

    Parameters
    ----------
    X : array-like or frame of shape (n, n_features), or texts of shape (n,)
        Rows.

    Returns
    -------
    ndarray of shape (n,)
        64 bits, so that different rows share one by a chance of 1e-19 a pair.

    Examples
    --------
    >>> from skdistill.report.seen import row_keys
    >>> keys = row_keys([[1.0, 2.0], [2.0, 1.0], [1, 2]])
    >>> (keys == keys[0]).tolist()
    [True, False, True]
    """
    n = _num_samples(X)
    width = getattr(X, "shape", (n, 100))[-1]
    size = max(1, _CELLS_OF_PART // max(width, 1))
    parts = range(0, n, size)
    # Part by part: columns of a large table are not copied all at once.
    keys = [_keys(rows_of(X, np.arange(a, min(a + size, n)))) for a in parts]
    return np.concatenate(keys) if keys else np.zeros(0, np.uint64)


def _keys(X):
    if is_texts(X):
        return _mixed([_of_objects(plain_values(X))], [0])
    if sparse.issparse(X):
        X = X.toarray()
    try:
        table = validated_table(BaseEstimator(), X, reset=True)
    except (TypeError, ValueError):  # dates and the like: by what they are printed as
        columns = columns_of(X if is_frame(X) or is_arrow(X) else as_array(X))
        return _mixed(
            [_of_objects(plain_values(c)) for c in columns], range(len(columns))
        )
    labels = [_of_labels(column) for column in table.labels.values()]
    places = [*table.number_columns, *table.labels]
    return _mixed([*map(_of_numbers, table.numbers.T), *labels], places)


def _of_numbers(column):
    column = np.where(column == 0, 0.0, column)  # -0.0 is 0.0
    return np.where(np.isnan(column), _GAP, column.view(np.uint64))


def _of_labels(column):
    keys = np.append(_of_objects(column.categories), _GAP)
    return keys[column.codes]


def _of_objects(values):
    return np.array([_of_object(value) for value in values], dtype=np.uint64)


def _of_object(value):
    if is_gap(value):
        return _GAP
    if isinstance(value, int | float | np.number | np.bool_):  # as a column of numbers
        return _of_numbers(np.array([float(value)]))[0]
    digest = hashlib.blake2b(str(value).encode(), digest_size=8).digest()
    return np.frombuffer(digest, np.uint64)[0]


def _mixed(columns, places):
    """Keys of rows: what is in a column counts by its place."""
    total = np.zeros(len(columns[0]), np.uint64)
    for keys, place in zip(columns, places, strict=True):
        salt = np.array([place + 1], np.uint64) * _GAP  # of arrays sums may overflow
        total += _scattered(keys + salt)
    return _scattered(total)


def _scattered(keys):
    """Every bit of a number into all bits (SplitMix64's last step)."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return keys ^ (keys >> np.uint64(31))
