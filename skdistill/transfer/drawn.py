"""Transfer rows for a student: what its ``transfer`` parameter says, drawn."""

import time
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import _num_samples

from ..tables.containers import rows_of
from ..tables.table import Table
from ..texts.reading import Texts
from ..warn import warn
from .samplers import Bootstrap, ConditionalSampler, GaussianNoise, Mixup, Munge
from .texts import TextReplacement

# A teacher with a time budget is asked about so many rows first, then about more; one
# that reads its context anew in each call, about more from the start.
_ROWS_ASKED_FIRST, _ROWS_FOR_A_CONTEXT = 100, 1000


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

    def fit(self, X, y=None) -> Self:
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
        """Return the rows.

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
            No parents at all.
        """
        return self.X, np.empty((_num_samples(self.X), 0), dtype=int)


# What a user's sampler has to return.
_NO_PAIR = (
    "`sample` must return a pair, the drawn rows and the numbers of the training rows that "
    "each was made from (-1 for none), of shape (n_drawn, n_parents)."
)
# Least number of rows that tell what share of them is usable.
_FOR_SHARE = 1000

#: Samplers that ``transfer`` knows by name.
NAMES = {
    "munge": Munge,
    "conditional": ConditionalSampler,
    "mixup": Mixup,
    "noise": GaussianNoise,
    "bootstrap": Bootstrap,
    "words": TextReplacement,
}


# "auto" draws so many rows for each of X, so many at most, where X has few columns, and
# redraws such a share of their values.
_COPIES, _MOST_DRAWN, _MOST_COLUMNS = 24, 250_000, 100
# Where outputs are counted, the answers are so many numbers at most, 20 MB, of which a
# fit makes some ten copies: those of 250,000 rows and ten classes.
_MOST_ANSWERS = 2_500_000
_REDRAWN = 0.25


