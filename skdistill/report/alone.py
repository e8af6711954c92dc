"""A student without its teacher: what is shipped, and what explains its answers."""

import copy

from sklearn.pipeline import Pipeline

from ..students.base import BaseStudent


def without_teacher(model):
    """Leave out the teacher that a student has kept.

    Parameters
    ----------
    model : estimator
        A fitted student, or a pipeline or a search that ends in one; not changed.

    Returns
    -------
    estimator
        A shallow copy, that of the best model of a search; other models as they are.
    """
    if hasattr(model, "best_estimator_"):
        return without_teacher(model.best_estimator_)
    if isinstance(model, Pipeline):
        *before, (name, last) = model.steps
        twin = copy.copy(model)
        twin.steps = [*before, (name, without_teacher(last))]
        return twin
    if not isinstance(model, BaseStudent):
        return model
    twin = copy.copy(model)
    twin.keep_teacher = False
    vars(twin).pop("teacher_", None)
    return twin
