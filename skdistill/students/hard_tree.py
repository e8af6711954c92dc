"""Students that are hard decision trees, found by search."""

from numbers import Integral, Real

import numpy as np
from scipy import sparse
from sklearn.base import is_classifier
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from ..learners.hard_tree.binned import Binned
from ..learners.hard_tree.condensing import best_columns, few_outputs, fewer_bins
from ..learners.hard_tree.costs import Entropy, Squares, statistics
from ..learners.hard_tree.evidence import with_evidence
from ..learners.hard_tree.growth import Rows
from ..learners.hard_tree.hints import booster_hints
from ..learners.hard_tree.search import Search
from ..learners.hard_tree.structure import HardTree
from ..learners.label_rows import joint_targets
from ..tables.table import observed_values
from ..tables.view import apply_view, make_view, reads_tables
from ..teacher.probabilities import FLOOR
from ..transfer.redraw import rows_for_leaves, shared_weight
from .base import BaseStudent
from .tasks import ClassifierStudent, RegressorStudent

_MOST_BINS, _BINS_OF_FEW, _FEW_ROWS = 256, 1024, 5000
_SHRINKAGE = 0.1  # weight of the parent's mean, in the smallest leaves
_FEWEST = 1000
_ENOUGH = 1000  # rows of a leaf; where there are fewer, more are drawn
# Rows times columns times statistics, for one search; and rows times statistics, which
# binds where columns are few and classes many.
_MOST_CELLS, _MOST_STATISTICS = 20_000_000, 1 << 20


