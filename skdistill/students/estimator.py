"""Students that are scikit-learn estimators."""

import inspect
from numbers import Integral

import numpy as np
from scipy.special import softmax
from sklearn import config_context
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LinearRegression
from sklearn.multioutput import MultiOutputRegressor
from sklearn.pipeline import Pipeline
from sklearn.tree import BaseDecisionTree, DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils import check_random_state, get_tags
from sklearn.utils._param_validation import HasMethods, Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from ..learners.label_rows import (
    drawn_label_rows,
    grown_tree,
    joint_targets,
    learns_variance,
    truncated_label_rows,
)
from ..tables.column_names import check_names
from ..tables.containers import rows_of, unmasked
from ..tables.stacking import stacked
from ..tables.view import apply_view, make_view, reads_tables
from ..tasks.units import fitted_in, unit_for
from ..teacher.models import check_not_pairwise, returns_raw_scores
from ..teacher.nets import innermost
from ..teacher.probabilities import FLOOR, normalised
from .base import BaseStudent
from .tasks import ClassifierStudent, RegressorStudent

_ROUNDING = 1e-6


class SurrogateStudent(BaseStudent):
    """What the two students share that are scikit-learn estimators."""

    _parameter_constraints: dict = {
        "student": [HasMethods(["fit"]), None],
        "random_state": ["random_state"],
    }

    def _validate_X(self, X, reset):
        view = self.preprocessor if reset else self._fitted_view()
        if view is not None:
            return super()._validate_X(X, reset)
        check_names(self, X, reset)
        validate_data(self, X, reset=reset, skip_check_array=True)
        return unmasked(X)  # otherwise as it is: the student itself will check it

    def _make_view(self):
        # Trees of plain tests read best in the columns' own units.
        return make_view(
            self.preprocessor, not isinstance(self._made(), BaseDecisionTree)
        )

    def _seen(self, X):
        """What the student's own pipeline would hand it."""
        view = self.preprocessor_
        if reads_tables(view):
            return apply_view(view, X)
        return X if view is None else view.transform(X)

    def _all_rows(self, rows, lesson):
        """The view of X, and of the transfer rows where they have a target."""
        seen = self._seen(rows.X)
        extra = (
            self._transfer_view(rows, self._seen) if lesson.soft is not None else None
        )
        return seen if extra is None else stacked(seen, extra, "X_transfer")

    def _fresh(self):
        """An unfitted student, with a seed where it has none."""
        model = clone(self._made())
        random = check_random_state(self.random_state)
        if self.random_state is not None:
            params = model.get_params(deep=True)
            names = [n for n in sorted(params) if n.split("__")[-1] == "random_state"]
            seeds = {
                n: random.randint(np.iinfo(np.int32).max)
                for n in names
                if params[n] is None
            }
            model.set_params(**seeds)
        return model, random

    def _check_params(self, params):
        super()._check_params(params)
        inner = [name for name in params if name.startswith("student__")]
        if inner and params.get("student", self.student) is None:
            raise ValueError(
                f"{inner} cannot be set: student=None stands for a default tree. Give "
                "one, such as student=DecisionTreeClassifier()."
            )

    def _keep(self, model):
        view = self.preprocessor_
        steps = [("view", view), ("model", model)]
        self.student_ = model if view is None else Pipeline(steps)

    def _model(self):
        check_is_fitted(self)
        return self.student_ if self.preprocessor_ is None else self.student_["model"]

    def _asked(self, X, method, **options):
        """An answer of the fitted student for rows that the user gives."""
        model = self._model()
        seen = self._seen(self._validate_X(X, reset=False))
        return getattr(model, method)(seen, **options)


def _fit(model, X, y, weight):
    """Fit with weights, or without where they are all alike; rows of none are left out."""
    if weight is not None and not weight.all():
        counted = np.flatnonzero(weight)
        X, y, weight = rows_of(X, counted), y[counted], weight[counted]
    if weight is None or np.allclose(weight, weight[0], rtol=1e-12, atol=0):
        return model.fit(X, y)
    last, path = _destination(model)
    if not _takes_weights(last):
        advice = ""
        if is_classifier(model):
            advice = (
                ' It learns from labels of equal weight with label_rows="draw", if '
                "sample_weight is None."
            )
        raise ValueError(
            f"student={last!r} takes no sample_weight, and the rows that it is to learn "
            f"from have weights: give a student that takes them.{advice}"
        )
    weights = {f"{path}sample_weight": weight / weight.mean()}
    with config_context(enable_metadata_routing=False):  # who gets them is known here
        return model.fit(X, y, **weights)


