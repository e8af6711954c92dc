"""Any container -> a Table: numbers with NaN for gaps, labels as codes.

Frames are read through the methods of pandas, polars and pyarrow, column by column; none
of these libraries is imported here.
"""

import contextlib

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_array, validate_data

from .column_names import check_distinct
from .containers import (
    arrow_table,
    as_array,
    frame_columns,
    is_arrow,
    is_frame,
    unmasked,
)
from .gaps import is_gap, plain_values
from .table import Labels, Table, default_names, plain_table

_SPARSE_ADVICE = (
    "Sparse data was passed, but a student sees dense numbers. Give a transformer that "
    "reduces it, such as TruncatedSVD, as `preprocessor` (the teacher still gets the "
    "sparse X), or use '.toarray()' where memory allows."
)


def is_readable(X):
    """Whether ``validated_table`` takes X.

    Parameters
    ----------
    X : object
        Rows that perhaps only a user's preprocessor can read.

    Returns
    -------
    bool
        False for dates, lists, sparse matrices and the like.
    """
    try:
        validated_table(BaseEstimator(), X, reset=True)
    except (TypeError, ValueError):
        return False
    return True


def validated_table(estimator, X, reset):
    """Read a table for an estimator, with scikit-learn's checks of width and names.

    Parameters
    ----------
    estimator : estimator
        Gets, or is compared by, ``n_features_in_`` and ``feature_names_in_``.
    X : array-like or frame of shape (n, n_features)
        Numbers, booleans, categories, strings, and gaps.
    reset : bool
        Whether this is the table of ``fit``.

    Returns
    -------
    Table
        The columns of X.

    Raises
    ------
    ValueError, TypeError
        If X holds infinity, dates or other objects, is sparse or empty, or has other
        columns than in ``fit``.
    """
    if sparse.issparse(X):
        raise TypeError(_SPARSE_ADVICE)
    if hasattr(X, "collect"):  # polars
        raise TypeError("X is a lazy frame: give X.collect().")
    check_distinct(X)
    if is_frame(X):
        _check_not_empty(*X.shape)
        validate_data(estimator, X, reset=reset, skip_check_array=True)
        return _from_columns(frame_columns(X), len(X), [str(c) for c in X.columns])
    if is_arrow(X):
        _check_not_empty(*X.shape)
        X = arrow_table(X)
        validate_data(estimator, X, reset=reset, skip_check_array=True)
        names = X.schema.names
        return _from_columns(zip(names, X.columns, strict=True), len(X), names)
    values = unmasked(as_array(X))
    if values.ndim != 2:
        values = check_array(values, dtype=None)  # raises, and says what to do
    if values.dtype.kind in "OUSTmM" and values.size:
        validate_data(estimator, values, reset=reset, skip_check_array=True)
        columns = [(str(j), values[:, j]) for j in range(values.shape[1])]
        return _from_columns(columns, len(values), default_names(values.shape[1]))
    numbers = validate_data(
        estimator,
        values,
        reset=reset,
        dtype=np.float64,
        order="C",
        ensure_all_finite="allow-nan",
    )
    return plain_table(numbers)


def _check_not_empty(n, n_columns):
    if not n or not n_columns:
        empty = "0 feature(s)" if n else "0 sample(s)"
        raise ValueError(
            f"Found array with {empty} (shape=({n}, {n_columns})) while a minimum of 1 is "
            "required."
        )


def _from_columns(columns, n, names):
    numbers, positions, labels = [], [], {}
    for j, (name, column) in enumerate(columns):
        values = read_column(name, column)
        if isinstance(values, Labels):
            labels[j] = values
            continue
        if np.isinf(values).any():
            raise ValueError(f"Input X contains infinity, in column {name!r}.")
        numbers.append(values)
        positions.append(j)
    stacked = np.column_stack(numbers) if numbers else np.empty((n, 0))
    return Table(stacked, np.array(positions, dtype=int), labels, names)


def read_column(name, column):
    """Read one column.

    Parameters
    ----------
    name : str
        What an error calls it.
    column : array or series of shape (n,)
        Numbers, booleans, categories, strings, and gaps.

    Returns
    -------
    ndarray of shape (n,) or Labels
        Numbers as floats with NaN for gaps; infinity is not refused.

    Raises
    ------
    TypeError
        If it holds dates or other objects, or mixes strings with others.
    """
    if not hasattr(column, "dtype"):
        return _read_arrow(name, column)
    dtype = column.dtype
    if hasattr(dtype, "is_temporal"):
        return _read_polars(name, column)
    if hasattr(dtype, "categories"):
        # The codes say more than the values: the order of the categories, and unused
        # ones.
        categories = list(dtype.categories)
        _check_not_mixed(name, categories)
        return Labels(np.asarray(column.cat.codes, dtype=np.int64), categories)
    if _is_dictionary(getattr(dtype, "pyarrow_dtype", None)):
        return _read_arrow(name, column.array.__arrow_array__())
    kind = getattr(dtype, "kind", "O")
    if kind in "biuf":
        if isinstance(dtype, np.dtype):
            return np.asarray(column, dtype=np.float64)
        return column.to_numpy(dtype=np.float64, na_value=np.nan)
    if kind in "OUST":
        return _from_factors(name, *_factorize(name, column))
    raise _refusal(name, dtype)


