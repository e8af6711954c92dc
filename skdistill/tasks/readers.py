"""A teacher's answers in a student's terms: its classes, or its targets.

A reader knows what the columns of answers mean, whether the teacher is asked or its
outputs come from a file, and puts them into the order of the student's own.
"""

import numpy as np
from sklearn.metrics import confusion_matrix
from sklearn.utils.validation import _num_samples

from ..teacher.probabilities import (
    align,
    by_label,
    check_finite,
    class_probabilities,
    log_with_floor,
    split,
)
from ..warn import warn


class ClassReader:
    """Reads a teacher's answers as log-probabilities over the classes of a student.

    Answers for several targets stand side by side, target after target.

    Parameters
    ----------
    teacher : Teacher or None
        Fitted.
    y : ndarray of shape (n,) or (n, n_targets), or None
        Hard labels.
    classes : array-like, list of array-like, or None
        The student's parameter; a list of arrays for several targets.
    has_outputs : bool, default=False
        Whether outputs were given whose columns have to be named.
    is_multilabel : bool, default=False
        Whether y is a matrix of zeros and ones, each column a label of its own.

    Attributes
    ----------
    classes : list of ndarray of shape (n_classes,)
        For each target, the sorted union of `classes`, of y's labels and of the
        teacher's.
    """

    def __init__(self, teacher, y, classes, has_outputs=False, *, is_multilabel=False):
        self.teacher = teacher
        own = None if y is None else [_distinct(c) for c in y.reshape(len(y), -1).T]
        if is_multilabel:
            own = [np.array([0, 1])] * len(own)
        given = given_classes(classes, own)
        self.fallback = own if given is None else given
        named = self._teacher_labels(own)
        if has_outputs and given is not None:
            named.append(self.fallback)
        known = [group for group in (own, given, *named) if group is not None]
        if not known:
            raise ValueError("The classes are not known: give y or `classes`.")
        n_targets = len(known[0])
        self.targets = [
            _Target(
                None if own is None else own[i],
                None if given is None else given[i],
                [labels[i] for labels in named],
                f" of target {i}" if n_targets > 1 else "",
            )
            for i in range(n_targets)
        ]
        self.classes = [target.classes for target in self.targets]

    def _teacher_labels(self, own):
        """What each member calls its columns, for each target."""
        if self.teacher is None:
            return []
        unnamed = [m for m in self.teacher.members if m.labels() is None]
        if self.fallback is None and unnamed:
            raise ValueError(
                "teacher has no classes_ and y is None: name its columns, in their "
                "order, by `classes`."
            )
        if self.fallback is None:
            listed = [m.labels() for m in self.teacher.members]
            return [each if isinstance(each, list) else [each] for each in listed]
        return self.teacher.labels(self.fallback)

    @property
    def widths(self):
        """Number of classes of each target."""  # numpydoc ignore=RT01
        return [len(classes) for classes in self.classes]

    def ask(self, X):
        """The teacher's answer for rows.

        Parameters
        ----------
        X : array-like or frame of shape (n, n_features)
            Rows as the user gave them.

        Returns
        -------
        ndarray of shape (n, sum of n_classes)
            Log-probabilities.
        """
        fallback = self.classes if self.fallback is None else self.fallback
        answers = self.teacher.log_probabilities(X, self.classes, fallback)
        answer = np.concatenate(answers, axis=1)
        return _of_length(answer, _num_samples(X), "teacher's output")

    def accept(self, output, name, n):
        """Outputs that the user computed beforehand.

        Parameters
        ----------
        output : array-like or frame of shape (n, n_classes) or (n,), or list of these
            Probabilities; one column stands for the second of two classes. For several
            targets as in :func:`~skdistill.teacher.probabilities.split`.
        name : str
            The argument's name.
        n : int
            Number of rows that it must have.

        Returns
        -------
        ndarray of shape (n, sum of n_classes)
            Log-probabilities.
        """
        columns = [target.columns for target in self.targets]
        parts = [
            target.accept(part, name)
            for target, part in zip(
                self.targets, split(output, columns, name), strict=True
            )
        ]
        return np.concatenate([_of_length(part, n, name) for part in parts], axis=1)

    def encode(self, y, name="y"):
        """Positions of labels among the classes.

        Parameters
        ----------
        y : ndarray of shape (n,) or (n, n_targets)
            Labels, each among the classes.
        name : str, default="y"
            The argument's name.

        Returns
        -------
        ndarray of shape (n, n_targets)
            Of int64.
        """
        columns = np.asarray(y).reshape(len(y), -1).T
        if len(columns) != len(self.targets):
            raise ValueError(
                f"{name} has {len(columns)} targets, and there are {len(self.targets)}."
            )
        pairs = zip(self.targets, columns, strict=True)
        return np.column_stack(
            [target.encode(column, name) for target, column in pairs]
        )

    def agreement(self, soft, hard):
        """How far the teacher's decisions and probabilities follow the labels.

        Parameters
        ----------
        soft : ndarray of shape (n, sum of n_classes)
            Log-probabilities.
        hard : ndarray of shape (n, n_targets)
            Positions of the labels.

        Returns
        -------
        list of (kappa, standard_error, skill)
            For each target: kappa and its standard error; and by how much the log loss is
            better than that of the classes' shares, in standard errors (0 for an
            overconfident teacher): one that always predicts the majority has kappa 0, and
            may yet know much.
        """
        parts = np.split(soft, np.cumsum(self.widths)[:-1], axis=1)
        return [
            (*_kappa(part, codes), _skill(part, codes))
            for part, codes in zip(parts, hard.T, strict=True)
        ]


