"""What the models say about the same rows, in one layout; and about other rows."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..tables.containers import rows_of
from ..teacher.memory import KEEPS_NOTHING
from .askers import CLASSES, LABELS, askers_of, layout_of
from .models import CONTROL, TEACHER, the_teacher
from .targets import encoded, target_names, with_labels_of

_HALF = 0.5


@dataclass(frozen=True)
class Asked:
    """Rows, and what each model says about them.

    Attributes
    ----------
    task : {"classes", "labels", "values", "quantiles"}
        What answers are.
    X : array-like or frame of shape (n, n_features)
        The rows as they were given.
    y : ndarray or None
        Codes (n,) of classes, 0 or 1 (n, n_labels), or values (n, n_targets).
    classes : tuple of str
        Names of the classes, labels or targets.
    students : tuple of str
        Names of those among the models that are students.
    models : dict of str to object
        Fitted; "teacher", and "control" where there is one, are among them.
    says : dict of str to ndarray
        Of each model probabilities (n, n_classes) or (n, n_labels), values
        (n, n_targets), or quantiles (n, n_targets, n_quantiles).
    quantiles : tuple of float
        The levels, of quantiles.
    labels : ndarray or None
        The classes as y has them.
    askers : dict of str to callable
        Each takes rows and returns what the model says of them.
    controlled : tuple of str
        The students whose control "control" is: the others are of other kinds.
    """

    task: str
    X: Any
    y: np.ndarray | None
    classes: tuple[str, ...]
    students: tuple[str, ...]
    models: dict[str, object]
    says: dict[str, np.ndarray]
    quantiles: tuple[float, ...] = ()
    labels: Any = None
    askers: dict[str, Any] = field(default_factory=dict, repr=False)
    controlled: tuple[str, ...] = ()

    def __len__(self):
        return len(next(iter(self.says.values())))

    @property
    def names(self):
        """The models in the order in which they are shown: teacher, students, control."""
        # numpydoc ignore=RT01
        others = (TEACHER, *self.students, CONTROL)
        return tuple(name for name in others if name in self.says)

    def ask(self, name, X):
        """Ask one model about other rows.

        Parameters
        ----------
        name : str
            Of the model.
        X : array-like or frame of shape (m, n_features)
            Rows of the same columns.

        Returns
        -------
        ndarray
            In the layout of ``says``.

        Raises
        ------
        ValueError
            If the model cannot answer, or answers with NaN; it says which model.
        """
        return self.askers[name](X)

    def decisions(self, name):
        """What a model decides for.

        Parameters
        ----------
        name : str
            Of the model.

        Returns
        -------
        ndarray
            Codes (n,) of classes, 0 or 1 (n, n_labels); of values, the values.
        """
        return decided(self.task, self.says[name])

    def take(self, index):
        """Some of the rows.

        Parameters
        ----------
        index : ndarray of int or bool
            Positions of the rows, or a mask.

        Returns
        -------
        Asked
            The same models about these rows.
        """
        return replace(
            self,
            X=rows_of(self.X, index),
            y=None if self.y is None else self.y[index],
            says={name: answers[index] for name, answers in self.says.items()},
        )


def decided(task, says):
    """Decisions of answers.

    Parameters
    ----------
    task : str
        As in ``Asked``.
    says : ndarray
        Probabilities, values or quantiles.

    Returns
    -------
    ndarray
        As ``Asked.decisions`` returns them.
    """
    if task == CLASSES:
        return says.argmax(axis=1)
    # At a half scikit-learn's classifiers say 0, which comes first.
    return (says > _HALF).astype(np.int64) if task == LABELS else says


def ask_all(
    students, X, y=None, teacher=None, control=None, names=(), memory=KEEPS_NOTHING
):
    """Ask students, their teacher and perhaps a control about the same rows.

    Parameters
    ----------
    students : dict of str to estimator
        Fitted, as ``named_students`` returns them.
    X : array-like or frame of shape (n, n_features)
        Rows.
    y : ndarray of shape (n,) or (n, n_targets), default=None
        Their labels or values, as ``read_targets`` returns them.
    teacher : object or list of objects, default=None
        Fitted; None for that of the students.
    control : estimator, default=None
        Fitted.
    names : sequence of str, default=()
        Of labels or targets.
    memory : TeacherMemory, default=one that keeps nothing
        How long passes are made.

    Returns
    -------
    Asked
        What they say.

    Raises
    ------
    ValueError
        If there is no teacher, or a model cannot answer for these rows.
    """
    teacher, weights, before = the_teacher(students, teacher)
    models = {**students, TEACHER: teacher}  # other columns are the students' to refuse
    models |= {} if control is None else {CONTROL: control}
    layout = with_labels_of(y, layout_of(students, y))
    askers = askers_of(models, layout, weights, before, memory)
    layout = askers[TEACHER].layout
    says = {name: asker(X) for name, asker in askers.items()}
    asked = Asked(
        layout.task,
        X,
        encoded(y, layout),
        target_names(names, layout, says[TEACHER].shape[1]),
        tuple(students),
        models,
        says,
        layout.quantiles,
        layout.classes[0] if layout.task == CLASSES else None,
        askers,
    )
    _check_widths(asked)
    return asked


def _check_widths(asked):
    """Models of values must answer with as many as there are."""
    teacher = asked.says[TEACHER]
    for name, says in asked.says.items():
        if says.shape != teacher.shape:
            raise ValueError(
                f"{name} answers with {says.shape[1]} values for a row, and the teacher "
                f"with {teacher.shape[1]}: compare models of the same targets."
            )
    if (
        asked.y is not None
        and asked.y.ndim == 2
        and asked.y.shape[1] != teacher.shape[1]
    ):
        raise ValueError(
            f"y_test has {asked.y.shape[1]} targets, and the models answer with "
            f"{teacher.shape[1]}: give a column for each."
        )
