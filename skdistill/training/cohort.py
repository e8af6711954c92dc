"""Fits that wait for each other, so that their nets are trained together.

Each fit of a cohort runs in a thread of its own, one at a time, until it comes to train
its net; when all have come there, or are done, those nets whose trainings differ in
numbers alone are trained as one program (``joint_training``), and the fits go on.
"""

import contextlib
import contextvars
import ctypes
import threading
import time
import warnings
from dataclasses import dataclass, field
from typing import Any

_SECONDS_TO_STOP, _SECONDS_TO_HEAR = 5.0, 0.2
_COHORT = contextvars.ContextVar("cohort", default=(None, None))


def current():
    """The cohort that this fit belongs to.

    Returns
    -------
    Cohort or None
        None for a fit by itself, and in threads that a fit starts.
    """
    cohort, fit = _COHORT.get()
    is_own = fit is not None and fit.thread is threading.current_thread()
    return cohort if is_own else None


@contextlib.contextmanager
def by_itself():
    """Let fits in the block belong to no cohort, such as those of a teacher."""
    token = _COHORT.set((None, None))
    try:
        yield
    finally:
        _COHORT.reset(token)


@dataclass
class _Fit:
    """One job, and what it waits for."""

    job: Any
    turn: Any = field(default_factory=lambda: threading.Semaphore(0))
    thread: Any = None
    filters: Any = None  # of warnings
    request: Any = None
    answer: Any = None
    result: Any = None
    error: Any = None
    waited: float = 0.0  # seconds, less its share of what it waited for


class Cohort:
    """Runs jobs whose trainings may be joined.

    Parameters
    ----------
    train : callable
        ``train(requests)`` -> for each request a net, or the exception that its training
        raised.

    Examples
    --------
    >>> from skdistill.training.cohort import Cohort, current
    >>> together = Cohort(lambda requests: [sum(requests)] * len(requests))
    >>> jobs = [lambda i=i: current().ask(i) for i in (1, 2)]
    >>> [result for result, _ in together.run(jobs)]
    [3, 3]
    """

    def __init__(self, train):
        self._train = train
        self._back = threading.Semaphore(0)
        self._running = None

    def run(self, jobs):
        """Run jobs to their end.

        Parameters
        ----------
        jobs : list of callable
            Without arguments; they may call ``ask``.

        Returns
        -------
        list of (object, float)
            What each returned, and how many of its seconds were those of others.

        Raises
        ------
        BaseException
            That of the first job that raised one, once all are done.
        """
        fits = [_Fit(job) for job in jobs]
        try:
            self._run_all(fits)
        except BaseException as error:  # such as Ctrl-C: no thread is to wait for ever
            self._end(fits, error)
            raise
        finally:
            for fit in fits:
                if fit.thread is not None:
                    fit.thread.join(_SECONDS_TO_STOP)
        for fit in fits:
            if fit.error is not None:
                raise fit.error
        return [(fit.result, fit.waited) for fit in fits]

    def _run_all(self, fits):
        for fit in fits:
            run = contextvars.copy_context().run
            fit.thread = threading.Thread(
                target=run, args=(self._run, fit), daemon=True
            )
            fit.thread.start()
            self._resume(fit)
        while waiting := [fit for fit in fits if fit.request is not None]:
            start = time.perf_counter()
            answers = self._train([fit.request for fit in waiting])
            share = (time.perf_counter() - start) / len(waiting)
            for fit, answer in zip(waiting, answers, strict=True):
                fit.request, fit.answer = None, answer
                fit.waited -= share
                self._resume(fit)

    def _end(self, fits, error):
        """Raise an error in the fit that runs, and in all that wait, until none does."""
        if self._running is not None:
            self._interrupt(self._running, error)
        for fit in fits:
            fit.answer = error
            while fit.request is not None:
                fit.request = None
                self._resume(fit)

    def _interrupt(self, fit, error):
        """Raise an error in another thread, as Ctrl-C is raised in the first one."""
        thread, kind = ctypes.c_ulong(fit.thread.ident), ctypes.py_object(type(error))
        is_back = False
        while not is_back:  # one that is raised in a callback is lost
            ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, kind)
            is_back = self._back.acquire(timeout=_SECONDS_TO_STOP)
        self._left(fit)

    def ask(self, request):
        """Wait until a training is done; called in a job.

        Parameters
        ----------
        request : object
            What ``train`` gets.

        Returns
        -------
        object
            The trained net.

        Raises
        ------
        Exception
            What the training raised.
        """
        (_, fit), start = _COHORT.get(), time.perf_counter()
        fit.request = request
        self._back.release()
        fit.turn.acquire()
        fit.waited += time.perf_counter() - start
        if isinstance(fit.answer, BaseException):
            raise fit.answer
        return fit.answer

    def _resume(self, fit):
        """Let a fit go on until it waits or ends."""
        self._filters = warnings.filters
        if fit.filters is not None:
            _put_filters(fit.filters)
        fit.turn.release()
        self._running = fit
        # Some libraries set Ctrl-C so that it wakes nobody who waits for a lock.
        while not self._back.acquire(timeout=_SECONDS_TO_HEAR):
            pass
        self._left(fit)

    def _left(self, fit):
        """A fit waits or has ended; filters of warnings are of each by itself."""
        self._running = None
        fit.filters = warnings.filters
        _put_filters(self._filters)

    def _run(self, fit):
        fit.turn.acquire()
        _COHORT.set((self, fit))
        try:
            fit.result = fit.job()
        except BaseException as error:
            fit.error = error
        finally:
            self._back.release()


def _put_filters(filters):
    """Let other filters of warnings be in force."""
    warnings.filters = filters
    with warnings.catch_warnings():  # tells the interpreter that they have changed
        pass
