"""Who runs the tasks: joblib on this machine, Dask, or Ray.

An engine takes the clerk to each worker once, gives it one fragment after the other, and
yields how each went, in any order. No engine has more tasks open than it needs to keep its
workers busy: a list of a hundred thousand fragments is no graph.
"""

import os
import pickle
import threading
import uuid
from pathlib import Path

from joblib import Parallel, delayed, effective_n_jobs
from joblib.externals.loky.backend.reduction import dumps
from joblib.parallel import get_active_backend

from ..disk.needed import needed
from .clerk import answer_fragment

#: The last clerk that a worker has fetched, by its key.
_HELD: dict = {}
_FETCHING = threading.Lock()


def run(engine, clerk, fragments, n_jobs=None):
    """Have all fragments answered.

    Parameters
    ----------
    engine : {"joblib", "dask", "ray"} or dask Client
        Who runs it.
    clerk : Clerk
        What each task needs.
    fragments : list of Fragment
        What is to be done.
    n_jobs : int, default=None
        Number of processes where the engine is started here.

    Yields
    ------
    Outcome
        Of each fragment, in the order in which they are done.
    """
    if engine == "joblib":
        yield from _run_joblib(clerk, fragments, n_jobs)
    elif engine == "ray":
        needed("ray", "engine='ray'", "ray")
        from .ray_engine import run_ray

        yield from run_ray(clerk, fragments, n_jobs)
    else:
        needed("distributed", "engine='dask'")
        from .dask_engine import run_dask

        client = None if engine == "dask" else engine
        yield from run_dask(clerk, fragments, client, n_jobs)


def _run_joblib(clerk, fragments, n_jobs):
    backend, _ = get_active_backend()
    shares_memory = getattr(backend, "supports_sharedmem", False)
    n_jobs = min(effective_n_jobs(n_jobs), len(fragments))
    if n_jobs == 1 or (shares_memory and clerk.ask.holds_nets):
        yield from (answer_fragment(Here(clerk), each) for each in fragments)
        return
    courier = Here(clerk) if shares_memory else ByFile.of(clerk)
    try:
        yield from Parallel(n_jobs, return_as="generator_unordered", batch_size=1)(
            delayed(answer_fragment)(courier, each) for each in fragments
        )
    finally:
        courier.done()


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