def automatic(n, n_columns, n_outputs=1):
    """Return the sampler that ``transfer="auto"`` stands for.

    Parameters
    ----------
    n, n_columns : int
        The shape of the training rows.
    n_outputs : int, default=1
        Numbers in the teacher's answer about a row, where that is to matter.

    Returns
    -------
    ConditionalSampler or None
        None for a single row, and for wide tables such as images.
    """
    if n < 2 or n_columns > _MOST_COLUMNS:
        return None
    most = min(_MOST_DRAWN, max(1, _MOST_ANSWERS // max(1, n_outputs)))
    return ConditionalSampler(min(_COPIES * n, most), p=_REDRAWN)


@dataclass(frozen=True)
class Drawn:
    """Rows that a sampler has drawn.

    Attributes
    ----------
    X : array-like, frame, Table or Texts of shape (m, n_features)
        The rows.
    parents : ndarray of shape (m, n_parents)
        The training rows that each was made from.
    output : array-like or None
        Outputs computed beforehand.
    asks : callable or None
        ``asks(task, X, parents)`` -> answers about some of them, where others are asked
        than the usual teacher.
    source : Source or None
        The source that draws more of them.
    """

    X: Any
    parents: np.ndarray
    output: Any = None
    asks: Any = None
    source: Any = None

    def __len__(self):
        return len(self.parents)

    @property
    def has_time_budget(self):
        """Whether the teacher may label the first rows alone."""  # numpydoc ignore=RT01
        return self.source is not None and self.source.seconds is not None

    def take(self, index):
        """Some of the rows, without outputs.

        Parameters
        ----------
        index : ndarray of int
            Positions of the rows.

        Returns
        -------
        Drawn
            Drawn rows, without outputs.
        """
        X = self.X
        is_read = isinstance(X, Table | Texts)
        X = X.take(index) if is_read else rows_of(X, index)
        return replace(self, X=X, parents=self.parents[index])

    def answers(self, task, teacher):
        """Soft targets of the rows: of all, or of the first ones within a time budget.

        Parameters
        ----------
        task : Task
            What answers mean.
        teacher : Teacher or None
            Who answers; None where outputs were drawn too.

        Returns
        -------
        ndarray of shape (k, n_outputs)
            Answers about the first k rows; 0 < k <= m.
        """
        if self.output is not None:
            return task.accept(self.output, "the sampler's output", len(self))
        if not self.has_time_budget:
            return self._ask(task, teacher)
        pays = getattr(teacher, "pays_for_context", False)
        step = _ROWS_FOR_A_CONTEXT if pays else _ROWS_ASKED_FIRST
        answers, done, start = [], 0, time.perf_counter()
        while done < len(self):
            part = np.arange(done, min(done + step, len(self)))
            answers.append(self.take(part)._ask(task, teacher))
            done, spent = done + len(part), time.perf_counter() - start
            left = self.source.seconds - spent
            if left <= 0:
                break
            # At most twice as many as before: the pace of a few rows may not last.
            step = int(min(2 * step, max(1.0, left / max(spent, 1e-9) * done)))
        self.source.seconds = left
        if done < len(self):
            self.source.warn(done, len(self))
        return np.concatenate(answers)

    def _ask(self, task, teacher):
        try:
            if self.asks is None:
                return task.ask(teacher, self.X)
            return self.asks(task, self.X, self.parents)
        except Exception as error:
            error.add_note(
                "This was the teacher's answer about rows that `transfer` drew; "
                "transfer=None asks it about the rows of X alone, and "
                "InContext(teacher, max_rows=1000) about so many at a time."
            )
            raise

    def again(self, n):
        """Other rows from the same source.

        Parameters
        ----------
        n : int
            The number of rows.

        Returns
        -------
        Drawn or None
            None if the time to label rows is over.
        """
        if self.has_time_budget and self.source.seconds <= 0:
            self.source.warn(0, n)
            return None
        return replace(self.source.draw(n), asks=self.asks)


class Source:
    """A fitted sampler, from which a fit draws its transfer rows.

    Parameters
    ----------
    sampler : object
        A fitted sampler.
    n_rows : int
        How many rows it was fitted on.
    seed : int
        Seeds the first draw, and with its number each later one.
    usable : callable, default=None
        A function of parents, as in ``draw``.
    among : ndarray of int, default=None
        The rows of X that the sampler was fitted on; None for all.

    Attributes
    ----------
    seconds : float or None
        What is left of the time to label the rows of all draws.
    n_draws : int
        The number of draws so far.
    """

    def __init__(self, sampler, n_rows, seed, usable=None, among=None):
        self.sampler = sampler
        self.n_rows = n_rows
        self.seed = seed
        self.usable = usable
        self.among = among
        self.seconds = getattr(sampler, "time_budget", None)
        self.refresh = getattr(sampler, "refresh", None)
        self.n_candidates = getattr(sampler, "n_candidates", 1)
        self.n_draws = 0
        self._has_warned = False

    def draw(self, n=None):
        """Draw rows.

        Parameters
        ----------
        n : int, default=None
            How many; None for what the sampler's ``size`` says.

        Returns
        -------
        Drawn
            At least one row; fewer than n if the usable ones are rare.

        Raises
        ------
        ValueError
            If no drawn row is usable.
        """
        seed = self.seed
        if self.n_draws:  # leaves the student's random numbers as they are
            sequence = np.random.SeedSequence([seed, self.n_draws])
            seed = int(sequence.generate_state(1)[0])
        self.n_draws += 1
        drawn = self._sample(n, seed)
        if self.usable is None:
            return drawn
        wanted = len(drawn)
        if wanted < _FOR_SHARE:
            drawn = self._sample(_FOR_SHARE, seed)
        rows = np.flatnonzero(self.usable(drawn.parents))
        if 0 < len(rows) < wanted:
            share = len(rows) / len(drawn)
            # The share is an estimate, and the next draw is random too: some more rows,
            # so as not to fall short.
            least = max(share - share / len(rows) ** 0.5, 1e-3)
            drawn = self._sample(int((wanted + 4 * wanted**0.5) / least), seed)
            rows = np.flatnonzero(self.usable(drawn.parents))
        if not len(rows):
            raise ValueError(
                f"transfer={self.sampler!r} drew no row that some clone of the teacher "
                "has not seen a parent of: take fewer folds as `cv`, or another "
                "transfer_teacher."
            )
        return drawn.take(rows[:wanted])

    def _sample(self, n, seed):
        drawn = self.sampler.sample(n, random_state=seed)
        if not isinstance(drawn, tuple | list) or len(drawn) != 2:
            raise ValueError(f"transfer={self.sampler!r}: {_NO_PAIR}")
        rows, parents = drawn[0], self._parents(*drawn)
        if self.among is not None:
            parents = np.append(self.among, -1)[parents]  # -1, for none, stays
        return Drawn(rows, parents, source=self)

    def _parents(self, rows, parents):
        """Row numbers (m, n_parents), which only a user's sampler could miss."""
        n, parents = _num_samples(rows), np.asarray(parents)
        if not n:
            raise ValueError(f"transfer={self.sampler!r} drew no row.")
        is_pair = parents.ndim in (1, 2) and len(parents) == n
        if parents.size:
            is_whole = parents.dtype.kind in "iu"
            is_pair &= is_whole and -1 <= parents.min() <= parents.max() < self.n_rows
        if not is_pair:
            raise ValueError(f"transfer={self.sampler!r}: {_NO_PAIR}")
        return parents.reshape(n, parents.size // n).astype(int)

    def warn(self, done, total):
        """Say, once in a fit, that the time to label drawn rows is over.

        Parameters
        ----------
        done : int
            Rows of the last draw that were labelled.
        total : int
            All of them.
        """
        if self._has_warned:
            return
        self._has_warned = True
        is_first = self.n_draws == 1 and done
        then = "the student learns from these"
        if not is_first:
            then = "the rows before them stay from now on"
        elif self.refresh is not None:
            then += ", and no fresh ones follow"
        kind = "drawn" if is_first else "fresh"
        warn(
            f"time_budget={self.sampler.time_budget} seconds were spent when the teacher "
            f"had labelled {done} of {total} {kind} rows; {then}."
        )


def draw(transfer, X, random, usable=None, among=None):
    """Draw transfer rows, as a student's ``transfer`` parameter says.

    Parameters
    ----------
    transfer : sampler, str or callable
        A sampler is cloned; a name stands for one at its defaults; a function is called
        as ``transfer(X, random_state)`` and returns rows.
    X : array-like or frame of shape (n, n_features)
        Training rows.
    random : numpy.random.RandomState
        The generator of the student's fit; a seed is taken from it.
    usable : callable, default=None
        ``usable(parents)`` -> which drawn rows to keep; so many more are drawn that
        enough are left.
    among : ndarray of int, default=None
        The numbers of these rows among those that parents are to be counted in; None
        if they are these.

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
        if rows is None:
            raise ValueError(f"transfer={transfer!r} returned None: return rows.")
        return Drawn(rows, np.empty((_num_samples(rows), 0), dtype=int))
    sampler = clone(transfer).fit(X)
    return Source(sampler, _num_samples(X), seed, usable, among).draw()
