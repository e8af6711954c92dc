"""Searches for changes of a row that change a tree's decision."""

from itertools import combinations

import numpy as np

from ..tables.view import reads_tables, view_terms
from ..tasks.priors import shifted
from .changes import Counterfactual
from .rows import varied

# 2 to the -40 of the range, in rounds of 31 values: far below what a user tells apart.
_ROUNDS, _BETWEEN = 8, 31
# Pairs of a soft tree: among so many columns, and so many values of each.
MOST_COLUMNS, MOST_VALUES = 8, 16
_REFINED = 5


class Search:
    """Changes of one row.

    Parameters
    ----------
    tree : SoftDecisionTreeClassifier or HardDecisionTreeClassifier
        Fitted.
    row : frame or array-like of shape (1, n_features)
        The row.
    now : label
        What the tree predicts for it.
    target : label or None
        What it has to predict; None for anything else.
    columns : list of Column
        Those that may change.
    """

    def __init__(self, tree, row, now, target, columns):
        self.tree, self.row, self.now, self.target = tree, row, now, target
        view = tree.preprocessor_
        #: Whether each question is known to be about a single column.
        self.is_hard = hasattr(tree, "tree_") and (view is None or reads_tables(view))
        self.columns = [each for each in columns if len(each.values)]
        if self.is_hard:
            asked = self.asked()
            self.columns = [each for each in self.columns if each.position in asked]

    def asked(self):
        """Return which columns a hard tree asks about.

        Returns
        -------
        set of int
            Positions.
        """
        return {self._sources()[k] for k in self.tree.tree_.feature if k >= 0}

    def _sources(self):
        terms = view_terms(self.tree.preprocessor_, self.tree._n_view)[0]
        return [int(term.column) for term in terms]

    def _wanted(self, labels):
        hits = labels != self.now
        return hits if self.target is None else hits & (labels == self.target)

    def _does_it(self, rows):
        labels = self.tree.predict(rows)
        return labels, self._wanted(labels)

    def singles(self):
        """Return all changes of one column that do it.

        Returns
        -------
        list of Counterfactual
            Of each range of values with the same answer the nearest one; each category.
        """
        return [found for column in self.columns for found in self._in_column(column)]

    def _in_column(self, column):
        labels, hits = self._does_it(varied(self.row, column.position, column.values))
        places = np.flatnonzero(hits)
        if not len(places):
            return
        if column.is_number:
            breaks = (np.diff(places) > 1) | (labels[places][1:] != labels[places][:-1])
            groups = np.split(places, np.flatnonzero(breaks) + 1)
        else:
            groups = np.split(places, len(places))
        for group in groups:
            near = column.nearest(group)
            after = self._nearer(column, near, labels[near], self.row)
            ends = [column.values[k] for k in (group[0], group[-1])]
            words = self._words(column, after, ends, labels[near], self.row)
            yield _found([column.change(after, words)], labels[near])

    def _nearer(self, column, near, label, row):
        """The value nearest to the row's own that does it, beside one of the grid."""
        if not column.is_number:
            return column.values[near]
        good, start = float(column.values[near]), column.start
        beside = near - 1 if good > start else near + 1
        if good == start or not 0 <= beside < len(column.values):
            return good
        bad = float(column.values[beside])
        for _ in range(_ROUNDS):
            share = np.arange(1, _BETWEEN + 1) / (_BETWEEN + 1)
            between = good * (1 - share) + bad * share  # no difference can overflow
            between = np.unique(np.round(between) if column.is_whole else between)
            between = between[(between != good) & (between != bad)]
            if not len(between):
                break
            between = between if good < bad else between[::-1]
            labels = self.tree.predict(varied(row, column.position, between))
            places = np.flatnonzero(labels == label)
            last = places[-1] if len(places) else -1
            good = float(between[last]) if len(places) else good
            bad = float(between[last + 1]) if last + 1 < len(between) else bad
        return good

    def _words(self, column, after, ends, label, row):
        if self.is_hard or not column.is_number:
            return column.words(after, *ends)
        texts = column.roundings(after)
        values = [value for _, value in texts]
        labels = self.tree.predict(varied(row, column.position, values))
        # The shortest number that does it; the last one is the value itself.
        right = int(np.argmax(labels == label))
        return f"{column.name} = {texts[right][0]}"

    def ways(self):
        """Return the smallest way to each leaf of a hard tree that does it.

        A leaf is a box: what has to change is each column on which the row breaks a
        condition of it, and a column can be chosen by itself.

        Returns
        -------
        list of Counterfactual
            Over any number of columns.
        """
        answers = self._leaf_labels()
        views, own = self._views(), np.asarray(self.tree._view(self.row))
        found = []
        for leaf in np.flatnonzero(self.tree.tree_.is_leaf):
            if not self._wanted(np.array([answers[leaf]]))[0]:
                continue
            changes = self._into(leaf, views, own)
            if changes:
                found.append(_found(changes, answers[leaf]))
        return found

    def _leaf_labels(self):
        tree = self.tree
        with np.errstate(divide="ignore"):
            log_p = shifted(np.log(tree.leaf_values()), tree._class_shift)
        leaves = np.flatnonzero(tree.tree_.is_leaf)
        return dict(zip(leaves.tolist(), tree._task.labels(log_p), strict=True))

    def _views(self):
        """The tree's view of the row with each value of each column."""
        rows = [varied(self.row, each.position, each.values) for each in self.columns]
        views = [np.asarray(self.tree._view(each)) for each in rows]
        return dict(zip(self.columns, views, strict=True))

    def _into(self, leaf, views, own):
        """The changes that lead into a leaf; none where no allowed ones do."""
        by_column = {each.position: each for each in self.columns}
        conditions, changes = {}, []
        source = self._sources()
        for k, threshold, goes_left in _conditions(self.tree.tree_, leaf):
            conditions.setdefault(source[k], []).append((k, threshold, goes_left))
        for position, its in conditions.items():
            if _holds(own, its).all():
                continue
            column = by_column.get(position)
            fits = np.zeros(0) if column is None else _holds(views[column], its)
            if not fits.any():
                return []
            near = column.nearest(np.flatnonzero(fits))
            after, ends = column.values[near], _run(fits, near)
            words = column.words(after, *(column.values[k] for k in ends))
            changes.append(column.change(after, words))
        return changes

    def margins(self):
        """Return how near each value of each column comes to another decision.

        Returns
        -------
        list of (Column, ndarray)
            The log odds of what is wanted against what else is likeliest; nothing where
            the tree knows one class alone.
        """
        if len(self.tree.classes_) < 2:
            return []
        return [
            (each, self._margin(varied(self.row, each.position, each.values)))
            for each in self.columns
        ]

    def _margin(self, rows):
        with np.errstate(divide="ignore"):
            log_p = np.log(np.maximum(self.tree.predict_proba(rows), 1e-300))
        classes = self.tree.classes_
        is_it = classes != self.now if self.target is None else classes == self.target
        return log_p[:, is_it].max(axis=1) - log_p[:, ~is_it].max(axis=1)

    def pairs(self, margins):
        """Return changes of two columns that do it, by a bounded search.

        Parameters
        ----------
        margins : list of (Column, ndarray)
            From ``margins``: the columns that come nearest by themselves are paired.

        Returns
        -------
        list of Counterfactual
            The best of some pairs; neither of both values could be nearer alone.
        """
        order = sorted(margins, key=lambda pair: -pair[1].max())[:MOST_COLUMNS]
        places = {column: _spread(column, margin) for column, margin in order}
        found = []
        for first, second in combinations(places, 2):
            found.extend(self._in_pair(first, places[first], second, places[second]))
        found.sort(key=lambda each: each[0])
        ways = [self._refined(*each[1:]) for each in found[:_REFINED]]
        return [way for way in ways if way is not None]

    def _in_pair(self, first, some, second, others):
        """The nearest pair of values that does it: distance, columns, places, label."""
        i, j = (each.ravel() for each in np.meshgrid(some, others, indexing="ij"))
        labels, hits = self._does_it(self._both(first, i, second, j))
        hits = np.flatnonzero(hits)
        if not len(hits):
            return
        far = [_distances(column, k[hits]) for column, k in ((first, i), (second, j))]
        best = int(np.argmin(far[0] + far[1]))
        k = hits[best]
        yield far[0][best] + far[1][best], first, i[k], second, j[k], labels[k]

    def _both(self, first, i, second, j):
        rows = varied(self.row, first.position, [first.values[k] for k in i])
        return varied(rows, second.position, [second.values[k] for k in j])

    def _refined(self, first, i, second, j, label):
        """One column after the other moved towards the row."""
        with_second = varied(self.row, second.position, [second.values[j]])
        after = self._nearer(first, i, label, with_second)
        with_first = varied(self.row, first.position, [after])
        other = self._nearer(second, j, label, with_first)
        with_second = varied(self.row, second.position, [other])
        changes = []
        for column, value, row in (
            (first, after, with_second),
            (second, other, with_first),
        ):
            words = self._words(column, value, (value, value), label, row)
            changes.append(column.change(value, words))
        return _found(changes, label)


