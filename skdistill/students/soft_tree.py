"""Students that are soft decision trees."""

from numbers import Integral, Real
from typing import Self

import numpy as np
from scipy import sparse
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted

from ..inspection.page import ShownAsPage
from ..learners.soft_tree import SoftTreeLearner, SoftTreeModel
from ..tables.table import observed_values
from ..training.inference import in_chunks
from .base import importances
from .hardening import hardened
from .pruning import pruned
from .torch_student import TorchClassifier, TorchRegressor, TorchStudent

_PARAMETERS = {
    "max_depth": [Interval(Integral, 1, 16, closed="both")],
    "max_leaf_nodes": [Interval(Integral, 2, None, closed="left"), None],
    "split": [StrOptions({"oblique", "sparse", "axis"})],
    "max_features_per_split": [Interval(Integral, 1, None, closed="left")],
    "leaf": [StrOptions({"constant", "linear"})],
    "balance_penalty": [Interval(Real, 0, None, closed="left")],
    "objective": [
        StrOptions({"mixture", "path"}),
        Interval(Real, 0, 1, closed="both"),
        tuple,
    ],
    "inference": [StrOptions({"mixture", "path", "leaf"})],
    "weight_decay": [Interval(Real, 0, None, closed="left"), StrOptions({"auto"})],
}


