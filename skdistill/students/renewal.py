"""Fresh draws in the place of drawn transfer rows, while a student is trained."""

import math
from dataclasses import replace

import numpy as np


class Renewal:
    """Draws, labels and weighs fresh rows, as the first ones were.

    The rows of X and those of ``X_transfer`` are not asked about again.

    Parameters
    ----------
    drawn : Drawn
        The rows to replace, as far as they are labelled.
    reader : ClassReader or ValueReader
        Around the teacher.
    knowledge : Knowledge
        What all rows teach so far.
    weighed : callable
        ``weighed(drawn, answers)`` -> Knowledge of all rows, with other drawn ones.
    validated : callable
        ``validated(X)`` -> drawn rows, checked, for the student's view.

    Attributes
    ----------
    kept : ndarray of int or None
        The rows of X that are trained on; None for all.
    """

    def __init__(self, drawn, reader, knowledge, weighed, validated):
        self.kept = None
        self.drawn = replace(drawn, X=None)
        self.answers = knowledge.answers
        self._reader = reader
        self._weighed = weighed
        self._validated = validated

    def __len__(self):
        return len(self.drawn)

    @property
    def every(self):
        """Epochs between two draws."""  # numpydoc ignore=RT01
        return self.drawn.source.refresh

    @property
    def chooses(self):
        """Whether more rows are drawn than kept."""  # numpydoc ignore=RT01
        return self.drawn.source.n_candidates > 1

    def draw(self):
        """Fresh rows and the teacher's answers.

        Returns
        -------
        (Drawn, ndarray of shape (k, n_outputs)) or None
            None if the time to label rows is over.
        """
        fresh = self.drawn.again(math.ceil(len(self) * self.drawn.source.n_candidates))
        if fresh is None:
            return None
        seen, answers = self._validated(fresh.X), fresh.answers(self._reader)
        fresh = replace(fresh, X=seen)
        if len(answers) < len(fresh):
            fresh = fresh.take(np.arange(len(answers)))
        return fresh, answers

    def weighed(self, fresh, answers):
        """What all rows would teach, with fresh rows as the drawn ones.

        Parameters
        ----------
        fresh : Drawn
            Any number.
        answers : ndarray of shape (k, n_outputs)
            The teacher's.

        Returns
        -------
        Knowledge
            Of X, ``X_transfer`` and these.
        """
        before = self.answers[: len(self.answers) - len(self)]
        return self._weighed(fresh, np.concatenate([before, answers]))

    def chosen(self, weight, loss):
        """Candidates to keep, likelier where the loss is large, and their factors.

        Half of a candidate's share is its weight, half its weighted loss. A factor is
        one over the probability to be kept, so that the weighted sum over the kept rows
        estimates that over all candidates without bias [1]_.

        Parameters
        ----------
        weight : ndarray of shape (k,)
            Of each candidate.
        loss : ndarray of shape (k,)
            The student's against the teacher, 0 at least.

        Returns
        -------
        index : ndarray of int
            As many as there are rows to replace, ascending.
        factor : ndarray of float
            For their weights.

        References
        ----------
        .. [1] Horvitz, Thompson: A Generalization of Sampling Without Replacement From
           a Finite Universe, 1952.
        """
        total = (weight * loss).sum()
        size = weight * (1.0 + loss * (weight.sum() / total if total else 0.0))
        least = 1e-12 * (size.sum() or 1.0)  # for too few candidates of any weight
        share = inclusion(size + least, len(self))
        random = np.random.default_rng(
            [self.drawn.source.seed, self.drawn.source.n_draws]
        )
        order = random.permutation(len(share))
        ends = np.cumsum(share[order])
        ticks = (random.random() + np.arange(len(self))) * ends[-1] / len(self)
        index = np.sort(order[np.searchsorted(ends, ticks, side="right")])
        return index, len(self) / len(share) / share[index]

    def keep(self, fresh, answers):
        """Take fresh rows in the place of the first ones.

        Parameters
        ----------
        fresh : Drawn
            Not more than there are to replace.
        answers : ndarray of shape (k, n_outputs)
            The teacher's.

        Returns
        -------
        Knowledge
            What all rows teach now.
        """
        k, before = len(fresh), self.drawn
        factor = None
        if fresh.factor is not None or before.factor is not None:
            factor = np.concatenate([_factor(fresh), _factor(before)[k:]])
        parents = np.concatenate([fresh.parents, before.parents[k:]])
        self.drawn = replace(fresh, X=None, parents=parents, factor=factor)
        stay = self.answers[len(self.answers) - len(before) + k :]
        knowledge = self.weighed(self.drawn, np.concatenate([answers, stay]))
        self.answers = knowledge.answers
        return knowledge


def _factor(drawn):
    return np.ones(len(drawn)) if drawn.factor is None else drawn.factor


def inclusion(size, count):
    """Probabilities in proportion to sizes, at most 1, that add up to a count.

    Parameters
    ----------
    size : ndarray of shape (n,)
        Above 0.
    count : int
        Not above n.

    Returns
    -------
    ndarray of shape (n,)
        One for each.
    """
    is_sure = np.zeros(len(size), dtype=bool)
    while True:
        rest = max(size[~is_sure].sum(), np.finfo(float).tiny)
        share = np.where(is_sure, 1.0, size * (count - is_sure.sum()) / rest)
        over = share > 1
        if not over.any():
            return share
        is_sure |= over
