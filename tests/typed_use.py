"""What a type checker knows of the public surface; mypy reads this, nothing runs it."""

from typing import Any, assert_type

import numpy as np

import skdistill
from skdistill import (
    DistillationSearchCV,
    HardDecisionTreeClassifier,
    Munge,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
    explain,
    export,
    export_text,
    importances,
)
from skdistill.metrics import fidelity


def a_tree(X: np.ndarray, y: np.ndarray) -> str:
    tree = HardDecisionTreeClassifier(max_leaf_nodes=8).fit(X, y)
    assert_type(tree, HardDecisionTreeClassifier)
    assert_type(tree.predict(X), np.ndarray)
    assert_type(tree.apply(X), np.ndarray)
    assert_type(tree.get_n_leaves(), int)
    assert_type(importances(tree), np.ndarray)
    assert_type(export.to_sql(tree, table="rows"), str)
    assert_type(explain(tree, X[:1]), str)
    return export_text(tree)


def a_soft_tree(X: np.ndarray, y: np.ndarray) -> SoftDecisionTreeClassifier:
    tree = SoftDecisionTreeClassifier(transfer=Munge()).fit(X, y)
    return tree.prune(X, max_leaf_nodes=4)


def a_net(X: np.ndarray, y: np.ndarray) -> dict[str, float]:
    net = NeuralStudentRegressor().fit(X, y)
    assert_type(export.to_numpy(net).predict(X), np.ndarray)
    assert_type(export.to_onnx(net, "net.onnx"), dict[str, Any])
    return fidelity(net.predict(X), y)


def a_search(X: np.ndarray, y: np.ndarray) -> DistillationSearchCV:
    return DistillationSearchCV(NeuralStudentRegressor(), {"alpha": [0, 1]}).fit(X, y)


assert_type(skdistill.__version__, str)
assert_type(skdistill.show_versions(), None)
