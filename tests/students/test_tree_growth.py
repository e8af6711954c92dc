"""Soft trees that grow leaf by leaf."""

import numpy as np
from soft_trees import FAST, TARGET, VALUES, X, Y

from skdistill import (
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
)


def test_a_gate_that_goes_on_keeps_its_column_whatever_it_is_told():
    random = np.random.default_rng(0)
    x = random.normal(size=(200, 3))
    first, second = x[:, 0] > 0, x[:, 1] > 0
    params = FAST | {"split": "axis", "max_leaf_nodes": 2}
    tree = SoftDecisionTreeClassifier(warm_start=True, **params).fit(x, first)
    assert tree.score(x, first) > 0.95
    tree.set_params(lr=0.5, max_epochs=30).fit(x, second)
    used = tree.module_.gate_weight[0].detach().numpy()
    assert np.flatnonzero(used).tolist() == [0] and tree.score(x, second) < 0.7
    tree = SoftDecisionTreeClassifier(**params)
    for y in [first] * 5 + [second] * 5:
        tree.partial_fit(x, y)
    used = tree.module_.gate_weight[0].detach().numpy()
    assert np.flatnonzero(used).tolist() == [0]


def test_parts_of_the_rows_one_after_the_other():
    random, tree = (
        np.random.default_rng(0),
        SoftDecisionTreeClassifier(max_leaf_nodes=5, **FAST),
    )
    shapes = []
    for _ in range(15):
        part = random.permutation(150)[:75]
        tree.partial_fit(X[part], Y[part])
        shapes.append(tree.module_.shape.gates.tolist())
    assert all(gates == shapes[0] and len(gates) == 4 for gates in shapes)
    assert tree.score(X, Y) > 0.9 and tree.n_iter_ == 15
    values = SoftDecisionTreeRegressor(max_leaf_nodes=3, split="axis", **FAST)
    for _ in range(15):
        values.partial_fit(VALUES, TARGET)
    assert values.get_n_leaves() == 3 and values.score(VALUES, TARGET) > 0.2
    assert (values.module_.gate_weight != 0).sum(dim=1).tolist() == [1, 1]