def _destination(model):
    """The estimator inside of others that weights are for, and its path for them."""
    path = ""
    while True:
        if isinstance(model, Pipeline):
            step, model = model.steps[-1]
            path += f"{step}__"
        elif isinstance(model, MultiOutputRegressor):
            model = model.estimator
        elif isinstance(model, TransformedTargetRegressor):
            model = LinearRegression() if model.regressor is None else model.regressor
        else:
            return model, path


def _takes_weights(model):
    objective = getattr(model, "objective", None)
    if callable(objective) and len(inspect.signature(objective).parameters) < 3:
        raise ValueError(
            f"student={model!r}: its objective takes no weights, and the rows that it is "
            "to learn from have some. Write it as objective(y_true, y_pred, weight)."
        )
    parameters = inspect.signature(model.fit).parameters
    kinds = {parameter.kind for parameter in parameters.values()}
    return "sample_weight" in parameters or inspect.Parameter.VAR_KEYWORD in kinds


class StudentClassifier(ClassifierStudent, SurrogateStudent):
    """Any scikit-learn estimator that learns classes from a teacher.

    How soft targets reach a student that knows only labels depends on what it is:

    - A regressor learns the probabilities (or centred logits) as its targets. One that
      learns a single target is fitted once for each class.
    - A single tree with the Gini criterion is grown on the probabilities themselves: its
      splits are those of a multi-output regression tree.
    - Any other classifier gets one row for each class, weighted by its probability: its
      log loss is then the cross entropy with the teacher. Where these are too many, they
      are truncated or drawn, and ``label_error_`` says by how much.

    There is no temperature: these students have none of their own, and learn the
    teacher's probabilities as they are.

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
    transfer : sampler, str, callable or None, default=None
        Draws more rows for the teacher to label: a sampler such as
        :class:`ConditionalSampler`, a name ("munge", "conditional", "mixup", "noise",
        "bootstrap"), or a function ``transfer(X, random_state)`` that returns rows. A
        control, which has no teacher, draws none. "auto", the default of nets and soft
        trees: 24 conditional rows for each of X, at most 250,000, where the teacher
        itself is asked about X and there is no ``X_transfer``; none for a table of over
        100 columns, and with `cv`. Not every student is quick with so many.
    transfer_weight : float, default=None
        Total weight of the transfer rows against the rows of X; None for their numbers.
    class_weight : dict, list of dict, "balanced" or None, default=None
        As in scikit-learn; a list for several targets.
    preprocessor : "auto", transformer or None, default="auto"
        The student's view of X. "auto" takes any table: see
        :class:`~skdistill.tables.TableView`; for a single tree its columns keep
        their units. None hands X to the student as it is.
    targets : {"probabilities", "logits"}, default="probabilities"
        What a regressor learns. Logits need ``alpha=1``.
    max_label_rows : int, default=None
        At most so many label rows; None for four times the number of rows, transfer
        rows among them.
    label_rows : {"truncate", "draw"}, default="truncate"
        Which label rows there are where all would be too many: those of the largest
        weights, or labels drawn from the targets. "draw" always draws.
    keep_teacher : bool, default=True
        False: no ``teacher_`` after fit, and no teacher in a fitted student's pickle.
    random_state : int, RandomState instance or None, default=None
        Seeds the draws, and the student where its own seed is None.

    Attributes
    ----------
    student_ : Pipeline or estimator
        The view and the fitted student, which answer for raw tables on their own; the
        student alone with ``preprocessor=None``.
    classes_ : ndarray of shape (n_classes,), or list of ndarray
        The sorted union of `classes`, of y's labels and of the teacher's; a list with
        one array for each of several targets, the numbers of the labels of a multi-label
        student.
    class_prior_ : ndarray of shape (n_classes,)
        Shares of the classes that the probabilities expect: the mean of the targets that
        were learnt, or what ``adjust_class_prior`` was asked for. Of a single target only.
    label_error_ : float
        Mean total variation distance between the targets and what the label rows say; 0
        where all are there, and where there are none.
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
    }
    _parameter_constraints.pop("temperature")
    temperature = 1.0  # no parameter: read by what all classifiers share

    def __init__(
        self,
        teacher=None,
        *,
        student=None,
        teacher_weights=None,
        classes=None,
        teacher_calibration=None,
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

    def _made(self):
        if self.student is not None:
            return self.student
        return DecisionTreeClassifier(max_leaf_nodes=32, min_weight_fraction_leaf=0.01)

    def _train(self, rows, knowledge, watched):
        lesson = knowledge.used(self.alpha)
        X, (model, random) = self._all_rows(rows, lesson), self._fresh()
        self.label_error_ = 0.0
        if is_regressor(model):
            model = self._fit_regressor(model, X, *self._targets_of(lesson))
        elif lesson.soft is None:
            model = _fit(model, X, rows.y, lesson.hard_weight)
        elif learns_variance(model):
            model = grown_tree(model, X, *self._targets_of(lesson), self._targets)
        else:
            model = self._fit_label_rows(model, X, *self._targets_of(lesson), random)
        self._keep(model)

    def _targets_of(self, lesson):
        """Probabilities (n + m, sum of n_classes) and weights, soft and hard together."""
        one_hot = None
        if lesson.hard is not None:
            one_hot = self._one_hot(lesson.hard)
        if (
            self.targets == "logits"
            and lesson.hard is not None
            and is_regressor(self._made())
        ):
            raise ValueError(
                'targets="logits" are the teacher\'s, and labels have none: set alpha=1, '
                'with a teacher, or targets="probabilities".'
            )
        if lesson.soft is not None:
            lesson = lesson.with_probabilities()
        return joint_targets(lesson, self.alpha, one_hot)

    def _fit_regressor(self, model, X, p, weight):
        parts = self._by_target(p)
        if self.targets == "logits":
            logs = [np.log(np.maximum(part, 1e-300)) for part in parts]
            parts = [log - log.mean(axis=1, keepdims=True) for log in logs]
        # Of two classes the second says all.
        columns = [part[:, 1:] if part.shape[1] == 2 else part for part in parts]
        target = np.concatenate(columns, axis=1)
        if target.shape[1] == 1:
            return _fit(model, X, target[:, 0], weight)
        if not get_tags(model).target_tags.multi_output:
            model = MultiOutputRegressor(model)
        return _fit(model, X, target, weight)

    def _fit_label_rows(self, model, X, p, weight, random):
        if len(self._targets) > 1:
            raise ValueError(
                f"student={model!r} is a classifier that learns from label rows, and these "
                "have one target: give a regressor, or a single decision tree with the "
                "Gini criterion, which learn several."
            )
        model = _without_folds(model)
        limit = 4 * len(p) if self.max_label_rows is None else self.max_label_rows
        if limit < len(p):
            raise ValueError(
                f"max_label_rows={limit} is less than the number of rows, {len(p)}, "
                "transfer rows among them."
            )
        if self.label_rows == "draw":
            made = drawn_label_rows(p, weight, limit, random)
        else:
            made = truncated_label_rows(p, weight, limit)
        self.label_error_ = made.error
        rows = rows_of(X, made.row)
        model = _fit(model, rows, self.classes_[made.code], made.weight)
        if not hasattr(model, "predict_proba"):
            head = rows_of(X, np.arange(min(len(p), 100)))
            scores = model.decision_function(head)
            check_not_pairwise(model, scores, head, model.classes_, "student")
        return model

    def _probabilities(self, X):
        """Probabilities (n, sum of n_classes)."""
        if is_regressor(self._model()):
            return self._from_values(np.asarray(self._asked(X, "predict")))
        if not hasattr(self._model(), "predict_proba"):
            return self._from_scores(self._asked(X, "decision_function"))
        if returns_raw_scores(self._model()):
            return self._from_scores(self._asked(X, "predict", raw_score=True))
        answer, known = self._asked(X, "predict_proba"), self._model().classes_
        if len(self._targets) == 1:
            answer, known = [_of_sum_1(np.asarray(answer, np.float64))], [known]
        elif not isinstance(answer, list):  # (n, n_labels)
            answer = [np.column_stack([1 - p, p]) for p in np.asarray(answer).T]
            known = self._targets
        triples = zip(answer, known, self._targets, strict=True)
        return np.concatenate([_in_order(*triple) for triple in triples], axis=1)

    def _from_scores(self, scores):
        if scores.ndim == 1:
            scores = np.column_stack([np.zeros_like(scores), scores])
        known = getattr(self._model(), "classes_", self.classes_)
        return _in_order(softmax(scores, axis=1), known, self.classes_)

    def _from_values(self, values):
        """Probabilities from what a regressor predicts."""
        columns, parts = list(values.reshape(len(values), -1).T), []
        for classes in self._targets:
            n = 1 if len(classes) == 2 else len(classes)
            part, columns = np.column_stack(columns[:n]), columns[n:]
            parts.append(self._distribution(part))
        return np.concatenate(parts, axis=1)

    def _distribution(self, part):
        if self.targets == "logits":
            full = np.hstack([-part, part]) if part.shape[1] == 1 else part
            return softmax(full, axis=1)
        full = np.hstack([1 - part, part]) if part.shape[1] == 1 else part
        full = np.clip(full, 0, 1)
        return normalised(full)

    def _log_probabilities(self, X):
        with np.errstate(divide="ignore"):
            return np.log(self._probabilities(X))

    def _logits(self, X):
        return np.log(np.maximum(self._probabilities(X), np.finfo(float).tiny))

    @available_if(lambda self: _has_scores(self._made()))
    def decision_function(self, X):
        """Log-probabilities, for students that have a ``decision_function``.

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
        tags, model = super().__sklearn_tags__(), self._made()
        if is_classifier(model) and not learns_variance(model):
            tags.target_tags.multi_output = tags.classifier_tags.multi_label = False
        return tags

    def predict_proba(self, X):
        """Probabilities of the classes.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n, n_classes) or (n, n_labels), or list of ndarray
            The student's own; a regressor's predictions are clipped to [0, 1] and
            normalised, margins go through a softmax. Those of labels are never 0 or 1.
        """
        check_is_fitted(self)
        if self._class_shift is not None:
            return super().predict_proba(X)
        p = self._arranged(self._probabilities(X))
        return np.clip(p, FLOOR, 1 - FLOOR) if self.is_multilabel() else p


