"""A soft decision tree that learns values."""

from ..torch_student import TorchRegressor
from .base import PARAMETERS, SoftDecisionTree


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
    max_depth : int or "auto", default="auto"
        Number of gates on each path; the tree has 2 ** max_depth leaves. "auto": 5, and
        7 where the gates end with fewer columns than the view has (see `split`), for a
        gate of few columns says less.
    max_leaf_nodes : int, default=None
        The tree grows to so many leaves, none below `max_depth`: shorter trainings, which
        take half of `max_epochs`, and between them the leaves with most to gain are
        split. None: complete from the start.
    split : {"oblique", "sparse", "axis"}, default="oblique"
        What a gate looks at: all columns; at most `max_features_per_split` of the
        student's view; or one. In five rounds, in the first 70 % of the training, gates
        begin with all and lose those that move them least.
    max_features_per_split : int, default=3
        Columns of a sparse gate.
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
    >>> forest = RandomForestRegressor(20, random_state=0).fit(X, y)
    >>> tree = SoftDecisionTreeRegressor(forest, max_epochs=50, random_state=0)
    >>> bool(tree.fit(X, y).score(X, forest.predict(X)) > 0.8)
    True
    """

    _parameter_constraints: dict = {
        **TorchRegressor._parameter_constraints,
        **PARAMETERS,
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
        max_depth="auto",
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
