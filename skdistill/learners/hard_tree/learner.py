"""How hard decision trees are trained: searched for, on more rows where few have come."""

from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.utils import check_random_state
from threadpoolctl import threadpool_limits

from ...teacher.probabilities import FLOOR
from ...transfer.redraw import rows_for_leaves, shared_weight
from ..base import Learner, Model
from .choosing import exam_of
from .condensing import best_columns
from .costs import Entropy, Mixed, Squares
from .evidence import with_evidence
from .order import in_order
from .prepared import Taught, prepared
from .starts import cart
from .watch import Watch

_SHRINKAGE = 0.1  # weight of the parent's mean, in the smallest leaves
_ENOUGH = 1000  # rows of a leaf; where there are fewer, more are drawn
_MOST_LEAVES = 64  # of a tree that chooses their number itself
_ROUNDS = 3  # searches among fewer columns, at the most


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
            return self._means()
        parts = [_with_floor(part) for part in self.task.by_target(self._means())]
        return np.log(np.concatenate(parts, axis=1))

    def _means(self):
        """What each node says before zeros get a floor."""
        is_class = self.task.kind == "classifier"
        return self.tree.means(self.least * _SHRINKAGE if is_class else 0.0)

    def in_order(self, wishes):
        """The model whose leaves rise and fall as is wished.

        Parameters
        ----------
        wishes : Wishes
            About the columns of its view.

        Returns
        -------
        HardTreeModel
            The same one where they do.
        """
        if wishes.has_order:
            self.tree = in_order(self.tree, self._means(), wishes)
        return self

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


