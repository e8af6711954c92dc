"""The members of a teacher as the user gave them: their state, fits and limits."""

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import has_fit_parameter

from ..tables.containers import n_columns
from .dialects import as_model
from .memory import KEEPS_NOTHING
from .nets import for_skorch


class DroppedTeacher(BaseEstimator):
    """What stands in a pickled student for a teacher with ``keep_teacher=False``.

    Examples
    --------
    >>> from skdistill.teacher.members import DroppedTeacher
    >>> DroppedTeacher()
    DroppedTeacher()
    """

    def __sklearn_is_fitted__(self):
        """Return True: no meta-estimator is to fit it, or to set its parameters."""
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
            Always: it stands for a teacher that is gone.
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
    # Asked when a student is cloned, which is no place to refuse an empty list.
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


def check_weights(weights, n_members):
    """Shares of an ensemble's members.

    Parameters
    ----------
    weights : array-like of shape (n_members,) or None
        As the user gave them.
    n_members : int
        The number of members.

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


def fitted_clones(teacher, X, y, fit_params, memory=KEEPS_NOTHING, first=0):
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
        Position of the first one among all members.

    Returns
    -------
    estimator or list of estimators
        Fitted clones, in the same form as `teacher`.
    """
    members = members_of(teacher)
    fitted = [
        memory.fitted_clone(_fitted_clone, member, X, y, params, i)
        for i, (member, params) in enumerate(
            zip(members, fit_params, strict=True), first
        )
    ]
    return fitted if isinstance(teacher, list | tuple) else fitted[0]


# Sums of the largest floats overflow in scikit-learn's own checks of y; what comes of it is
# an error about the teacher's answers.
@np.errstate(over="ignore", invalid="ignore")
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
        True if ``fit`` has that argument.
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
    for model in map(as_model, members_of(teacher)):
        kind = model.kind()
        if kind in {"classifier", "regressor"} and kind != wanted:
            raise ValueError(
                f"teacher={model!r} is a {kind}, and this student is a {wanted}: "
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
    width = n_columns(X)
    for model in map(as_model, members_of(teacher)):
        wanted = model.width()
        # A model that picks its columns by name may know fewer than X has.
        # Texts in a list are one column to whoever was fitted on texts.
        if wanted not in (None, width or 1) and model.rows(X) is X:
            has = "is a list, as of texts" if width is None else f"has {width}"
            raise ValueError(
                f"teacher={model!r} was fitted on {wanted} columns and X {has}: "
                "give X as the teacher knows it, and the student's view of it as "
                "`preprocessor`."
            )
