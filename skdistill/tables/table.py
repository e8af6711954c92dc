"""Any table -> its columns: numbers with NaN for gaps, labels as codes.

Frames are read through their own methods (pandas, polars, pyarrow), column by column;
none of these libraries is imported here.
"""

import contextlib
import sys
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from numbers import Number
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator
from sklearn.utils import _safe_indexing
from sklearn.utils.validation import check_array, validate_data

_SPARSE_ADVICE = (
    "Sparse data was passed, but a student sees dense numbers. Give a transformer that "
    "reduces it, such as TruncatedSVD, as `preprocessor` (the teacher still gets the "
    "sparse X), or use '.toarray()' where memory allows."
)

_MOST_OBSERVED = 256
_GAPS_OF_PANDAS = {"NAType", "NaTType"}


@dataclass(frozen=True)
class Labels:
    """A column of categories.

    Attributes
    ----------
    codes : ndarray of shape (n,)
        Positions among the categories; -1 for a gap.
    categories : list
        Strings, numbers or booleans, as the table has them.
    """

    codes: np.ndarray
    categories: list[Any]

    def __len__(self):
        return len(self.codes)

    def is_gap(self):
        """Whether no row has a label."""  # numpydoc ignore=RT01
        return not (self.codes >= 0).any()


@dataclass(frozen=True)
class Table:
    """A table that was read.

    Attributes
    ----------
    numbers : ndarray of shape (n, n_numbers)
        The numeric and boolean columns, float64; NaN for gaps.
    number_columns : ndarray of shape (n_numbers,)
        Their positions in the table.
    labels : dict of {int: Labels}
        The other columns, by their positions.
    names : list of str
        All columns' names; ``feature_0`` and so on where the table has none.
    """

    numbers: np.ndarray
    number_columns: np.ndarray
    labels: dict[int, Labels]
    names: list[str]

    def __len__(self):
        return len(self.numbers)

    @property
    def n_columns(self):
        """Number of columns of either kind."""  # numpydoc ignore=RT01
        return len(self.names)

    def take(self, rows):
        """Some of its rows.

        Parameters
        ----------
        rows : ndarray of int
            Which.

        Returns
        -------
        Table
            Of those rows.
        """
        labels = {
            j: Labels(column.codes[rows], column.categories)
            for j, column in self.labels.items()
        }
        return Table(self.numbers[rows], self.number_columns, labels, self.names)

    def numbers_at(self, column):
        """A column that held numbers in training.

        Parameters
        ----------
        column : int
            Its position.

        Returns
        -------
        ndarray of shape (n,)
            NaN for gaps.

        Raises
        ------
        ValueError
            If it holds labels now.
        """
        labels = self.labels.get(column)
        if labels is None:
            return self.numbers[:, np.searchsorted(self.number_columns, column)]
        if labels.is_gap():
            return np.full(len(self), np.nan)
        first = labels.categories[labels.codes.max()]
        raise ValueError(
            f"Column {self.names[column]!r} of X held numbers in fit and holds "
            f"categories now, such as {first!r}."
        )

    def labels_at(self, column, known):
        """A column that held labels in training.

        Parameters
        ----------
        column : int
            Its position.
        known : list
            Its categories in training.

        Returns
        -------
        Labels
            Numbers are labels if the known ones are numbers too.

        Raises
        ------
        ValueError
            If it holds labels of another type.
        """
        labels = self.labels.get(column)
        if labels is None:
            numbers = self.numbers[:, np.searchsorted(self.number_columns, column)]
            present = ~np.isnan(numbers)
            categories, found = np.unique(numbers[present], return_inverse=True)
            codes = np.full(len(self), -1)
            codes[present] = found
            labels = Labels(codes, categories.tolist())
        were, are = (
            {isinstance(c, str) for c in group} for group in (known, labels.categories)
        )
        if len(were | are) > 1 and not labels.is_gap():
            kinds = ("categories that are no strings", "strings")
            raise ValueError(
                f"Column {self.names[column]!r} of X held {kinds[True in were]} in fit "
                f"and now holds {labels.categories[0]!r}, for example."
            )
        return labels


