"""The smallest student that is good enough."""

import pickle
from collections.abc import Sized
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from sklearn import config_context
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import check_scoring
from sklearn.model_selection import train_test_split
from sklearn.utils import ClassifierTags, check_random_state
from sklearn.utils._param_validation import Interval, validate_params
from sklearn.utils.validation import _num_samples, check_consistent_length

from ..lesson.soft_targets import soft_targets
from ..tables.gaps import check_no_gaps
from ..teacher.memory import TeacherMemory, shared_by
from ..warn import warn

# 400 resamples leave 20 beyond the 95 % quantile; a standard error needs fewer (Efron
# and Tibshirani, chapter 6: rarely more than 200).
_RESAMPLES = 400
_RESAMPLES_OF_REPORT = 100
_LEVEL = 0.05
#: Sizes that are walked by default, by the parameter that sets them.
SIZES = {
    "hidden_layer_sizes": [(), (4,), (8,), (16,), (32,), (64,), (64, 64), (128, 128)],
    "max_leaf_nodes": [2, 4, 8, 16, 32, 64],
    "max_depth": [1, 2, 3, 4, 5, 6, 7, 8],
}


#: What makes a fitted net smaller: arguments of ``prune`` and ``quantize``.
AFTER_FIT = ("sparsity", "dtype")


@dataclass(frozen=True)
class SmallestStudent:
    """The result of :func:`smallest_student`.

    Attributes
    ----------
    student : estimator
        The smallest that is good enough, fitted; the best, if none is.
    is_good_enough : bool
        Whether it is.
    curve : list of dict
        A dict for each size, the smallest first: the "parameters" that were set, the number
        "n_numbers" that the student keeps, its "score" and "score_error" on the rows that
        report, its "shortfall" from the teacher there, as a share of what the teacher is
        better than the baseline, the "bound" on this share by which it was judged on the
        rows that select (one-sided, 95 %), and whether it is "good_enough" by that.
    teacher_score, baseline_score : float
        Scores on the rows that report.
    tolerance : float
        The share that was allowed.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skdistill import HardDecisionTreeClassifier, smallest_student
    >>> X, y = load_iris(return_X_y=True)
    >>> forest = RandomForestClassifier(10, random_state=0).fit(X[::2], y[::2])
    >>> tree = HardDecisionTreeClassifier(forest, transfer=None, random_state=0)
    >>> rows = {"X_val": X[1::2], "y_val": y[1::2]}
    >>> sizes = {"max_leaf_nodes": [2, 4]}
    >>> found = smallest_student(tree, X[::2], y[::2], **rows, tolerance=0.3, sizes=sizes)
    >>> found.is_good_enough, found.student.get_n_leaves(), len(found.curve)
    (True, 4, 2)
    """

    student: Any
    is_good_enough: bool
    curve: list[Any]
    teacher_score: float
    baseline_score: float
    tolerance: float

    def pareto_front(self):
        """Return the sizes that no smaller one is as good as.

        Returns
        -------
        list of dict
            Of ``curve``, the smallest first; by their scores on the rows that report.
        """
        front = []
        for point in self.curve:
            if not front or point["score"] > front[-1]["score"]:
                front.append(point)
        return front


