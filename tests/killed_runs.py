"""Runs that are killed at a given step, in forked processes; used by a test as a script.

``python killed_runs.py killed rows targets`` kills one run after the other, each at another
step, and prints how many parts each has left; then one is let through. ``twice`` has two
runs at once.
"""

import os
import signal
import sys
from pathlib import Path

import numpy as np

from skdistill import soft_targets
from skdistill.disk import writing
from skdistill.lesson import on_disk


class Deadly:
    """A teacher whose process is killed when it is asked for the n-th time."""

    classes_ = np.array(["no", "yes"])

    def __init__(self, n=None):
        self.n = n

    def __getstate__(self):
        return {"n": None}

    def predict_proba(self, X):
        if self.n is not None:
            self.n -= 1
            if self.n == 0:
                die()
        p = 1 / (1 + np.exp(-X["a"].to_numpy()))
        return np.column_stack([1 - p, p])


def die(*args, **options):
    os.kill(os.getpid(), signal.SIGKILL)


def before(place, name, n):
    """Have the process killed in the n-th call of a function of a module."""
    real = getattr(place, name)

    def counted(*args, **options):
        nonlocal n
        n -= 1
        return die() if n == 0 else real(*args, **options)

    setattr(place, name, counted)


#: Each at a moment of its own: in the manifest, in the teacher, in a part that is not yet
#: on the disk, not yet under its name, just under its name; and before the mark.
STEPS = [
    lambda: before(on_disk.Manifest, "write", 1),
    lambda: before(writing.os, "replace", 1),
    lambda: Deadly(5),
    lambda: before(writing.os, "fsync", 3),
    lambda: before(writing.os, "replace", 6),
    lambda: before(writing, "_sync_folder", 4),
    lambda: Deadly(1),
    lambda: before(on_disk, "_check_counts", 1),
    lambda: before(on_disk, "mark", 1),
]


def run(step, rows, out):
    """One run in a child; its exit status."""
    child = os.fork()
    if child == 0:
        teacher = step()
        teacher = teacher if isinstance(teacher, Deadly) else Deadly()
        soft_targets(teacher, rows, out=out)
        os._exit(0)
    return os.waitpid(child, 0)[1]


class Counting(Deadly):
    """A teacher that counts the rows that it is asked about."""

    n_rows = 0

    def predict_proba(self, X):
        Counting.n_rows += len(X)
        return super().predict_proba(X)


def twice(rows, out):
    """Two runs at once, in two processes; each prints how many rows it asked about."""
    children = []
    for _ in range(2):
        children.append(os.fork())
        if children[-1] == 0:
            soft_targets(Counting(), rows, out=out)
            print(Counting.n_rows, flush=True)
            os._exit(0)
    for child in children:
        if os.waitpid(child, 0)[1]:
            raise RuntimeError("a run failed")


def main(rows, out):
    for step in [*STEPS, lambda: None]:
        status = run(step, rows, out)
        folder = Path(out)
        parts = len(list(folder.glob("part-*.parquet")))
        print(status, parts, int((folder / "_SUCCESS").exists()), flush=True)


if __name__ == "__main__":
    {"killed": main, "twice": twice}[sys.argv[1]](*sys.argv[2:])
