"""Points between two training rows."""

from numbers import Real

import numpy as np
from sklearn.utils._param_validation import Interval

from .table import Sampler


class Mixup(Sampler):
    """Points between two training rows.

    Numbers are mixed with a share drawn from a beta distribution; a category is that of
    either row, with that probability [1]_.

    Parameters
    ----------
    size : int or float, default=8.0
        How many rows to draw: a number, or a multiple of the training rows.
    alpha : float, default=0.2
        Of the beta distribution: small for rows near to one of the two.
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

    References
    ----------
    .. [1] Zhang, Cisse, Dauphin, Lopez-Paz: mixup, 2018.

    Examples
    --------
    >>> import numpy as np
    >>> from skdistill import Mixup
    >>> X = np.arange(6.0)[:, None] * [1, 0.5]
    >>> Mixup(size=4).fit(X).sample(random_state=0)[1].shape
    (4, 2)
    """

    _parameter_constraints: dict = {
        **Sampler._parameter_constraints,
        "alpha": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        size=8.0,
        *,
        alpha=0.2,
        max_distance=None,
        time_budget=None,
        refresh=None,
        n_candidates=1.0,
    ):
        self.size = size
        self.alpha = alpha
        self.max_distance = max_distance
        self.time_budget = time_budget
        self.refresh = refresh
        self.n_candidates = n_candidates

    def _draw(self, parent, random):
        cells, n = self.cells_, len(parent)
        other = random.randint(len(cells), size=n)
        share = random.beta(self.alpha, self.alpha, size=(n, 1))
        from_first = random.random_sample((n, cells.n_cells)) < share
        take = np.where(from_first, parent[:, None], other[:, None])
        a, b = cells.numbers[parent], cells.numbers[other]
        mixed = share * a + (1 - share) * b
        # The other's value stands in for a gap; `of_their_kind` puts the gap back.
        mixed = np.where(np.isnan(a), b, np.where(np.isnan(b), a, mixed))
        return take, mixed, np.column_stack([parent, other])
