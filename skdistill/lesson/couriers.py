"""How a clerk comes to the workers, in memory or pickled; each fetches it once."""

import os
import pickle
import threading
import uuid
from pathlib import Path

from joblib.externals.loky.backend.reduction import dumps

#: The last clerk that a worker has fetched, by its key.
_HELD: dict = {}
_FETCHING = threading.Lock()


class Here:
    """A clerk in this process.

    Parameters
    ----------
    clerk : Clerk
        As it is.
    """

    is_here = True

    def __init__(self, clerk):
        self._clerk = clerk

    def clerk(self):
        """The clerk.

        Returns
        -------
        Clerk
            As it is.
        """
        return self._clerk

    def done(self):
        """Nothing is to be cleared away."""


class ByFile:
    """A clerk in a file, which each worker reads once.

    Parameters
    ----------
    path : str
        Of the file, in the folder that all workers can write to.
    """

    is_here = False

    def __init__(self, path):
        self.path = path

    @classmethod
    def of(cls, clerk):
        """Write the file.

        Parameters
        ----------
        clerk : Clerk
            To be taken to the workers.

        Returns
        -------
        ByFile
            What a task takes along.
        """
        content = pickled(clerk)
        # Named so that a later run clears it away, if this one is killed.
        path = Path(clerk.out) / f".teacher-{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp"
        path.write_bytes(content)
        return cls(str(path))

    def clerk(self):
        """The clerk, read if this process has not done so.

        Returns
        -------
        Clerk
            The same for all tasks of a process.
        """
        return held(self.path, lambda: pickle.loads(Path(self.path).read_bytes()))

    def done(self):
        """Remove the file."""
        Path(self.path).unlink(missing_ok=True)


def held(key, fetch):
    """What this process holds under a key; fetched where it holds something else.

    Parameters
    ----------
    key : str
        Another one for each run.
    fetch : callable
        Without arguments.

    Returns
    -------
    Clerk
        Only the last one is held.
    """
    with _FETCHING:
        if key not in _HELD:
            _HELD.clear()
            _HELD[key] = fetch()
        return _HELD[key]


def pickled(clerk):
    """A clerk as bytes.

    Parameters
    ----------
    clerk : Clerk
        With its teacher.

    Returns
    -------
    bytes
        Functions of a script or a notebook are in it by their code.

    Raises
    ------
    TypeError
        If the teacher cannot be pickled; the message says what to do.
    """
    try:
        return bytes(dumps(clerk, protocol=5))
    except Exception as error:  # whatever a class makes of it
        raise TypeError(
            f"teacher={clerk.ask.teacher!r} cannot be sent to other processes "
            f"({type(error).__name__}: {error}). engine='joblib' with n_jobs=None asks "
            "it in this process, and in threads within "
            "joblib.parallel_config('threading', n_jobs=2); or give a function that "
            "loads what cannot be pickled when it is called."
        ) from error
