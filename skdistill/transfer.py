"""Transfer rows for a student: what its ``transfer`` parameter says, drawn."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import _num_samples

from .samplers import Bootstrap, ConditionalSampler, GaussianNoise, Mixup, Munge
from .tables import rows_of


class FixedRows(BaseEstimator):
    """The same rows each time: a transfer set that searches do not slice.

    Parameters
    ----------
    X : array-like or frame of shape (m, n_features)
        Unlabelled rows, with the columns of the training rows.
    output : array-like of shape (m, n_classes) or (m, n_outputs), default=None
        The teacher's outputs for them, computed beforehand; None: it is asked.

    Examples
    --------
    >>> import numpy as np
    >>> from skdistill import FixedRows
    >>> FixedRows(np.eye(2)).fit(np.zeros((5, 2))).sample()[0].shape
    (2, 2)
    """

    def __init__(self, X, output=None):
        self.X = X
        self.output = output

    def fit(self, X, y=None):
        """Learn nothing.

        Parameters
        ----------
        X : array-like or frame of shape (n, n_features)
            Ignored.
        y : None
            Ignored.

        Returns
        -------
        FixedRows
            Itself.
        """
        return self

    def sample(self, n=None, random_state=None):
        """The rows.

        Parameters
        ----------
        n : int, default=None
            Ignored.
        random_state : int, RandomState instance or None, default=None
            Ignored.

        Returns
        -------
        X : array-like or frame of shape (m, n_features)
            The rows as they were given.
        parents : ndarray of shape (m, 0)
            They have none.
        """
        return self.X, np.empty((_num_samples(self.X), 0), dtype=int)


#: Samplers that ``transfer`` knows by name.
NAMES = {
    "munge": Munge,
    "conditional": ConditionalSampler,
    "mixup": Mixup,
    "noise": GaussianNoise,
    "bootstrap": Bootstrap,
}


@dataclass(frozen=True)
class Drawn:
    """Rows that a sampler has drawn.

    Attributes
    ----------
    X : array-like or frame of shape (m, n_features)
        The rows.
    parents : ndarray of shape (m, n_parents)
        The training rows that each was made from.
    output : array-like or None
        Outputs computed beforehand.
    time_budget : float or None
        Seconds to label them in.
    asks : callable or None
        ``asks(reader, X, parents)`` -> answers about some of them, where others are asked
        than the usual teacher.
    """

    X: Any
    parents: np.ndarray
    output: Any = None
    time_budget: float | None = None
    asks: Any = None


def draw(transfer, X, random, usable=None):
    """Draw transfer rows, as a student's ``transfer`` parameter says.

    Parameters
    ----------
    transfer : sampler, str or callable
        A sampler is cloned; a name stands for one at its defaults; a function is called
        as ``transfer(X, random_state)`` and returns rows.
    X : array-like or frame of shape (n, n_features)
        Training rows.
    random : numpy.random.RandomState
        Draws.
    usable : callable, default=None
        ``usable(parents)`` -> which drawn rows to keep; so many more are drawn that
        enough are left.

    Returns
    -------
    Drawn
        At least one row.

    Raises
    ------
    ValueError
        If no drawn row is usable.
    """
    if isinstance(transfer, FixedRows):
        return Drawn(*transfer.sample(), transfer.output)
    seed = random.randint(np.iinfo(np.int32).max)
    if isinstance(transfer, str):
        transfer = NAMES[transfer]()
    if not hasattr(transfer, "sample"):
        rows = transfer(X, seed)
        return Drawn(rows, np.empty((_num_samples(rows), 0), dtype=int))
    sampler = clone(transfer).fit(X)
    drawn = _sampled(sampler, None, seed)
    if usable is None:
        return drawn
    wanted, kept = len(drawn.parents), np.flatnonzero(usable(drawn.parents))
    if 0 < len(kept) < wanted:
        share = len(kept) / wanted  # itself drawn: some more, so as not to fall short
        more = int(
            (wanted + 4 * wanted**0.5) / max(share - share / len(kept) ** 0.5, 1e-3)
        )
        drawn = _sampled(sampler, more, seed)
        kept = np.flatnonzero(usable(drawn.parents))
    if not len(kept):
        raise ValueError(
            f"transfer={transfer!r} drew no row that some clone of the teacher has not "
            "seen a parent of: take fewer folds as `cv`, or another transfer_teacher."
        )
    kept = kept[:wanted]
    X, parents = rows_of(drawn.X, kept), drawn.parents[kept]
    return replace(drawn, X=X, parents=parents)


def _sampled(sampler, n, seed):
    rows, parents = sampler.sample(n, random_state=seed)
    parents = np.asarray(parents).reshape(_num_samples(rows), -1)
    return Drawn(rows, parents, time_budget=getattr(sampler, "time_budget", None))
