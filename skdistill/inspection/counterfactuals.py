"""What would have had to be otherwise."""

from dataclasses import dataclass
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from ..tables.gaps import is_gap
from ..tables.terms import in_one_line
from ..tables.view import reads_tables
from .rows import one_row, varied
from .wording import check_readable, names_of, quoted

# 2 to the -40 of the range: far below what a user tells apart, at 40 predictions.
_HALVINGS = 40


@dataclass(frozen=True)
class Counterfactual:
    """The smallest change of one feature that changes a tree's decision.

    Attributes
    ----------
    feature : object
        Name of the column as the frame has it, or its position where it has none.
    before, after : object
        Its value, and the one that it would have to have.
    prediction : object
        The class that the tree then predicts.
    distance : float
        Share of the training rows whose values lie between; 1 for another category.
    name : str
        What the column is called in text.
    """

    feature: Any
    before: Any
    after: Any
    prediction: Any
    distance: float
    name: str

    def __str__(self):
        return (
            f"{self.name} = {_short(self.after)} instead of {_short(self.before)} "
            f"makes it {in_one_line(self.prediction)}"
        )


def _short(value):
    if is_gap(value):
        return "a gap"
    return f"{value:.6g}" if isinstance(value, float) else in_one_line(value)


def counterfactual(tree, x, *, target=None, features=None):
    """Find the smallest change of one feature that changes a tree's decision.

    Every feature is tried by itself, the others being as they are. Small is what few
    training rows lie between: a change is measured in ranks, so units make no
    difference, and no value leaves the range that training saw. For a hard tree all its
    thresholds are tried, so the answer is exact; for a soft one the values that training
    saw (256 quantiles of them, where there are more), and the place between two of them
    is found by bisection. The answer was verified by ``predict``.

    Parameters
    ----------
    tree : SoftDecisionTreeClassifier or HardDecisionTreeClassifier
        Fitted, for one target; a soft one decides as its ``inference`` says.
    x : frame of one row, Series, array-like of shape (n_features,) or (1, n_features)
        The row.
    target : label, default=None
        The class to be reached; None for any other than the present one.
    features : array-like, default=None
        Columns that may change, by their names, or by their positions where no name is a
        number; all by default.

    Returns
    -------
    Counterfactual or None
        None where no change of one feature does it.

    Raises
    ------
    ValueError
        If `x` is not one row, `target` is not a class, or `features` are no columns.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdistill import HardDecisionTreeClassifier, counterfactual
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X, y)
    >>> print(counterfactual(tree, X.iloc[60]))
    petal length (cm) = 2.5 instead of 3.5 makes it 0
    """
    check_readable(tree)
    if (
        not is_classifier(tree)
        or isinstance(tree.classes_, list)
        or tree.is_multilabel()
    ):
        raise ValueError(
            "counterfactual is about the decision of a classifier of one target, and tree "
            f"is {tree!r}."
        )
    row = one_row(x)
    now = tree.predict(row)
    if len(now) != 1:
        raise ValueError(f"x has {len(now)} rows: give one, such as X[:1].")
    if target is not None and target not in tree.classes_:
        raise ValueError(
            f"target={target!r} is none of the classes {tree.classes_.tolist()}."
        )
    if tree._observed is None:
        raise ValueError(
            "counterfactual varies numbers and categories, and this tree was fitted on "
            'columns of other kinds: take preprocessor="auto", or numbers.'
        )
    search = _Search(tree, row, now[0], target)
    changes = [search.in_column(column) for column in _columns(tree, features)]
    changes = [each for each in changes if each is not None]
    return min(changes, key=lambda each: each.distance, default=None)


def _columns(tree, features):
    if features is None:
        return range(tree.n_features_in_)
    names, positions = names_of(tree) or [], list(range(tree.n_features_in_))
    if any(isinstance(name, Integral) for name in names):
        positions = []  # an integer is a name, and a wrong one no position
    for each in features:
        if each not in names and each not in positions:
            raise ValueError(
                f"features={list(features)!r}: {each!r} is no column, which are "
                f"{names or positions}."
            )
    return [names.index(each) if each in names else int(each) for each in features]


