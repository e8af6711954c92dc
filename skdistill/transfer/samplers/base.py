"""What samplers of tables and of texts share."""

from abc import ABCMeta, abstractmethod
from numbers import Integral, Real
from typing import Self

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import check_is_fitted


class BaseSampler(BaseEstimator, metaclass=ABCMeta):
    """What samplers of tables and of texts share: how many rows, how often.

    Subclasses learn in ``_read`` and draw in ``_sampled``.
    """

    _parameter_constraints: dict = {
        "size": [
            Interval(Integral, 1, None, closed="left"),
            Interval(Real, 0, None, closed="neither"),
        ],
        "time_budget": [Interval(Real, 0, None, closed="neither"), None],
        "refresh": [Interval(Integral, 1, None, closed="left"), None],
        "n_candidates": [Interval(Real, 1, None, closed="left")],
    }

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None) -> Self:
        """Learn from training rows.

        Parameters
        ----------
        X : array-like or frame of n rows
            Numbers, booleans, categories, strings; gaps are allowed. Samplers of texts
            read texts alone.
        y : None
            Ignored.

        Returns
        -------
        BaseSampler
            Itself.
        """
        if self.n_candidates > 1 and self.refresh is None:
            raise ValueError(
                f"n_candidates={self.n_candidates} chooses among fresh rows, and "
                "refresh=None draws none: set refresh, such as refresh=1."
            )
        self._read(X)
        return self

    @abstractmethod
    def _read(self, X):
        """Learn from X what ``sample`` needs."""

    @abstractmethod
    def _n_rows(self):
        """The number of training rows."""

    def sample(self, n=None, random_state=None):
        """Draw rows.

        Parameters
        ----------
        n : int, default=None
            The number of rows; None for what ``size`` says.
        random_state : int, RandomState instance or None, default=None
            The generator, or its seed.

        Returns
        -------
        X : array-like or frame of n rows
            Rows of the same kind as the training rows.
        parents : ndarray of shape (n, n_parents)
            The training rows that each was made from; the row that it starts from first.

        Raises
        ------
        ValueError
            If hardly any draw is within `max_distance`, or `n` is no number of rows.
        """
        check_is_fitted(self)
        if n is not None and not (isinstance(n, Integral) and n >= 0):
            raise ValueError(f"n={n!r} must be a whole number of rows, or None.")
        random = check_random_state(random_state)
        return self._sampled(self.n_draws() if n is None else n, random)

    @abstractmethod
    def _sampled(self, n, random):
        """So many rows, and their parents."""

    def n_draws(self):
        """Return the number of rows that ``size`` stands for.

        Returns
        -------
        int
            A whole ``size`` itself; otherwise so many times the training rows.
        """
        if isinstance(self.size, Integral):
            return int(self.size)
        return max(1, round(self.size * self._n_rows()))

    def _starts(self, n, random):
        """Training rows to start from: each as often as any other, to one."""
        full, rest = divmod(n, self._n_rows())
        order = [random.permutation(self._n_rows()) for _ in range(full)]
        return np.concatenate([*order, random.permutation(self._n_rows())[:rest]])

    def __sklearn_tags__(self):
        """scikit-learn's tags: gaps, categories and strings are allowed."""
        tags = super().__sklearn_tags__()
        for name in ("allow_nan", "categorical", "string"):
            setattr(tags.input_tags, name, True)
        return tags
