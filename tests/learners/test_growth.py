"""Gates that become leaves, gates that go, and leaves that become gates; grown trees."""

import pickle
import re

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from soft_trees import FAST, TARGET, VALUES, X, Y, outer_nodes

from skdistill import SoftDecisionTreeClassifier, SoftDecisionTreeRegressor, export_text
from skdistill.learners.growth import merged, split_best, without
from skdistill.modules import SoftTree
from skdistill.modules.tree_shape import TreeShape

SHAPE = TreeShape([0, 1, 2, 4, 6])  # leaves 3, 5, 7, 8, 9 and 10


def tree_of(shape=SHAPE, seed=0, n_outputs=3, **params):
    generator = torch.Generator().manual_seed(seed)
    tree = SoftTree(4, n_outputs, shape=shape, generator=generator, **params).double()
    with torch.no_grad():
        for parameter in tree.parameters():
            parameter.normal_(generator=generator)
        tree.path_leaf.normal_(generator=generator)
    return tree.eval()


def rows(n=30):
    return torch.randn(n, 4, generator=torch.Generator().manual_seed(1)).double()


def state(tree):
    return {name: tensor.clone() for name, tensor in tree.state_dict().items()}


def assert_unchanged(tree, before):
    after = tree.state_dict()
    assert before.keys() == after.keys()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


def masses(tree, weight=None):
    P = tree.node_probabilities(rows()).detach().numpy()
    return np.average(P, axis=0, weights=weight)


def said(tree, alone=False):
    return tree.leaf_outputs(torch.float64, alone).detach().numpy()


@pytest.mark.parametrize("is_classifier", [True, False])
@pytest.mark.parametrize("gates", [[0], [1], [6], [4, 6], [1, 6]])
def test_a_merged_leaf_says_the_mean_by_mass(is_classifier, gates):
    tree = tree_of(is_classifier=is_classifier)
    before, x, mass = state(tree), rows(), masses(tree)
    small, origin = merged(tree, gates, mass)
    assert_unchanged(tree, before)
    below = {gate: SHAPE.leaves[SHAPE.below(gate)].tolist() for gate in gates}
    gone = [leaf for leaves in below.values() for leaf in leaves]
    P = tree.node_probabilities(x).detach().numpy()
    for alone in (False, True):
        old = dict(zip(SHAPE.leaves.tolist(), said(tree, alone), strict=True))
        for gate, leaves in below.items():
            total = sum(mass[leaf] * old[leaf] for leaf in leaves)
            old[gate] = total / sum(mass[leaf] for leaf in leaves)
        assert set(origin[small.shape.leaves]) == set(old) - set(gone)
        for number, value in zip(
            origin[small.shape.leaves], said(small, alone), strict=True
        ):
            np.testing.assert_allclose(value, old[number], atol=1e-12)
        if not alone:
            mixture = sum(P[:, [leaf]] * old[leaf] for leaf in set(old) - set(gone))
    output = small(x).detach()
    output = output.exp() if is_classifier else output
    np.testing.assert_allclose(output, mixture, atol=1e-12)
    np.testing.assert_allclose(
        small.node_probabilities(x).detach(), P[:, origin], atol=1e-12
    )


def test_several_targets_are_merged_each_by_itself():
    tree = tree_of(n_outputs=5, widths=[2, 3])
    small, _ = merged(tree, [0], masses(tree))
    leaf = said(tree)
    expected = masses(tree)[SHAPE.leaves] @ leaf
    np.testing.assert_allclose(said(small)[0], expected, atol=1e-12)
    np.testing.assert_allclose(said(small)[0, :2].sum(), 1)
    np.testing.assert_allclose(said(small)[0, 2:].sum(), 1)


def test_leaves_that_no_row_reaches_count_alike():
    tree, mass = tree_of(), np.zeros(SHAPE.n_nodes)
    small, _ = merged(tree, [1], mass)
    at = SHAPE.below(1)
    np.testing.assert_allclose(said(small)[0], said(tree)[at].mean(axis=0), atol=1e-12)


