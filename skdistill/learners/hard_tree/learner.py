"""How hard decision trees are trained: searched for, on more rows where few have come."""

from contextlib import closing
from types import SimpleNamespace

import numpy as np
from sklearn.utils import check_random_state
from threadpoolctl import threadpool_limits

from ...teacher.probabilities import FLOOR
from ...transfer.redraw import rows_for_leaves, shared_weight
from ..base import Learner, Model
from .binned import Binned
from .condensing import best_columns, few_outputs, fewer_bins
from .costs import Entropy, Squares, statistics
from .evidence import with_evidence
from .growth import Rows
from .hints import booster_hints
from .search import Search
from .structure import HardTree
from .watch import Watch

# Few rows can bear more thresholds.
_MOST_BINS, _BINS_OF_FEW, _FEW_ROWS = 256, 1024, 5000
_SHRINKAGE = 0.1  # weight of the parent's mean, in the smallest leaves
_FEWEST = 1000  # rows that are searched, however many statistics they have
_ENOUGH = 1000  # rows of a leaf; where there are fewer, more are drawn
# Rows times columns times statistics, for one search; and rows times statistics, which
# binds where columns are few and classes many.
_MOST_CELLS, _MOST_STATISTICS = 20_000_000, 1 << 20
_MOST_ROWS = 20_000  # of more, as many are drawn; all have the last word


class HardTreeModel(Model):
    """A trained hard tree.

    Parameters
    ----------
    tree : HardTree
        Nodes and their sums.
    task : Task
        What its outputs mean.
    least : float
        Least share of the weight of a leaf.
    n_inputs : int
        Columns of the view.
    tells_prior : bool, default=False
        Whether labels had the last word, so that the root's shares of the classes are
        those of the student.
    """

    def __init__(self, tree, task, least, n_inputs, tells_prior=False):
        self.tree, self.task, self.least, self.n_inputs = tree, task, least, n_inputs
        self.tells_prior = tells_prior and len(task.widths) == 1

    def node_outputs(self):
        """What each node says.

        Returns
        -------
        ndarray of shape (n_nodes, n_outputs)
            Log-probabilities, finite; or values in the unit of the task.
        """
        if self.task.kind == "regressor":
            return self.tree.means()
        means = self.tree.means(self.least * _SHRINKAGE)
        parts = [_with_floor(part) for part in self.task.by_target(means)]
        return np.log(np.concatenate(parts, axis=1))

    def outputs(self, x):
        """What the leaves say, in which the rows end."""
        return self.node_outputs()[self.tree.apply(x)]

    def leaf_values(self):
        """What each leaf says.

        Returns
        -------
        ndarray of shape (n_leaves, n_outputs)
            Class probabilities, or values in the targets' unit.
        """
        outputs = self.node_outputs()[self.tree.is_leaf]
        if self.task.kind == "classifier":
            return np.exp(outputs)
        return self.task.unit.restored(outputs)

    def arrays(self):
        """The tree as arrays."""
        names = ("children_left", "children_right", "feature", "threshold")
        arrays = {name: getattr(self.tree, name) for name in names}
        return {"kind": "hard_tree"}, arrays | {"values": self.node_outputs()}

    def node_mass(self, x, weight):
        """Share of rows, by weight, that reach each node.

        Parameters
        ----------
        x : ndarray of shape (n, n_inputs)
            The view.
        weight : ndarray of shape (n,)
            Weights of the rows.

        Returns
        -------
        ndarray of shape (n_nodes,)
            1 for the root.
        """
        share = weight[:, None] / weight.sum()
        return self.tree.totals(self.tree.apply(x), share)[:, 0]

    def column_use(self, cost):
        """What the questions about each column of the view gain.

        Parameters
        ----------
        cost : callable
            The criterion, of sums.

        Returns
        -------
        ndarray of shape (n_inputs,)
            In units of the criterion.
        """
        tree = self.tree
        costs, inner = cost(tree.sums), np.flatnonzero(~tree.is_leaf)
        below = costs[tree.children_left[inner]] + costs[tree.children_right[inner]]
        columns = tree.feature[inner].astype(np.int64)
        return np.bincount(columns, costs[inner] - below, minlength=self.n_inputs)


