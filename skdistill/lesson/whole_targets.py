"""What the targets of all rows on disk say, added up from parts of the rows."""

import numpy as np

from ..tables.whole_view import Spread
from ..tasks.units import Unit


class LabelCounts:
    """How many rows each label has, of each target."""

    def __init__(self):
        self.counts = {}  # by the target's number

    def add(self, y, weight):
        """Count.

        Parameters
        ----------
        y : series or frame of shape (n,) or (n, n_targets)
            Labels, without gaps.
        weight : ndarray of shape (n,)
            Does not count here, as in scikit-learn.

        Returns
        -------
        ndarray of int
            The first row of each label that is new.
        """
        columns = y.to_numpy().reshape(len(y), -1).T
        first = set()
        for i, column in enumerate(columns):
            counts = self.counts.setdefault(i, {})
            found = np.unique(column, return_index=True, return_counts=True)
            for label, row, count in zip(
                *(part.tolist() for part in found), strict=True
            ):
                if label not in counts:
                    first.add(row)
                counts[label] = counts.get(label, 0) + count
        return np.array(sorted(first), int)

    def balanced(self):
        """Weights by label, as scikit-learn computes them.

        Returns
        -------
        dict, or list of dict
            One for each target.
        """
        every = [
            {label: sum(c.values()) / (len(c) * n) for label, n in c.items()}
            for c in self.counts.values()
        ]
        return every if len(every) > 1 else every[0]

    def unit(self):
        """None: labels have no unit."""  # numpydoc ignore=RT01
        return None


class ValueSpread:
    """Means and standard deviations of the targets."""

    def __init__(self):
        self.spread = Spread()

    def add(self, y, weight):
        """Add up.

        Parameters
        ----------
        y : series or frame of shape (n,) or (n, n_targets)
            Values, without gaps.
        weight : ndarray of shape (n,)
            Not negative.

        Returns
        -------
        ndarray of int
            Empty: no row has to be in the sample.
        """
        values = y.to_numpy(np.float64).reshape(len(y), -1)
        self.spread.add(values, weight)
        return np.empty(0, int)

    def balanced(self):
        """None: values have no classes."""  # numpydoc ignore=RT01
        return None

    def unit(self):
        """Center and scale of the targets.

        Returns
        -------
        Unit or None
            None where no target varies: the teacher's answers say it then.
        """
        inverse = self.spread.inverse()
        if not inverse.any():
            return None
        size = np.minimum(np.abs(self.spread.mean), 1.0)
        constant = np.where(size > 0, size, 1.0)
        scale = np.where(inverse > 0, 1 / np.where(inverse > 0, inverse, 1), constant)
        return Unit(self.spread.mean, np.maximum(scale, np.finfo(float).tiny))