@validate_params(
    {
        "tolerance": [Interval(Real, 0, 1, closed="left")],
        "random_state": ["random_state"],
    },
    prefer_skip_nested_validation=True,
)
def smallest_student(
    student,
    X,
    y,
    *,
    X_val,
    y_val,
    scoring=None,
    tolerance=0.02,
    sizes=None,
    random_state=0,
    **fit_params,
) -> "SmallestStudent":
    """Walk the size of a student, and take the smallest that keeps what its teacher knows.

    Good enough is a student whose score falls short of the teacher's by at most
    `tolerance` times what the teacher is better than a model that knows the classes'
    shares (or the mean) alone; of that one must be sure to 95 %, by resampling rows in
    pairs [1]_. Half of the validation rows select, the other half report.

    Parameters
    ----------
    student : estimator
        A student with a teacher; not changed.
    X : array-like of shape (n, n_features)
        Training rows.
    y : array-like of shape (n,)
        Their labels or values.
    X_val : array-like of shape (m, n_features)
        Rows that the teacher has not seen.
    y_val : array-like of shape (m,)
        Their labels or values.
    scoring : str or callable, default=None
        As in scikit-learn, higher is better: a name, or what ``make_scorer`` returns.
        None: accuracy, or R2.
    tolerance : float, default=0.02
        In [0, 1).
    sizes : dict of {str: list} or list of dict, default=None
        A parameter and its values, or sets of parameters. None: ``max_leaf_nodes``, where
        it is set, ``hidden_layer_sizes`` or ``max_depth``, from very small to large. A set
        of a net may also have ``sparsity``, by which :func:`prune` makes the fitted net
        smaller, and ``dtype``, for :func:`quantize`: {"sparsity": 0.9, "dtype": "int8"}.
    random_state : int, RandomState instance or None, default=0
        Divides the validation rows, and resamples them.
    **fit_params : dict
        For the students' ``fit``.

    Returns
    -------
    SmallestStudent
        The student, and the score of each size.

    Raises
    ------
    ValueError
        If the student has no teacher, or no size that is known here, or if the teacher is
        no better than the baseline on the rows that select.

    Warns
    -----
    UserWarning
        If no size is good enough.

    References
    ----------
    .. [1] Efron, Tibshirani: An Introduction to the Bootstrap, 1993.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from skdistill import HardDecisionTreeClassifier, smallest_student
    >>> X, y = load_digits(n_class=2, return_X_y=True)
    >>> forest = RandomForestClassifier(random_state=0).fit(X[::2], y[::2])
    >>> student = HardDecisionTreeClassifier(forest, transfer=None, random_state=0)
    >>> result = smallest_student(
    ...     student,
    ...     X[::2],
    ...     y[::2],
    ...     X_val=X[1::2],
    ...     y_val=y[1::2],
    ...     tolerance=0.1,
    ...     sizes={"max_leaf_nodes": [2, 4]},
    ... )
    >>> result.student.get_n_leaves()
    2
    """
    if getattr(student, "teacher", None) is None:
        raise ValueError(
            f"student={student!r} has no teacher to be measured by: give a student of this "
            "library (not a pipeline), with a teacher."
        )
    # The judge asks the teacher that the student has kept.
    student = clone(student).set_params(keep_teacher=True)
    check_consistent_length(X_val, y_val)
    if _num_samples(X_val) < 2:
        raise ValueError(
            "X_val must have two rows or more: one half selects, the other reports."
        )
    candidates = _candidates(student, sizes)
    for name, targets in (("y", y), ("y_val", y_val)):
        check_no_gaps(name, targets, "label" if is_classifier(student) else "value")
    y, y_val = np.asarray(y), np.asarray(y_val)
    if is_classifier(student) and y.ndim > 1 and y.shape[1] > 1:
        raise ValueError(
            f"y has {y.shape[1]} targets, and smallest_student is for classes of one: fit "
            "one student for each."
        )
    random = check_random_state(random_state)
    # Selection favours a lucky score: what is reported comes from other rows.
    select, report = _halves(y_val, is_classifier(student), random)
    usual = "accuracy" if is_classifier(student) else "r2"
    scorer = check_scoring(student, usual if scoring is None else scoring)
    # All sizes learn from one teacher: it answers once for all of them.
    with shared_by(TeacherMemory.in_process()):
        fitted = _fitted(student, candidates, X, y, fit_params)
    # All sizes have one teacher and the same classes: any of the students tells them.
    judge = _Judge(fitted[0], X, y, X_val, y_val, scorer)
    to_select = judge.samples(select, _RESAMPLES, random)
    to_report = judge.samples(report, _RESAMPLES_OF_REPORT, random)
    points = [
        judge.point(*pair, X_val, to_select, to_report, tolerance)
        for pair in zip(candidates, fitted, strict=True)
    ]
    # By the numbers that fits keep, which a parameter need not be in step with.
    order = sorted(range(len(points)), key=lambda i: points[i]["n_numbers"])
    curve = [points[i] for i in order]
    good = [i for i in order if points[i]["good_enough"]]
    if not good:
        warn(
            f"No size falls short of the teacher by at most tolerance={tolerance} for "
            f"sure: the smallest bound is {min(p['bound'] for p in points):.3g}. The best "
            "student is returned; allow more, give larger sizes, or more rows as X_val."
        )
    chosen = good[0] if good else min(order, key=lambda i: points[i]["bound"])
    teacher_score, baseline_score = to_report[0][1:]
    return SmallestStudent(
        fitted[chosen], bool(good), curve, teacher_score, baseline_score, tolerance
    )


