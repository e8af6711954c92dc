"""Any table -> its columns: numbers with NaN for gaps, labels as codes.

Frames are read through their own methods (pandas, polars), column by column; neither
library is imported here.
"""

import contextlib
import sys
from dataclasses import dataclass
from numbers import Real
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
    if is_frame(X):
        _check_not_empty(*X.shape)
        validate_data(estimator, X, reset=reset, skip_check_array=True)
        return _from_columns(_frame_columns(X), len(X), [str(c) for c in X.columns])
    values = as_array(X)
    if values.ndim != 2:
        values = check_array(values, dtype=None)  # raises, and says what to do
    if values.dtype.kind in "OUST" and values.size:
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
    values = np.asarray(X)
    is_list = not hasattr(X, "dtype")
    return np.asarray(X, object) if is_list and values.dtype.kind in "US" else values


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
    dtype = column.dtype
    if hasattr(dtype, "is_temporal"):
        return _read_polars(name, column)
    if hasattr(dtype, "categories"):
        categories = list(dtype.categories)
        _check_not_mixed(name, categories)
        return Labels(np.asarray(column.cat.codes, dtype=np.int64), categories)
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
    categories = strings.drop_nulls().unique().sort().to_list()
    whole = type(column)([0]).dtype
    codes = strings.replace_strict(
        [*categories, None], [*range(len(categories)), -1], return_dtype=whole
    )
    return Labels(np.array(codes, dtype=np.int64), categories)


def _factorize(name, values):
    """Codes and distinct values of any hashable objects."""
    if hasattr(values, "factorize"):  # pandas: faster than the loop below,
        with contextlib.suppress(TypeError):  # which names the value of a wrong type
            return values.factorize()
    seen, codes = {}, np.empty(len(values), dtype=np.int64)
    for i, value in enumerate(values):
        try:
            codes[i] = -1 if _is_gap(value) else seen.setdefault(value, len(seen))
        except TypeError as error:
            raise _refusal(name, f"values such as {value!r}") from error
    return codes, list(seen)


def _is_gap(value):
    return value is None or (isinstance(value, Real) and value != value)


def check_no_gaps(name, labels):
    """Refuse labels of which some are missing; numbers are checked elsewhere.

    Parameters
    ----------
    name : str
        What they are called.
    labels : array-like of shape (n,)
        As the user gave them.

    Raises
    ------
    ValueError
        If there are any.
    """
    if isinstance(labels, list | tuple):  # numpy would make strings of them
        labels = np.array(labels, dtype=object)
    if np.asarray(labels).dtype != object:
        return
    labels = labels if hasattr(labels, "factorize") else np.asarray(labels)
    gaps = np.flatnonzero(_factorize(name, labels)[0] < 0)
    if len(gaps):
        raise ValueError(
            f"{name} has no label in {len(gaps)} rows, the first of them row {gaps[0]}: "
            "leave them out, or give them as X_transfer for a teacher to label."
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
        Categories of pandas are those of both.

    Raises
    ------
    ValueError
        If a column holds categories in one of them only.
    """
    kinds = [
        sparse.issparse(t) or (type(t) if is_frame(t) else None)
        for t in (first, second)
    ]
    if kinds[0] != kinds[1]:
        raise ValueError(f"{name} must be of the same kind as X, such as a frame.")
    if sparse.issparse(first):
        return sparse.vstack([first, second]).tocsr()
    if not is_frame(first):
        return np.concatenate([np.asarray(first), np.asarray(second)])
    if hasattr(first, "vstack"):  # polars
        return first.vstack(second)
    first, second = first.copy(deep=False), second.copy(deep=False)
    for column in first.columns:
        kinds = [
            hasattr(table[column].dtype, "categories") for table in (first, second)
        ]
        if kinds[0] != kinds[1]:
            raise ValueError(
                f"{name}: column {column!r} holds categories in X or in {name} only."
            )
        if kinds[0]:
            every = first[column].cat.categories.union(second[column].cat.categories)
            for table in (first, second):
                table[column] = table[column].cat.set_categories(every)
    return sys.modules["pandas"].concat([first, second], ignore_index=True)
