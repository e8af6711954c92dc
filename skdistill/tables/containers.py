"""Frames, arrow tables, arrays and lists: their kind, columns and rows."""

import sys

import numpy as np
from scipy import sparse
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import _num_features

#: Formats of sparse matrices that have rows by position, in all versions of scipy.
_SLICED = {"csr", "csc", "lil"}


def is_frame(X):
    """Whether X is a frame, with names and a type for each column.

    Parameters
    ----------
    X : object
        As the user gave it.

    Returns
    -------
    bool
        True for pandas' and polars' frames.
    """
    return hasattr(X, "columns") and hasattr(X, "dtypes") and hasattr(X, "shape")


def is_arrow(X):
    """Whether X is a table of pyarrow, whose ``columns`` are no names.

    Parameters
    ----------
    X : object
        As the user gave it.

    Returns
    -------
    bool
        True for a Table and for a RecordBatch.
    """
    return hasattr(X, "schema") and hasattr(X, "num_rows") and hasattr(X, "take")


def as_array(X):
    """An array, of lists of lists too, that keeps strings and numbers apart.

    Parameters
    ----------
    X : array-like of shape (n, n_features)
        No frame.

    Returns
    -------
    ndarray
        An array of objects where a list holds strings.
    """
    if isinstance(X, np.ndarray):
        return X
    if isinstance(X, list | tuple) and any(map(_has_masks, X)):
        is_row = [isinstance(row, list | tuple) or np.ndim(row) for row in X]
        rows = [list(row) if is_ else row for row, is_ in zip(X, is_row, strict=True)]
        return np.array(rows, dtype=object)
    values = np.asarray(X)
    is_list = not hasattr(X, "dtype")
    # Beside strings numpy makes strings of a list's numbers.
    return np.asarray(X, object) if is_list and values.dtype.kind in "USmM" else values


def _has_masks(row):
    """Whether masked values are in a list's row, which an array would forget."""
    if isinstance(row, list | tuple):
        return any(value is np.ma.masked for value in row)
    return isinstance(row, np.ma.MaskedArray)


def unmasked(X):
    """A masked array as one whose masked cells are gaps.

    Parameters
    ----------
    X : object
        As the user gave it.

    Returns
    -------
    object
        Itself, if it is no masked array; NaN for gaps among numbers, None among others.
    """
    if not isinstance(X, np.ma.MaskedArray):
        return X
    mask, values = np.ma.getmaskarray(X), np.asarray(X)
    if not mask.any():
        return values
    is_number = values.dtype.kind in "biuf"
    values = values.astype(np.float64 if is_number else object)
    values[mask] = np.nan if is_number else None
    return values


def columns_of(X):
    """The columns of a table, each in the container that the table makes.

    Parameters
    ----------
    X : array-like or frame of shape (n, k)
        As the user gave it.

    Returns
    -------
    list
        Arrays, or the series of a frame.
    """
    if is_arrow(X):
        return list(X.columns)
    return [column for _, column in frame_columns(X)] if is_frame(X) else list(X.T)


def is_texts(X):
    """Whether X is a text for each row, without columns.

    Parameters
    ----------
    X : object
        As the user gave it.

    Returns
    -------
    bool
        True for lists, arrays and series of strings, with gaps or without.
    """
    if not isinstance(X, list | tuple) and len(getattr(X, "shape", ())) != 1:
        return False
    # Numbers and gaps have no length; rows of a table have one, and are no strings.
    return isinstance(next((x for x in X if hasattr(x, "__len__")), None), str)


def n_columns(X):
    """Number of columns.

    Parameters
    ----------
    X : array-like or frame of shape (n, k), or texts of shape (n,)
        As the user gave it.

    Returns
    -------
    int or None
        None for what has none, such as a list of texts.
    """
    try:
        return _num_features(X)
    except TypeError:
        return None


def rows_of(X, index):
    """Some of the rows, in a table of the same kind.

    Parameters
    ----------
    X : array-like or frame of shape (n, n_features)
        As the user gave it.
    index : ndarray of int or bool
        Positions of the rows, or a mask.

    Returns
    -------
    array, sparse matrix, frame, or list or series of texts, of m rows
        An array of a list of lists; CSR of a sparse matrix that has no rows by position.
    """
    if is_arrow(X):
        index = np.asarray(index)
        # pyarrow takes positions, and no masks.
        return X.take(np.flatnonzero(index) if index.dtype == bool else index)
    if sparse.issparse(X) and X.format not in _SLICED:
        X = X.tocsr()
    known = is_frame(X) or sparse.issparse(X) or is_texts(X)
    return _safe_indexing(X if known else as_array(X), index)


def frame_columns(frame):
    """Each column with its name, also where names repeat.

    Parameters
    ----------
    frame : frame of shape (n, n_features)
        A frame of pandas or polars.

    Yields
    ------
    name : str
        What the frame calls the column.
    column : series of shape (n,)
        The column.
    """
    take = frame.iloc.__getitem__ if hasattr(frame, "iloc") else None
    for j, name in enumerate(frame.columns):
        yield str(name), take((slice(None), j)) if take else frame.to_series(j)


def arrow_table(X):
    """A pyarrow Table, of a RecordBatch too, whose names scikit-learn does not know.

    Parameters
    ----------
    X : pyarrow Table or RecordBatch
        As the user gave it.

    Returns
    -------
    pyarrow Table
        X itself, if it is a Table.
    """
    is_table = hasattr(X, "to_batches")
    return X if is_table else sys.modules["pyarrow"].Table.from_batches([X])
