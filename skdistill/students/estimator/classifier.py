"""A scikit-learn classifier as the student."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import is_classifier, is_regressor
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from ...learners.label_rows import learns_variance
from ...learners.soft_boosters import booster_of
from ...teacher.probabilities import FLOOR
from ..tasks import ClassifierStudent
from .base import SurrogateStudent


class StudentClassifier(ClassifierStudent, SurrogateStudent):
    """Any scikit-learn estimator that learns classes from a teacher.

    How soft targets reach a student that knows only labels depends on what it is:

    - A regressor learns the probabilities (or logits) as its targets: of two classes,
      those of the second. One that learns a single target is fitted once for each class.
    - A single tree with the Gini criterion is grown on the probabilities themselves: its
      splits are those of a multi-output regression tree.
    - A classifier of LightGBM's or XGBoost's with their own objective is grown on the
      cross entropy with the probabilities, by a loss of this library: no row is copied.
    - Any other classifier gets one row for each class, weighted by its probability: its
      log loss is then the cross entropy with the teacher. Where these are too many, they
      are truncated or drawn, and ``label_error_`` says by how much.

    Only these boosters have a temperature; all others learn the teacher's probabilities
    as they are. One that is asked to stop early (``early_stopping_rounds``) watches the
    loss on ``X_val``, else on a tenth of X. ``student_`` of XGBoost's calls the classes by
    their numbers, as XGBoost does; the student itself does not.

    Parameters
    ----------
    teacher : object or list of objects, default=None
        As in :class:`NeuralStudentClassifier`. None: the student learns from the labels
        alone, the *control*.
    student : estimator, default=None
        Classifier or regressor, possibly a pipeline; it is cloned. None: a
        :class:`~sklearn.tree.DecisionTreeClassifier` of at most 32 leaves, each of at
        least one per cent of the weight.
    teacher_weights : array-like of shape (n_teachers,), default=None
        Shares of the members of a list.
    classes : array-like of shape (n_classes,), or list of these, default=None
        Labels in the column order of ``teacher_output`` and of teachers without
        ``classes_``; a list with one array for each of several targets.
    teacher_calibration : {"temperature"} or None, default=None
        As in :class:`NeuralStudentClassifier`; nothing else looks at ``X_val``, but a
        booster that stops early.
    temperature : float, default=1.0
        Softens the teacher's and the student's distributions alike in the soft loss, which
        is multiplied by its square; for boosters that learn by the cross entropy.
    alpha : float or "auto", default=1.0
        Weight of the soft targets, in [0, 1]; the rest goes to the hard labels.
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
    class_weight : dict, list of dict, "balanced" or None, default=None
        As in scikit-learn; a list for several targets.
    preprocessor : "auto", transformer or None, default="auto"
        The student's view of X. "auto" takes any table: see
        :class:`~skdistill.tables.TableView`; for a single tree its columns keep
        their units. None hands X to the student as it is.
    targets : {"probabilities", "logits"}, default="probabilities"
        What a regressor learns. Logits are centred, of two classes they are the log odds
        of the second; they need ``alpha=1``.
    max_label_rows : int, default=None
        At most so many label rows; None for four times the number of rows, transfer
        rows among them.
    label_rows : {"truncate", "draw"}, default="truncate"
        Which label rows there are where all would be too many: those of the largest
        weights, or labels drawn from the targets. "draw" always draws, for boosters too.
    keep_teacher : bool, default=True
        False: no ``teacher_`` after fit, and no teacher in a fitted student's pickle.
    random_state : int, RandomState instance or None, default=None
        Seeds the draws, and the student where it has no seed.

    Attributes
    ----------
    student_ : Pipeline or estimator
        The view and the fitted student, which answer for raw tables by themselves; the
        student alone with ``preprocessor=None``.
    classes_ : ndarray of shape (n_classes,), or list of ndarray
        The sorted union of `classes`, of y's labels and of the teacher's; a list with
        one array for each of several targets, the numbers of the labels of a multi-label
        student.
    class_prior_ : ndarray of shape (n_classes,)
        Shares of the classes that the probabilities expect: the mean of the targets that
        were learnt, or what ``adjust_class_prior`` has set. For a single target only.
    label_error_ : float
        Mean total variation distance between the targets and what the label rows say; 0
        where all are there, and where there are none.
    alpha_ : float
        The weight of the soft targets used; 0 for a control.
    teacher_gain_ : float
        With ``alpha="auto"`` and a teacher: by how much its log loss is less than that of
        the same student of labels alone, on rows that neither has learnt from; NaN where
        nobody knows the teacher's answers there.
    teacher_ : object or list of objects
        The fitted teacher; absent without one, and with ``keep_teacher=False``.
    temperature_, teacher_temperature_, teacher_entropy_ : object
        As in :class:`NeuralStudentClassifier`.
    preprocessor_ : transformer or None
        The fitted view.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features,)
        Names of the columns, where X has string names.

    See Also
    --------
    SoftDecisionTreeClassifier : A student made for being distilled into.

    References
    ----------
    Bucila, Caruana, Niculescu-Mizil: Model Compression, 2006.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skdistill import StudentClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> forest = RandomForestClassifier(random_state=0).fit(X, y)
    >>> student = StudentClassifier(forest, student=LogisticRegression()).fit(X, y)
    >>> bool(student.score(X, forest.predict(X)) > 0.9)
    True
    """

    _parameter_constraints: dict = {
        **ClassifierStudent._parameter_constraints,
        **SurrogateStudent._parameter_constraints,
        "targets": [StrOptions({"probabilities", "logits"})],
        "max_label_rows": [Interval(Integral, 1, None, closed="left"), None],
        "label_rows": [StrOptions({"truncate", "draw"})],
        "temperature": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        teacher=None,
        *,
        student=None,
        teacher_weights=None,
        classes=None,
        teacher_calibration=None,
        temperature=1.0,
        alpha=1.0,
        cv=None,
        transfer_teacher="refit",
        n_jobs=None,
        memory=None,
        transfer=None,
        transfer_weight=None,
        class_weight=None,
        preprocessor="auto",
        targets="probabilities",
        max_label_rows=None,
        label_rows="truncate",
        keep_teacher=True,
        random_state=None,
    ):
        self.teacher = teacher
        self.student = student
        self.teacher_weights = teacher_weights
        self.classes = classes
        self.teacher_calibration = teacher_calibration
        self.temperature = temperature
        self.alpha = alpha
        self.cv = cv
        self.transfer_teacher = transfer_teacher
        self.n_jobs = n_jobs
        self.memory = memory
        self.transfer = transfer
        self.transfer_weight = transfer_weight
        self.class_weight = class_weight
        self.preprocessor = preprocessor
        self.targets = targets
        self.max_label_rows = max_label_rows
        self.label_rows = label_rows
        self.keep_teacher = keep_teacher
        self.random_state = random_state

    _default = DecisionTreeClassifier

    @property
    def _chooses_model(self):
        # A booster that stops early watches X_val.
        booster = booster_of(self._estimator())
        return booster is not None and booster.stops_early()

    @available_if(lambda self: _has_scores(self._estimator()))
    def decision_function(self, X):
        """Return log-probabilities, for students that have a ``decision_function``.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n, n_classes) or (n,)
            For two classes, the log odds of the second.
        """
        return super().decision_function(X)

    def __sklearn_tags__(self):
        """scikit-learn's tags: several targets where the student learns them."""
        tags, model = super().__sklearn_tags__(), self._estimator()
        if is_classifier(model) and not learns_variance(model):
            tags.target_tags.multi_output = tags.classifier_tags.multi_label = False
        return tags

    def predict_proba(self, X):
        """Return the probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n, n_classes) or (n, n_labels), or list of ndarray
            The student's answers; a regressor's predictions are clipped to [0, 1] and
            normalised, margins go through a softmax. Those of labels are never 0 or 1.
        """
        check_is_fitted(self)
        if self._class_shift is not None:
            return super().predict_proba(X)
        p = self._task.arranged(self._model().probabilities(self._view(X)))
        return np.clip(p, FLOOR, 1 - FLOOR) if self.is_multilabel() else p


def _has_scores(student):
    return hasattr(student, "decision_function") and not is_regressor(student)