class HardDecisionTree(BaseStudent):
    """What the two hard trees share.

    Nodes are numbered as in scikit-learn: a node before its children, the left subtree
    before the right one.
    """

    _begins_at = None  # for one fit, what makes one more start of the search
    _weighs_labels = False  # for one fit, whether labels have the last word
    _draws_for_leaves = True

    _parameter_constraints: dict = {
        "max_leaf_nodes": [Interval(Integral, 2, None, closed="left")],
        "min_weight_fraction_leaf": [Interval(Real, 0, 0.5, closed="both")],
        "random_state": ["random_state"],
    }

    def _make_view(self):
        return make_view(self.preprocessor, scale=False)

    def _seen(self, X):
        return apply_view(self.preprocessor_, X)

    def _view(self, X):
        self._check_is_fitted()
        return self._seen(self._validate_X(X, reset=False))

    def _train(self, rows, knowledge, watched):
        lesson = knowledge.used(self.alpha)
        x = self._seen(rows.X)
        extra = None
        if lesson.soft is not None:
            extra = self._transfer_view(rows, self._seen)
        x = x if extra is None else np.concatenate([x, extra])
        self._n_view = x.shape[1]
        target, weight = self._targets_of(lesson)
        n_labelled = knowledge.n_labelled
        unseen = (target, weight) if knowledge.unseen else None
        counted = np.flatnonzero(weight)
        x, target, weight = x[counted], target[counted], weight[counted]
        weight = weight / weight.sum()
        own = counted[counted < n_labelled]
        random = self._random()
        columns = best_columns(x, target, weight, self._least(), random)
        x = x[:, columns]
        tree = self._found(x, target, weight, random, rows.X, own, columns)
        tree = self._learn_more(tree, rows, x, target, weight, columns)
        self.tree_ = tree.on(np.arange(self._n_view)[columns])
        if self._weighs_labels and knowledge.hard is not None:
            self._weigh_labels(self._seen(rows.X), knowledge, unseen)
        self._observed = observed_values(rows.X)
        vars(self).pop("fidelity_", None)  # of the tree before
        self._finish(rows, knowledge)

    def _weigh_labels(self, x, knowledge, unseen):
        """Let labels have the last word, where any of them counts."""
        labels, weight = self._labels_of(knowledge), knowledge.hard_weight
        if weight.sum() <= 0:
            return
        leaf, is_class = self.tree_.apply(x), is_classifier(self)
        if unseen is not None:
            unseen = [part[: len(leaf)] for part in unseen]
        self.tree_ = with_evidence(self.tree_, leaf, labels, weight, is_class, unseen)
        if is_class and len(self._targets) == 1:
            shares = self.tree_.means()[0]
            self._learnt_prior = shares / shares.sum()
            self.class_prior_ = self._learnt_prior.copy()

    def _least(self):
        return max(self.min_weight_fraction_leaf, 1e-12)

    def _learn_more(self, tree, rows, x, target, weight, columns):
        """Draw rows for leaves that few have reached, and go on searching from there."""

        def see(X):
            return self._seen(X)[:, columns]

        leaf = tree.apply(x)
        counts = np.bincount(leaf, minlength=len(tree.feature))
        found = rows_for_leaves(rows.renewal, tree, see, counts, _ENOUGH)
        if found is None:
            return tree
        new_x, new_leaf, knowledge = found
        new_target, new_weight = self._targets_of(knowledge.used(self.alpha))
        new_target, new_weight = new_target[-len(new_x) :], new_weight[-len(new_x) :]
        counted = np.flatnonzero(new_weight)
        if not len(counted):
            return tree
        weight = shared_weight(leaf, weight, new_leaf[counted], new_weight[counted])
        x = np.concatenate([x, new_x[counted]])
        target = np.concatenate([target, new_target[counted]])
        random = self._random()
        data, _, _ = self._data(x, target, weight, 0, random)
        root = tree.as_questions(data.binned)
        root = Search(data, self.max_leaf_nodes, random).improved(root)
        return self._tree_of(root, data, x, target, weight)

    def _tree_of(self, root, data, x, target, weight):
        """What was found, with the sums of all rows and outputs."""
        stats = statistics(target, weight)
        return HardTree.of(root, data.binned.thresholds, x, stats, self._least())

    def _data(self, x, target, weight, n_own, random):
        """So many rows, outputs and tests as the search can bear, and which rows."""
        few, is_distribution = few_outputs(x, target, weight, self._widths(), random)
        n_stats = 1 + few.shape[1]
        most = min(
            _MOST_CELLS // max(1, x.shape[1] * n_stats), _MOST_STATISTICS // n_stats
        )
        most = max(_FEWEST, most)
        chosen, factor = _some(len(x), n_own, weight, most, random)
        stats = statistics(few[chosen], weight[chosen]) * factor
        bins = _BINS_OF_FEW if len(chosen) <= _FEW_ROWS else _MOST_BINS
        binned = Binned(x[chosen], bins, stats[0])
        sizes = [len(cuts) for cuts in binned.thresholds]
        fewer = fewer_bins(sizes, bins, len(stats), self.max_leaf_nodes)
        if fewer < bins:
            binned = Binned(x[chosen], fewer, stats[0])
        cost = self._cost() if is_distribution else Squares()
        return Rows(binned, stats, cost, self._least()), chosen, few[chosen]

    def _found(self, x, target, weight, random, X, own, columns):
        """The search, on so many rows as it can bear."""
        data, chosen, few = self._data(x, target, weight, len(own), random)
        binned, start = data.binned, None
        if self._begins_at is not None:
            start = self._begins_at(X, own, x[: len(own)], binned, columns)
        starts = [] if start is None else [start]
        hints = booster_hints(x[chosen], few, data.stats[0], binned, random)
        root = Search(data, self.max_leaf_nodes, random, hints).best(starts)
        return self._tree_of(root, data, x, target, weight)

    def _finish(self, rows, knowledge):
        """Store how many rows reach each node, and what the questions gained."""
        tree, weight = self.tree_, knowledge.hard_weight
        leaf = tree.apply(self._seen(rows.X))
        self.node_mass_ = tree.totals(leaf, weight[:, None] / weight.sum())[:, 0]
        cost, inner = self._cost()(tree.sums), np.flatnonzero(~tree.is_leaf)
        gain = cost[inner] - (
            cost[tree.children_left[inner]] + cost[tree.children_right[inner]]
        )
        columns, n = tree.feature[inner], self._n_view
        if reads_tables(self.preprocessor_):  # sum over the terms of each column
            terms = self.preprocessor_.terms_
            columns = [terms[column].column for column in columns]
            n = self.n_features_in_
        used = np.bincount(np.asarray(columns, dtype=np.int64), gain, minlength=n)
        self.feature_importances_ = used / max(used.sum(), np.finfo(float).tiny)

    def apply(self, X):
        """The leaf of each row.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n,)
            Node numbers, int64.
        """
        x = self._view(X)
        return self.tree_.apply(x)

    def decision_path(self, X):
        """The nodes on the way to each row's leaf.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        scipy.sparse.csr_matrix of shape (n, n_nodes)
            1 where the row's path passes the node.
        """
        leaf = self.apply(X)
        parent, ways = self.tree_.parent, {}
        for node in np.unique(leaf).tolist():
            way = [node]
            while way[-1]:
                way.append(int(parent[way[-1]]))
            ways[node] = way[::-1]
        columns = [ways[node] for node in leaf.tolist()]
        starts = np.cumsum([0, *map(len, columns)])
        columns = np.concatenate(columns)
        ones = np.ones(len(columns), dtype=np.int64)
        shape = (len(leaf), len(parent))
        return sparse.csr_matrix((ones, columns, starts), shape=shape)

    def get_depth(self):
        """Number of questions on the longest path.

        Returns
        -------
        int
            0 for a tree of one leaf.
        """
        check_is_fitted(self)
        return int(self.tree_.depth().max())

    def get_n_leaves(self):
        """Number of leaves.

        Returns
        -------
        int
            At most ``max_leaf_nodes``.
        """
        check_is_fitted(self)
        return int(self.tree_.is_leaf.sum())


