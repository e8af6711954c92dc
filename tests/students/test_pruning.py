"""Soft trees with fewer leaves than they were trained with."""

import pickle
from copy import deepcopy

import numpy as np
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.exceptions import NotFittedError
from soft_trees import ALL_TARGET, ALL_VALUES, BRIEF, FAST, TARGET, VALUES, X, Y

from skdistill import (
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
    explain,
    export_graphviz,
    export_text,
    plot_tree,
    soft_targets,
)
from skdistill.metrics import fidelity

FOREST = RandomForestClassifier(10, random_state=0).fit(X, Y)
REGRESSION = RandomForestRegressor(10, random_state=0).fit(VALUES, TARGET)


@pytest.fixture(scope="module")
def taught():
    return SoftDecisionTreeClassifier(FOREST, **FAST).fit(X)


@pytest.fixture(scope="module")
def control():
    return SoftDecisionTreeClassifier(**FAST).fit(X, Y)


@pytest.fixture(scope="module")
def regressor():
    return SoftDecisionTreeRegressor(REGRESSION, **FAST).fit(VALUES)


@pytest.fixture(params=["taught", "control", "regressor"])
def tree(request):
    return request.getfixturevalue(request.param)


def rows_of(tree):
    return X if hasattr(tree, "classes_") else VALUES


def answers(tree, x):
    if hasattr(tree, "classes_"):
        return tree.predict_proba(x)
    return tree.predict(x)[:, None]


def wanted(tree):
    """What a tree's teacher says of its rows."""
    says = soft_targets(tree if tree.teacher is None else tree.teacher, rows_of(tree))
    return says if says.ndim == 2 else says[:, None]


def loss(said, target, is_class):
    if is_class:
        return -(target * np.log(np.maximum(said, 1e-12))).sum(axis=1).mean()
    return np.square(said - target).mean()


def leaves_of(tree):
    gates = tree.module_.shape.gates
    return np.setdiff1d(np.arange(len(tree.node_mass_)), gates)


def everything(tree):
    """All that a fitted tree says, to be compared."""
    x = rows_of(tree)
    return [answers(tree, x), tree.path_proba(x), tree.node_mass_, tree.leaf_values()]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 8, 100])
