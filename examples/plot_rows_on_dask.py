"""
More rows than memory, on Dask
==============================

Rows lie in files. The workers of a Dask cluster ask the teacher about them, file by
file, and write its answers beside them. A net then learns all rows from disk. Here
everything is small enough for a page: 24,000 rows in twelve files, and a cluster of two
threads in this process. ``examples/large_data/dask_cluster.py`` does the same with
processes and millions of rows.
"""

# %%
# The rows
# --------
# Twelve files of Parquet, as a nightly job would leave them.

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd

folder = Path(tempfile.mkdtemp())
(folder / "rows").mkdir()
random = np.random.default_rng(0)
names = [f"x{j}" for j in range(8)]


def made(n):
    X = pd.DataFrame(random.normal(size=(n, 8)), columns=names)
    score = np.sin(2 * X["x0"]) + X["x1"] * X["x2"] - 0.5 * X["x3"]
    return X.assign(bought=random.random(n) < 1 / (1 + np.exp(-3 * score)))


for day in range(12):
    made(2000).to_parquet(folder / "rows" / f"day-{day:02}.parquet")
test = made(4000)

# %%
# The teacher
# -----------
# It was fitted on the first three days.

from sklearn.ensemble import HistGradientBoostingClassifier

first = pd.concat(
    pd.read_parquet(folder / "rows" / f"day-{d:02}.parquet") for d in range(3)
)
teacher = HistGradientBoostingClassifier(max_iter=80, random_state=0)
teacher.fit(first[names], first["bought"])

# %%
# Its answers, written by the workers
# -----------------------------------
# Start the same call again after a crash: it does only what is missing. On a real
# cluster the client is ``Client("tcp://scheduler:8786")``, and the folder is one that
# all see.

from distributed import Client, LocalCluster

from skdistill import soft_targets

files = sorted((folder / "rows").glob("*.parquet"))
answers = {}
with (
    LocalCluster(
        n_workers=2, threads_per_worker=1, processes=False, dashboard_address=None
    ) as cluster,
    Client(cluster) as client,
):
    for n in (1, 3, 12):  # the first day, three days, all
        answers[n] = soft_targets(
            teacher,
            files[:n],
            out=folder / f"answers-{n}",
            columns=names,
            engine=client,
        )
print(pd.read_parquet(answers[12]).describe().loc[["count", "mean"]].round(2))

# %%
# A net that learns from disk
# ---------------------------
# ``max_rows`` is how many rows may be in memory; the net still learns all of them.
# Three nets: from the first file, from the first three, and from all twelve. With
# ``alpha=0.5`` teacher and labels teach alike: the more labels there are, the less is a
# teacher of three days needed. The controls learn the labels of the same rows alone.

from sklearn.metrics import log_loss

from skdistill import NeuralStudentClassifier, ParquetRows

losses = {"teacher and labels": [], "labels alone": []}
net = NeuralStudentClassifier(
    alpha=0.5, hidden_layer_sizes=(64, 64), max_epochs=6, random_state=0
)
for n, targets in answers.items():
    rows = ParquetRows(files[:n], target="bought", max_rows=4000, buffer_rows=2000)
    for name, output in {"teacher and labels": targets, "labels alone": None}.items():
        net.fit(rows, teacher_output=output)
        losses[name].append(log_loss(test["bought"], net.predict_proba(test[names])))
for name, values in losses.items():
    print(f"{name:18}", np.round(values, 3))

# %%
# The picture
# -----------

import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(8, 4.4), layout="constrained")
for (name, values), colour in zip(losses.items(), ("C0", "0.5"), strict=True):
    axes.plot([2, 6, 24], values, "o-", color=colour, lw=2)
    axes.annotate(
        name, (2, values[0]), (10, 8), textcoords="offset points", va="center"
    )
known = log_loss(test["bought"], teacher.predict_proba(test[names]))
axes.axhline(known, color="k", lw=1)
axes.annotate("teacher", (18, known), (0, 5), textcoords="offset points")
axes.set(
    xscale="log",
    xlabel="rows on disk (thousands)",
    ylabel="log loss of 4,000 other rows",
)
axes.set_xticks([2, 6, 24], ["2", "6", "24"])
axes.minorticks_off()
axes.spines[["top", "right"]].set_visible(False)
axes.set_title("A net learns all rows, and holds 4,000 in memory")
plt.show()
