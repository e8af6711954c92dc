"""What y and the outputs of models mean, for teachers and for students.

A task knows what the columns of answers stand for, whether a teacher is asked or its
outputs come from a file; it puts them into the student's order, and turns the
student's outputs back into labels or values.
"""

from abc import ABC, abstractmethod

import numpy as np


class Task(ABC):
    """What is to be learnt: classes of one or several targets, or values.

    Attributes
    ----------
    kind : {"classifier", "regressor"}
        scikit-learn's word for it.
    classes : list of ndarray or None
        For each target its classes; None for values.
    quantiles : ndarray of shape (n_quantiles,) or None
        What values are quantiles of.
    loss_name : str
        What ``losses`` are, in a sentence.
    """

    kind: str | None = None
    classes = None
    quantiles = None
    loss_name = "log loss"

    @property
    def widths(self):
        """Number of classes of each target; no number for values."""
        # numpydoc ignore=RT01
        return [len(classes) for classes in self.classes or ()]

    @property
    @abstractmethod
    def n_outputs(self):
        """Number of outputs of a student for a row."""  # numpydoc ignore=RT01

    @abstractmethod
    def ask(self, teacher, X):
        """Ask a teacher about rows.

        Parameters
        ----------
        teacher : Teacher
            Fitted.
        X : array-like or frame of shape (n, n_features)
            Rows as the user gave them.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            Log-probabilities of the classes, target after target; or values.
        """

    @abstractmethod
    def accept(self, output, name, n):
        """Read outputs that the user computed beforehand.

        Parameters
        ----------
        output : array-like or frame of shape (n, n_outputs) or (n,), or list of these
            Probabilities, or values.
        name : str
            The argument's name.
        n : int
            Number of rows that it must have.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            As from ``ask``.
        """

    @abstractmethod
    def encode(self, y, name="y"):
        """Labels as positions among the classes; values as columns of numbers.

        Parameters
        ----------
        y : ndarray of shape (n,) or (n, n_targets)
            Labels or values.
        name : str, default="y"
            The argument's name.

        Returns
        -------
        ndarray of shape (n, n_targets)
            Integers, or floats.
        """

    @abstractmethod
    def doubts(self, soft, hard):
        """Judge whether a teacher's answers follow the labels, for each target.

        Parameters
        ----------
        soft : ndarray of shape (n, n_outputs)
            Answers.
        hard : ndarray of shape (n, n_targets)
            Encoded labels.

        Returns
        -------
        list of (Doubt or None)
            None for a target where they do.
        """

    def measured(self, targets):
        """Answers, or encoded labels, in the unit in which a student learns.

        Parameters
        ----------
        targets : ndarray of shape (n, n_outputs) or (n, n_targets)
            From ``ask`` or ``encode``.

        Returns
        -------
        ndarray
            Classes have no unit: the same.
        """
        return targets

    @abstractmethod
    def strata(self, knowledge):
        """Groups of the rows of X that a held-out part represents by their shares.

        Parameters
        ----------
        knowledge : Knowledge
            Targets of all rows.

        Returns
        -------
        ndarray of shape (n,)
            Numbers of the groups.
        """

    @abstractmethod
    def numbers_of_answers(self, soft):
        """A teacher's answers as numbers to be learnt.

        Parameters
        ----------
        soft : ndarray of shape (n, n_outputs)
            From ``ask``.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            Probabilities; or values in the unit of the task.
        """

    @abstractmethod
    def numbers_of_labels(self, hard, smoothing=0.0):
        """Encoded labels as numbers to be learnt.

        Parameters
        ----------
        hard : ndarray of shape (n, n_targets)
            From ``encode``.
        smoothing : float, default=0.0
            Share of each target's weight that is spread over all its classes.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            Distributions over the classes; or values in the unit of the task.
        """

    @abstractmethod
    def losses(self, outputs, hard):
        """The loss of each row's labels.

        Parameters
        ----------
        outputs : ndarray of shape (n, n_outputs)
            Log-probabilities; or values in the unit of the task.
        hard : ndarray of shape (n, n_targets)
            From ``encode``.

        Returns
        -------
        ndarray of shape (n,)
            Log losses in nats, the sum over the targets; or the mean over the targets of
            squared errors, or pinball losses of quantiles, in the unit of the task.
        """

    def numbers(self, knowledge):
        """What is to be learnt about each row, the teacher's answers if there are some.

        Parameters
        ----------
        knowledge : Knowledge
            Targets of the rows.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            As from ``numbers_of_answers``.
        """
        if knowledge.soft is not None:
            return self.numbers_of_answers(knowledge.soft)
        return self.numbers_of_labels(knowledge.hard)

    def joint(self, knowledge, alpha, smoothing=0.0):
        """One target and one weight for each row, for the soft and the hard part together.

        Parameters
        ----------
        knowledge : Knowledge
            Targets of all rows, with the parts that have weight.
        alpha : float
            Weight of the soft part where there are both.
        smoothing : float, default=0.0
            Label smoothing.

        Returns
        -------
        target : ndarray of shape (n + m, n_outputs)
            Rows of X first.
        weight : ndarray of shape (n + m,)
            Weights of the rows.
        """
        soft, hard = knowledge.soft, knowledge.hard
        if hard is not None:
            hard = self.numbers_of_labels(hard, smoothing)
        if soft is None:
            return hard, knowledge.hard_weight
        soft = self.numbers_of_answers(soft)
        if hard is None:
            return soft, knowledge.soft_weight
        n = knowledge.n_labelled
        a, b = knowledge.shares(alpha)
        # Cross entropy and squares are the same for both targets and for their mean, up to
        # a constant.
        target = a[:, None] * soft
        target[:n] += b[:n, None] * hard
        total = np.where(a + b > 0, a + b, 1.0)
        return target / total[:, None], (a + b) * len(a)


def of_length(values, n, name):
    """Values, if they have a row for each of so many.

    Parameters
    ----------
    values : ndarray of shape (n, n_outputs)
        Checked.
    n : int
        Number of rows that there must be.
    name : str
        What the values are, for the error.

    Returns
    -------
    ndarray
        The same values.

    Raises
    ------
    ValueError
        If the numbers differ.
    """
    if len(values) != n:
        raise ValueError(f"{name} has {len(values)} rows, and there must be {n}.")
    return values
