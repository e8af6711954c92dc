"""Rows as a search of bounded cost can bear them."""

from dataclasses import dataclass, replace

import numpy as np

from .binned import Binned
from .condensing import few_outputs, fewer_bins
from .costs import statistics
from .growth import Rows
from .hints import booster_hints
from .search import Search
from .structure import HardTree
from .watch import Watch

# Few rows can bear more thresholds.
_MOST_BINS, _BINS_OF_FEW, _FEW_ROWS = 256, 1024, 5000
_FEWEST = 1000  # rows that are searched, however many statistics they have
# Rows times columns times statistics, for one search; and rows times statistics, which
# binds where columns are few and classes many.
_MOST_CELLS, _MOST_STATISTICS = 20_000_000, 1 << 20
_MOST_ROWS = 20_000  # of more, as many are drawn; all have the last word


@dataclass(frozen=True)
class Taught:
    """Rows that a tree learns from.

    Attributes
    ----------
    x : ndarray of shape (n, n_columns)
        Their view.
    target : ndarray of shape (n, n_outputs)
        Class probabilities or values.
    weight : ndarray of shape (n,)
        Their weights.
    """

    x: np.ndarray
    target: np.ndarray
    weight: np.ndarray

    @property
    def parts(self):
        """All three."""  # numpydoc ignore=RT01
        return self.x, self.target, self.weight

    def on(self, columns):
        """The same rows on some columns.

        Parameters
        ----------
        columns : ndarray of int or slice
            Which.

        Returns
        -------
        Taught
            With a narrower view.
        """
        return replace(self, x=self.x[:, columns])


@dataclass(frozen=True)
class Prepared:
    """What a search works on.

    Attributes
    ----------
    taught : Taught
        All rows.
    learns : ndarray of bool of shape (n,)
        Those of them that finished trees have learnt from, before one is chosen.
    drawn : Taught
        Some of these, drawn by weight.
    some, whole : Rows
        Those that were drawn, and all; the same if they are.
    hints : list of tuple of int
        Tests for the look-ahead.
    n_leaves : int
        Largest number of leaves.
    random : RandomState
        For what follows.
    watch : Watch
        May end a search early.
    """

    taught: Taught
    learns: np.ndarray
    drawn: Taught
    some: Rows
    whole: Rows
    hints: list
    n_leaves: int
    random: np.random.RandomState
    watch: Watch

    def search(self, n_leaves=None):
        """A search on the rows that were drawn.

        Parameters
        ----------
        n_leaves : int, default=None
            Fewer leaves.

        Returns
        -------
        Search
            A new one.
        """
        n_leaves = n_leaves or self.n_leaves
        return Search(self.some, n_leaves, self.random, self.hints, self.watch)

    def last_search(self, n_leaves=None):
        """A search on all rows.

        Parameters
        ----------
        n_leaves : int, default=None
            Fewer leaves.

        Returns
        -------
        Search
            A new one.
        """
        n_leaves = n_leaves or self.n_leaves
        return Search(self.whole, n_leaves, self.random, watch=self.watch)

    def tree_of(self, root, taught=None):
        """A tree of questions with the sums of all rows and outputs.

        Parameters
        ----------
        root : Question or None
            Its root.
        taught : Taught, default=None
            Other rows.

        Returns
        -------
        HardTree
            The same tree.
        """
        x, target, weight = (taught or self.taught).parts
        stats = statistics(target, weight)
        cuts, least = self.some.binned.thresholds, self.some.min_weight
        return HardTree.of(root, cuts, x, stats, least)


def prepared(
    taught,
    *,
    widths,
    cost,
    least,
    n_leaves,
    random,
    watch,
    learns=None,
    takes_hints=True,
    wishes=None,
):
    """Draw rows, put them into bins and look for promising tests.

    Parameters
    ----------
    taught : Taught
        All rows, their weights of sum 1.
    widths : sequence of int
        Numbers of classes of the targets; none for values.
    cost : callable
        ``cost(widths)`` -> the criterion.
    least : float
        Least share of the weight of a leaf.
    n_leaves : int
        Largest number of leaves.
    random : RandomState
        Draws.
    watch : Watch
        May end a search early.
    learns : ndarray of bool of shape (n,), default=None
        Those that may be drawn; all by default.
    takes_hints : bool, default=True
        Whether a booster names promising tests.
    wishes : Wishes, default=None
        What holds for questions; None for nothing.

    Returns
    -------
    Prepared
        For a search.
    """
    x, target, weight = taught.parts
    few, widths = few_outputs(x, target, weight, widths, random)
    n_stats = 1 + few.shape[1]
    most = min(
        _MOST_ROWS,
        _MOST_CELLS // max(1, x.shape[1] * n_stats),
        _MOST_STATISTICS // n_stats,
    )
    learns = np.ones(len(x), dtype=bool) if learns is None else learns
    here = np.flatnonzero(learns)
    part = weight[here] / weight[here].sum()
    chosen, times = by_weight(part, max(_FEWEST, most), random)
    chosen = here[chosen]
    drawn = Taught(x[chosen], target[chosen], times)
    stats = statistics(few[chosen], times)
    bins = _BINS_OF_FEW if len(chosen) <= _FEW_ROWS else _MOST_BINS
    binned = Binned(drawn.x, bins, times)
    sizes = [len(cuts) for cuts in binned.thresholds]
    # Known only now: many columns have fewer values than bins.
    fewer = fewer_bins(sizes, bins, n_stats, n_leaves)
    if fewer < bins:
        binned = Binned(drawn.x, fewer, times)
    some = whole = Rows(binned, stats, cost(widths), least, wishes)
    if len(chosen) < len(x):
        stats = statistics(few, weight)
        whole = Rows(binned.of(x), stats, cost(widths), least, wishes)
    hints = []
    if takes_hints:
        hints = booster_hints(drawn.x, few[chosen], times, binned, random)
    return Prepared(taught, learns, drawn, some, whole, hints, n_leaves, random, watch)


def by_weight(weight, most, random):
    """Rows drawn in proportion to their weights, and the weights that they then have.

    Parameters
    ----------
    weight : ndarray of shape (n,)
        Weights of all rows, above 0.
    most : int
        Largest number of rows.
    random : RandomState
        Draws.

    Returns
    -------
    chosen : ndarray of int
        Rows, ascending; all where they are few enough.
    weight : ndarray of shape (len(chosen),)
        Of the same sum as before.
    """
    if len(weight) <= most:
        return np.arange(len(weight)), weight
    # Systematic sampling: a row of a hundredth of the weight is a hundredth of the draws.
    share = weight.cumsum() / weight.sum()
    places = (np.arange(most) + random.random_sample()) / most
    rows = np.minimum(np.searchsorted(share, places, side="right"), len(weight) - 1)
    chosen, times = np.unique(rows, return_counts=True)
    return chosen, times * (weight.sum() / most)