class SoftDecisionTree(ShownAsPage, TorchStudent):
    """What the two soft trees share.

    Nodes are numbered level by level, from left to right: in a complete tree the children
    of node i are 2 i + 1 and 2 i + 2, in any other those of the gate of rank i.
    """

    _learner_class = SoftTreeLearner

    def _settle(self, model, lesson):
        super()._settle(model, lesson)
        self.node_mass_ = model.node_mass
        self.node_counts_, self.node_labels_ = model.rows_in_nodes
        self.node_fidelity_ = model.node_fidelity
        self._column_variance = model.column_variance
        self._observed = observed_values(lesson.read.X)
        self.feature_importances_ = importances(model.column_use(), self)

    def _model(self):
        variance = vars(self).get("_column_variance")
        described = vars(self).get("node_mass_"), variance
        return SoftTreeModel(self.module_, self._task, self.inference, *described)

    def _readable(self):
        return self

    def apply(self, X) -> np.ndarray:
        """Return the most probable leaf of each row.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n,)
            Node numbers, int64.
        """
        x, module = self._view(X), self.module_
        return module.shape.leaves[in_chunks(module.likeliest_leaf, module, x)]

    def decision_path(self, X):
        """Return the nodes on the way to the most probable leaf.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        scipy.sparse.csr_matrix of shape (n, n_nodes)
            1 where the row's path passes the node.
        """
        node, paths = self.apply(X), self.module_.shape.path
        passed = {end: paths(end) for end in np.unique(node)}
        starts = np.concatenate([[0], np.cumsum([len(passed[end]) for end in node])])
        columns = [way for end in node for way in passed[end]]
        ones = np.ones(len(columns), dtype=np.int64)
        shape = (len(node), len(self.node_mass_))
        return sparse.csr_matrix((ones, columns, starts), shape=shape)

    def harden(
        self,
        X,
        y=None,
        *,
        X_eval=None,
        max_leaf_nodes=32,
        min_weight_fraction_leaf=0.005,
        cv=None,
        n_jobs=None,
        allowed_features=None,
        interaction_cst=None,
        monotonic_cst=None,
        max_questions=None,
        time_budget=None,
        random_state=None,
        verbose=0,
    ):
        """Search for a tree of plain questions in the place of the gates.

        It is searched for as :class:`HardDecisionTreeClassifier` is, on rows labelled by
        this tree's teacher (by this tree, if it has or keeps none), and drawn as its
        ``transfer`` says. One more start of the search is this tree with each gate
        rounded to the column that moves it most, where both see the same columns. An
        oblique gate has no equal among plain questions: the result is another tree, that
        answers alike.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows to learn from, as ``fit`` had them.
        y : array-like of shape (n,) or (n, n_targets), default=None
            Their labels, which have the last word: what a leaf says moves to the labels
            of the rows that end there, its old answer counting as 300 rows, and questions
            that these do not bear out go. Labels that the teacher has not seen say most.
            With an ``alpha`` below 1 they also count in the search, by 1 - ``alpha``.
            None: the teacher alone counts.
        X_eval : array-like of shape (m, n_features), default=None
            Rows on which the fidelity is measured. None: a quarter of X, which the
            search then does without.
        max_leaf_nodes : int or "auto", default=32
            Largest number of leaves; "auto" as in :class:`HardDecisionTreeClassifier`.
        min_weight_fraction_leaf : float, default=0.005
            Share of the weight of all rows that a leaf has at least.
        cv : int, splitter or iterable, default=None
            Folds of X, with labels. Clones of the teacher, fitted on the others, answer
            for the rows of each: what a leaf says then lies between the labels and the
            answers of teachers that have not seen them, and questions are judged by
            these. The teacher itself labels drawn rows. None: it answers for all rows.
        n_jobs : int, default=None
            Number of clones that are fitted, and of starts of the search that are
            followed, at once.
        allowed_features : array-like of str, int or bool, default=None
            Columns that may be asked about. This and the next three are as in
            :class:`HardDecisionTreeClassifier`; the soft tree is rounded to a start that
            keeps to them.
        interaction_cst : {"pairwise", "no_interactions"} or list of sets of int or str, \
default=None
            Columns that may meet on one path.
        monotonic_cst : array-like of int of shape (n_features,) or dict, default=None
            Columns with which the answer may not fall (1), or not rise (-1).
        max_questions : int, default=None
            Largest number of columns that the whole tree asks about.
        time_budget : float, default=None
            Seconds that the search may take, as in :class:`HardDecisionTreeClassifier`.
        random_state : int, RandomState instance or None, default=None
            Seeds the draws.
        verbose : int, default=0
            With 1 a progress bar.

        Returns
        -------
        HardDecisionTreeClassifier or HardDecisionTreeRegressor
            Fitted. Its ``fidelity_`` has the fidelity to the teacher of this tree
            ("before") and of the hard one ("after"), see
            :func:`~skdistill.metrics.fidelity`, and says on what "rows". This tree is
            left as it is.
        """
        return hardened(
            self,
            X,
            y,
            X_eval,
            random_state,
            max_leaf_nodes=max_leaf_nodes,
            min_weight_fraction_leaf=min_weight_fraction_leaf,
            cv=cv,
            n_jobs=n_jobs,
            allowed_features=allowed_features,
            interaction_cst=interaction_cst,
            monotonic_cst=monotonic_cst,
            max_questions=max_questions,
            time_budget=time_budget,
            verbose=verbose,
        )

    def prune(
        self,
        X,
        y=None,
        *,
        max_leaf_nodes=None,
        ccp_alpha=0.0,
        X_eval=None,
        random_state=None,
    ) -> Self:
        """Return a smaller tree, in which gates that matter little are leaves.

        Gates that send every row of X to one side are left out. Of the others, that one
        becomes a leaf, again and again, for which the mean KL to the teacher (for values
        the squared error) on X rises least for each leaf that goes [1]_. The new leaf
        says the mean, by mass, of those below. What counts is the answer that
        ``inference`` names: of the mixture, or of the greedy path.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows to judge by, best such as were not used for training.
        y : array-like of shape (n,) or (n, n_targets), default=None
            Their labels, by which a tree without a teacher is pruned. None: such a tree
            is to answer as it did.
        max_leaf_nodes : int, default=None
            Go on until there are so many leaves at most; until then, leaves that go
            beyond what is needed do not count.
        ccp_alpha : float, default=0.0
            Go on while the loss, in nats or squared units, rises by no more for each
            leaf that goes.
        X_eval : array-like of shape (m, n_features), default=None
            Rows on which the fidelity is measured. None: a quarter of X, which the
            pruning then does without.
        random_state : int, RandomState instance or None, default=None
            Chooses that quarter.

        Returns
        -------
        SoftDecisionTree
            Fitted, of the same class. Its ``fidelity_`` has the fidelity to the teacher
            of this tree ("before") and of the smaller one ("after"), see
            :func:`~skdistill.metrics.fidelity`, and says on what "rows". This tree is
            left as it is.

        References
        ----------
        .. [1] Breiman, Friedman, Olshen, Stone: Classification and Regression Trees,
           1984.
        """
        return pruned(self, X, y, X_eval, max_leaf_nodes, ccp_alpha, random_state)

    def path_proba(self, X) -> np.ndarray:
        """Probability that a row reaches each node.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n, n_nodes)
            1 for the root; the children of a node share its probability.
        """
        x, module = self._view(X), self.module_
        return in_chunks(module.node_probabilities, module, x)

    def get_depth(self) -> int:
        """Return the number of gates on the longest path.

        Returns
        -------
        int
            The depth of the fitted tree.
        """
        check_is_fitted(self)
        return self.module_.shape.depth

    def get_n_leaves(self) -> int:
        """Return the number of leaves.

        Returns
        -------
        int
            Two to the power of the depth, of a complete tree.
        """
        check_is_fitted(self)
        return self.module_.n_gates + 1

    def leaf_values(self):
        """Return what each leaf says, in the order of the node numbers.

        As a part of the mixture, with ``inference="mixture"``; otherwise to the rows that
        end there, by themselves: the mean of their targets. Of linear leaves always that.

        Returns
        -------
        ndarray of shape (n_leaves, n_classes) or (n_leaves, n_outputs)
            Class probabilities, or values in the targets' unit.
        """
        check_is_fitted(self)
        alone = self.inference != "mixture" or self.leaf == "linear"
        return self._model().leaf_values(alone)


