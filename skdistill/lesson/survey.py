"""One pass over rows on disk: a sample of them, and what is known of all exactly."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ..disk.naming import naming
from ..disk.needed import needed
from ..tables.containers import rows_of
from ..tables.reading import validated_table
from ..tables.whole_view import WholeView
from .given import Given
from .whole_targets import LabelCounts, ValueSpread


@dataclass(frozen=True)
class Reading:
    """How a student reads rows and targets: all of them, so that no bad one is missed.

    Attributes
    ----------
    kind : {"classifier", "regressor"}
        What the targets are.
    rows : callable
        ``rows(X)`` -> rows as its view takes them.
    targets : callable
        ``targets(y)`` -> validated targets.
    """

    kind: str
    rows: Any
    targets: Any


@dataclass(frozen=True)
class Survey:
    """What one pass over rows on disk has found.

    Attributes
    ----------
    rows : OpenRows
        The rows.
    outputs : OutputsOfRows or None
        The teacher's outputs for them.
    positions : ndarray of shape (n,)
        Of the labelled rows in the sample, ascending.
    labelled : ndarray of int, shape (n_fragments,)
        How many rows of each fragment are labelled.
    given : Given
        The arguments of fit with the sample as X.
    view : WholeView or None
        What all rows say about the columns of a view; None where no table is read.
    targets : LabelCounts, ValueSpread or None
        What is known of all targets.
    """

    rows: Any
    outputs: Any
    positions: np.ndarray
    labelled: np.ndarray
    given: Given
    view: Any
    targets: Any

    @property
    def n_labelled(self):
        """Number of labelled rows of all."""  # numpydoc ignore=RT01
        return int(self.labelled.sum())

    @property
    def sizes(self):
        """Number of rows of each fragment."""  # numpydoc ignore=RT01
        return np.array([fragment.n_rows for fragment in self.rows.fragments])

    def fragments_of_sample(self):
        """The number of the fragment of each labelled row in the sample."""
        # numpydoc ignore=RT01
        return np.searchsorted(np.cumsum(self.sizes), self.positions, side="right")

    def balanced(self, class_weight):
        """The parameter ``class_weight``, "balanced" by all rows.

        Parameters
        ----------
        class_weight : dict, list, "balanced" or None
            As the user gave it.

        Returns
        -------
        dict, list or None
            Weights by label, where it was "balanced".
        """
        if not isinstance(class_weight, str) or self.targets is None:
            return class_weight
        return self.targets.balanced()

    def unit(self, task):
        """The unit of the targets, by all rows.

        Parameters
        ----------
        task : Values
            With the unit of the sample.

        Returns
        -------
        Unit
            That of the sample where targets say nothing.
        """
        unit = None if self.targets is None else self.targets.unit()
        return task.unit if unit is None else unit

    def correct(self, view):
        """Put the numbers of all rows into the view of the sample.

        Parameters
        ----------
        view : TableView
            Learnt from the sample; changed.
        """
        tails = view.parts_[0].tails
        if tails:  # what bends them was not known in the first pass
            numbers = view.parts_[0].columns
            names = [self.rows.columns[numbers[tail.index]] for tail in tails]
            for batch in self.rows.only(names).batches():
                table = validated_table(BaseEstimator(), batch.X, reset=True)
                self.view.add_bent(tails, table.numbers, _weight(batch))
        self.view.corrected(view)


def surveyed(rows, given, outputs, reading, has_view):
    """Pass over the rows.

    Parameters
    ----------
    rows : OpenRows
        The rows.
    given : Given
        The arguments of fit.
    outputs : OutputsOfRows or None
        The teacher's outputs.
    reading : Reading
        Of the student.
    has_view : bool
        Whether statistics of the columns are wanted; rows are then read as tables.

    Returns
    -------
    Survey
        What was found.

    Raises
    ------
    ValueError
        If some rows cannot be learnt from; it names their fragment.
    """
    view = WholeView(rows.label_columns) if has_view else None
    targets = None
    if rows.target is not None:
        targets = LabelCounts() if reading.kind == "classifier" else ValueSpread()
    taken = _Taken(rows, outputs)
    for batch in rows.batches():
        with naming(batch.label):
            table = _checked(batch, rows, reading)
            taken.add(batch, _counted(batch, targets))
            if view is not None:
                view.add(table, _weight(batch))
    return Survey(rows, outputs, *taken.given(given), view, targets)


def _checked(batch, rows, reading):
    """The rows as the student's view takes them, if all is well."""
    _check_weight(batch, rows)
    if batch.y is not None and len(batch.y):
        reading.targets(batch.y)
    return reading.rows(batch.X)


