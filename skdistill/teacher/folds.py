"""Cross-fitting: clones of a teacher, each fitted on a part of the rows.

A teacher that has seen a row answers with what it remembers of its label. Clones that
were fitted without the row answer with what they know.
"""

from dataclasses import dataclass, field, replace
from pickle import PicklingError
from typing import Any

import numpy as np
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import check_cv
from sklearn.utils.parallel import Parallel, delayed

from ..tables.containers import rows_of
from .dialects import as_model
from .ensemble import Teacher
from .members import check_weights, fitted_clones, members_of
from .memory import TeacherMemory


def check_can_be_cloned(teacher, why="as cv= asks"):
    """Refuse a teacher whose clones could not be fitted on folds.

    Parameters
    ----------
    teacher : object or list of objects
        As the user gave it.
    why : str, default="as cv= asks"
        Why clones are wanted, for the error.

    Raises
    ------
    ValueError
        If a member is frozen, or a part of it, or it has no ``fit``.
    """
    for member in members_of(teacher):
        can = hasattr(member, "fit") and hasattr(member, "get_params")
        # A clone of a frozen part is the fitted part itself, which has seen the
        # held-out rows.
        parts = [member, *member.get_params().values()] if can else []
        if not can or any(isinstance(part, FrozenEstimator) for part in parts):
            raise ValueError(
                f"teacher={as_model(member)!r} cannot be cloned and fitted on folds, "
                f"{why}. Give its out-of-fold outputs as `teacher_output`, or an "
                "estimator; with cv=None it is used as it is."
            )


