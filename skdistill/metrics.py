"""How much of a teacher a student keeps."""

import numpy as np
from sklearn.base import is_classifier
from sklearn.metrics import cohen_kappa_score, r2_score
from sklearn.pipeline import Pipeline
from sklearn.utils._param_validation import StrOptions, validate_params
from sklearn.utils.validation import _check_sample_weight, check_array

from .lesson.soft_targets import soft_targets
from .tables.gaps import plain_values
from .tasks.ranks import area_under_roc, rank_correlation
from .teacher.members import DroppedTeacher

_FLOOR = 1e-7
_MOST_RANKED = 64  # columns: each is sorted
_METRICS = {"agreement", "kappa", "auc", "spearman", "neg_kl", "r2", "neg_rmse"}


def fidelity(student_output, teacher_output, *, sample_weight=None) -> dict[str, float]:
    """Compare a student's answers with its teacher's, on rows neither chose by.

    Parameters
    ----------
    student_output : array-like of shape (n, n_classes), (n,) or (n, n_outputs)
        Probabilities, rows summing to 1, of two classes or more; else values.
    teacher_output : array-like of the same shape
        The teacher's answers for the same rows.
    sample_weight : array-like of shape (n,), default=None
        Weights of the rows.

    Returns
    -------
    dict
        For probabilities:

        - "agreement", the share of rows with the same likeliest class;
        - "kappa", the same beyond chance [1]_;
        - "auc", the chance that the student finds a class likelier in a row for which the
          teacher decides than in another [2]_: the mean over the classes for which the
          teacher decides in some rows and not in all; NaN where there is none;
        - "spearman", the rank correlation of their probabilities, of two classes for the
          second, of more the mean over the classes;
        - "kl", the mean Kullback-Leibler divergence from the teacher's distribution to the
          student's, in nats, with probabilities of at least 1e-7.

        For values "r2", the share of the teacher's variance that the student explains;
        "spearman", the mean over outputs; "rmse", in their unit. A rank correlation is 0
        where the student alone always says the same, and NaN where the teacher does. Of
        more than 64 classes or outputs, those are ranked for which the teacher decides
        most often, or the first ones.

    Raises
    ------
    ValueError
        If the shapes differ, there are no rows, or weights are negative or all 0.

    References
    ----------
    .. [1] Cohen: A Coefficient of Agreement for Nominal Scales, 1960.
    .. [2] Hanley, McNeil: The Meaning and Use of the Area under a Receiver Operating
       Characteristic (ROC) Curve, 1982.

    Examples
    --------
    >>> from skdistill.metrics import fidelity
    >>> fidelity([[0.9, 0.1], [0.2, 0.8]], [[0.9, 0.1], [0.2, 0.8]])
    {'agreement': 1.0, 'kappa': 1.0, 'auc': 1.0, 'spearman': 1.0, 'kl': 0.0}
    >>> fidelity([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])["rmse"]
    0.577...
    """
    q = _numbers("student_output", student_output)
    p = _numbers("teacher_output", teacher_output)
    if q.shape != p.shape or not p.ndim or not len(p):
        raise ValueError(
            f"student_output has shape {q.shape} and teacher_output {p.shape}: give both "
            "for the same rows and classes, and at least one row."
        )
    weight = np.ones(len(p))
    if sample_weight is not None:
        weight = _check_sample_weight(sample_weight, p, ensure_non_negative=True)
        if not weight.any():  # which scikit-learn's newer versions refuse themselves
            raise ValueError("sample_weight is 0 everywhere: give some row a weight.")
        q, p, weight = (each[weight > 0] for each in (q, p, weight))
    if _are_distributions(p) and _are_distributions(q):
        return _of_distributions(q, p, weight)
    return _of_values(q, p, weight)


def _numbers(argument, values):
    return check_array(
        plain_values(values),
        dtype=np.float64,
        ensure_2d=False,
        ensure_min_samples=0,
        ensure_min_features=0,
        input_name=argument,
    )


@validate_params(
    {"metric": [StrOptions(_METRICS)], "teacher": "no_validation"},
    prefer_skip_nested_validation=True,
)
def fidelity_scorer(metric="agreement", teacher=None):
    """Make a scorer that asks the teacher instead of the labels.

    Parameters
    ----------
    metric : str, default="agreement"
        Of ``fidelity``: "agreement", "kappa", "auc", "spearman" or "r2", or one that is
        negated, so that more is better: "neg_kl" or "neg_rmse".
    teacher : object or list of objects, default=None
        Fitted. None: each student's own. One that is given gets the rows as the scorer
        gets them, a student's own what the steps of a pipeline before it make of them.

    Returns
    -------
    callable
        Called as ``scorer(estimator, X, y=None, sample_weight=None)``; y is not looked
        at. For ``cross_validate``, ``GridSearchCV(scoring=...)`` and other users of
        scikit-learn's scorers. The estimator may be of any library, if a teacher is given.

    Raises
    ------
    ValueError
        If there is no such metric; when called, if there is no teacher, or if it has no
        such metric for answers of this kind.

    Notes
    -----
    A teacher that was fitted on the rows answers them better than others. The student's
    agreement with it there is no estimate of that on new rows: see the guide on leakage.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.ensemble import RandomForestClassifier
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.tree import DecisionTreeClassifier
    >>> from skdistill.metrics import fidelity_scorer
    >>> X, y = load_iris(return_X_y=True)
    >>> forest = RandomForestClassifier(10, random_state=0).fit(X, y)
    >>> tree = DecisionTreeClassifier(max_leaf_nodes=3)
    >>> follows = fidelity_scorer("agreement", teacher=forest)
    >>> bool((cross_val_score(tree, X, y, scoring=follows) > 0.8).all())
    True
    """
    return _FidelityScorer(metric, teacher)


