"""Soft trees with other gates, leaves, penalties and objectives."""

import pickle
import re
from copy import copy
from functools import cache

import numpy as np
import pytest
import torch
from scipy.special import expit
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.exceptions import NotFittedError
from sklearn.utils.validation import check_is_fitted

from skdistill import SoftDecisionTreeClassifier, SoftDecisionTreeRegressor, export_text
from skdistill.losses import cross_entropy
from skdistill.modules import SoftTree
from skdistill.training.objective import Loss, Share, get_loss, of_leaves, over_targets

FAST = {
    "max_depth": 3,
    "max_epochs": 15,
    "batch_size": 30,
    "lr": 0.06,
    "random_state": 0,
    "transfer": None,
}
NAMES = ["sl", "sw", "pl", "pw"]
X, Y = load_iris(return_X_y=True)
VALUES, TARGET = load_diabetes(return_X_y=True)
VALUES, TARGET = VALUES[:200], TARGET[:200]


@cache
def fitted(**params):
    """A tree of the irises that no test may change."""
    return SoftDecisionTreeClassifier(**(FAST | params)).fit(X, Y)


def inner_nodes(tree):
    return tree.module_.shape.gates


def outer_nodes(tree):
    """The nodes that are not gates."""
    return np.setdiff1d(np.arange(len(tree.node_mass_)), inner_nodes(tree))


def paths_by_hand(tree, x):
    """Node probabilities from the fitted weights alone, one gate at a time."""
    weight = tree.module_.gate_weight.detach().double().numpy()
    bias = tree.module_.gate_bias.detach().double().numpy()
    P = np.ones((len(x), len(tree.node_mass_)))
    for rank, node in enumerate(inner_nodes(tree)):
        right = expit(x @ weight[rank] + bias[rank])
        P[:, 2 * rank + 1] = P[:, node] * (1 - right)
        P[:, 2 * rank + 2] = P[:, node] * right
    return P


def standardised(x):
    return (x - x.mean(axis=0)) / x.std(axis=0)


@pytest.mark.parametrize("gate", ["smooth_step", "straight_through"])
@pytest.mark.parametrize("max_leaf_nodes", [None, 5])
def test_other_gates(gate, max_leaf_nodes):
    params = {"gate": gate, "max_leaf_nodes": max_leaf_nodes}
    tree = fitted(**params)
    assert tree.score(X, Y) > 0.75
    P, logits = tree.path_proba(X), standardised(X)
    weight = tree.module_.gate_weight.detach().double().numpy()
    logits = logits @ weight.T + tree.module_.gate_bias.detach().double().numpy()
    t = np.clip(logits / 4, -0.5, 0.5)
    share = 1.5 * t - 2 * t**3 + 0.5 if gate == "smooth_step" else logits > 0
    expected = np.ones_like(P)
    for rank, node in enumerate(inner_nodes(tree)):
        expected[:, 2 * rank + 1] = expected[:, node] * (1 - share[:, rank])
        expected[:, 2 * rank + 2] = expected[:, node] * share[:, rank]
    np.testing.assert_allclose(P, expected, atol=1e-5)
    leaves = P[:, outer_nodes(tree)]
    mixture = leaves @ tree.leaf_values()
    np.testing.assert_allclose(tree.predict_proba(X), mixture, atol=1e-12)
    assert (leaves == 0).any()  # a row does not go everywhere
    values = SoftDecisionTreeRegressor(**FAST, **params).fit(VALUES, TARGET)
    assert values.score(VALUES, TARGET) > 0.35


def test_a_straight_through_row_is_in_one_leaf_alone():
    tree = copy(fitted(gate="straight_through", max_leaf_nodes=None))
    leaves = tree.path_proba(X)[:, outer_nodes(tree)]
    assert set(np.unique(leaves)) == {0, 1} and (leaves.sum(axis=1) == 1).all()
    ends = leaves.argmax(axis=1)
    np.testing.assert_array_equal(tree.apply(X), outer_nodes(tree)[ends])
    for inference in ("mixture", "path", "leaf"):
        tree.set_params(inference=inference)
        expected = tree.leaf_values()[ends]
        np.testing.assert_allclose(tree.predict_proba(X), expected, atol=1e-12)
        assert tree.score(X, Y) > 0.75