def _fitted(student, candidates, X, y, fit_params):
    """A student for each candidate; those that differ in steps after fit share a fit."""
    trained, fitted = {}, []
    for candidate in candidates:
        after = {name: candidate[name] for name in AFTER_FIT if name in candidate}
        before = {k: v for k, v in candidate.items() if k not in after}
        key = repr(sorted(before.items()))
        if key not in trained:
            trained[key] = clone(student).set_params(**before).fit(X, y, **fit_params)
        fitted.append(trained[key]._shrunk(X, **after) if after else trained[key])
    return fitted


def _candidates(student, sizes):
    """The sets of parameters to be tried, one for each size."""
    known = student.get_params(deep=False)
    if sizes is None:
        names = [name for name in SIZES if name in known]
        # Trees are walked by depth unless the user lets them grow by leaves.
        if known.get("max_leaf_nodes") is None and "max_leaf_nodes" in names:
            names.remove("max_leaf_nodes")
        if not names:
            raise ValueError(
                f"{type(student).__name__} has no size that is known here: give sizes, "
                'such as sizes={"student__max_leaf_nodes": [4, 8, 16]}.'
            )
        sizes = {names[0]: SIZES[names[0]]}
    _check_sizes(sizes)
    asked = {name for each in _listed(sizes) for name in each} & set(AFTER_FIT)
    if asked and not hasattr(student, "_shrunk"):
        raise ValueError(
            f"sizes={sizes!r}: {sorted(asked)} are for a NeuralStudentClassifier or "
            "NeuralStudentRegressor."
        )
    if isinstance(sizes, dict):
        if len(sizes) != 1:
            raise ValueError(
                f"sizes={sizes!r}: a dict is of one parameter; give a list of dicts, one "
                "for each size."
            )
        ((name, values),) = sizes.items()
        return [{name: value} for value in values]
    return [dict(each) for each in sizes]


def _check_sizes(sizes):
    """That there are some, in lists that are no strings and no single numbers."""
    lists = [sizes, *(sizes.values() if isinstance(sizes, dict) else ())]
    are_some = all(isinstance(each, Sized) and len(each) for each in lists)
    if (
        not are_some
        or any(isinstance(each, str) for each in lists)
        or not all(isinstance(each, dict) for each in _listed(sizes))
    ):
        raise ValueError(
            f"sizes={sizes!r} must be a dict of a parameter and the list of its values, "
            'such as {"max_leaf_nodes": [4, 8]}, or a list of dicts, one for each size.'
        )


def _listed(sizes):
    return [sizes] if isinstance(sizes, dict) else sizes


def _halves(y, is_class, random):
    rows = np.arange(len(y))
    seed = random.randint(np.iinfo(np.int32).max)
    strata = None
    if is_class and y.ndim == 1:
        counts = np.unique(y, return_counts=True)[1]
        # A stratified split needs two rows of each class, and one of each on both sides.
        strata = y if counts.min() > 1 and len(counts) <= len(y) // 2 else None
    return train_test_split(rows, test_size=0.5, stratify=strata, random_state=seed)


def n_numbers(student):
    """Return how many numbers a fitted student keeps of what it has learnt.

    Parameters
    ----------
    student : estimator
        Fitted.

    Returns
    -------
    int
        Weights of a net or soft tree, a quarter of them where they are of 8 bits; of a
        hard tree a column and a threshold for each question, and what the leaves say; of
        others the bytes of its pickle, by 8.
    """
    if hasattr(student, "net_"):
        n = sum(p.numel() for p in student.module_.parameters())
        return n // 4 if hasattr(student, "weight_scales_") else n
    if hasattr(student, "tree_"):
        n_leaves = student.get_n_leaves()
        # A column and a threshold for each question.
        return 2 * (n_leaves - 1) + student.leaf_values().size
    # Any other estimator: the bytes of its pickle, as float64 numbers.
    return len(pickle.dumps(getattr(student, "student_", student))) // 8


