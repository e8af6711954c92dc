"""One row that a user names, and others like it."""

from collections.abc import Hashable
from numbers import Number

import numpy as np
from scipy import sparse

from ..tables.containers import as_array, is_frame, unmasked
from ..tables.gaps import is_gap
from ..tables.terms import category_in_words
from ..tables.view import reads_tables


def one_row(x):
    """Return a row in a form that a fitted student takes.

    Parameters
    ----------
    x : frame of one row, Series, array-like of shape (n_features,) or (1, n_features)
        The row; or a text.

    Returns
    -------
    frame or array-like of shape (1, n_features)
        The row in two dimensions; a text in a list.

    Raises
    ------
    ValueError
        If it has no dimension, as a number and a dict.
    """
    if is_frame(x):
        return x
    if isinstance(x, str):
        return [x]
    if is_series(x):
        return x.to_frame().T.infer_objects()  # a Series of mixed values is of objects
    if sparse.issparse(x):
        return x
    n_dimensions = as_array(x).ndim
    if not n_dimensions:
        raise ValueError(
            f"x={x!r} must be one row: a frame such as X[:1], a Series, or a list of one "
            "value for each column."
        )
    return [x] if n_dimensions == 1 else x


def is_series(x):
    """Tell whether a row is a Series of pandas.

    Parameters
    ----------
    x : object
        As the user gave it.

    Returns
    -------
    bool
        Its values have then a type each, and columns none.
    """
    return hasattr(x, "to_frame") and hasattr(x, "index")


def with_categories(row, student):
    """Return the row of a Series with the categories that the Series has forgotten.

    Parameters
    ----------
    row : pandas.DataFrame of one row
        From ``one_row``.
    student : SoftDecisionTree, HardDecisionTree or NeuralStudent
        Fitted.

    Returns
    -------
    pandas.DataFrame
        A known category, and what is neither text nor number, such as an interval, is
        one again.
    """
    import pandas as pd

    view = student.preprocessor_
    if not reads_tables(view) or row.shape[1] != student.n_features_in_:
        return row
    for part in view.parts_[1:]:
        value = row.iloc[0, part.column]
        if is_gap(value) or not isinstance(value, Hashable):
            continue
        # As training had it: 1.0, of a Series of numbers, is the category 1.
        known = {each: each for each in part.bins}
        if value in known or not isinstance(value, str | Number):
            row.isetitem(part.column, pd.Categorical([known.get(value, value)]))
    return row


def varied(row, column, values):
    """Return copies of a row with other values in one column.

    Parameters
    ----------
    row : frame or array-like of shape (1, n_features) or (len(values), n_features)
        From ``one_row``; or from here, where another column has varied.
    column : int
        Position of the column.
    values : sequence
        One for each copy.

    Returns
    -------
    pandas.DataFrame or ndarray of shape (len(values), n_features)
        A frame where `row` is one.
    """
    row = row.to_pandas() if hasattr(row, "to_pandas") else row
    if not is_frame(row):
        row = row.toarray() if sparse.issparse(row) else unmasked(as_array(row))
        rows = row[np.arange(len(values)) % len(row)]
        kinds = [rows.dtype, np.asarray(values).dtype]
        # numpy would make strings of numbers beside strings.
        alike = len({kind.kind in "biuf" for kind in kinds}) < 2
        rows = rows.astype(np.result_type(*kinds) if alike else object)
        rows[:, column] = values
        return rows
    import pandas as pd

    rows = row.iloc[np.arange(len(values)) % len(row)]
    before = row.dtypes.iloc[column]
    if isinstance(before, pd.CategoricalDtype):
        # A categorical takes no other values than its categories.
        known = before.categories.union(pd.Index(values).unique(), sort=False)
        values = pd.Categorical(values, categories=known, ordered=before.ordered)
    new = pd.Series(values, index=rows.index)
    parts = [rows.iloc[:, k] if k != column else new for k in range(rows.shape[1])]
    rows = pd.concat(parts, axis=1)
    rows.columns = row.columns
    return rows


def held_by(student, row):
    """Return what a row holds, by column, where the columns are those of a table.

    Parameters
    ----------
    student : SoftDecisionTree, HardDecisionTree or NeuralStudent
        Fitted.
    row : frame or array-like of shape (1, n_features)
        From ``Readable.row``.

    Returns
    -------
    dict of {int: str, float or None}
        A category, a number, or None for a gap.
    """
    if not reads_tables(student.preprocessor_):
        return {}
    table = student._table(row)
    numbers = zip(table.number_columns.tolist(), table.numbers[0].tolist(), strict=True)
    held = {j: None if np.isnan(value) else value for j, value in numbers}
    for column, labels in table.labels.items():
        code = int(labels.codes[0])
        held[column] = category_in_words(labels.categories[code]) if code >= 0 else None
    return held
