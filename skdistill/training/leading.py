"""The group of processes that this one leads now."""

from contextlib import contextmanager
from contextvars import ContextVar

_LEADING = ContextVar("leading", default=None)  # threads do not inherit it


@contextmanager
def leads(group):
    """Let the trainings in the block be those of a group.

    Parameters
    ----------
    group : ProcessGroup
        Whose first process this is.
    """
    token = _LEADING.set(group)
    try:
        yield
    finally:
        _LEADING.reset(token)


def leading():
    """The group that this process leads now.

    Returns
    -------
    ProcessGroup or None
        None where it trains by itself.
    """
    return _LEADING.get()
