"""Questions about one column of a table, with short numbers and in words."""

from dataclasses import dataclass

import numpy as np

from ..inspection.conditions import Among, Bound
from ..inspection.numbers import in_full, number
from ..tables.table import Labels
from ..tables.terms import category_in_words

# Questions about a column: so many single categories, and groups of categories.
_CATEGORIES, _GROUPS = 30, 5


@dataclass(frozen=True, slots=True)
class Question:
    """A question about one column.

    Attributes
    ----------
    column : int
        Its position.
    name : str
        Its name in words.
    bound : float or None
        Of a number: whether it is at most this. A gap is no.
    categories : tuple
        Else: whether it is one of these; None stands for a gap.
    has_gaps : bool
        Of a number: whether the words of no tell that a gap is there, too.
    """

    column: int
    name: str
    bound: float | None = None
    categories: tuple = ()
    has_gaps: bool = False

    def said(self, yes):
        """What holds on one of its sides.

        Parameters
        ----------
        yes : bool
            Whether it is that of yes.

        Returns
        -------
        Bound or Among
            In words.
        """
        if self.bound is not None:
            sign, gaps = ("<=", False) if yes else (">", self.has_gaps)
            written = in_full(self.bound)
            return Bound(self.column, self.name, sign, self.bound, written, gaps)
        texts = [_written(each) for each in self.categories if each is not None]
        has_gap = None in self.categories
        return Among(self.column, self.name, texts, has_gap, yes, True)

    def asked(self, values):
        """Answer it.

        Parameters
        ----------
        values : ndarray of shape (n,) or Labels
            The column.

        Returns
        -------
        ndarray of bool of shape (n,)
            Whether the answer is yes.
        """
        if isinstance(values, Labels):
            of_gap = None in self.categories
            known = [each in self.categories for each in values.categories]
            return np.array([*known, of_gap])[values.codes]
        if self.bound is not None:
            return values <= self.bound
        named = [each for each in self.categories if each is not None]
        is_yes = np.isin(values, named)
        return is_yes | np.isnan(values) if None in self.categories else is_yes


def _written(category):
    if isinstance(category, float | np.floating):
        return in_full(category)
    return category_in_words(category)


def bounds_of(values, n):
    """Choose bounds that part a column's numbers into shares of like sizes.

    Parameters
    ----------
    values : ndarray of shape (n_rows,)
        NaN for gaps.
    n : int
        At most so many.

    Returns
    -------
    list of float
        Ascending and with few digits; numbers lie on both sides of each.
    """
    values = np.sort(values[np.isfinite(values)])
    if not len(values) or values[0] == values[-1]:
        return []
    distinct = np.unique(values)
    if len(distinct) > n + 1:
        at = np.arange(1, n + 1) * len(values) // (n + 1)
        distinct = np.unique(values[np.maximum(at - 1, 0)])
    # Half of the numbers lie within, however long the tails are.
    spread = float(values[len(values) * 3 // 4] - values[len(values) // 4])
    short = {_short(each, spread) for each in distinct.tolist()}
    return sorted(each for each in short if values[0] <= each < values[-1])


def _short(value, spread):
    if value == int(value) and abs(value) < 1e6:  # a count is a count
        return value
    return float(number(value, 3, spread).replace(",", ""))


def questions_about(column, name, values, target, n_bounds=64):
    """Make the questions that may be asked about a column.

    Parameters
    ----------
    column : int
        Its position.
    name : str
        In words.
    values : ndarray of shape (n,) or Labels
        What the rows hold there.
    target : ndarray of shape (n,)
        What is looked for: of categories those that have most of it come in groups.
    n_bounds : int, default=64
        Bounds of a number at most.

    Returns
    -------
    list of Question
        None about a constant.
    """
    if isinstance(values, Labels):
        groups = _groups_of(values, target)
        return [Question(column, name, categories=tuple(each)) for each in groups]
    gaps = np.isnan(values)
    present, has_gaps = values[~gaps], bool(gaps.any())
    if not len(present):
        return []
    low, high = float(present.min()), float(present.max())
    if low < high and ((present == low) | (present == high)).all():
        questions = [Question(column, name, categories=(high,))]
    else:
        bounds = bounds_of(present, n_bounds)
        questions = [Question(column, name, each, (), has_gaps) for each in bounds]
    if has_gaps:
        questions.append(Question(column, name, categories=(None,)))
    return questions


def _groups_of(labels, target):
    """Single categories, the frequent ones, and those with most of the target together."""
    n = np.bincount(labels.codes + 1, minlength=1 + len(labels.categories))
    sums = np.bincount(labels.codes + 1, target, minlength=len(n))
    names = [None, *labels.categories]
    frequent = [k for k in np.argsort(-n, kind="stable")[:_CATEGORIES] if n[k]]
    if len(frequent) < 2:
        return []
    groups = [[names[k]] for k in frequent]
    # A rare category looks worse than it is: its mean is drawn towards that of all.
    shrunk = [(sums[k] + 10 * target.mean()) / (n[k] + 10) for k in frequent]
    worst = [frequent[i] for i in np.argsort(-np.array(shrunk), kind="stable")]
    most = min(_GROUPS, len(frequent) - 2)
    return groups + [[names[k] for k in worst[:size]] for size in range(2, most + 1)]
