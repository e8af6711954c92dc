"""Checkpoints: fits and searches that are killed at random moments, and what it costs.

A fit (temperature="auto", dropout, a moving average, transfer rows) and a
``DistillationSearchCV`` (four candidates, two folds, ``memory``) run in processes that
SIGKILL ends at random moments, and are started again until they come to their end; then a
new run begins. What counts is how many runs come to the bits of an undisturbed one:
weights, history but for durations, predictions and scores.

The cost is taken at each epoch's end: seconds of a state, beside those of an epoch, and
its bytes.
"""

import hashlib
import json
import multiprocessing
import random
import shutil
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

_PRELOADED = ["skdistill.search.grid", "skdistill.students.net", "sklearn.ensemble"]
_OFTEN = {"every": 1, "minutes": None}


def rows(quick=False):
    """The table: kills, and costs.

    Parameters
    ----------
    quick : bool, default=False
        A few kills, and small students.

    Yields
    ------
    dict
        One row of the table.
    """
    n_kills = 5 if quick else 100
    with ThreadPoolExecutor(2) as both:  # a core each
        run = partial(kills, n_kills=n_kills, quick=quick)
        yield from both.map(run, ("fit", "search"))
    yield from costs(quick)


def kills(name, n_kills, seed=0, quick=False):
    """Kill runs at random moments until it was done so many times.

    Parameters
    ----------
    name : {"fit", "search"}
        What runs.
    n_kills : int
        How many times.
    seed : int, default=0
        Of the moments.
    quick : bool, default=False
        Shorter runs.

    Returns
    -------
    dict
        A row of the table.
    """
    moments, total, n_runs, n_same = random.Random(seed), 0, 0, 0
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        _life(name, folder, None, quick, None)  # the teacher is fitted, and asked
        undisturbed, seconds = _whole_life(name, folder, None, quick)
        while total < n_kills:
            run = folder / f"run-{n_runs}"
            while True:
                moment = moments.uniform(0, seconds)
                found = _life(name, folder, run, quick, moment)
                if found is not None or total == n_kills:
                    break
                total += 1
            if found is None:
                found, _ = _whole_life(name, folder, run, quick)
            n_runs, n_same = n_runs + 1, n_same + (found == undisturbed)
            shutil.rmtree(run)
    return {
        "what": f"{name} killed {total} times",
        "result": f"{n_same} of {n_runs} runs have the undisturbed bits",
        "seconds undisturbed": round(seconds, 2),
    }


def _whole_life(name, folder, run, quick):
    start = time.perf_counter()
    found = _life(name, folder, run, quick, None)
    return found, time.perf_counter() - start


def _life(name, folder, run, quick, moment):
    """What one process came to; None if it was killed before."""
    result = folder / "result.json"
    result.unlink(missing_ok=True)
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)  # else a life would be spent on imports
    here, there = context.Pipe()
    arguments = name, str(folder), None if run is None else str(run), quick, there
    process = context.Process(target=_live, args=arguments)
    process.start()
    there.close()  # a process that cannot even begin is then an error, not a silence
    here.recv()
    if moment is not None:
        process.join(moment)
        process.kill()
    process.join()
    if process.exitcode == 0:
        return json.loads(result.read_text())
    if moment is None or process.exitcode != -9:
        raise RuntimeError(f"{name} ended with exit code {process.exitcode}")
    return None


def _live(name, folder, run, quick, begun):
    """A process: the whole fit, or what is left of it."""
    import torch

    torch.set_num_threads(1)
    begun.send(True)
    found = (_fit if name == "fit" else _search)(Path(folder), run, quick)
    result = Path(folder) / "result.json"
    beside = result.with_suffix(".tmp")
    beside.write_text(json.dumps(found))
    beside.rename(result)


def _data(n=400, n_columns=10):
    generator = np.random.default_rng(0)
    X = generator.normal(size=(n, n_columns))
    return X, ((X[:, 0] > 0) + 2 * (X[:, 1] * X[:, 2] > 0)).astype(int)


def _student(folder, quick, **options):
    from sklearn.ensemble import RandomForestClassifier

    from skdistill import NeuralStudentClassifier

    return NeuralStudentClassifier(
        RandomForestClassifier(20, random_state=0),
        hidden_layer_sizes=(64, 64),
        memory=folder / "memory",
        max_epochs=8 if quick else 16,
        random_state=0,
        **options,
    )


def _checkpoint(run):
    from skdistill import Checkpoint

    return None if run is None else Checkpoint(run, **_OFTEN)


def _fit(folder, run, quick):
    options = {"temperature": "auto", "dropout": 0.1, "ema_decay": 0.9}
    X, y = _data()
    student = _student(folder, quick, **options).fit(X, y, checkpoint=_checkpoint(run))
    return _bits(student, X)


def _search(folder, run, quick):
    from skdistill import DistillationSearchCV

    X, y = _data()
    grid = {"temperature": [1.0, 3.0], "dropout": [0.0, 0.2]}
    # Those without dropout are trained together.
    student = _student(folder, quick, transfer=None, early_stopping=True)
    search = DistillationSearchCV(student, grid, cv=2)
    search.fit(X, y, checkpoint=_checkpoint(run))
    scores = search.cv_results_["mean_test_score"].tolist()
    return [*_bits(search.best_estimator_, X), scores, search.best_params_]


def _bits(student, X):
    sha = hashlib.sha256(student.predict_proba(X).tobytes())
    for weight in student.module_.state_dict().values():
        sha.update(weight.numpy().tobytes())
    history = [{k: v for k, v in e.items() if k != "dur"} for e in student.history_]
    return [sha.hexdigest(), history]


def costs(quick=False):
    """Seconds and bytes of a state, for students of several sizes.

    Parameters
    ----------
    quick : bool, default=False
        The smallest one alone.

    Yields
    ------
    dict
        One row of the table.
    """
    from skdistill import NeuralStudentClassifier, SoftDecisionTreeClassifier

    common = {"max_epochs": 10, "random_state": 0}
    students = {
        "net 64-64": NeuralStudentClassifier(hidden_layer_sizes=(64, 64), **common),
        "net 512-512-512": NeuralStudentClassifier(
            hidden_layer_sizes=(512, 512, 512), **common
        ),
        "soft tree of depth 8": SoftDecisionTreeClassifier(max_depth=8, **common),
    }
    X, y = _data(10_000 if not quick else 1_000, 20)
    for name, student in list(students.items())[: 1 if quick else None]:
        yield {"what": f"state of a {name}", **_cost(student, X, y)}


def _cost(student, X, y):
    from skdistill import Checkpoint
    from skdistill.training.state_files import Files

    seconds, sizes, write = [], [], Files.write

    def timed(self, name, state):
        start = time.perf_counter()
        size = write(self, name, state)
        seconds.append(time.perf_counter() - start)
        sizes.append(size)
        return size

    Files.write = timed
    try:
        with tempfile.TemporaryDirectory() as folder:
            student.fit(X, y, checkpoint=Checkpoint(folder, **_OFTEN))
    finally:
        Files.write = write
    epoch = float(np.median([e["dur"] for e in student.history_]))
    return {
        "result": f"{1000 * np.median(seconds[:-1]):.1f} ms, {sizes[0]:,} bytes",
        "seconds undisturbed": f"{epoch:.3f} an epoch",
    }


if __name__ == "__main__":
    from benchmarks._report import arguments, report

    args = arguments(__doc__)
    report("scale_checkpoints", "Checkpoints", list(rows(args.quick)), save=False)
