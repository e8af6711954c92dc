"""A teacher's answers in a student's terms: its classes, or its targets.

A reader knows what the columns of answers mean, whether the teacher is asked or its
outputs come from a file, and puts them into the order of the student's own.
"""

import warnings

import numpy as np
from sklearn.metrics import cohen_kappa_score, confusion_matrix
from sklearn.utils.validation import _num_samples

from .teacher import align, check_finite, class_probabilities, log_with_floor


class ClassReader:
    """Reads a teacher's answers as log-probabilities over the classes of a student.

    Parameters
    ----------
    teacher : Teacher or None
        Fitted.
    y : ndarray of shape (n,) or None
        Hard labels.
    classes : array-like or None
        The student's parameter.
    has_outputs : bool, default=False
        Whether outputs were given whose columns have to be named.

    Attributes
    ----------
    classes : ndarray of shape (n_classes,)
        The sorted union of `classes`, of y's labels and of the teacher's.
    """

    def __init__(self, teacher, y, classes, has_outputs=False):
        self.teacher = teacher
        own = np.unique(y) if y is not None else None
        self.fallback = own if classes is None else np.asarray(classes)
        if classes is not None and len(np.unique(self.fallback)) != len(self.fallback):
            raise ValueError(f"classes={classes!r} names a class twice.")
        named = self._teacher_labels()
        if has_outputs and classes is not None:
            named.append(self.fallback)
        self._check_shared(own, named)
        self.classes = union_of_classes(own, classes, *named)
        # Columns of teacher_output: `classes`, else those of the teacher, else y's.
        self.columns = self.fallback if classes is not None or not named else named[0]
        self._warn_unknown(named)

    def _teacher_labels(self):
        if self.teacher is None:
            return []
        unnamed = [m for m in self.teacher.members if not hasattr(m, "classes_")]
        if self.fallback is None and unnamed:
            raise ValueError(
                "teacher has no classes_ and y is None: name its columns, in their "
                "order, by `classes`."
            )
        return list(self.teacher.labels(self.fallback))

    def _check_shared(self, own, named):
        for labels in named if own is not None else []:
            if not set(labels.tolist()) & set(own.tolist()):
                raise ValueError(
                    f"teacher and y share no class: the teacher knows "
                    f"{labels.tolist()!r}, and y holds {own.tolist()!r}. Give y in the "
                    "teacher's labels, or a callable teacher with `classes`."
                )

    def _warn_unknown(self, named):
        known = {label for labels in named for label in labels.tolist()}
        unknown = [c for c in self.classes.tolist() if c not in known]
        if named and unknown:
            warnings.warn(
                f"teacher never saw the classes {unknown!r}: its probability for them "
                "is taken as the floor.",
                UserWarning,
                stacklevel=5,
            )

    def ask(self, X):
        """The teacher's answer for rows.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows as the user gave them.

        Returns
        -------
        ndarray of shape (n, n_classes)
            Log-probabilities.
        """
        answer = self.teacher.log_probabilities(
            X, classes=self.classes, fallback=self.fallback
        )
        return _of_length(answer, _num_samples(X), "teacher's output")

    def accept(self, output, name, n):
        """Outputs that the user computed beforehand.

        Parameters
        ----------
        output : array-like of shape (n, n_classes) or (n,)
            Probabilities; one column stands for the second of two classes.
        name : str
            The argument's name.
        n : int
            Number of rows that it must have.

        Returns
        -------
        ndarray of shape (n, n_classes)
            Log-probabilities.
        """
        output = _of_length(class_probabilities(output, name), n, name)
        columns = self.classes if self.columns is None else self.columns
        if output.shape[1] != len(columns):
            raise ValueError(
                f"{name} has {output.shape[1]} columns and there are {len(columns)} "
                f"classes {columns.tolist()!r}: name its columns, in their order, by "
                "`classes`."
            )
        return align(log_with_floor(output), columns, self.classes)

    def encode(self, y, name="y"):
        """Positions of labels among the classes.

        Parameters
        ----------
        y : ndarray of shape (n,)
            Labels, each among the classes.
        name : str, default="y"
            The argument's name.

        Returns
        -------
        ndarray of shape (n,)
            Of int64.
        """
        y = np.asarray(y)
        codes = np.searchsorted(self.classes, y).clip(max=len(self.classes) - 1)
        unknown = self.classes[codes] != y
        if unknown.any():
            raise ValueError(f"{name} holds unknown classes: {np.unique(y[unknown])}.")
        return codes

    def agreement(self, soft, hard):
        """Kappa of the teacher's decisions with the labels, and its standard error.

        Parameters
        ----------
        soft : ndarray of shape (n, n_classes)
            Log-probabilities.
        hard : ndarray of shape (n,)
            Positions of the labels.

        Returns
        -------
        kappa, standard_error : float
            Zero standard error where chance alone would agree wholly.
        """
        decision = soft.argmax(axis=1)
        table = confusion_matrix(hard, decision) / len(hard)
        by_chance = table.sum(axis=0) @ table.sum(axis=1)
        if by_chance >= 1:
            return 1.0, 0.0
        observed = np.trace(table)
        variance = observed * (1 - observed) / (len(hard) * (1 - by_chance) ** 2)
        return cohen_kappa_score(hard, decision), variance**0.5