class HardDecisionTreeClassifier(HardDecisionTree, ClassifierStudent):
    """A tree of plain questions that learns classes from a teacher.

    It asks ``feature <= threshold`` of one feature at each node, in the feature's own
    unit, and has few leaves: a person can read it and carry it out by hand. It is
    searched for, where CART is grown and left as it is [2]_.

    Parameters
    ----------
    teacher : object or list of objects, default=None
        As in :class:`NeuralStudentClassifier`. None: the student learns from the labels
        alone, the *control*.
    teacher_weights : array-like of shape (n_teachers,), default=None
        Shares of the members of a list.
    classes : array-like of shape (n_classes,), or list of these, default=None
        Labels in the column order of ``teacher_output`` and of teachers without
        ``classes_``; a list with one array for each of several targets.
    teacher_calibration : {"temperature"} or None, default=None
        As in :class:`NeuralStudentClassifier`; nothing else looks at ``X_val``.
    alpha : float, default=1.0
        Weight of the soft targets, in [0, 1]; the rest goes to the hard labels.
    cv : int, splitter, iterable, "prefit" or None, default=None
        None: a fitted teacher as it is, an unfitted one fitted on all rows. A number of
        folds or a splitter: each row of X is labelled by clones of the teacher that were
        not fitted on it; a row that no fold holds out has no soft target. "prefit": an
        unfitted teacher is an error.
    transfer_teacher : {"refit", "folds", "unseen"}, default="refit"
        With `cv`, who labels transfer rows: the fitted teacher itself, or one fitted on
        all rows; the mean of all clones; or, for rows that a sampler draws, the clones
        that saw none of the rows that they were made from.
    n_jobs : int, default=None
        So many clones are fitted, and so many parts of a long pass of the teacher asked,
        at once.
    memory : str, path, joblib.Memory or None, default=None
        Keeps the teacher's answers, and the fits of an unfitted one, for the same teacher
        and rows another time: in a search, or in another process.
    transfer : sampler, str, callable or None, default="auto"
        Draws more rows for the teacher to label: a sampler such as
        :class:`ConditionalSampler`, a name ("munge", "conditional", "mixup", "noise",
        "bootstrap"), or a function ``transfer(X, random_state)`` that returns rows. A
        control, which has no teacher, draws none. "auto": 24 conditional rows for each
        of X, at most 250,000 and 2,500,000 numbers in the answers about them, where the
        teacher itself is asked about X and there is no ``X_transfer``; none for a table
        of over 100 columns, and with `cv`.
    transfer_weight : float, default=None
        Total weight of the transfer rows against the rows of X; None for their numbers.
    class_weight : dict, list of dict, "balanced" or None, default=None
        As in scikit-learn; a list for several targets.
    preprocessor : "auto", transformer or None, default="auto"
        The student's view of X. "auto" takes any table: see
        :class:`~skdistill.tables.TableView`; its columns keep their units. None
        takes finite numbers as they are.
    keep_teacher : bool, default=True
        False: no ``teacher_`` after fit, and no teacher in a fitted student's pickle.
    max_leaf_nodes : int, default=32
        So many leaves at most.
    min_weight_fraction_leaf : float, default=0.005
        Share of the weight of all rows, transfer rows among them, that a leaf has at
        least.
    criterion : {"entropy", "gini"}, default="entropy"
        What the search lowers: the cross entropy with the targets, or the squared
        distance to them.
    random_state : int, RandomState instance or None, default=None
        Seeds the draws, and the choice of the rows on which large nodes look ahead.

    Attributes
    ----------
    tree_ : HardTree
        Arrays, named as in scikit-learn: ``children_left``, ``children_right``,
        ``feature`` (a column of the view) and ``threshold``.
    node_mass_ : ndarray of shape (n_nodes,)
        Share of the rows of X, by weight, that reach each node.
    feature_importances_ : ndarray of shape (n_features,)
        What the questions about each feature gain in the criterion, normalised. With a
        transformer as `preprocessor`, one for each of its columns.
    classes_ : ndarray of shape (n_classes,), or list of ndarray
        The sorted union of `classes`, of y's labels and of the teacher's; a list with
        one array for each of several targets, the numbers of the labels of a multi-label
        student.
    class_prior_ : ndarray of shape (n_classes,)
        Shares of the classes that the probabilities expect: the mean of the targets that
        were learnt, or what ``adjust_class_prior`` was asked for. Of a single target only.
    teacher_ : object or list of objects
        The fitted teacher; absent without one, and with ``keep_teacher=False``.
    temperature_, teacher_temperature_, teacher_entropy_ : object
        As in :class:`NeuralStudentClassifier`; there is no temperature but 1.
    preprocessor_ : transformer or None
        The fitted view.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, where X has string names.

    See Also
    --------
    SoftDecisionTreeClassifier : Its gates weigh all features, and it is more accurate.
    export_text : The fitted tree as text.

    Notes
    -----
    Growing best-first, as CART does [1]_, is the first start. Then, as long as the
    criterion gains: the best question of all for one node at a time, the others as they
    are; a split where it gains more; the best subtree of depth two in the place of small
    ones, all pairs of questions being scored by matrix products; larger subtrees grown
    again from a root that looks ahead, at thresholds of a small booster among others.
    Where fewer than 1000 rows reach a leaf and a sampler draws transfer rows, more are
    drawn for it, and the search goes on. Tables of many rows are searched on some of them,
    and the leaves' values are those of all rows. Of more than 100 columns the 64 are
    searched that part the rows best, at the root or near to it; more than 64 outputs are
    searched as 32 (classes that lie together are one; of values, the directions in
    which they vary most); and the more outputs, the fewer thresholds.

    References
    ----------
    .. [1] Breiman, Friedman, Olshen, Stone: Classification and Regression Trees, 1984.
    .. [2] Bennett: Global Tree Optimization: A Non-greedy Decision Tree Algorithm, 1994.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skdistill import HardDecisionTreeClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> forest = RandomForestClassifier(random_state=0).fit(X, y)
    >>> tree = HardDecisionTreeClassifier(forest, max_leaf_nodes=4, random_state=0)
    >>> tree.fit(X, y).get_n_leaves()
    4
    >>> bool(tree.score(X, forest.predict(X)) > 0.9)
    True
    """

    _parameter_constraints: dict = {
        **ClassifierStudent._parameter_constraints,
        **HardDecisionTree._parameter_constraints,
        "criterion": [StrOptions({"entropy", "gini"})],
    }
    _parameter_constraints.pop("temperature")
    temperature = 1.0  # no parameter: read by what all classifiers share

    def __init__(
        self,
        teacher=None,
        *,
        teacher_weights=None,
        classes=None,
        teacher_calibration=None,
        alpha=1.0,
        cv=None,
        transfer_teacher="refit",
        n_jobs=None,
        memory=None,
        transfer="auto",
        transfer_weight=None,
        class_weight=None,
        preprocessor="auto",
        keep_teacher=True,
        max_leaf_nodes=32,
        min_weight_fraction_leaf=0.005,
        criterion="entropy",
        random_state=None,
    ):
        self.teacher = teacher
        self.teacher_weights = teacher_weights
        self.classes = classes
        self.teacher_calibration = teacher_calibration
        self.alpha = alpha
        self.cv = cv
        self.transfer_teacher = transfer_teacher
        self.n_jobs = n_jobs
        self.memory = memory
        self.transfer = transfer
        self.transfer_weight = transfer_weight
        self.class_weight = class_weight
        self.preprocessor = preprocessor
        self.keep_teacher = keep_teacher
        self.max_leaf_nodes = max_leaf_nodes
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.criterion = criterion
        self.random_state = random_state

    def _cost(self):
        return Squares() if self.criterion == "gini" else Entropy(len(self._targets))

    def _targets_of(self, lesson):
        """Probabilities (n + m, sum of n_classes) and weights, soft and hard together."""
        one_hot = None if lesson.hard is None else self._one_hot(lesson.hard)
        if lesson.soft is not None:
            lesson = lesson.with_probabilities()
        return joint_targets(lesson, self.alpha, one_hot)

    def _widths(self):
        return [len(classes) for classes in self._targets]

    def _labels_of(self, knowledge):
        return self._one_hot(knowledge.hard)

    def _node_logs(self):
        """Log-probabilities of each node, finite."""
        self._check_is_fitted()
        means = self.tree_.means(self.min_weight_fraction_leaf * _SHRINKAGE)
        parts = self._by_target(means)
        return np.log(np.concatenate([_with_floor(part) for part in parts], axis=1))

    def _log_probabilities(self, X):
        return self._node_logs()[self.apply(X)]

    def leaf_values(self):
        """What each leaf says, in the order of the node numbers.

        Returns
        -------
        ndarray of shape (n_leaves, sum of n_classes)
            Class probabilities.
        """
        return np.exp(self._node_logs()[self.tree_.is_leaf])