@dataclass(frozen=True)
class CrossFit:
    """Folds of the rows of X, and what was fitted on them.

    Attributes
    ----------
    folds : list of (ndarray, ndarray)
        Rows to fit on, and rows that are held out.
    clones : list of list of estimator
        For each fold, fitted clones of all members.
    weights : ndarray of shape (n_members,)
        Shares of the members.
    memory : TeacherMemory
        Where fits and answers are kept, if anywhere.
    """

    folds: list[Any]
    clones: list[Any] = field(default_factory=list)
    weights: Any = None
    memory: TeacherMemory = field(default_factory=TeacherMemory)

    @classmethod
    def split(cls, cv, X, y, groups, is_classifier):
        """Folds as scikit-learn's splitters make them.

        Parameters
        ----------
        cv : int, splitter or iterable
            A number of folds is stratified for classifiers.
        X : array-like or frame of shape (n, n_features)
            Rows as the user gave them.
        y : ndarray of shape (n,) or (n, n_targets)
            The targets of the rows.
        groups : array-like of shape (n,) or None
            Groups, for splitters that keep them together.
        is_classifier : bool
            Whether y holds classes.

        Returns
        -------
        CrossFit
            Folds without clones.

        Raises
        ------
        ValueError
            If no row is held out, or one that its clone is fitted on, if a splitter
            needs groups and there are none, or if it names rows that are not there.
        """
        splitter = check_cv(cv, y, classifier=is_classifier)
        folds = [
            (np.asarray(train), np.asarray(held))
            for train, held in splitter.split(X, y, groups)
        ]
        if not sum(len(held) for _, held in folds):
            raise ValueError(
                f"cv={cv!r} holds out no row: give another splitter. A generator of folds "
                "is used up by the first fit: give a list."
            )
        # As row numbers, also where a splitter gives masks or negative numbers.
        rows = np.arange(len(y))
        try:
            folds = [(rows[a], rows[b]) for a, b in folds]
        except IndexError as error:
            raise ValueError(
                f"cv names rows that are not there: {error}. Give a splitter, or folds of "
                "these rows."
            ) from error
        for train, held in folds:
            seen = np.intersect1d(train, held)
            if len(seen):
                raise ValueError(
                    f"cv fits a clone on rows that it holds out, such as row {seen[0]}: "
                    "give folds that have no row in both parts."
                )
        return cls(folds)

    def fitted(self, teacher, weights, X, y, fit_params, memory):
        """The same folds, with clones of each member fitted on each of them.

        Parameters
        ----------
        teacher : estimator or list of estimators
            A teacher, fitted or not; it is not changed.
        weights : array-like of shape (n_members,) or None
            Shares of the members.
        X : array-like or frame of shape (n, n_features)
            Rows as the user gave them.
        y : ndarray of shape (n,) or (n, n_targets)
            The targets of the rows.
        fit_params : callable
            ``fit_params(rows)`` -> what each member's ``fit`` takes besides, a list.
        memory : TeacherMemory
            Where fits are kept, and how many are made at once.

        Returns
        -------
        CrossFit
            Folds with clones, which can be asked.
        """
        members = members_of(teacher)
        jobs = [
            delayed(_fitted_in_fold)(
                k, i, member, rows_of(X, train), y[train], params, memory
            )
            for k, (train, _) in enumerate(self.folds)
            for i, (member, params) in enumerate(
                zip(members, fit_params(train), strict=True)
            )
        ]
        try:
            fits = Parallel(n_jobs=memory.n_jobs)(jobs)
        except (PicklingError, TypeError) as error:
            # A note says that a clone's own fit raised it, rather than the way to the
            # processes.
            if memory.n_jobs not in (None, 1) and not hasattr(error, "__notes__"):
                error.add_note(
                    f"n_jobs={memory.n_jobs} sends the teacher to other processes, and its "
                    "fitted clones back: leave n_jobs=None if no pickle can hold them."
                )
            raise
        m = len(members)
        clones = [fits[i : i + m] for i in range(0, len(fits), m)]
        weights = check_weights(weights, m)
        return replace(self, clones=clones, weights=weights, memory=memory)

    def everyone(self):
        """All clones of all folds as one teacher.

        Returns
        -------
        members : list of estimator
            Fold after fold.
        weights : ndarray of shape (n_members,)
            The shares of the members.
        """
        members = [member for fold in self.clones for member in fold]
        return members, np.tile(self.weights, len(self.clones)) / len(self.clones)

    def unseen(self, parents):
        """For each fold, which drawn rows were made without the rows it was fitted on.

        Parameters
        ----------
        parents : ndarray of shape (m, n_parents)
            The rows of X that each was made from; -1 for none.

        Returns
        -------
        ndarray of bool of shape (n_folds, m)
            True where a fold's clones saw none of a row's parents.
        """
        n = 1 + max(rows.max(initial=-1) for fold in self.folds for rows in fold)
        n = 1 + max(n, parents.max(initial=-1))
        is_unseen = np.empty((len(self.folds), len(parents)), dtype=bool)
        for i, (train, _) in enumerate(self.folds):
            is_seen = np.zeros(n + 1, dtype=bool)  # the last for -1, no parent
            is_seen[train] = True
            is_unseen[i] = ~is_seen[parents].any(axis=1)
        return is_unseen

    def ask_held_out(self, task, X, n):
        """Each row's answer from clones that were fitted without it.

        Parameters
        ----------
        task : Task
            What answers mean.
        X : array-like or frame of shape (n, n_features)
            The rows that were split.
        n : int
            The number of rows.

        Returns
        -------
        ndarray of shape (n, n_outputs)
            The answers as ``task.ask`` returns them; their mean where a row is held
            out twice, NaN where it never is.
        """
        return self._ask([held for _, held in self.folds], task, X, n)

    def ask_unseen(self, task, X, parents):
        """Each drawn row's answer from clones that saw none of its parents.

        Parameters
        ----------
        task : Task
            What answers mean.
        X : array-like or frame of shape (m, n_features)
            Drawn rows.
        parents : ndarray of shape (m, n_parents)
            The rows of X that each was made from; -1 for none.

        Returns
        -------
        ndarray of shape (m, n_outputs)
            The answers as ``task.ask`` returns them.
        """
        parts = [np.flatnonzero(mask) for mask in self.unseen(parents)]
        return self._ask(parts, task, X, len(parents))

    def _ask(self, parts, task, X, n):
        """The mean of the folds' answers, each about its part of the rows."""
        # The mean of probabilities, not of logarithms: as that of an ensemble's members.
        is_log = task.kind == "classifier"
        total, count = None, np.zeros((n, 1))
        for clones, rows in zip(self.clones, parts, strict=True):
            if not len(rows):
                continue
            of_fold = Teacher.of(clones, self.weights, self.memory)
            answer = task.ask(of_fold, rows_of(X, rows))
            if total is None:
                total = np.zeros((n, answer.shape[1]))
            total[rows] += np.exp(answer) if is_log else answer
            count[rows] += 1
        # NaN marks rows that no fold holds out: no clone has an answer for them.
        mean = total / np.where(count, count, np.nan)
        return np.log(mean) if is_log else mean


def _fitted_in_fold(k, i, member, X, y, params, memory):
    """Fit a clone; an error says in which fold."""
    try:
        return fitted_clones(member, X, y, [params], memory, first=i)
    except Exception as error:
        error.add_note(f"That was a clone of the teacher, in fold {k} of cv (from 0).")
        raise
