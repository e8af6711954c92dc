"""
What the gates of a soft tree look for
======================================

A soft decision tree on images of digits learns from a forest. Each gate's weights are an
image of their own: what is blue speaks for the right side, what is red for the left one.
"""

from matplotlib import pyplot
from sklearn.datasets import load_digits
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split

from skdistill import SoftDecisionTreeClassifier, plot_gate_filters

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
forest = RandomForestClassifier(random_state=0, n_jobs=1).fit(X_train, y_train)
tree = SoftDecisionTreeClassifier(forest, max_depth=4, random_state=0)
tree.fit(X_train, y_train)
print(
    f"forest {forest.score(X_test, y_test):.3f}, tree {tree.score(X_test, y_test):.3f}"
)

# %%
# The first three levels of gates, and what the leaves below would say:

pyplot.figure(figsize=(9, 6))
plot_gate_filters(tree, (8, 8), max_depth=3)
pyplot.show()

# %%
# A tree of fewer leaves, pruned by what its teacher says of rows that it was not trained
# on:

small = tree.prune(X_test, max_leaf_nodes=12, random_state=0)
print(f"{tree.get_n_leaves()} leaves before, {small.get_n_leaves()} now")
for when in ("before", "after"):
    print(when, f"agreement with the forest {small.fidelity_[when]['agreement']:.3f}")
