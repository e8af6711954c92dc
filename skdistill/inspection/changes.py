"""What a row's columns might have been, and how far that is."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ..tables.gaps import is_gap
from ..tables.terms import category_in_words, in_one_line
from ..tables.view import reads_tables
from .numbers import beside, in_full, number
from .wording import names_of, quoted


@dataclass(frozen=True)
class Change:
    """Another value of one column.

    Attributes
    ----------
    feature : object
        Name of the column as the frame has it, or its position where it has none.
    before, after : object
        Its value, and the one that it would have to have.
    distance : float
        Share of the training rows whose values lie between; 1 for another category.
    words : str
        What does it, such as ``age > 30 and <= 40`` or ``plan = yearly``.
    """

    feature: Any
    before: Any
    after: Any
    distance: float
    words: str

    def __str__(self):
        ends = self.before, self.after
        if all(isinstance(end, float) and not is_gap(end) for end in ends):
            return f"{self.words} instead of {beside(*ends)}"
        return f"{self.words} instead of {in_words(self.before)}"


@dataclass(frozen=True)
class Counterfactual:
    """The smallest change that changes a tree's decision; false where there is none.

    Attributes
    ----------
    changes : tuple of Change
        Of the features that have to change; empty where there is no way.
    prediction : object
        The class that the tree then predicts; without a change, that of the row.
    distance : float
        Sum over the changes; infinite without any.
    reason : str
        Why there is none, and what is the nearest.
    """

    changes: tuple[Change, ...]
    prediction: Any
    distance: float
    reason: str = ""

    def __bool__(self):
        return bool(self.changes)

    def __str__(self):
        if not self.changes:
            return self.reason
        verb = "makes it" if len(self.changes) == 1 else "together make it"
        return f"{listed(self.changes)} {verb} {label_in_words(self.prediction)}"

    @property
    def feature(self):
        """The column that changes; a tuple for several."""  # numpydoc ignore=RT01
        return self._of_each("feature")

    @property
    def before(self):
        """Its value; a tuple for several."""  # numpydoc ignore=RT01
        return self._of_each("before")

    @property
    def after(self):
        """What it would have to be; a tuple for several."""  # numpydoc ignore=RT01
        return self._of_each("after")

    def _of_each(self, attribute):
        values = tuple(getattr(change, attribute) for change in self.changes)
        return values[0] if len(values) == 1 else values


def in_words(value):
    """Return a value as text has it.

    Parameters
    ----------
    value : object
        A number, a category, or a gap.

    Returns
    -------
    str
        In one line.
    """
    if is_gap(value):
        return "missing"
    return in_full(value) if isinstance(value, float) else category_in_words(value)


def label_in_words(label):
    """Return a class as text has it.

    Parameters
    ----------
    label : object
        One of ``classes_``.

    Returns
    -------
    str
        Such as ``Yes``, and ``class 1``.
    """
    text = in_one_line(label)
    return text if quoted(text) == text else f"class {text}"


def listed(parts):
    """Return a list in words.

    Parameters
    ----------
    parts : iterable
        At least one.

    Returns
    -------
    str
        Such as ``a, b and c``.
    """
    *first, last = map(str, parts)
    return f"{', '.join(first)} and {last}" if first else last


class Column:
    """The values that a column might have had, each the nearest of its kind.

    Parameters
    ----------
    tree : SoftDecisionTreeClassifier or HardDecisionTreeClassifier
        Fitted.
    row : frame or array-like of shape (1, n_features)
        The row.
    position : int
        Of the column.
    limits : sequence, default=None
        The lowest and the highest number that are allowed, either None; or the allowed
        categories.

    Attributes
    ----------
    values : ndarray or list
        In ascending order: the row's own, those that training saw (of very many, 256
        quantiles), the ends of what is allowed, and both sides of each threshold. Or other
        categories. None beyond what training saw, or what is allowed.
    """

    def __init__(self, tree, row, position, limits=None):
        observed, self.share = tree._observed[position]
        self.position, names = position, names_of(tree)
        self.feature, self.name = position, f"feature_{position}"
        if names is not None:
            self.feature = names[position]
            self.name = quoted(in_one_line(names[position]))
        self.is_number = self.share is not None
        self.before = value_of(row, position)
        self.cuts = np.empty(0)
        if not self.is_number:
            self.values = [value for value in observed if value != self.before]
            if limits is not None:
                self.values = [value for value in self.values if value in [*limits]]
            return
        self.observed = np.asarray(observed, dtype=np.float64)
        self.before = np.nan if self.before is None else float(self.before)
        self.is_gap = not np.isfinite(self.before)
        self.values = self.observed
        if len(observed):
            self._set_grid(tree, limits)

    def _set_grid(self, tree, limits):
        observed = self.observed
        low, high = (None, None) if limits is None else limits
        low = observed[0] if low is None else max(low, observed[0])
        high = observed[-1] if high is None else min(high, observed[-1])
        cuts = _thresholds(tree, self.position)
        self.cuts = np.unique(cuts[(cuts >= observed[0]) & (cuts < observed[-1])])
        above, below = self._above(self.cuts), self._up_to(self.cuts)
        ends = [np.ceil(low), np.floor(high)] if self.is_whole else [low, high]
        values = np.concatenate([observed, below, above, ends, [self.start]])
        values = np.unique(values)
        self.values = values[(values >= low) & (values <= high)]

    def _up_to(self, cuts):
        """The question is x <= cut: the greatest number of which it holds."""
        return np.floor(cuts) if self.is_whole else cuts

    def _above(self, cuts):
        """The least number of which it does not."""
        return np.floor(cuts) + 1 if self.is_whole else np.nextafter(cuts, np.inf)

    @cached_property
    def is_whole(self):
        """Whether all numbers that training saw are whole."""  # numpydoc ignore=RT01
        return bool((self.observed == np.floor(self.observed)).all())

    @cached_property
    def start(self):
        """The row's number; the median for a gap."""  # numpydoc ignore=RT01
        if not self.is_gap:
            return self.before
        median = float(np.interp(0.5, self.share, self.observed))
        return float(np.round(median)) if self.is_whole else median

    def distance(self, after):
        """Return how far values are from the row's.

        Parameters
        ----------
        after : object or ndarray
            One or several.

        Returns
        -------
        float or ndarray
            In ranks; 1 for categories, which have none.
        """
        if not self.is_number:
            return 1.0
        ranks = np.interp(after, self.observed, self.share)
        return np.abs(ranks - np.interp(self.start, self.observed, self.share))

    def nearest(self, places):
        """Return which of some values is the nearest.

        Parameters
        ----------
        places : ndarray of int
            Positions among the values.

        Returns
        -------
        int
            One of them; of categories the first.
        """
        if not self.is_number:
            return int(places[0])
        values = self.values[places]
        # Where no training row lies between, in the column's own unit.
        order = np.lexsort([np.abs(values - self.start), self.distance(values)])
        return int(places[order[0]])

    def change(self, after, words):
        """Return a change of this column.

        Parameters
        ----------
        after : object
            The new value.
        words : str
            What does it.

        Returns
        -------
        Change
            With its distance.
        """
        after = float(after) if self.is_number else after
        distance = float(self.distance(after))
        return Change(self.feature, self.before, after, distance, words)

    def words(self, after, first, last):
        """Return what all values between two say, in the words of the tree's questions.

        Parameters
        ----------
        after : object
            The new value.
        first, last : object
            It may be replaced by any value from the one to the other.

        Returns
        -------
        str
            Such as ``age > 30``; ``age = 31`` where no question ends there.
        """
        equal = f"{self.name} = {in_words(after)}"
        if not self.is_number or np.array_equal(self.observed, [0, 1]):
            return equal
        low, high = self.cuts[self.cuts < first][-1:], self.cuts[self.cuts >= last][:1]
        # Where it is not a question but what is allowed that ends the values.
        if (after > self.start and first not in self._above(low)) or (
            after < self.start and last not in self._up_to(high)
        ):
            return equal
        parts = [f"> {in_full(cut)}" for cut in low]
        parts += [f"<= {in_full(cut)}" for cut in high]
        parts = parts[::-1] if after < self.start else parts
        return f"{self.name} {' and '.join(parts)}" if parts else equal

    def roundings(self, after):
        """Return numbers of ever more digits near one.

        Parameters
        ----------
        after : float
            The number.

        Returns
        -------
        list of (str, float)
            As text, and as numbers.
        """
        if self.is_whole:
            return [(in_full(after), after)]
        spread = float(self.observed.std())
        texts = [number(after, digits, spread) for digits in range(3, 17)]
        texts.append(in_full(after))
        return [(text, float(text.replace(",", ""))) for text in texts]


def _thresholds(tree, column):
    """What a hard tree asks of a column, in the column's unit."""
    if not hasattr(tree, "tree_"):
        return np.empty(0)
    gates = np.flatnonzero(~tree.tree_.is_leaf)
    asked = tree.tree_.feature[gates]
    if tree.preprocessor_ is None:
        return tree.tree_.threshold[gates[asked == column]]
    if not reads_tables(tree.preprocessor_):
        return np.empty(0)
    terms = [tree.preprocessor_.terms_[k] for k in asked]
    is_its = [term.column == column and not term.is_question for term in terms]
    return tree.tree_.threshold[gates[np.array(is_its, dtype=bool)]]


def value_of(row, column):
    """Return the value in a column.

    Parameters
    ----------
    row : frame or array-like of shape (1, n_features)
        The row.
    column : int
        Position of the column.

    Returns
    -------
    object
        A number, of whatever type, a category, or None for a gap.
    """
    if hasattr(row, "to_pandas"):
        row = row.to_pandas()
    if hasattr(row, "iloc"):
        value = row.iloc[0, column]
    else:
        value = row[0, column] if hasattr(row, "ndim") else row[0][column]
    return None if is_gap(value) else value
