"""The teacher adapter: any model -> its outputs on rows.

A member's answer is read from the first of these that it has: a torch module's
``forward`` (logits), ``predict_proba``, ``decision_function``, ``predict``, or a call.
Nothing here changes a teacher that arrives fitted.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import log_softmax, logsumexp
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import BaggingClassifier
from sklearn.ensemble._forest import BaseForest
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.tree import BaseDecisionTree
from sklearn.utils import _safe_indexing, get_tags
from sklearn.utils.validation import _num_features, check_is_fitted, has_fit_parameter

from .teacher_nets import (
    for_skorch,
    inner_models,
    is_module,
    module_outputs,
    torch_restored,
)

#: The least probability that a teacher's answer is read as; its logarithm is finite.
FLOOR = 1e-7
_ROW_SUM_TOLERANCE = 1e-3


class DroppedTeacher(BaseEstimator):
    """What stands in a pickled student for a teacher with ``keep_teacher=False``.

    Examples
    --------
    >>> from skdistill.teacher import DroppedTeacher
    >>> DroppedTeacher()
    DroppedTeacher()
    """

    def fit(self, X, y=None):
        """Refuse, and name the remedy.

        Parameters
        ----------
        X : object
            Ignored.
        y : object
            Ignored.

        Raises
        ------
        ValueError
            Always.
        """
        raise ValueError(
            "The teacher was left out of this student's copy or pickle "
            "(keep_teacher=False). "
            "To fit again, give it a teacher: student.set_params(teacher=...)."
        )


def members_of(teacher):
    """The members of an ensemble given as a list; a single teacher is its only member.

    Parameters
    ----------
    teacher : object or list of objects
        What the user gave.

    Returns
    -------
    list
        At least one member.
    """
    if not isinstance(teacher, list | tuple):
        return [teacher]
    if not teacher:
        raise ValueError("teacher=[] holds no member: give at least one, or None.")
    return list(teacher)


def is_ready(member):
    """Whether a teacher answers as it is, without being fitted.

    Parameters
    ----------
    member : object
        A single teacher.

    Returns
    -------
    bool
        True for fitted and frozen estimators and for what has no ``fit``.
    """
    if isinstance(member, FrozenEstimator) or not hasattr(member, "fit"):
        return True
    if not hasattr(member, "__sklearn_tags__"):  # not scikit-learn's: by its convention
        return (
            any(
                name.endswith("_") and not name.startswith("__")
                for name in vars(member)
            )
            and getattr(member, "__sklearn_is_fitted__", lambda: True)()
        )
    try:
        check_is_fitted(member)
    except NotFittedError:
        return False
    return True


def any_ready(teacher):
    """Whether cloning could lose what some member has learnt.

    Parameters
    ----------
    teacher : object, list of objects or None
        What the user gave.

    Returns
    -------
    bool
        True if any member is ready.
    """
    if teacher is None or (isinstance(teacher, list | tuple) and not teacher):
        return False
    return any(is_ready(member) for member in members_of(teacher))


def all_ready(teacher):
    """Whether the whole teacher is fitted; a mixed list is refused.

    Parameters
    ----------
    teacher : object or list of objects
        What the user gave.

    Returns
    -------
    bool
        True if every member is ready, False if none is.

    Raises
    ------
    TypeError
        If a member is a class, or cannot answer at all.
    ValueError
        If some members are fitted and some are not.
    """
    members = members_of(teacher)
    for member in members:
        _check_can_answer(member)
        if isinstance(member, FrozenEstimator) and not member.__sklearn_is_fitted__():
            raise NotFittedError(
                f"teacher={member!r} holds a model that is not fitted."
            )
    ready = [is_ready(member) for member in members]
    if any(ready) and not all(ready):
        unfitted = [
            m for m, is_fitted in zip(members, ready, strict=True) if not is_fitted
        ]
        raise ValueError(
            "teacher is a list that mixes fitted and unfitted members; fit these too, "
            f"or give all of them unfitted: {unfitted!r}"
        )
    return all(ready)


def _check_can_answer(member):
    if isinstance(member, type):
        raise TypeError(
            f"teacher is the class {member.__name__}; give an instance, "
            f"{member.__name__}(...)."
        )
    answers = ("predict_proba", "decision_function", "predict", "fit")
    if not (callable(member) or any(hasattr(member, name) for name in answers)):
        raise TypeError(
            f"teacher={member!r} cannot be asked: it has no predict_proba, "
            "decision_function or predict and is not callable."
        )


@dataclass(frozen=True)
class Teacher:
    """A fitted teacher, made uniform.

    Attributes
    ----------
    members : list of objects
        Models that can answer.
    weights : ndarray of shape (n_members,)
        Their shares; they sum to 1.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> from skdistill.teacher import Teacher
    >>> dummy = DummyClassifier(strategy="prior").fit([[0], [1]], ["a", "b"])
    >>> Teacher.of(dummy).log_probabilities([[5]], classes=["a", "b"]).round(3)
    array([[-0.693, -0.693]])
    """

    members: list[Any]
    weights: np.ndarray

    @classmethod
    def of(cls, teacher, weights=None):
        """Take members and weights as the user gave them.

        Parameters
        ----------
        teacher : object or list of objects
            Fitted.
        weights : array-like of shape (n_members,), default=None
            Not negative; None for equal shares.

        Returns
        -------
        Teacher
            The adapter.
        """
        members = members_of(teacher)
        return cls(members, check_weights(weights, len(members)))

    def labels(self, fallback):
        """The class labels of each member, in the order of its columns.

        Parameters
        ----------
        fallback : array-like of shape (n_classes,) or None
            Names for the columns of members without ``classes_``.

        Returns
        -------
        list of ndarray or None
            One entry for each member.
        """
        return [_labels_of(member, fallback) for member in self.members]

    def log_probabilities(self, X, *, classes, fallback=None):
        """Log-probabilities of the weighted mean of the members.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows as the user gave them.
        classes : array-like of shape (n_classes,) or None
            Labels in the order of the result's columns; None where no member names
            its columns.
        fallback : array-like, default=None
            Names for the columns of members without ``classes_``; by default `classes`.

        Returns
        -------
        ndarray of shape (n, n_classes)
            Normalised; a class that no member knows has the floor.
        """
        fallback = classes if fallback is None else fallback
        parts = [
            align(_class_answer(member, X, labels), labels, classes)
            for member, labels in zip(self.members, self.labels(fallback), strict=True)
        ]
        if len(parts) == 1:
            return parts[0]
        weights = self.weights[:, None, None]
        return log_softmax(logsumexp(np.stack(parts), axis=0, b=weights), axis=1)

    def values(self, X):
        """Predictions of the weighted mean of the members, for regression.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows as the user gave them.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            Finite.
        """
        parts = [_value_answer(member, X) for member in self.members]
        shapes = {part.shape for part in parts}
        if len(shapes) > 1:
            raise ValueError(
                f"The members of teacher answer in different shapes: {sorted(shapes)}."
            )
        return np.tensordot(self.weights, np.stack(parts), axes=1)


def check_weights(weights, n_members):
    """Shares of an ensemble's members.

    Parameters
    ----------
    weights : array-like of shape (n_members,) or None
        As the user gave them.
    n_members : int
        How many there must be.

    Returns
    -------
    ndarray of shape (n_members,)
        Shares that sum to 1.
    """
    if weights is None:
        return np.full(n_members, 1.0 / n_members)
    shares = np.asarray(weights, dtype=np.float64)
    if shares.shape != (n_members,):
        raise ValueError(
            f"teacher_weights has shape {shares.shape}; give one weight for each of "
            f"the {n_members} members of teacher."
        )
    if not (np.isfinite(shares).all() and shares.min() >= 0 and shares.sum() > 0):
        raise ValueError(
            f"teacher_weights={weights!r} must be finite, not negative, and not all 0."
        )
    return shares / shares.sum()


def fitted_clones(teacher, X, y, fit_params):
    """Fit a clone of an unfitted teacher, as scikit-learn's meta-estimators do.

    Parameters
    ----------
    teacher : estimator or list of estimators
        Unfitted; not changed.
    X : array-like of shape (n, n_features)
        Rows as the user gave them.
    y : ndarray of shape (n,) or (n, n_outputs)
        Targets.
    fit_params : list of dict
        For each member, what its ``fit`` takes besides.

    Returns
    -------
    estimator or list of estimators
        Of the same form as `teacher`, fitted.
    """
    members = members_of(teacher)
    fitted = [
        clone(member).fit(*for_skorch(member, X, y), **params)
        for member, params in zip(members, fit_params, strict=True)
    ]
    return fitted if isinstance(teacher, list | tuple) else fitted[0]


def accepts_sample_weight(member):
    """Whether a member's ``fit`` has an argument ``sample_weight``.

    Parameters
    ----------
    member : estimator
        A single teacher.

    Returns
    -------
    bool
        True if it has.
    """
    return has_fit_parameter(member, "sample_weight")


def check_kind(teacher, wanted):
    """Refuse a regressor as teacher of a classifier, and the other way round.

    Parameters
    ----------
    teacher : object or list of objects
        As the user gave it.
    wanted : {"classifier", "regressor"}
        What the student is.

    Raises
    ------
    ValueError
        If a member says that it is of the other kind.
    """
    for member in members_of(teacher):
        kind = kind_of(member)
        if kind in {"classifier", "regressor"} and kind != wanted:
            raise ValueError(
                f"teacher={member!r} is a {kind}, and this student is a {wanted}: "
                f"give a {wanted} as teacher, or use the student for {kind}s."
            )


def kind_of(member):
    """What a member says of itself: "classifier", "regressor" or something else.

    Parameters
    ----------
    member : object
        A single teacher.

    Returns
    -------
    str or None
        None where it says nothing.
    """
    if hasattr(member, "__sklearn_tags__"):
        return get_tags(member).estimator_type
    return getattr(member, "_estimator_type", None)


def check_width(teacher, X):
    """Refuse a teacher that was fitted on another number of columns.

    Parameters
    ----------
    teacher : object or list of objects
        As the user gave it.
    X : array-like of shape (n, n_features)
        Rows as the user gave them.

    Raises
    ------
    ValueError
        If a member says that it takes another number of columns.
    """
    width = _num_features(X)
    for member in members_of(teacher):
        wanted = getattr(member, "n_features_in_", width)
        if wanted != width:
            raise ValueError(
                f"teacher={member!r} was fitted on {wanted} columns and X has {width}: "
                "give X as the teacher knows it, and the student's view of it as "
                "`preprocessor`."
            )


def class_probabilities(values, name):
    """Check probabilities that the user computed.

    Parameters
    ----------
    values : array-like of shape (n, n_classes) or (n,)
        One column stands for the second of two classes.
    name : str
        The argument that an error names.

    Returns
    -------
    ndarray of shape (n, n_classes)
        Float64 rows that sum to 1.

    Raises
    ------
    ValueError
        If something is not finite, is negative, or does not sum to 1.
    """
    values = check_finite(values, name)
    if values.ndim == 1 or values.shape[1] == 1:
        values = np.column_stack([1 - values.ravel(), values.ravel()])
    sums = values.sum(axis=1)
    if values.min(initial=0.0) < -1e-6 or np.abs(sums - 1).max() > _ROW_SUM_TOLERANCE:
        raise ValueError(
            f"{name} must hold probabilities, each row summing to 1; the smallest "
            f"entry is {values.min():.3g} and rows sum to {sums.min():.3g} to "
            f"{sums.max():.3g}. Logits become probabilities by a softmax."
        )
    return np.clip(values, 0.0, None) / sums[:, None]


def check_finite(values, name):
    """A one- or two-dimensional float64 array without NaN or infinity.

    Parameters
    ----------
    values : array-like
        Outputs of some model.
    name : str
        What an error calls it.

    Returns
    -------
    ndarray of shape (n,) or (n, k)
        Float64.
    """
    if hasattr(values, "detach"):  # a tensor, perhaps with a gradient
        values = values.detach().cpu()
    values = np.asarray(values, dtype=np.float64)
    if values.ndim not in (1, 2):
        raise ValueError(f"{name} must be of shape (n,) or (n, k), not {values.shape}.")
    if not np.isfinite(values).all():
        row = int(np.argwhere(~np.isfinite(values))[0][0])
        raise ValueError(f"{name} holds NaN or infinity, first in row {row}.")
    return values


def log_with_floor(probabilities):
    """Logarithm of probabilities, floored and normalised.

    Parameters
    ----------
    probabilities : ndarray of shape (n, n_classes)
        Zeros allowed.

    Returns
    -------
    ndarray of shape (n, n_classes)
        Finite; its exponentials sum to 1 in each row.
    """
    return log_softmax(np.log(np.maximum(probabilities, FLOOR)), axis=1)


def align(log_p, labels, classes):
    """Put columns into the order of `classes`; a class without one gets the floor.

    Parameters
    ----------
    log_p : ndarray of shape (n, n_labels)
        Log-probabilities.
    labels : ndarray of shape (n_labels,) or None
        What its columns mean; each is among `classes`.
    classes : array-like of shape (n_classes,) or None
        What the result's columns mean.

    Returns
    -------
    ndarray of shape (n, n_classes)
        Normalised log-probabilities.
    """
    if classes is None or np.array_equal(labels, classes):
        return log_p
    aligned = np.full((len(log_p), len(classes)), np.log(FLOOR))
    position = {label: i for i, label in enumerate(np.asarray(classes).tolist())}
    aligned[:, [position[label] for label in np.asarray(labels).tolist()]] = log_p
    return log_softmax(aligned, axis=1)


def _labels_of(member, fallback):
    labels = getattr(member, "classes_", None)
    if labels is None:
        return None if fallback is None else np.asarray(fallback)
    if isinstance(labels, list) and labels and np.ndim(labels[0]) == 1:
        raise ValueError(
            f"teacher={member!r} predicts {len(labels)} targets at once; give a teacher "
            "of one target, or a callable that returns that one's probabilities."
        )
    return np.asarray(labels)


def _class_answer(member, X, labels):
    """Log-probabilities (n, n_labels) of one member."""
    answer, scale = _ask(member, X, classify=True)
    if scale == "label":
        _check_labels(answer, labels, member)
        answer = np.asarray(answer).reshape(len(answer), -1)[:, :1] == labels[None, :]
    answer = check_finite(answer, "teacher's output")
    if scale == "logit" and is_module(member):
        _check_not_probabilities(answer, member)
    elif scale == "logit" and answer.ndim == 2:
        _check_not_pairwise(answer, X, labels, member)
    if answer.ndim == 1 or answer.shape[1] == 1:
        second = answer.ravel()
        first = np.zeros_like(second) if scale == "logit" else 1 - second
        answer = np.column_stack([first, second])
    if labels is not None and answer.shape[1] != len(labels):
        raise ValueError(
            f"teacher={_name(member)} answers with {answer.shape[1]} columns for "
            f"{len(labels)} classes {labels.tolist()!r}: name its columns, in their "
            "order, by `classes`."
        )
    if scale == "logit":
        return log_softmax(answer, axis=1)
    if scale == "probability":
        answer = _smoothed(class_probabilities(answer, "teacher's output"), member)
    return log_with_floor(answer)


def _value_answer(member, X):
    """Predictions (n, n_outputs) of one member."""
    answer, _ = _ask(member, X, classify=False)
    answer = check_finite(answer, "teacher's output")
    return answer.reshape(len(answer), -1)


def _ask(member, X, classify):
    """A member's raw answer, and the scale on which it is."""
    if is_module(member):
        return module_outputs(member, X), "logit"
    scales = {"predict": "label"}
    if classify:
        scales = {
            "predict_proba": "probability",
            "decision_function": "logit",
            **scales,
        }
    method = next((name for name in scales if hasattr(member, name)), None)
    with torch_restored(member):
        if method is None:
            return member(X), "probability"
        return getattr(member, method)(for_skorch(member, X)[0]), scales[method]


