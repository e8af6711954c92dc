"""A table taken apart into cells that samplers recombine, in its own kind and dtypes.

Columns of zeros and ones that exclude each other, such as the dummies of a category, are
one cell: a row made from several others has one of them at most, as the table's have.
"""

import sys
from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np

from ..tables.containers import as_array, is_arrow, is_frame
from ..tables.gaps import is_gap
from ..tables.reading import validated_table

# By chance, columns side by side that are expected to be 1 together in so many rows are
# so in none with a probability of exp(-10).
_EXPECTED_TOGETHER = 10.0
# More indicators than this are not searched for groups whose columns stand apart: the
# search compares all pairs, a million here.
_MOST_INDICATORS = 1000
# A category of more values has random coordinates, so many: a coordinate for each would
# make the search for neighbours slow, and random directions are almost orthogonal.
_MOST_COORDINATES = 16


@dataclass(frozen=True)
class Cells:
    """A table whose cells can be recombined, and whose numbers can be moved.

    Attributes
    ----------
    table : ndarray or frame of shape (n, n_features)
        As the user gave it.
    cell_of : ndarray of shape (n_features,)
        The cell that each column belongs to, of `n_cells`.
    numbers : ndarray of shape (n, n_numbers)
        The columns of three values or more, NaN for gaps.
    moved : ndarray of shape (n_numbers,)
        The cells of these numbers.
    whole : ndarray of shape (n_numbers,)
        Whether they hold whole numbers only.
    codes : ndarray of shape (n, n_others)
        The other cells, as codes; a gap is one code more.
    others : ndarray of shape (n_others,)
        The positions of these cells.
    """

    table: Any
    cell_of: np.ndarray
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
            The cells of the table.
        """
        table = validated_table(sampler, X, reset=True)
        by_column = np.ascontiguousarray(table.numbers.T)
        columns = dict(zip(table.number_columns.tolist(), by_column, strict=True))
        first = np.arange(table.n_columns)  # of each column's cell
        codes = {j: labels.codes for j, labels in table.labels.items()}
        for group in _exclusive(columns):
            first[group] = group[0]
            members = [columns[j] for j in group]
            # The number of the one that is 1, from 1 on; 0 where none is.
            codes[group[0]] = np.arange(1, len(group) + 1) @ members
        leaders, cell_of = np.unique(first, return_inverse=True)
        is_moved = np.array(
            [j not in codes and _can_be_moved(columns[j]) for j in leaders.tolist()]
        )
        moved, others = np.flatnonzero(is_moved), np.flatnonzero(~is_moved)
        numbers = table.numbers[:, np.isin(table.number_columns, leaders[moved])]
        # A gap says nothing of whether a column's numbers are whole.
        filled = np.where(np.isnan(numbers), 0.0, numbers)
        coded = [_codes(codes.get(j, columns.get(j))) for j in leaders[others].tolist()]
        return cls(
            X if is_frame(X) or is_arrow(X) else as_array(X),
            cell_of,
            numbers,
            moved,
            (filled == np.round(filled)).all(axis=0),
            np.column_stack(coded) if coded else np.empty((len(numbers), 0), int),
            others,
        )

    def __len__(self):
        return len(self.numbers)

    @property
    def n_cells(self):
        """Number of cells of a row, of either kind."""  # numpydoc ignore=RT01
        return len(self.moved) + len(self.others)

    def limits(self):
        """The smallest and the largest value of each number.

        Returns
        -------
        low, high : ndarray of shape (n_numbers,)
            Gaps left out.
        """
        return np.nanmin(self.numbers, axis=0), np.nanmax(self.numbers, axis=0)

    def spread(self):
        """The standard deviation of each number.

        Returns
        -------
        ndarray of shape (n_numbers,)
            Gaps left out.
        """
        scale = self._scale()
        # Over the largest first: squares of huge numbers overflow.
        return np.nanstd(self.numbers / scale, axis=0) * scale

    def _scale(self):
        """The largest absolute value of each number; above 0, for there are three."""
        return np.abs(self.limits()).max(axis=0) if self.numbers.size else np.empty(0)

    def positions(self, take=None, numbers=None):
        """Rows as points: numbers scaled to [0, 1], two categories at distance 1.

        The distance of two categories is about 1 where their column has more than 16;
        columns with more categories than half the rows, such as names, do not count.

        Parameters
        ----------
        take : ndarray of shape (m, n_cells), default=None
            The row that each cell is taken from; None for the training rows.
        numbers : ndarray of shape (m, n_numbers), default=None
            What stands in the columns that can be moved instead.

        Returns
        -------
        ndarray of shape (m, n_coordinates)
            Points in float32; a gap is in the middle.
        """
        codes = self.codes
        if take is not None:
            codes = np.take_along_axis(codes, take[:, self.others], axis=0)
            if numbers is None:
                numbers = np.take_along_axis(self.numbers, take[:, self.moved], axis=0)
        elif numbers is None:
            numbers = self.numbers
        # A column of zeros, so that a table of which nothing counts still has points.
        parts = [np.zeros((len(codes), 1), np.float32)]
        if self.numbers.size:
            low, high = self.limits()
            half = high / 2 - low / 2  # the whole range may overflow
            scaled = (numbers / 2 - low / 2) / np.where(half > 0, half, 1.0)
            parts.append(np.nan_to_num(scaled, nan=0.5).astype(np.float32))
        for j, column in enumerate(codes.T):
            coordinates = _coordinates(self.codes[:, j].max() + 1, len(self))
            parts.append(coordinates[column])
        return np.concatenate(parts, axis=1)

    def of_their_kind(self, take, numbers):
        """Numbers as their columns have them.

        Parameters
        ----------
        take : ndarray of shape (m, n_cells)
            The row that each cell is taken from.
        numbers : ndarray of shape (m, n_numbers)
            What is to stand there instead.

        Returns
        -------
        ndarray of shape (m, n_numbers)
            Whole where the column is, within its range, and a gap where the cell's row
            has one.
        """
        if not numbers.size:
            return numbers
        # A value from a row with a gap there is a gap: gaps stay as frequent as they
        # are.
        source = np.take_along_axis(self.numbers, take[:, self.moved], axis=0)
        numbers = np.where(self.whole, np.round(numbers), numbers)
        numbers = np.clip(numbers, *self.limits())
        return np.where(np.isnan(source), np.nan, numbers)

    def as_numbers(self):
        """All cells as numbers, gaps as the mean, categories as their codes.

        Returns
        -------
        ndarray of shape (n, n_cells)
            Numbers in the order of the table's cells.
        """
        out = np.empty((len(self), self.n_cells))
        scale = self._scale()  # sums of huge numbers may overflow
        mean = np.nanmean(self.numbers / scale, axis=0) * scale
        out[:, self.moved] = np.where(np.isnan(self.numbers), mean, self.numbers)
        out[:, self.others] = self.codes
        return out

    def rows(self, take, numbers=None):
        """A table of the same kind.

        Parameters
        ----------
        take : ndarray of shape (m, n_cells)
            The row that each cell is taken from.
        numbers : ndarray of shape (m, n_numbers), default=None
            What stands in the columns that can be moved instead, of their kind.

        Returns
        -------
        ndarray or frame of shape (m, n_features)
            Rows in the dtypes of the table.
        """
        moved = {}
        if numbers is not None:
            moved = dict(zip(self.moved.tolist(), numbers.T, strict=True))
        if not (is_frame(self.table) or is_arrow(self.table)):
            is_masked = isinstance(self.table, np.ma.MaskedArray)
            empty = np.ma.empty if is_masked else np.empty
            out = empty((len(take), len(self.cell_of)), self.table.dtype)
            for j, cell in enumerate(self.cell_of.tolist()):
                values = moved.get(cell)
                column = self.table[:, j]
                out[:, j] = (
                    column[take[:, cell]] if values is None else _like(values, column)
                )
            return out
        columns = [
            self._column(j, take[:, cell], moved.get(cell))
            for j, cell in enumerate(self.cell_of.tolist())
        ]
        if hasattr(self.table, "iloc"):
            frame = sys.modules["pandas"].concat(columns, axis=1)
            return frame.set_axis(self.table.columns, axis=1)
        if is_arrow(self.table):
            return type(self.table).from_arrays(columns, schema=self.table.schema)
        return type(self.table)(columns)

    def _column(self, j, take, values):
        if hasattr(self.table, "iloc"):
            # concat would align the columns by the repeated labels of the rows.
            column = self.table.iloc[take, j].reset_index(drop=True)
            if values is None:
                return column
            values = _like(values, self.table.iloc[:, j].to_numpy())
            return type(column)(values).astype(column.dtype)
        if is_arrow(self.table):
            column = self.table.column(j).take(take)
            if values is None:
                return column
            array = sys.modules["pyarrow"].array(values, mask=np.isnan(values))
            return array.cast(column.type)
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
    # All NaNs are one value to np.unique: a gap is a category of its own.
    return np.unique(values, return_inverse=True)[1]


def _coordinates(n_categories, n):
    """A point for each category (n_categories, n_coordinates), any two at distance 1."""
    if n_categories <= _MOST_COORDINATES:
        # (a, 0) and (0, a) are a times the root of 2 apart.
        return np.eye(n_categories, dtype=np.float32) * np.float32(0.5**0.5)
    if 2 * n_categories > n:
        return np.zeros((n_categories, 0), np.float32)
    shape = (n_categories, _MOST_COORDINATES)
    # Always the same: drawn rows are compared with points that `fit` has made.
    points = np.random.RandomState(0).standard_normal(shape)
    points *= 0.5**0.5 / np.linalg.norm(points, axis=1, keepdims=True)
    return points.astype(np.float32)


def _exclusive(columns):
    """Groups of columns of zeros and ones that are never 1 together, lists of positions.

    Those of which each row has exactly one, wherever they stand; then, among the others,
    those side by side of which each row has at most one, if that is not by chance.
    """
    indicators = [j for j, x in columns.items() if _is_indicator(x)]
    if len(indicators) < 2:
        return []
    flags = np.array([columns[j] == 1 for j in indicators])
    rest = np.arange(len(flags))
    groups = []
    for find in (_complete_runs, _complete_sets, _likely_runs):
        new_groups = find(flags[rest])
        groups += [rest[group] for group in new_groups]
        rest = np.setdiff1d(rest, np.concatenate([rest[:0], *groups]))
    return [[indicators[i] for i in sorted(group.tolist())] for group in groups]


def _is_indicator(x):
    return ((x == 0) | (x == 1)).all() and 0 < x.sum() < len(x)


def _runs(flags):
    """The longest run of columns from each one on that are never 1 together."""
    runs, stop, covered = [], 0, np.zeros(flags.shape[1], dtype=bool)
    for start in range(len(flags)):
        while stop < len(flags) and not (
            covered.all() or (covered & flags[stop]).any()
        ):
            covered |= flags[stop]
            stop += 1
        runs.append(np.arange(start, stop))
        covered &= ~flags[start]
    return runs


def _complete_runs(flags):
    count, n = flags.sum(axis=1), flags.shape[1]
    return _disjoint([run for run in _runs(flags) if count[run].sum() == n])


def _complete_sets(flags):
    """Sets that leave no row out: each column with the largest that still fit to it."""
    if not 1 < len(flags) <= _MOST_INDICATORS:
        return []
    count, n = flags.sum(axis=1), flags.shape[1]
    fits, free, groups = _never_together(flags), np.ones(len(flags), dtype=bool), []
    for seed in np.argsort(-count, kind="stable"):
        group, fitting, n_left = [seed], free & fits[seed], n - count[seed]
        # Given up as soon as all columns that still fit leave some row without its 1.
        while free[seed] and n_left and count[fitting].sum() >= n_left:
            group.append(np.where(fitting, count, 0).argmax())
            n_left -= count[group[-1]]
            fitting = fitting & fits[group[-1]]
        if free[seed] and not n_left:
            groups.append(np.array(group))
            free[group] = False
    return groups


def _never_together(flags):
    together = np.zeros((len(flags), len(flags)), np.float32)
    # In parts: all flags as floats take four times their memory.
    for start in range(0, flags.shape[1], 8192):
        part = flags[:, start : start + 8192].astype(np.float32)
        together += part @ part.T
    return together == 0


def _likely_runs(flags):
    """Runs that are hardly exclusive by chance, the least likely first."""
    count, n = flags.sum(axis=1).astype(float), flags.shape[1]
    runs = [(_expected_together(count[run], n), run) for run in _runs(flags)]
    likely = [pair for pair in runs if pair[0] >= _EXPECTED_TOGETHER]
    return _disjoint([run for _, run in sorted(likely, key=lambda pair: -pair[0])])


def _expected_together(count, n):
    """Rows in which two columns are 1, summed over all pairs, were they independent."""
    return (count.sum() ** 2 - (count**2).sum()) / (2 * n)


def _disjoint(groups):
    """The groups that share no column with an earlier one."""
    disjoint, columns = [], set()
    for group in groups:
        if columns.isdisjoint(group.tolist()):
            disjoint.append(group)
            columns.update(group.tolist())
    return disjoint


def _like(values, column):
    """Numbers for a column: gaps, and whole ones among objects, stay of their type."""
    if isinstance(column, np.ma.MaskedArray):
        return np.ma.masked_array(np.nan_to_num(values), np.isnan(values))
    if column.dtype != object:
        return values
    filled = [value for value in column if not is_gap(value)]
    gap = next((value for value in column if is_gap(value)), np.nan)
    kind = int if all(isinstance(value, Integral) for value in filled) else float
    return np.array([kind(v) if v == v else gap for v in values], dtype=object)
