"""A teacher is asked once for the same rows, and fitted once on them.

Answers and fitted clones are kept in a joblib store under the content of what they came
from (``fingerprint``), so another process finds them too. Rows are asked about in parts,
each kept as soon as it is there: a pass that was cut short goes on where it stopped.
"""

import contextlib
import contextvars
import os
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
from filelock import FileLock
from sklearn.base import clone
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _num_samples, check_memory
from tqdm.auto import tqdm

from ..tables.containers import n_columns, rows_of
from ..warn import warn
from .fingerprint import fingerprint
from .nets import holds_nets

_SHARED = contextvars.ContextVar("memory", default=None)
_FOLDER = "skdistill"
# A pass that is cut short loses a part of it at most; joblib writes a file for each.
_ROWS_OF_PART = 10_000
_MOST_CELLS = 10_000_000  # of drawn rows that are kept, 80 MB
_MOST_IN_PROCESS = 32  # fitted teachers that cannot be pickled


class TeacherMemory:
    """Where answers and fits are kept, and how long passes are made.

    Parameters
    ----------
    memory : str, path, joblib.Memory or None, default=None
        A folder or a store; None keeps nothing.
    n_jobs : int, default=None
        Number of parts of a pass that are computed at once, in threads; torch nets
        compute one part after the other.
    verbose : int or bool, default=0
        Whether long passes show a progress bar.

    Raises
    ------
    ValueError
        If `memory` is something else, or the path of a file.

    Examples
    --------
    >>> from skdistill.teacher.memory import TeacherMemory
    >>> TeacherMemory().keeps
    False
    """

    def __init__(self, memory=None, n_jobs=None, verbose=0):
        if isinstance(memory, os.PathLike):
            # check_memory takes strings, and no paths.
            memory = os.fspath(memory)
        if isinstance(memory, str) and os.path.exists(memory):
            if not os.path.isdir(memory):
                raise ValueError(
                    f"memory={memory!r} is a file: give the path of a folder, which is "
                    "made if there is none."
                )
        self._store = getattr(check_memory(memory), "store_backend", None)
        self.n_jobs, self.verbose = n_jobs, verbose
        self._keys = []

    @property
    def keeps(self):
        """Whether anything is kept."""  # numpydoc ignore=RT01
        return self._store is not None

    # Keys are found by the identity of models, which no copy elsewhere shares.
    def __getstate__(self):
        return {**vars(self), "_keys": []}

    @classmethod
    def in_process(cls, n_jobs=None):
        """A memory that keeps things as long as it lives, in this process.

        Parameters
        ----------
        n_jobs : int, default=None
            Number of parts of a pass that are computed at once, in threads.

        Returns
        -------
        TeacherMemory
            It keeps objects as they are, and copies of arrays.
        """
        memory = cls(None, n_jobs)
        memory._store = _ProcessStore()
        return memory

    def answers(self, ask, members, X):
        """Answers of models for rows, from the store or from the models.

        Parameters
        ----------
        ask : callable
            ``ask(model, X, *what)`` -> an array with a row for each of X, or a list of
            such arrays.
        members : list of tuple
            Of each member of a teacher the Model, and what else its answer depends on.
        X : array-like or frame of shape (n, n_features)
            Rows as the user gave them.

        Returns
        -------
        list of (ndarray or list of ndarray)
            For each member, as ``ask`` returns it for all rows.

        Raises
        ------
        TypeError
            If something is to be kept of a model whose content cannot be read.
        """
        n, size = _num_samples(X), _ROWS_OF_PART
        if not self.keeps and (n <= size or not (self.verbose or self.n_jobs)):
            return [ask(model, X, *what) for model, *what in members]
        rows = _Parts(X, n, size)
        return [self._answer(ask, model, rows, *what) for model, *what in members]

    def _answer(self, ask, model, rows, *what):
        """The answer of one member, part by part."""
        model_key = self._key(model, lambda: self._key_of(model))
        if self.keeps and model_key is None:
            return ask(model, rows.X, *what)

        def part(start):  # numpydoc ignore=GL08
            some = rows.since(start)

            def content():  # numpydoc ignore=GL08
                return model_key, ask, rows.key(start, some), what

            answer = self._load_or_make("answers", content, ask, model, some, *what)
            bar.update(len(answer if isinstance(answer, np.ndarray) else answer[0]))
            return answer

        starts = range(0, rows.n, rows.size) if rows.n > rows.size else [0]
        shows = bool(self.verbose) and len(starts) > 1
        # Asking a net changes its modes: never in two threads at once.
        jobs = None if holds_nets(model.model) else self.n_jobs
        with tqdm(total=rows.n, unit="row", desc="teacher", disable=not shows) as bar:
            if len(starts) == 1:
                return part(0)
            parts = Parallel(n_jobs=jobs, require="sharedmem")(
                delayed(part)(start) for start in starts
            )
        if isinstance(parts[0], np.ndarray):
            return np.concatenate(parts)
        return [np.concatenate(each) for each in zip(*parts, strict=True)]

    def fitted_clone(self, fit, member, X, y, params, position=0):
        """A fitted clone of an estimator, from the store or fitted now.

        Parameters
        ----------
        fit : callable
            ``fit(member, X, y, params)`` -> the fitted clone.
        member : estimator
            Its parameters count, not what it may have learnt before.
        X : array-like or frame of shape (n, n_features)
            Rows as the user gave them.
        y : ndarray of shape (n,) or (n, n_targets)
            The targets of the rows.
        params : dict
            What its ``fit`` takes besides.
        position : int, default=0
            Its place among the members of a teacher: without seeds, equal members are
            fitted apart, as bagging has to.

        Returns
        -------
        estimator
            The fitted clone.

        Raises
        ------
        TypeError
            If something is to be kept of an estimator whose content cannot be read.
        """
        if not self.keeps:
            return fit(member, X, y, params)

        def content():  # numpydoc ignore=GL08
            # A clone: what an earlier fit has left on the estimator does not count.
            return position, clone(member), X, y, params

        return self._load_or_make("fits", content, fit, member, X, y, params)

    def drawn(self, draw, content, *arguments):
        """Drawn rows, from the store or drawn now.

        Parameters
        ----------
        draw : callable
            ``draw(*arguments)`` -> the rows.
        content : tuple
            What they depend on.
        *arguments : object
            Arguments of ``draw``.

        Returns
        -------
        object
            What ``draw`` returns; from the store, without the source that would draw
            more. It is not to be changed.
        """
        if not self.keeps:
            return draw(*arguments)
        try:
            item = [_FOLDER, "draws", fingerprint(content)]
        except TypeError:  # a sampler without a content: it draws the same once more
            return draw(*arguments)
        rows = self._load(item)
        if rows is not None:
            return rows
        rows = draw(*arguments)
        if rows is None or rows.has_time_budget:  # the time is measured in each fit
            return rows
        if len(rows) * (n_columns(rows.X) or 1) <= _MOST_CELLS:
            # The source holds the fitted sampler, and with it the training rows.
            self._dump(item, replace(rows, source=None))
        return rows

    def _key_of(self, model):
        """The key of a member, read once: while a student is fitted its teacher stays."""
        for known, key in self._keys:
            if known is model.model:
                return key
        key = fingerprint(model.content())
        self._keys.append((model.model, key))
        return key

    def _key(self, model, read):
        """The result of ``read``; None where nothing is kept, or ``memory`` is not set."""
        if not self.keeps:
            return None
        try:
            with _explained(model):
                return read()
        except TypeError:
            if not isinstance(self._store, _ProcessStore):
                raise
            return None  # the user has set no memory: it is only not quicker

    def _load_or_make(self, kind, content, make, *arguments):
        """What was made before of the same content, or is made now."""
        key = self._key(arguments[0], lambda: fingerprint(kind, content()))
        if key is None:
            return make(*arguments)
        item = [_FOLDER, kind, key]
        # Locked: whoever wants the same waits for the first, instead of a second long
        # pass.
        with self._locked(item):
            value = self._load(item)
            if value is None:
                value = make(*arguments)
                self._dump(item, value)
        return value

    def _dump(self, item, value):
        """Put a value into the store, or into this process what no store can hold."""
        why = None if isinstance(self._store, _ProcessStore) else _why_no_pickle(value)
        if why is None:
            self._store.dump_item(item, value)
            return
        _IN_PROCESS.dump_item([str(self._store.location), *item], value)
        case = str(self._store.location), type(value).__qualname__
        if case in _WARNINGS:
            return
        _WARNINGS.add(case)
        warn(
            f"memory= cannot hold what cannot be pickled, such as {value!r}: {why}. The "
            f"last {_MOST_IN_PROCESS} such fits are kept in this process alone, and each "
            "other process fits its own. Put functions and classes of yours into a "
            "module that is imported: a lambda, and what is defined inside a function or "
            "in a notebook, cannot be pickled."
        )

    def _load(self, item):
        """What the store holds, or None."""
        here = [str(self._store.location), *item]
        if _IN_PROCESS.contains_item(here):
            return _IN_PROCESS.load_item(here)
        if not self._store.contains_item(item):
            return None
        try:
            return self._store.load_item(item)
        except Exception as error:  # whatever a broken file makes of a pickle
            warn(
                f"memory: {'/'.join(item)} cannot be read and is made again: "
                f"{type(error).__name__}: {error}"
            )
            return None

    def _locked(self, item):
        """A lock on an item, among threads and processes; free if its owner dies."""
        if not os.path.isdir(str(self._store.location)):  # a store of another kind
            return contextlib.nullcontext()
        place = Path(str(self._store.location), *item)
        place.mkdir(parents=True, exist_ok=True)
        return FileLock(str(place / "lock"))


