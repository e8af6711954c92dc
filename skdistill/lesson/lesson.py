"""A lesson: everything that a student learns from."""

from dataclasses import dataclass
from typing import Any

from ..tables.stacking import stacked


@dataclass(frozen=True)
class Lesson:
    """The rows as the student sees them, and what they teach.

    Attributes
    ----------
    read : Read
        The rows.
    y : ndarray of shape (n,) or (n, n_targets), or None
        Labels or values, validated.
    task : Task
        What y and outputs mean.
    knowledge : Knowledge
        Targets and weights of the rows of X and of the transfer rows.
    exam : Knowledge or None
        Targets of the rows of X_val.
    renewal : Renewal or None
        Where fresh transfer rows come from.
    teacher : object, list of objects or None
        The fitted teacher, where it was asked.
    stream : Stream or None
        All rows, of which those of X are a sample; None where these are all.
    """

    read: Any
    y: Any
    task: Any
    knowledge: Any
    exam: Any = None
    renewal: Any = None
    teacher: Any = None
    stream: Any = None

    def transfer_view(self, see):
        """The student's view of all transfer rows.

        Parameters
        ----------
        see : callable
            ``see(rows)`` -> their view.

        Returns
        -------
        ndarray or None
            None where there are none.
        """
        parts = [self.read.X_transfer, self.read.drawn and self.read.drawn.X]
        parts = [see(rows) for rows in parts if rows is not None]
        if len(parts) < 2:
            return parts[0] if parts else None
        return stacked(*parts, "transfer")

    def whole_view(self, see, used):
        """The student's view of X, and of the transfer rows where they have a target.

        Parameters
        ----------
        see : callable
            ``see(rows)`` -> their view.
        used : Knowledge
            The targets that have weight.

        Returns
        -------
        array-like of shape (n, n_inputs) or (n + m, n_inputs)
            Rows of X first.
        """
        x = see(self.read.X)
        extra = None if used.soft is None else self.transfer_view(see)
        return x if extra is None else stacked(x, extra, "X_transfer")
