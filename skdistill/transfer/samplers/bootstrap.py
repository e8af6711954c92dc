"""Training rows as they are: a control."""

import numpy as np

from .table import Sampler


class Bootstrap(Sampler):
    """Training rows, drawn with replacement.

    Nothing new for the teacher: a control for the other samplers.

    Parameters
    ----------
    size : int or float, default=1.0
        How many rows to draw: a number, or a multiple of the training rows.
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
    >>> from skdistill import Bootstrap
    >>> Bootstrap(size=3).fit(np.eye(5)).sample(random_state=0)[0].shape
    (3, 5)
    """

    def __init__(self, size=1.0, *, time_budget=None, refresh=None, n_candidates=1.0):
        self.size = size
        self.time_budget = time_budget
        self.refresh = refresh
        self.n_candidates = n_candidates

    def _starts(self, n, random):
        return random.randint(len(self.cells_), size=n)

    def _draw(self, parent, random):
        take = np.repeat(parent[:, None], self.cells_.n_cells, axis=1)
        return take, None, parent[:, None]
