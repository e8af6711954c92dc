"""A tree of plain questions that learns classes."""

from sklearn.utils._param_validation import StrOptions

from ..tasks import ClassifierStudent
from .base import HardDecisionTree


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
        As in :class:`NeuralStudentClassifier`.
    alpha : float or "auto", default=1.0
        Weight of the soft targets, in [0, 1]; the rest goes to the hard labels.
        Beside a teacher, labels have the last word about splits and leaves for any value.
        "auto": chosen on labels of rows that the teacher has not seen, as in
        :class:`NeuralStudentClassifier`.
    cv : int, splitter, iterable, "auto", "prefit" or None, default=None
        None: a fitted teacher as it is, an unfitted one fitted on all rows. A number of
        folds or a splitter: each row of X is labelled by clones of the teacher that were
        not fitted on it; a row that no fold holds out has no soft target. "auto": 5
        folds for a teacher that looks its training rows up, such as TabPFN or nearest
        neighbours, and None for others; it labels drawn rows itself. "prefit": an
        unfitted teacher is an error.
    transfer_teacher : {"refit", "folds", "unseen"}, default="refit"
        With `cv`, who labels transfer rows: the fitted teacher itself, or one fitted on
        all rows; the mean of all clones; or, for rows that a sampler draws, the clones
        that saw none of the rows that they were made from.
    n_jobs : int, default=None
        Number of clones that are fitted, of parts of a long pass of the teacher that are
        computed, and of starts of the search that are followed, at once. The tree is the
        same for any number.
    memory : str, path, joblib.Memory or None, default=None
        Keeps the teacher's answers, and the fits of an unfitted one, for the same teacher
        and rows another time: in a search, or in another process.
    transfer : sampler, str, callable or None, default="auto"
        Draws more rows for the teacher to label: a sampler such as
        :class:`ConditionalSampler`, a name ("munge", "conditional", "mixup", "noise",
        "bootstrap", "words"), or a function ``transfer(X, random_state)`` that returns
        rows. A control, which has no teacher, draws none. "auto": 24 conditional rows
        for each of X, at most 250,000 and 2,500,000 numbers in the answers about them,
        where the teacher itself labels X and there is no ``X_transfer``; none for a
        table of over 100 columns, and with folds as `cv`.
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
    max_leaf_nodes : int or "auto", default=32
        Largest number of leaves. "auto" takes the smallest tree whose score is within one
        standard error of the best of up to 64 leaves.
    min_weight_fraction_leaf : float, default=0.005
        Share of the weight of all rows, transfer rows among them, that a leaf has at
        least.
    criterion : {"mixed", "entropy", "gini"}, default="mixed"
        What the search lowers: the cross entropy with the targets and a quarter of the
        error of the leaves' classes, the cross entropy alone, or the squared distance.
    scoring : {"neg_log_loss", "neg_brier_score", "accuracy"}, default="neg_log_loss"
        What chooses between finished trees, on rows that they have not learnt from:
        those of ``X_val``, else a fifth of X. Labels are asked where the teacher has not
        seen them (``X_val`` with ``y_val``, `cv`), else the teacher's answers. Of trees
        that are equal within a standard error the more accurate one is taken; by
        "accuracy", the one of the lower log loss.
    allowed_features : array-like of str, int or bool, default=None
        Columns that may be asked about, by names or positions, or a yes or no for each
        column, which says most easily what is forbidden:
        ``~X.columns.isin(["sex", "age"])``. None for all. This wish, and the next three,
        are about columns of X, with all their categories and gaps; with a transformer as
        `preprocessor`, about its columns.
    interaction_cst : {"pairwise", "no_interactions"} or list of sets of int or str, \
