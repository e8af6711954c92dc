"""A table taken apart into cells that samplers recombine, in its own kind and dtypes."""

import sys
from dataclasses import dataclass
from typing import Any

import numpy as np

from .tables import as_array, is_frame, validated_table


@dataclass(frozen=True)
class Cells:
    """A table whose cells can be recombined, and whose numbers can be moved.

    Attributes
    ----------
    table : ndarray or frame of shape (n, n_features)
        As the user gave it.
    numbers : ndarray of shape (n, n_numbers)
        The columns of three values or more, NaN for gaps.
    moved : ndarray of shape (n_numbers,)
        Their positions in the table.
    whole : ndarray of shape (n_numbers,)
        Whether they hold whole numbers only.
    codes : ndarray of shape (n, n_others)
        The other columns, as codes; gaps have one of their own.
    others : ndarray of shape (n_others,)
        Their positions.
    """

    table: Any
    numbers: np.ndarray
    moved: np.ndarray
    whole: np.ndarray
    codes: np.ndarray
    others: np.ndarray

    @classmethod
    def read(cls, sampler, X):
        """Take a table apart.

        Parameters
        ----------
        sampler : estimator
            Gets the number of columns and their names.
        X : array-like or frame of shape (n, n_features)
            As the user gave it.

        Returns
        -------
        Cells
            Of the table.
        """
        table = validated_table(sampler, X, reset=True)
        columns = dict(zip(table.number_columns, table.numbers.T, strict=True))
        moved = [j for j, x in columns.items() if _can_be_moved(x)]
        others = [j for j in range(table.n_columns) if j not in moved]
        numbers = table.numbers[:, np.isin(table.number_columns, moved)]
        known = np.where(np.isnan(numbers), 0.0, numbers)
        codes = [
            table.labels[j].codes if j in table.labels else _codes(columns[j])
            for j in others
        ]
        return cls(
            X if is_frame(X) else as_array(X),
            numbers,
            np.array(moved, dtype=int),
            (known == np.round(known)).all(axis=0),
            np.column_stack(codes) if codes else np.empty((len(numbers), 0), int),
            np.array(others, dtype=int),
        )

    def __len__(self):
        return len(self.numbers)

    @property
    def n_columns(self):
        """Number of columns of either kind."""  # numpydoc ignore=RT01
        return len(self.moved) + len(self.others)

    def limits(self):
        """The smallest and the largest value of each number.

        Returns
        -------
        low, high : ndarray of shape (n_numbers,)
            Gaps left out.
        """
        return np.nanmin(self.numbers, axis=0), np.nanmax(self.numbers, axis=0)

    def positions(self):
        """Rows as points: numbers scaled to [0, 1], two categories at distance 1.

        Returns
        -------
        ndarray of shape (n, n_coordinates)
            A gap in the middle.
        """
        low, high = self.limits() if self.numbers.size else (0.0, 0.0)
        scaled = (self.numbers - low) / (high - low)
        parts = [np.where(np.isnan(scaled), 0.5, scaled)]
        for column in self.codes.T:
            codes = _codes(column)
            if 0 < codes.max() < 100:
                parts.append(np.eye(codes.max() + 1)[codes] * 0.5**0.5)
        return np.concatenate([*parts, np.zeros((len(self), 1))], axis=1)

    def as_numbers(self):
        """All columns as numbers, gaps as the mean, categories as their codes.

        Returns
        -------
        ndarray of shape (n, n_features)
            In the table's order.
        """
        out = np.empty((len(self), self.n_columns))
        mean = np.nanmean(self.numbers, axis=0) if self.numbers.size else 0.0
        out[:, self.moved] = np.where(np.isnan(self.numbers), mean, self.numbers)
        out[:, self.others] = self.codes
        return out

    def rows(self, take, numbers=None):
        """A table of the same kind.

        Parameters
        ----------
        take : ndarray of shape (m, n_features)
            The row that each cell is taken from.
        numbers : ndarray of shape (m, n_numbers), default=None
            What stands in the columns that can be moved instead; where the cell's row
            has a gap, there stays one.

        Returns
        -------
        ndarray or frame of shape (m, n_features)
            Whole numbers stay whole, and all within the range of their column.
        """
        moved = {}
        if numbers is not None and self.numbers.size:
            numbers = np.clip(
                np.where(self.whole, np.round(numbers), numbers), *self.limits()
            )
            source = np.take_along_axis(self.numbers, take[:, self.moved], axis=0)
            numbers = np.where(np.isnan(source), np.nan, numbers)
            moved = dict(zip(self.moved.tolist(), numbers.T, strict=True))
        if not is_frame(self.table):
            out = np.take_along_axis(self.table, take, axis=0)
            for j, values in moved.items():
                out[:, j] = values
            return out
        columns = [
            self._column(j, take[:, j], moved.get(j)) for j in range(take.shape[1])
        ]
        if hasattr(self.table, "iloc"):
            frame = sys.modules["pandas"].concat(columns, axis=1)
            return frame.set_axis(self.table.columns, axis=1)
        return type(self.table)(columns)

    def _column(self, j, take, values):
        if hasattr(self.table, "iloc"):
            column = self.table.iloc[take, j].reset_index(drop=True)
            return (
                column if values is None else type(column)(values).astype(column.dtype)
            )
        column = self.table.to_series(j).gather(take)
        if values is None:
            return column
        filled = type(column)(column.name, values, nan_to_null=True)
        return filled.cast(column.dtype)


def _can_be_moved(x):
    """Numbers of three values or more, but not ids beyond the precision of floats."""
    x = x[~np.isnan(x)]
    is_id = len(x) and np.abs(x).max() >= 2**53 and (x == np.round(x)).all()
    return len(np.unique(x)) > 2 and not is_id


def _codes(values):
    return np.unique(values, return_inverse=True)[1]
