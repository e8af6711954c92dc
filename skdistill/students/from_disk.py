"""The branch of `fit` for rows on disk: in memory where they fit, else sample and stream.

A sample goes the way of any rows in memory: it says what the task is, how a net begins,
which rows are watched. Then what all rows say takes the place of what the sample said, and
nets are trained on all of them.
"""

import copy
from dataclasses import replace
from functools import partial
from os import PathLike
from pathlib import Path

from ..disk.rows import ParquetRows
from ..lesson.given import teaches
from ..lesson.outputs_of_rows import OutputsOfRows
from ..lesson.stream import Stream
from ..lesson.survey import Reading, surveyed
from ..tables.view import reads_tables
from ..teacher.members import all_ready
from ..warn import warn


def taken_from_disk(student, given):
    """The arguments of fit with rows in memory, and the survey of those on disk.

    Parameters
    ----------
    student : BaseStudent
        Who learns.
    given : Given
        The arguments of fit.

    Returns
    -------
    given : Given
        X is a frame of all rows, if they fit in memory, or of a sample.
    survey : Survey or None
        None where there is no more to be learnt than X.
    """
    given = _with_exam_in_memory(student, given)
    if not isinstance(given.X, ParquetRows):
        return given, None
    _check_arguments(given)
    rows = given.X.opened()
    outputs = None
    if given.teacher_output is not None:
        outputs = OutputsOfRows(given.teacher_output, rows)
    streams = student._streams and not rows.fits_in_memory
    if streams:
        _check_can_stream(student, given)
    elif not rows.fits_in_memory and given.X.max_rows is None:
        warn(
            f"{type(student).__name__} learns from a sample of {rows.max_rows} of the "
            f"{rows.n_rows} rows. Give ParquetRows `max_rows`: as many as memory holds, "
            "or this number, which is then no news."
        )
    has_view = streams and reads_tables(student.preprocessor)
    survey = surveyed(rows, given, outputs, _reading(student, "y"), has_view)
    _check_unlabelled(student, survey, given)
    draws = student.transfer not in (None, "auto")
    if streams and draws and survey.n_labelled < rows.n_rows:
        raise ValueError(
            f"transfer={student.transfer!r} draws rows, and some rows of {given.X!r} are "
            "transfer rows already, which have no target: take None."
        )
    return survey.given, survey if streams else None


def _with_exam_in_memory(student, given):
    """X_val on disk, read; or a sample of it."""
    if not isinstance(given.X_val, ParquetRows):
        return given
    if given.y_val is not None:
        raise ValueError("y_val: ParquetRows as X_val names its `target` itself.")
    rows = given.X_val.opened()
    bare = replace(given, teacher_output=None)
    exam = surveyed(rows, bare, None, _reading(student, "y_val"), False).given
    return replace(given, X_val=exam.X, y_val=exam.y)


def _reading(student, name):
    def rows(X):
        # What the first rows set is set on a copy.
        return copy.copy(student)._read_rows(X, reset=True)

    targets = partial(student._check_targets, name=name, learns=False)
    return Reading(student._estimator_type, rows, targets)


def _check_unlabelled(student, survey, given):
    """Refuse them where nobody teaches, even if the sample has none of them."""
    n = survey.rows.n_rows - survey.n_labelled
    if n and not teaches(given, student.teacher):
        raise ValueError(
            f"{n} rows of {given.X!r} have no labels: give a teacher, or teacher_output, "
            "or leave these rows out."
        )


def _check_arguments(given):
    held = {"y": given.y, "sample_weight": given.sample_weight, "groups": given.groups}
    names = [name for name, value in held.items() if value is not None]
    if names:
        raise ValueError(
            f"{names} cannot be given beside ParquetRows, which names the columns of the "
            "labels (`target`) and of the weights (`weight`)."
        )
    if not isinstance(given.teacher_output, str | PathLike | None):
        raise TypeError(
            "teacher_output for ParquetRows is a folder that soft_targets(teacher, rows, "
            "out=folder) wrote about the same files."
        )


def _check_can_stream(student, given):
    asking, scratch = student._asking(), given.X.scratch
    if scratch is not None and not Path(scratch).is_dir():
        raise FileNotFoundError(f"scratch={str(scratch)!r} is no folder.")
    why = None
    if asking.fits_clones:
        why = f"cv={student.cv!r} fits clones of the teacher"
    elif (
        student.teacher is not None
        and asking.learns_softly(given)
        and given.teacher_output is None
        and not all_ready(student.teacher)
    ):
        why = "teacher is not fitted, and would have to be"
    if why is not None:
        raise ValueError(
            f"{why}, which needs all rows in memory: take a fitted teacher, or its "
            "outputs, and none of this; or raise `max_rows` of ParquetRows."
        )


def asking_of(student, survey):
    """How the student asks its teacher, where a survey knows more than a sample.

    Parameters
    ----------
    student : BaseStudent
        Who learns.
    survey : Survey or None
        Of the rows on disk.

    Returns
    -------
    Asking
        As the student's parameters say where there is none.
    """
    asking = student._asking()
    if survey is None:
        return asking
    # Many rows by themselves.
    is_automatic = isinstance(asking.transfer, str) and asking.transfer == "auto"
    return replace(
        asking,
        transfer=None if is_automatic else asking.transfer,
        # A teacher whose clones are wanted was refused before.
        cv=None if isinstance(asking.cv, str) and asking.cv == "auto" else asking.cv,
        class_weight=survey.balanced(asking.class_weight),
    )


def taught_by_all(student, survey, asking, answers, lesson):
    """The lesson of a sample, and after it the stream of all rows.

    Parameters
    ----------
    student : BaseStudent
        Who has been prepared on the sample; what it knows of all rows is corrected.
    survey : Survey or None
        Of the rows on disk.
    asking : Asking
        From ``asking_of``.
    answers : Answers
        About the sample.
    lesson : Lesson
        Of the sample.

    Returns
    -------
    Lesson
        The same where there is no survey.
    """
    if survey is None:
        return lesson
    if not student._continues():
        if answers.task.kind == "regressor":
            answers.task.unit = survey.unit(answers.task)
        if survey.view is not None:
            survey.correct(student.preprocessor_)
            student._takes_gaps = student._takes_gaps or survey.view.has_gaps()
    stream = Stream(
        survey,
        lambda X: student._read_rows(X, reset=False),
        lambda y: student._check_targets(y, learns=False),
        lambda given: asking.weighed(given, answers),
    )
    return replace(lesson, stream=stream)