class _Search:
    """Changes of one row, column by column."""

    def __init__(self, tree, row, now, target):
        self.tree, self.row, self.now, self.target = tree, row, now, target

    def in_column(self, column):
        """Return the smallest change of one column that does it, if any."""
        values, share = self.tree._observed[column]
        before = _value(self.row, column)
        if before is None and share is not None:
            before = np.nan
        if not len(values):  # nothing but gaps
            return None
        if share is None:
            return self._other_category(column, values, before)
        return self._other_number(column, np.asarray(values), share, before)

    def _does_it(self, column, values):
        labels = self.tree.predict(varied(self.row, column, values))
        hits = labels != self.now if self.target is None else labels == self.target
        return labels, hits & (labels != self.now)

    def _other_category(self, column, values, before):
        values = [value for value in values if value != before]
        if not values:
            return None
        labels, hits = self._does_it(column, values)
        if not hits.any():
            return None
        first = int(hits.argmax())
        # Categories have no ranks: each is as far as any other.
        return self._change(column, before, values[first], labels[first], 1.0)

    def _other_number(self, column, observed, share, before):
        whole = bool((observed == np.floor(observed)).all())
        values = np.unique(
            np.concatenate([observed, self._thresholds(column, observed, whole)])
        )
        labels, hits = self._does_it(column, values)
        known = isinstance(before, float) and np.isfinite(before)
        # A row with a gap starts from the median.
        start = before if known else float(np.interp(0.5, share, observed))
        best = None
        # The nearest hit on each side: the other hits are farther in ranks too.
        for side in (values <= start, values >= start):
            places = np.flatnonzero(hits & side)
            if not len(places):
                continue
            near = places[np.abs(values[places] - start).argmin()]
            step = 1 if values[near] < start else -1
            beside = near + step
            # Between the hit and its neighbour towards the row lies the tree's threshold.
            limit = values[beside] if 0 <= beside < len(values) else start
            limit = min(limit, start) if step > 0 else max(limit, start)
            after, label = self._nearer(
                column, values[near], limit, labels[near], whole
            )
            ranks = np.interp([start, after], observed, share)
            distance = float(abs(ranks[1] - ranks[0]))
            if best is None or distance < best.distance:
                best = self._change(column, before, after, label, distance)
        return best

    def _thresholds(self, column, observed, whole):
        """What a hard tree asks of the column, from both sides."""
        tree = self.tree
        if not hasattr(tree, "tree_"):
            return np.empty(0)
        gates = np.flatnonzero(~tree.tree_.is_leaf)
        if reads_tables(tree.preprocessor_):
            terms = tree.preprocessor_.terms_
            gates = [
                node
                for node in gates
                if terms[tree.tree_.feature[node]].column == column
                and not terms[tree.tree_.feature[node]].is_question
            ]
        elif tree.preprocessor_ is None:
            gates = gates[tree.tree_.feature[gates] == column]
        else:
            gates = []
        cuts = tree.tree_.threshold[gates]
        # The question is x <= cut: the cut itself, and the least number beyond it.
        above = np.floor(cuts) + 1 if whole else np.nextafter(cuts, np.inf)
        both = np.concatenate([np.floor(cuts) if whole else cuts, above])
        return both[(both >= observed[0]) & (both <= observed[-1])]

    def _nearer(self, column, good, bad, label, whole):
        """Between a value that does it and one nearer to the row that does not."""
        for _ in range(_HALVINGS):
            middle = good / 2 + bad / 2  # their sum could overflow
            middle = float(np.round(middle)) if whole else middle
            if middle in (good, bad):
                break
            labels, hits = self._does_it(column, [middle])
            if hits[0]:
                good, label = middle, labels[0]
            else:
                bad = middle
        return float(good), label

    def _change(self, column, before, after, label, distance):
        names = names_of(self.tree)
        feature, name = column, f"feature_{column}"
        if names is not None:
            feature, name = names[column], quoted(in_one_line(names[column]))
        return Counterfactual(feature, before, after, label, distance, name)


def _value(row, column):
    """The value in a column: a float, a category, or None for a gap."""
    if hasattr(row, "to_pandas"):
        row = row.to_pandas()
    if hasattr(row, "iloc"):
        value = row.iloc[0, column]
    else:
        value = row[0, column] if hasattr(row, "ndim") else row[0][column]
    if is_gap(value):
        return None
    if isinstance(value, bool | int | float | np.number | np.bool_):
        return float(value)
    return value
