"""Classes of one or several targets: as y, the user and the teachers name them."""

import numpy as np
from sklearn.utils.validation import _num_samples

from ..tables.gaps import is_gap
from ..teacher.calibration import label_losses
from ..teacher.probabilities import (
    FLOOR,
    align,
    by_label,
    class_probabilities,
    log_with_floor,
    split,
)
from ..warn import warn
from .base import Task, of_length
from .doubts import doubt_of_classes

#: Labels of each group that an error names.
_MOST_NAMED = 10


class Classes(Task):
    """Classes of one target or several; answers are log-probabilities, side by side.

    Parameters
    ----------
    teacher : Teacher or None
        Fitted; its classes are among those of the task.
    y : ndarray of shape (n,) or (n, n_targets), or None
        Labels. Several columns of zeros and ones are several labels, each with both
        classes.
    classes : array-like, list of array-like, or None
        The student's parameter; a list of arrays for several targets.
    has_outputs : bool, default=False
        Whether outputs were given whose columns have to be named.

    Attributes
    ----------
    classes : list of ndarray of shape (n_classes,)
        For each target, the sorted union of `classes`, of y's labels and of the
        teacher's.
    """

    kind = "classifier"

    def __init__(self, teacher, y, classes, has_outputs=False):
        labels = None if y is None else _labels_by_target(y)
        given = given_classes(classes, labels)
        #: What columns without a name stand for.
        self.unnamed = labels if given is None else given
        named = [] if teacher is None else self._teacher_labels(teacher)
        # Columns of outputs name their classes as a teacher does, and are checked as
        # one.
        if has_outputs and given is not None:
            named.append(given)
        known = [group for group in (labels, given, *named) if group is not None]
        if not known:
            raise ValueError("The classes are not known: give y or `classes`.")
        n_targets = len(known[0])
        self.targets = [
            _Target(
                None if labels is None else labels[i],
                None if given is None else given[i],
                [group[i] for group in named],
                f" of target {i}" if n_targets > 1 else "",
            )
            for i in range(n_targets)
        ]
        self.classes = [target.classes for target in self.targets]

    def _teacher_labels(self, teacher):
        """What each member calls its columns, for each target."""
        if self.unnamed is not None:
            return teacher.labels(self.unnamed)
        labels = [member.labels() for member in teacher.members]
        if any(group is None for group in labels):
            raise ValueError(
                "teacher has no classes_ and y is None: name its columns, in their "
                "order, by `classes`."
            )
        return [group if isinstance(group, list) else [group] for group in labels]

    @property
    def n_outputs(self):
        """Number of classes of all targets together."""
        return sum(self.widths)

    @property
    def is_multilabel(self):
        """Whether there are several targets, each with the classes 0 and 1."""
        pair = np.array([0, 1])
        several = len(self.classes) > 1
        return several and all(np.array_equal(c, pair) for c in self.classes)

    def ask(self, teacher, X):
        """Log-probabilities of the classes."""
        unnamed = self.classes if self.unnamed is None else self.unnamed
        answers = teacher.log_probabilities(X, self.classes, unnamed)
        answer = np.concatenate(answers, axis=1)
        return of_length(answer, _num_samples(X), "teacher's output")

    def accept(self, output, name, n):
        """Log-probabilities; one column of output stands for the second of two classes."""
        columns = [target.columns for target in self.targets]
        pairs = zip(self.targets, split(output, columns, name), strict=True)
        parts = [target.accept(part, name) for target, part in pairs]
        return np.concatenate([of_length(part, n, name) for part in parts], axis=1)

    def encode(self, y, name="y"):
        """Positions of labels, each of which must be among the classes."""
        columns = np.asarray(y).reshape(len(y), -1).T
        if len(columns) != len(self.targets):
            raise ValueError(
                f"{name} has {len(columns)} targets, and there are {len(self.targets)}."
            )
        pairs = zip(self.targets, columns, strict=True)
        codes = [target.encode(column, name) for target, column in pairs]
        return np.column_stack(codes)

    def doubts(self, soft, hard):
        """By kappa, and then by the ranking."""
        pairs = zip(self.by_target(soft), hard.T, strict=True)
        return [doubt_of_classes(part, codes) for part, codes in pairs]

    def strata(self, knowledge):
        """The class that each row of X has in the first target."""
        if knowledge.hard is not None:
            return knowledge.hard[:, 0]
        first = len(self.classes[0])
        return knowledge.soft[: knowledge.n_labelled, :first].argmax(axis=1)

    def numbers_of_answers(self, soft):
        """Probabilities of the classes."""
        return np.exp(soft)

    def losses(self, outputs, hard):
        """Log losses, the sum over the targets; no probability counts as less than 1e-7."""
        return label_losses(np.maximum(outputs, np.log(FLOOR)), hard, self.widths)

    def numbers_of_labels(self, hard, smoothing=0.0):
        """Zeros and ones, smoothed if that is wanted."""
        parts = []
        for codes, width in zip(hard.T, self.widths, strict=True):
            part = np.full((len(codes), width), smoothing / width)
            part[np.arange(len(codes)), codes] += 1 - smoothing
            parts.append(part)
        return np.concatenate(parts, axis=1)

    def by_target(self, outputs):
        """Outputs of all targets, apart.

        Parameters
        ----------
        outputs : array of shape (n, n_outputs)
            Side by side.

        Returns
        -------
        list of ndarray of shape (n, n_classes)
            One for each target.
        """
        if len(self.classes) == 1:  # a split takes longer than a net for a row
            return [outputs]
        return np.split(outputs, np.cumsum(self.widths)[:-1], axis=1)

    def likeliest(self, knowledge):
        """Codes of all rows: labels of the rows of X, the teacher's likeliest classes.

        Parameters
        ----------
        knowledge : Knowledge
            With soft targets.

        Returns
        -------
        ndarray of shape (n + m, n_targets)
            Positions of classes, as int64.
        """
        parts = self.by_target(knowledge.soft)
        codes = np.stack([part.argmax(axis=1) for part in parts], axis=1)
        if knowledge.labels is not None:
            codes[: knowledge.n_labelled] = knowledge.labels
        return codes

    def labels(self, log_p):
        """The likeliest classes.

        Parameters
        ----------
        log_p : ndarray of shape (n, n_outputs)
            Log-probabilities, or anything that ascends with them.

        Returns
        -------
        ndarray of shape (n,) or (n, n_targets)
            Labels.
        """
        pairs = zip(self.classes, self.by_target(log_p), strict=True)
        columns = [classes[part.argmax(axis=1)] for classes, part in pairs]
        if len({column.dtype.kind in "OUS" for column in columns}) > 1:
            # numpy would make strings of the numbers, which y does not hold.
            columns = [column.astype(object) for column in columns]
        return np.column_stack(columns) if len(columns) > 1 else columns[0]

    def arranged(self, outputs):
        """Outputs in scikit-learn's form.

        Parameters
        ----------
        outputs : ndarray of shape (n, n_outputs)
            Probabilities, or their logarithms.

        Returns
        -------
        ndarray of shape (n, n_classes) or (n, n_labels), or list of ndarray
            Of several labels the second class of each; of several targets a list.
        """
        parts = self.by_target(outputs)
        if len(parts) == 1:
            return parts[0]
        if self.is_multilabel:
            return np.column_stack([part[:, 1] for part in parts])
        return parts

    def margins(self, logits):
        """Logits in the form of scikit-learn's ``decision_function``.

        Parameters
        ----------
        logits : ndarray of shape (n, n_outputs)
            Up to a constant for each row and target.

        Returns
        -------
        ndarray of shape (n, n_classes), (n,) or (n, n_labels), or list of ndarray
            Of two classes the log odds of the second.
        """
        parts = [
            part[:, 1] - part[:, 0] if part.shape[1] == 2 else part
            for part in self.by_target(logits)
        ]
        if len(parts) == 1:
            return parts[0]
        return np.column_stack(parts) if self.is_multilabel else parts

    def listed(self):
        """The classes, as an error names them.

        Returns
        -------
        str
            A list; a list of lists for several targets.
        """
        return listed(self.classes)

    def is_same(self, other):
        """Whether another task has the same classes.

        Parameters
        ----------
        other : Classes
            The task to compare with.

        Returns
        -------
        bool
            True if they are equal for all targets.
        """
        pairs = zip(self.classes, other.classes, strict=False)
        same_number = len(self.classes) == len(other.classes)
        return same_number and all(np.array_equal(a, b) for a, b in pairs)


