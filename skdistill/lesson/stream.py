"""What rows on disk teach, a few rows at a time."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .given import Given


@dataclass
class Stream:
    """Rows on disk, read as a student sees them, with what they teach.

    Attributes
    ----------
    survey : Survey
        What is known of the rows.
    read : callable
        ``read(X)`` -> rows as the student's view takes them.
    check_targets : callable
        ``check_targets(y)`` -> validated targets.
    weigh : callable
        ``weigh(given)`` -> Knowledge of these rows.
    held : ndarray of int
        Positions of rows that are held out, ascending.
    """

    survey: Any
    read: Any
    check_targets: Any
    weigh: Any
    held: np.ndarray = field(default_factory=lambda: np.empty(0, int))

    def hold_out(self, index):
        """Leave rows out of training.

        Parameters
        ----------
        index : ndarray of int
            Which of the sample.
        """
        self.held = self.survey.positions[index]

    @property
    def n_rows(self):
        """Rows to be trained on."""  # numpydoc ignore=RT01
        return self.survey.rows.n_rows - len(self.held)

    def lessons(self):
        """All rows but those that are held out.

        Yields
        ------
        read : Table or array-like
            Rows as the student's view takes them.
        knowledge : Knowledge
            What they teach.
        """
        outputs = self.survey.outputs
        for batch in self.survey.rows.batches():
            positions = np.arange(batch.start, batch.start + len(batch))
            index = np.flatnonzero(~np.isin(positions, self._held_of(batch)))
            if not len(index):
                continue
            raw = None if outputs is None else outputs.raw(batch.start, len(batch))
            given = Given(
                batch.X.iloc[index],
                None if batch.y is None else self.check_targets(batch.y.iloc[index]),
                None if batch.weight is None else batch.weight[index],
                None if raw is None else outputs.arranged(raw[index]),
            )
            yield self.read(given.X), self.weigh(given)

    def _held_of(self, batch):
        ends = [batch.start, batch.start + len(batch)]
        low, high = np.searchsorted(self.held, ends)
        return self.held[low:high]
