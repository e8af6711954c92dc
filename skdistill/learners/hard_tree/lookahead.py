"""All pairs of questions at once: the best subtree of depth two, and what it costs."""

from dataclasses import dataclass

import numpy as np

from .question import Question


@dataclass(frozen=True)
class Lookahead:
    """What each test of some rows could become with one more test on either side.

    Attributes
    ----------
    tests : list of tuple of int
        The questions that take part.
    left, right : ndarray of int of shape (n_tests,)
        For each as the root, the best test on its left side and on its right; -1 where
        none leaves enough weight on both its sides.
    left_cost, right_cost : ndarray of shape (n_tests,)
        What the two sides then cost.
    left_leaf, right_leaf : ndarray of shape (n_tests,)
        What the two sides cost as leaves.
    """

    tests: list
    left: np.ndarray
    right: np.ndarray
    left_cost: np.ndarray
    right_cost: np.ndarray
    left_leaf: np.ndarray
    right_leaf: np.ndarray

    def subtree(self, n_leaves):
        """The best subtree of three leaves or of four.

        Parameters
        ----------
        n_leaves : int
            3 or 4.

        Returns
        -------
        Question or None
            Its root; None where every test leaves too little weight on a side.
        """
        on_left = self.left_cost + self.right_leaf
        on_right = self.left_leaf + self.right_cost
        if n_leaves == 4:
            cost, sides = self.left_cost + self.right_cost, (True, True)
        elif on_left.min() <= on_right.min():
            cost, sides = on_left, (True, False)
        else:
            cost, sides = on_right, (False, True)
        root = int(cost.argmin())
        if not np.isfinite(cost[root]):
            return None
        question = Question(self.tests[root])
        if sides[0] and self.left[root] >= 0:
            question.left = Question(self.tests[self.left[root]])
        if sides[1] and self.right[root] >= 0:
            question.right = Question(self.tests[self.right[root]])
        return question

    def promising(self, n):
        """Root tests on different columns, the best first.

        Parameters
        ----------
        n : int
            The largest number.

        Returns
        -------
        list of tuple of int
            Column and bin of each.
        """
        tests, cost = {}, self.left_cost + self.right_cost
        for i in np.argsort(cost, kind="stable"):
            if len(tests) == n or not np.isfinite(cost[i]):
                break
            tests.setdefault(self.tests[i][0], self.tests[i])
        return list(tests.values())


def look_ahead(data, rows, n_tests, factor=1.0, hints=(), above=()):
    """Score all pairs of tests: their joint counts are matrix products.

    Parameters
    ----------
    data : Rows
        Where the rows come from.
    rows : ndarray of int
        The rows of a node.
    n_tests : int
        Largest number of tests that take part, at quantiles of their columns.
    factor : float, default=1.0
        Factor of the weights, where the rows are a sample of more.
    hints : list of tuple of int, default=()
        Tests that come first; they get half of the places at most.
    above : iterable of int, default=()
        Columns that are asked about above the node.

    Returns
    -------
    Lookahead or None
        None where no test splits the rows.
    """
    wishes, columns = data.wishes, range(len(data.binned.thresholds))
    if wishes is not None:
        columns = np.flatnonzero(wishes.askable(above)).tolist()
        hints = [test for test in hints if test[0] in columns]
    tests = _hinted(data, rows, hints, n_tests // 2)
    known = set(tests)
    others = _tests(data, rows, n_tests - len(tests), columns)
    tests += [test for test in others if test not in known]
    if not tests:
        return None
    answers = np.stack([data.binned.goes_left(test, rows) for test in tests], axis=1)
    answers = answers.astype(np.float32)
    # float32: the products take most of the time.
    stats = (factor * data.stats[:, rows]).astype(np.float32)
    both = [answers.T @ (answers * values[:, None]) for values in stats]
    both = np.stack(both, axis=-1).astype(
        np.float64
    )  # (root, inner, n_stats), all left
    total = stats.sum(axis=1, dtype=np.float64)
    left = np.einsum("iic->ic", both)
    right = total - left
    costs, choices = [], []
    for yes, of in ((both, left), (left[None] - both, right)):
        no = of[:, None] - yes
        cost = data.cost(yes) + data.cost(no)
        cost[~data.may_split(yes, no)] = np.inf  # also a test that repeats the root's
        if wishes is not None:
            cost[~_pairs_wished(wishes, above, tests, yes, no)] = np.inf
        choice = cost.argmin(axis=1)
        alone = data.cost(of)
        inner = cost[np.arange(len(tests)), choice]
        splits = np.isfinite(inner)
        costs.append((np.where(splits, inner, alone), alone))
        choices.append(np.where(splits, choice, -1))
    allowed = data.may_split(left, right)
    if wishes is not None:
        allowed &= wishes.in_order(_columns(tests), left, right)
    (left_cost, left_leaf), (right_cost, right_leaf) = costs
    left_cost, right_cost = (
        np.where(allowed, cost, np.inf) for cost in (left_cost, right_cost)
    )
    return Lookahead(tests, *choices, left_cost, right_cost, left_leaf, right_leaf)


def _columns(tests):
    return np.array([column for column, _ in tests])


def _pairs_wished(wishes, above, tests, yes, no):
    """Which inner tests (root, inner) wishes allow."""
    columns = _columns(tests)
    allowed = np.ones(yes.shape[:-1], dtype=bool)
    allowed &= wishes.together(above, columns)
    allowed &= wishes.in_order(columns, yes, no)
    return allowed


def _hinted(data, rows, hints, n_tests):
    """The first of the tests that some of the rows pass and some do not."""
    tests = []
    for test in hints:
        answers = data.binned.goes_left(test, rows)
        if answers.any() and not answers.all():
            tests.append(test)
        if len(tests) == n_tests:
            break
    return tests


def _tests(data, rows, n_tests, columns):
    """Tests that some of the rows pass and some do not, spread over some columns."""
    binned, weight = data.binned, data.stats[0, rows]
    each, tests = max(1, n_tests // max(1, len(columns))), []
    for column in columns:
        cuts, codes = binned.thresholds[column], binned.codes[column, rows]
        counts = np.bincount(codes, weight, minlength=len(cuts) + 1)
        share = counts.cumsum()[:-1] / weight.sum()
        # By the rows too: a sum of weights may end below 1 by rounding.
        share[
            np.bincount(codes, minlength=len(cuts) + 1).cumsum()[:-1] == len(rows)
        ] = 1
        usable = np.flatnonzero((share > 0) & (share < 1))
        if len(usable) > each:
            levels = np.linspace(0, 1, each + 2)[1:-1]
            near = np.searchsorted(share[usable], levels)
            usable = usable[np.unique(np.minimum(near, len(usable) - 1))]
        tests += [(column, int(cut)) for cut in usable]
    if len(tests) > n_tests:  # one of each column is too many
        tests = [tests[i] for i in np.linspace(0, len(tests) - 1, n_tests).astype(int)]
    return tests
