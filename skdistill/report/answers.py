"""What the models say about the same rows, in one layout; and about other rows."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..tables.containers import is_frame, rows_of
from ..tables.gaps import check_no_gaps, plain_values
from ..teacher.probabilities import check_finite
from .askers import CLASSES, LABELS
from .models import CONTROL, TEACHER

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


def read_targets(y, n):
    """Labels or values as the user gave them, as an array.

    Parameters
    ----------
    y : array-like or frame of shape (n,) or (n, n_targets), or None
        Of the rows of X_test.
    n : int
        Number of rows.

    Returns
    -------
    ndarray of shape (n,) or (n, n_targets), or None
        None without labels.

    Raises
    ------
    ValueError
        If some are missing, or they are of other rows.
    """
    if y is None:
        return None
    check_no_gaps("y_test", y, remedy="leave these rows out of X_test and y_test")
    values = plain_values(y)
    if values.ndim not in (1, 2) or len(values) != n:
        raise ValueError(
            f"y_test has the shape {values.shape}, and X_test has {n} rows: give a label "
            "for each row."
        )
    return values[:, 0] if values.ndim == 2 and values.shape[1] == 1 else values


def encoded(y, layout):
    """Labels as codes, values as columns of floats.

    Parameters
    ----------
    y : ndarray of shape (n,) or (n, n_targets), or None
        From ``read_targets``.
    layout : Layout
        Of all models; the classes of y are among its classes.

    Returns
    -------
    ndarray or None
        As ``Asked.y``.

    Raises
    ------
    ValueError
        If they are not of the task.
    """
    if y is None or layout.task == CLASSES:
        return y if y is None else np.searchsorted(layout.classes[0], y)
    if layout.task == LABELS:
        wanted = f"zeros and ones of shape (n, {len(layout.classes)})"
        if y.ndim != 2 or y.shape[1] != len(layout.classes) or not _is_binary(y):
            raise ValueError(f"y_test must be {wanted}: it has the shape {y.shape}.")
        return y.astype(np.int64)
    try:
        return check_finite(y.astype(np.float64), "y_test").reshape(len(y), -1)
    except (TypeError, ValueError) as error:
        raise ValueError(f"y_test must be finite numbers: {error}") from error


def _is_binary(y):
    return np.isin(y, [0, 1]).all()


def target_names(y, layout, n_targets):
    """Names of the classes, labels or targets.

    Parameters
    ----------
    y : object
        As the user gave it: a frame's columns, or a series, have names.
    layout : Layout
        Of all models.
    n_targets : int
        Number of columns of values.

    Returns
    -------
    tuple of str
        "label 0" and so on where nothing is named.
    """
    if layout.task == CLASSES:
        return tuple(map(str, layout.classes[0].tolist()))
    n = len(layout.classes) if layout.task == LABELS else n_targets
    columns = getattr(y, "columns", [getattr(y, "name", None)])
    names = [str(name) for name in columns if isinstance(name, str | int)]
    if len(names) == n and (is_frame(y) or n == 1):
        return tuple(names)
    what = "label" if layout.task == LABELS else "target"
    return ("y",) if n == 1 else tuple(f"{what} {i}" for i in range(n))