class ValueReader:
    """Reads a teacher's answers as target values of a regression.

    Parameters
    ----------
    teacher : Teacher or None
        Fitted.
    n_outputs : int or None
        Number of targets, where y tells it.
    """

    classes = None

    def __init__(self, teacher, n_outputs):
        self.teacher = teacher
        self.n_outputs = n_outputs

    def ask(self, X):
        """The teacher's predictions for rows.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Rows as the user gave them.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            Predictions.
        """
        return self._checked(self.teacher.values(X), "teacher's output", X)

    def accept(self, output, name, n):
        """Predictions that the user computed beforehand.

        Parameters
        ----------
        output : array-like of shape (n,) or (n, n_outputs)
            Predictions.
        name : str
            The argument's name.
        n : int
            Number of rows that it must have.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            Float64.
        """
        output = check_finite(output, name)
        return self._checked(output.reshape(len(output), -1), name, range(n))

    def _checked(self, values, name, rows):
        values = _of_length(values, _num_samples(rows), name)
        if self.n_outputs is not None and values.shape[1] != self.n_outputs:
            raise ValueError(
                f"{name} has {values.shape[1]} columns and y has {self.n_outputs}: "
                "give one for each target."
            )
        return values

    def encode(self, y, name="y"):
        """Target values as columns.

        Parameters
        ----------
        y : ndarray of shape (n,) or (n, n_outputs)
            Target values.
        name : str, default="y"
            The argument's name.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            Float64.
        """
        y = np.asarray(y, dtype=np.float64)
        return self._checked(y.reshape(len(y), -1), name, y)

    def agreement(self, soft, hard):
        """R2 of the teacher's predictions, and its standard error.

        Parameters
        ----------
        soft : ndarray of shape (n, n_outputs)
            Predictions.
        hard : ndarray of shape (n, n_outputs)
            Target values.

        Returns
        -------
        r2, standard_error : float
            Over all targets together, each in units of its standard deviation.
        """
        scale = hard.std(axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        won = ((hard - hard.mean(axis=0)) / scale) ** 2 - ((hard - soft) / scale) ** 2
        won = won.mean(axis=1)
        return won.mean(), won.std() / len(won) ** 0.5


def union_of_classes(*groups):
    """The sorted union of groups of labels.

    Parameters
    ----------
    *groups : array-like or None
        Labels; groups that are None are left out.

    Returns
    -------
    ndarray of shape (n_classes,)
        In the dtype of the first group where that loses nothing.

    Raises
    ------
    ValueError
        If strings and numbers are mixed.
    """
    arrays = [np.asarray(group) for group in groups if group is not None]
    if not arrays:
        raise ValueError("The classes are not known: give y or `classes`.")
    if len({all(isinstance(v, str) for v in a.tolist()) for a in arrays}) > 1:
        raise ValueError(
            "teacher, y and `classes` share no class: some labels are strings and some "
            f"are numbers: {[a.tolist() for a in arrays]!r}."
        )
    union = np.unique(np.concatenate(arrays))
    first = arrays[0].dtype
    if first.kind in "biuf" and np.array_equal(union.astype(first), union):
        return union.astype(first)
    return union


def _of_length(values, n, name):
    if len(values) != n:
        raise ValueError(f"{name} has {len(values)} rows, and there must be {n}.")
    return values
