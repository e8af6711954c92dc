"""The best hard tree that moves from good starts can find.

The cost of a tree is that of its leaves, each as good as it can be; no move raises it.

- *Another question*: one inner node asks the best question of all, all other nodes'
  questions as they are.
- *Another place*: the split that gains least goes to the leaf that gains most.
- *Another twig*: a subtree of three or four leaves becomes the best one of depth two.
- *Another limb*: a larger subtree is grown again from a root that looks one level ahead.
"""

import copy

import numpy as np
from joblib import Parallel, delayed

from .condensing import pairs_of
from .costs import Squares
from .growth import first_of_best
from .lookahead import look_ahead
from .question import Question, count_leaves
from .watch import Watch

_FEW_ROWS = 20_000  # all moves on all rows
_MOST_ROUNDS = 10
_MOST_PASSES = 4
_TESTS = 240  # all pairs of them are scored: 57,600
_ROWS_OF_LOOKAHEAD = 20_000
_SUMS_OF_LOOKAHEAD = 340_000  # rows times statistics: fewer rows from 17 classes on
_OTHER_ROOTS = 3  # tried for a larger subtree, each by growing it again
_TINY = 1e-9
_WORTH = 1e-4  # of the root's cost, for one pass more


class Search:
    """Moves on trees over some rows.

    Parameters
    ----------
    data : Rows
        Codes, statistics and the cost.
    max_leaf_nodes : int
        Largest number of leaves.
    random : numpy.random.RandomState
        Seeds the choice of the rows on which large nodes look ahead.
    hints : list of tuple of int, default=()
        Column and bin of tests that take part in it beside those at quantiles, the most
        useful first.
    watch : Watch, default=None
        May end the search early; None for one that does not.
    """

    def __init__(self, data, max_leaf_nodes, random, hints=(), watch=None):
        self.data, self.max_leaf_nodes, self.hints = data, max_leaf_nodes, hints
        self.watch = watch or Watch()
        self._rest = data.cost.rest(data.stats)
        self._seed = random.randint(np.iinfo(np.int32).max)
        # Known of places, whichever tree they stand in: all starts share it.
        self._ahead, self._asked = {}, set()

    def found(self, starts=(), n_jobs=None):
        """The trees that best-first growth and other starts lead to.

        Growth by the squared criterion is a start for the others too: neither grows the
        better trees always.

        Parameters
        ----------
        starts : iterable of Question or None
            Roots of trees; they are changed.
        n_jobs : int, default=None
            Number of starts that are followed at once.

        Returns
        -------
        list of (Question or None)
            Roots of trees; None for a single leaf.
        """
        data = self.data
        criteria = [data]
        if not isinstance(data.cost, Squares):
            criteria.append(data.by_squares())
        grown = [each.grown(data.root, self.max_leaf_nodes) for each in criteria]
        starts = [*grown, *(self._wished(start, data.root) for start in starts)]
        self.watch.expect(len(starts) * (_MOST_PASSES + 1))
        # Threads: most of the time is numpy's, and what is known is shared.
        return Parallel(n_jobs=n_jobs, require="sharedmem")(
            delayed(self._improved)(start) for start in starts
        )

    def _wished(self, node, place):
        """What wishes leave of a subtree."""
        data = self.data
        if data.wishes is None or node is None:
            return node
        if not data.is_wished(node.test, place):
            return None
        left, right = data.sides(node.test, place)
        node.left = self._wished(node.left, left)
        node.right = self._wished(node.right, right)
        return node

    def polished(self, trees):
        """The best of some trees, after one better question for each of its nodes.

        Parameters
        ----------
        trees : list of (Question or None)
            Roots of trees that were searched for on some of the rows; they are changed.

        Returns
        -------
        Question or None
            Root of a tree.
        """
        self.watch.expect(1)
        top = _above(min(trees, key=self._cost))
        self._follow(self._better_questions(top), top, 1)
        return self._without_idle(top.left)

    def improved(self, root):
        """A tree after all moves, until they gain next to nothing.

        Parameters
        ----------
        root : Question or None
            Root of a tree, which is changed.

        Returns
        -------
        Question or None
            The root afterwards.
        """
        self.watch.expect(_MOST_PASSES + 1)
        return self._improved(root)

    def _improved(self, root):
        top = _above(root)
        self._follow(self._moves(top), top, _MOST_PASSES + 1)
        return self._without_idle(top.left)

    def settled(self, root):
        """A tree that was searched for on some of the rows, after a look at all.

        Parameters
        ----------
        root : Question or None
            Root of the tree, which is changed.

        Returns
        -------
        Question or None
            The root afterwards. Where rows are many, one better question for each node.
        """
        few = self.data.stats.shape[1] <= _FEW_ROWS
        return self.improved(root) if few else self.polished([root])

    def pruned(self, root):
        """The tree and its smaller ones: the split that gains least goes first.

        Parameters
        ----------
        root : Question or None
            Root of a tree.

        Returns
        -------
        list of (Question or None)
            Roots of trees of one leaf, of two, and so on.
        """
        top = _above(copy.deepcopy(root))
        trees = [copy.deepcopy(top.left)]
        while top.left is not None:
            self._drop_least(top)
            trees.append(copy.deepcopy(top.left))
        return trees[::-1]

    def _follow(self, moves, top, n_passes):
        """Make moves, as long as there are some, and time is left."""
        watch = self.watch
        for ends_pass in moves:
            if watch.shows:
                watch.saw(self._cost(top.left) + self._rest, bool(ends_pass))
            n_passes -= bool(ends_pass)
            if not watch.goes_on():
                break
        watch.saw(self._cost(top.left) + self._rest, n_passes)

    def _moves(self, top):
        """All moves; this and what follows yields after each, when a tree is whole.

        What is yielded tells whether a pass over all nodes ends there.
        """
        top.left = self._without_idle(top.left)
        self._trim(top)
        yield from self._settle(top)
        yield True
        for _ in range(_MOST_PASSES):
            before = self._cost(top.left)
            # On digits, the moves of `_settle` are worth four points of accuracy, new
            # subtrees two more (benchmarks.soft_tree).
            yield from self._other_twigs(top)
            yield from self._other_limbs(top)
            yield from self._settle(top)
            yield True
            if before - self._cost(top.left) <= _WORTH * self._span():
                break

    def _cost(self, root):
        return self.data.cost_of(root, self.data.root)

    def _span(self):
        """What there is to be gained, as a scale."""
        return max(abs(self._cost(None)), np.finfo(float).tiny)

    def _trim(self, top):
        """Drop the splits that gain least, where the tree has too many leaves."""
        while count_leaves(top.left) > self.max_leaf_nodes:
            self._drop_least(top)

    def _drop_least(self, top):
        _, parent, side, _ = min(self._ends(top)[1], key=lambda twig: twig[0])
        setattr(parent, side, None)

    def _settle(self, top):
        """Better questions, and splits elsewhere, until little changes."""
        before = self._cost(top.left)
        for _ in range(_MOST_ROUNDS):
            yield from self._better_questions(top)
            top.left = self._without_idle(top.left)
            yield from self._relocate(top)
            now = self._cost(top.left)
            if before - now <= _WORTH / 10 * self._span():
                break
            before = now

    def _better_questions(self, top):
        """The best question of all for each node, from the root downwards."""
        for node, place in self._from_the_top(top.left):
            yield self._ask_better(node, place)

    def _from_the_top(self, root):
        """Inner nodes and their places; children come after their parent was changed."""
        waiting = [(root, self.data.root)]
        while waiting:
            node, place = waiting.pop(0)
            # A question above may have taken its rows.
            if node is not None and self.data.sums(place)[0] > 0:
                yield node, place
                left, right = self.data.sides(node.test, place)
                waiting += [(node.left, left), (node.right, right)]

    def _ask_better(self, node, place):
        """Put the best question of all into a node, the ones below as they are."""
        key = place.answers, self.data.shapes.of(node)
        if key not in self._asked:
            node.test = self._better_test(node, place)
            self._asked.add((place.answers, self.data.shapes.of(node)))

    def _better_test(self, node, place):
        data, rows = self.data, place.rows
        left, n_left = data.leaf_numbers(node.left, rows)
        right, n_right = data.leaf_numbers(node.right, rows)
        stats = data.stats[:, rows]
        whole = [np.bincount(right, values, minlength=n_right) for values in stats]
        whole = np.stack(whole, axis=-1)
        now = data.cost_of(node, place)
        # A gain of rounding alone would be taken again and again.
        lowest, best = now - _TINY * max(1.0, abs(now)), node.test
        if not data.is_in_order(node.test, place):
            lowest = np.inf  # a question above has changed, or one of other rows
        for span in data.spans(len(rows), n_left + n_right):
            yes = data.left_sums(span, rows, stats, left, n_left)
            no = whole - data.left_sums(span, rows, stats, right, n_right)
            cost = data.cost(yes).sum(axis=1) + data.cost(no).sum(axis=1)
            leaves = np.concatenate([yes[..., 0], no[..., 0]], axis=1)
            cost[~self._are_fair(leaves).all(axis=1)] = np.inf
            cost[~data.may_ask(span, place, yes, no, node)] = np.inf
            k = first_of_best(cost, abs(now))
            if cost[k] < lowest:
                lowest, best = cost[k], data.binned.test_at(span, k)
        return best

    def _is_fair(self, node, place):
        """Whether all leaves of a subtree have the least weight."""
        if node is None:
            return bool(self.data.sums(place)[0] >= self.data.min_weight)
        sides = self.data.sides(node.test, place)
        return all(map(self._is_fair, (node.left, node.right), sides))

    def _are_fair(self, weight):
        """Which leaves have the least weight, or no rows: these cost nothing to drop."""
        least = self.data.min_weight
        return (weight >= least) | (weight <= least * _TINY)

    def _without_idle(self, node, place=None):
        """The subtree without questions of which one side has too little weight."""
        if node is None:
            return None
        place = place or self.data.root
        left, right = self.data.sides(node.test, place)
        weights = [self.data.sums(side)[0] for side in (left, right)]
        if min(weights) < self.data.min_weight:
            heavier = node.left if weights[0] > weights[1] else node.right
            return self._without_idle(heavier, place)
        node.left = self._without_idle(node.left, left)
        node.right = self._without_idle(node.right, right)
        return node

    def _relocate(self, top):
        """As many leaves as allowed, and each split where it gains most."""
        # Every move gains, the last ones next to nothing: the number of moves is
        # bounded.
        for _ in range(3 * self.max_leaf_nodes):
            leaves, twigs = self._ends(top)
            offers = self._offers(leaves)
            if len(leaves) >= self.max_leaf_nodes:
                offers = self._swap(twigs, offers)
            if not offers:
                break
            _, parent, side, test = offers[0]
            setattr(parent, side, Question(test))
            yield

    def _offers(self, leaves):
        """What splits of leaves would gain, and how, the most first."""
        offers = []
        for parent, side, place in leaves:
            gain, test = self.data.best_question(place)
            if test is not None:
                offers.append((gain, parent, side, test))
        return sorted(offers, key=lambda offer: -offer[0])

    def _swap(self, twigs, offers):
        """Drop the split that gains least, for offers elsewhere that gain more."""
        if not twigs:
            return []
        least, parent, side, node = min(twigs, key=lambda twig: twig[0])
        enough = least + _TINY * max(1.0, abs(least))
        # Not an offer of the node itself: its leaves go away with the split.
        better = [
            offer for offer in offers if offer[0] > enough and offer[1] is not node
        ]
        if better:
            setattr(parent, side, None)
        return better

    def _ends(self, top):
        """Leaves, and inner nodes of two leaves with what they gain."""
        data, leaves, twigs = self.data, [], []
        waiting = [(top, "left", data.root)]
        while waiting:
            parent, side, place = waiting.pop()
            node = getattr(parent, side)
            if node is None:
                leaves.append((parent, side, place))
                continue
            parts = data.sides(node.test, place)
            waiting += [(node, "left", parts[0]), (node, "right", parts[1])]
            if node.left is None and node.right is None:
                below = sum(data.cost_of(None, part) for part in parts)
                gain = data.cost_of(None, place) - below
                twigs.append((gain, parent, side, node))
        return leaves, twigs

    def _other_twigs(self, top):
        """The best subtree of depth two for each of three or four leaves."""
        for parent, side, place, n_leaves in self._subtrees(top):
            if n_leaves in (3, 4):
                ahead = self._look_ahead(place)
                if ahead is not None:
                    self._keep_better(parent, side, place, [ahead.subtree(n_leaves)])
                yield

    def _other_limbs(self, top):
        """Larger subtrees grown again, where that costs less."""
        for parent, side, place, n_leaves in self._subtrees(top):
            if n_leaves > 4:
                ahead = self._look_ahead(place)
                tests = [] if ahead is None else ahead.promising(_OTHER_ROOTS)
                others = [self.data.grown(place, n_leaves, test) for test in tests]
                self._keep_better(parent, side, place, others)
                yield

    def _subtrees(self, top):
        """Inner nodes by parent and side, with their places and numbers of leaves."""
        waiting = [(top, "left", self.data.root)]
        while waiting:
            parent, side, place = waiting.pop(0)
            if getattr(parent, side) is None:
                continue
            yield parent, side, place, count_leaves(getattr(parent, side))
            node = getattr(parent, side)  # which may be another one now
            if node is not None:
                left, right = self.data.sides(node.test, place)
                waiting += [(node, "left", left), (node, "right", right)]

    def _look_ahead(self, place):
        if place.answers not in self._ahead:
            self._ahead[place.answers] = self._looked_ahead(place)
        return self._ahead[place.answers]

    def _looked_ahead(self, place):
        rows = place.rows
        n_stats = len(self.data.stats)
        most = min(_ROWS_OF_LOOKAHEAD, _SUMS_OF_LOOKAHEAD // n_stats)
        # The rows that are drawn stand for all: their sums keep the size of these.
        factor = max(1.0, len(rows) / most)
        if factor > 1:
            # Seeded anew: a place is the same, whichever start comes to it first.
            random = np.random.RandomState(self._seed)
            rows = random.choice(rows, most, replace=False)
        n_tests = pairs_of(_TESTS, n_stats)
        above = place.columns
        return look_ahead(self.data, rows, n_tests, factor, self.hints, above)

    def _keep_better(self, parent, side, place, others):
        """Put the cheapest of some subtrees in place, if it costs less than today's."""
        data, now = self.data, getattr(parent, side)
        cost = data.cost_of(now, place)
        lowest, cheapest = cost - _TINY * max(1.0, abs(cost)), now
        for other in others:
            other_cost = data.cost_of(other, place)
            if other_cost < lowest and self._is_fair(other, place):
                lowest, cheapest = other_cost, other
        setattr(parent, side, cheapest)


def _above(root):
    """A parent of a root, which can then be replaced as any other node is."""
    return Question(test=(), left=root)
