"""The columns of any rows that a model takes, one by one: tables, sparse ones, texts."""

import numpy as np
from scipy import sparse

from ..inspection.numbers import in_full, number
from ..inspection.wording import quoted
from ..tables.column_names import column_names
from ..tables.containers import as_array, columns_of, is_arrow, is_frame, is_texts
from ..tables.reading import read_column
from ..tables.table import Labels, default_names
from ..tables.terms import category_in_words, in_one_line

#: What the only column of texts is called.
TEXT = "text"
_DIGITS = 6  # of a number that is not whole


def names_of_columns(X):
    """What the columns of some rows are called, as the user wrote it.

    Parameters
    ----------
    X : object
        Rows as the user gave them.

    Returns
    -------
    list
        ``feature_0`` and so on, where they have no names; ``text`` of texts.
    """
    names = column_names(X)
    if names is not None:
        return names
    if is_texts(X):
        return [TEXT]
    return default_names(X.shape[1] if sparse.issparse(X) else as_array(X).shape[1])


def names_in_words(X):
    """The same, as a sentence has them.

    Parameters
    ----------
    X : object
        Rows as the user gave them.

    Returns
    -------
    list of str
        In one line; in quotes, if they could be taken for numbers.
    """
    return [quoted(in_one_line(name)) for name in names_of_columns(X)]


def read_columns(X):
    """Read what can be asked about.

    Parameters
    ----------
    X : object
        Rows as the user gave them, no texts.

    Yields
    ------
    column : int
        Its position.
    values : ndarray of shape (n,) or Labels
        Numbers with NaN for gaps, or categories. What is neither, such as dates, is left
        out.
    """
    if sparse.issparse(X):
        X = X.tocsc()
        columns = (X[:, [j]].toarray().ravel() for j in range(X.shape[1]))
    else:
        columns = columns_of(X if is_frame(X) or is_arrow(X) else as_array(X))
    for j, column in enumerate(columns):
        values = _read(column)
        if values is not None:
            yield j, values


def column_at(X, column):
    """Read one column.

    Parameters
    ----------
    X : object
        Rows as the user gave them.
    column : int
        Its position.

    Returns
    -------
    ndarray of shape (n,), Labels or None
        As from ``read_columns``; None of what is left out there.
    """
    if is_texts(X):
        return X
    if sparse.issparse(X):
        return X[:, [column]].toarray().ravel()
    if is_arrow(X):
        return _read(X.column(column))
    if is_frame(X):
        at = X.iloc[:, column] if hasattr(X, "iloc") else X.to_series(column)
        return _read(at)
    return _read(as_array(X)[:, column])


def _read(column):
    try:
        return read_column("", column)
    except TypeError:
        return None


def cell_in_words(values, row):
    """What one row holds in a column.

    Parameters
    ----------
    values : ndarray of shape (n,) or Labels
        The column.
    row : int
        The row's position.

    Returns
    -------
    str
        A number, a whole one in full; a category; or "missing".
    """
    if isinstance(values, Labels):
        code = values.codes[row]
        if code < 0:
            return "missing"
        return category_in_words(values.categories[code])
    value = float(values[row])
    if np.isnan(value):
        return "missing"
    return in_full(value) if value.is_integer() else number(value, _DIGITS)