def test_so_many_leaves_and_the_tree_itself_is_as_it_was(tree, limit):
    before, attributes = everything(tree), set(vars(tree))
    x = rows_of(tree)
    small = tree.prune(x, X_eval=x, max_leaf_nodes=limit)
    assert small is not tree and type(small) is type(tree)
    assert small.get_n_leaves() <= limit and tree.get_n_leaves() == 8
    assert len(small.node_mass_) == 2 * small.get_n_leaves() - 1
    assert set(vars(tree)) == attributes
    for one, other in zip(everything(tree), before, strict=True):
        np.testing.assert_array_equal(one, other)
    with torch.no_grad():  # and has weights of its own
        for parameter in small.module_.parameters():
            parameter.add_(1.0)
    for one, other in zip(everything(tree), before, strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_pruned_tree_answers_by_its_leaves(tree):
    x = rows_of(tree)
    small = tree.prune(x, X_eval=x, max_leaf_nodes=5)
    P = small.path_proba(x)[:, leaves_of(small)]
    np.testing.assert_allclose(P.sum(axis=1), 1)
    mixture = P @ small.leaf_values()
    np.testing.assert_allclose(answers(small, x), mixture, rtol=1e-9, atol=1e-12)
    np.testing.assert_array_equal(small.apply(x), leaves_of(small)[P.argmax(axis=1)])
    assert small.node_mass_[leaves_of(small)].sum() == pytest.approx(1)
    np.testing.assert_allclose(small.node_mass_, small.path_proba(x).mean(axis=0))
    assert small.feature_importances_.sum() == pytest.approx(1)
    again = pickle.loads(pickle.dumps(small))
    np.testing.assert_array_equal(answers(again, x), answers(small, x))


def test_a_single_leaf_says_the_mean_by_mass(tree):
    x = rows_of(tree)
    small = tree.prune(x, X_eval=x, ccp_alpha=np.inf)
    assert small.get_n_leaves() == 1 and small.get_depth() == 0
    mean = tree.node_mass_[leaves_of(tree)] @ tree.leaf_values()
    np.testing.assert_allclose(small.leaf_values()[0], mean, rtol=1e-6)
    np.testing.assert_allclose(answers(small, x), np.tile(mean, (len(x), 1)), rtol=1e-6)
    assert (small.feature_importances_ == 0).all()
    assert small.node_mass_ == pytest.approx([1.0])
    assert (small.apply(x) == 0).all() and small.decision_path(x).shape == (len(x), 1)
    assert export_text(small).count("\n") == 0
    assert explain(small, x[0]).startswith("leaf 0: ")
    assert small.prune(x, X_eval=x).get_n_leaves() == 1


def test_for_nothing_the_loss_does_not_rise(tree):
    x, target = rows_of(tree), wanted(tree)
    is_class = hasattr(tree, "classes_")
    small = tree.prune(x, X_eval=x)
    before, after = (loss(answers(one, x), target, is_class) for one in (tree, small))
    assert after <= before + 1e-9
    if tree.teacher is None:  # its own teacher: nothing can be better
        assert small.get_n_leaves() == tree.get_n_leaves()


def greedy(tree, P):
    """Which leaf each row's path of likelier sides ends in, as 0 and 1."""
    shape, node = tree.module_.shape, np.zeros(len(P), dtype=int)
    for rank, gate in enumerate(shape.gates):
        goes_right = P[:, 2 * rank + 2] > P[:, 2 * rank + 1]
        node = np.where(node == gate, 2 * rank + 1 + goes_right, node)
    return (node[:, None] == np.arange(P.shape[1])).astype(float)


def steps_by_hand(shape, cost_of):
    """Breiman's: of all gates, that one goes which costs least for each leaf."""
    ends, steps = set(shape.leaves.tolist()), []
    while len(ends) > 1:
        found = []
        for gate in shape.gates.tolist():
            gone = {end for end in ends if gate in shape.path(end)}
            if len(gone) > 1:
                fewer = (ends - gone) | {gate}
                rise = cost_of(fewer) - cost_of(ends)
                found.append((rise / (len(gone) - 1), gate, fewer))
        cost, _, ends = min(found)
        steps.append((cost, ends))
    return steps


@pytest.mark.parametrize("inference", ["mixture", "path"])
def test_the_gates_that_go_are_those_that_cost_little(tree, inference):
    x, target, shape = rows_of(tree), wanted(tree), tree.module_.shape
    is_class, mass = hasattr(tree, "classes_"), tree.node_mass_
    P = tree.path_proba(x)
    tree = deepcopy(tree).set_params(inference=inference)
    leaf = tree.leaf_values()
    P = greedy(tree, P) if inference == "path" else P
    target = tree.predict_proba(x) if tree.teacher is None else target
    least = loss(target, target, is_class)

    def cost_of(ends):
        """Of a tree with these leaves."""
        said = 0.0
        for end in ends:
            places = shape.below(end)
            numbers = shape.leaves[places]
            mean = np.average(leaf[places], axis=0, weights=mass[numbers])
            said = said + P[:, numbers].sum(axis=1, keepdims=True) * mean
        return loss(said, target, is_class) - least

    steps = steps_by_hand(shape, cost_of)
    before = loss(answers(tree, x), target, is_class) - least
    rounding = 1e-9 * loss(answers(tree, x) * 0 + target.mean(axis=0), target, is_class)
    for limit in range(1, 8):
        small = tree.prune(x, X_eval=x, max_leaf_nodes=limit)
        after = loss(answers(small, x), target, is_class) - least
        best = next(cost_of(ends) for _, ends in steps if len(ends) <= limit)
        least_rise = 1.3 * best + 1e-3 * abs(before)
        assert small.get_n_leaves() <= limit and after <= least_rise + rounding
    costs = [cost for cost, _ in steps]
    for alpha in np.quantile(costs, [0.3, 0.6, 0.9]):
        small = tree.prune(x, X_eval=x, ccp_alpha=max(alpha, 0.0))
        after = loss(answers(small, x), target, is_class) - least
        n_gone = 8 - small.get_n_leaves()
        assert after <= before + max(alpha, 0.0) * n_gone + 1e-6
        assert alpha < 0 or n_gone > 0


def test_leaves_that_say_nearly_the_same_are_merged_first():
    tree = SoftDecisionTreeClassifier(**(FAST | {"max_depth": 2, "max_epochs": 1}))
    tree.fit(X, Y)
    for alike, merged in (([0.30, 0.35, 0.2, 0.9], 1), ([0.2, 0.9, 0.35, 0.3], 2)):
        shares = np.array([[p, 0.95 - p, 0.05] for p in alike])
        with torch.no_grad():
            tree.module_.leaf.copy_(torch.from_numpy(np.log(shares)))
        small = tree.prune(X, X_eval=X, max_leaf_nodes=3)
        assert small.get_n_leaves() == 3 and small.module_.shape.gates[1] != merged
        p = small.leaf_values()[:, 0]
        assert ((p > 0.30) & (p < 0.35)).sum() == 1
        kept = np.sort(p[(p <= 0.30) | (p >= 0.35)])
        np.testing.assert_allclose(kept, [0.2, 0.9], atol=1e-6)


def test_costs_are_by_leaves_that_go():
    """Four leaves for 0.25 each leaf, rather than two for 0.3 or for 0.375."""
    x = np.array([[i & 4, i & 2, i & 1] for i in range(8)], dtype=float) - [2, 1, 0.5]
    params = FAST | {"max_epochs": 1, "preprocessor": None}
    tree = SoftDecisionTreeRegressor(**params).fit(x, np.arange(8.0))
    column = [0, 1, 1, 2, 2, 2, 2]
    with torch.no_grad():
        tree.module_.gate_bias.zero_()
        tree.module_.gate_weight.copy_(100 * torch.eye(3)[column])
        a, b = 6**0.5, 4.8**0.5
        tree.module_.leaf[:, 0] = torch.tensor([0, a, 0, a, 10, 10 + b, 20, 30])
    tree.node_mass_ = tree.path_proba(x).mean(axis=0)
    unit = np.ptp(tree.predict(x)[6:]) / 10  # leaves are kept on y's scale
    small = tree.prune(x, X_eval=x, ccp_alpha=0.26 * unit**2)
    assert small.module_.shape.gates.tolist() == [0, 2, 3, 4]
    expected = tree.predict(x)
    np.testing.assert_allclose(small.predict(x)[4:], expected[4:], rtol=1e-5)
    np.testing.assert_allclose(small.predict(x)[:4], expected[:4].mean(), rtol=1e-5)


def test_for_a_reader_of_the_path_a_side_that_no_row_takes_can_go():
    tree = SoftDecisionTreeClassifier(inference="path", **(FAST | {"max_epochs": 3}))
    tree.fit(X, Y)
    with torch.no_grad():  # of each row a little more than half goes to the right
        tree.module_.gate_weight[0] = 0.0
        tree.module_.gate_bias[0] = 0.1
    small = tree.prune(X, X_eval=X)
    assert small.get_n_leaves() <= 4
    np.testing.assert_allclose(small.predict_proba(X), tree.predict_proba(X), atol=1e-6)


def test_more_may_cost_more(taught):
    sizes = [
        taught.prune(X, X_eval=X, ccp_alpha=alpha).get_n_leaves()
        for alpha in (0.0, 1e-3, 0.02, 0.1, np.inf)
    ]
    assert sizes == sorted(sizes, reverse=True) and sizes[-1] == 1


@pytest.mark.parametrize("goes_right", [False, True])
def test_gates_that_send_all_rows_to_one_side_are_left_out(goes_right):
    tree = SoftDecisionTreeClassifier(**(FAST | {"max_epochs": 3})).fit(X, Y)
    with torch.no_grad():
        for rank in (1, 5):
            tree.module_.gate_weight[rank] = 0.01
            tree.module_.gate_bias[rank] = 60.0 if goes_right else -60.0
    small = tree.prune(X, X_eval=X, ccp_alpha=0.0)
    assert small.get_n_leaves() == 5  # a subtree of four becomes one of two
    np.testing.assert_allclose(small.predict_proba(X), tree.predict_proba(X), atol=1e-6)
    for inference in ("path", "leaf"):
        one, other = (
            deepcopy(t).set_params(inference=inference) for t in (small, tree)
        )
        np.testing.assert_allclose(one.predict_proba(X), other.predict_proba(X))
    assert small.fidelity_["after"] == pytest.approx(small.fidelity_["before"])


def test_what_it_was_judged_on(taught, regressor):
    odd = np.arange(150) % 2 == 1
    small = taught.prune(X[odd], X_eval=X[~odd], max_leaf_nodes=3)
    target = soft_targets(FOREST, X[~odd])
    assert small.fidelity_ == {
        "before": fidelity(taught.predict_proba(X[~odd]), target),
        "after": fidelity(small.predict_proba(X[~odd]), target),
        "rows": "75 rows of X_eval",
    }
    held = taught.prune(X[:100], max_leaf_nodes=3, random_state=0)
    assert held.fidelity_.keys() == {"before", "after", "rows"}
    assert held.fidelity_["rows"].startswith("25 rows of X, on which the student may")
    again = taught.prune(X[:100], max_leaf_nodes=3, random_state=0)
    assert again.fidelity_ == held.fidelity_
    np.testing.assert_array_equal(again.predict_proba(X), held.predict_proba(X))
    values = regressor.prune(VALUES, X_eval=VALUES[:50], max_leaf_nodes=4)
    says = REGRESSION.predict(VALUES[:50])
    assert values.fidelity_["after"] == fidelity(values.predict(VALUES[:50]), says)


def test_labels_are_for_a_tree_without_a_teacher(taught, control):
    noise = np.random.default_rng(0).permutation(Y)
    by_itself = control.prune(X, X_eval=X)
    by_labels = control.prune(X, noise, X_eval=X)
    assert by_itself.get_n_leaves() == 8 > by_labels.get_n_leaves()

    def log_loss(tree):
        return -np.log(tree.predict_proba(X)[np.arange(150), noise]).mean()

    assert log_loss(by_labels) < log_loss(control) - 0.1
    with_teacher, with_labels = (
        taught.prune(X, y, X_eval=X, max_leaf_nodes=4) for y in (None, noise)
    )
    p = with_teacher.predict_proba(X)
    np.testing.assert_array_equal(with_labels.predict_proba(X), p)
    values = SoftDecisionTreeRegressor(**FAST).fit(VALUES, TARGET)
    small = values.prune(VALUES, -TARGET, X_eval=VALUES)
    assert small.score(VALUES, -TARGET) > values.score(VALUES, -TARGET)


@pytest.mark.parametrize("limit", [3, 5])
def test_what_is_read_by_its_path_is_pruned_by_it(taught, limit):
    tree = deepcopy(taught).set_params(inference="path")
    small = tree.prune(X, X_eval=X, max_leaf_nodes=limit)
    assert small.inference == "path" and small.get_n_leaves() <= limit
    assert len(np.unique(small.predict_proba(X), axis=0)) <= limit
    target, other = (
        soft_targets(FOREST, X),
        taught.prune(X, X_eval=X, max_leaf_nodes=limit),
    )
    by_path, by_mixture = (
        loss(deepcopy(one).set_params(inference="path").predict_proba(X), target, True)
        for one in (small, other)
    )
    assert by_path <= by_mixture + 0.05
    unlimited = tree.prune(X, X_eval=X)
    assert loss(unlimited.predict_proba(X), target, True) <= (
        loss(tree.predict_proba(X), target, True) + 1e-9
    )


def test_what_a_pruned_tree_can_do():
    tree = SoftDecisionTreeClassifier(FOREST, max_leaf_nodes=6, **FAST).fit(X)
    small = tree.prune(X, X_eval=X, max_leaf_nodes=4)
    n_leaves = small.get_n_leaves()
    assert 2 < n_leaves <= 4
    names = ["sl", "sw", "pl", "pw"]
    lines = export_text(small, feature_names=names).splitlines()
    assert sum("% of rows, n = " in line for line in lines) == n_leaves
    assert len(lines) == 3 * n_leaves - 2
    for row in X[::50]:
        *_, leaf, mixture = explain(small, row, feature_names=names).splitlines()
        assert int(leaf.split(":")[0].split()[1]) in leaves_of(small).tolist()
        assert mixture.startswith("all leaves together: ")
    assert export_graphviz(small).count(" -> ") == 2 * n_leaves - 2
    hard = small.harden(X, X_eval=X, max_leaf_nodes=4, random_state=0)
    assert hard.score(X, Y) > 0.85
    smaller = small.prune(X, X_eval=X, max_leaf_nodes=2)
    assert smaller.get_n_leaves() <= 2 < small.get_n_leaves() == n_leaves
    more = deepcopy(small).set_params(warm_start=True).fit(X)
    assert more.module_.shape.gates.tolist() == small.module_.shape.gates.tolist()
    assert not np.array_equal(more.predict_proba(X), small.predict_proba(X))


def test_a_pruned_tree_is_drawn(taught):
    figure = pytest.importorskip("matplotlib.figure").Figure(figsize=(8, 5))
    small = taught.prune(X, X_eval=X, max_leaf_nodes=3)
    assert len(plot_tree(small, ax=figure.subplots())) == 5


def test_axis_gates_stay_what_they_are():
    tree = SoftDecisionTreeClassifier(split="axis", **FAST).fit(X, Y)
    small = tree.prune(X, X_eval=X, max_leaf_nodes=4)
    used = (small.module_.gate_weight != 0).sum(dim=1).tolist()
    assert used == [1] * (small.get_n_leaves() - 1)
    known = {tuple(row) for row in tree.module_.gate_weight.tolist()}
    assert {tuple(row) for row in small.module_.gate_weight.tolist()} <= known


def test_several_targets():
    both = np.column_stack([Y, Y > 1])
    tree = SoftDecisionTreeClassifier(**FAST).fit(X, both)
    for y in (None, both):
        small = tree.prune(X, y, X_eval=X, max_leaf_nodes=3)
        parts = small.predict_proba(X)
        P = small.path_proba(X)[:, leaves_of(small)]
        np.testing.assert_allclose(
            np.concatenate(parts, axis=1), P @ small.leaf_values(), atol=1e-9
        )
        assert [part.shape for part in parts] == [(150, 3), (150, 2)]
    values = SoftDecisionTreeRegressor(**FAST)
    values.fit(VALUES, np.column_stack([TARGET, -TARGET]))
    small = values.prune(VALUES, X_eval=VALUES, max_leaf_nodes=3)
    assert small.predict(VALUES).shape == (200, 2)
    mean = values.prune(VALUES, X_eval=VALUES, max_leaf_nodes=1).predict(VALUES[:1])
    expected = values.node_mass_[leaves_of(values)] @ values.leaf_values()
    np.testing.assert_allclose(mean[0], expected, rtol=1e-5)


def test_what_cannot_be_pruned_is_refused(taught, control):
    linear = SoftDecisionTreeClassifier(leaf="linear", **(FAST | {"max_epochs": 1}))
    with pytest.raises(ValueError, match='leaf="linear"'):
        linear.fit(X, Y).prune(X)
    with pytest.raises(NotFittedError):
        SoftDecisionTreeClassifier().prune(X)
    names = np.array(["a", "b", "c"])[Y]
    tree = SoftDecisionTreeClassifier(**(FAST | {"max_epochs": 1})).fit(X, names)
    strange = np.where(Y == 2, "z", names)
    with pytest.raises(ValueError, match=r"\['z'\].*\['a', 'b', 'c'\]"):
        tree.prune(X, strange)
    with pytest.raises(ValueError, match="ccp_alpha=-1"):
        taught.prune(X, ccp_alpha=-1)
    with pytest.raises(ValueError, match="max_leaf_nodes=0"):
        taught.prune(X, max_leaf_nodes=0)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        control.prune(X, Y[:100])
    with pytest.raises(ValueError, match="single row"):
        taught.prune(X[:1])
    with pytest.raises(ValueError, match="X has 3"):
        control.prune(X[:, :3])


def test_pruning_after_adjusting_the_prior():
    tree = (
        SoftDecisionTreeClassifier(**BRIEF)
        .fit(X, Y)
        .adjust_class_prior([0.9, 0.05, 0.05])
    )
    small = tree.prune(X, X_eval=X)
    assert small.fidelity_["after"]["kl"] < 1e-6


def test_masses_after_a_skipped_root():
    tree = SoftDecisionTreeClassifier(inference="path", **BRIEF).fit(X, Y)
    with torch.no_grad():
        tree.module_.gate_weight[0] = 0
        tree.module_.gate_bias[0] = 0.1
    small = tree.prune(X, X_eval=X)
    leaves = small.module_.shape.leaves
    assert small.node_mass_[0] == pytest.approx(1)
    assert small.node_mass_[leaves].sum() == pytest.approx(1)


def test_pruning_refuses_what_it_cannot_judge():
    tree = SoftDecisionTreeClassifier(inference="leaf", **BRIEF).fit(X, Y)
    with pytest.raises(ValueError, match='inference="path"'):
        tree.prune(X)
    tree = SoftDecisionTreeRegressor(quantiles=[0.1, 0.5, 0.9], alpha=0.0, **BRIEF).fit(
        ALL_VALUES, ALL_TARGET
    )
    with pytest.raises(ValueError, match="leave y out"):
        tree.prune(ALL_VALUES, ALL_TARGET)


def test_pruning_to_a_limit_does_not_fall_below_it_for_less_per_leaf():
    x = np.random.default_rng(0).normal(size=(300, 2))  # an exclusive or
    y = (x[:, 0] > 0) ^ (x[:, 1] > 0)
    tree = SoftDecisionTreeClassifier(
        split="axis", **(BRIEF | {"max_leaf_nodes": 4, "max_epochs": 30})
    ).fit(x, y)
    small = tree.prune(x, max_leaf_nodes=3, X_eval=x)
    assert small.get_n_leaves() == 3
    # One of the four leaves fewer, rather than all at once.
    least = tree.prune(x, max_leaf_nodes=1, X_eval=x)
    assert small.score(x, y) > least.score(x, y)