@pytest.mark.parametrize("max_leaf_nodes", [None, 6])
@pytest.mark.parametrize("more", [{}, {"ema_decay": 0.9}, {"beta": "learned"}], ids=str)
def test_an_axis_tree_asks_about_one_column_at_a_time(max_leaf_nodes, more):
    tree = copy(fitted(split="axis", max_leaf_nodes=max_leaf_nodes, **more))
    tree.set_params(inference="path")
    used = (tree.module_.gate_weight != 0).sum(dim=1)
    assert used.tolist() == [1] * (tree.get_n_leaves() - 1)
    assert tree.score(X, Y) > 0.75
    text = export_text(tree, feature_names=NAMES, max_terms=None, digits=9)
    lines = [re.fullmatch(r"([| ]*)\|--- (.*)", line) for line in text.splitlines()]
    lines = [(len(line[1]) // 4, line[2]) for line in lines]
    for row in range(0, 150, 7):  # a person who answers the questions
        at, columns = 0, dict(zip(NAMES, X[row], strict=True))
        while not lines[at][1].startswith("class: "):
            depth, question = lines[at]
            assert re.fullmatch(r"(sl|sw|pl|pw) (<=|>=|<|>) -?[\d.e+-]+", question)
            if eval(question, {}, columns):
                at += 1
            else:
                at = next(i for i in range(at + 1, len(lines)) if lines[i][0] == depth)
        said = re.findall(r"(\d) ([\d.e-]+)", lines[at][1].split(" (")[0])
        p = tree.predict_proba(X[row : row + 1])[0]
        for label, share in said:
            assert float(share) == pytest.approx(p[int(label)], abs=1e-6)


@pytest.mark.parametrize("max_leaf_nodes", [None, 6])
def test_a_sparse_tree_looks_at_few_columns(max_leaf_nodes):
    for few in (2, 3):
        params = {"max_features_per_split": few, "max_leaf_nodes": max_leaf_nodes}
        tree = fitted(split="sparse", **params)
        used = (tree.module_.gate_weight != 0).sum(dim=1)
        assert used.max() <= few and tree.score(X, Y) > 0.8
        np.testing.assert_allclose(
            tree.path_proba(X), paths_by_hand(tree, standardised(X)), atol=1e-6
        )


def test_more_columns_than_there_are_leave_a_gate_as_it_was():
    sparse = fitted(split="sparse", max_features_per_split=4)
    np.testing.assert_array_equal(sparse.predict_proba(X), fitted().predict_proba(X))


def test_a_constant_column_is_never_selected():
    x = np.column_stack([np.full(150, 5.0), X])
    for limit in (None, 4):
        tree = SoftDecisionTreeClassifier(split="axis", max_leaf_nodes=limit, **FAST)
        tree.fit(x, Y)
        assert tree.feature_importances_[0] == 0
        assert (tree.module_.gate_weight[:, 0] == 0).all()


@pytest.mark.parametrize("beta", [2.0, "learned", (1, 4), 0.5], ids=str)
@pytest.mark.parametrize(
    "more", [{}, {"max_leaf_nodes": 5}, {"split": "axis"}], ids=str
)
def test_fitted_weights_include_the_sharpness(beta, more):
    tree = fitted(beta=beta, **more)
    P = paths_by_hand(tree, standardised(X))
    leaf = np.exp(tree.module_.leaf.detach().double().numpy())
    leaf /= leaf.sum(axis=1, keepdims=True)
    mixture = P[:, outer_nodes(tree)] @ leaf
    np.testing.assert_allclose(tree.predict_proba(X), mixture, atol=1e-5)
    alike = pickle.loads(pickle.dumps(tree))
    np.testing.assert_array_equal(alike.predict_proba(X), tree.predict_proba(X))


def test_sharpness_that_rises_makes_surer_gates():
    sure = [entropy_of_leaves(fitted(**p)) for p in ({}, {"beta": (1, 8)})]
    assert sure[1] < sure[0] / 2


def entropy_of_leaves(tree):
    P = tree.path_proba(X)[:, outer_nodes(tree)]
    return -(P * np.log(np.maximum(P, 1e-300))).sum(axis=1).mean()


def test_rows_go_to_fewer_leaves_the_more_that_costs():
    found = [entropy_of_leaves(fitted(entropy_penalty=p)) for p in (0.0, 0.1, 1.0)]
    assert found[0] > found[1] > found[2]
    for more in ({"max_leaf_nodes": 5}, {"gate": "smooth_step"}):
        assert fitted(entropy_penalty=0.1, **more).score(X, Y) > 0.85


def test_linear_leaves_are_for_what_is_linear_in_pieces():
    random = np.random.default_rng(0)
    x = random.uniform(-1, 1, size=(300, 2))
    y = np.where(x[:, 0] > 0, 4 * x[:, 1] + x[:, 0], 1 - 3 * x[:, 1])
    params = FAST | {"max_depth": 1, "max_epochs": 25}
    score = {
        leaf: SoftDecisionTreeRegressor(leaf=leaf, **params).fit(x, y).score(x, y)
        for leaf in ("constant", "linear")
    }
    assert score["linear"] > 0.6 > score["constant"] + 0.2
    grown = SoftDecisionTreeRegressor(leaf="linear", max_leaf_nodes=3, **FAST)
    assert grown.fit(x, y).score(x, y) > 0.6


def test_linear_leaves_by_hand():
    tree = copy(fitted(leaf="linear", max_leaf_nodes=3))
    x, module = standardised(X), tree.module_
    P = paths_by_hand(tree, x)[:, outer_nodes(tree)]
    slope = module.leaf_weight.detach().double().numpy().reshape(3, 3, 4)
    assert np.abs(slope).max() > 0.01
    expected = 0
    for k, own in enumerate(module.leaf.detach().double().numpy()):
        said = np.exp(x @ slope[k].T + own)
        expected = expected + P[:, [k]] * said / said.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(tree.predict_proba(X), expected, atol=1e-5)
    tree.set_params(inference="path")  # a reader of one path is told the mean
    assert len(np.unique(tree.predict_proba(X), axis=0)) <= 3
    np.testing.assert_allclose(tree.leaf_values().sum(axis=1), 1)


def test_weight_decay_is_for_gates_alone():
    y = np.repeat([0, 1, 2], [90, 45, 15])
    weak, strong = (
        SoftDecisionTreeClassifier(weight_decay=decay, **FAST).fit(X, y)
        for decay in (0.0, 15.0)
    )
    sizes = [tree.module_.gate_weight.abs().max().item() for tree in (weak, strong)]
    assert sizes[1] < 0.1 * sizes[0]
    shares = np.tile([0.6, 0.3, 0.1], (150, 1))
    assert np.abs(weak.predict_proba(X) - shares).max() > 0.3
    np.testing.assert_allclose(strong.predict_proba(X), shares, atol=0.15)
    np.testing.assert_allclose(
        strong.predict_proba(X).mean(axis=0), shares[0], atol=0.03
    )
    several = SoftDecisionTreeClassifier(weight_decay=15.0, max_leaf_nodes=4, **FAST)
    np.testing.assert_allclose(several.fit(X, y).predict_proba(X), shares, atol=0.15)
    values = SoftDecisionTreeRegressor(weight_decay=15.0, leaf="linear", **FAST)
    assert values.fit(VALUES, TARGET).score(VALUES, TARGET) > 0.3  # by its leaves


def tree_for_objective():
    tree = SoftTree(4, 5, 2, widths=[2, 3], gives_paths=True, temperature=3.0)
    tree.double().leaf.data.normal_()
    return tree.train()


def test_leaves_that_learn_from_the_mixture():
    """The path-weighted cross entropy of each leaf to what all leaves say together."""
    tree, x = tree_for_objective(), torch.randn(7, 4).double()
    widths, share = [2, 3], Share(0.3, 0.3)
    target = torch.cat([torch.randn(7, w).double().log_softmax(1) for w in widths], 1)
    codes = torch.stack([torch.randint(w, (7,)) for w in widths], dim=1)
    hard = Loss("classifier", lambda output, codes, t: cross_entropy(output, codes))
    plain = over_targets(get_loss("kl", "classifier"), hard, widths)
    soft, hard = of_leaves(*plain, share, widths, of_mixture=True)
    output, _ = tree(x)
    reach = tree.leaf_probabilities(x)
    for t in (3.0, 1.0):
        mixture = (reach @ tree.leaf_outputs(torch.float64)).log()
        alone = torch.zeros(7).double()
        for log_q, leaf in zip(
            mixture.split(widths, 1), tree.leaf.split(widths, 1), strict=True
        ):
            q = (log_q / t).softmax(dim=1)
            for k, one in enumerate(leaf):
                log_leaf = (one / t).log_softmax(dim=0)
                alone += t**2 * reach[:, k] * (q * (q.log() - log_leaf)).sum(dim=1)
        if t == 1:
            whole = plain[1].row_losses(mixture, codes, 1.0)
            found = hard.row_losses(output, codes, 1.0)
        else:
            prepared = soft.prepared(target, t)
            whole = plain[0].row_losses(mixture, prepared, t)
            found = soft.row_losses(output, prepared, t)
        torch.testing.assert_close(found, 0.7 * whole + 0.3 * alone)


def test_values_learn_from_the_mixture():
    tree = SoftTree(4, 2, 2, is_classifier=False, gives_paths=True).double().train()
    x, y = torch.randn(9, 4).double(), torch.randn(9, 2).double()
    mse = get_loss("mse", "regressor")
    soft, _ = of_leaves(mse, mse, Share(0.4, 0.4), None, of_mixture=True)
    output, _ = tree(x)
    reach = tree.leaf_probabilities(x)
    mixture = reach @ tree.leaf
    whole = (mixture - y).square().mean(dim=1)
    errors = (tree.leaf[None] - mixture[:, None]).square().mean(dim=2)
    expected = 0.6 * whole + 0.4 * (reach * errors).sum(dim=1)
    torch.testing.assert_close(soft.row_losses(output, y, 1.0), expected)


def test_leaves_that_learn_from_the_mixture_are_like_it():
    """They say less that the others would have to take back."""
    forest = RandomForestClassifier(10, random_state=0).fit(X, Y)
    gap = {}
    for told in ({}, {"objective": 0.5}, {"objective": 0.5, "path_teacher": "mixture"}):
        tree = SoftDecisionTreeClassifier(forest, **FAST, **told).fit(X, Y)
        P, leaves = tree.path_proba(X)[:, outer_nodes(tree)], tree.leaf_values()
        p = tree.predict_proba(X)
        each = (p[:, None] * np.log(p[:, None] / leaves)).sum(axis=2)
        gap[len(told)] = (P * each).sum(axis=1).mean()
        assert tree.score(X, Y) > 0.8
    assert gap[1] < gap[0] and gap[2] < gap[0] and gap[1] != gap[2]
    values = SoftDecisionTreeRegressor(
        RandomForestRegressor(10, random_state=0).fit(VALUES, TARGET),
        objective=0.5,
        path_teacher="mixture",
        **FAST,
    )
    assert values.fit(VALUES).score(VALUES, TARGET) > 0.3


def test_a_share_that_rises():
    plain, rising = fitted(), fitted(objective=(0.0, 0.5))
    assert rising.score(X, Y) > 0.8

    def alone(tree):
        """The mean loss of the leaves by themselves."""
        P = tree.path_proba(X)[:, outer_nodes(tree)]
        return -(P * np.log(tree.leaf_values()[:, Y].T)).sum(axis=1).mean()

    assert alone(rising) < alone(plain)
    fixed, pair = fitted(objective=0.4), fitted(objective=(0.4, 0.4))
    np.testing.assert_array_equal(fixed.predict_proba(X), pair.predict_proba(X))
    share, seen = Share(0.2, 0.8), []
    for done in (0.0, 0.25, 0.5, 0.75, 1.0):
        share.training_progress(done)
        seen.append(share.now)
    np.testing.assert_allclose(seen, [0.2, 0.2, 0.2, 0.5, 0.8])


@pytest.mark.parametrize(
    ("params", "messages"),
    [
        ({"objective": (0, 2)}, ["objective=(0, 2)", "two numbers in [0, 1]"]),
        ({"objective": (0.5,)}, ["objective=(0.5,)"]),
        ({"objective": ("path", 1)}, ["objective=('path', 1)"]),
        ({"objective": [0.0, 0.5]}, ["objective"]),
        ({"beta": (1,)}, ["beta=(1,)", "two numbers above 0"]),
        ({"beta": (0, 4)}, ["beta=(0, 4)"]),
        ({"beta": (1, np.inf)}, ["beta=(1, inf)"]),
        ({"beta": ("learned", 4)}, ["beta=('learned', 4)"]),
        ({"beta": 0.0}, ["beta"]),
        ({"beta": "fixed"}, ["beta"]),
        ({"leaf": "linear", "temperature": 2}, ['leaf="linear"', "temperature"]),
        ({"leaf": "linear", "loss": "dist"}, ['leaf="linear"', "loss"]),
        ({"leaf": "tree"}, ["leaf"]),
        ({"gate": "hard"}, ["gate"]),
        ({"split": "diagonal"}, ["split"]),
        ({"max_leaf_nodes": 1}, ["max_leaf_nodes"]),
        ({"max_features_per_split": 0}, ["max_features_per_split"]),
        ({"entropy_penalty": -1.0}, ["entropy_penalty"]),
        ({"path_teacher": "student"}, ["path_teacher"]),
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(params, messages):
    forest = RandomForestClassifier(2, random_state=0).fit(X, Y)
    tree = SoftDecisionTreeClassifier(forest, **(FAST | {"max_epochs": 1}))
    bad = clone(tree).set_params(**params)
    with pytest.raises(ValueError) as caught:
        bad.fit(X, Y)
    assert all(message in str(caught.value) for message in messages)
    with pytest.raises(NotFittedError):
        check_is_fitted(bad)
    p = tree.fit(X, Y).predict_proba(X)
    with pytest.raises(ValueError):
        tree.set_params(**params).fit(X, Y)
    np.testing.assert_array_equal(tree.predict_proba(X), p)  # as it was before