#: For students without a memory: no answer of the teacher is kept.
KEEPS_NOTHING = TeacherMemory()


class _Parts:
    """Rows, a few at a time, whose content is read once for all members."""

    def __init__(self, X, n, size):
        self.X, self.n, self.size, self._keys = X, n, size, {}

    def since(self, start):
        """The part that starts at a row; all rows if they are few."""
        if self.n <= self.size:
            return self.X
        return rows_of(self.X, np.arange(start, min(start + self.size, self.n)))

    def key(self, start, some):
        """The key of a part."""
        if start not in self._keys:
            self._keys[start] = fingerprint(some)
        return self._keys[start]


class _ProcessStore:
    """A store of one process, with the part of joblib's interface that is used here.

    It holds the last `most` items, or all.
    """

    location = ""

    def __init__(self, most=None):
        self._items, self._most = {}, most

    def contains_item(self, item):
        return tuple(item) in self._items

    def load_item(self, item):
        return _copy_of(self._items[tuple(item)])

    def dump_item(self, item, value):
        self._items[tuple(item)] = _copy_of(value)
        if self._most is not None:
            for oldest in list(self._items)[: -self._most]:
                self._items.pop(oldest, None)


#: What no pickle can hold, by the store that was asked for; and the warnings of it.
_IN_PROCESS = _ProcessStore(_MOST_IN_PROCESS)
_WARNINGS: set = set()


