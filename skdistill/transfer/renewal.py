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
    task : Task
        What answers mean.
    teacher : Teacher or None
        The teacher that answers.
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

    def __init__(self, drawn, task, teacher, knowledge, weighed, validated):
        self.kept = None
        # Without the rows: the student trains on a copy of its own, and memory stays
        # that of one draw.
        self.drawn = replace(drawn, X=None)
        self.answers = knowledge.answers
        self.task, self.teacher = task, teacher
        self.validated = validated
        self._weighed = weighed

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
        table, answers = self.validated(fresh.X), fresh.answers(self.task, self.teacher)
        fresh = replace(fresh, X=table)
        if len(answers) < len(fresh):
            fresh = fresh.take(np.arange(len(answers)))
        return fresh, answers

    def weighed(self, fresh, answers):
        """What all rows would teach, with fresh rows as the drawn ones.

        Parameters
        ----------
        fresh : Drawn
            Any number of fresh rows.
        answers : ndarray of shape (k, n_outputs)
            The teacher's answers about them.

        Returns
        -------
        Knowledge
            What the rows of X, of ``X_transfer`` and these teach.
        """
        before = self.answers[: len(self.answers) - len(self)]
        return self._weighed(fresh, np.concatenate([before, answers]))

    def chosen(self, weight, loss):
        """Candidates to keep, likelier where the loss is large.

        Shares are proportional to the loss plus its mean, so that no more than half of
        the draw goes after the loss. A row that is kept keeps its weight: where student
        and teacher disagree, the loss counts more on purpose. Weights of one over the
        share would undo that, and did not help; soft targets have no noise of labels
        that could be learnt by heart there.

        Parameters
        ----------
        weight : ndarray of shape (k,)
            Weight of each candidate; without weight none is kept while there are others.
        loss : ndarray of shape (k,)
            The student's loss against the teacher, not negative.

        Returns
        -------
        ndarray of int
            Positions, ascending: as many as there are rows to replace.
        """
        mean = loss[weight > 0].mean() if weight.any() else 0.0
        size = np.where(weight > 0, loss + mean, 0.0)
        # Equal shares where all losses are 0.
        share = inclusion(size + (1e-12 * size.sum() or 1.0), len(self))
        source = self.drawn.source
        random = np.random.default_rng([source.seed, source.n_draws])
        # Systematic sampling: ticks at equal distances on the shares, in random order,
        # take each candidate with exactly its share, and always the wanted number.
        order = random.permutation(len(share))
        ends = np.cumsum(share[order])
        ticks = (random.random() + np.arange(len(self))) * ends[-1] / len(self)
        # Without the last end: rounding cannot put a tick beyond it.
        return np.sort(order[np.searchsorted(ends[:-1], ticks, side="right")])

    def keep(self, fresh, answers):
        """Take fresh rows in the place of the first ones.

        Parameters
        ----------
        fresh : Drawn
            Fresh rows, not more than there are to replace.
        answers : ndarray of shape (k, n_outputs)
            The teacher's answers about them.

        Returns
        -------
        Knowledge
            What all rows teach now.
        """
        # Where a time budget ended early, older rows keep the places that are left.
        k, before = len(fresh), self.drawn
        parents = np.concatenate([fresh.parents, before.parents[k:]])
        self.drawn = replace(fresh, X=None, parents=parents)
        stay = self.answers[len(self.answers) - len(before) + k :]
        return self._took(np.concatenate([answers, stay]))

    def restore(self, parents, answers):
        """Take the rows that an earlier process had drawn.

        Parameters
        ----------
        parents : ndarray of shape (m, n_parents)
            Of the rows.
        answers : ndarray of shape (n + m, n_outputs)
            The teacher's answers about all rows.

        Returns
        -------
        Knowledge
            What all rows teach.
        """
        n_before = len(answers) - len(self)
        self.drawn = replace(self.drawn, parents=parents)
        return self._took(answers[n_before:])

    def _took(self, answers):
        knowledge = self.weighed(self.drawn, answers)
        self.answers = knowledge.answers
        return knowledge


def inclusion(size, count):
    """Probabilities in proportion to sizes, at most 1, that add up to a count.

    Parameters
    ----------
    size : ndarray of shape (n,)
        Positive numbers.
    count : int
        The sum of the probabilities, n at most.

    Returns
    -------
    ndarray of shape (n,)
        A probability for each.
    """
    # What would have more than 1 gets 1, and the others share the rest; again, until no
    # other one is above.
    is_sure = np.zeros(len(size), dtype=bool)
    while True:
        rest = max(size[~is_sure].sum(), np.finfo(float).tiny)
        share = np.where(is_sure, 1.0, size * (count - is_sure.sum()) / rest)
        over = share > 1
        if not over.any():
            return share
        is_sure |= over