def is_readable(X):
    """Whether ``validated_table`` takes X.

    Parameters
    ----------
    X : object
        Rows that only a preprocessor of the user's own may know how to read.

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
        Its columns.

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
        return _from_columns(_frame_columns(X), len(X), [str(c) for c in X.columns])
    if is_arrow(X):
        _check_not_empty(*X.shape)
        X = _arrow_table(X)
        validate_data(estimator, X, reset=reset, skip_check_array=True)
        names = X.schema.names
        return _from_columns(zip(names, X.columns, strict=True), len(X), names)
    values = unmasked(as_array(X))
    if values.ndim != 2:
        values = check_array(values, dtype=None)  # raises, and says what to do
    if values.dtype.kind in "OUSTmM" and values.size:
        validate_data(estimator, values, reset=reset, skip_check_array=True)
        columns = [(str(j), values[:, j]) for j in range(values.shape[1])]
        return _from_columns(columns, len(values), _numbered(values.shape[1]))
    numbers = validate_data(
        estimator,
        values,
        reset=reset,
        dtype=np.float64,
        order="C",
        ensure_all_finite="allow-nan",
    )
    return plain_table(numbers)


def check_distinct(X):
    """Refuse a frame with several columns of one name.

    Parameters
    ----------
    X : array-like or frame of shape (n, n_features)
        As the user gave it.

    Raises
    ------
    ValueError
        If a name repeats.
    """
    names = column_names(X)
    if names is None or len(set(names)) == len(names):
        return
    repeated = [name for name, count in Counter(names).items() if count > 1]
    raise ValueError(
        f"X has several columns of one name, {repeated[:10]!r}: rename them, or give an "
        "array."
    )


def check_names(estimator, X, reset):
    """Keep the names of columns, or refuse another order of names that are no strings.

    scikit-learn's own check, of ``feature_names_in_``, knows strings alone.

    Parameters
    ----------
    estimator : estimator
        Gets, or is compared by, the names.
    X : array-like or frame of shape (n, n_features)
        As the user gave it.
    reset : bool
        Whether this is the table of ``fit``.

    Raises
    ------
    ValueError
        If a name repeats, or a frame has the columns of ``fit`` in another order.
    """
    check_distinct(X)
    names = column_names(X)
    if reset:
        estimator._column_names = names
        return
    known = vars(estimator).get("_column_names")
    if not names or not known or all(isinstance(name, str) for name in known):
        return
    if names != known and len(names) == len(known) == len({*names, *known}):
        raise ValueError(
            f"X has the columns of fit in another order, {names[:10]!r}: give "
            f"X[{known[:10]!r}], or an array if their order is right and the names are not."
        )


def plain_table(X):
    """The table that an array of floats is, without a check.

    Parameters
    ----------
    X : ndarray of shape (n, n_features)
        Float64, no infinity.

    Returns
    -------
    Table
        Of numbers alone.
    """
    n_columns = X.shape[1]
    return Table(X, np.arange(n_columns), {}, _numbered(n_columns))


def as_array(X):
    """An array, of lists of lists too, that keeps strings and numbers apart.

    Parameters
    ----------
    X : array-like of shape (n, n_features)
        No frame.

    Returns
    -------
    ndarray
        Of objects where a list holds strings.
    """
    if isinstance(X, np.ndarray):
        return X
    if isinstance(X, list | tuple) and any(map(_has_masks, X)):
        is_row = [isinstance(row, list | tuple) or np.ndim(row) for row in X]
        rows = [list(row) if is_ else row for row, is_ in zip(X, is_row, strict=True)]
        return np.array(rows, dtype=object)
    values = np.asarray(X)
    is_list = not hasattr(X, "dtype")
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


def plain_values(values):
    """An array of the values of any container, in which gaps are NaN or None.

    Parameters
    ----------
    values : array-like or frame of shape (n,) or (n, k)
        Targets, weights or outputs, as the user gave them.

    Returns
    -------
    ndarray of shape (n,) or (n, k)
        Gaps are None among objects, where ``astype(float)`` makes NaN of them.
    """
    values = _array_of(values)
    if values.dtype.kind not in "OT":
        return values
    gaps, values = _gaps(values), values.astype(object)
    values[gaps] = None
    return values


def _array_of(values):
    """An array of any container; gaps in it are of whatever kind they were."""
    if is_frame(values) or is_arrow(values):
        return np.column_stack([*map(_array_of, columns_of(values))])
    if hasattr(values, "combine_chunks"):  # pyarrow's own array of chunks forgets nulls
        values = values.combine_chunks()
    return unmasked(as_array(values))


def _gaps(values):
    if values.dtype.kind in "OT":
        flags = [is_gap(value) for value in values.ravel().tolist()]
        return np.array(flags, dtype=bool).reshape(values.shape)
    return values != values


def columns_of(X):
    """The columns of a table, each in its own container.

    Parameters
    ----------
    X : array-like or frame of shape (n, k)
        As the user gave it.

    Returns
    -------
    list
        Of arrays, or of the frame's series.
    """
    if is_arrow(X):
        return list(X.columns)
    return [column for _, column in _frame_columns(X)] if is_frame(X) else list(X.T)


def rows_of(X, index):
    """Some of the rows, in a table of the same kind.

    Parameters
    ----------
    X : array-like or frame of shape (n, n_features)
        As the user gave it.
    index : ndarray of int or bool
        Which rows.

    Returns
    -------
    array, sparse matrix or frame of shape (m, n_features)
        An array of a list.
    """
    if is_arrow(X):
        index = np.asarray(index)
        return X.take(np.flatnonzero(index) if index.dtype == bool else index)
    known = is_frame(X) or sparse.issparse(X)
    return _safe_indexing(X if known else as_array(X), index)


def _numbered(n_columns):
    return [f"feature_{j}" for j in range(n_columns)]


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


def column_names(X):
    """What a frame calls its columns.

    Parameters
    ----------
    X : object
        As the user gave it.

    Returns
    -------
    list or None
        Strings, or of pandas any other names, such as numbers and tuples. None for what
        is no frame.
    """
    if is_arrow(X):
        return list(X.schema.names)
    return list(X.columns) if is_frame(X) else None


def _frame_columns(frame):
    """Pairs of each column's name and the column, also where names repeat."""
    take = frame.iloc.__getitem__ if hasattr(frame, "iloc") else None
    for j, name in enumerate(frame.columns):
        yield str(name), take((slice(None), j)) if take else frame.to_series(j)


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
        read = _read(name, column)
        if isinstance(read, Labels):
            labels[j] = read
            continue
        if np.isinf(read).any():
            raise ValueError(f"Input X contains infinity, in column {name!r}.")
        numbers.append(read)
        positions.append(j)
    stacked = np.column_stack(numbers) if numbers else np.empty((n, 0))
    return Table(stacked, np.array(positions, dtype=int), labels, names)


