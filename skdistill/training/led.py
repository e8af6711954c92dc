"""Work of several processes that one of them leads: it asks the teacher, all of them train.

Processes that ``torchrun`` has started run the same script. Where that comes to a fit, the
first process does all of it, and sends each training that it needs to the others, which
learn from their parts of each batch; in the end it sends them the fitted student.
"""

import importlib.util
import multiprocessing
import os
import threading
from functools import cache

from ..warn import warn

#: Set to "1" where each of several processes is to fit by itself.
ALONE = "SKDISTILL_ALONE"
_NEEDS = "accelerate", "cloudpickle"


def led(work, name):
    """Let the first process do some work, with the others to help in its trainings.

    Parameters
    ----------
    work : callable
        ``work()`` -> what all processes are to have; called in the first one alone.
    name : str
        What it is.

    Returns
    -------
    object
        The result of the work, in each process.
    """
    group = process_group()
    return work() if group is None else group.led(work, name)


def led_fit(estimator, fit):
    """Let the first process fit, with the others to help; all have what was learnt.

    Parameters
    ----------
    estimator : estimator
        It is fitted in each process.
    fit : callable
        ``fit()`` fits the estimator.
    """
    group = process_group()
    if group is None:
        fit()
    else:
        group.led_fit(estimator, fit)


def process_group():
    """The processes that train together, of which this one is to lead or to follow.

    Returns
    -------
    ProcessGroup or None
        None where there is one process; where this one leads already; and in processes
        and threads that were started by one of them.

    Raises
    ------
    ImportError
        Where there are several, and no ``accelerate``.
    """
    if not _are_several():
        return None
    # Whoever was started by a rank has its environment, and is none itself.
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or multiprocessing.current_process().name != "MainProcess":
        return None
    group = _joined()
    return None if group.is_leading else group


def _are_several():
    environ = os.environ
    if environ.get(ALONE, "0") not in ("", "0"):
        return False
    if "LOCAL_RANK" in environ:  # as torchrun sets it
        return int(environ.get("WORLD_SIZE", "1")) > 1
    # The launcher of accelerate names a port where it was asked for several processes, and
    # with a CPU starts one.
    if "ACCELERATE_MIXED_PRECISION" in environ and "MASTER_PORT" in environ:
        _say_that_one_was_started()
    return False


@cache
def _say_that_one_was_started():
    warn(
        "accelerate launch was asked for several processes, and has started one: with CPUs "
        "alone, start them by torchrun --nproc_per_node N."
    )


@cache
def _joined():
    missing = [name for name in _NEEDS if importlib.util.find_spec(name) is None]
    if missing:
        raise ImportError(
            f"Several processes need {' and '.join(missing)}, not installed here: pip "
            "install 'skdistill[processes]'. To let each process fit by itself, "
            f"set the environment variable {ALONE}=1."
        )
    # Not at the top: whoever asks a teacher needs no torch.
    made = importlib.import_module(".process_group", __package__)
    return made.ProcessGroup()
