"""A scikit-learn regressor as the student."""

from sklearn.tree import DecisionTreeRegressor

from ..tasks import RegressorStudent
from .base import SurrogateStudent


class StudentRegressor(RegressorStudent, SurrogateStudent):
    """Any scikit-learn regressor that learns values from a teacher.

    It is fitted to the teacher's predictions, or with ``alpha`` below 1 to their weighted
    mean with y: for the squared error, that is the weighted sum of the two losses.

    Parameters
    ----------
    teacher : object or list of objects, default=None
        As in :class:`NeuralStudentRegressor`. None: the student learns from y alone, the
        *control*.
    student : estimator, default=None
        Regressor, possibly a pipeline; it is cloned. One that learns a single target is
        fitted once for each. None: a :class:`~sklearn.tree.DecisionTreeRegressor` of at
        most 32 leaves, each of at least one per cent of the weight. It learns targets
        that are centred and in units of their standard deviation, whatever unit they
        are in, and so are its parameters that have the targets' unit, such as an
        ``epsilon`` or ``ccp_alpha``; see the notes.
    teacher_weights : array-like of shape (n_teachers,), default=None
        Shares of the members of a list.
    alpha : float or "auto", default=1.0
        Weight of the teacher's predictions, in [0, 1]; the rest goes to y.
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
        Number of clones that are fitted, and of parts of a long pass of the teacher that
        are computed, at once.
    memory : str, path, joblib.Memory or None, default=None
        Keeps the teacher's answers, and the fits of an unfitted one, for the same teacher
        and rows another time: in a search, or in another process.
    transfer : sampler, str, callable or None, default=None
        Draws more rows for the teacher to label: a sampler such as
        :class:`ConditionalSampler`, a name ("munge", "conditional", "mixup", "noise",
        "bootstrap", "words"), or a function ``transfer(X, random_state)`` that returns
        rows. A control, which has no teacher, draws none. "auto", the default of nets
        and soft trees: 24 conditional rows for each of X, at most 250,000, where the
        teacher itself labels X and there is no ``X_transfer``; none for a table of over
        100 columns, and with folds as `cv`. Not every student is quick with so many.
    transfer_weight : float, default=None
        Total weight of the transfer rows against the rows of X; None for their numbers.
    preprocessor : "auto", transformer or None, default="auto"
        The student's view of X. "auto" takes any table: see
        :class:`~skdistill.tables.TableView`; for a single tree its columns keep
        their units. None hands X to the student as it is.
    keep_teacher : bool, default=True
        False: no ``teacher_`` after fit, and no teacher in a fitted student's pickle.
    random_state : int, RandomState instance or None, default=None
        Seeds the student where it has no seed.

    Attributes
    ----------
    student_ : Pipeline or estimator
        The view and the fitted student, which answer for raw tables by themselves, in
        the targets' unit; the student alone with ``preprocessor=None``.
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
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, where X has string names.

    See Also
    --------
    SoftDecisionTreeRegressor : A student made for being distilled into.

    Notes
    -----
    A single tree is put back into the targets' unit after it was fitted. Linear least
    squares and nearest neighbours, whose answers follow any unit, learn the targets as
    they are. What else there is stands in ``student_`` inside of a
    :class:`~sklearn.compose.TransformedTargetRegressor`, as its ``regressor_``.

    Targets are not centred, only divided by the root of their mean square, for students
    to which zero means something: of a Poisson, gamma, Tweedie or percentage loss, or
    with ``fit_intercept=False``. They are left as they are for a student with a
    user's loss, for losses of logarithms and shares, and where the student has a
    TransformedTargetRegressor itself: these know what unit they expect.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.ensemble import RandomForestRegressor
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from skdistill import StudentRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> forest = RandomForestRegressor(random_state=0).fit(X, y)
    >>> tree = DecisionTreeRegressor(max_leaf_nodes=8)
    >>> student = StudentRegressor(forest, student=tree).fit(X, y)
    >>> int(student.student_["model"].get_n_leaves())
    8
    """

    _parameter_constraints: dict = {
        **RegressorStudent._parameter_constraints,
        **SurrogateStudent._parameter_constraints,
    }

    def __init__(
        self,
        teacher=None,
        *,
        student=None,
        teacher_weights=None,
        alpha=1.0,
        cv=None,
        transfer_teacher="refit",
        n_jobs=None,
        memory=None,
        transfer=None,
        transfer_weight=None,
        preprocessor="auto",
        keep_teacher=True,
        random_state=None,
    ):
        self.teacher = teacher
        self.student = student
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
        self.random_state = random_state

    _default = DecisionTreeRegressor

    def _set_task(self, task, knowledge):
        self._task = task  # whose targets keep their unit
