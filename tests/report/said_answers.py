"""Answers that were said about some rows, as a report asks for them."""

import numpy as np

from skdistill.report.answers import Asked


def both(p):
    """Probabilities of two classes, from those of the second."""
    return np.column_stack([1 - p, p])


def asked_about(X, says, y=None, task="classes", classes=("No", "Yes"), **more):
    """What a report works with; models are functions of rows."""
    students = tuple(name for name in says if name not in ("teacher", "control"))
    says = {name: np.asarray(answers, dtype=float) for name, answers in says.items()}
    return Asked(task, X, y, classes, students, more.pop("models", {}), says, **more)


def asked_of(X, models, **more):
    """The same, of functions that answer."""
    says = {name: model(X) for name, model in models.items()}
    return asked_about(X, says, models=models, askers=models, **more)
