"""What has no plain questions is no tree of scikit-learn's, and is told what to do."""

import pytest
from sklearn.datasets import load_iris

from skdistill import (
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
    TextStudentClassifier,
)
from skdistill.export import to_sklearn_tree

FEW = {"max_epochs": 1, "random_state": 0}
TREE = {"max_depth": 2, **FEW}
SOFT = {
    "mixture": SoftDecisionTreeClassifier(**TREE),
    "path": SoftDecisionTreeClassifier(inference="path", split="axis", **TREE),
    "linear": SoftDecisionTreeClassifier(leaf="linear", **TREE),
    "quantiles": SoftDecisionTreeRegressor(quantiles=[0.1, 0.9], **TREE),
}
NETS = {
    "net": NeuralStudentClassifier(hidden_layer_sizes=(4,), **FEW),
    "members": NeuralStudentClassifier(hidden_layer_sizes=(4,), n_members=2, **FEW),
    "quantiles": NeuralStudentRegressor(
        hidden_layer_sizes=(4,), quantiles=[0.1], **FEW
    ),
}


@pytest.mark.parametrize("name", SOFT)
def test_soft_trees(name):
    X, y = load_iris(return_X_y=True)
    with pytest.raises(TypeError, match="give student.harden\\(X, y\\)"):
        to_sklearn_tree(SOFT[name].fit(X, y))


def test_a_hardened_tree():
    X, y = load_iris(return_X_y=True)
    soft = SoftDecisionTreeClassifier(**TREE).fit(X, y)
    hard = soft.harden(X, max_leaf_nodes=4, random_state=0)
    record = to_sklearn_tree(hard, X).skdistill_proof_
    assert record["labels_that_differ"] == 0
    assert record["largest_difference"] <= 1e-12


@pytest.mark.parametrize("name", NETS)
def test_nets(name):
    X, y = load_iris(return_X_y=True)
    with pytest.raises(TypeError, match="HardDecisionTreeClassifier\\(student\\).fit"):
        to_sklearn_tree(NETS[name].fit(X, y))


def test_students_of_texts():
    texts = ["a good film", "a bad film"] * 8
    student = TextStudentClassifier(hidden_size=8, n_layers=1, **FEW)
    with pytest.raises(TypeError, match="reads texts: take export.to_onnx"):
        to_sklearn_tree(student.fit(texts, [1, 0] * 8))
