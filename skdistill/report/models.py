"""Who is who in a report: students by name, their teacher, and the control."""

from sklearn.base import clone, is_regressor
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import Pipeline

from ..students.base import BaseStudent
from ..teacher.dialects import as_model
from ..teacher.members import DroppedTeacher, is_ready, members_of
from ..teacher.models import kind_of

TEACHER, CONTROL = "teacher", "control"


def named_students(student):
    """Students by name, each of them fitted.

    Parameters
    ----------
    student : estimator, or dict of str to estimator
        As the user gave it.

    Returns
    -------
    dict of str to estimator
        "student" for a single one.

    Raises
    ------
    ValueError
        If there is none, one is no estimator, or is called as another model is.
    NotFittedError
        If one is not fitted.
    """
    if isinstance(student, list | tuple):
        raise ValueError(
            "student is a list: give several students as a dict, by name, such as "
            '{"tree": tree, "net": net}.'
        )
    students = student if isinstance(student, dict) else {"student": student}
    taken = sorted({TEACHER, CONTROL} & set(students))
    if not students or taken or not all(isinstance(name, str) for name in students):
        raise ValueError(
            f"student={list(students)!r} must be a fitted student, or a dict of them by "
            f"name, other than {TEACHER!r} and {CONTROL!r}."
        )
    for name, model in students.items():
        if not hasattr(model, "predict"):
            raise ValueError(
                f"student {name!r}, {kind_of(model)}, has no `predict`: give a fitted "
                "estimator."
            )
        check_fitted(model, f"student {name!r}")
    return dict(students)


def check_fitted(model, who, rows="X_test"):
    """Refuse a model that cannot answer yet.

    Parameters
    ----------
    model : object
        Or a list of them.
    who : str
        What the error calls it.
    rows : str, default="X_test"
        The rows that it is to be asked about.

    Raises
    ------
    NotFittedError
        If it, or a member of it, is not fitted.
    """
    if not all(map(is_ready, members_of(model))):
        raise NotFittedError(
            f"{who}, {kind_of(model)}, is not fitted: fit it first, on rows other than "
            f"those of {rows}."
        )


def inner(model):
    """The student inside a search or a pipeline, and the fitted steps before it.

    Parameters
    ----------
    model : estimator
        Fitted.

    Returns
    -------
    model : estimator
        The innermost one.
    before : list of transformer
        Through which rows go to it.
    """
    if hasattr(model, "best_estimator_"):
        return inner(model.best_estimator_)
    if not isinstance(model, Pipeline):
        return model, []
    last, before = inner(model.steps[-1][1])
    return last, [*(step for _, step in model.steps[:-1]), *before]


def through(steps, X):
    """Rows after some fitted transformers.

    Parameters
    ----------
    steps : list of transformer
        Fitted, or "passthrough".
    X : array-like or frame of shape (n, n_features)
        Rows as the user gave them.

    Returns
    -------
    array-like or frame
        X itself without steps.
    """
    for step in steps:
        X = X if step is None or step == "passthrough" else step.transform(X)
    return X


def the_teacher(students, teacher):
    """The teacher, how its members count, and the steps before it.

    Parameters
    ----------
    students : dict of str to estimator
        Fitted.
    teacher : object, list of objects or None
        As the user gave it; None for that of the students.

    Returns
    -------
    teacher : object or list of objects
        Fitted.
    weights : array-like or None
        Shares of the members of a list.
    before : list of transformer
        A student in a pipeline has asked its teacher about rows that came through these.

    Raises
    ------
    ValueError
        If there is none, or the students have several.
    """
    if teacher is not None:
        check_fitted(teacher, "teacher")
        return teacher, None, []
    found = [inner(model) for model in students.values()]
    held = [getattr(student, "teacher_", None) for student, _ in found]
    if any(each is None or isinstance(each, DroppedTeacher) for each in held):
        raise ValueError(
            "There is no teacher to compare with: a student has no teacher_, as after "
            "keep_teacher=False, after a fit from teacher_output, and of a model that had "
            "none. Give the fitted one as teacher=."
        )
    if any(each is not held[0] for each in held):
        raise ValueError(
            "The students hold teachers that are not one and the same object: give that "
            "which all are to be compared with as teacher=."
        )
    student, before = found[0]
    return held[0], getattr(student, "teacher_weights", None), before


def the_control(students, control, X_train, y_train):
    """The same without a teacher: as the user gave it, or fitted now.

    Parameters
    ----------
    students : dict of str to estimator
        Fitted; the control is that of the first.
    control : estimator, "fit" or None
        As the user gave it.
    X_train, y_train : array-like or None
        What the control is fitted on.

    Returns
    -------
    estimator or None
        Fitted.

    Raises
    ------
    ValueError
        If it is to be fitted, and there is nothing to fit it on.
    """
    if control is None:
        return None
    if not isinstance(control, str):
        check_fitted(control, "control")
        _check_kind(control, next(iter(students.values())))
        return control
    if control != "fit" or X_train is None or y_train is None:
        raise ValueError(
            f'control={control!r}: give a fitted model, None, or "fit", which fits the '
            "student without its teacher and needs X_train and y_train."
        )
    model = next(iter(students.values()))
    model = getattr(model, "best_estimator_", model)
    if not isinstance(inner(model)[0], BaseStudent):
        raise ValueError(
            f'control="fit" is for students of skdistill, and not for {kind_of(model)}: '
            "give a fitted control."
        )
    return _without_teacher(model).fit(X_train, y_train)


def _check_kind(control, student):
    kinds = "classifier", "regressor"
    kind, wanted = as_model(control).kind(), kinds[is_regressor(student)]
    if kind in kinds and kind != wanted:
        raise ValueError(
            f"control={kind_of(control)} is a {kind}, and the student is a {wanted}: give "
            f"as control a {wanted} that was fitted on the same labels."
        )


def _without_teacher(model):
    """A clone that learns from labels alone, and stops before it learns them by heart."""
    twin = clone(model)
    last = inner(twin)[0]
    options = {"teacher": None, "teacher_weights": None}
    # Without it the control of a net is worse than it need be, and the gain too large.
    if "early_stopping" in last.get_params(deep=False):
        options["early_stopping"] = True
    last.set_params(**options)
    return twin
