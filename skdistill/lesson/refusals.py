"""What cannot teach is refused before anything is asked or fitted."""

from ..teacher.members import DroppedTeacher, all_ready, any_ready
from .given import needs_teacher, teaches


def check(asking, given):
    """Refuse what cannot teach.

    Parameters
    ----------
    asking : Asking
        How the student asks.
    given : Given
        The arguments of fit, unvalidated.

    Raises
    ------
    ValueError
        If something lacks what it needs.
    """
    given.check(asking.teacher is not None)
    if isinstance(asking.teacher, DroppedTeacher):
        # Its `fit` raises, and names the remedy.
        asking.teacher.fit(given.X, given.y)
    has_teacher = teaches(given, asking.teacher)
    # An unfitted teacher would have to be fitted, on labels.
    if has_teacher and asking.teacher is not None and needs_teacher(given):
        has_teacher = all_ready(asking.teacher)
    if given.y is None and not (has_teacher and asking.alpha == 1):
        raise ValueError(
            f"{type(asking.owner).__name__} requires y to be passed, but the target y is "
            "None. Only a fitted teacher, or its outputs, together with alpha=1 "
            "teaches without labels."
        )
    # A control is fitted as usual, whatever is set for a teacher.
    if not asking.learns_softly(given):
        return
    if asking.chooses_alpha:
        _check_can_choose(asking, given)
    if asking.teacher_calibration is not None:
        _check_can_calibrate(asking, given)
    if asking.label_smoothing and asking.alpha == 1:
        raise ValueError(
            f"label_smoothing={asking.label_smoothing} has no effect with alpha=1, "
            "where labels do not count: leave it 0, or lower alpha."
        )


def _check_can_choose(asking, given):
    """Refuse to choose alpha where only labels that the teacher knows could do it."""
    is_known = given.y_val is not None or asking.is_out_of_fold(given)
    if is_known or asking.rehearses(given) or _must_be_fitted_first(asking):
        return
    if given.teacher_output is not None:
        why = (
            "teacher_output may be of a teacher that has seen y. If it is out-of-fold, "
            "say so by cv, such as cv=5, which then fits nothing; or"
        )
    elif asking.teacher is None:
        why = "only transfer rows have soft targets:"
    else:
        why = "the teacher is fitted, and may have seen y: set cv, such as cv=5, or"
    raise ValueError(
        'alpha="auto" chooses by labels of rows that the teacher has not seen, and '
        f"{why} give X_val and y_val, an unfitted teacher, or a number as alpha."
    )


def _must_be_fitted_first(asking):
    """Whether the teacher is not, which is said where it is asked."""
    is_fitted = asking.teacher is None or any_ready(asking.teacher)
    return asking.cv == "prefit" and not is_fitted


def _check_can_calibrate(asking, given):
    has_outputs = given.teacher_output is not None and given.y is not None
    is_asked = asking.teacher is not None
    crossed = is_asked and asking.fits_clones and given.teacher_output is None
    if not (has_outputs or crossed or (is_asked and given.y_val is not None)):
        raise ValueError(
            f"teacher_calibration={asking.teacher_calibration!r} needs labelled rows "
            "that the teacher has not seen: give X_val and y_val, or cv, such as cv=5, "
            "or y and the teacher's out-of-fold outputs as teacher_output."
        )