def _read(name, column):
    """A column as floats with NaN, or as Labels."""
    if not hasattr(column, "dtype"):
        return _read_arrow(name, column)
    dtype = column.dtype
    if hasattr(dtype, "is_temporal"):
        return _read_polars(name, column)
    if hasattr(dtype, "categories"):
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
        return _read(name, plain_values(column))
    if hasattr(column, "combine_chunks"):
        column = column.unify_dictionaries().combine_chunks()
    values = column.dictionary.to_pylist()
    known = [i for i, value in enumerate(values) if not is_gap(value)]
    _check_not_mixed(name, [values[i] for i in known])
    if not column.type.ordered:
        known.sort(key=values.__getitem__)
    rank = np.full(len(values) + 1, -1)  # the last one for the code -1, a gap
    rank[known] = np.arange(len(known))
    codes = column.indices.cast("int64").fill_null(-1)
    return Labels(rank[np.asarray(codes)], [values[i] for i in known])


def _factorize(name, values):
    """Codes and distinct values of any hashable objects."""
    if hasattr(values, "factorize"):  # pandas: faster than the loop below,
        with contextlib.suppress(TypeError):  # which names the value of a wrong type
            return values.factorize()
    seen, codes = {}, np.empty(len(values), dtype=np.int64)
    for i, value in enumerate(values):
        try:
            codes[i] = -1 if is_gap(value) else seen.setdefault(value, len(seen))
        except TypeError as error:
            raise _refusal(name, f"values such as {value!r}") from error
    return codes, list(seen)


