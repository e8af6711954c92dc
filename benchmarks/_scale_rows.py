"""A student from disk against one in memory: seconds an epoch, loss, peak of memory.

Each run is a process of its own. Its peak is the kernel's (``VmHWM``), less what the
process held when torch and skdistill were imported. Both learn the same rows, from labels
and from the same soft targets, with the same batches; an epoch is the quickest of three (of
one, above a million rows), by skorch's clock. What comes before the first epoch (a pass or
two over the rows, and the temporary file) is told apart.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks._scale_memory import peak_mb

N_COLUMNS, FRAGMENT, EPOCHS = 20, 100_000, 3
MOST_IN_MEMORY = 1_000_000  # of more, one epoch from disk alone


def made_rows(n, folder):
    """Files of rows with labels, and a folder of soft targets for them."""
    from sklearn.linear_model import LogisticRegression

    from skdistill import soft_targets

    names = [f"x{j}" for j in range(N_COLUMNS)]
    rows = folder / "rows"
    rows.mkdir(parents=True)
    n_files = max(2, -(-n // FRAGMENT))
    for i, size in enumerate(map(len, np.array_split(np.empty(n), n_files))):
        rng = np.random.default_rng(i)
        X = pd.DataFrame(rng.normal(size=(size, N_COLUMNS)), columns=names)
        score = X["x0"] * X["x1"] + X["x2"] + np.sin(3 * X["x3"])
        X["y"] = (score + rng.normal(size=size) > 0).astype(int)
        X.to_parquet(rows / f"rows-{i:05d}.parquet")
    some = pd.read_parquet(rows / "rows-00000.parquet")
    teacher = LogisticRegression().fit(some[names], some["y"])
    soft_targets(teacher, rows, out=folder / "targets", columns=names)
    return folder


def learn(where, folder, max_epochs):
    """One run; prints its figures as JSON."""
    import skdistill.students.net  # noqa: F401  (and torch, before memory is looked at)
    from skdistill import NeuralStudentClassifier, ParquetRows

    folder, before = Path(folder), peak_mb(os.getpid())
    student = NeuralStudentClassifier(
        hidden_layer_sizes=(64, 64),
        alpha=0.5,
        max_epochs=max_epochs,
        batch_size=256,
        random_state=0,
    )
    start = time.perf_counter()
    if where == "memory":
        frame = pd.read_parquet(folder / "rows")
        X, y = frame.drop(columns="y"), frame["y"]
        del frame
        student.fit(X, y, teacher_output=folder / "targets")
    else:
        # From disk even where they would fit.
        rows = ParquetRows(
            folder / "rows", target="y", max_rows=5_000, buffer_rows=100_000
        )
        student.fit(rows, teacher_output=folder / "targets")
    seconds = time.perf_counter() - start
    epochs = [epoch["dur"] for epoch in student.history_]
    result = {
        "epoch s": round(min(epochs), 2),
        "before s": round(seconds - sum(epochs), 2),
        "loss": round(student.history_[-1]["train_loss"], 4),
        "peak MB": round(peak_mb(os.getpid()) - before),
    }
    print(json.dumps(result))


def _run(where, folder, n):
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE"}
    arguments = where, str(folder), EPOCHS if n <= MOST_IN_MEMORY else 1
    code = f"from benchmarks._scale_rows import learn; learn(*{arguments!r})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def rows_from_disk(sizes):
    """The table's rows.

    Parameters
    ----------
    sizes : list of int
        Numbers of rows; above a million only from disk.

    Yields
    ------
    dict
        Of one number of rows, from memory or from disk.
    """
    for n in sizes:
        with tempfile.TemporaryDirectory() as folder:
            made_rows(n, Path(folder) / "made")
            for where in ("memory", "disk") if n <= MOST_IN_MEMORY else ("disk",):
                run = _run(where, Path(folder) / "made", n)
                yield {"rows": n, "from": where, **run}


if __name__ == "__main__":
    for row in rows_from_disk([10_000, 100_000]):
        print(row, flush=True)
