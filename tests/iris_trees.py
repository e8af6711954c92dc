"""A tree of each kind, to be shown."""

from on_first_use import OnFirstUse
from sklearn.datasets import load_iris

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
)

NAMES = ["sl", "sw", "pl", "pw"]
X, Y = load_iris(return_X_y=True)
SOFT = {"max_epochs": 20, "random_state": 0}
UNFITTED = [
    HardDecisionTreeClassifier(max_leaf_nodes=5),
    HardDecisionTreeRegressor(max_leaf_nodes=3),
    SoftDecisionTreeClassifier(max_depth=2, **SOFT),
    SoftDecisionTreeRegressor(max_depth=1, **SOFT),
]
TREES = OnFirstUse(
    (i, lambda tree=tree: tree.fit(X, Y)) for i, tree in enumerate(UNFITTED)
)