def _labels_by_target(y):
    """The distinct labels of each column of y; both of columns of zeros and ones."""
    if y.ndim == 2 and np.isin(y, [0, 1]).all():
        return [np.array([0, 1])] * y.shape[1]
    return [_distinct(column) for column in y.reshape(len(y), -1).T]


def _distinct(column):
    return np.unique(np.array(column.tolist()) if column.dtype == object else column)


def given_classes(classes, y_labels=None):
    """The parameter ``classes`` as one array for each target.

    Parameters
    ----------
    classes : array-like, list of array-like, or None
        As the user gave it.
    y_labels : list of ndarray, default=None
        The labels of y, for each target.

    Returns
    -------
    list of ndarray or None
        None if `classes` is None.

    Raises
    ------
    ValueError
        If it is no list of labels, names a class twice, or is for another number of
        targets.
    """
    if classes is None:
        return None
    nested = len(classes) and all(
        not isinstance(group, str) and np.ndim(group) == 1 for group in classes
    )
    groups = [np.asarray(group) for group in classes] if nested else None
    groups = groups or [np.asarray(classes)]
    if y_labels is not None and len(groups) != len(y_labels):
        raise ValueError(
            f"classes={classes!r} is for {len(groups)} targets, and y has {len(y_labels)}: "
            "give a list with the labels of each target."
        )
    for group in groups:
        if group.ndim != 1 or not len(group):
            raise ValueError(
                f"classes={classes!r} must be a list of labels; for several targets a "
                "list of such lists."
            )
        if any(map(is_gap, group.tolist())):
            raise ValueError(f"classes={classes!r} holds a gap: name each class.")
        if len(np.unique(group)) != len(group):
            raise ValueError(f"classes={classes!r} names a class twice.")
    return groups