def _without_folds(model):
    """Refuse students that hold out label rows, whose siblings they would train on."""
    last = innermost(model)
    params = last.get_params(deep=False)
    holds_out = (
        "cv" in params
        or params.get("probability") is True  # SVC's own calibration
        or params.get("early_stopping") is True
    )
    if holds_out:
        raise ValueError(
            f"student={model!r} holds out rows of its own, and the label rows of one row "
            "would be on both sides. Search or calibrate around the student instead; set "
            "early_stopping=False or probability=False."
        )
    if params.get("early_stopping") == "auto":  # it would come with enough label rows
        last.set_params(early_stopping=False)
    return model


def _has_scores(student):
    return hasattr(student, "decision_function") and not is_regressor(student)


def _of_sum_1(p):
    """The student's own, unless it scores each class against all others."""
    off = np.abs(p.sum(axis=1, keepdims=True) - 1) > _ROUNDING
    return np.where(off, normalised(p), p)


def _in_order(p, known, classes):
    """Columns for all classes; those that the student never saw are 0."""
    ordered = np.zeros((len(p), len(classes)))
    ordered[:, np.searchsorted(classes, known)] = p
    return ordered


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
    transfer : sampler, str, callable or None, default=None
        Draws more rows for the teacher to label: a sampler such as
        :class:`ConditionalSampler`, a name ("munge", "conditional", "mixup", "noise",
        "bootstrap"), or a function ``transfer(X, random_state)`` that returns rows. A
        control, which has no teacher, draws none. "auto", the default of nets and soft
        trees: 24 conditional rows for each of X, at most 250,000, where the teacher
        itself is asked about X and there is no ``X_transfer``; none for a table of over
        100 columns, and with `cv`. Not every student is quick with so many.
    transfer_weight : float, default=None
        Total weight of the transfer rows against the rows of X; None for their numbers.
    preprocessor : "auto", transformer or None, default="auto"
        The student's view of X. "auto" takes any table: see
        :class:`~skdistill.tables.TableView`; for a single tree its columns keep
        their units. None hands X to the student as it is.
    keep_teacher : bool, default=True
        False: no ``teacher_`` after fit, and no teacher in a fitted student's pickle.
    random_state : int, RandomState instance or None, default=None
        Seeds the student where its own seed is None.

    Attributes
    ----------
    student_ : Pipeline or estimator
        The view and the fitted student, which answer for raw tables on their own, in
        the targets' unit; the student alone with ``preprocessor=None``.
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
    with ``fit_intercept=False``. They are left as they are for a student with a loss of
    the user's own, for losses of logarithms and shares, and where the student has a
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

    def _made(self):
        if self.student is not None:
            return self.student
        return DecisionTreeRegressor(max_leaf_nodes=32, min_weight_fraction_leaf=0.01)

    def _train(self, rows, knowledge, watched):
        lesson = knowledge.used(self.alpha)
        X, (model, _) = self._all_rows(rows, lesson), self._fresh()
        if is_classifier(model):
            raise ValueError(f"student={model!r} is a classifier: give a regressor.")
        target, weight = joint_targets(lesson, self.alpha, lesson.hard)
        unit = unit_for(model, target, weight)
        if target.shape[1] == 1:
            target = target[:, 0]
        elif not get_tags(model).target_tags.multi_output:
            model = MultiOutputRegressor(model)

        def fit(model, target):
            return _fit(model, X, target, weight)

        self._keep(fitted_in(unit, model, fit, target))

    def _set_targets(self, reader, knowledge):
        """Targets keep their units."""

    def _values(self, X):
        return np.asarray(self._asked(X, "predict"))

    def predict(self, X):
        """Predicted values.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n,) or (n, n_outputs)
            As y was, in its unit.
        """
        values = self._values(X)
        if not self._is_flat:
            return values.reshape(len(values), -1)
        return values.ravel() if values.size == len(values) else values