class _FidelityScorer:
    """What ``fidelity_scorer`` returns: a class, so that processes can send it."""

    def __init__(self, metric, teacher):
        self.metric, self.teacher = metric, teacher
        self.__name__ = f"fidelity_{metric}"  # by which other libraries call it

    def __repr__(self):
        given = "" if self.teacher is None else ", teacher=..."
        return f"fidelity_scorer({self.metric!r}{given})"

    def __call__(self, estimator, X, y=None, sample_weight=None):
        student, rows = _innermost(estimator, X)
        teacher, weights = self.teacher, None
        if teacher is None:
            teacher = vars(student).get("teacher_")
            weights = getattr(student, "teacher_weights", None)
        else:
            rows = X
        if teacher is None or isinstance(teacher, DroppedTeacher):
            raise ValueError(
                f"{type(student).__name__} has no teacher_: give "
                "fidelity_scorer(teacher=), or fit it with one and keep_teacher=True."
            )
        q, p = _both(estimator, student, X, teacher, weights, rows)
        found = fidelity(q, p, sample_weight=sample_weight)
        if _is_multilabel(student):
            same = ((q >= 0.5) == (p >= 0.5)).mean(axis=1)
            found["agreement"] = np.average(same, weights=sample_weight)
        name = self.metric.removeprefix("neg_")
        if name not in found:
            raise ValueError(f"metric={self.metric!r} must be one of {sorted(found)}.")
        return float(-found[name] if name != self.metric else found[name])


def _innermost(estimator, X):
    """The student in a search or a pipeline, and the rows as it gets them."""
    if hasattr(estimator, "best_estimator_"):
        return _innermost(estimator.best_estimator_, X)
    if isinstance(estimator, Pipeline):
        rows = X if len(estimator) == 1 else estimator[:-1].transform(X)
        return _innermost(estimator[-1], rows)
    return estimator, X


def _both(estimator, student, X, teacher, weights, rows):
    """Answers of student and teacher, column by column."""
    if not is_classifier(estimator):
        p = soft_targets(teacher, rows, teacher_weights=weights)
        q = np.asarray(plain_values(estimator.predict(X)), dtype=np.float64)
        return q.reshape(len(q), -1), p
    q = np.asarray(plain_values(estimator.predict_proba(X)), dtype=np.float64)
    if not _is_multilabel(student):
        if isinstance(estimator.classes_, list):
            raise ValueError("Fidelity is of one target, or of several labels.")
        classes = estimator.classes_
        return q, soft_targets(teacher, rows, classes=classes, teacher_weights=weights)
    pairs = [[0, 1]] * q.shape[1]
    p = soft_targets(teacher, rows, classes=pairs, teacher_weights=weights)
    return q, np.column_stack([each[:, 1] for each in p])


def _is_multilabel(student):
    return getattr(getattr(student, "_task", None), "is_multilabel", False)


def _of_values(q, p, weight):
    r2 = r2_score(p, q, sample_weight=weight)
    q, p = (each.reshape(len(p), -1) for each in (q, p))
    error = np.average(np.square(q - p), 0, weight).mean()
    return {
        "r2": float(r2),
        "spearman": _rank_correlation(q, p, range(p.shape[1])[:_MOST_RANKED], weight),
        "rmse": float(np.sqrt(error)),
    }


def _of_distributions(q, p, weight):
    student_class, decision = q.argmax(axis=1), p.argmax(axis=1)
    kappa = 1.0  # where both know a single class, there is no chance to be beyond
    if len(np.union1d(student_class, decision)) > 1:
        kappa = cohen_kappa_score(decision, student_class, sample_weight=weight)
    decided = np.bincount(decision, weights=weight, minlength=p.shape[1])
    most = np.argsort(-decided, kind="stable")[:_MOST_RANKED]
    columns = [1] if p.shape[1] == 2 else most
    return {
        "agreement": float(np.average(student_class == decision, weights=weight)),
        "kappa": float(kappa),
        "auc": _auc(q, decision, most[decided[most] > 0], weight),
        "spearman": _rank_correlation(q, p, columns, weight),
        "kl": max(0.0, float(np.average(_divergence(q, p), weights=weight))),
    }


def _divergence(q, p):
    q, p = (np.maximum(each, _FLOOR) for each in (q, p))
    q, p = (each / each.sum(axis=1, keepdims=True) for each in (q, p))
    return (p * np.log(p / q)).sum(axis=1)


def _are_distributions(p):
    wide = p.ndim == 2 and p.shape[1] > 1
    return wide and p.min() >= 0 and np.allclose(p.sum(axis=1), 1, atol=1e-6)


def _auc(q, decision, classes, weight):
    """Mean AUC of each class's probability against a decision for it."""
    if len(classes) < 2:
        return np.nan
    found = [area_under_roc(q[:, k], decision == k, weight) for k in classes]
    return float(np.mean(found))


def _rank_correlation(q, p, columns, weight):
    """Mean over the columns in which the teacher says more than one thing."""
    found = []
    for k in columns:
        if (p[:, k] != p[0, k]).any():
            varies = (q[:, k] != q[0, k]).any()
            found.append(rank_correlation(q[:, k], p[:, k], weight) if varies else 0.0)
    return float(np.mean(found)) if found else np.nan