def given_classes(classes, own=None):
    """The parameter ``classes`` as one array for each target.

    Parameters
    ----------
    classes : array-like, list of array-like, or None
        As the user gave it.
    own : list of ndarray, default=None
        The labels of y, for each target.

    Returns
    -------
    list of ndarray or None
        None for None.

    Raises
    ------
    ValueError
        If it names a class twice, or is for another number of targets.
    """
    if classes is None:
        return None
    nested = len(classes) and all(
        not isinstance(group, str) and np.ndim(group) == 1 for group in classes
    )
    groups = [np.asarray(group) for group in classes] if nested else None
    groups = groups or [np.asarray(classes)]
    if own is not None and len(groups) != len(own):
        raise ValueError(
            f"classes={classes!r} is for {len(groups)} targets, and y has {len(own)}: "
            "give a list with the labels of each target."
        )
    for group in groups:
        if len(np.unique(group)) != len(group):
            raise ValueError(f"classes={classes!r} names a class twice.")
    return groups


class _Target:
    """The classes of one target, as y, the user and the teachers name them."""

    def __init__(self, own, given, named, which):
        named = [labels for labels in named if labels is not None]
        self._check_shared(own, named, which)
        self.classes = union_of_classes(own, given, *named)
        # Columns of teacher_output: `classes`, else those of the teacher, else y's.
        columns = own if given is None else given
        self.columns = columns if given is not None or not named else named[0]
        if self.columns is None:
            self.columns = self.classes
        self._warn_unknown(named, which)

    def _check_shared(self, own, named, which):
        for labels in named if own is not None else []:
            if not set(labels.tolist()) & set(own.tolist()):
                raise ValueError(
                    f"teacher and y share no class{which}: the teacher knows "
                    f"{labels.tolist()!r}, and y holds {own.tolist()!r}. Give y in the "
                    "teacher's labels, or a callable teacher with `classes`."
                )

    def _warn_unknown(self, named, which):
        known = {label for labels in named for label in labels.tolist()}
        unknown = [c for c in self.classes.tolist() if c not in known]
        if named and unknown:
            warn(
                f"teacher never saw the classes {unknown!r}{which}: its probability for "
                "them is taken as the floor.",
            )

    def accept(self, output, name):
        output = class_probabilities(by_label(output, self.columns, name), name)
        if output.shape[1] != len(self.columns):
            raise ValueError(
                f"{name} has {output.shape[1]} columns and there are "
                f"{len(self.columns)} classes {self.columns.tolist()!r}: name its "
                "columns, in their order, by `classes`."
            )
        return align(log_with_floor(output), self.columns, self.classes)

    def encode(self, y, name):
        codes = np.searchsorted(self.classes, y).clip(max=len(self.classes) - 1)
        unknown = self.classes[codes] != y
        if unknown.any():
            raise ValueError(f"{name} holds unknown classes: {np.unique(y[unknown])}.")
        return codes