def _counted(batch, targets):
    """Positions of rows whose labels are new; all labels are counted."""
    if targets is None:
        return np.empty(0, int)
    labelled = _labelled(batch)
    return labelled[targets.add(batch.y, _weight(batch)[labelled])]


def _weight(batch):
    return np.ones(len(batch)) if batch.weight is None else batch.weight


def _labelled(batch):
    """Positions of the rows that have a target, or want none."""
    if batch.labelled is None:
        return np.arange(len(batch))
    return np.flatnonzero(batch.labelled)


def _check_weight(batch, rows):
    weight = batch.weight
    if weight is not None and not (np.isfinite(weight).all() and weight.min() >= 0):
        raise ValueError(
            f"Column {rows.weight!r} of weights holds gaps, infinity or numbers below 0: "
            "give 0 to rows that are not to count."
        )


class _Taken:
    """Rows of a sample, as they come by; unlabelled ones apart."""

    def __init__(self, rows, outputs):
        self.rows, self.outputs = rows, outputs
        self.chosen = rows.sample()
        self.parts, self.unlabelled, self.positions = [], [], [np.empty(0, int)]
        self.labelled = np.zeros(len(rows.fragments), int)

    def add(self, batch, more):
        """Take those that were chosen, and `more`: a class may be too rare for them."""
        ends = [batch.start, batch.start + len(batch)]
        low, high = np.searchsorted(self.chosen, ends)
        index = np.union1d(self.chosen[low:high] - batch.start, more).astype(int)
        labelled = _labelled(batch)
        self.labelled[batch.fragment] += len(labelled)
        known = np.isin(index, labelled)
        # y has the labelled rows alone.
        places = np.searchsorted(labelled, index[known])
        y = None if batch.y is None else batch.y.iloc[places]
        self._take(self.parts, batch, index[known], y)
        self._take(self.unlabelled, batch, index[~known], None)
        self.positions.append(batch.start + index[known])

    def _take(self, parts, batch, index, y):
        if not len(index):
            return
        outputs = weight = None
        if self.outputs is not None:
            outputs = self.outputs.raw(batch.start, len(batch))[index]
        if batch.weight is not None:
            weight = batch.weight[index]
        parts.append((rows_of(batch.X, index), y, weight, outputs))

    def given(self, given):
        """Positions, numbers of labelled rows, and the arguments of fit."""
        if not self.parts:
            raise ValueError(
                f"{self.rows.rows!r} holds no target: leave `target` None, if a teacher is "
                "to say all."
            )
        X, y, weight, outputs = self._columns(self.parts)
        sample = replace(given, X=X, y=y, sample_weight=weight, teacher_output=outputs)
        if given.X_transfer is not None and self.labelled.sum() < self.rows.n_rows:
            raise ValueError(
                f"X_transfer cannot be given beside {self.rows.rows!r}, some rows of "
                "which have no target: put all unlabelled rows there."
            )
        if self.unlabelled:
            X, _, _, outputs = self._columns(self.unlabelled)
            sample = replace(sample, X_transfer=X, transfer_output=outputs)
        return np.concatenate(self.positions), self.labelled, sample

    def _columns(self, parts):
        *columns, outputs = (
            None if column[0] is None else _joined(column)
            for column in zip(*parts, strict=True)
        )
        return *columns, None if outputs is None else self.outputs.arranged(outputs)


def _joined(parts):
    if isinstance(parts[0], np.ndarray):
        return np.concatenate(parts)
    if len(parts) == 1:
        return parts[0].reset_index(drop=True)
    return needed("pandas", "A frame").concat(parts, ignore_index=True)