class SoftDecisionTreeClassifier(SoftDecisionTree, TorchClassifier):
    """A soft decision tree that learns classes from a teacher.

    A binary tree whose inner nodes are soft gates, logistic ones on all features by
    default, and whose leaves are class distributions; the prediction is their mixture
    [1]_. It is accurate, and on images its gates can be looked at; dense gates are not
    questions that a person could answer. For those, ``harden`` it, or take a
    :class:`HardDecisionTreeClassifier`. After training at a temperature other than 1 the
    leaves are refitted at temperature 1; with a loss that leaves the scale of the outputs
    open, so are, by one factor, the gates. ``adjust_class_prior`` changes predictions, not
    leaves: ``leaf_values`` and ``export_text`` tell what was fitted.

    Parameters
    ----------
    teacher : object or list of objects, default=None
        Fitted or unfitted estimator, torch module (logits), callable (probabilities),
        or a list of such, whose answers are averaged. A fitted teacher is used as it is
        and never changed; an unfitted one is cloned and fitted on all rows. None: learn
        from the labels alone, the *control*.
    teacher_weights : array-like of shape (n_teachers,), default=None
        Shares of the members of a list.
    classes : array-like of shape (n_classes,), or list of these, default=None
        Labels in the column order of ``teacher_output`` and of teachers without
        ``classes_``; a list with one array for each of several targets.
    temperature : float or "auto", default=1.0
        Softens the teacher's and the student's distributions alike; the student's is
        the mixture to the power 1 / temperature, normalised.
        "auto": the best of short runs at 1, 2, 4 and 8, which all together cost no more
        epochs than one fit. They are scored at T=1, by labels of rows that the teacher
        has not seen (`cv`, or ``X_val`` with ``y_val``), else by fidelity to the teacher
        on rows that are held out of them.
    teacher_calibration : {"temperature"} or None, default=None
        "temperature": divide the teacher's log-probabilities, on all rows, by the one
        number that suits labels best, before all else. Labels count on rows that the
        teacher has not seen: those of X with `cv`; else those of ``X_val`` and ``y_val``;
        else those of X with a ``teacher_output``, which must then be out-of-fold.
    alpha : float or "auto", default=1.0
        Weight of the soft targets, in [0, 1]; the rest goes to the hard labels.
        "auto": chosen on labels of rows that the teacher has not seen, as in
        :class:`NeuralStudentClassifier`.
    loss : str or callable, default="kl"
        "kl", "reverse_kl", "js", "mse_logits", "dkd", "dist", "logit_standard", or
        ``loss(output, target, temperature)`` of torch logits, one number for each row.
        It may have parameters ``labels`` (codes of the classes, the teacher's likeliest
        for rows without a label) and ``weight`` (of the batch's rows, or None).
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
        Number of clones that are fitted, and of parts of a long pass of the teacher that
        are computed, at once.
    memory : str, path, joblib.Memory or None, default=None
        Keeps the teacher's answers, and the fits of an unfitted one, for the same teacher
        and rows another time: in a search, or in another process.
    transfer : sampler, str, callable or None, default="auto"
        Draws more rows for the teacher to label: a sampler such as
        :class:`ConditionalSampler`, a name ("munge", "conditional", "mixup", "noise",
        "bootstrap", "words"), or a function ``transfer(X, random_state)`` that returns
        rows. A control, which has no teacher, draws none. "auto": 24 conditional rows
        for each of X, at most 250,000, where the teacher itself labels X and there is
        no ``X_transfer``; none for a table of over 100 columns, and with folds as `cv`.
    transfer_weight : float, default=None
        Total weight of the transfer rows against the rows of X; None for their numbers.
    class_weight : dict, list of dict, "balanced" or None, default=None
        As in scikit-learn; a list for several targets. A soft target p weighs the sum of
        p_k w_k, and its classes count p_k w_k.
    label_smoothing : float, default=0.0
        Share of each hard label, in [0, 1), that is spread evenly over all classes: a
        control for soft targets. Refused where labels do not count.
    preprocessor : "auto", transformer or None, default="auto"
        The student's view of X. "auto" takes any table: see
        :class:`~skdistill.tables.TableView`. None takes finite numbers as they
        are.
    keep_teacher : bool, default=True
        False: no ``teacher_`` after fit, and no teacher in a fitted student's pickle.
    max_depth : int, default=5
        Number of gates on each path; the tree has 2 ** max_depth leaves.
    max_leaf_nodes : int, default=None
        The tree grows to so many leaves, none below `max_depth`: shorter trainings, which
        take half of `max_epochs`, and between them the leaves with most to gain are
        split. None: complete from the start.
    split : {"oblique", "sparse", "axis"}, default="oblique"
        What a gate looks at: all columns; at most `max_features_per_split` of the
        student's view; or one. In five rounds, in the first 70 % of the training, gates
        begin with all and lose those that move them least.
    max_features_per_split : int, default=3
        Columns of a sparse gate. With few, take a `max_depth` of two more.
    leaf : {"constant", "linear"}, default="constant"
        "linear": a leaf's logits (values) are linear in the row.
    balance_penalty : float, default=0.1
        Strength of the penalty on gates that send all rows to one side; halved with
        each level.
    objective : {"mixture", "path"}, float or pair of float, default="mixture"
        What is compared with the targets: the mixture of all leaves; or each leaf by
        itself, weighted by the probability of the path to it, as in the paper, which
        makes leaves that are right alone. A number is the share of the latter; a pair,
        the share at first and, rising in the last half of the training, at last.
    inference : {"mixture", "path", "leaf"}, default="mixture"
        How a fitted tree predicts: by the mixture of all leaves; by the leaf at the end
        of the greedy path, which is the one that is printed; or by the likeliest leaf.
    max_epochs : int, default=150
        Passes over the rows of X.
    batch_size : int or "auto", default="auto"
        Rows of a batch. "auto": a sixteenth of the training rows, from 16 to 256.
    lr : float, default=0.03
        Learning rate; the highest one, with a schedule.
    lr_schedule : {"cosine", "one_cycle"} or None, default="one_cycle"
        How the learning rate goes over all steps. With "one_cycle", the momentum of the
        optimizers "adam" and "adamw" goes against it.
    optimizer : {"adam", "adamw", "sgd"} or callable, default="adamw"
        A name, or a class from ``torch.optim``.
    weight_decay : float or "auto", default="auto"
        L2 penalty on the gates' weights, as the optimizer has it ("adamw" apart from the
        gradient's moments); not on leaves. "auto": 0.1 where gates see 64 columns or
        more, and less by the square of their number where they see fewer, for their
        weights must be large then.
    ema_decay : float, default=None
        Ends with an exponential moving average of the weights over the steps, with this
        decay, such as 0.99; None: with the last weights.
    device : str or torch.device, default="auto"
        Where to train; "auto" is CUDA where there is one, else the CPU.
    callbacks : list, default=None
        Callbacks of skorch; copied before use.
    compile : bool, default=False
        Train through ``torch.compile``.
    early_stopping : "auto" or bool, default="auto"
        Stop when the loss on held out rows has not improved for `n_iter_no_change`
        epochs, and keep the best weights. Rows of X are held out unless ``X_val`` is
        given; with a teacher they are scored by fidelity to it, not by labels. "auto": so
        does a student that learns from the labels alone, of 500 rows or more.
    validation_fraction : float, default=0.1
        Share of the rows of X to hold out, balanced by class.
    n_iter_no_change : int, default=10
        Epochs without gain before stopping.
    tol : float, default=1e-4
        What counts as a gain.
    warm_start : bool, default=False
        Go on from the weights of the last fit.
    random_state : int, RandomState instance or None, default=None
        Seeds initial weights, shuffling and the held out rows.
    verbose : int, default=0
        With 1 a progress bar, with 2 a line for each epoch.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of ndarray
        The sorted union of `classes`, of y's labels and of the teacher's; a list with
        one array for each of several targets, the numbers of the labels of a multi-label
        student.
    class_prior_ : ndarray of shape (n_classes,)
        Shares of the classes that the probabilities expect: the mean of the targets that
        were learnt, or what ``adjust_class_prior`` has set. For a single target only.
    feature_importances_ : ndarray of shape (n_features,)
        Node mass times the size of the gate's weight on the feature, scaled to a standard
        deviation of 1, summed over the gates (and over what the view makes of a column)
        and normalised. With a transformer as `preprocessor`, one for each of its columns.
    node_mass_ : ndarray of shape (n_nodes,)
        Share of the training rows, by weight, that reach each node.
    node_counts_ : ndarray of int of shape (n_nodes,)
        Number of the training rows, those without weight left out, whose greedy path
        passes each node.
    node_labels_ : ndarray of shape (n_nodes, n_outputs) or None
        Shares of the labels of these rows, beside what a teacher has
        taught; None without labels, or without a teacher.
    node_fidelity_ : ndarray of shape (n_nodes,) or None
        Share of these rows for which the class of the greedy leaf is the teacher's; None
        without a teacher's answers for rows of X, and after ``prune``.
    alpha_ : float
        The weight of the soft targets used; 0 for a control.
    teacher_gain_ : float
        With ``alpha="auto"`` and a teacher: by how much its log loss is less than that of
        the same student of labels alone, on rows that neither has learnt from; NaN where
        nobody knows the teacher's answers there.
    teacher_ : object or list of objects
        The fitted teacher; absent without one, and with ``keep_teacher=False``.
    temperature_ : float
        The temperature used; 1 for a control with "auto".
    teacher_temperature_ : float
        By what the teacher's log-probabilities were divided; 1 without calibration.
    teacher_entropy_ : dict or None
        Mean entropy of the teacher's answers, in nats, on the rows of X ("train") and on
        the transfer rows ("transfer"). Where the first is much lower, the teacher has
        memorised its training rows, and they teach little.
    preprocessor_ : transformer or None
        The fitted view.
    net_ : skorch.NeuralNet
        The trained net, without data and optimizer.
    module_ : torch.nn.Module
        ``net_.module_``, in eval mode; takes the student's view and returns
        log-probabilities.
    history_ : list of dict
        Losses and duration by epoch; the training loss includes the penalties. Of a tree
        that grew, those of its last shape.
    n_iter_ : int
        Number of epochs.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, where X has string names.

    See Also
    --------
    HardDecisionTreeClassifier : Its questions are about one feature each.
    export_text : The fitted tree as text.
    NeuralStudentClassifier : A student that is more accurate and cannot be read.

    References
    ----------
    .. [1] Frosst, Hinton: Distilling a Neural Network Into a Soft Decision Tree, 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skdistill import SoftDecisionTreeClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> forest = RandomForestClassifier(random_state=0).fit(X, y)
    >>> tree = SoftDecisionTreeClassifier(forest, max_depth=2, random_state=0)
    >>> tree.fit(X, y).get_n_leaves()
    4
    >>> bool(tree.score(X, forest.predict(X)) > 0.9)
    True
    """

    _parameter_constraints: dict = {
        **TorchClassifier._parameter_constraints,
        **_PARAMETERS,
    }

    def __init__(
        self,
        teacher=None,
        *,
        teacher_weights=None,
        classes=None,
        temperature=1.0,
        teacher_calibration=None,
        alpha=1.0,
        loss="kl",
        cv=None,
        transfer_teacher="refit",
        n_jobs=None,
        memory=None,
        transfer="auto",
        transfer_weight=None,
        class_weight=None,
        label_smoothing=0.0,
        preprocessor="auto",
        keep_teacher=True,
        max_depth=5,
        max_leaf_nodes=None,
        split="oblique",
        max_features_per_split=3,
        leaf="constant",
        balance_penalty=0.1,
        objective="mixture",
        inference="mixture",
        max_epochs=150,
        batch_size="auto",
        lr=0.03,
        lr_schedule="one_cycle",
        optimizer="adamw",
        weight_decay="auto",
        ema_decay=None,
        device="auto",
        callbacks=None,
        compile=False,
        early_stopping="auto",
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        warm_start=False,
        random_state=None,
        verbose=0,
    ):
        self.teacher = teacher
        self.teacher_weights = teacher_weights
        self.classes = classes
        self.temperature = temperature
        self.teacher_calibration = teacher_calibration
        self.alpha = alpha
        self.loss = loss
        self.cv = cv
        self.transfer_teacher = transfer_teacher
        self.n_jobs = n_jobs
        self.memory = memory
        self.transfer = transfer
        self.transfer_weight = transfer_weight
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.preprocessor = preprocessor
        self.keep_teacher = keep_teacher
        self.max_depth = max_depth
        self.max_leaf_nodes = max_leaf_nodes
        self.split = split
        self.max_features_per_split = max_features_per_split
        self.leaf = leaf
        self.balance_penalty = balance_penalty
        self.objective = objective
        self.inference = inference
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.lr_schedule = lr_schedule
        self.optimizer = optimizer
        self.weight_decay = weight_decay
        self.ema_decay = ema_decay
        self.device = device
        self.callbacks = callbacks
        self.compile = compile
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose


class SoftDecisionTreeRegressor(SoftDecisionTree, TorchRegressor):
    """A soft decision tree that learns values, of one target or several, from a teacher.

    A binary tree whose inner nodes are soft gates, logistic ones on all features by
    default, and whose leaves hold values; the prediction is their mean, weighted by the
    probability of the path to each [1]_. It is accurate, but dense gates are not questions
    that a person could answer: for those, ``harden`` it, or take a
    :class:`HardDecisionTreeRegressor`.

    Parameters
    ----------
    teacher : object or list of objects, default=None
        Fitted or unfitted regressor, torch module, callable, or a list of such, whose
        predictions are averaged. A fitted teacher is used as it is and never changed;
        an unfitted one is cloned and fitted on all rows. None: learn from y alone, the
        *control*.
    teacher_weights : array-like of shape (n_teachers,), default=None
        Shares of the members of a list.
    alpha : float or "auto", default=1.0
        Weight of the teacher's predictions, in [0, 1]; the rest goes to y.
        "auto": chosen on labels of rows that the teacher has not seen, as in
        :class:`NeuralStudentClassifier`.
    loss : str or callable, default="mse"
        "mse", "huber", with `quantiles` also "quantile" (the pinball loss against the
        teacher's quantiles), or ``loss(output, target, temperature)`` of torch values,
        one number for each row. It may have parameters ``weight`` (of the batch's rows,
        or None) and ``quantiles``.
    quantiles : array-like of shape (n_quantiles,), default=None
        Levels between 0 and 1, ascending, such as [0.1, 0.5, 0.9]: predict these
        quantiles of y, which never cross. The teacher must answer with them, and `loss`
        compares with its answers; y counts by the pinball loss. With ``alpha=0`` there
        need be no teacher.
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
        Number of clones that are fitted, and of parts of a long pass of the teacher that
        are computed, at once.
    memory : str, path, joblib.Memory or None, default=None
        Keeps the teacher's answers, and the fits of an unfitted one, for the same teacher
        and rows another time: in a search, or in another process.
    transfer : sampler, str, callable or None, default="auto"
        Draws more rows for the teacher to label: a sampler such as
        :class:`ConditionalSampler`, a name ("munge", "conditional", "mixup", "noise",
        "bootstrap", "words"), or a function ``transfer(X, random_state)`` that returns
        rows. A control, which has no teacher, draws none. "auto": 24 conditional rows
        for each of X, at most 250,000, where the teacher itself labels X and there is
        no ``X_transfer``; none for a table of over 100 columns, and with folds as `cv`.
    transfer_weight : float, default=None
        Total weight of the transfer rows against the rows of X; None for their numbers.
    preprocessor : "auto", transformer or None, default="auto"
        The student's view of X. "auto" takes any table: see
        :class:`~skdistill.tables.TableView`. None takes finite numbers as they
        are.
    keep_teacher : bool, default=True
        False: no ``teacher_`` after fit, and no teacher in a fitted student's pickle.
    max_depth : int, default=5
        Number of gates on each path; the tree has 2 ** max_depth leaves.
    max_leaf_nodes : int, default=None
        The tree grows to so many leaves, none below `max_depth`: shorter trainings, which
        take half of `max_epochs`, and between them the leaves with most to gain are
        split. None: complete from the start.
    split : {"oblique", "sparse", "axis"}, default="oblique"
        What a gate looks at: all columns; at most `max_features_per_split` of the
        student's view; or one. In five rounds, in the first 70 % of the training, gates
        begin with all and lose those that move them least.
    max_features_per_split : int, default=3
        Columns of a sparse gate. With few, take a `max_depth` of two more.
    leaf : {"constant", "linear"}, default="constant"
        "linear": a leaf's logits (values) are linear in the row.
    balance_penalty : float, default=0.1
        Strength of the penalty on gates that send all rows to one side; halved with
        each level.
    objective : {"mixture", "path"}, float or pair of float, default="mixture"
        What is compared with the targets: the mixture of all leaves; or each leaf by
        itself, weighted by the probability of the path to it, as in the paper, which
        makes leaves that are right alone. A number is the share of the latter; a pair,
        the share at first and, rising in the last half of the training, at last.
    inference : {"mixture", "path", "leaf"}, default="mixture"
        How a fitted tree predicts: by the mixture of all leaves; by the leaf at the end
        of the greedy path, which is the one that is printed; or by the likeliest leaf.
    max_epochs : int, default=150
        Passes over the rows of X.
    batch_size : int or "auto", default="auto"
        Rows of a batch. "auto": a sixteenth of the training rows, from 16 to 256.
    lr : float, default=0.03
        Learning rate; the highest one, with a schedule.
    lr_schedule : {"cosine", "one_cycle"} or None, default="one_cycle"
        How the learning rate goes over all steps. With "one_cycle", the momentum of the
        optimizers "adam" and "adamw" goes against it.
    optimizer : {"adam", "adamw", "sgd"} or callable, default="adamw"
        A name, or a class from ``torch.optim``.
    weight_decay : float or "auto", default="auto"
        L2 penalty on the gates' weights, as the optimizer has it ("adamw" apart from the
        gradient's moments); not on leaves. "auto": 0.1 where gates see 64 columns or
        more, and less by the square of their number where they see fewer, for their
        weights must be large then.
    ema_decay : float, default=None
        Ends with an exponential moving average of the weights over the steps, with this
        decay, such as 0.99; None: with the last weights.
    device : str or torch.device, default="auto"
        Where to train; "auto" is CUDA where there is one, else the CPU.
    callbacks : list, default=None
        Callbacks of skorch; copied before use.
    compile : bool, default=False
        Train through ``torch.compile``.
    early_stopping : "auto" or bool, default="auto"
        Stop when the loss on held out rows has not improved for `n_iter_no_change`
        epochs, and keep the best weights. Rows of X are held out unless ``X_val`` is
        given; with a teacher they are scored by fidelity to it, not by y. "auto": so does a
        student that learns from y alone, of 500 rows or more.
    validation_fraction : float, default=0.1
        Share of the rows of X to hold out.
    n_iter_no_change : int, default=10
        Epochs without gain before stopping.
    tol : float, default=1e-4
        What counts as a gain.
    warm_start : bool, default=False
        Go on from the weights of the last fit.
    random_state : int, RandomState instance or None, default=None
        Seeds initial weights, shuffling and the held out rows.
    verbose : int, default=0
        With 1 a progress bar, with 2 a line for each epoch.

    Attributes
    ----------
    feature_importances_ : ndarray of shape (n_features,)
        Node mass times the size of the gate's weight on the feature, scaled to a standard
        deviation of 1, summed over the gates (and over what the view makes of a column)
        and normalised. With a transformer as `preprocessor`, one for each of its columns.
    node_mass_ : ndarray of shape (n_nodes,)
        Share of the training rows, by weight, that reach each node.
    node_counts_ : ndarray of int of shape (n_nodes,)
        Number of the training rows, those without weight left out, whose greedy path
        passes each node.
    node_labels_ : ndarray of shape (n_nodes, n_outputs) or None
        Mean values of y of these rows, beside what a teacher has
        taught; None without labels, or without a teacher.
    alpha_ : float
        The weight of the soft targets used; 0 for a control.
    teacher_gain_ : float
        With ``alpha="auto"`` and a teacher: by how much its squared error, over the
        variance of y, is less than that of the same student of labels alone, on rows that
        neither has learnt from; NaN where nobody knows the teacher's answers there.
    teacher_ : object or list of objects
        The fitted teacher; absent without one, and with ``keep_teacher=False``.
    preprocessor_ : transformer or None
        The fitted view.
    net_ : skorch.NeuralNet
        The trained net, without data and optimizer.
    module_ : torch.nn.Module
        ``net_.module_``, in eval mode.
    history_ : list of dict
        Losses and duration by epoch; the training loss includes the penalties. Of a tree
        that grew, those of its last shape.
    n_iter_ : int
        Number of epochs.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, where X has string names.

    See Also
    --------
    HardDecisionTreeRegressor : Its questions are about one feature each.
    export_text : The fitted tree as text.
    NeuralStudentRegressor : A student that is more accurate and cannot be read.

    References
    ----------
    .. [1] Frosst, Hinton: Distilling a Neural Network Into a Soft Decision Tree, 2017.

    Examples
    --------
    >>> from sklearn.datasets import make_regression
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> from skdistill import SoftDecisionTreeRegressor
    >>> X, y = make_regression(200, 5, random_state=0)
    >>> forest = RandomForestRegressor(random_state=0).fit(X, y)
    >>> tree = SoftDecisionTreeRegressor(forest, max_epochs=50, random_state=0)
    >>> bool(tree.fit(X, y).score(X, forest.predict(X)) > 0.8)
    True
    """

    _parameter_constraints: dict = {
        **TorchRegressor._parameter_constraints,
        **_PARAMETERS,
    }

    def __init__(
        self,
        teacher=None,
        *,
        teacher_weights=None,
        alpha=1.0,
        loss="mse",
        quantiles=None,
        cv=None,
        transfer_teacher="refit",
        n_jobs=None,
        memory=None,
        transfer="auto",
        transfer_weight=None,
        preprocessor="auto",
        keep_teacher=True,
        max_depth=5,
        max_leaf_nodes=None,
        split="oblique",
        max_features_per_split=3,
        leaf="constant",
        balance_penalty=0.1,
        objective="mixture",
        inference="mixture",
        max_epochs=150,
        batch_size="auto",
        lr=0.03,
        lr_schedule="one_cycle",
        optimizer="adamw",
        weight_decay="auto",
        ema_decay=None,
        device="auto",
        callbacks=None,
        compile=False,
        early_stopping="auto",
        validation_fraction=0.1,
        n_iter_no_change=10,
        tol=1e-4,
        warm_start=False,
        random_state=None,
        verbose=0,
    ):
        self.teacher = teacher
        self.teacher_weights = teacher_weights
        self.alpha = alpha
        self.loss = loss
        self.quantiles = quantiles
        self.cv = cv
        self.transfer_teacher = transfer_teacher
        self.n_jobs = n_jobs
        self.memory = memory
        self.transfer = transfer
        self.transfer_weight = transfer_weight
        self.preprocessor = preprocessor
        self.keep_teacher = keep_teacher
        self.max_depth = max_depth
        self.max_leaf_nodes = max_leaf_nodes
        self.split = split
        self.max_features_per_split = max_features_per_split
        self.leaf = leaf
        self.balance_penalty = balance_penalty
        self.objective = objective
        self.inference = inference
        self.max_epochs = max_epochs
        self.batch_size = batch_size
        self.lr = lr
        self.lr_schedule = lr_schedule
        self.optimizer = optimizer
        self.weight_decay = weight_decay
        self.ema_decay = ema_decay
        self.device = device
        self.callbacks = callbacks
        self.compile = compile
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.n_iter_no_change = n_iter_no_change
        self.tol = tol
        self.warm_start = warm_start
        self.random_state = random_state
        self.verbose = verbose