class HardDecisionTreeRegressor(HardDecisionTree, RegressorStudent):
    """A tree of plain questions that learns values from a teacher.

    It asks ``feature <= threshold`` of one feature at each node, in the feature's own
    unit, and has few leaves: a person can read it and carry it out by hand. It is
    searched for, where CART is grown and left as it is [2]_.

    Parameters
    ----------
    teacher : object or list of objects, default=None
        As in :class:`NeuralStudentRegressor`. None: the student learns from y alone, the
        *control*.
    teacher_weights : array-like of shape (n_teachers,), default=None
        Shares of the members of a list.
    alpha : float, default=1.0
        Weight of the teacher's predictions, in [0, 1]; the rest goes to y.
    cv : int, splitter, iterable, "prefit" or None, default=None
        None: a fitted teacher as it is, an unfitted one fitted on all rows. A number of
        folds or a splitter: each row of X is labelled by clones of the teacher that were
        not fitted on it; a row that no fold holds out has no soft target. "prefit": an
        unfitted teacher is an error.
    transfer_teacher : {"refit", "folds", "unseen"}, default="refit"
        With `cv`, who labels transfer rows: the fitted teacher itself, or one fitted on
        all rows; the mean of all clones; or, for rows that a sampler draws, the clones
        that saw none of the rows that they were made from.
    n_jobs : int, default=None
        So many clones are fitted, and so many parts of a long pass of the teacher asked,
        at once.
    memory : str, path, joblib.Memory or None, default=None
        Keeps the teacher's answers, and the fits of an unfitted one, for the same teacher
        and rows another time: in a search, or in another process.
    transfer : sampler, str, callable or None, default="auto"
        Draws more rows for the teacher to label: a sampler such as
        :class:`ConditionalSampler`, a name ("munge", "conditional", "mixup", "noise",
        "bootstrap"), or a function ``transfer(X, random_state)`` that returns rows. A
        control, which has no teacher, draws none. "auto": 24 conditional rows for each
        of X, at most 250,000 and 2,500,000 numbers in the answers about them, where the
        teacher itself is asked about X and there is no ``X_transfer``; none for a table
        of over 100 columns, and with `cv`.
    transfer_weight : float, default=None
        Total weight of the transfer rows against the rows of X; None for their numbers.
    preprocessor : "auto", transformer or None, default="auto"
        The student's view of X. "auto" takes any table: see
        :class:`~skdistill.tables.TableView`; its columns keep their units. None
        takes finite numbers as they are.
    keep_teacher : bool, default=True
        False: no ``teacher_`` after fit, and no teacher in a fitted student's pickle.
    max_leaf_nodes : int, default=32
        So many leaves at most.
    min_weight_fraction_leaf : float, default=0.005
        Share of the weight of all rows, transfer rows among them, that a leaf has at
        least.
    random_state : int, RandomState instance or None, default=None
        Seeds the draws, and the choice of the rows on which large nodes look ahead.

    Attributes
    ----------
    tree_ : HardTree
        Arrays, named as in scikit-learn: ``children_left``, ``children_right``,
        ``feature`` (a column of the view) and ``threshold``.
    node_mass_ : ndarray of shape (n_nodes,)
        Share of the rows of X, by weight, that reach each node.
    feature_importances_ : ndarray of shape (n_features,)
        What the questions about each feature gain in the criterion, normalised. With a
        transformer as `preprocessor`, one for each of its columns.
    teacher_ : object or list of objects
        The fitted teacher; absent without one, and with ``keep_teacher=False``.
    preprocessor_ : transformer or None
        The fitted view.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, where X has string names.

    See Also
    --------
    SoftDecisionTreeRegressor : Its gates weigh all features, and it is more accurate.
    export_text : The fitted tree as text.

    Notes
    -----
    Growing best-first, as CART does [1]_, is the first start. Then, as long as the
    criterion gains: the best question of all for one node at a time, the others as they
    are; a split where it gains more; the best subtree of depth two in the place of small
    ones, all pairs of questions being scored by matrix products; larger subtrees grown
    again from a root that looks ahead, at thresholds of a small booster among others.
    Where fewer than 1000 rows reach a leaf and a sampler draws transfer rows, more are
    drawn for it, and the search goes on. Tables of many rows are searched on some of them,
    and the leaves' values are those of all rows. Of more than 100 columns the 64 are
    searched that part the rows best, at the root or near to it; more than 64 outputs are
    searched as 32 (classes that lie together are one; of values, the directions in
    which they vary most); and the more outputs, the fewer thresholds.

    References
    ----------
    .. [1] Breiman, Friedman, Olshen, Stone: Classification and Regression Trees, 1984.
    .. [2] Bennett: Global Tree Optimization: A Non-greedy Decision Tree Algorithm, 1994.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> from skdistill import HardDecisionTreeRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> forest = RandomForestRegressor(random_state=0).fit(X, y)
    >>> tree = HardDecisionTreeRegressor(forest, max_leaf_nodes=8, random_state=0)
    >>> tree.fit(X, y).get_n_leaves()
    8
    """

    _parameter_constraints: dict = {
        **RegressorStudent._parameter_constraints,
        **HardDecisionTree._parameter_constraints,
    }

    def __init__(
        self,
        teacher=None,
        *,
        teacher_weights=None,
        alpha=1.0,
        cv=None,
        transfer_teacher="refit",
        n_jobs=None,
        memory=None,
        transfer="auto",
        transfer_weight=None,
        preprocessor="auto",
        keep_teacher=True,
        max_leaf_nodes=32,
        min_weight_fraction_leaf=0.005,
        random_state=None,
    ):
        self.teacher = teacher
        self.teacher_weights = teacher_weights
        self.alpha = alpha
        self.cv = cv
        self.transfer_teacher = transfer_teacher
        self.n_jobs = n_jobs
        self.memory = memory
        self.transfer = transfer
        self.transfer_weight = transfer_weight
        self.preprocessor = preprocessor
        self.keep_teacher = keep_teacher
        self.max_leaf_nodes = max_leaf_nodes
        self.min_weight_fraction_leaf = min_weight_fraction_leaf
        self.random_state = random_state

    def _cost(self):
        return Squares()

    def _targets_of(self, lesson):
        """Values in units of their standard deviations, and weights."""
        target, weight = joint_targets(lesson, self.alpha, lesson.hard)
        return (target - self._center) / self._scale, weight

    def _widths(self):
        return []

    def _labels_of(self, knowledge):
        return (knowledge.hard - self._center) / self._scale

    def _values(self, X):
        leaf = self.apply(X)
        return self.tree_.means()[leaf]

    def leaf_values(self):
        """What each leaf says, in the order of the node numbers.

        Returns
        -------
        ndarray of shape (n_leaves, n_outputs)
            In the targets' units.
        """
        check_is_fitted(self)
        return self.tree_.means()[self.tree_.is_leaf] * self._scale + self._center


def _some(n, n_own, weight, most, random):
    """Which rows are searched, and by what their weights are multiplied.

    At most half of them are rows of X, where there are others; both keep their weight.
    """
    if n <= most:
        return np.arange(n), 1.0
    kept_own = min(n_own, most if n == n_own else max(most // 2, most - (n - n_own)))
    parts = (0, n_own, kept_own), (n_own, n - n_own, most - kept_own)
    chosen, factors = [], []
    for start, size, wanted in parts:
        if size:
            rows = start + np.sort(
                random.choice(size, min(size, wanted), replace=False)
            )
            whole = weight[start : start + size].sum()
            chosen.append(rows)
            factors.append(np.full(len(rows), whole / max(weight[rows].sum(), 1e-300)))
    return np.concatenate(chosen), np.concatenate(factors)


def _with_floor(p):
    """Distributions of no zeros; the likeliest class pays, alike in leaves alike."""
    p = np.maximum(p, FLOOR).round(12)
    likeliest = np.arange(len(p)), p.argmax(axis=1)
    p[likeliest] = 0
    p[likeliest] = 1 - p.sum(axis=1)
    return p
