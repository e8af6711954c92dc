"""Corners of soft trees in which something once went wrong."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_diabetes, load_iris

from skdistill import SoftDecisionTreeClassifier as C
from skdistill import SoftDecisionTreeRegressor as R
from skdistill import plot_gate_filters
from skdistill.training import loop

X, Y = load_iris(return_X_y=True)
D, T = load_diabetes(return_X_y=True)
F = {
    "max_depth": 3,
    "max_epochs": 8,
    "batch_size": 30,
    "lr": 0.06,
    "random_state": 0,
    "transfer": None,
}


def _other(state, parameter):
    return state["exp_avg"].shape != parameter.shape


@pytest.fixture(autouse=True)
def no_memory_corruption(monkeypatch):
    take = loop.take_moments

    def checked(optimizer, module, moments):
        take(optimizer, module, moments)
        parameters = [p for group in optimizer.param_groups for p in group["params"]]
        state = optimizer.state
        bad = [p.shape for p in parameters if state[p] and _other(state[p], p)]
        if bad:
            optimizer.state.clear()
            raise AssertionError(f"moments of other shapes: {bad}")

    monkeypatch.setattr(loop, "take_moments", checked)


@pytest.mark.parametrize("split", ["oblique", "axis"])
def test_nothing_to_grow_for(split):
    for student, x, y in [(R, D, np.ones(len(T))), (C, np.ones((150, 3)), Y)]:
        tree = student(max_leaf_nodes=4, split=split, **F).fit(x, y)
        assert tree.get_n_leaves() == 1
        assert np.isfinite(
            tree.predict_proba(x) if student is C else tree.predict(x)
        ).all()


def test_a_tree_of_one_leaf_goes_on():
    leaf = C(**F).fit(X, Y).prune(X, ccp_alpha=np.inf)
    assert leaf.set_params(warm_start=True).fit(X, Y).get_n_leaves() == 1


def test_first_part_of_one_class():
    tree = C(max_leaf_nodes=5, **F)
    tree.partial_fit(X[:50], Y[:50], classes=[0, 1, 2])
    for _ in range(20):
        tree.partial_fit(X, Y)
    assert tree.score(X, Y) > 0.8


def test_weight_decay_changed_between_parts():
    tree = C(weight_decay=0.0, **F).partial_fit(X, Y)
    tree.set_params(weight_decay=0.1).partial_fit(X, Y)


def test_a_pruned_tree_learns_more_parts():
    tree = C(**F).partial_fit(X, Y).prune(X, max_leaf_nodes=3)
    tree.partial_fit(X, Y)


def test_early_stopping_of_an_axis_tree_after_one_step():
    C(
        split="axis", early_stopping=True, **(F | {"max_epochs": 1, "batch_size": 1000})
    ).fit(X, Y)


def test_pruning_after_adjusting_the_prior():
    tree = C(**F).fit(X, Y).adjust_class_prior([0.9, 0.05, 0.05])
    small = tree.prune(X, X_eval=X)
    assert small.fidelity_["after"]["kl"] < 1e-6


def test_masses_after_a_skipped_root():
    tree = C(inference="path", **F).fit(X, Y)
    with torch.no_grad():
        tree.module_.gate_weight[0] = 0
        tree.module_.gate_bias[0] = 0.1
    small = tree.prune(X, X_eval=X)
    leaves = small.module_.shape.leaves
    assert small.node_mass_[0] == pytest.approx(1)
    assert small.node_mass_[leaves].sum() == pytest.approx(1)


def test_pruning_refuses_what_it_cannot_judge():
    tree = C(inference="leaf", **F).fit(X, Y)
    with pytest.raises(ValueError, match='inference="path"'):
        tree.prune(X)
    tree = R(quantiles=[0.1, 0.5, 0.9], alpha=0.0, **F).fit(D, T)
    with pytest.raises(ValueError, match="leave y out"):
        tree.prune(D, T)


def test_constant_pixels_have_no_weight():
    figure = pytest.importorskip("matplotlib.figure")
    x = np.column_stack([X, np.full(150, 3.0), np.zeros(150)])
    tree = C(weight_decay=0.0, **F).fit(x, Y)
    image = plot_gate_filters(tree, (2, 3), ax=figure.Figure().gca())[0].get_array()
    assert (image.ravel()[4:] == 0).all()


def test_warm_start_after_another_split():
    tree = C(warm_start=True, **F).fit(X, Y).set_params(split="axis").fit(X, Y)
    assert (tree.module_.gate_weight != 0).sum(dim=1).tolist() == [1] * 7


def test_pruning_to_a_limit_does_not_fall_below_it_for_less_per_leaf():
    x = np.random.default_rng(0).normal(size=(300, 2))  # an exclusive or
    y = (x[:, 0] > 0) ^ (x[:, 1] > 0)
    tree = C(split="axis", **(F | {"max_leaf_nodes": 4, "max_epochs": 30})).fit(x, y)
    small = tree.prune(x, max_leaf_nodes=3, X_eval=x)
    assert small.get_n_leaves() == 3
    # One of the four leaves fewer, rather than all at once.
    least = tree.prune(x, max_leaf_nodes=1, X_eval=x)
    assert small.score(x, y) > least.score(x, y)