def test_merged_linear_leaves_have_mean_slopes():
    tree = tree_of(has_linear_leaves=True, is_classifier=False)
    mass = masses(tree)
    small, origin = merged(tree, [4, 6], mass)
    slopes = tree.leaf_weight.detach().numpy().reshape(6, 3, 4)
    found = small.leaf_weight.detach().numpy().reshape(4, 3, 4)
    for number, slope in zip(origin[small.shape.leaves], found, strict=True):
        below = SHAPE.below(number)
        weight = mass[SHAPE.leaves[below]]
        expected = np.tensordot(weight / weight.sum(), slopes[below], 1)
        np.testing.assert_allclose(slope, expected, atol=1e-12)


def test_merging_and_leaving_out_nothing_change_nothing():
    for params in ({}, {"has_linear_leaves": True}):
        tree, x = tree_of(**params), rows()
        for small, origin in (merged(tree, [], masses(tree)), without(tree, {})):
            assert origin.tolist() == list(range(SHAPE.n_nodes))
            assert small is not tree
            assert torch.equal(small(x), tree(x))
            assert torch.equal(small.greedy_leaf(x), tree.greedy_leaf(x))


@pytest.mark.parametrize("skipped", [[0], [1], [4], [2, 6], [0, 2]])
@pytest.mark.parametrize("goes_right", [True, False])
def test_gates_that_send_all_rows_to_one_side_can_go(skipped, goes_right):
    tree, x = tree_of(), rows()
    with torch.no_grad():
        for number in skipped:
            rank = int(SHAPE.rank(number))
            tree.gate_bias[rank] = 300.0 if goes_right else -300.0
    before = state(tree)
    small, origin = without(
        tree, {number: SHAPE.children(number)[goes_right] for number in skipped}
    )
    assert_unchanged(tree, before)
    assert small.shape.n_gates < SHAPE.n_gates
    np.testing.assert_allclose(small(x).detach(), tree(x).detach(), atol=1e-12)
    P = tree.node_probabilities(x).detach().numpy()
    np.testing.assert_allclose(
        small.node_probabilities(x).detach(), P[:, origin], atol=1e-12
    )
    ends = SHAPE.leaves[tree.greedy_leaf(x)]
    smaller_ends = origin[small.shape.leaves[small.greedy_leaf(x)]]
    np.testing.assert_array_equal(smaller_ends, ends)


def targets(x, is_classifier, n=2):
    """What splits best along the first two columns together."""
    z = x @ torch.tensor([1.0, -1.0, 0.0, 0.0], dtype=x.dtype)
    if not is_classifier:
        return torch.stack([z.tanh(), z.square() * 0.1], dim=1)
    right = torch.sigmoid(3 * z)
    return torch.stack([1 - right, right], dim=1)


def loss_of(tree, x, target):
    output = tree(x)
    if tree.is_classifier:
        return -(target * output).sum(dim=1).mean()
    return (output - target).square().sum(dim=1).mean()


@pytest.mark.parametrize("max_features", [None, 2, 1])
@pytest.mark.parametrize("is_classifier", [True, False])
def test_a_new_gate_lowers_the_loss_and_has_a_gradient(is_classifier, max_features):
    x = rows(300)
    y = targets(x, is_classifier)
    tree = tree_of(TreeShape([]), 0, 2, is_classifier=is_classifier)
    tree._set_selection(max_features, torch.ones(4).double())
    with torch.no_grad():  # the best single leaf there is
        mean = y.mean(dim=0)
        tree.leaf[0] = mean.log() if is_classifier else mean
    losses, weight = [loss_of(tree, x, y).item()], torch.ones(300).double()
    for _ in range(3):
        before, old, output = state(tree), tree, tree(x).detach()
        tree = split_best(tree, x, y, weight, 1, max_depth=4)
        assert_unchanged(old, before)
        torch.testing.assert_close(old(x).detach(), output)
        assert tree.shape.n_gates == old.shape.n_gates + 1
        loss = loss_of(tree, x, y)
        loss.backward()
        losses.append(loss.item())
        new = np.flatnonzero(
            [
                not any(torch.equal(row, known) for known in old.gate_weight)
                for row in tree.gate_weight
            ]
        )
        assert len(new) == 1
        assert tree.gate_bias.grad[new].abs().item() > 1e-5
        assert tree.gate_weight.grad[new].abs().max() > 1e-5
    assert (np.diff(losses) < 0).all()


