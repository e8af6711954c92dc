"""Who runs the tasks: joblib on this machine, Dask, or Ray.

An engine takes the clerk to each worker once, gives it one fragment after the other, and
yields how each went, in any order. No engine has more tasks open than it needs to keep its
workers busy: a list of a hundred thousand fragments is no graph.
"""

from joblib import Parallel, delayed, effective_n_jobs
from joblib.parallel import get_active_backend

from ..disk.needed import needed
from .clerk import answer_fragment
from .couriers import ByFile, Here


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
