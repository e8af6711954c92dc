"""Fits that wait for each other, so that their nets are trained together.

Each fit of a cohort runs in a thread of its own, one at a time, until it comes to train
its net; when all have come there, or are done, those nets whose trainings differ in
numbers alone are trained as one program (``joint_training``), and the fits go on.
"""

import contextlib
import contextvars
import threading
import time
from dataclasses import dataclass, field
from typing import Any

_COHORT = contextvars.ContextVar("cohort", default=None)


def current():
    """The cohort that this fit belongs to.

    Returns
    -------
    Cohort or None
        None for a fit by itself.
    """
    return _COHORT.get()


@contextlib.contextmanager
def by_itself():
    """Let fits in the block belong to no cohort, such as those of a teacher."""
    token = _COHORT.set(None)
    try:
        yield
    finally:
        _COHORT.reset(token)


@dataclass
class _Fit:
    """One job, and what it waits for."""

    job: Any
    turn: Any = field(default_factory=lambda: threading.Semaphore(0))
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
    >>> from skdistill.cohort import Cohort, current
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
        for fit in fits:
            context = contextvars.copy_context()
            target = context.run, (self._run, fit)
            threading.Thread(target=target[0], args=target[1], daemon=True).start()
            self._resume(fit)
        while waiting := [fit for fit in fits if fit.request is not None]:
            start = time.perf_counter()
            try:
                answers = self._train([fit.request for fit in waiting])
            except BaseException as error:  # no thread is to wait for ever
                self._end(waiting, error)
                raise
            share = (time.perf_counter() - start) / len(waiting)
            for fit, answer in zip(waiting, answers, strict=True):
                fit.request, fit.answer = None, answer
                fit.waited -= share
                self._resume(fit)
        for fit in fits:
            if fit.error is not None:
                raise fit.error
        return [(fit.result, fit.waited) for fit in fits]

    def _end(self, waiting, error):
        """Raise an error in all that wait, until none does."""
        for fit in waiting:
            fit.answer = error
            while fit.request is not None:
                fit.request = None
                self._resume(fit)

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
        fit, start = self._running, time.perf_counter()
        fit.request = request
        self._back.release()
        fit.turn.acquire()
        fit.waited += time.perf_counter() - start
        if isinstance(fit.answer, BaseException):
            raise fit.answer
        return fit.answer

    def _resume(self, fit):
        """Let a fit go on until it waits or ends."""
        self._running = fit
        fit.turn.release()
        self._back.acquire()

    def _run(self, fit):
        fit.turn.acquire()
        _COHORT.set(self)
        try:
            fit.result = fit.job()
        except BaseException as error:
            fit.error = error
        finally:
            self._back.release()