def test_alike_leaves_would_have_no_gradient():
    """Why a new gate must not start with two copies of its leaf."""
    x, tree = rows(), tree_of(TreeShape([0]), 0, 2)
    with torch.no_grad():
        tree.leaf[1] = tree.leaf[0]
    loss_of(tree, x, targets(x, True)).backward()
    assert tree.gate_weight.grad.abs().max() < 1e-12


def test_a_split_goes_along_the_residual():
    x = rows(500)
    tree = split_best(
        tree_of(TreeShape([]), 0, 2), x, targets(x, True), torch.ones(500), 1, 5
    )
    weight = tree.gate_weight[0].detach().numpy()
    along = np.array([1, -1, 0, 0]) / np.sqrt(2)
    assert abs(weight @ along) > 0.98 * np.linalg.norm(weight)
    right = torch.sigmoid(tree.gate_logits(x)).detach()
    for leaf, share in ((0, 1 - right), (1, right)):
        mean = (share * targets(x, True)).sum(dim=0) / share.sum()
        np.testing.assert_allclose(said(tree)[leaf], mean, atol=1e-6)
        np.testing.assert_allclose(said(tree, True)[leaf], mean, atol=1e-6)


def test_rows_without_weight_do_not_count():
    x = rows(300)
    y, weight = targets(x, True), (torch.arange(300) % 3 > 0).double()
    start = tree_of(TreeShape([0]), 0, 2)
    some = split_best(start, x, y, weight, 2, 5)
    kept = weight > 0
    others = split_best(start, x[kept], y[kept], weight[kept] * 7, 2, 5)
    torch.testing.assert_close(some(x), others(x))


def test_leaves_with_most_to_gain_are_split_and_no_others_are_touched():
    x = rows(400)
    start = tree_of(TreeShape([0]), 0, 2)
    with torch.no_grad():
        start.gate_weight.copy_(torch.tensor([[50.0, 0, 0, 0]]))
        start.gate_bias.zero_()
    right = (x[:, 0] > 0) & (x[:, 1] > 0)  # of the left side, all rows are alike
    y = torch.stack([~right, right], dim=1).double()
    tree = split_best(start, x, y, torch.ones(400), 1, 5)
    assert tree.shape.gates.tolist() == [0, 2]
    torch.testing.assert_close(tree.gate_weight[0], start.gate_weight[0])
    torch.testing.assert_close(tree.leaf[0], start.leaf[0])
    assert split_best(start, x, y, torch.ones(400), 2, 5).shape.n_gates == 3


def test_no_leaf_gets_too_deep_and_where_nothing_is_gained_nothing_changes():
    x = rows(200)
    y, weight = targets(x, True), torch.ones(200)
    tree = tree_of(TreeShape([]), 0, 2)
    for max_depth in (1, 2, 3):
        for _ in range(5):
            tree = split_best(tree, x, y, weight, 100, max_depth)
            assert tree.shape.depth <= max_depth
        assert tree.shape.n_gates == 2**max_depth - 1
        assert split_best(tree, x, y, weight, 100, max_depth) is tree
    flat = torch.full((200, 2), 0.5).double()
    start = tree_of(TreeShape([]), 0, 2)
    assert split_best(start, x, flat, weight, 1, 5) is start
    alike = torch.ones(200, 4).double()
    assert split_best(start, alike, y, weight, 1, 5) is start