@dataclass(frozen=True)
class _Case:
    """What all searches of a fit share: rows, answers, and what chooses between trees."""

    lesson: Any
    x: np.ndarray  # the view of the rows of X
    rows: np.ndarray
    taught: Taught
    exam: Any
    learns: np.ndarray
    weighs: bool
    unseen: Any


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
    wishes : callable, default=None
        ``wishes(n_inputs)`` -> Wishes about the columns of the view.
    """

    def __init__(self, params, task, see, start=None, wishes=None):
        super().__init__(params, task, see)
        self.start, self.wishes = start, wishes
        self.least = least_weight(self.params.min_weight_fraction_leaf)

    def cost(self, widths):
        """The criterion.

        Parameters
        ----------
        widths : sequence of int
            Numbers of classes of the targets; none for values.

        Returns
        -------
        callable
            A function of sums of statistics.
        """
        if not len(widths) or self.params.criterion == "gini":
            return Squares()
        is_mixed = self.params.criterion == "mixed"
        return Mixed(widths) if is_mixed else Entropy(len(widths))

    def _random(self):
        return check_random_state(self.params.random_state)

    def learn(self, lesson):
        """Search on all rows that have weight, then on more for leaves of few."""
        yield from ()  # no training of torch's
        knowledge, alpha = lesson.knowledge, self.params.alpha
        used = knowledge.used(alpha)
        x = lesson.whole_view(self.see, used)
        target, weight = self.task.joint(used, alpha)
        weighs = used.soft is not None and knowledge.hard is not None
        weighs = weighs and knowledge.hard_weight.sum() > 0
        unseen = (target, weight) if knowledge.unseen else None
        wishes, random = self.wishes(x.shape[1]), self._random()
        scoring = self.params.scoring
        exam, learns = exam_of(lesson, x, self.see, self.task, scoring, random)
        rows = np.flatnonzero(weight)
        taught = Taught(x[rows], target[rows], weight[rows] / weight[rows].sum())
        x = x[: knowledge.n_labelled]
        case = _Case(lesson, x, rows, taught, exam, learns[rows], weighs, unseen)
        watch = Watch(self.params.time_budget, self.params.verbose)
        with closing(watch):
            model = self._found(case, wishes, random, watch)
            for k in range(_ROUNDS):
                at_once = k == _ROUNDS - 1 or not watch.goes_on()
                use = model.column_use(self.cost(self.task.widths))
                wishes = wishes.fewer(model.tree.asked, use, at_once)
                if wishes is None:
                    break
                model = self._found(case, wishes, random, watch)
        watch.tell()
        return model

    def _found(self, case, wishes, random, watch):
        """The model of one search, about columns that are allowed."""
        lesson, rows, weighs = case.lesson, case.rows, case.weighs
        allowed = wishes.columns
        taught = case.taught if wishes.allowed is None else case.taught.on(allowed)
        n_inputs = case.taught.x.shape[1]
        best = best_columns(*taught.parts, self.least, random)
        columns = best if wishes.allowed is None else allowed[best]
        taught, exam = taught.on(best), case.exam and case.exam.on(columns)
        here = wishes.on(columns)
        table = self._prepared(taught, here, random, watch, learns=case.learns)
        starts = self._starts(table, lesson, rows, columns)
        if weighs:
            starts.append(self._cart(table, lesson.knowledge, rows))
        with watch, _one_thread():
            tree = self._searched(table, [s for s in starts if s], exam, here)
        try:
            tree = self._learn_more(tree, case, taught, columns, here, watch)
        except KeyboardInterrupt:  # as the teacher answered, or rows were counted
            watch.interrupt()
        tree = tree.on(np.arange(n_inputs)[columns])
        if weighs:
            tree = self._weigh_labels(tree, case.x, lesson.knowledge, case.unseen)
        model = HardTreeModel(tree, self.task, self.least, n_inputs, weighs)
        return model.in_order(wishes)

    def _prepared(self, taught, wishes, random, watch, n_leaves=None, **options):
        n_leaves = n_leaves or self.params.max_leaf_nodes
        return prepared(
            taught,
            widths=self.task.widths,
            cost=self.cost,
            least=self.least,
            n_leaves=_MOST_LEAVES if n_leaves == "auto" else n_leaves,
            random=random,
            watch=watch,
            wishes=wishes if wishes.guide else None,
            **options,
        )

    def _starts(self, table, lesson, rows, columns):
        """The start that was given."""
        if self.start is None:
            return []
        # Rows of X come first, then transfer rows.
        labelled = rows[rows < lesson.knowledge.n_labelled]
        x, binned = table.taught.x[: len(labelled)], table.some.binned
        return [self.start(lesson.read.X, labelled, x, binned, columns)]

    def _cart(self, table, knowledge, rows):
        """A tree of the labels that may be learnt from; None without any."""
        labelled = rows[rows < knowledge.n_labelled]
        weight = knowledge.hard_weight[labelled] * table.learns[: len(labelled)]
        here = np.flatnonzero(weight)
        if not len(here):
            return None
        labels, is_class = knowledge.hard[labelled[here]], bool(len(self.task.widths))
        limits = {"max_leaf_nodes": table.n_leaves, "least": self.least}
        limits["wishes"] = table.whole.wishes
        return cart(table.whole.binned, here, labels, weight[here], is_class, **limits)

    def _searched(self, table, starts, exam, wishes):
        """The best of the trees that the starts lead to."""
        trees = table.search().found(starts, self.params.n_jobs)
        if exam is None:
            return table.tree_of(table.last_search().polished(trees))
        root = trees[exam.best(self._models(table, trees, wishes))]
        n_leaves = table.n_leaves
        if self.params.max_leaf_nodes == "auto":
            root, n_leaves = self._smallest(table, root, exam, wishes)
        if n_leaves > 1:
            root = table.last_search(n_leaves).settled(root)
        return table.tree_of(root)

    def _smallest(self, table, root, exam, wishes):
        """The best tree of as few leaves as are enough, and the number of leaves."""
        smaller = table.search().pruned(root)
        n_leaves = 1 + exam.smallest(self._models(table, smaller, wishes))
        if n_leaves == 1:
            return None, 1
        start = smaller[n_leaves - 1]
        trees = table.search(n_leaves).found([start], self.params.n_jobs)
        return trees[exam.best(self._models(table, trees, wishes))], n_leaves

    def _models(self, table, trees, wishes):
        """Finished trees as models, by the rows that they have learnt from."""
        n_inputs = table.taught.x.shape[1]
        trees = [table.tree_of(tree, table.drawn) for tree in trees]
        models = [
            HardTreeModel(tree, self.task, self.least, n_inputs) for tree in trees
        ]
        return [model.in_order(wishes) for model in models]

    def _learn_more(self, tree, case, taught, columns, wishes, watch):
        """Draw rows for leaves that few have reached, and go on searching from there."""
        if not watch.goes_on():
            return tree
        taught = self._more_rows(tree, case.lesson.renewal, taught, columns)
        if taught is None:
            return tree
        n_leaves = self.params.max_leaf_nodes
        if n_leaves == "auto":
            n_leaves = max(2, int(tree.is_leaf.sum()))
        options = {"n_leaves": n_leaves, "takes_hints": False}
        table = self._prepared(taught, wishes, self._random(), watch, **options)
        with watch, _one_thread():
            root = table.search().improved(tree.as_questions(table.some.binned))
            root = table.last_search().polished([root])
        return table.tree_of(root)

    def _more_rows(self, tree, renewal, taught, columns):
        """All rows, with new ones for leaves that few have reached; None without new."""

        def see(X):
            return self.see(X)[:, columns]

        leaf = tree.apply(taught.x)
        counts = np.bincount(leaf, minlength=len(tree.feature))
        fresh = rows_for_leaves(renewal, tree, see, counts, _ENOUGH)
        if fresh is None:
            return None
        x, new_leaf, knowledge = fresh
        alpha = self.params.alpha
        target, weight = self.task.joint(knowledge.used(alpha), alpha)
        # Fresh rows stand last.
        target, weight = target[-len(x) :], weight[-len(x) :]
        rows = np.flatnonzero(weight)
        if not len(rows):
            return None
        return Taught(
            np.concatenate([taught.x, x[rows]]),
            np.concatenate([taught.target, target[rows]]),
            shared_weight(leaf, taught.weight, new_leaf[rows], weight[rows]),
        )

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
