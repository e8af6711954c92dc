"""Whether a teacher can be pickled: an error that names it, before a pickler's own."""

import pickle
import sys

import numpy as np

from .libraries import is_from
from .members import members_of

_LONGEST = 200  # letters of a teacher's repr in an error
# Parts of the names of modules that copy or hash objects, or pickle functions by content.
_TAKE_MORE = {"cloudpickle", "copy", "dill", "fingerprint", "hashing"}


def check_can_be_pickled(teacher):
    """Refuse a teacher of which some part cannot be pickled, such as a lambda.

    Nothing is refused where a pickler is at work that takes functions by content, such as
    cloudpickle, which joblib's workers use; nor while something is copied.

    Parameters
    ----------
    teacher : object, list of objects or None
        What a student holds.

    Raises
    ------
    pickle.PicklingError
        If it cannot be pickled; the message names the member, and says what to do.
    """
    if teacher is None or _more_is_taken():
        return
    for member in members_of(teacher):
        try:
            _Trial(_Nowhere()).dump(member)
        except Exception as error:  # whatever an object raises when it is asked
            name = " ".join(repr(member).split())
            name = name if len(name) <= _LONGEST else name[: _LONGEST - 3] + "..."
            raise pickle.PicklingError(
                f"teacher={name} cannot be pickled ({error}). A fitted student is pickled "
                "without its teacher after student.set_params(keep_teacher=False)."
            ) from error


class _Nowhere:
    def write(self, data):
        return len(data)


class _Trial(pickle.Pickler):
    """Passes over what can be pickled for sure and would take long."""

    def reducer_override(self, value):
        is_long = (
            (isinstance(value, np.ndarray) and not value.dtype.hasobject)
            or is_from(value, "torch", "Tensor")
            or is_from(value, "lightgbm", "Booster")
            or is_from(value, "xgboost", "Booster")
        )
        return (bool, ()) if is_long else NotImplemented


def _more_is_taken():
    """Whether a caller is of a module that takes more than a plain pickle does."""
    frame = sys._getframe(1)
    while frame is not None:
        if _TAKE_MORE.intersection(frame.f_globals.get("__name__", "").split(".")):
            return True
        frame = frame.f_back
    return False
