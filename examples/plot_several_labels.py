"""
Several labels at once
======================

An image of a digit has several properties: it has a loop, it is even, it is large. A forest
knows the probability of each, and one net learns all of them from it.
"""

# %%
# The labels
# ----------
# One column of zeros and ones for each property.

import numpy as np
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

X, digit = load_digits(return_X_y=True)
properties = {
    "has a loop": np.isin(digit, [0, 6, 8, 9]),
    "is even": digit % 2 == 0,
    "is above 4": digit > 4,
    "is prime": np.isin(digit, [2, 3, 5, 7]),
}
Y = np.column_stack(list(properties.values())).astype(int)
X, X_test, Y, Y_test, _, digit_test = train_test_split(
    X, Y, digit, test_size=0.4, random_state=0
)

# %%
# Teacher, student, control
# -------------------------
# The forest has seen all labels; of our images, a hundred are labelled. It answers about
# the others too (``X_transfer``). The loss is the sum over the labels, and the temperature
# softens each of them. The control has the hundred labels alone.

from skdistill import NeuralStudentClassifier

forest = RandomForestClassifier(200, min_samples_leaf=3, random_state=0).fit(X, Y)
small = {"hidden_layer_sizes": (24,), "numeric_embedding": None, "max_epochs": 200}
net = NeuralStudentClassifier(forest, temperature=2.0, random_state=0, **small)
net.fit(X[:100], Y[:100], X_transfer=X)
control = NeuralStudentClassifier(random_state=0, **small).fit(X[:100], Y[:100])

right = {
    name: (model.predict(X_test) == Y_test).mean(axis=0)
    for name, model in {"forest": forest, "net": net, "control": control}.items()
}
for name, shares in right.items():
    print(
        f"{name:8}",
        "  ".join(f"{p} {s:.3f}" for p, s in zip(properties, shares, strict=True)),
    )

# %%
# The picture
# -----------
# Six images, from the one that the forest is least sure of to the surest. A bar is the
# net's probability of a property, a dot the forest's. Red bars are on the wrong side.

import matplotlib.pyplot as plt

p = net.predict_proba(X_test)
q = np.column_stack([each[:, 1] for each in forest.predict_proba(X_test)])
order = np.argsort(np.abs(q - 0.5).mean(axis=1))
shown = order[np.linspace(0, len(order) - 1, 6).astype(int)]
figure, grid = plt.subplots(
    2, 6, figsize=(11, 4.2), height_ratios=[1, 1.1], layout="constrained"
)
for column, row in enumerate(shown):
    image, bars = grid[:, column]
    image.imshow(X_test[row].reshape(8, 8), cmap="gray_r")
    image.set(xticks=[], yticks=[], title=f"a {digit_test[row]}")
    places = np.arange(len(properties))
    colours = np.where((p[row] > 0.5) == Y_test[row], "C0", "C3")
    bars.barh(places, p[row], color=colours, height=0.7)
    bars.plot(q[row], places, "o", color="k", ms=5)
    bars.axvline(0.5, color="0.6", lw=0.8)
    bars.set(xlim=(0, 1), ylim=(3.6, -0.6), xticks=[0, 1])
    bars.set_yticks(places, properties if column == 0 else [""] * len(places))
    bars.spines[["top", "right"]].set_visible(False)
figure.suptitle("Bars: the net; dots: the forest. Red is wrong")
plt.show()
