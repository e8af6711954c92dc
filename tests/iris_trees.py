"""A tree of each kind, to be shown."""

from sklearn.datasets import load_iris

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
)

NAMES = ["sl", "sw", "pl", "pw"]
X, Y = load_iris(return_X_y=True)
TREES = [
    HardDecisionTreeClassifier(max_leaf_nodes=5).fit(X, Y),
    HardDecisionTreeRegressor(max_leaf_nodes=3).fit(X, Y),
    SoftDecisionTreeClassifier(max_depth=2, max_epochs=20, random_state=0).fit(X, Y),
    SoftDecisionTreeRegressor(max_depth=1, max_epochs=20, random_state=0).fit(X, Y),
]
