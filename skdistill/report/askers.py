"""How each model is asked, so that all answer in one layout."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import is_classifier

from ..students.base import BaseStudent
from ..tables.containers import n_columns
from ..tasks.classes import union_of_classes
from ..teacher.ensemble import Teacher
from ..teacher.members import check_kind
from ..teacher.memory import KEEPS_NOTHING, TeacherMemory
from ..teacher.models import AS_FITTED, kind_of
from ..teacher.probabilities import align, check_finite, log_with_floor
from .models import CONTROL, TEACHER, inner, through

CLASSES, LABELS, VALUES, QUANTILES = "classes", "labels", "values", "quantiles"


@dataclass(frozen=True)
class Layout:
    """What the columns of answers are.

    Attributes
    ----------
    task : {"classes", "labels", "values", "quantiles"}
        What answers are.
    classes : list of ndarray or None
        For each target its classes; None for values.
    quantiles : tuple of float
        The levels, of quantiles.
    unnamed : list of ndarray or None
        What columns without a name stand for.
    """

    task: str
    classes: list[np.ndarray] | None = None
    quantiles: tuple[float, ...] = ()
    unnamed: list[np.ndarray] | None = None

    def with_labels(self, *groups):
        """The same, with more classes of the only target.

        Parameters
        ----------
        *groups : array-like or None
            Labels.

        Returns
        -------
        Layout
            Itself, where the task is another.
        """
        if self.task != CLASSES:
            return self
        return replace(self, classes=[union_of_classes(self.classes[0], *groups)])


@dataclass(frozen=True)
class Asker:
    """Asks one model.

    Attributes
    ----------
    name : str
        Of the model.
    model : object
        Fitted.
    layout : Layout
        In which it is to answer.
    weights : array-like or None
        Shares of the members of a list.
    before : list of transformer
        Through which rows go to it.
    memory : TeacherMemory
        How long passes are made.
    """

    name: str
    model: Any
    layout: Layout
    weights: Any = None
    before: tuple = ()
    memory: TeacherMemory = KEEPS_NOTHING

    @property
    def is_own(self):
        """Whether it is asked as a student, by its own methods."""
        # numpydoc ignore=RT01
        return self.name != TEACHER and isinstance(inner(self.model)[0], BaseStudent)

    def labels(self):
        """What classes the model knows.

        Returns
        -------
        list of ndarray
            Of each member of an ensemble, for the only target; none for other tasks.
        """
        if self.layout.task != CLASSES:
            return []
        if self.is_own:
            return [np.asarray(self.model.classes_)]
        return [names for (names,) in self._uniform().labels(self.layout.unnamed)]

    def __call__(self, X):
        """Ask about rows.

        Parameters
        ----------
        X : array-like or frame of shape (n, n_features)
            Rows.

        Returns
        -------
        ndarray
            Probabilities (n, n_classes) or (n, n_labels), values (n, n_targets) or
            quantiles (n, n_targets, n_quantiles).

        Raises
        ------
        ValueError
            If it cannot answer, or answers with NaN.
        """
        try:
            return self._own(X) if self.is_own else self._other(X)
        except Exception as error:  # of whatever library the model is
            raise ValueError(self._refusal(error)) from error

    def _own(self, X):
        layout = self.layout
        if layout.classes is None:
            return self._values(check_finite(self.model.predict(X), "its answer"))
        p = check_finite(self.model.predict_proba(X), "its answer")
        if layout.task == LABELS:
            return p
        return np.exp(align(log_with_floor(p), self.model.classes_, layout.classes[0]))

    def _other(self, X):
        layout = self.layout
        X, uniform = through(self.before, X), self._uniform()
        _check_width(uniform, X)
        if layout.classes is None:
            return self._values(uniform.values(X))
        answers = uniform.log_probabilities(X, layout.classes, layout.unnamed)
        if layout.task == LABELS:
            return np.exp(np.column_stack([log_p[:, 1] for log_p in answers]))
        return np.exp(answers[0])

    def _uniform(self):
        return Teacher.of(self.model, self.weights, self.memory)

    def _values(self, values):
        values, levels = values.reshape(len(values), -1), self.layout.quantiles
        if not levels:
            return values
        if values.shape[1] != len(levels):
            raise ValueError(
                f"it answers with {values.shape[1]} columns, and a student with the "
                f"quantiles {list(levels)}."
            )
        return np.sort(values, axis=1)[:, None, :]  # those of a teacher may cross

    def _refusal(self, error):
        kind = kind_of(self.model)
        if self.name == TEACHER:
            return (
                f"teacher={kind} cannot answer for X_test: {_ended(error)} It is given the "
                f"rows as they are: they must have {AS_FITTED}. Or give as teacher= one "
                "that takes these rows, such as a pipeline."
            )
        who = self.name if self.name == CONTROL else f"student {self.name!r}"
        why = _ended(error).replace("teacher's output", "its answer")
        return (
            f"{who} ({kind}) cannot answer for X_test: {why} The rows must have "
            f"{AS_FITTED}."
        )


def _ended(error):
    """The words of an error, as a sentence: those of other libraries have no full stop."""
    words = str(error).strip()
    return words if words.endswith((".", "!", "?")) else f"{words}."


def _check_width(teacher, X):
    """Refuse other columns, which some libraries take without a word."""
    width = n_columns(X)
    for member in teacher.members:
        wanted = member.width()
        # One that picks its columns by name may know fewer; texts are one column.
        if wanted not in (None, width or 1) and member.rows(X) is X:
            raise ValueError(
                f"it was fitted on {wanted} columns, and these rows have {width or 1}."
            )


def layout_of(students, y):
    """What students answer with.

    Parameters
    ----------
    students : dict of str to estimator
        Fitted.
    y : ndarray or None
        Labels.

    Returns
    -------
    Layout
        With the classes that students know.

    Raises
    ------
    ValueError
        If students are of several tasks, or of several targets of classes.
    """
    found = {name: _layout(model, y) for name, model in students.items()}
    first = next(iter(found.values()))
    for name, each in found.items():
        same = each.task == first.task and each.quantiles == first.quantiles
        if not same or (
            first.task == LABELS and len(each.classes) != len(first.classes)
        ):
            raise ValueError(
                f"student {name!r} answers with other {each.task} than the first student "
                f"with {first.task}: make a report for each."
            )
    if first.task != CLASSES:
        return first
    return first.with_labels(*(each.classes[0] for each in found.values()))


def _layout(model, y):
    student = inner(model)[0]
    if not is_classifier(model):
        levels = getattr(student, "quantiles", None)
        if levels is None:
            return Layout(VALUES)
        return Layout(QUANTILES, quantiles=tuple(sorted(map(float, levels))))
    labels = _n_labels(model, student, y)
    if labels:
        pairs = [np.array([0, 1])] * labels
        return Layout(LABELS, pairs, unnamed=pairs)
    named = getattr(student, "classes", None)
    named = np.asarray(model.classes_ if named is None else named)
    return Layout(CLASSES, [np.asarray(model.classes_)], unnamed=[named])


def _n_labels(model, student, y):
    """Number of labels; 0 for classes of one target."""
    if isinstance(model.classes_, list):
        if not all(np.array_equal(each, [0, 1]) for each in model.classes_):
            raise ValueError(
                f"student={kind_of(model)} predicts {len(model.classes_)} targets of "
                "classes, and a report is about one target, or about several labels of 0 "
                "and 1: fit a student for each target."
            )
        return len(model.classes_)
    is_own = isinstance(student, BaseStudent)
    several = student.is_multilabel() if is_own else y is not None and y.ndim == 2
    return len(model.classes_) if several else 0


def askers_of(models, layout, weights, before, memory=KEEPS_NOTHING):
    """Ways to ask each model.

    Parameters
    ----------
    models : dict of str to object
        Fitted; the teacher is among them.
    layout : Layout
        Of the students.
    weights : array-like or None
        Shares of the teacher's members.
    before : list of transformer
        Through which rows go to the teacher.
    memory : TeacherMemory, default=one that keeps nothing
        How long passes are made.

    Returns
    -------
    dict of str to Asker
        In one layout, with the classes that any of them knows.

    Raises
    ------
    ValueError, TypeError
        If the teacher is of another kind.
    """
    kind = "regressor" if layout.classes is None else "classifier"
    check_kind(models[TEACHER], kind)
    askers = {
        name: Asker(name, model, layout, memory=memory)
        for name, model in models.items()
    }
    asker = replace(askers[TEACHER], weights=weights, before=tuple(before))
    askers[TEACHER] = asker
    known = [labels for asker in askers.values() for labels in asker.labels()]
    layout = layout.with_labels(*known)
    return {name: replace(asker, layout=layout) for name, asker in askers.items()}