def test_a_sparse_split_takes_the_columns_that_matter():
    x = rows(400)
    tree = tree_of(TreeShape([]), 0, 2, max_features=2)
    tree = split_best(tree, x, targets(x, True), torch.ones(400), 1, 5)
    assert np.flatnonzero(tree.gate_weight[0].detach()).tolist() == [0, 1]
    assert tree.mask.tolist() == [[1, 1, 0, 0]]


@pytest.mark.parametrize("column", range(4))
@pytest.mark.parametrize("is_classifier", [True, False])
def test_an_axis_split_is_the_best_question(column, is_classifier):
    random = np.random.default_rng(column)
    X = random.integers(0, 10, (300, 4)).astype(np.float32)
    is_right = (X[:, column] > 3 + column) ^ (random.random(300) < 0.1)
    if is_classifier:
        stump = DecisionTreeClassifier(max_depth=1, criterion="entropy")
        y = np.eye(2, dtype=np.float32)[is_right.astype(int)]
        stump.fit(X, is_right)
    else:
        y = (3 * is_right + random.normal(size=300)).astype(np.float32)[:, None]
        stump = DecisionTreeRegressor(max_depth=1).fit(X, y)
    tree = SoftTree(
        4,
        y.shape[1],
        shape=TreeShape([]),
        is_classifier=is_classifier,
        max_features=1,
        column_scale=torch.ones(4),
    ).eval()
    x, y = torch.from_numpy(X), torch.from_numpy(y)
    tree = split_best(tree, x, y, torch.ones(300), 1, 5)
    weight = tree.gate_weight[0].detach().numpy()
    assert np.flatnonzero(weight).tolist() == [column] == [stump.tree_.feature[0]]
    threshold = -tree.gate_bias.item() / weight[column]
    assert threshold == pytest.approx(stump.tree_.threshold[0], abs=1e-4)


def test_limits_of_growth():
    full = SoftDecisionTreeClassifier(max_leaf_nodes=100, **(FAST | {"max_depth": 2}))
    assert full.fit(X, Y).get_n_leaves() == 4 and full.get_depth() == 2
    stump = SoftDecisionTreeClassifier(max_leaf_nodes=2, **FAST).fit(X, Y)
    assert stump.get_n_leaves() == 2 and stump.get_depth() == 1
    for limit in (3, 4, 6, 7, 8):
        params = FAST | {"max_epochs": 2}
        tree = SoftDecisionTreeClassifier(max_leaf_nodes=limit, **params).fit(X, Y)
        assert tree.get_n_leaves() == limit and tree.get_depth() <= 3


def test_where_one_column_decides_the_first_gate_is_about_it():
    random = np.random.default_rng(0)
    x = random.normal(size=(300, 6))
    tree = SoftDecisionTreeClassifier(max_leaf_nodes=2, split="axis", **FAST)
    tree.fit(x, x[:, 4] > 0.7)
    assert np.flatnonzero(tree.module_.gate_weight[0].detach()).tolist() == [4]
    assert tree.feature_importances_[4] == pytest.approx(1)
    found = re.match(r"\|--- feature_4 (<=|>=) (\S+)\n", export_text(tree))
    assert float(found[2]) == pytest.approx(0.7, abs=0.15)


def test_going_on_keeps_the_shape_and_the_columns():
    params = FAST | {"warm_start": True, "split": "axis"}
    for limit in (5, None):
        tree = SoftDecisionTreeClassifier(max_leaf_nodes=limit, **params).fit(X, Y)
        shape, weight = tree.module_.shape, tree.module_.gate_weight.detach().clone()
        tree.fit(X, Y)
        assert tree.module_.shape.gates.tolist() == shape.gates.tolist()
        again = tree.module_.gate_weight.detach()
        assert torch.equal(again != 0, weight != 0)
        assert not torch.equal(again, weight)
        assert (tree.module_.gate_weight != 0).sum(dim=1).tolist() == [1] * len(weight)