def _kappa(soft, hard):
    """Kappa of decisions with labels and its standard error; 1, 0 if chance agrees."""
    if soft.shape[1] == 1:
        return 1.0, 0.0
    decision, codes = soft.argmax(axis=1), np.arange(soft.shape[1])
    table = confusion_matrix(hard, decision, labels=codes) / len(hard)
    by_chance = table.sum(axis=0) @ table.sum(axis=1)
    if by_chance >= 1:
        return 1.0, 0.0
    observed = min(np.trace(table), 1.0)  # a sum of shares may round to more
    variance = observed * (1 - observed) / (len(hard) * (1 - by_chance) ** 2)
    return (observed - by_chance) / (1 - by_chance), variance**0.5


def _skill(soft, hard):
    """How much likelier than by its share each row's class is, in standard errors.

    0 for a teacher whose decisions are right less often than it says: one that is led
    astray by columns of another scale may still have a little skill.
    """
    rows, root = np.arange(len(hard)), len(hard) ** 0.5
    surplus = (soft.argmax(axis=1) == hard) - np.exp(soft.max(axis=1))
    if surplus.mean() < -2 * surplus.std() / root:
        return 0.0
    gain = soft[rows, hard] - np.log(np.bincount(hard)[hard] / len(hard))
    error = gain.std() / root
    return gain.mean() / error if error > 1e-12 else 0.0


def _distinct(column):
    return np.unique(np.array(column.tolist()) if column.dtype == object else column)


class ValueReader:
    """Reads a teacher's answers as target values of a regression.

    Parameters
    ----------
    teacher : Teacher or None
        Fitted.
    n_targets : int or None
        Number of targets, where y tells it.
    quantiles : array-like of shape (n_quantiles,), default=None
        What answers are quantiles of, for the only target.
    """

    classes = None

    def __init__(self, teacher, n_targets, quantiles=None):
        self.teacher = teacher
        self.n_targets = n_targets
        self.quantiles = quantiles

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
        n_columns = values.shape[1]
        if self.quantiles is not None:
            if n_columns != len(self.quantiles):
                what = (
                    "predicts points" if n_columns == 1 else f"has {n_columns} columns"
                )
                raise ValueError(
                    f"{name} {what}, and quantiles={self.quantiles.tolist()} are wanted: a "
                    "teacher of quantiles answers with (n, n_quantiles), in this order; "
                    "with alpha=0 the student learns them from y alone."
                )
            return np.sort(values, axis=1)
        if self.n_targets is not None and n_columns != self.n_targets:
            raise ValueError(
                f"{name} has {n_columns} columns and y has {self.n_targets}: "
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
        y = y.reshape(len(y), -1)
        n_targets = y.shape[1] if self.n_targets is None else self.n_targets
        if y.shape[1] != n_targets:
            raise ValueError(
                f"{name} has {y.shape[1]} targets, and there are {n_targets}."
            )
        return y

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
        list of (r2, standard_error, skill)
            For each target; the last is 0, except for quantiles, which need not be near
            the mean: the covariance of the middle one with the values, in standard
            errors.
        """
        if self.quantiles is not None:
            soft = soft[:, [soft.shape[1] // 2]]
        peak = np.maximum(np.abs(hard).max(axis=0), np.abs(soft).max(axis=0))
        peak = np.where(peak > 0, peak, 1.0)  # squares of large values would overflow
        hard, soft = hard / peak, soft / peak
        scale = hard.std(axis=0)
        scale = np.where(scale > 0, scale, 1.0)
        won = ((hard - hard.mean(axis=0)) / scale) ** 2 - ((hard - soft) / scale) ** 2
        root = len(won) ** 0.5
        joint = (hard - hard.mean(axis=0)) * (soft - soft.mean(axis=0))
        skill = joint.mean(axis=0) / np.maximum(joint.std(axis=0) / root, 1e-300)
        if self.quantiles is None:
            skill = np.zeros(len(skill))
        return list(zip(won.mean(axis=0), won.std(axis=0) / root, skill, strict=True))


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
