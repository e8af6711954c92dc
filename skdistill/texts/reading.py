"""Texts in any container as plain strings, and back in the container that they had."""

from dataclasses import dataclass

import numpy as np
from scipy import sparse

from ..tables.containers import columns_of, is_arrow, is_frame, unmasked
from ..tables.gaps import is_gap

_WANTED = (
    "give a list, array, Series or one-column frame of strings, or a frame or array of "
    "two columns of strings for pairs"
)


@dataclass(frozen=True)
class Texts:
    """Texts, or pairs of texts.

    Attributes
    ----------
    segments : list of (list of str)
        One list of n strings, or two for pairs. A gap is an empty string.
    """

    segments: list

    def __len__(self):
        return len(self.segments[0])

    def take(self, index):
        """Some of the rows.

        Parameters
        ----------
        index : array-like of int
            Their positions.

        Returns
        -------
        Texts
            These rows.
        """
        return Texts([[segment[i] for i in index] for segment in self.segments])


def read_texts(X, name="X"):
    """Read texts, or pairs of texts.

    Parameters
    ----------
    X : array-like, Series or frame of shape (n,), (n, 1) or (n, 2)
        Strings; gaps are allowed, and mean an empty text.
    name : str, default="X"
        The argument, as errors name it.

    Returns
    -------
    Texts
        Plain strings.

    Raises
    ------
    ValueError
        If there is no row, or if there are more than two columns.
    TypeError
        If a value is no string.

    Examples
    --------
    >>> from skdistill.texts.reading import read_texts
    >>> read_texts(["what a film", None]).segments
    [['what a film', '']]
    """
    segments = [_strings(column, name) for column in _columns(X, name)]
    if not len(segments[0]):
        raise ValueError(
            f"{name} has 0 texts (Found array with 0 sample(s)) while a minimum of 1 is "
            f"required: {_WANTED}."
        )
    return Texts(segments)


def _columns(X, name):
    if isinstance(X, str | bytes):
        raise TypeError(f"{name} is a single text: put it into a list, [{name}].")
    if sparse.issparse(X):
        raise TypeError(
            f"{name} is a sparse matrix of numbers, and no texts: {_WANTED}."
        )
    if is_frame(X) or is_arrow(X):
        columns = columns_of(X)
    else:
        X = unmasked(X)
        columns = list(X.T) if np.ndim(_shaped(X)) == 2 else [X]
    if not 1 <= len(columns) <= 2:
        raise ValueError(f"{name} has {len(columns)} columns: {_WANTED}.")
    return columns


def _shaped(X):
    """X where it has a shape; a list, whatever it holds, is one column."""
    return X if hasattr(X, "shape") else ()


def _strings(column, name):
    if not hasattr(column, "__iter__") or np.ndim(_shaped(column)) > 1:
        raise TypeError(f"{name} holds no texts: {_WANTED}.")
    values = column.to_pylist() if hasattr(column, "to_pylist") else list(column)
    return [_string(value, i, name) for i, value in enumerate(values)]


def _string(value, i, name):
    if isinstance(value, str):
        text = str(value)  # numpy's strings too
        try:
            text.encode()
        except UnicodeEncodeError:  # half of a surrogate pair is an unknown sign
            return text.encode("utf-8", "replace").decode()
        return text
    if is_gap(value):
        return ""
    raise TypeError(
        f"{name} holds {type(value).__name__} where a text should be (row {i}: "
        f"{value!r:.60}): {_WANTED}."
    )


def in_container_of(X, texts):
    """Put texts into a container like another one.

    Parameters
    ----------
    X : array-like, Series or frame
        The container to imitate: its kind, and its names.
    texts : Texts
        As many segments as X has columns.

    Returns
    -------
    array-like, Series or frame
        A list, where X is a list.
    """
    first = texts.segments[0]
    if is_arrow(X):
        table = dict(zip(X.schema.names, texts.segments, strict=True))
        return type(X).from_pydict(table)
    if is_frame(X):
        columns = dict(zip(X.columns, texts.segments, strict=True))
        return type(X)(columns)
    if isinstance(X, np.ndarray):
        made = np.empty((len(texts), len(texts.segments)), dtype=object)
        for j, segment in enumerate(texts.segments):
            made[:, j] = segment
        return made.reshape((len(texts), *X.shape[1:]))
    if hasattr(X, "name"):  # a series; pandas takes the values first, polars the name
        return type(X)(name=X.name, **{_values_of(X): first})
    return list(first)


def _values_of(series):
    return "data" if hasattr(series, "iloc") else "values"