class _Nowhere:
    """A file that forgets what is written."""

    def write(self, data):
        return memoryview(data).nbytes


def _why_no_pickle(value):
    """The words of the error, if a pickle cannot hold the value; otherwise None.

    A store of joblib's would write a part of it, and warn of a version of joblib.
    """
    try:
        pickle.Pickler(_Nowhere(), pickle.HIGHEST_PROTOCOL).dump(value)
    except Exception as error:  # whatever a class makes of it
        return f"{type(error).__name__}: {error}"
    return None


def _copy_of(value):
    """Answers are copied, for who gets them may change them; fits are not."""
    if isinstance(value, np.ndarray):
        return value.copy()
    is_list = isinstance(value, list) and value and isinstance(value[0], np.ndarray)
    return [each.copy() for each in value] if is_list else value


@contextlib.contextmanager
def shared_by(memory):
    """Let students whose ``memory`` is not set use this one, in this context.

    Parameters
    ----------
    memory : TeacherMemory
        The memory of these in the block, and in what runs in a copy of its context.
    """
    token = _SHARED.set(memory)
    try:
        yield
    finally:
        _SHARED.reset(token)


def memory_for(memory, n_jobs, verbose):
    """The memory of a student.

    Parameters
    ----------
    memory, n_jobs, verbose : object
        The student's parameters of these names.

    Returns
    -------
    TeacherMemory
        The memory of the context, if ``memory`` is None.
    """
    shared = _SHARED.get()
    if memory is None and shared is not None:
        return shared
    return TeacherMemory(memory, n_jobs, verbose)


@contextlib.contextmanager
def _explained(model):
    try:
        yield
    except TypeError as error:
        raise TypeError(
            "memory= keeps what a teacher says under its own content and that of the "
            f"rows, and for teacher={model!r} some of it cannot be read: {error}. Leave "
            "memory=None, or give its outputs as teacher_output."
        ) from error
