"""Trainings that a fit asks for, and who carries them out: the fit itself, or a search.

A fit is a generator of trainings: it yields each one that it needs, and goes on with the
trained net. An ordinary fit trains at once what it asks for. A search collects fits that
wait for trainings of one kind, trains these as one program, and lets the fits go on; no
thread waits for another.
"""

from contextlib import contextmanager
from contextvars import ContextVar

_POOL = ContextVar("pool", default=None)


def carry_out(steps):
    """Run a fit to its end, or leave it to the pool in whose block it is called.

    Parameters
    ----------
    steps : generator of trainings
        The fit.
    """
    pool = _POOL.get()
    token = _POOL.set(None)  # a teacher that is fitted meanwhile is not the pool's
    try:
        request = advanced(steps, waits=None if pool is None else pool.takes)
    finally:
        _POOL.reset(token)
    if request is not None:
        pool.add(steps, request)


@contextmanager
def collected_by(pool):
    """Leave fits in the block to a pool, as soon as they ask for trainings that it takes.

    Parameters
    ----------
    pool : object
        ``takes(request)`` says whether it trains such a request; ``add(steps, request)``
        takes a fit that waits for one.
    """
    token = _POOL.set(pool)
    try:
        yield
    finally:
        _POOL.reset(token)


def advanced(steps, answer=None, waits=None):
    """Go on with a fit until it asks for a training that is to wait.

    Parameters
    ----------
    steps : generator of trainings
        The fit.
    answer : DistillationNet or Exception, default=None
        What became of the training that it waits for; None at the start.
    waits : callable, default=None
        ``waits(request)`` says whether a training waits; None: each is done at once.

    Returns
    -------
    Request or None
        None if the fit has come to its end.
    """
    while True:
        try:
            # Raised inside the fit, which then leaves its student as it was before.
            if isinstance(answer, BaseException):
                request = steps.throw(answer)
            else:
                request = steps.send(answer)
        except StopIteration:
            return None
        if waits is not None and waits(request):
            return request
        answer = _outcome(request)


def _outcome(request):
    """The net, or what was raised: the fit itself decides what becomes of an error."""
    try:
        return request.alone()
    except BaseException as error:
        return error
