"""The teacher adapter: any model -> its outputs on rows.

Members are asked each in its dialect (``dialects``), their answers become
log-probabilities of named classes, or values (``answers``), and here they are averaged.
Nothing changes a teacher that arrives fitted.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import log_softmax

from .answers import class_answers, labels_of, value_answer
from .context import in_context
from .dialects import as_model
from .members import check_weights, members_of
from .memory import KEEPS_NOTHING, TeacherMemory
from .probabilities import align

#: A sum that overflows while a teacher answers becomes an error that names the answer, and
#: needs no warning of another library beside it.
_QUIET = np.errstate(over="ignore", invalid="ignore")


@dataclass(frozen=True)
class Teacher:
    """A fitted teacher, made uniform.

    Attributes
    ----------
    members : list of Model
        Models that can answer.
    weights : ndarray of shape (n_members,)
        Their shares; they sum to 1.
    memory : TeacherMemory
        Where their answers are kept, if anywhere.

    Examples
    --------
    >>> from sklearn.dummy import DummyClassifier
    >>> from skdistill.teacher.ensemble import Teacher
    >>> dummy = DummyClassifier(strategy="prior").fit([[0], [1]], ["a", "b"])
    >>> Teacher.of(dummy).log_probabilities([[5]], [["a", "b"]])[0].round(3)
    array([[-0.693, -0.693]])
    """

    members: list[Any]
    weights: np.ndarray
    memory: TeacherMemory = KEEPS_NOTHING

    @classmethod
    def of(cls, teacher, weights=None, memory=KEEPS_NOTHING):
        """Take members and weights as the user gave them.

        Parameters
        ----------
        teacher : object or list of objects
            A fitted teacher.
        weights : array-like of shape (n_members,), default=None
            Shares that are not negative; None for equal ones.
        memory : TeacherMemory, default=one that keeps nothing
            Where answers are kept.

        Returns
        -------
        Teacher
            The adapter.
        """
        members = [as_model(member) for member in members_of(teacher)]
        return cls(members, check_weights(weights, len(members)), memory)

    @property
    def pays_for_context(self):
        """Whether a call costs much even about a few rows."""  # numpydoc ignore=RT01
        return any(in_context(member.model) for member in self.members)

    def labels(self, fallback):
        """The class labels of each member and target, in the order of its columns.

        Parameters
        ----------
        fallback : list of array-like or None
            For each target, names for the columns of members that name none.

        Returns
        -------
        list of list of ndarray or None
            One list for each member, with one entry for each target.
        """
        return [labels_of(member, fallback) for member in self.members]

    @_QUIET
    def log_probabilities(self, X, classes, fallback=None):
        """Log-probabilities of the weighted mean of the members.

        Parameters
        ----------
        X : array-like or frame of shape (n, n_features)
            Rows as the user gave them.
        classes : list of array-like or None
            For each target, labels in the order of the result's columns; None where no
            member names its columns.
        fallback : list of array-like or None, default=None
            Names for the columns of members that name none; by default `classes`.

        Returns
        -------
        list of ndarray of shape (n, n_classes)
            For each target, normalised; a class that no member knows has the floor.
        """
        labels = self.labels(classes if fallback is None else fallback)
        members = list(zip(self.members, labels, strict=True))
        answers = self.memory.answers(class_answers, members, X)
        every = [
            [align(*each) for each in zip(parts, names, classes, strict=True)]
            for parts, names in zip(answers, labels, strict=True)
        ]
        if len(every) == 1:
            return every[0]
        # The arithmetic mean of the members' probabilities, which Hinton, Vinyals and
        # Dean (2015) take for an ensemble; in logarithms, so that nothing underflows.
        with np.errstate(divide="ignore"):  # a weight of 0
            log_weights = np.log(self.weights)[:, None, None]
        return [
            log_softmax(np.logaddexp.reduce(np.stack(parts) + log_weights), axis=1)
            for parts in zip(*every, strict=True)
        ]

    @_QUIET
    def values(self, X):
        """Predictions of the weighted mean of the members, for regression.

        Parameters
        ----------
        X : array-like or frame of shape (n, n_features)
            Rows as the user gave them.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            Finite numbers.
        """
        members = [(member,) for member in self.members]
        parts = self.memory.answers(value_answer, members, X)
        shapes = {part.shape for part in parts}
        if len(shapes) > 1:
            raise ValueError(
                f"The members of teacher answer in different shapes: {sorted(shapes)}."
            )
        return np.tensordot(self.weights, np.stack(parts), axes=1)