def _read_polars(name, column):
    dtype = column.dtype
    if dtype.is_numeric() or str(dtype) == "Boolean":
        # polars' Float64, found without importing polars.
        floats = column.cast(type(column)([0.0]).dtype)
        return np.array(floats.fill_null(float("nan")), dtype=np.float64)
    if str(dtype) == "Null":
        return np.full(len(column), np.nan)
    text = type(column)([""]).dtype
    if str(dtype) == "Object":
        return _from_factors(name, *_factorize(name, column.to_list()))
    if dtype != text and not str(dtype).startswith(("Categorical", "Enum")):
        raise _refusal(name, dtype)
    strings = column.cast(text)
    if str(dtype).startswith("Enum"):  # in the order that was given to them
        categories = dtype.categories.to_list()
    else:
        categories = strings.drop_nulls().unique().sort().to_list()
    whole = type(column)([0]).dtype
    codes = strings.replace_strict(
        [*categories, None], [*range(len(categories)), -1], return_dtype=whole
    )
    return Labels(np.array(codes, dtype=np.int64), categories)


def _is_dictionary(arrow_type):
    return str(arrow_type).startswith("dictionary<")


def _read_arrow(name, column):
    if not _is_dictionary(column.type):
        return read_column(name, plain_values(column))
    if hasattr(column, "combine_chunks"):
        # Each chunk may number its values in a way of its own.
        column = column.unify_dictionaries().combine_chunks()
    values = column.dictionary.to_pylist()
    filled = [i for i, value in enumerate(values) if not is_gap(value)]
    _check_not_mixed(name, [values[i] for i in filled])
    # An arrow dictionary is in order of appearance, unless it is declared as ordered.
    if not column.type.ordered:
        filled.sort(key=values.__getitem__)
    rank = np.full(len(values) + 1, -1)  # the last one for the code -1, a gap
    rank[filled] = np.arange(len(filled))
    codes = column.indices.cast("int64").fill_null(-1)
    return Labels(rank[np.asarray(codes)], [values[i] for i in filled])


def _factorize(name, values):
    """Codes and distinct values of any hashable objects."""
    if hasattr(values, "factorize"):  # pandas: faster than the loop below,
        # which names the value of a wrong type. pandas 2.2 fails at numbers beyond floats.
        with contextlib.suppress(TypeError, OverflowError):
            return values.factorize()
    code_of, codes = {}, np.empty(len(values), dtype=np.int64)
    for i, value in enumerate(values):
        try:
            codes[i] = -1 if is_gap(value) else code_of.setdefault(value, len(code_of))
        except TypeError as error:
            raise _refusal(name, f"values such as {value!r}") from error
    return codes, list(code_of)


def _from_factors(name, codes, categories):
    """Floats where all values are numbers (or strings of numbers in an array)."""
    categories = list(categories)
    _check_not_mixed(name, categories)
    if categories and isinstance(categories[0], str):
        order = sorted(range(len(categories)), key=categories.__getitem__)
        rank = np.append(np.argsort(order), -1)  # the code -1 of a gap stays -1
        return Labels(rank[codes], [str(categories[i]) for i in order])
    try:
        table = np.array([*map(_as_float, categories), np.nan], dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise _refusal(name, error) from error
    return table[codes]  # the code -1 of a gap finds the NaN


def _check_not_mixed(name, categories):
    others = [c for c in categories if not isinstance(c, str)]
    if 0 < len(others) < len(categories):
        raise TypeError(
            f"Column {name!r} of X mixes strings with {type(others[0]).__name__} "
            f"({others[0]!r}): make it one or the other, for example by astype(str)."
        )


def _as_float(value):
    if isinstance(value, bytes | complex) or not hasattr(value, "__float__"):
        raise TypeError(f"values such as {value!r}")
    return float(value)


def _refusal(name, what):
    return TypeError(
        f"Column {name!r} of X holds {what}. For a student each argument must be a "
        "string or a number (or a boolean, category or gap): turn dates into numbers, "
        "lists into columns."
    )
