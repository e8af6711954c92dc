"""Rows of two tables of one kind, one after the other."""

import sys

import numpy as np
from scipy import sparse

from .containers import arrow_table, as_array, columns_of, is_arrow, is_frame


def stacked(first, second, name):
    """Rows of two tables of one kind, one after the other.

    Parameters
    ----------
    first, second : ndarray or frame of shape (n, n_features)
        Both of the same library.
    name : str
        What an error calls the second.

    Returns
    -------
    ndarray or frame
        Categories are those of both: the first one's in their order, then others.

    Raises
    ------
    ValueError
        If a column holds categories in one of them only.
    """
    kinds = [
        sparse.issparse(t) or (type(t) if is_frame(t) or is_arrow(t) else None)
        for t in (first, second)
    ]
    if kinds[0] != kinds[1]:
        raise ValueError(f"{name} must be of the same kind as X, such as a frame.")
    if sparse.issparse(first):
        return sparse.vstack([first, second]).tocsr()
    if is_arrow(first):
        return _stacked_arrow(first, second)
    if is_frame(first):
        return _stacked_frames(first, second, name)
    arrays = [as_array(first), as_array(second)]
    is_masked = any(isinstance(array, np.ma.MaskedArray) for array in arrays)
    return np.ma.concatenate(arrays) if is_masked else np.concatenate(arrays)


def _stacked_arrow(first, second):
    tables = [arrow_table(first), arrow_table(second)]
    concat = sys.modules["pyarrow"].concat_tables
    # Files of one table may differ in the width of a type: the wider one serves both.
    both = concat(tables, promote_options="permissive")
    return both.unify_dictionaries()  # the first one's order stays


def _stacked_frames(first, second, name):
    is_pandas = hasattr(first, "iloc")
    # pandas makes objects of two columns whose categories differ.
    columns = []
    for column, pair in zip(
        first.columns,
        zip(columns_of(first), columns_of(second), strict=True),
        strict=True,
    ):
        is_category = [_holds_categories(part.dtype) for part in pair]
        if is_category[0] != is_category[1]:
            raise ValueError(
                f"{name}: column {column!r} holds categories in X or in {name} only."
            )
        of_one_kind = _of_pandas if is_pandas else _of_polars
        columns.append(of_one_kind(*pair) if is_category[0] else pair)
    tables = zip(*columns, strict=True)
    if not is_pandas:
        frames = [type(first)(list(table)) for table in tables]
        return sys.modules["polars"].concat(frames, how="vertical_relaxed")
    concat = sys.modules["pandas"].concat
    both = concat([concat(table, axis=1) for table in tables], ignore_index=True)
    return both.set_axis(first.columns, axis=1)


def _holds_categories(dtype):
    return hasattr(dtype, "categories") or str(dtype).startswith("Categorical")


def _of_pandas(first, second):
    """Two columns with the levels of both: the first one's in its order, then others."""
    levels, others = first.cat.categories, second.cat.categories
    every = levels.append(others[~others.isin(levels)])
    ordered = first.cat.ordered
    return [c.cat.set_categories(every, ordered=ordered) for c in (first, second)]


def _of_polars(first, second):
    """The same for polars, where the categories of a Categorical have no order."""
    if not str(first.dtype).startswith("Enum"):
        return first, second
    strings = second.cast(type(second)([""]).dtype)
    others = strings.drop_nulls().unique().sort()
    if str(second.dtype).startswith("Enum"):
        others = second.dtype.categories
    levels = first.dtype.categories.to_list()
    every = type(first.dtype)(levels + [c for c in others if c not in levels])
    as_strings = first.cast(strings.dtype)
    return as_strings.cast(every), strings.cast(every)
