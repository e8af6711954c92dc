"""The teacher adapter: any model -> its outputs on rows.

Members are asked through ``teacher_models``; here their answers become log-probabilities
of named classes, or values, and are averaged. Nothing changes a teacher that arrives
fitted.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import log_softmax
from sklearn.base import BaseEstimator, clone
from sklearn.ensemble import BaggingClassifier
from sklearn.ensemble._forest import BaseForest
from sklearn.tree import BaseDecisionTree
from sklearn.utils.validation import _num_features, has_fit_parameter

from ..tables.table import is_arrow, is_frame, plain_values
from ..warn import warn
from .memory import TeacherMemory
from .models import LABEL, LOGIT, SHARE, as_model
from .nets import for_skorch, innermost

#: The least probability that a teacher's answer is read as; its logarithm is finite.
FLOOR = 1e-7
_ROW_SUM_TOLERANCE = 1e-3
_ROUNDING = 1e-6
#: One-vs-all models' rows sum to less or more than 1, but hardly to less or more than this.
_USUAL_SUMS = 0.5, 2.0
_KEEPS_NOTHING = TeacherMemory()


class DroppedTeacher(BaseEstimator):
    """What stands in a pickled student for a teacher with ``keep_teacher=False``.

    Examples
    --------
    >>> from skdistill.teacher.ensemble import DroppedTeacher
    >>> DroppedTeacher()
    DroppedTeacher()
    """

    def __sklearn_is_fitted__(self):
        """As a teacher that answered: no meta-estimator is to fit or to set it."""
        return True

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
            "To fit again, give it a teacher: student.set_params(teacher=...), or "
            "teacher=None to learn from labels and teacher_output alone."
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
    return as_model(member).is_ready()


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
    models = [as_model(member) for member in members]
    for model in models:
        model.check()
    ready = [model.is_ready() for model in models]
    if any(ready) and not all(ready):
        unfitted = [
            m for m, is_fitted in zip(members, ready, strict=True) if not is_fitted
        ]
        raise ValueError(
            "teacher is a list that mixes fitted and unfitted members; fit these too, "
            f"or give all of them unfitted: {unfitted!r}"
        )
    return all(ready)


@dataclass(frozen=True)
class Teacher:
    """A fitted teacher, made uniform.

    Attributes
    ----------
    members : list of Model
        Models that can answer.
    weights : ndarray of shape (n_members,)
        Their shares; they sum to 1.
    memory : TeacherMemory
        Where their answers are kept, if anywhere.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> from skdistill.teacher.ensemble import Teacher
    >>> dummy = DummyClassifier(strategy="prior").fit([[0], [1]], ["a", "b"])
    >>> Teacher.of(dummy).log_probabilities([[5]], [["a", "b"]])[0].round(3)
    array([[-0.693, -0.693]])
    """

    members: list[Any]
    weights: np.ndarray
    memory: TeacherMemory = _KEEPS_NOTHING

    @classmethod
    def of(cls, teacher, weights=None, memory=_KEEPS_NOTHING):
        """Take members and weights as the user gave them.

        Parameters
        ----------
        teacher : object or list of objects
            Fitted.
        weights : array-like of shape (n_members,), default=None
            Not negative; None for equal shares.
        memory : TeacherMemory, default=one that keeps nothing
            Where answers are kept.

        Returns
        -------
        Teacher
            The adapter.
        """
        members = [as_model(member) for member in members_of(teacher)]
        return cls(members, check_weights(weights, len(members)), memory)

    def labels(self, fallback):
        """The class labels of each member and target, in the order of its columns.

        Parameters
        ----------
        fallback : list of array-like or None
            For each target, names for the columns of members that name none.

        Returns
        -------
        list of list of ndarray or None
            One list for each member, with one entry for each target.
        """
        return [_labels_of(member, fallback) for member in self.members]

    def log_probabilities(self, X, classes, fallback=None):
        """Log-probabilities of the weighted mean of the members.

        Parameters
        ----------
        X : array-like or frame of shape (n, n_features)
            Rows as the user gave them.
        classes : list of array-like or None
            For each target, labels in the order of the result's columns; None where no
            member names its columns.
        fallback : list of array-like or None, default=None
            Names for the columns of members that name none; by default `classes`.

        Returns
        -------
        list of ndarray of shape (n, n_classes)
            For each target, normalised; a class that no member knows has the floor.
        """
        labels = self.labels(classes if fallback is None else fallback)
        members = list(zip(self.members, labels, strict=True))
        answers = self.memory.asked(_class_answers, members, X)
        every = [
            [align(*each) for each in zip(parts, names, classes, strict=True)]
            for parts, names in zip(answers, labels, strict=True)
        ]
        if len(every) == 1:
            return every[0]
        with np.errstate(divide="ignore"):  # a weight of 0
            log_weights = np.log(self.weights)[:, None, None]
        return [
            log_softmax(np.logaddexp.reduce(np.stack(parts) + log_weights), axis=1)
            for parts in zip(*every, strict=True)
        ]

    def values(self, X):
        """Predictions of the weighted mean of the members, for regression.

        Parameters
        ----------
        X : array-like or frame of shape (n, n_features)
            Rows as the user gave them.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            Finite.
        """
        members = [(member,) for member in self.members]
        parts = self.memory.asked(_value_answer, members, X)
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


def fitted_clones(teacher, X, y, fit_params, memory=_KEEPS_NOTHING, first=0):
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
    memory : TeacherMemory, default=one that keeps nothing
        Where fitted clones are kept.
    first : int, default=0
        Position of the first among all members.

    Returns
    -------
    estimator or list of estimators
        Of the same form as `teacher`, fitted.
    """
    members = members_of(teacher)
    fitted = [
        memory.fitted(_fitted_clone, member, X, y, params, i)
        for i, (member, params) in enumerate(
            zip(members, fit_params, strict=True), first
        )
    ]
    return fitted if isinstance(teacher, list | tuple) else fitted[0]


