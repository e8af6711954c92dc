"""What samplers of tables share."""

from abc import abstractmethod
from numbers import Real

import numpy as np
from sklearn.utils._param_validation import Interval

from ...tables.view import FLOAT32_BOUND
from ..cells import Cells
from ..neighbors import Nearest
from .base import BaseSampler

_CHUNK = 1 << 16  # rows drawn at once: a few arrays of all columns
# max_distance counts in this quantile of the distances between training rows ...
_SPACING = 0.95
# ... and gives up where a smaller share of the draws is within, of so many at least.
_LEAST_WITHIN, _FEWEST_TRIED = 0.02, 1000


class Sampler(BaseSampler):
    """What all samplers of tables share: cells, and how far from the data.

    Subclasses learn in ``_learn`` and draw in ``_draw``.
    """

    _parameter_constraints: dict = {
        **BaseSampler._parameter_constraints,
        "max_distance": [Interval(Real, 0, None, closed="neither"), None],
    }
    max_distance = None  # where it is no parameter

    def _read(self, X):
        self.cells_ = Cells.read(self, X)
        self._learn()
        if self.max_distance is not None:
            self.nearest_ = Nearest(self.cells_.positions())
            self.spacing_ = self.nearest_.spacing(_SPACING)

    def _n_rows(self):
        return len(self.cells_)

    def _learn(self):
        """What a subclass needs to draw."""

    def _sampled(self, n, random):
        if self.max_distance is None:
            parts = list(self._drafts(n, random))
        else:
            parts = self._near_drafts(n, random)
        take, numbers, parents = zip(*parts, strict=True)
        del parts  # a million rows are not kept twice
        take, parents = np.concatenate(take), np.concatenate(parents)
        numbers = None if numbers[0] is None else np.concatenate(numbers)
        return self.cells_.rows(take, numbers), parents

    def _drafts(self, n, random):
        """Part by part, the row of each cell, the numbers and the parents."""
        starts = self._starts(n, random)
        for start in range(0, max(1, n), _CHUNK):
            parent = starts[start : start + _CHUNK]
            with np.errstate(over="ignore"):  # the limits cut off what overflows
                take, numbers, parents = self._draw(parent, random)
            if numbers is not None:
                numbers = self.cells_.of_their_kind(take, numbers)
            yield take.astype(np.int32), numbers, parents

    def _near_drafts(self, n, random):
        """Drafts within `max_distance`; those farther away are drawn again."""
        kept, missing, tried, good = [], n, 0, 0
        # At least one draft, also of no rows, for the shapes.
        while missing or not kept:
            # 100 at least: the last rows would otherwise be drawn a few at a time.
            for draft in self._drafts(max(missing, 100) if kept else n, random):
                near = np.flatnonzero(self._is_near(*draft))
                tried, good = tried + len(draft[0]), good + len(near)
                kept.append(tuple(_rows_of(x, near[:missing]) for x in draft))
                missing -= len(kept[-1][0])
                if tried >= _FEWEST_TRIED and good < _LEAST_WITHIN * tried:
                    raise ValueError(
                        f"max_distance={self.max_distance} rejects {tried - good} of "
                        f"{tried} rows that {type(self).__name__} draws: raise it, or "
                        "let the sampler stay nearer to its rows."
                    )
        return kept

    def _is_near(self, take, numbers, parents):
        points = self.cells_.positions(take, numbers)
        limit = self.max_distance * self.spacing_
        return self.nearest_.is_within(points, parents[:, 0], limit)

    @abstractmethod
    def _draw(self, parent, random):
        """The row that each cell is taken from, numbers to stand there or None, parents.

        `parent` are the training rows to start from.
        """


def _rows_of(values, rows):
    return None if values is None else values[rows]


def as_float32(values):
    """Numbers as scikit-learn's trees take them.

    Parameters
    ----------
    values : ndarray
        Of any size.

    Returns
    -------
    ndarray of the same shape
        Of float32, cut off where trees would overflow.
    """
    return np.clip(values, -FLOAT32_BOUND, FLOAT32_BOUND).astype(np.float32)
