"""A lesson of a teacher that is fitted on a part of the rows: the rest can judge it."""

from dataclasses import replace

import numpy as np
from sklearn.base import clone
from sklearn.utils import check_random_state

from ..lesson.knowledge import hold_out
from ..lesson.trust import ALPHA, HELD_OUT
from ..tables.containers import rows_of
from .reading import read_weight


def rehearsal(student, given, lesson):
    """What a student would learn if it, and its teacher, had a part of the rows only.

    Parameters
    ----------
    student : BaseStudent
        Whose unfitted teacher has been fitted on all rows; it is not changed.
    given : Given
        The arguments of fit.
    lesson : Lesson
        Of all rows.

    Returns
    -------
    learner : Learner
        Of a clone of the student.
    lesson : Lesson
        The rows that are left out are its X_val.
    """
    y = student._check_targets(given.y)
    weight = read_weight(given.sample_weight, len(y))
    weight = np.ones(len(y)) if weight is None else weight
    random = check_random_state(student.random_state)
    strata = lesson.task.strata(lesson.knowledge)
    kept, held = hold_out(strata, HELD_OUT, random, weight, ALPHA)
    part = replace(
        given,
        X=rows_of(given.X, kept),
        y=y[kept],
        sample_weight=None if given.sample_weight is None else weight[kept],
        groups=None,  # of folds, and there are none
        X_val=rows_of(given.X, held),
        y_val=y[held],
    )
    twin = clone(student)
    rehearsed = twin._prepare(part)
    weight = rehearsed.exam.hard_weight * weight[held]
    exam = replace(rehearsed.exam, soft_weight=weight, hard_weight=weight)
    return twin._learner(), replace(rehearsed, exam=exam)
