"""Rows in which some columns are shuffled, in the container and the types that they had."""

import sys

import numpy as np
from scipy import sparse

from ..tables.containers import (
    arrow_table,
    as_array,
    is_arrow,
    is_frame,
    is_texts,
    rows_of,
)


def with_shuffled(X, columns, order):
    """Give some columns the values of other rows.

    Parameters
    ----------
    X : object
        Rows as the user gave them.
    columns : list of int
        Positions of the columns; of texts that of the only one.
    order : ndarray of int of shape (n,)
        For each row the one whose values it gets.

    Returns
    -------
    object
        A new table like X.
    """
    if not len(columns):
        return X
    others = rows_of(X, order)
    if is_texts(X):
        return others
    if is_arrow(X):
        return _mixed_arrow(arrow_table(X), arrow_table(others), columns)
    if is_frame(X):
        return _mixed_frame(X, others, columns)
    if sparse.issparse(X):
        both = sparse.hstack([X, others]).tocsc()
        return both[:, _places(X.shape[1], columns)].tocsr()
    mixed = as_array(X).copy()
    mixed[:, columns] = others[:, columns]
    return mixed


def _places(n_columns, columns):
    """Positions in two tables side by side."""
    places = np.arange(n_columns)
    places[columns] += n_columns
    return places


def _mixed_frame(X, others, columns):
    if not hasattr(X, "iloc"):  # polars
        names = [X.columns[j] for j in columns]
        return X.with_columns(others.select(names).get_columns())
    concat = sys.modules["pandas"].concat
    both = concat([X, others.set_axis(X.index, axis=0)], axis=1)
    return both.iloc[:, _places(X.shape[1], columns)]


def _mixed_arrow(X, others, columns):
    for j in columns:
        X = X.set_column(j, X.schema.field(j), others.column(j))
    return X


def one_after_another(tables):
    """Put tables like one another into one.

    Parameters
    ----------
    tables : list
        From ``with_shuffled``, of the same rows.

    Returns
    -------
    object
        Of the same kind.
    """
    first = tables[0]
    if len(tables) == 1:
        return first
    if is_texts(first) and not isinstance(first, np.ndarray):
        texts = [text for table in tables for text in table]
        return texts if isinstance(first, list) else type(first)(texts)
    if is_arrow(first):
        return sys.modules["pyarrow"].concat_tables(tables)
    if is_frame(first):
        if hasattr(first, "iloc"):
            return sys.modules["pandas"].concat(tables, axis=0, ignore_index=True)
        return sys.modules["polars"].concat(tables)
    if sparse.issparse(first):
        return sparse.vstack(tables).tocsr()
    return np.concatenate(tables)