def listed(groups):
    """The classes of each target, as an error names them.

    Parameters
    ----------
    groups : list of ndarray
        Classes of each target.

    Returns
    -------
    str
        A list; a list of lists for several targets.
    """
    lists = [classes.tolist() for classes in groups]
    return repr(lists if len(lists) > 1 else lists[0])


class _Target:
    """The classes of one target, as y, the user and the teachers name them."""

    def __init__(self, y_labels, given, named, which):
        named = [labels for labels in named if labels is not None]
        self._check_shared(y_labels, named, which)
        self.classes = union_of_classes(y_labels, given, *named)
        # Columns of teacher_output: `classes`, else those of the teacher, else y's.
        columns = y_labels if given is None else given
        self.columns = columns if given is not None or not named else named[0]
        if self.columns is None:
            self.columns = self.classes
        self._warn_unknown(named, which)

    def _check_shared(self, y_labels, named, which):
        for labels in named if y_labels is not None else []:
            if not set(labels.tolist()) & set(y_labels.tolist()):
                raise ValueError(
                    f"teacher and y share no class{which}: the teacher knows "
                    f"{labels.tolist()!r}, and y holds {y_labels.tolist()!r}. Give y in "
                    "the teacher's labels, or a callable teacher with `classes`."
                )

    def _warn_unknown(self, named, which):
        known = {label for labels in named for label in labels.tolist()}
        unknown = [c for c in self.classes.tolist() if c not in known]
        if named and unknown:
            warn(
                f"teacher never saw the classes {unknown!r}{which}: its probability for "
                "them is taken as the floor."
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
        # A label beyond the last class has no position; the comparison finds it
        # unknown.
        codes = np.searchsorted(self.classes, y).clip(max=len(self.classes) - 1)
        unknown = self.classes[codes] != y
        if unknown.any():
            raise ValueError(f"{name} holds unknown classes: {np.unique(y[unknown])}.")
        return codes


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
    # numpy would make strings of the numbers, and find no class in common.
    if len({all(isinstance(v, str) for v in a.tolist()) for a in arrays}) > 1:
        raise ValueError(
            "teacher, y and `classes` share no class: some labels are strings and some "
            f"are numbers: {[a[:_MOST_NAMED].tolist() for a in arrays]!r}."
        )
    union = np.unique(np.concatenate(arrays))
    first = arrays[0].dtype
    # numpy widens mixed types; predictions keep that of y, which comes first.
    if first.kind in "biuf" and np.array_equal(union.astype(first), union):
        return union.astype(first)
    return union
