"""A table that was read: numbers with NaN for gaps, labels as codes."""

from dataclasses import dataclass
from typing import Any

import numpy as np

# Number of values of a column that are kept in a fitted student: as fine as the bins of a
# histogram booster.
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

    def seen(self, rows):
        """The categories that some rows have, in their order."""
        # numpydoc ignore=PR01,RT01
        return [self.categories[i] for i in np.unique(self.codes[rows]) if i >= 0]


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
            Positions of the rows.

        Returns
        -------
        Table
            A table of those rows.
        """
        labels = {
            j: Labels(column.codes[rows], column.categories)
            for j, column in self.labels.items()
        }
        return Table(self.numbers[rows], self.number_columns, labels, self.names)

    def with_labels(self, columns):
        """The same, with columns without a value as labels, of which all are gaps.

        Parameters
        ----------
        columns : list of int
            Positions of the columns that hold labels in other rows.

        Returns
        -------
        Table
            The same, where these are labels.
        """
        empty = [j for j in columns if j not in self.labels]
        if not empty:
            return self
        gaps = {j: self.labels_at(j, []) for j in empty}
        kept = ~np.isin(self.number_columns, empty)
        labels = dict(sorted({**self.labels, **gaps}.items()))
        return Table(
            self.numbers[:, kept], self.number_columns[kept], labels, self.names
        )

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
            # Numbers of columns rise, as they were read: a search finds the place.
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
            Position of the column.
        known : list
            Categories of the column in training.

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
        # Categories that are numbers are plain numbers in a container without
        # categories.
        if labels is None:
            numbers = self.numbers[:, np.searchsorted(self.number_columns, column)]
            present = ~np.isnan(numbers)
            categories, positions = np.unique(numbers[present], return_inverse=True)
            codes = np.full(len(self), -1)
            codes[present] = positions
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


def plain_table(X):
    """The table that an array of floats is, without a check.

    Parameters
    ----------
    X : ndarray of shape (n, n_features)
        Float64, no infinity.

    Returns
    -------
    Table
        A table of numbers alone.
    """
    n_columns = X.shape[1]
    return Table(X, np.arange(n_columns), {}, default_names(n_columns))


def default_names(n_columns):
    """Names for the columns of a table that has none, as scikit-learn's tools write them.

    Parameters
    ----------
    n_columns : int
        The number of columns.

    Returns
    -------
    list of str
        ``feature_0`` and so on.
    """
    return [f"feature_{j}" for j in range(n_columns)]


def observed_values(X, weight):
    """What each column held, in short: for questions of what could have been.

    Parameters
    ----------
    X : Table, or ndarray of shape (n, n_features)
        Training rows.
    weight : ndarray of shape (n,)
        Their weights; rows without one are as if they were not there.

    Returns
    -------
    list of tuple, or None
        For each column of numbers its distinct values, ascending (256 quantiles of
        them, where there are more), and the share of rows up to each; for a column of
        categories those that rows hold and None. None for tables of another kind.
    """
    rows = slice(None) if weight.all() else weight > 0
    if isinstance(X, Table):
        numbers = dict(zip(X.number_columns.tolist(), X.numbers.T, strict=True))
        return [
            _short_of(numbers[j][rows])
            if j in numbers
            else (X.labels[j].seen(rows), None)
            for j in range(X.n_columns)
        ]
    if not isinstance(X, np.ndarray) or X.dtype.kind not in "biuf":
        return None
    return [_short_of(column[rows]) for column in X.T]


def _short_of(column):
    column = column[np.isfinite(column)].astype(np.float64)
    values, counts = np.unique(column, return_counts=True)
    if len(values) > _MOST_OBSERVED:
        levels = np.linspace(0, 1, _MOST_OBSERVED)
        # Values that occurred, and no means between two of them.
        values = np.unique(np.quantile(column, levels, method="inverted_cdf"))
        share = np.searchsorted(np.sort(column), values, side="right")
    else:
        share = counts.cumsum()
    return values, share / max(1, len(column))