def _found(changes, label):
    return Counterfactual(tuple(changes), label, sum(each.distance for each in changes))


def _distances(column, places):
    if not column.is_number:
        return np.ones(len(places))
    return column.distance(column.values[places])


def _spread(column, margin):
    """Places of some values, evenly over all; of categories those that come nearest."""
    if not column.is_number:
        return np.argsort(-margin, kind="stable")[:MOST_VALUES]
    n = len(column.values)
    return np.unique(np.linspace(0, n - 1, min(n, MOST_VALUES)).round().astype(int))


def _conditions(tree, leaf):
    """What holds in a leaf: column of the view, threshold, whether it is not above it."""
    found = []
    while leaf:
        node = int(tree.parent[leaf])
        goes_left = tree.children_left[node] == leaf
        found.append((int(tree.feature[node]), tree.threshold[node], goes_left))
        leaf = node
    return found[::-1]


def _holds(view, conditions):
    """Which rows of a view fulfil all conditions."""
    each = [(view[:, k] <= cut) == goes_left for k, cut, goes_left in conditions]
    return np.logical_and.reduce(each)


def _run(fits, near):
    """The first and the last of the neighbours that fit too."""
    misses = np.flatnonzero(~fits)
    below, above = misses[misses < near], misses[misses > near]
    first = below[-1] + 1 if len(below) else 0
    return first, (above[0] if len(above) else len(fits)) - 1