class _Answers(BaseEstimator):
    """A model that has its answers already, by row number; for any scorer."""

    def __init__(self, answers=None, kind=None):
        self.answers, self.kind = answers, kind

    @classmethod
    def of(cls, model, X):
        """Return the answers of a fitted model."""
        if not is_classifier(model):
            return cls({"predict": model.predict(X)}, "regressor")
        p = model.predict_proba(X)
        one = cls({"predict": model.predict(X), "predict_proba": p}, "classifier")
        one.classes_ = model.classes_
        return one

    @classmethod
    def of_probabilities(cls, p, classes):
        """Return the answers of a classifier with these probabilities."""
        answers = {"predict": classes[p.argmax(axis=1)], "predict_proba": p}
        one = cls(answers, "classifier")
        one.classes_ = classes
        return one

    def fit(self, X=None, y=None):
        """Return itself: there is nothing to fit."""
        return self

    def __sklearn_is_fitted__(self):
        return True

    def predict(self, rows):
        """Return labels or values of some rows."""
        return self.answers["predict"][np.asarray(rows).ravel()]

    def predict_proba(self, rows):
        """Return the probabilities for some rows."""
        return self.answers["predict_proba"][np.asarray(rows).ravel()]

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.estimator_type = self.kind
        tags.classifier_tags = ClassifierTags() if self.kind == "classifier" else None
        return tags


class _Judge:
    """The teacher and the baseline on the validation rows, and a scorer."""

    def __init__(self, student, X, y, X_val, y_val, scorer):
        self.y, self.scorer = y_val, scorer
        weights = {"teacher_weights": student.teacher_weights}
        if is_classifier(student):
            p = soft_targets(
                student.teacher_, X_val, classes=student.classes_, **weights
            )
            self.teacher = _Answers.of_probabilities(p, student.classes_)
            dummy = DummyClassifier(strategy="prior")
        else:
            values = soft_targets(student.teacher_, X_val, **weights)
            values = values[:, 0] if y_val.ndim == 1 else values
            self.teacher = _Answers({"predict": values}, "regressor")
            dummy = DummyRegressor()
        dummy.fit(np.zeros((len(y), 1)), y)
        self.baseline = _Answers.of(dummy, np.zeros((len(y_val), 1)))

    def score(self, answers, rows):
        """Return the score of a model's answers on some rows."""
        # Called 500 times for each size, so without scikit-learn's checks.
        with config_context(skip_parameter_validation=True, assume_finite=True):
            return float(self.scorer(answers, rows[:, None], self.y[rows]))

    def samples(self, rows, n, random):
        """The rows and n resamples, each with the teacher's and the baseline's score."""
        # The same samples for all students: differences are of pairs, and vary less.
        every = [rows, *(self._resample(rows, random) for _ in range(n))]
        return [
            (some, self.score(self.teacher, some), self.score(self.baseline, some))
            for some in every
        ]

    def _resample(self, rows, random):
        """A bootstrap sample: with replacement, of each class as many as there are."""
        if self.teacher.kind != "classifier" or self.y.ndim > 1:
            return rows[random.randint(len(rows), size=len(rows))]
        labels = self.y[rows]
        groups = [rows[labels == label] for label in np.unique(labels)]
        drawn = [group[random.randint(len(group), size=len(group))] for group in groups]
        return np.concatenate(drawn)

    def point(self, parameters, student, X, to_select, to_report, tolerance):
        """One size on the curve."""
        answers = _Answers.of(student, X)
        bound = self.bound(answers, to_select)
        return {
            "parameters": parameters,
            "n_numbers": n_numbers(student),
            **self.report(answers, to_report),
            "bound": bound,
            "good_enough": bool(bound <= tolerance),
        }

    def bound(self, answers, samples):
        """Return the bound that the shortfall keeps in 95 of 100 samples of rows."""
        (_, teacher, baseline), *_ = samples
        if teacher <= baseline:
            raise ValueError(
                f"The teacher's score on X_val, {teacher:.4g}, is no better than that of "
                f"the classes' shares, or of the mean, {baseline:.4g}: there is nothing to "
                "keep. Is y_val in the order of X_val, and in the teacher's labels?"
            )
        shortfalls = [
            _shortfall(self.score(answers, rows), teacher, baseline)
            for rows, teacher, baseline in samples[1:]
        ]
        return float(np.quantile(shortfalls, 1 - _LEVEL))

    def report(self, answers, samples):
        """Score, its standard error and the shortfall, on rows that chose nothing."""
        scores = [self.score(answers, rows) for rows, _, _ in samples]
        _, teacher, baseline = samples[0]
        return {
            "score": scores[0],
            "score_error": float(np.std(scores[1:])),
            "shortfall": _shortfall(scores[0], teacher, baseline),
        }


def _shortfall(score, teacher, baseline):
    """The share that is lost of what the teacher is better by, in scores of any unit."""
    # A difference of rounding counts as none: no division by 0.
    least = max(1e-12 * max(abs(teacher), abs(baseline)), np.finfo(float).tiny)
    return (teacher - score) / max(teacher - baseline, least)
