"""The part of ``benchmarks.hard_tree`` on time and memory: made tables, answers known.

Tables are those of ``benchmarks.core``, a tenth of the labels changed; the teacher is
LightGBM. Each fit has a process of its own, one thread, and peak memory is that of the
whole process: Python, libraries, rows and answers. *Ours, all of it* draws its rows and
asks LightGBM for their labels.
"""

import json
import pickle
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from sklearn.tree import DecisionTreeRegressor

from skdistill import FixedRows, HardDecisionTreeClassifier, soft_targets
from skdistill.transfer.drawn import automatic

N_FEATURES, N_LEAVES = 20, 32
CASES = ((5_000, 2), (5_000, 5), (50_000, 2), (50_000, 5))  # rows, classes


def given(n, n_classes):
    """Rows, labels, a teacher, its answers for the rows, and for drawn ones."""
    from lightgbm import LGBMClassifier

    from benchmarks import core

    X, y, _ = core.table(n, N_FEATURES, n_classes)
    noisy = np.random.default_rng(0).random(n) < 0.1
    y = np.where(noisy, (y + 1) % n_classes, y)
    booster = LGBMClassifier(n_estimators=200, verbose=-1, n_jobs=1, random_state=0)
    booster.fit(X, y)
    drawn, _ = automatic(n, N_FEATURES).fit(X).sample(random_state=0)
    answers = soft_targets(booster, X), soft_targets(booster, drawn)
    return X, y, booster, drawn, *answers


def ours(X, y, teacher, drawn, own, out):
    """The library's tree, the answers known."""
    student = HardDecisionTreeClassifier(
        transfer=FixedRows(drawn, out), max_leaf_nodes=N_LEAVES, random_state=0
    )
    student.fit(X, y, teacher_output=own)


def all_of_it(X, y, teacher, drawn, own, out):
    """The library's tree, rows drawn and the teacher asked."""
    HardDecisionTreeClassifier(teacher, max_leaf_nodes=N_LEAVES, random_state=0).fit(
        X, y
    )


def cart(X, y, teacher, drawn, own, out):
    """One CART on the answers, not tuned."""
    tree = DecisionTreeRegressor(max_leaf_nodes=N_LEAVES, random_state=0)
    tree.fit(np.concatenate([X, drawn]), np.concatenate([own, out]))


FITS = {"ours": ours, "ours, all of it": all_of_it, "distilled CART": cart}


def one_fit(path, name):
    """Run in a process of its own: print seconds, and the peak of memory in MB."""
    known = pickle.loads(Path(path).read_bytes())
    cpu, wall = time.process_time(), time.perf_counter()
    FITS[name](*known)
    spent = time.perf_counter() - wall, time.process_time() - cpu
    print(json.dumps([*spent, peak()]))


def peak():
    """The most memory that this process has had, in MB.

    Where the system tells it of the program alone; what ``getrusage`` tells can be that
    of the process that started this one.
    """
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (t for t in status.read_text().splitlines() if t[:6] == "VmHWM:")
        return int(line.split()[1]) / 1024
    unit = 2**20 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def measured(path, name):
    """Seconds, CPU seconds and MB of one fit."""
    module = (
        f"from benchmarks._hard_tree_speed import one_fit; one_fit({path!r}, {name!r})"
    )
    command = [sys.executable, "-W", "ignore", "-c", module]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout.splitlines()[-1])


def notes(quick=False):
    """One line a table."""
    for n, n_classes in CASES[:1] if quick else CASES:
        with tempfile.TemporaryDirectory() as folder:
            path, known = Path(folder) / "given.pkl", given(n, n_classes)
            path.write_bytes(pickle.dumps(known))
            found = {name: measured(str(path), name) for name in FITS}
        told = "; ".join(
            f"{name} {wall:.1f} s ({cpu:.1f} s of CPU), {size:.0f} MB"
            for name, (wall, cpu, size) in found.items()
        )
        yield (
            f"{n:,} x {N_FEATURES}, {n_classes} classes, {len(known[3]):,} rows drawn, "
            f"{N_LEAVES} leaves, one thread: {told}"
        )