def _name(member):
    return type(member).__name__ if is_module(member) else repr(member)


def _check_labels(answer, labels, member):
    """What ``predict`` of a classifier returns must be labels that have a column."""
    if labels is None:
        raise ValueError(f"Name the labels that {member!r} predicts by `classes`.")
    answer = np.asarray(answer)
    is_column = answer.ndim == 1 or (answer.ndim == 2 and answer.shape[1] == 1)
    if not (is_column and np.isin(answer, labels).all()):
        raise ValueError(
            f"teacher={member!r} has only `predict`, and that returns something else "
            f"than the labels {labels.tolist()!r}. If it returns probabilities, give a "
            "function, such as teacher=model.predict, and name its columns by `classes`."
        )


_ROWS_TO_TELL = 20


def _check_not_pairwise(scores, X, labels, member):
    """Refuse scores of pairs of classes, as many as classes where there are three."""
    head = np.arange(min(len(scores), 100))
    if (
        labels is None
        or scores.shape[1] != len(labels)
        or not hasattr(member, "predict")
    ):
        return
    decided = member.predict(_safe_indexing(X, head))
    if (labels[scores[head].argmax(axis=1)] == decided).mean() < 0.5:
        raise ValueError(
            f"teacher={member!r}: its decision_function does not score the classes that "
            "it predicts. Scores of pairs of classes cannot teach: for an SVC set "
            'decision_function_shape="ovr".'
        )


