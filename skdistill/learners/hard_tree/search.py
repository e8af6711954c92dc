"""The best hard tree that moves from good starts can find.

The cost of a tree is that of its leaves, each as good as it can be; no move raises it.

- *Another question*: one inner node asks the best question of all, all other nodes'
  questions as they are.
- *Another place*: the split that gains least goes to the leaf that gains most.
- *Another twig*: a subtree of three or four leaves becomes the best one of depth two.
- *Another limb*: a larger subtree is grown again from a root that looks one level ahead.
"""

import numpy as np

from .condensing import pairs_of
from .costs import Squares
from .growth import Question, count_leaves, shape_of
from .lookahead import look_ahead

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
        Draws the rows on which large nodes look ahead.
    hints : list of tuple of int, default=()
        Column and bin of tests that take part in it beside those at quantiles, the most
        useful first.
    """

    def __init__(self, data, max_leaf_nodes, random, hints=()):
        self.data, self.max_leaf_nodes, self.random = data, max_leaf_nodes, random
        self.hints = hints
        self._ahead, self._asked = {}, set()

    def found(self, starts=()):
        """The trees that best-first growth and other starts lead to.

        Growth by the squared criterion is a start for the others too: neither grows the
        better trees always.

        Parameters
        ----------
        starts : iterable of Question or None
            Roots of trees; they are changed.

        Returns
        -------
        list of (Question or None)
            Roots of trees; None for a single leaf.
        """
        data = self.data
        criteria = (
            [data] if isinstance(data.cost, Squares) else [data, data.by_squares()]
        )
        grown = [each.grown(data.root, self.max_leaf_nodes) for each in criteria]
        return [self.improved(start) for start in (*grown, *starts)]

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
        data = self.data
        root = min(trees, key=lambda root: data.cost_of(root, data.root))
        for node, place in self._from_the_top(root):
            self._ask_better(node, place)
        return self._without_idle(root, data.root)

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
        data = self.data
        enough = _WORTH * self._span()
        root = self._settled(self._trimmed(self._without_idle(root, data.root)))
        for _ in range(_MOST_PASSES):
            before = data.cost_of(root, data.root)
            # On digits, the moves of `_settled` are worth four points of accuracy, new
            # subtrees two more (benchmarks.soft_tree).
            root = self._settled(self._other_limbs(self._other_twigs(root)))
            if before - data.cost_of(root, data.root) <= enough:
                break
        return root

    def _trimmed(self, root):
        """The tree without the splits that gain least, where it has too many leaves."""
        # A parent of the root, for the root itself may be replaced.
        top = Question(test=(), left=root)
        while count_leaves(top.left) > self.max_leaf_nodes:
            _, parent, side, _ = min(self._ends(top)[1], key=lambda twig: twig[0])
            setattr(parent, side, None)
        return top.left

    def _span(self):
        """What there is to be gained, as a scale."""
        whole = abs(float(self.data.cost(self.data.sums(self.data.root))))
        return max(whole, np.finfo(float).tiny)

    def _settled(self, root):
        """The tree after questions and places no longer change much."""
        data = self.data
        enough = _WORTH / 10 * self._span()
        before = data.cost_of(root, data.root)
        for _ in range(_MOST_ROUNDS):
            for node, rows in self._from_the_top(root):
                self._ask_better(node, rows)
            root = self._relocated(self._without_idle(root, data.root))
            now = data.cost_of(root, data.root)
            if before - now <= enough:
                break
            before = now
        return root

    def _from_the_top(self, root):
        """Inner nodes and their rows; a node's children come after it was changed."""
        waiting = [(root, self.data.root)]
        while waiting:
            node, rows = waiting.pop(0)
            # A question above may have taken its rows.
            if node is not None and self.data.sums(rows)[0] > 0:
                yield node, rows
                left, right = self.data.sides(node.test, rows)
                waiting += [(node.left, left), (node.right, right)]

    def _ask_better(self, node, place):
        """Put the best question of all into a node, the ones below as they are."""
        data, below = self.data, (shape_of(node.left), shape_of(node.right))
        if (place.answers, node.test, below) in self._asked:
            return
        self._find_better(node, place)
        self._asked.add((place.answers, node.test, below))

    def _find_better(self, node, place):
        data, rows = self.data, place.rows
        left, n_left = data.leaf_numbers(node.left, rows)
        right, n_right = data.leaf_numbers(node.right, rows)
        stats = data.stats[:, rows]
        now = data.cost_of(node, place)
        # A gain of rounding alone would be taken again and again.
        lowest, question = now - _TINY * max(1.0, abs(now)), None
        whole = [np.bincount(right, values, minlength=n_right) for values in stats]
        whole = np.stack(whole, axis=-1)
        both = zip(
            data.left_sums(rows, stats, left, n_left),
            data.left_sums(rows, stats, right, n_right),
            strict=True,
        )
        for (begin, yes), (_, no) in both:
            no = whole - no
            cost = data.cost(yes).sum(axis=1) + data.cost(no).sum(axis=1)
            leaves = np.concatenate([yes[..., 0], no[..., 0]], axis=1)
            cost[~self._are_fair(leaves).all(axis=1)] = np.inf
            cost[data.binned.is_last[begin : begin + len(cost)]] = np.inf
            k = int(cost.argmin())
            if cost[k] < lowest:
                lowest, question = cost[k], data.binned.test_at(begin + k)
        if question is not None:
            node.test = question

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

    def _without_idle(self, node, rows):
        """The subtree without questions of which one side has too little weight."""
        if node is None:
            return None
        left, right = self.data.sides(node.test, rows)
        weights = [self.data.sums(side)[0] for side in (left, right)]
        if min(weights) < self.data.min_weight:
            heavier = (
                (node.left, left) if weights[0] > weights[1] else (node.right, right)
            )
            return self._without_idle(heavier[0], rows)
        node.left = self._without_idle(node.left, left)
        node.right = self._without_idle(node.right, right)
        return node

    def _relocated(self, root):
        """The tree with as many leaves as allowed, and each split where it gains most."""
        data, top = self.data, Question(test=(), left=root)
        # Every move gains, the last ones next to nothing: the number of moves is
        # bounded.
        for _ in range(3 * self.max_leaf_nodes):
            leaves, twigs = self._ends(top)
            offers = []
            for parent, side, place in leaves:
                gain, test = data.best_question(place)
                if test is not None:
                    offers.append((gain, parent, side, test))
            offers.sort(key=lambda offer: -offer[0])
            if len(leaves) < self.max_leaf_nodes:
                if not offers:
                    break
                _, parent, side, test = offers[0]
            else:
                place = self._swap(twigs, offers)
                if place is None:
                    break
                parent, side, test = place
            setattr(parent, side, Question(test))
        return top.left

    def _swap(self, twigs, offers):
        """Drop the split that gains least, for a leaf elsewhere that gains more."""
        if not twigs:
            return None
        least, parent, side, node = min(twigs, key=lambda twig: twig[0])
        # Sorted: after the first that gains too little, none gains enough.
        for gain, elsewhere, other, test in offers:
            if gain <= least + _TINY * max(1.0, abs(least)):
                return None
            if elsewhere is not node:  # else the leaf goes away with the split
                setattr(parent, side, None)
                return elsewhere, other, test
        return None

    def _ends(self, top):
        """Leaves, and inner nodes of two leaves with what they gain."""
        data, leaves, twigs = self.data, [], []
        waiting = [(top, "left", data.root)]
        while waiting:
            parent, side, rows = waiting.pop()
            node = getattr(parent, side)
            if node is None:
                leaves.append((parent, side, rows))
                continue
            left, right = data.sides(node.test, rows)
            for name, part in (("left", left), ("right", right)):
                waiting.append((node, name, part))
            if node.left is None and node.right is None:
                parts = (data.cost_of(None, part) for part in (left, right))
                gain = data.cost_of(None, rows) - sum(parts)
                twigs.append((gain, parent, side, node))
        return leaves, twigs

    def _other_twigs(self, root):
        """The tree with the best subtree of depth two for each of three or four leaves."""
        data, top = self.data, Question(test=(), left=root)
        waiting = [(top, "left", data.root)]
        while waiting:
            parent, side, rows = waiting.pop()
            node = getattr(parent, side)
            if node is None:
                continue
            n_leaves = count_leaves(node)
            if n_leaves in (3, 4):
                ahead = self._look_ahead(rows)
                if ahead is not None:
                    self._keep_better(parent, side, rows, [ahead.subtree(n_leaves)])
            elif n_leaves > 4:
                left, right = data.sides(node.test, rows)
                waiting += [(node, "left", left), (node, "right", right)]
        return top.left

    def _other_limbs(self, root):
        """The tree with larger subtrees grown again, where that costs less."""
        data, top = self.data, Question(test=(), left=root)
        waiting = [(top, "left", data.root)]
        while waiting:
            parent, side, rows = waiting.pop(0)
            node = getattr(parent, side)
            if node is None:
                continue
            n_leaves = count_leaves(node)
            if n_leaves < 5:
                continue
            ahead = self._look_ahead(rows)
            if ahead is not None:
                tests = ahead.promising(_OTHER_ROOTS)
                others = [data.grown(rows, n_leaves, test) for test in tests]
                self._keep_better(parent, side, rows, others)
            node = getattr(parent, side)
            left, right = data.sides(node.test, rows)
            waiting += [(node, "left", left), (node, "right", right)]
        return top.left

    def _look_ahead(self, place):
        if place.answers not in self._ahead:
            self._ahead[place.answers] = self._looked_ahead(place.rows)
        return self._ahead[place.answers]

    def _looked_ahead(self, rows):
        n_stats = len(self.data.stats)
        most = min(_ROWS_OF_LOOKAHEAD, _SUMS_OF_LOOKAHEAD // n_stats)
        # The rows that are drawn stand for all: their sums keep the size of these.
        factor = max(1.0, len(rows) / most)
        if factor > 1:
            rows = self.random.choice(rows, most, replace=False)
        n_tests = pairs_of(_TESTS, n_stats)
        return look_ahead(self.data, rows, n_tests, factor, self.hints)

    def _keep_better(self, parent, side, rows, others):
        """Put the cheapest of some subtrees in place, if it costs less than today's."""
        data, now = self.data, getattr(parent, side)
        cost = data.cost_of(now, rows)
        lowest, cheapest = cost - _TINY * max(1.0, abs(cost)), now
        for other in others:
            other_cost = data.cost_of(other, rows)
            if other_cost < lowest and self._is_fair(other, rows):
                lowest, cheapest = other_cost, other
        setattr(parent, side, cheapest)
