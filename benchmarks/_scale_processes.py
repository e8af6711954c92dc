"""One training on two processes, beside one with the batch of both: seconds of an epoch."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

from skdistill import NeuralStudentClassifier

BATCH, N_COLUMNS = 4096, 20


def rows(quick):
    """A row for each number of processes, each with one thread."""
    n = 20_000 if quick else 200_000
    found = [_run(n, n_processes) for n_processes in (1, 2)]
    for row in found:
        row["times as fast as one"] = found[0]["s an epoch"] / row["s an epoch"]
        row["loss as of one"] = bool(
            np.isclose(row["loss"], found[0]["loss"], rtol=1e-3)
        )
    return found


def _run(n, n_processes):
    launcher = ["-m", "torch.distributed.run", "--standalone"]
    launcher += ["--nproc_per_node", str(n_processes), "-m", __name__]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "found.json"
        command = [sys.executable, *launcher, str(n), str(path)]
        subprocess.run(command, check=True, env=os.environ | {"OMP_NUM_THREADS": "1"})
        return {"what": f"{n_processes} processes", **json.loads(path.read_text())}


def _fit(n, path):
    n_processes = int(os.environ["WORLD_SIZE"])
    random = np.random.default_rng(0)
    X = random.normal(size=(n, N_COLUMNS))
    y = (X[:, 0] * X[:, 1] + random.normal(size=n) > 0).astype(int)
    student = NeuralStudentClassifier(
        hidden_layer_sizes=(256, 256),
        numeric_embedding=None,
        batch_size=BATCH // n_processes,
        max_epochs=4,
        early_stopping=False,
        random_state=0,
    ).fit(X, y)
    if os.environ["RANK"] == "0":
        seconds = min(epoch["dur"] for epoch in student.history_)
        loss = student.history_[-1]["train_loss"]
        path.write_text(json.dumps({"s an epoch": seconds, "loss": loss}))


if __name__ == "__main__":
    _fit(int(sys.argv[1]), Path(sys.argv[2]))
