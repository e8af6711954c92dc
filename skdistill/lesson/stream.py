"""What rows on disk teach, a few rows at a time."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..disk.naming import naming
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
    def n_labelled(self):
        """Labelled rows to be trained on."""  # numpydoc ignore=RT01
        return self.survey.n_labelled - len(self.held)

    @property
    def n_unlabelled(self):
        """Rows without a target, where others have one."""  # numpydoc ignore=RT01
        return self.survey.rows.n_rows - self.survey.n_labelled

    def lessons(self):
        """All rows but those that are held out.

        Yields
        ------
        read : Table or array-like
            Rows as the student's view takes them: all of them labelled, or none.
        knowledge : Knowledge
            What they teach; of unlabelled ones ``n_labelled`` is 0.
        label : str
            What an error calls them.
        """
        for batch in self.survey.rows.batches():
            labelled = np.ones(len(batch), bool)
            if batch.labelled is not None:
                labelled = batch.labelled
            kept = ~np.isin(np.arange(len(batch)) + batch.start, self._held_of(batch))
            index = np.flatnonzero(labelled & kept)
            if len(index):
                y = None if batch.y is None else batch.y[kept[labelled]]
                yield *self._taught(batch, index, y), batch.label
            if not labelled.all():
                read, knowledge = self._taught(batch, np.flatnonzero(~labelled), None)
                none = knowledge.hard_weight[:0]
                yield read, replace(knowledge, hard_weight=none), batch.label

    def _taught(self, batch, index, y):
        outputs, raw = self.survey.outputs, None
        if outputs is not None:
            raw = outputs.arranged(outputs.raw(batch.start, len(batch))[index])
        given = Given(
            batch.X.iloc[index],
            None if y is None else self.check_targets(y),
            None if batch.weight is None else batch.weight[index],
            raw,
        )
        with naming(batch.label):
            return self.read(given.X), self.weigh(given)

    def _held_of(self, batch):
        ends = [batch.start, batch.start + len(batch)]
        low, high = np.searchsorted(self.held, ends)
        return self.held[low:high]