def _check_not_probabilities(outputs, member):
    """Refuse a module that has its softmax or sigmoid inside."""
    if outputs.ndim == 1 or outputs.shape[1] == 1:
        inside = len(outputs) >= _ROWS_TO_TELL and outputs.max() <= 1
    else:
        inside = np.abs(outputs.sum(axis=1) - 1).max() < 1e-4
    if outputs.min() >= 0 and inside:
        raise ValueError(
            f"teacher={_name(member)} is a torch module and must return logits, but "
            "its outputs are probabilities: leave out the last softmax or sigmoid, or "
            "give a callable that returns the probabilities."
        )


def _smoothed(probabilities, member):
    """Laplace smoothing of votes: as if one more tree answered with equal shares."""
    votes = _n_votes(member)
    if not votes:
        return probabilities
    return (votes * probabilities + 1 / probabilities.shape[1]) / (votes + 1)


def _n_votes(member):
    """Number of trees whose mean the answer is; 0 where it is no such mean."""
    inner = inner_models(member)
    while inner:
        member, inner = inner[-1], inner_models(inner[-1])
    if isinstance(member, BaseForest):
        return len(member.estimators_)
    if not isinstance(member, BaggingClassifier):
        return 0
    trees = [isinstance(part, BaseDecisionTree) for part in member.estimators_]
    return len(trees) if all(trees) else 0