default=None
        Columns that may meet on one path from the root to a leaf, as in scikit-learn's
        :class:`~sklearn.ensemble.HistGradientBoostingClassifier`: those of one set; two; or
        one. Columns of no set are one more. None for no limit.
    monotonic_cst : array-like of int of shape (n_features,) or dict, default=None
        1 where the probability of the second class may not fall as the column alone
        rises, -1 where it may not rise, 0 for neither; or such numbers by name. For two
        classes. It holds exactly, for any two rows of known values; a gap goes where the
        tree sends it. None for no limit.
    max_questions : int, default=None
        Largest number of columns of X that the whole tree asks about, each as often as
        need be. Where a search finds more, up to three others follow among the columns
        that gained most. None for no limit.
    time_budget : float, default=None
        Seconds that the search may take, once the teacher has answered. When they are
        spent, or on Ctrl-C, the student keeps the best tree so far and warns. Such a fit
        cannot be repeated exactly. None: no limit.
    random_state : int, RandomState instance or None, default=None
        Seeds the draws, and the choice of the rows on which large nodes look ahead.
    verbose : int, default=0
        With 1 a progress bar over the passes of the search, with the loss of the best
        tree so far; and one over a long pass of the teacher.

    Attributes
    ----------
    tree_ : HardTree
        Arrays, named as in scikit-learn: ``children_left``, ``children_right``,
        ``feature`` (a column of the view) and ``threshold``.
    node_mass_ : ndarray of shape (n_nodes,)
        Share of the rows of X, by weight, that reach each node.
    node_counts_ : ndarray of int of shape (n_nodes,)
        Number of the rows of X, those without weight left out, that reach each node.
    node_labels_ : ndarray of shape (n_nodes, n_outputs) or None
        Shares of the labels of these rows, beside what a teacher has
        taught; None without labels, or without a teacher.
    node_fidelity_ : ndarray of shape (n_nodes,) or None
        Share of these rows for which the tree's class is the teacher's; None without a
        teacher's answers for rows of X.
    feature_importances_ : ndarray of shape (n_features,)
        What the questions about each feature gain in the criterion, normalised. With a
        transformer as `preprocessor`, one for each of its columns.
    classes_ : ndarray of shape (n_classes,), or list of ndarray
        The sorted union of `classes`, of y's labels and of the teacher's; a list with
        one array for each of several targets, the numbers of the labels of a multi-label
        student.
    class_prior_ : ndarray of shape (n_classes,)
        Shares of the classes that the probabilities expect: the mean of the targets that
        were learnt, or what ``adjust_class_prior`` has set. For a single target only.
    alpha_ : float
        The weight of the soft targets used; 0 for a control.
    teacher_gain_ : float
        With ``alpha="auto"`` and a teacher: by how much its log loss is less than that of
        the same student of labels alone, on rows that neither has learnt from; NaN where
        nobody knows the teacher's answers there.
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
    Growing best-first, as CART does [1]_, is the first start, by each criterion; a CART
    of the labels is another. From each start the search goes on as long as the criterion
    gains: the best question of all for one node at a time, the others as they
    are; a split where it gains more; the best subtree of depth two in the place of small
    ones, all pairs of questions being scored by matrix products; larger subtrees grown
    again from a root that looks ahead, at thresholds of a small booster among others.
    Where fewer than 1000 rows reach a leaf and a sampler draws transfer rows, more are
    drawn for it, and the search goes on. Of more than 20,000 rows as many are searched,
    drawn in proportion to their weights; then, on all rows, each node gets its best
    question once more, and leaves their values. Of more than 100 columns the 48 are
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
        "criterion": [StrOptions({"mixed", "entropy", "gini"})],
        "scoring": [StrOptions({"neg_log_loss", "neg_brier_score", "accuracy"})],
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
        criterion="mixed",
        scoring="neg_log_loss",
        allowed_features=None,
        interaction_cst=None,
        monotonic_cst=None,
        max_questions=None,
        time_budget=None,
        random_state=None,
        verbose=0,
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
        self.scoring = scoring
        self.allowed_features = allowed_features
        self.interaction_cst = interaction_cst
        self.monotonic_cst = monotonic_cst
        self.max_questions = max_questions
        self.time_budget = time_budget
        self.random_state = random_state
        self.verbose = verbose
