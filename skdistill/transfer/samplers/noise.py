"""Training rows with noise."""

from numbers import Real

import numpy as np
from sklearn.utils._param_validation import Interval

from .table import Sampler


class GaussianNoise(Sampler):
    """Training rows with noise on their numbers.

    Parameters
    ----------
    size : int or float, default=8.0
        How many rows to draw: a number, or a multiple of the training rows.
    scale : float, default=0.1
        Standard deviation of the noise, in those of the columns.
    p : float, default=0.0
        Probability that a category is redrawn from its column.
    max_distance : float, default=None
        Rows farther from all training rows than this are drawn again. 1 is the distance
        that 95 % of the training rows do not exceed to their nearest other one.
    time_budget : float, default=None
        Seconds that the teacher of a student may take to label the drawn rows, fresh
        ones included; those that it had no time for are dropped, with a warning. Where
        that happens, fits do not repeat to the bit.
    refresh : int, default=None
        A student draws fresh rows in the place of these after so many epochs, for its
        teacher to label; None for never.
    n_candidates : float, default=1.0
        The fresh rows are drawn and labelled so many times, and those are likelier kept
        on which the student's loss against the teacher is large.

    Examples
    --------
    >>> import numpy as np
    >>> from skdistill import GaussianNoise
    >>> X = np.arange(6.0)[:, None] * [1, 0.5]
    >>> GaussianNoise(size=2.0).fit(X).sample(random_state=0)[0].shape
    (12, 2)
    """

    _parameter_constraints: dict = {
        **Sampler._parameter_constraints,
        "scale": [Interval(Real, 0, None, closed="left")],
        "p": [Interval(Real, 0, 1, closed="both")],
    }

    def __init__(
        self,
        size=8.0,
        *,
        scale=0.1,
        p=0.0,
        max_distance=None,
        time_budget=None,
        refresh=None,
        n_candidates=1.0,
    ):
        self.size = size
        self.scale = scale
        self.p = p
        self.max_distance = max_distance
        self.time_budget = time_budget
        self.refresh = refresh
        self.n_candidates = n_candidates

    def _learn(self):
        self.spread_ = self.cells_.spread()

    def _draw(self, parent, random):
        cells = self.cells_
        other = random.randint(len(cells), size=(len(parent), cells.n_cells))
        redrawn = random.random_sample(other.shape) < self.p
        # Numbers get noise; only the other cells are redrawn.
        redrawn[:, cells.moved] = False
        take = np.where(redrawn, other, parent[:, None])
        spread = self.spread_ * self.scale
        numbers = cells.numbers[parent]
        numbers = numbers + spread * random.standard_normal(numbers.shape)
        return take, numbers, parent[:, None]
