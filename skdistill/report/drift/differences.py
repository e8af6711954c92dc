"""Where two models' answers on the same rows differ."""

import numpy as np

from ...tables.gaps import check_no_gaps, plain_values


def differences(student, teacher, task, tolerance):
    """Say of each row whether the answers differ.

    Parameters
    ----------
    student, teacher : array-like of shape (n,) or (n, k)
        Classes or probabilities; probabilities or 0 and 1 of labels; values.
    task : {"classes", "labels", "values"}
        Which of them.
    tolerance : float or None
        Up to which values do not differ.

    Returns
    -------
    ndarray of shape (n,)
        1.0 where they do; of several labels the share of labels.

    Raises
    ------
    ValueError
        If shapes or kinds differ, or something is missing or not finite.
    """
    student, teacher = (
        _read(each, task, name)
        for each, name in ((student, "student_answers"), (teacher, "teacher_answers"))
    )
    if student.shape != teacher.shape or _are_numbers(student) != _are_numbers(teacher):
        raise ValueError(
            f"student_answers are {_described(student)} and teacher_answers "
            f"{_described(teacher)}: give both for the same rows, and of one kind."
        )
    if task == "values":
        return (np.abs(student - teacher) > tolerance).any(axis=1).astype(float)
    return (_decided(student, task) != _decided(teacher, task)).mean(axis=1)


def _read(answers, task, name):
    """Answers as (n, k), without gaps."""
    check_no_gaps(name, answers, "answer", "leave those rows out")
    answers = np.asarray(plain_values(answers))
    if answers.ndim not in (1, 2):
        raise ValueError(
            f"{name} must be of shape (n,) or (n, k), not {answers.shape}."
        )
    answers = answers[:, None] if answers.ndim == 1 else answers
    if task != "classes" or answers.shape[1] > 1:
        answers = answers.astype(np.float64)
    if answers.dtype.kind == "f":
        if not np.isfinite(answers).all():
            raise ValueError(f"{name} holds infinity: leave those rows out.")
        if task == "classes" and answers.shape[1] == 1 and (answers % 1 != 0).any():
            raise ValueError(
                f"{name}: give classes, or the probabilities of all of them side by side; "
                "of values, name the tolerance or task='values'."
            )
    return answers


def _decided(answers, task):
    if task == "labels":
        return answers >= 0.5
    return answers if answers.shape[1] == 1 else answers.argmax(axis=1)[:, None]


def _are_numbers(answers):
    return answers.dtype.kind in "biuf"


def _described(answers):
    kind = "numbers" if _are_numbers(answers) else "names"
    return f"{kind} of shape {answers.shape}"
