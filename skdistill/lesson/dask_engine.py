"""Tasks on a Dask cluster. Imports distributed."""

import contextlib
import pickle
import uuid
from itertools import islice

from distributed import (
    Client,
    LocalCluster,
    WorkerPlugin,
    as_completed,
    get_client,
    get_worker,
)
from joblib import cpu_count

from .clerk import Outcome, answer_fragment
from .couriers import held, pickled

_TASKS_OF_THREAD = 2  # one at work, one waiting


class TeacherPlugin(WorkerPlugin):
    """The clerk as bytes on each worker, also on those that start later.

    Scattered, it would be lost with the last worker that holds it, and the run with it;
    in the graph it would travel with every task.

    Parameters
    ----------
    name : str
        Another one for each run.
    content : bytes
        The pickled clerk.
    """

    def __init__(self, name, content):
        self.name, self.content = name, content


class ByPlugin:
    """A clerk that a plugin has brought to the worker.

    Parameters
    ----------
    name : str
        Of the plugin.
    """

    is_here = False

    def __init__(self, name):
        self.name = name

    def clerk(self):
        """The clerk, unpickled if this process has not done so.

        Returns
        -------
        Clerk
            The same for all tasks of a process.
        """
        plugin = get_worker().plugins[self.name]
        return held(self.name, lambda: pickle.loads(plugin.content))


def run_dask(clerk, fragments, client=None, n_jobs=None):
    """Have fragments answered by the workers of a cluster.

    Parameters
    ----------
    clerk : Clerk
        What each task needs.
    fragments : list of Fragment
        What is to be done.
    client : distributed.Client, default=None
        None for the current one; if there is none, a cluster is started on this machine.
    n_jobs : int, default=None
        Number of its processes; None for one on each core.

    Yields
    ------
    Outcome
        Of each fragment.
    """
    content = pickled(clerk)
    with _client(client, n_jobs) as client:
        plugin = TeacherPlugin(f"skdistill-{uuid.uuid4().hex[:12]}", content)
        client.register_plugin(plugin)
        try:
            yield from _outcomes(client, ByPlugin(plugin.name), fragments)
        finally:
            # Of a cluster that is gone there is nothing to be cleared away.
            with contextlib.suppress(OSError, TimeoutError):
                client.unregister_worker_plugin(plugin.name)


@contextlib.contextmanager
def _client(client, n_jobs):
    if client is None:
        with contextlib.suppress(ValueError):  # there is no current one
            client = get_client()
    if client is not None:
        yield client
        return
    n_workers = cpu_count() if n_jobs in (None, -1) else n_jobs
    # A thread each: libraries of teachers have threads of their own.
    workers = {"n_workers": n_workers, "threads_per_worker": 1, "processes": True}
    with (
        LocalCluster(**workers, dashboard_address=":0") as cluster,
        Client(cluster) as client,
    ):
        yield client


def _outcomes(client, courier, fragments):
    """Outcomes, with as many tasks open as keep all threads busy."""
    waiting, submitted = iter(fragments), {}

    def submit(fragment):  # numpydoc ignore=GL08
        future = client.submit(answer_fragment, courier, fragment, pure=False)
        submitted[future.key] = future, fragment
        return future

    try:
        first = [submit(fragment) for fragment in islice(waiting, _n_open(client))]
        done = as_completed(first, loop=client.loop)
        for future in done:
            yield _outcome(*submitted.pop(future.key))
            # Workers may have come meanwhile: those of a batch system do one by one.
            n_more = max(0, _n_open(client) - len(submitted))
            for fragment in islice(waiting, n_more):
                done.add(submit(fragment))
    finally:
        client.cancel([future for future, _ in submitted.values()])


def _n_open(client):
    """How many tasks keep all threads busy."""
    return max(1, sum(client.nthreads().values())) * _TASKS_OF_THREAD


def _outcome(future, fragment):
    """What the task returned; a fragment that kills its workers is to blame itself."""
    error = future.exception()
    if type(error).__name__ == "KilledWorker":
        return Outcome(fragment.n_rows, fragment.label, error)
    return future.result()