def _fitted_clone(member, X, y, params):
    return clone(member).fit(*for_skorch(member, X, y), **params)


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
        kind = as_model(member).kind()
        if kind in {"classifier", "regressor"} and kind != wanted:
            raise ValueError(
                f"teacher={member!r} is a {kind}, and this student is a {wanted}: "
                f"give a {wanted} as teacher, or use the student for {kind}s. (Where it "
                "says so wrongly, give a function that asks it.)"
            )


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
        If a member says that it takes another number of columns, and X is not a frame
        that has those columns among others.
    """
    width = _num_features(X)
    for model in map(as_model, members_of(teacher)):
        wanted = model.width()
        if wanted not in (None, width) and model.rows(X) is X:
            raise ValueError(
                f"teacher={model!r} was fitted on {wanted} columns and X has {width}: "
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
    if (
        values.min(initial=0.0) < -_ROUNDING
        or np.abs(sums - 1).max() > _ROW_SUM_TOLERANCE
    ):
        raise ValueError(
            f"{name} must hold probabilities, each row summing to 1; the smallest "
            f"entry is {values.min():.3g} and rows sum to {sums.min():.3g} to "
            f"{sums.max():.3g}. Logits become probabilities by a softmax, scores of one "
            "class against all others by a division of each row by its sum; probabilities "
            "of several labels need y, or classes=[[0, 1], ...] with a pair for each."
        )
    return np.clip(values, 0.0, None) / sums[:, None]


def normalised(shares):
    """Rows divided by their sums.

    Parameters
    ----------
    shares : ndarray of shape (n, n_classes)
        Not negative; such as the probability of each class against all others.

    Returns
    -------
    ndarray of shape (n, n_classes)
        Rows that sum to 1: equal shares for a row of zeros, which speaks for no class.
    """
    total = shares.sum(axis=1, keepdims=True)
    equal = np.full(shares.shape, 1 / shares.shape[1])
    return np.divide(shares, total, out=equal, where=total > 0)


def check_finite(values, name, numbers=True):
    """A one- or two-dimensional float64 array without NaN or infinity.

    Parameters
    ----------
    values : array-like
        Outputs of some model.
    name : str
        What an error calls it.
    numbers : bool, default=True
        False: labels will do, and are not looked at.

    Returns
    -------
    ndarray of shape (n,) or (n, k)
        Float64.
    """
    if hasattr(values, "detach"):  # a tensor, perhaps with a gradient
        values = values.detach().cpu()
    values = np.asarray(plain_values(values), dtype=np.float64 if numbers else None)
    if values.ndim not in (1, 2):
        raise ValueError(f"{name} must be of shape (n,) or (n, k), not {values.shape}.")
    if numbers and not np.isfinite(values).all():
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


def by_label(answer, labels, name):
    """A frame's columns in the order of the labels that they name.

    Parameters
    ----------
    answer : array-like or frame of shape (n, k)
        Probabilities.
    labels : array-like of shape (n_classes,) or None
        The classes in order, where they are known.
    name : str
        What an error calls the answer.

    Returns
    -------
    array-like of shape (n, k)
        As it is, if it is no frame, or if its columns have other names.

    Raises
    ------
    ValueError
        If some columns name classes and others do not.
    """
    if is_arrow(answer):
        answer = answer.to_pandas()
    if not is_frame(answer) or labels is None:
        return answer
    if type(answer.columns).__name__ == "RangeIndex":  # pandas' numbers, no names
        return plain_values(answer)
    columns, wanted = list(map(_key, answer.columns)), list(map(_key, labels))
    if len(set(columns)) < len(columns) or len(set(wanted)) < len(wanted):
        columns, wanted = list(map(str, answer.columns)), list(map(str, labels))
    values = plain_values(answer)
    if not set(columns) & set(wanted):
        return values
    if len(columns) == 1 and len(wanted) == 2:
        return np.where(np.array(wanted) == columns[0], values, 1 - values)
    if sorted(columns) != sorted(wanted):
        raise ValueError(
            f"{name} is a frame with the columns {list(answer.columns)}, and the classes "
            f"are {np.asarray(labels).tolist()}: name each class, or none."
        )
    return values[:, [columns.index(label) for label in wanted]]


def _key(label):
    """What two labels are compared by: 1, 1.0, True and "1" are one class."""
    try:
        return str(float(label))
    except (TypeError, ValueError):
        return str(label)


def _labels_of(model, fallback):
    """Labels of each of its columns, for each target."""
    labels = model.labels()
    if fallback is None:
        return [labels]
    if isinstance(labels, list) and len(labels) != len(fallback):
        raise ValueError(
            f"teacher={model!r} predicts {len(labels)} targets at once, and y has "
            f"{len(fallback)}; a callable can return those probabilities that are wanted."
        )
    if labels is None or (len(fallback) > 1 and not isinstance(labels, list)):
        # classifiers of several labels number them in classes_, and each is 0 or 1
        return [None if names is None else np.asarray(names) for names in fallback]
    return labels if isinstance(labels, list) else [labels]


def _class_answers(model, X, labels):
    """Log-probabilities (n, n_labels) of one member, for each target."""
    rows = model.rows(X)
    if len(labels) > 1:
        _check_several(model, rows)
    only = labels[0] if len(labels) == 1 else None
    answer, scale = model.ask(rows, classify=True, labels=only)
    if len(labels) == 1:
        _check_single(model, rows, answer, scale)
    return [
        _log_probabilities(part, scale, names, model)
        for part, names in zip(split(answer, labels, model), labels, strict=True)
    ]


def _check_several(model, X):
    """Refuse a classifier of one target, whose two columns could be two targets."""
    if model.predicts_several(X) is False:
        raise ValueError(
            f"teacher={model!r} predicts one target, and y has several: fit it on all of "
            "them, for example in a MultiOutputClassifier."
        )


def _check_single(model, X, answer, scale):
    """Refuse several labels where one is wanted; rows that sum to 1 are of one."""
    if scale not in {SHARE, LOGIT} or np.ndim(answer) != 2 or np.shape(answer)[1] < 2:
        return
    off = np.abs(np.asarray(answer).sum(axis=1) - 1).max(initial=0.0)
    if (scale == LOGIT or off > _ROW_SUM_TOLERANCE) and model.predicts_several(X):
        raise ValueError(
            f"teacher={model!r} predicts several labels at once, and a single target is "
            "wanted: give y with a column for each label, or classes=[[0, 1], ...] with a "
            "pair for each."
        )


def split(answer, labels, source):
    """The answers for several targets, one by one.

    Parameters
    ----------
    answer : array-like or frame of shape (n, k), or list of these
        For a single target as it is. For several: a list with an array for each; one
        column for each, of its second class; or all their columns side by side.
    labels : list of array-like
        The classes of each target.
    source : object
        What an error names.

    Returns
    -------
    list of array-like
        One for each target.
    """
    if len(labels) == 1:
        one = isinstance(answer, list) and len(answer) == 1 and np.ndim(answer[0]) == 2
        return answer if one else [answer]
    if isinstance(answer, list | tuple):
        if len(answer) != len(labels):
            raise ValueError(
                f"{source} answers for {len(answer)} targets, and there are {len(labels)}."
            )
        return list(answer)
    answer = check_finite(answer, str(source), numbers=False)
    widths = [0 if names is None else len(names) for names in labels]
    width = 1 if answer.ndim == 1 else answer.shape[1]
    if width == len(labels):
        return list(answer.T)
    if width != sum(widths):
        raise ValueError(
            f"{source} answers with {width} columns for {len(labels)} targets of "
            f"{widths} classes: give a list with an array for each target, or all these "
            "columns side by side."
        )
    return np.split(answer, np.cumsum(widths)[:-1], axis=1)


def _log_probabilities(answer, scale, labels, model):
    """Log-probabilities (n, n_labels) of one target."""
    if scale == LABEL:
        _check_labels(answer, labels, model)
        answer = np.asarray(answer).reshape(len(answer), -1)[:, :1] == labels[None, :]
        return log_with_floor(answer.astype(np.float64))
    answer = by_label(answer, labels, f"the output of teacher={model!r}")
    answer = check_finite(answer, "teacher's output")
    if labels is not None and len(labels) == 1:  # a target of one class in training
        return np.zeros((len(answer), 1))
    if answer.ndim == 1 or answer.shape[1] == 1:
        second = answer.ravel()
        first = np.zeros_like(second) if scale == LOGIT else 1 - second
        answer = np.column_stack([first, second])
    if labels is not None and answer.shape[1] != len(labels):
        raise ValueError(
            f"teacher={model!r} answers with {answer.shape[1]} columns for "
            f"{len(labels)} classes {labels.tolist()!r}: name its columns, in their "
            "order, by `classes`."
        )
    if scale == LOGIT:
        return log_softmax(answer, axis=1)
    if scale == SHARE and answer.min(initial=0.0) >= -_ROUNDING:
        p = _from_shares(answer, model)
    else:
        p = class_probabilities(answer, "teacher's output")
    return log_with_floor(_smoothed(p, model.model))


def _from_shares(answer, model):
    """What a classifier calls probabilities, as rows that sum to 1."""
    sums = answer.sum(axis=1)
    least, most = _USUAL_SUMS
    if ((sums < least) | (sums > most)).any() and not model.has_warned:
        model.has_warned = True
        warn(
            f"teacher={model!r}: rows of what it calls probabilities sum to less than "
            f"{least} or more than {most}. They are normalised, as those of a one-vs-all "
            "model; a row of zeros becomes equal shares. If they are no probabilities, "
            "give a function that makes some of them.",
        )
    return normalised(np.clip(answer, 0.0, None))


def _value_answer(model, X):
    """Predictions (n, n_outputs) of one member."""
    answer, _ = model.ask(model.rows(X), classify=False)
    answer = check_finite(answer, "teacher's output")
    return answer.reshape(len(answer), -1)


def _check_labels(answer, labels, model):
    """What ``predict`` of a classifier returns must be labels that have a column."""
    if labels is None:
        raise ValueError(f"Name the labels that {model!r} predicts by `classes`.")
    answer = np.asarray(answer)
    is_column = answer.ndim == 1 or (answer.ndim == 2 and answer.shape[1] == 1)
    if not (is_column and np.isin(answer, labels).all()):
        raise ValueError(
            f"teacher={model!r} has only `predict`, and that returns something else "
            f"than the labels {labels.tolist()!r}. If it returns probabilities, give a "
            "function, such as teacher=model.predict, and name its columns by `classes`."
        )


def _smoothed(probabilities, member):
    """Laplace smoothing of votes: as if one more tree answered with equal shares."""
    votes = _n_votes(member)
    if not votes:
        return probabilities
    return (votes * probabilities + 1 / probabilities.shape[1]) / (votes + 1)


def _n_votes(member):
    """Number of trees whose mean the answer is; 0 where it is no such mean."""
    member = innermost(member)
    if isinstance(member, BaseForest):
        return len(member.estimators_)
    if not isinstance(member, BaggingClassifier):
        return 0
    trees = [isinstance(part, BaseDecisionTree) for part in member.estimators_]
    return len(trees) if all(trees) else 0
