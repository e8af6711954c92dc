"""What a fit is given, and what of it the student sees."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.utils.validation import _num_samples

from .read_back import read_outputs


@dataclass(frozen=True)
class Given:
    """The arguments of a student's ``fit``, as the teacher knows them.

    Labels and weights are validated, rows are as the user gave them; drawn rows are added.
    """

    X: Any
    y: Any = None
    sample_weight: Any = None
    teacher_output: Any = None
    X_transfer: Any = None
    transfer_output: Any = None
    X_val: Any = None
    y_val: Any = None
    groups: Any = None
    drawn: Any = None

    @property
    def has_outputs(self):
        """Whether some outputs were computed beforehand."""  # numpydoc ignore=RT01
        return self.teacher_output is not None or self.transfer_output is not None

    @property
    def n_transfer(self):
        """Number of rows of X_transfer."""  # numpydoc ignore=RT01
        return 0 if self.X_transfer is None else _num_samples(self.X_transfer)

    def with_outputs(self):
        """The same with outputs that were given as a folder read from there.

        Returns
        -------
        Given
            The same where none was.
        """
        output, transfer = self.teacher_output, self.transfer_output
        if output is not None:
            output = read_outputs(output, "teacher_output", _num_samples(self.X))
        if transfer is not None and self.X_transfer is not None:
            transfer = read_outputs(transfer, "transfer_output", self.n_transfer)
        return replace(self, teacher_output=output, transfer_output=transfer)

    def check(self, has_teacher):
        """Refuse combinations that cannot teach.

        Parameters
        ----------
        has_teacher : bool
            Whether there is a teacher beside the given outputs.

        Raises
        ------
        ValueError
            If an argument lacks the one that it needs.
        """
        if self.transfer_output is not None and self.X_transfer is None:
            raise ValueError("transfer_output needs its rows: give X_transfer too.")
        unlabelled = self.X_transfer is not None and self.transfer_output is None
        if unlabelled and not has_teacher:
            raise ValueError(
                "X_transfer has no labels: give a teacher that can label these rows, "
                "or their outputs as transfer_output."
            )
        if self.y_val is not None and self.X_val is None:
            raise ValueError("y_val needs its rows: give X_val too.")
        if self.X_val is not None and self.y_val is None and not has_teacher:
            raise ValueError("X_val has no targets: give y_val, or a teacher.")

    def first(self, total):
        """The same without the drawn rows that the teacher had no time to label.

        Parameters
        ----------
        total : int
            Number of all rows that have targets: of X, X_transfer and drawn ones.

        Returns
        -------
        Given
            The same if these are all.
        """
        return _with_first(self, total - _num_samples(self.X) - self.n_transfer)


@dataclass(frozen=True)
class Read:
    """What the student sees of the rows: numbers, or whatever its preprocessor takes.

    Attributes
    ----------
    X : Table or array-like
        The rows of X.
    X_transfer, X_val : Table or array-like or None
        Rows of the other arguments.
    drawn : Drawn or None
        Rows that a sampler drew.
    """

    X: Any
    X_transfer: Any = None
    X_val: Any = None
    drawn: Any = None

    def first(self, n_drawn):
        """The same with so many of the drawn rows.

        Parameters
        ----------
        n_drawn : int
            The first ones.

        Returns
        -------
        Read
            The same if these are all.
        """
        return _with_first(self, n_drawn)


def _with_first(record, n_drawn):
    if record.drawn is None or n_drawn == len(record.drawn):
        return record
    return replace(record, drawn=record.drawn.take(np.arange(n_drawn)))


def teaches(given, teacher):
    """Whether there are soft targets at all.

    Parameters
    ----------
    given : Given
        The arguments of fit.
    teacher : object or None
        The student's parameter.

    Returns
    -------
    bool
        False for a control, which learns from the labels alone.
    """
    return teacher is not None or given.has_outputs


def needs_teacher(given):
    """Whether some rows are not labelled beforehand.

    Parameters
    ----------
    given : Given
        The arguments of fit.

    Returns
    -------
    bool
        True if the teacher has to be asked.
    """
    return (
        given.teacher_output is None
        or (given.drawn is not None and given.drawn.output is None)
        or (given.X_transfer is not None and given.transfer_output is None)
        or (given.X_val is not None and given.y_val is None)
    )
