"""Tasks on a Ray cluster. Imports ray."""

import contextlib
import pickle
import uuid
from itertools import islice

import ray
from ray.exceptions import OutOfMemoryError, WorkerCrashedError

from .clerk import Outcome, answer_fragment
from .couriers import held, pickled

_TASKS_OF_CORE = 2  # one at work, one waiting


class ByStore:
    """A clerk in Ray's store of objects.

    Parameters
    ----------
    name : str
        Another one for each run.
    reference : list of ray.ObjectRef
        Only one, of the pickled clerk. In a list: Ray would otherwise unpack it for
        every task.
    """

    is_here = False

    def __init__(self, name, reference):
        self.name, self.reference = name, reference

    def clerk(self):
        """The clerk, fetched if this process has not done so.

        Returns
        -------
        Clerk
            The same for all tasks of a process.
        """
        return held(self.name, lambda: pickle.loads(ray.get(self.reference[0])))


def run_ray(clerk, fragments, n_jobs=None):
    """Have fragments answered by the workers of a cluster.

    Parameters
    ----------
    clerk : Clerk
        What each task needs.
    fragments : list of Fragment
        What is to be done.
    n_jobs : int, default=None
        Number of cores, where Ray is started here.

    Yields
    ------
    Outcome
        Of each fragment.
    """
    content = pickled(clerk)
    with _started(n_jobs):
        courier = ByStore(uuid.uuid4().hex, [ray.put(content)])
        task = ray.remote(answer_fragment)
        waiting = iter(fragments)
        n_open = max(1, int(ray.cluster_resources().get("CPU", 1))) * _TASKS_OF_CORE
        tasks = {task.remote(courier, each): each for each in islice(waiting, n_open)}
        while tasks:
            done, _ = ray.wait(list(tasks))
            yield _outcome(done[0], tasks.pop(done[0]))
            for each in islice(waiting, 1):
                tasks[task.remote(courier, each)] = each


def _outcome(reference, fragment):
    """What the task returned; a fragment that kills its workers is to blame itself."""
    try:
        return ray.get(reference)
    except (WorkerCrashedError, OutOfMemoryError) as error:
        return Outcome(fragment.n_rows, fragment.label, error)


@contextlib.contextmanager
def _started(n_jobs):
    """Ray as it is, or for as long as the run takes."""
    if ray.is_initialized():
        yield
        return
    n_cores = None if n_jobs in (None, -1) else n_jobs
    ray.init(num_cpus=n_cores, include_dashboard=False, log_to_driver=False)
    try:
        yield
    finally:
        ray.shutdown()
