"""Questions, the trees made of them, and how these grow best-first."""

import heapq
import itertools

import numpy as np
from scipy import sparse

from .costs import Squares
from .question import Question, Shapes, columns_of_paths

_ROUNDING = 1e-9
_TIE = 1e-12  # of a cost: what sums in another order may differ by
# Cells of a table, and sums of its bins, that are computed at once.
_CELLS_AT_ONCE, _SUMS_AT_ONCE = 1 << 22, 1 << 21


class Place:
    """Where a node stands: the answers that lead to it, and the rows that reach it.

    Rows are looked up when they are needed: much of what is known of a place is kept by
    its answers alone.

    Parameters
    ----------
    answers : frozenset of tuple
        Column, bin and side of each question above.
    find : callable
        ``find()`` -> ndarray of int, the rows.
    """

    __slots__ = ("_find", "_rows", "answers")

    def __init__(self, answers, find):
        self.answers, self._find, self._rows = answers, find, None

    @property
    def columns(self):
        """The columns that are asked about above."""  # numpydoc ignore=RT01
        return {column for column, _, _ in self.answers}

    @property
    def rows(self):
        """Row numbers."""  # numpydoc ignore=RT01
        if self._rows is None:
            self._rows = self._find()
        return self._rows


class Rows:
    """Training rows as codes and statistics, and what trees cost on them.

    Parameters
    ----------
    binned : Binned
        The columns.
    stats : ndarray of shape (n_stats, n)
        See :func:`~skdistill.learners.hard_tree.costs.statistics`.
    cost : callable
        A function of sums of statistics, such as Entropy.
    min_weight : float
        What a leaf must have.
    wishes : Wishes, default=None
        What else holds for questions; None for nothing.
    """

    def __init__(self, binned, stats, cost, min_weight, wishes=None):
        self.binned, self.stats, self.cost = binned, stats, cost
        self.wishes = wishes
        # Sums of the same weights in another order differ by rounding.
        self.min_weight = min_weight * (1 - _ROUNDING)
        n = stats.shape[1]
        self.root = Place(frozenset(), lambda: np.arange(n, dtype=np.int32))
        self.shapes = Shapes()
        self._sums, self._costs, self._questions = {}, {}, {}

    def by_squares(self):
        """The same rows under the squared criterion.

        Returns
        -------
        Rows
            Rows that share codes and statistics with these.
        """
        return Rows(self.binned, self.stats, Squares(), self.min_weight, self.wishes)

    def sums(self, place):
        """Statistics of a place's rows together.

        Parameters
        ----------
        place : Place
            Of a node.

        Returns
        -------
        ndarray of shape (n_stats,)
            The sums.
        """
        sums = self._sums.get(place.answers)
        if sums is None:
            sums = self.stats[:, place.rows].sum(axis=1)
            self._sums[place.answers] = sums
        return sums

    def sides(self, test, place):
        """The places on either side of a test.

        Parameters
        ----------
        test : tuple of int
            Column and bin.
        place : Place
            Of the node that asks it.

        Returns
        -------
        left, right : Place
            Of its children.
        """
        parts = []

        def _side(number):
            def _find():
                if not parts:
                    rows = place.rows
                    left = self.binned.goes_left(test, rows)
                    parts.extend([rows[left], rows[~left]])
                return parts[number]

            return Place(place.answers | {(*test, number)}, _find)

        return _side(0), _side(1)

    def cost_of(self, node, place):
        """What a subtree costs at a place, its leaves as good as they can be.

        Parameters
        ----------
        node : Question or None
            Root of the subtree.
        place : Place
            Where it stands.

        Returns
        -------
        float
            Sum over the leaves.
        """
        return self._cost_of(self.shapes.of(node), place)

    def _cost_of(self, shape, place):
        key = place.answers, shape
        cost = self._costs.get(key)
        if cost is None:
            if not shape:
                cost = float(self.cost(self.sums(place)))
            else:
                test, *below = self.shapes.parts(shape)
                sides = self.sides(test, place)
                cost = sum(map(self._cost_of, below, sides))
            self._costs[key] = cost
        return cost

    def leaf_numbers(self, node, rows):
        """Where rows end in a subtree.

        Parameters
        ----------
        node : Question or None
            Root of the subtree.
        rows : ndarray of int
            Any rows.

        Returns
        -------
        number : ndarray of int
            Number of the leaf of each row, from the left.
        n_leaves : int
            Leaves of the subtree.
        """
        if node is None:
            return np.zeros(len(rows), dtype=np.int64), 1
        left = self.binned.goes_left(node.test, rows)
        number = np.empty(len(rows), dtype=np.int64)
        number[left], n_left = self.leaf_numbers(node.left, rows[left])
        right, n_right = self.leaf_numbers(node.right, rows[~left])
        number[~left] = n_left + right
        return number, n_left + n_right

    def spans(self, n_rows, n_groups=1):
        """Runs of columns whose bins are summed at once, within a bound of memory.

        Parameters
        ----------
        n_rows : int
            Rows that are summed.
        n_groups : int, default=1
            Groups of rows, each of which has sums of its own.

        Yields
        ------
        first, last : int
            The first column, and the one after the last.
        """
        starts, first = self.binned.starts, 0
        n_columns, n_sums = len(starts) - 1, n_groups * len(self.stats)
        most = max(1, _CELLS_AT_ONCE // max(1, n_rows))
        while first < n_columns:
            bins = starts[first] + max(1, _SUMS_AT_ONCE // n_sums)
            last = int(np.searchsorted(starts, bins, side="right")) - 1
            last = max(first + 1, min(last, first + most, n_columns))
            yield first, last
            first = last

    def left_sums(self, span, rows, stats, group=None, n_groups=1):
        """Sums of the rows on the left of every test of some columns, group by group.

        Parameters
        ----------
        span : tuple of int
            The first column, and the one after the last.
        rows : ndarray of int
            Row numbers.
        stats : ndarray of shape (n_stats, len(rows))
            Statistics of the rows.
        group : ndarray of int of shape (len(rows),), default=None
            Number of each row's group.
        n_groups : int, default=1
            Number of groups.

        Returns
        -------
        ndarray of shape (n_bins, n_groups, n_stats)
            Of each of the columns' bins and those before it in its column. The last bin
            of a column, which is no test, has all rows on its left.
        """
        first, last = span
        starts = self.binned.starts[first : last + 1] - self.binned.starts[first]
        places = self.binned.places[rows, first:last] - self.binned.starts[first]
        if group is not None:
            places = places * n_groups + group[:, None]
        n, n_columns = places.shape
        # One product of a sparse matrix sums the bins of all columns at once.
        ends = np.arange(0, n * n_columns + 1, n_columns)
        cells = np.ones(n * n_columns), places.ravel(), ends
        table = sparse.csc_matrix(cells, shape=(starts[-1] * n_groups, n))
        sums = (table @ np.ascontiguousarray(stats.T)).reshape(starts[-1], n_groups, -1)
        sums = sums.cumsum(axis=0)
        before = np.zeros((n_columns, *sums.shape[1:]))
        before[1:] = sums[starts[1:-1] - 1]
        return sums - np.repeat(before, np.diff(starts), axis=0)

    def best_question(self, place):
        """The test that lowers the cost of a leaf most.

        Parameters
        ----------
        place : Place
            Of the leaf.

        Returns
        -------
        gain : float
            By how much; 0 if there is none.
        test : tuple of int or None
            Column and bin.
        """
        known = self._questions.get(place.answers)
        if known is None:
            known = self._questions[place.answers] = self._best_question(place)
        return known

    def _best_question(self, place):
        total = self.sums(place)
        best, question = 0.0, None
        if total[0] < 2 * self.min_weight:
            return best, question
        rows, here = place.rows, self.cost(total)
        stats = self.stats[:, rows]
        for span in self.spans(len(rows)):
            left = self.left_sums(span, rows, stats)[:, 0]
            right = total - left
            gain = self._gain(left, right, here)
            gain[~self.may_ask(span, place, left, right)] = -np.inf
            k = first_of_best(-gain, abs(here))
            if gain[k] > best + _TIE * abs(here):
                best, question = float(gain[k]), self.binned.test_at(span, k)
        return best, question

    def may_ask(self, span, place, left, right, node=None):
        """Which bins of some columns are tests, such as wishes allow at a place.

        Parameters
        ----------
        span : tuple of int
            The first column, and the one after the last.
        place : Place
            Of the node that asks.
        left, right : ndarray of shape (n_bins, n_stats) or (n_bins, n_leaves, n_stats)
            Sums of either side, or of the leaves there.
        node : Question, default=None
            The subtree there, of which the questions below the root stay.

        Returns
        -------
        ndarray of bool of shape (n_bins,)
            For the bins of these columns.
        """
        answer = self.binned.is_test(span)
        if self.wishes is not None:
            sizes = np.diff(self.binned.starts[span[0] : span[1] + 1])
            column = np.repeat(np.arange(*span), sizes)
            paths = (
                ((),)
                if node is None
                else columns_of_paths(node.left) + columns_of_paths(node.right)
            )
            answer &= self.wishes.askable(place.columns, paths)[column]
            shape = len(left), -1, len(self.stats)
            sums = (part.reshape(shape).sum(axis=1) for part in (left, right))
            answer &= self.wishes.in_order(column, *sums)
        return answer

    def is_wished(self, test, place):
        """Whether wishes allow a test where no questions are below.

        Parameters
        ----------
        test : tuple of int
            Column and bin.
        place : Place
            Of the node that asks.

        Returns
        -------
        bool
            True without wishes.
        """
        if self.wishes is None:
            return True
        askable = self.wishes.askable(place.columns)[test[0]]
        return bool(askable and self.is_in_order(test, place))

    def is_in_order(self, test, place):
        """Whether the sides of a test are in the order that its column is to have.

        Parameters
        ----------
        test : tuple of int
            Column and bin.
        place : Place
            Of the node that asks.

        Returns
        -------
        bool
            True without wishes.
        """
        if self.wishes is None or not self.wishes.has_order:
            return True
        left, right = map(self.sums, self.sides(test, place))
        return bool(self.wishes.in_order(test[0], left, right))

    def _gain(self, left, right, here):
        """What is gained by each split, -inf where a side has too little weight."""
        gain = here - self.cost(left) - self.cost(right)
        gain[~self.may_split(left, right)] = -np.inf
        return gain

    def may_split(self, left, right):
        """Whether both sides have the least weight.

        Parameters
        ----------
        left, right : ndarray of shape (..., n_stats)
            Sums of either side.

        Returns
        -------
        ndarray of bool of shape (...)
            An answer for each pair of sides.
        """
        return np.minimum(left[..., 0], right[..., 0]) >= self.min_weight

    def grown(self, place, n_leaves, test=None):
        """A tree grown best-first: the leaf that gains most is split next.

        Parameters
        ----------
        place : Place
            Of the tree's root.
        n_leaves : int
            The largest number.
        test : tuple of int, default=None
            The root's question; by default the one that gains most.

        Returns
        -------
        Question or None
            Its root.
        """
        # A parent of the root, so that the root is put in place as any other node is.
        top = Question(test=())
        order, waiting = itertools.count(), []  # a heap's ties must not compare nodes

        def _offer(parent, side, place):
            gain, best = self.best_question(place)
            if best is not None:
                item = (-gain, next(order), parent, side, place, best)
                heapq.heappush(waiting, item)

        if test is None:
            _offer(top, "left", place)
        else:
            waiting.append((0.0, next(order), top, "left", place, test))
        n = 1
        while waiting and n < n_leaves:
            _, _, parent, side, place, best = heapq.heappop(waiting)
            node = Question(best)
            setattr(parent, side, node)
            left, right = self.sides(best, place)
            _offer(node, "left", left)
            _offer(node, "right", right)
            n += 1
        return top.left


def first_of_best(costs, scale):
    """The first of the lowest costs: ties are not left to rounding.

    Parameters
    ----------
    costs : ndarray of shape (n,)
        Of questions in the order of their columns.
    scale : float
        What is tiny is so beside this.

    Returns
    -------
    int
        Its position.
    """
    return int((costs <= costs.min() + _TIE * scale).argmax())
