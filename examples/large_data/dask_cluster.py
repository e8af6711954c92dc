"""More rows than memory, on a Dask cluster of two workers that this script starts.

It writes files of rows, fits a teacher on the first one, has the cluster answer about all
of them, and trains a net from disk. Kill it at any moment and start it again with the same
folder: what was done is not done again.

    pip install 'skdistill[large]'
    python examples/large_data/dask_cluster.py big --rows 1_000_000

With ``--scheduler tcp://host:8786`` the workers of that cluster answer. They must see the
folder under the same path, and have skdistill installed.
"""

import argparse
import contextlib
import time
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
from distributed import Client, LocalCluster
from sklearn.ensemble import HistGradientBoostingClassifier

from skdistill import NeuralStudentClassifier, ParquetRows, soft_targets

COLUMNS = [f"x{j}" for j in range(20)]


def main():
    arguments = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    arguments.add_argument(
        "folder", type=Path, help="for rows, targets and checkpoints"
    )
    arguments.add_argument("--rows", type=int, default=1_000_000)
    arguments.add_argument("--rows-of-file", type=int, default=50_000)
    arguments.add_argument("--scheduler", help="of a cluster that is there")
    given = arguments.parse_args()
    rows = made_rows(given.folder / "rows", given.rows, given.rows_of_file)
    teacher = fitted_teacher(given.folder / "teacher.joblib", rows)

    start = time.perf_counter()
    with cluster(given.scheduler) as client:
        targets = soft_targets(
            teacher,
            rows,
            out=given.folder / "targets",
            engine=client,
            columns=COLUMNS,
            verbose=1,
        )
    print(f"Targets of {given.rows} rows: {time.perf_counter() - start:.0f} seconds.")

    student = NeuralStudentClassifier(alpha=0.5, max_epochs=3, random_state=0)
    student.fit(
        ParquetRows(rows, target="y", max_rows=10_000),
        teacher_output=targets,
        checkpoint=given.folder / "checkpoint",
    )
    unseen = rows_of_file(-1, 10_000)
    for name, model in {"Teacher": teacher, "student": student}.items():
        score = model.score(unseen[COLUMNS], unseen["y"])
        print(f"{name} on rows that neither has seen: accuracy {score:.3f}.")


@contextlib.contextmanager
def cluster(scheduler):
    """A client of the scheduler, or of two workers on this machine."""
    if scheduler is not None:
        with Client(scheduler) as client:
            yield client
        return
    # A process each, with one thread: the libraries of teachers have threads of their own.
    workers = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0"}
    with LocalCluster(**workers) as local, Client(local) as client:
        print(f"Two workers; what they do: {client.dashboard_link}")
        yield client


def rows_of_file(number, size):
    generator = np.random.default_rng([number + 1, 0])
    X = pd.DataFrame(generator.normal(size=(size, len(COLUMNS))), columns=COLUMNS)
    score = X["x0"] * X["x1"] + X["x2"] + np.sin(3 * X["x3"])
    return X.assign(y=(score + generator.normal(size=size) > 0).astype(int))


def made_rows(folder, n, size):
    folder.mkdir(parents=True, exist_ok=True)
    for i, start in enumerate(range(0, n, size)):
        path = folder / f"rows-{i:05d}.parquet"
        if not path.exists():
            beside = path.with_suffix(".tmp")
            rows_of_file(i, min(size, n - start)).to_parquet(beside)
            beside.rename(path)
    return folder


def fitted_teacher(path, rows):
    """Kept in a file: targets go on only if another run asks the same teacher."""
    if not path.exists():
        first = pd.read_parquet(rows / "rows-00000.parquet")
        teacher = HistGradientBoostingClassifier(random_state=0)
        joblib.dump(teacher.fit(first[COLUMNS], first["y"]), path)
    return joblib.load(path)


if __name__ == "__main__":
    main()
