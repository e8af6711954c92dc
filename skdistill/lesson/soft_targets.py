"""A fitted teacher's softened answers, for users and for searches of other kinds."""

from numbers import Integral, Real
from os import PathLike

import numpy as np
from sklearn.exceptions import NotFittedError
from sklearn.utils._param_validation import HasMethods, Interval, validate_params

from ..tasks.classes import given_classes, union_of_classes
from ..teacher.calibration import tempered
from ..teacher.ensemble import Teacher
from ..teacher.members import all_ready, check_width
from ..teacher.memory import TeacherMemory


@validate_params(
    {
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "classes": ["array-like", None],
        "teacher_weights": ["array-like", None],
        "memory": [str, PathLike, HasMethods(["cache"]), None],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def soft_targets(
    teacher,
    X,
    temperature=1.0,
    *,
    classes=None,
    teacher_weights=None,
    memory=None,
    n_jobs=None,
    verbose=0,
):
    """Ask a fitted teacher for its softened answers.

    The distribution over the classes is ``softmax(logits / temperature)`` [1]_. Where
    the teacher answers with probabilities p, this is p to the power 1 / temperature,
    normalised; exact zeros have a floor, and a forest's votes are smoothed as if one
    more tree had answered with equal shares.

    Parameters
    ----------
    teacher : object or list of objects
        Fitted estimator, torch module (logits), callable (probabilities), or a list of
        such; it is not changed.
    X : array-like of shape (n, n_features)
        Rows as the teacher knows them.
    temperature : float, default=1.0
        Above 1 softens, below 1 sharpens. Of no meaning, and refused, for regressors.
    classes : array-like of shape (n_classes,), or list of these, default=None
        Order of the result's columns, and names for the columns of teachers without
        ``classes_``. By default, those of the teacher. A list with one array for each of
        several targets.
    teacher_weights : array-like of shape (n_teachers,), default=None
        Shares of the members of a list.
    memory : str, path, joblib.Memory or None, default=None
        Keeps the answers, 10,000 rows at a time, under the content of teacher and rows: a
        pass that was cut short goes on where it stopped, and is not made twice.
    n_jobs : int, default=None
        Number of parts of 10,000 rows that are computed at once, in threads.
    verbose : int, default=0
        1 shows a progress bar for more than 10,000 rows.

    Returns
    -------
    ndarray of shape (n, n_classes) or (n, n_outputs), or list of ndarray
        Probabilities whose rows sum to 1, in a list with one array for each target if
        there are several; a regressor's predictions as they are.

    Raises
    ------
    ValueError
        If the teacher is not fitted or cannot answer for these rows or classes.

    References
    ----------
    .. [1] Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network, 2015.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skdistill import soft_targets
    >>> teacher = LogisticRegression().fit([[0], [1], [2], [3]], [0, 0, 1, 1])
    >>> soft_targets(teacher, [[3.0]]).round(2)
    array([[0.19, 0.81]])
    >>> soft_targets(teacher, [[3.0]], temperature=4).round(2)
    array([[0.41, 0.59]])
    """
    if not all_ready(teacher):
        raise NotFittedError(f"teacher={teacher!r} is not fitted; fit it first.")
    check_width(teacher, X)
    memory = TeacherMemory(memory, n_jobs, verbose)
    fitted = Teacher.of(teacher, teacher_weights, memory)
    if any(model.kind() == "regressor" for model in fitted.members):
        if temperature != 1:
            raise ValueError(
                f"temperature={temperature} has no meaning for a regressor: leave it 1."
            )
        return fitted.values(X)
    answers = fitted.log_probabilities(X, *_columns_of(fitted, classes))
    soft = [np.exp(tempered(log_p, temperature, [log_p.shape[1]])) for log_p in answers]
    return soft if len(soft) > 1 else soft[0]


def _columns_of(teacher, classes):
    """For each target, the classes of the answer, and names for unnamed columns."""
    given = given_classes(classes)
    labels = [model.labels() for model in teacher.members]
    if given is None:
        named = [each for each in labels if each is not None]
        if not named:
            return [None], [None]
        lists = [each if isinstance(each, list) else [each] for each in named]
        return [union_of_classes(*group) for group in zip(*lists, strict=True)], None
    columns = [
        union_of_classes(*group)
        for group in zip(given, *teacher.labels(given), strict=True)
    ]
    pairs = zip(columns, given, strict=True)
    # The user's order; the sorted one where teachers know more classes than the user
    # names.
    return [names if len(names) == len(all_) else all_ for all_, names in pairs], given
