"""What rows on disk teach, a few rows at a time."""

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..disk.naming import naming
from .given import Given
from .knowledge import hold_out, picked

# Fewer are too few to be a fair part of all rows.
_LEAST_FRAGMENTS = 10


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
        Positions of single rows that are held out, ascending.
    held_fragments : ndarray of int
        Numbers of fragments that are held out whole, labelled or not.
    """

    survey: Any
    read: Any
    check_targets: Any
    weigh: Any
    held: np.ndarray = field(default_factory=lambda: np.empty(0, int))
    held_fragments: np.ndarray = field(default_factory=lambda: np.empty(0, int))

    def hold_out(self, strata, fraction, random, weight):
        """Leave rows out of training: whole fragments, where there are enough of them.

        Parameters
        ----------
        strata : ndarray of shape (n,)
            Class of each row of the sample.
        fraction : float
            Share of the rows.
        random : numpy.random.RandomState
            Chooses.
        weight : ndarray of shape (n,)
            Of the rows of the sample.

        Returns
        -------
        kept, held : ndarray of int
            Rows of the sample that are trained on, and that are watched.
        """
        of = self.survey.fragments_of_sample()
        chosen = picked_fragments(of, strata, fraction, random, weight)
        if chosen is not None and self._leaves_unlabelled(chosen):
            self.held_fragments = chosen
            is_held = np.isin(of, chosen)
            return np.flatnonzero(~is_held), np.flatnonzero(is_held)
        kept, held = hold_out(strata, fraction, random, weight)
        self.held = self.survey.positions[held]
        return kept, held

    def _leaves_unlabelled(self, chosen):
        """Whether rows without a label are trained on still, if there are any."""
        unlabelled = self.survey.sizes - self.survey.labelled
        return not unlabelled.any() or np.delete(unlabelled, chosen).any()

    @property
    def n_labelled(self):
        """Labelled rows to be trained on."""  # numpydoc ignore=RT01
        kept = np.delete(self.survey.labelled, self.held_fragments)
        return int(kept.sum()) - len(self.held)

    @property
    def n_unlabelled(self):
        """Rows without a target, where others have one, to be trained on."""
        # numpydoc ignore=RT01
        unlabelled = self.survey.sizes - self.survey.labelled
        return int(np.delete(unlabelled, self.held_fragments).sum())

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
        for batch in self.survey.rows.batches(set(self.held_fragments.tolist())):
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


def picked_fragments(of, strata, fraction, random, weight):
    """Fragments to hold out whole, if they are a fair part of the sample.

    They are drawn by the class that most of their rows have.

    Parameters
    ----------
    of : ndarray of int, shape (n,)
        The fragment of each row of the sample.
    strata : ndarray of shape (n,)
        Its class.
    fraction : float
        Share of the rows.
    random : numpy.random.RandomState
        Chooses.
    weight : ndarray of shape (n,)
        Rows of weight 0 are of no use.

    Returns
    -------
    ndarray of int or None
        None where there are fewer than ten, where these have less than half of the share
        or more than twice of it, or where a class would be on one side alone.
    """
    useful = weight > 0
    of, (classes, code) = of[useful], np.unique(strata[useful], return_inverse=True)
    if len(np.unique(of)) < _LEAST_FRAGMENTS:
        return None
    numbers, commonest = _commonest(of, code, len(classes))
    chosen = numbers[picked(commonest, fraction, random)]
    is_held = np.isin(of, chosen)
    counts = np.bincount(code)
    n_held = np.bincount(code[is_held], minlength=len(classes))
    is_common = counts * fraction >= 2  # single rows would have some of it
    is_fair = (n_held < counts).all() and n_held[is_common].all()
    is_fair &= fraction / 2 <= is_held.mean() <= 2 * fraction
    return chosen if is_fair else None


def _commonest(of, code, n_classes):
    """Numbers of the fragments that have rows, and the class that most of them have."""
    pairs, counts = np.unique(of * n_classes + code, return_counts=True)
    number, each = np.divmod(pairs, n_classes)
    order = np.lexsort((counts, number))
    last = order[np.append(np.diff(number[order]) > 0, True)]
    return number[last], each[last]
