"""Run a script in so many processes, as torchrun does, but forked after the imports.

``python forked_ranks.py 2 script.py arguments`` imports once what torchrun's launcher and
each of its processes import.
"""

import os
import runpy
import signal
import socket
import sys

# What the script imports, and its first fit.
import accelerate  # noqa: F401
import pandas  # noqa: F401
import pyarrow.dataset  # noqa: F401
import sklearn.ensemble  # noqa: F401
import torch._dynamo  # noqa: F401

import skdistill.students.net
import skdistill.students.soft_tree  # noqa: F401


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def start(script, arguments, **environ):
    """One process; the number by which it is known."""
    child = os.fork()
    if child == 0:
        os.environ.update(environ)
        sys.argv[:] = [script, *arguments]
        runpy.run_path(script, run_name="__main__")
        sys.exit()
    return child


def wait(children):
    """Until all are done; where one fails, the others would wait for it for ever."""
    while children:
        child, status = os.wait()
        children.remove(child)
        if status:
            for other in children:
                os.kill(other, signal.SIGKILL)
            sys.exit(1)


def main(n, script, *arguments):
    shared = {"WORLD_SIZE": n, "LOCAL_WORLD_SIZE": n, "MASTER_ADDR": "127.0.0.1"}
    shared["MASTER_PORT"] = str(free_port())
    ranks = map(str, range(int(n)))
    wait([start(script, arguments, RANK=i, LOCAL_RANK=i, **shared) for i in ranks])


if __name__ == "__main__":
    main(*sys.argv[1:])
