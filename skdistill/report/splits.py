"""A shallow tree of plain questions: where rows have more of something than others."""

import heapq
import itertools
from dataclasses import dataclass

import numpy as np

from ..inspection.conditions import merged
from ..tables.containers import is_texts, rows_of
from .columns import column_at, names_in_words, names_of_columns, read_columns
from .plain_questions import questions_about
from .text_questions import questions_about_texts

# Columns that stay in the race after each has been tried by itself.
_COLUMNS = 100
# Bounds of a number, the fewer the more columns there are.
_BOUNDS, _QUESTIONS = (8, 64), 5_000
# Cells that are read to grow a tree, and rows of them at most, and at least.
_CELLS, _MOST_ROWS, _FEWEST_ROWS = 20_000_000, 5_000, 500
_FEWEST_IN_LEAF = 15
_MAX_DEPTH, _MAX_LEAVES = 3, 8


@dataclass(frozen=True)
class Leaf:
    """Rows that answer some questions alike.

    Attributes
    ----------
    path : tuple of (Question, bool)
        The questions and the answers.
    """

    path: tuple = ()

    def words(self):
        """Say which rows these are."""  # numpydoc ignore=RT01
        said = [question.said(yes) for question, yes in self.path]
        return " and ".join(merged(said))

    def holds(self, X, n):
        """Find its rows.

        Parameters
        ----------
        X : object
            Rows as the user gave them.
        n : int
            Their number.

        Returns
        -------
        ndarray of bool of shape (n,)
            Whether each is one.
        """
        inside = np.ones(n, dtype=bool)
        for question, yes in self.path:
            inside &= question.asked(column_at(X, question.column)) == yes
        return inside


def grown(X, target):
    """Grow a shallow tree on what is looked for.

    Parameters
    ----------
    X : object
        Rows as the user gave them.
    target : ndarray of shape (n,)
        How much each row has of it.

    Returns
    -------
    list of Leaf
        At most eight, of at most three questions, each with a fortieth of the rows; none
        where nothing can be asked.
    """
    n_columns = max(1, len(names_of_columns(X)))
    most = int(np.clip(_CELLS // n_columns, _FEWEST_ROWS, _MOST_ROWS))
    if len(target) > most:
        kept = np.linspace(0, len(target) - 1, most).astype(int)
        X, target = rows_of(X, kept), target[kept]
    fewest = max(_FEWEST_IN_LEAF, len(target) // 40)
    # float32 would cancel what is small beside a large mean.
    centred = target - target.mean()
    questions, asked = _race(X, centred, target, fewest)
    return _tree(questions, asked, centred, fewest) if questions else []


def _race(X, centred, target, fewest):
    """The questions about the columns that tell most, each by itself."""
    best = []
    for j, questions, values in _questions(X, target):
        asked = np.column_stack([question.asked(values) for question in questions])
        gain = _gains(asked, centred, fewest).max()
        if gain > 0:
            item = (gain, -j, questions, asked)
            (heapq.heappush if len(best) < _COLUMNS else heapq.heappushpop)(best, item)
    best.sort(key=lambda item: -item[1])
    questions = [question for item in best for question in item[2]]
    asked = np.column_stack([item[3] for item in best]) if best else None
    return questions, asked


def _questions(X, target):
    """Column by column what can be asked, and of what."""
    if is_texts(X):
        yield 0, questions_about_texts(X), X
        return
    names = names_in_words(X)
    n_bounds = int(np.clip(_QUESTIONS // len(names), *_BOUNDS))
    for j, values in read_columns(X):
        questions = questions_about(j, names[j], values, target, n_bounds)
        if questions:
            yield j, questions, values


def _gains(asked, target, fewest):
    """By how much each question lessens the sum of squares; 0 where a side is too small."""
    n, total = len(target), target.sum()
    yes, sums = asked.sum(axis=0), target @ asked
    no = n - yes
    with np.errstate(divide="ignore", invalid="ignore"):
        gains = sums**2 / yes + (total - sums) ** 2 / no - total**2 / n
    return np.where(np.minimum(yes, no) >= fewest, gains, 0.0)


def _tree(questions, asked, target, fewest):
    """Split where it tells most, until nothing tells more than chance would."""
    asked = asked.astype(np.float64)
    # The largest of so many squared normal numbers is about this.
    by_chance = 2 * np.log(max(len(questions), 2))
    leaves, splits, tie = {}, [], itertools.count()

    def add(path, rows):  # numpydoc ignore=GL08
        gains = _gains(asked[rows], target[rows], fewest)
        k, least = int(gains.argmax()), 1e-12 * len(rows)
        if path:  # below the first question
            least += by_chance * target[rows].var()
        if len(path) < _MAX_DEPTH and gains[k] > least:
            heapq.heappush(splits, (-gains[k], next(tie), k, path, rows))
        leaves[path] = rows

    add((), np.arange(len(target)))
    while splits and len(leaves) < _MAX_LEAVES:
        *_, k, path, rows = heapq.heappop(splits)
        del leaves[path]
        for yes in (True, False):
            add((*path, (questions[k], yes)), rows[(asked[rows, k] > 0) == yes])
    return [Leaf(path) for path in leaves if path]
