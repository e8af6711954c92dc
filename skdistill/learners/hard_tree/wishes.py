"""Which questions a tree may ask: columns allowed, together on a path, and in order."""

import itertools
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Wishes:
    """What a tree is held to, by the columns of its view.

    Attributes
    ----------
    source : ndarray of int of shape (n_view,)
        The column of X that each column of the view is about.
    is_question : ndarray of bool of shape (n_view,)
        Which columns are 1 for yes and 0 for no: at most one of a source is 1.
    direction : ndarray of int of shape (n_view,)
        1 where what the tree says may not fall as the column rises, -1 where it may not
        rise, otherwise 0.
    groups : list of set of int, "pairwise" or None
        Sources that may be asked about on one path; None for all.
    allowed : ndarray of bool of shape (n_view,) or None
        Columns that may be asked at all; None for all.
    most : int or None
        How many sources a tree may ask about.
    """

    source: np.ndarray
    is_question: np.ndarray
    direction: np.ndarray
    groups: Any = None
    allowed: Any = None
    most: int | None = None

    @property
    def guide(self):
        """Whether single questions depend on others, or on the order of their sides."""
        # numpydoc ignore=RT01
        return self.groups is not None or self.has_order

    @property
    def has_order(self):
        """Whether some column has a direction."""  # numpydoc ignore=RT01
        return bool(self.direction.any())

    @property
    def columns(self):
        """Numbers of the columns that are searched, or a slice of all."""
        # numpydoc ignore=RT01
        return slice(None) if self.allowed is None else np.flatnonzero(self.allowed)

    def on(self, columns):
        """The same wishes about some columns.

        Parameters
        ----------
        columns : ndarray of int or slice
            Which.

        Returns
        -------
        Wishes
            By their new numbers.
        """
        names = ("source", "is_question", "direction")
        parts = {name: getattr(self, name)[columns] for name in names}
        return replace(self, **parts, allowed=None)

    def fewer(self, asked, use, at_once):
        """The same wishes about the sources that a tree uses most.

        Parameters
        ----------
        asked : ndarray of int
            Columns that the tree asks about.
        use : ndarray of shape (n_view,)
            What its questions about each column gain.
        at_once : bool
            Whether as many go as must, and not half of these.

        Returns
        -------
        Wishes or None
            None where the tree asks about few enough.
        """
        if self.most is None:
            return None
        sources = np.unique(self.source[asked])
        surplus = len(sources) - self.most
        if surplus <= 0:
            return None
        gain = np.bincount(self.source, use)
        n = self.most + (0 if at_once else surplus // 2)
        kept = sources[np.argsort(-gain[sources], kind="stable")[:n]]
        return replace(self, allowed=np.isin(self.source, kept))

    @cached_property
    def _member(self):
        """Which columns are in each group (n_groups, n_view)."""
        groups = self.groups
        if groups == "pairwise":
            sources = np.unique(self.source).tolist()
            groups = list(itertools.combinations(sources, 2)) or [sources]
        rows = [np.isin(self.source, list(group)) for group in groups]
        return np.array(rows).reshape(len(rows), len(self.source))

    def askable(self, above, paths=((),)):
        """Which columns may be asked about at a place.

        Parameters
        ----------
        above : iterable of int
            Columns that are asked about above it.
        paths : iterable of iterable of int, default=((),)
            Columns that stay on each path below it.

        Returns
        -------
        ndarray of bool of shape (n_view,)
            An answer for each.
        """
        answer = np.ones(len(self.source), dtype=bool)
        if self.groups is None:
            return answer
        for path in paths:
            there = [*above, *path]
            alive = self._member[:, there].all(axis=1)
            answer &= self._member[alive].any(axis=0)
        return answer

    def together(self, above, columns):
        """Which pairs of columns may both be asked about on one path.

        Parameters
        ----------
        above : iterable of int
            Columns that are asked about above.
        columns : ndarray of int of shape (n,)
            Columns.

        Returns
        -------
        ndarray of bool of shape (n, n), or True
            An answer for each pair.
        """
        if self.groups is None:
            return True
        alive = self._member[:, list(above)].all(axis=1)
        member = self._member[alive].astype(np.float32)
        # By columns first: there may be many tests of each.
        return (member.T @ member > 0)[np.ix_(columns, columns)]

    def in_order(self, columns, left, right):
        """Whether the sides of tests about columns with a direction are in order.

        Parameters
        ----------
        columns : int or ndarray of int
            The tests' columns.
        left, right : ndarray of shape (..., n_stats)
            Sums of either side; the last one is of what is to rise or fall.

        Returns
        -------
        ndarray of bool, or True
            An answer for each test.
        """
        if not self.has_order:
            return True
        fall = left[..., -1] * right[..., 0] - right[..., -1] * left[..., 0]
        return self.direction[columns] * fall <= 0
