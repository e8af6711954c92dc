"""The view of more rows than memory holds: a sample says its form, all rows its numbers.

From the sample: which columns have heavy tails, and how these are bent, which needs
quantiles. From all rows, exactly: means, standard deviations, gaps, and how often each
category comes. Categories of a column with very many are counted as long as they are not
among the rarest.
"""

from dataclasses import replace

import numpy as np

from .table import Labels
from .terms import Term
from .view_categories import CategoryColumn, indicator_scale
from .view_numbers import moments

#: Categories of a column that are counted; beyond, the rarest go, and count as rare.
_MOST_COUNTED, _MOST_SHOWN = 100_000, 1_000


class Spread:
    """Mean, standard deviation and range of columns, merged from parts of their rows."""

    def __init__(self):
        self.mass = None  # of values, and of all rows
        self.total = 0.0

    def add(self, values, weight):
        """More rows.

        Parameters
        ----------
        values : ndarray of shape (n, n_columns)
            NaN for gaps.
        weight : ndarray of shape (n,)
            Not negative.
        """
        total = weight.sum()
        if not total:
            return
        if not weight.all():
            values, weight = values[weight > 0], weight[weight > 0]
        mean, inverse, _, present = moments(values, weight / total)
        with np.errstate(divide="ignore"):
            std = np.where(inverse > 0, 1 / np.where(inverse > 0, inverse, 1), 0.0)
        low, high = np.fmin.reduce(values, axis=0), np.fmax.reduce(values, axis=0)
        part = present * total, mean, std, low, high
        self.total += total
        if self.mass is None:
            self.mass, self.mean, self.std, self.low, self.high = part
        else:
            self._merge(*part)

    def _merge(self, mass, mean, std, low, high):
        both = self.mass + mass
        share = mass / np.where(both > 0, both, 1)
        apart = mean - self.mean
        # Chan, by roots: squares of large values would overflow.
        parts = np.sqrt(1 - share) * self.std, np.sqrt(share) * std
        between = np.sqrt(share * (1 - share)) * apart
        self.std = np.hypot(np.hypot(*parts), between)
        self.mean = self.mean + share * apart
        self.mass = both
        self.low, self.high = np.fmin(self.low, low), np.fmax(self.high, high)

    def present(self):
        """Share of the weight that is no gap, of each column."""  # numpydoc ignore=RT01
        return self.mass / self.total

    def inverse(self):
        """One over the standard deviations; 0 for constants."""
        # numpydoc ignore=RT01
        varies = (self.low < self.high) & (self.std > 0)
        most = np.finfo(np.float64).max
        with np.errstate(over="ignore"):
            inverse = 1 / np.where(varies, self.std, 1.0)
        return np.where(varies, np.minimum(inverse, most), 0.0)


class Counts:
    """How much weight each category of a column has."""

    def __init__(self):
        self.mass, self.gap, self.rare = {}, 0.0, 0.0
        self._order, self._is_given = None, True

    def add(self, labels, weight):
        """More rows.

        Parameters
        ----------
        labels : Labels
            The column.
        weight : ndarray of shape (n,)
            Not negative.
        """
        mass = np.bincount(labels.codes + 1, weight, 1 + len(labels.categories))
        self.gap += mass[0]
        # Categories of a declared order are the same in all parts; others are sorted.
        if self._order is None:
            self._order = labels.categories
        self._is_given = self._is_given and self._order == labels.categories
        for category, more in zip(labels.categories, mass[1:], strict=True):
            if more:
                self.mass[category] = self.mass.get(category, 0.0) + more
        if len(self.mass) > 2 * _MOST_COUNTED:
            self._drop_rarest()

    def _drop_rarest(self):
        order = sorted(self.mass, key=self.mass.__getitem__, reverse=True)
        for category in order[_MOST_COUNTED:]:
            self.rare += self.mass.pop(category)

    def rows(self):
        """A row for each category, and for gaps, and the share of each row.

        Returns
        -------
        labels : Labels
            Of these rows.
        share : ndarray
            Their weights, which sum to 1.
        """
        known = self._order if self._is_given else sorted(self.mass)
        mass = np.array([self.gap, *(self.mass.get(each, 0.0) for each in known)])
        if self.rare:  # of those that were dropped: shared among the rare ones
            rare = 1 + np.argsort(-mass[1:], kind="stable")[_MOST_SHOWN:]
            mass[rare] *= 1 + self.rare / mass[rare].sum()
        codes = np.arange(-1, len(known))
        return Labels(codes, list(known)), mass / mass.sum()


class WholeView:
    """What all rows say about the columns of a view, added up from parts of the rows.

    Parameters
    ----------
    of_labels : list of int
        Positions of the columns that hold labels, even where some rows have none.
    """

    def __init__(self, of_labels):
        self.of_labels = of_labels
        self.numbers, self.bent, self.labels = Spread(), Spread(), {}

    def add(self, table, weight):
        """More rows.

        Parameters
        ----------
        table : Table
            Some rows.
        weight : ndarray of shape (n,)
            Not negative.
        """
        table = table.with_labels(self.of_labels)
        self.numbers.add(table.numbers, weight)
        for j, labels in table.labels.items():
            self.labels.setdefault(j, Counts()).add(labels, weight)

    def add_bent(self, tails, numbers, weight):
        """More rows, for the columns of heavy tails alone: once the sample has said which.

        Parameters
        ----------
        tails : list
            Of the view's numbers.
        numbers : ndarray of shape (n, n_tails)
            Their columns.
        weight : ndarray of shape (n,)
            Not negative.
        """
        pairs = zip(tails, numbers.T, strict=True)
        self.bent.add(np.column_stack([t.bend(x) for t, x in pairs]), weight)

    def has_gaps(self):
        """Whether any number is missing."""  # numpydoc ignore=RT01
        return bool((self.numbers.present() < 1 - 1e-12).any())

    def corrected(self, view):
        """Put the numbers of all rows into a view that a sample has made.

        Parameters
        ----------
        view : TableView
            Learnt from the sample; changed.
        """
        numbers, *_ = view.parts_
        limits = view.min_frequency, view.max_categories, view.scale
        columns = [_categories(j, counts, *limits) for j, counts in self.labels.items()]
        view.take_parts([self._numbers(numbers), *columns])

    def _numbers(self, part):
        mean, inverse = self.numbers.mean.copy(), self.numbers.inverse()
        if part.tails:
            bent = [tail.index for tail in part.tails]
            mean[bent], inverse[bent] = self.bent.mean, self.bent.inverse()
        present = self.numbers.present()
        gaps = np.flatnonzero((present < 1 - 1e-12) & (present > 0))
        terms = part.terms[: len(mean)]
        terms += [Term(part.columns[i], is_gap=True) for i in gaps]
        scale = np.full(len(gaps), indicator_scale(1))
        return replace(
            part,
            gaps=gaps,
            empty=present == 0,
            terms=terms,
            center=np.concatenate([mean, 1 - present[gaps]]),
            inverse_scale=np.concatenate([inverse, scale]),
        )


def _categories(column, counts, min_frequency, max_categories, as_mean):
    labels, share = counts.rows()
    limits = min_frequency, max_categories, as_mean
    return CategoryColumn.learn(column, labels, share, *limits)