class HardTreeLearner(Learner):
    """Searches for a hard tree.

    Parameters
    ----------
    params : dict
        The student's parameters.
    task : Task
        What y and outputs mean.
    see : callable
        ``see(rows)`` -> the student's view, float64.
    start : callable, default=None
        ``start(X, rows, x, binned, columns)`` -> the root of one more tree from which the
        search starts, or None.
    weighs_labels : bool, default=False
        Whether labels have the last word about what leaves say.
    """

    def __init__(self, params, task, see, start=None, weighs_labels=False):
        self.params = SimpleNamespace(**params)
        self.task, self.see = task, see
        self.start, self.weighs_labels = start, weighs_labels
        self.least = least_weight(self.params.min_weight_fraction_leaf)

    def cost(self):
        """The criterion.

        Returns
        -------
        callable
            A function of sums of statistics.
        """
        is_class = self.task.kind == "classifier"
        if not is_class or self.params.criterion == "gini":
            return Squares()
        return Entropy(len(self.task.classes))

    def _random(self):
        return check_random_state(self.params.random_state)

    def learn(self, lesson):
        """Search on all rows that have weight, then on more for leaves of few."""
        yield from ()  # no training of torch's
        read, knowledge = lesson.read, lesson.knowledge
        used = knowledge.used(self.params.alpha)
        x = lesson.whole_view(self.see, used)
        n_inputs = x.shape[1]
        target, weight = self.task.joint(used, self.params.alpha)
        unseen = (target, weight) if knowledge.unseen else None
        rows = np.flatnonzero(weight)
        x, target, weight = x[rows], target[rows], weight[rows]
        weight = weight / weight.sum()
        # Rows of X come first, then transfer rows.
        labelled = rows[rows < knowledge.n_labelled]
        random = self._random()
        columns = best_columns(x, target, weight, self.least, random)
        x = x[:, columns]
        watch = Watch(self.params.time_budget, self.params.verbose)
        with closing(watch):
            given = x, target, weight
            tree = self._searched(*given, random, read.X, labelled, columns, watch)
            try:
                tree = self._learn_more(tree, lesson.renewal, *given, columns, watch)
            except KeyboardInterrupt:  # as the teacher answered, or rows were counted
                watch.interrupt()
        watch.tell()
        tree = tree.on(np.arange(n_inputs)[columns])
        weighs = self.weighs_labels and knowledge.hard is not None
        weighs = weighs and knowledge.hard_weight.sum() > 0
        if weighs:
            tree = self._weigh_labels(tree, self.see(read.X), knowledge, unseen)
        return HardTreeModel(tree, self.task, self.least, n_inputs, weighs)

    def _searched(self, x, target, weight, random, X, labelled, columns, watch):
        """The search, on so many rows as it can bear."""
        some, whole, chosen, few = self._data(x, target, weight, random)
        binned, start = some.binned, None
        if self.start is not None:
            start = self.start(X, labelled, x[: len(labelled)], binned, columns)
        starts = [] if start is None else [start]
        hints = booster_hints(x[chosen], few[chosen], some.stats[0], binned, random)
        n_leaves, n_jobs = self.params.max_leaf_nodes, self.params.n_jobs
        with watch, _one_thread():
            search = Search(some, n_leaves, random, hints, watch)
            trees = search.found(starts, n_jobs)
            root = Search(whole, n_leaves, random, watch=watch).polished(trees)
        return self._tree_of(root, some, x, target, weight)

    def _data(self, x, target, weight, random):
        """The rows, outputs and tests that the search can bear; all; and which rows."""
        few, is_distribution = few_outputs(x, target, weight, self.task.widths, random)
        n_stats = 1 + few.shape[1]
        most = min(
            _MOST_ROWS,
            _MOST_CELLS // max(1, x.shape[1] * n_stats),
            _MOST_STATISTICS // n_stats,
        )
        chosen, times = by_weight(weight, max(_FEWEST, most), random)
        stats = statistics(few[chosen], times)
        bins = _BINS_OF_FEW if len(chosen) <= _FEW_ROWS else _MOST_BINS
        binned = Binned(x[chosen], bins, stats[0])
        sizes = [len(cuts) for cuts in binned.thresholds]
        # Known only now: many columns have fewer values than bins.
        fewer = fewer_bins(sizes, bins, len(stats), self.params.max_leaf_nodes)
        if fewer < bins:
            binned = Binned(x[chosen], fewer, stats[0])
        cost = self.cost() if is_distribution else Squares()
        some = Rows(binned, stats, cost, self.least)
        if len(chosen) == len(x):
            return some, some, chosen, few
        whole = Rows(binned.of(x), statistics(few, weight), cost, self.least)
        return some, whole, chosen, few

    def _tree_of(self, root, data, x, target, weight):
        """The tree of a search, with the sums of all rows and outputs."""
        stats = statistics(target, weight)
        return HardTree.of(root, data.binned.thresholds, x, stats, self.least)

    def _learn_more(self, tree, renewal, x, target, weight, columns, watch):
        """Draw rows for leaves that few have reached, and go on searching from there."""
        if not watch.goes_on():
            return tree
        given = self._more_rows(tree, renewal, x, target, weight, columns)
        if given is None:
            return tree
        random, n_leaves = self._random(), self.params.max_leaf_nodes
        some, whole, _, _ = self._data(*given, random)
        root = tree.as_questions(some.binned)
        with watch, _one_thread():
            root = Search(some, n_leaves, random, watch=watch).improved(root)
            root = Search(whole, n_leaves, random, watch=watch).polished([root])
        return self._tree_of(root, some, *given)

    def _more_rows(self, tree, renewal, x, target, weight, columns):
        """All rows, with new ones for leaves that few have reached; None without new."""

        def see(X):
            return self.see(X)[:, columns]

        leaf = tree.apply(x)
        counts = np.bincount(leaf, minlength=len(tree.feature))
        fresh = rows_for_leaves(renewal, tree, see, counts, _ENOUGH)
        if fresh is None:
            return None
        new_x, new_leaf, knowledge = fresh
        alpha = self.params.alpha
        new_target, new_weight = self.task.joint(knowledge.used(alpha), alpha)
        # Fresh rows stand last.
        new_target, new_weight = new_target[-len(new_x) :], new_weight[-len(new_x) :]
        rows = np.flatnonzero(new_weight)
        if not len(rows):
            return None
        weight = shared_weight(leaf, weight, new_leaf[rows], new_weight[rows])
        x = np.concatenate([x, new_x[rows]])
        return x, np.concatenate([target, new_target[rows]]), weight

    def _weigh_labels(self, tree, x, knowledge, unseen):
        """Correct the tree by labels, which have the last word about what leaves say."""
        labels = self.task.numbers_of_labels(knowledge.hard)
        weight = knowledge.hard_weight
        leaf, is_class = tree.apply(x), self.task.kind == "classifier"
        if unseen is not None:
            unseen = [part[: len(leaf)] for part in unseen]
        return with_evidence(tree, leaf, labels, weight, is_class, unseen)


def least_weight(min_weight_fraction_leaf):
    """Least share of the weight of a leaf, above 0.

    Parameters
    ----------
    min_weight_fraction_leaf : float
        The student's parameter.

    Returns
    -------
    float
        A leaf of no weight would have no mean.
    """
    # A leaf of no weight would have no mean.
    return max(min_weight_fraction_leaf, 1e-12)


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


def _one_thread():
    """Bounds BLAS: its threads gain little here, and lose much on a busy machine."""
    return threadpool_limits(1, user_api="blas")


def _with_floor(p):
    """Distributions of no zeros; the likeliest class pays, alike in leaves alike."""
    # Rounded: sums in another order must not part leaves that are alike.
    p = np.maximum(p, FLOOR).round(12)
    likeliest = np.arange(len(p)), p.argmax(axis=1)
    p[likeliest] = 0
    p[likeliest] = 1 - p.sum(axis=1)
    return p