def is_gap(value):
    """Whether a value of some library says that there is none.

    Parameters
    ----------
    value : object
        An element of an array of objects.

    Returns
    -------
    bool
        True for None, NaN of any type, NaT, ``pandas.NA`` and ``numpy.ma.masked``.
    """
    if isinstance(value, str):
        return False
    if value is None or value is np.ma.masked:
        return True
    if type(value).__name__ in _GAPS_OF_PANDAS:  # cannot be compared
        return True
    if isinstance(value, Decimal):  # a signalling one cannot be compared
        return value.is_nan()
    return isinstance(value, Number | np.generic) and bool(value != value)


def check_no_gaps(name, values, what="label", remedy=None):
    """Refuse labels, values or weights of which some are missing.

    Parameters
    ----------
    name : str
        What they are called.
    values : array-like or frame of shape (n,) or (n, k)
        As the user gave them.
    what : str, default="label"
        What a row lacks.
    remedy : str, default=None
        What to do; None for what suits targets.

    Raises
    ------
    ValueError
        If there are any.
    """
    if values is None or sparse.issparse(values):
        return
    gaps = np.atleast_1d(_gaps(_array_of(values)))
    rows = np.flatnonzero(gaps.reshape(len(gaps), -1).any(axis=1))
    if len(rows):
        remedy = remedy or (
            "leave them out, or give them as X_transfer for a teacher to label"
        )
        raise ValueError(
            f"{name} has no {what} in {len(rows)} rows, the first of them row {rows[0]}: "
            f"{remedy}."
        )


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


def observed_values(X):
    """What each column held, in short: for questions of what could have been.

    Parameters
    ----------
    X : Table, or ndarray of shape (n, n_features)
        Training rows.

    Returns
    -------
    list of tuple, or None
        For each column of numbers its distinct values, ascending (256 quantiles of
        them, where there are more), and the share of rows up to each; for a column of
        categories the categories and None. None for tables of another kind.
    """
    if isinstance(X, Table):
        numbers = dict(zip(X.number_columns.tolist(), X.numbers.T, strict=True))
        return [
            _short_of(numbers[j]) if j in numbers else (X.labels[j].categories, None)
            for j in range(X.n_columns)
        ]
    if not isinstance(X, np.ndarray) or X.dtype.kind not in "biuf":
        return None
    return [_short_of(column) for column in X.T]


def _short_of(column):
    column = column[np.isfinite(column)].astype(np.float64)
    values, counts = np.unique(column, return_counts=True)
    if len(values) > _MOST_OBSERVED:
        levels = np.linspace(0, 1, _MOST_OBSERVED)
        values = np.unique(np.quantile(column, levels, method="inverted_cdf"))
        share = np.searchsorted(np.sort(column), values, side="right")
    else:
        share = counts.cumsum()
    return values, share / max(1, len(column))


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


def _arrow_table(X):
    """A Table, of a RecordBatch too, whose names scikit-learn does not know."""
    is_table = hasattr(X, "to_batches")
    return X if is_table else sys.modules["pyarrow"].Table.from_batches([X])


def _stacked_arrow(first, second):
    tables = [_arrow_table(first), _arrow_table(second)]
    concat = sys.modules["pyarrow"].concat_tables
    both = concat(tables, promote_options="permissive")
    return both.unify_dictionaries()  # the first one's order stays


def _stacked_frames(first, second, name):
    is_pandas = hasattr(first, "iloc")
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
    """As ``_of_pandas``; those of a Categorical have no order."""
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