NEW = {
    "max_leaf_nodes": 4,
    "split": "sparse",
    "max_features_per_split": 2,
    "objective": (0.0, 0.3),
    "weight_decay": 0.01,
}


def test_all_at_once_cloned_pickled_and_repeated():
    tree = SoftDecisionTreeClassifier(**FAST, **NEW)
    params = clone(tree).get_params()
    assert {name: params[name] for name in NEW} == NEW
    linear = clone(tree).set_params(leaf="linear")
    assert clone(linear).leaf == "linear"
    for one in (tree, linear):
        p = one.fit(X, Y).predict_proba(X)
        assert one.score(X, Y) > 0.85 and one.get_n_leaves() == 4
        again = clone(one).fit(X, Y).predict_proba(X)
        np.testing.assert_array_equal(again, p)
        alike = pickle.loads(pickle.dumps(one))
        np.testing.assert_array_equal(alike.predict_proba(X), p)
        np.testing.assert_array_equal(alike.apply(X), one.apply(X))
    other = clone(tree).set_params(random_state=99).fit(X, Y).predict_proba(X)
    assert not np.array_equal(other, tree.predict_proba(X))


def test_several_targets_and_quantiles_grow_too():
    both = np.column_stack([TARGET, -TARGET, VALUES[:, 2]])
    tree = SoftDecisionTreeRegressor(max_leaf_nodes=5, **FAST).fit(VALUES, both)
    mixture = tree.path_proba(VALUES)[:, outer_nodes(tree)] @ tree.leaf_values()
    np.testing.assert_allclose(tree.predict(VALUES), mixture, atol=1e-9)
    tree = SoftDecisionTreeRegressor(
        quantiles=[0.1, 0.5, 0.9], alpha=0.0, max_leaf_nodes=5, **FAST
    )
    tree.fit(VALUES, TARGET)
    assert tree.get_n_leaves() == 5
    found = tree.predict(VALUES)
    assert (np.diff(found, axis=1) >= 0).all()
    assert (TARGET[:, None] < found).mean(axis=0) == pytest.approx(
        [0.1, 0.5, 0.9], abs=0.12
    )
    labels = np.column_stack([Y, Y > 1])
    tree = SoftDecisionTreeClassifier(max_leaf_nodes=5, **FAST).fit(X, labels)
    mixture = tree.path_proba(X)[:, outer_nodes(tree)] @ tree.leaf_values()
    parts = np.concatenate(tree.predict_proba(X), axis=1)
    np.testing.assert_allclose(parts, mixture, atol=1e-9)


@pytest.mark.slow
def test_growing_on_mixed_columns_after_a_hot_fit_and_with_early_stopping():
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "plan": random.choice(["a", "b", "c"], 200),
            "age": np.where(random.random(200) < 0.2, np.nan, random.normal(size=200)),
            "income": random.lognormal(3, 2, 200),
        }
    )
    y = np.where((table.plan == "a") | (table.income > 60), "in", "out")
    params = FAST | {"max_epochs": 30, "max_leaf_nodes": 4, "split": "axis"}
    tree = SoftDecisionTreeClassifier(inference="path", **params).fit(table, y)
    text = export_text(tree, max_terms=None)
    assert tree.score(table, y) > 0.9
    assert "plan = a" in text and "income" in text and " * " not in text
    forest = RandomForestClassifier(10, random_state=0).fit(X, Y)
    for more in ({"temperature": 4.0}, {"loss": "dist"}, {"early_stopping": True}):
        tree = SoftDecisionTreeClassifier(forest, **params, **more).fit(X, Y)
        assert tree.get_n_leaves() == 4 and tree.score(X, Y) > 0.85
        assert (tree.module_.gate_weight != 0).sum(dim=1).tolist() == [1, 1, 1]
