"""Leaves by themselves: their objective, and what they say to rows that end there."""

import numpy as np
import pytest
import torch
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from skdistill import SoftDecisionTreeClassifier, SoftDecisionTreeRegressor
from skdistill.losses import cross_entropy
from skdistill.modules import SoftTree
from skdistill.training.objective import Loss, Share, get_loss, of_leaves, over_targets

FAST = {"max_depth": 3, "max_epochs": 8, "random_state": 0, "transfer": None}


def tree_of(widths, temperature=1.0, **params):
    torch.manual_seed(0)
    tree = SoftTree(
        4,
        sum(widths),
        2,
        widths=widths,
        gives_paths=True,
        temperature=temperature,
        **params,
    ).double()
    tree.leaf.data.normal_()
    return tree.train()


def ends(tree, X):
    """Positions of the leaves where greedy descent ends."""
    P, node = tree.path_proba(X), np.zeros(len(X), dtype=int)
    for _ in range(tree.get_depth()):
        sides = P[np.arange(len(X)), 2 * node + 1], P[np.arange(len(X)), 2 * node + 2]
        node = 2 * node + 1 + (sides[1] > sides[0])
    return node - tree.get_n_leaves() + 1


@pytest.mark.parametrize("temperature", [1.0, 3.0])
@pytest.mark.parametrize("widths", [[3], [2, 3]])
@pytest.mark.parametrize("share", [0.3, 1.0])
def test_it_is_the_path_weighted_loss_of_each_leaf(temperature, widths, share):
    tree = tree_of(widths, temperature)
    x = torch.randn(7, 4, dtype=torch.float64)
    target = torch.cat(
        [torch.randn(7, w).double().log_softmax(1) for w in widths], dim=1
    )
    codes = torch.stack([torch.randint(w, (7,)) for w in widths], dim=1)
    hard = Loss("classifier", lambda output, codes, t: cross_entropy(output, codes))
    plain = over_targets(get_loss("kl", "classifier"), hard, widths)
    soft, hard = of_leaves(*plain, Share(share, share), widths)
    output, _ = tree(x)
    reach = tree.leaf_probabilities(x)
    leaves = tree.leaf.split(widths, dim=1)
    mixture = (reach @ tree.leaf_outputs(torch.float64)).log().split(widths, dim=1)
    for kind in ("soft", "hard"):
        whole, alone = torch.zeros(7).double(), torch.zeros(7).double()
        for part, leaf, log_q, code in zip(
            target.split(widths, dim=1), leaves, mixture, codes.T, strict=True
        ):
            if kind == "soft":
                p = (part / temperature).softmax(dim=1)
                q = (log_q / temperature).log_softmax(dim=1)
                whole += temperature**2 * (p * (p.log() - q)).sum(dim=1)
                for i, one in enumerate(leaf):
                    log_leaf = (one / temperature).log_softmax(dim=0)
                    each = (p * (p.log() - log_leaf)).sum(dim=1)
                    alone += temperature**2 * reach[:, i] * each
            else:
                whole -= log_q[torch.arange(7), code]
                for i, one in enumerate(leaf):
                    alone -= reach[:, i] * one.log_softmax(dim=0)[code]
        if kind == "soft":
            found = soft.row_losses(
                output, soft.prepared(target, temperature), temperature
            )
        else:
            found = hard.row_losses(output, codes, 1.0)
        torch.testing.assert_close(found, (1 - share) * whole + share * alone)


def test_values_too():
    tree = tree_of([2], is_classifier=False)
    x, y = torch.randn(9, 4).double(), torch.randn(9, 2).double()
    mse = get_loss("mse", "regressor")
    soft, hard = of_leaves(mse, mse, Share(0.4, 0.4), None)
    output, _ = tree(x)
    reach = tree.leaf_probabilities(x)
    errors = (tree.leaf[None] - y[:, None]).square().mean(dim=2)
    whole = (reach @ tree.leaf - y).square().mean(dim=1)
    expected = 0.6 * whole + 0.4 * (reach * errors).sum(dim=1)
    torch.testing.assert_close(soft.row_losses(output, y, 1.0), expected)
    torch.testing.assert_close(hard.row_losses(output, y, 1.0), expected)
    torch.testing.assert_close(mse.row_losses(tree.eval()(x), y, 1.0), whole)
    torch.testing.assert_close(soft.row_losses(tree(x), y, 1.0), whole)


def test_smoothed_labels_are_soft_targets():
    tree, codes = tree_of([3]), torch.tensor([[0], [2], [1]])
    hard = Loss("classifier", lambda o, c, t: cross_entropy(o, c, label_smoothing=0.3))
    share = Share(1.0, 1.0)
    soft, hard = of_leaves(get_loss("kl", "classifier"), hard, share, [3], 0.3)
    output, _ = tree(torch.randn(3, 4).double())
    p = torch.full((3, 3), 0.1).double().scatter(1, codes, 0.8)
    entropy = -(p * p.log()).sum(dim=1)
    torch.testing.assert_close(
        hard.row_losses(output, codes, 1.0), soft.row_losses(output, p, 1.0) + entropy
    )


def test_leaves_that_learn_alone_are_right_alone():
    X, y = load_iris(return_X_y=True)
    params = FAST | {"max_epochs": 60}
    gap = {}
    for objective in ("mixture", "path", 0.5):
        tree = SoftDecisionTreeClassifier(objective=objective, **params).fit(X, y)
        p = tree.leaf_values()[ends(tree, X)]
        gap[objective] = -np.log(p[np.arange(150), y]).mean()
        assert tree.score(X, y) > 0.93
    assert gap["path"] < gap["mixture"] and gap[0.5] < gap["mixture"]


def test_alone_a_leaf_says_the_mean_of_the_rows_that_end_there():
    X, y = load_iris(return_X_y=True)
    teacher = LogisticRegression(max_iter=1000).fit(X, y)
    p = teacher.predict_proba(X)
    weight = np.random.default_rng(0).random(150)
    more, q = X[:40] + 0.3, np.tile([0.2, 0.3, 0.5], (40, 1))
    tree = SoftDecisionTreeClassifier(teacher, alpha=0.6, transfer_weight=0.5, **FAST)
    tree.fit(X, y, sample_weight=weight, X_transfer=more, transfer_output=q)
    mixture = tree.leaf_values()
    share = weight / weight.sum()
    target = 0.6 / 1.5 * share[:, None] * p + 0.4 * share[:, None] * np.eye(3)[y]
    target = np.concatenate([target, np.full((40, 1), 0.6 * 0.5 / 1.5 / 40) * q])
    total = target.sum(axis=1)
    leaf = ends(tree, np.concatenate([X, more]))
    ten = 10 / 150  # the weight of ten rows of X and those drawn from them
    for k, said in enumerate(tree.set_params(inference="path").leaf_values()):
        expected = ten * mixture[k] + target[leaf == k].sum(axis=0)
        expected /= ten + total[leaf == k].sum()
        np.testing.assert_allclose(said, expected, atol=1e-6)
    np.testing.assert_allclose(
        tree.predict_proba(X), tree.leaf_values()[leaf[:150]], atol=1e-12
    )


def test_a_path_is_worth_more_than_its_part_of_the_mixture():
    random = np.random.default_rng(0)
    X = random.normal(size=(2000, 5))
    y = (X @ [1, 1, -1, 0, 0] + 2 * random.normal(size=2000) > 0).astype(int)
    tree = SoftDecisionTreeClassifier(**FAST).fit(X[::2], y[::2])
    X, y = X[1::2], y[1::2]
    part = tree.leaf_values()[ends(tree, X)]
    alone = tree.set_params(inference="path").predict_proba(X)
    assert log_loss(y, alone) < log_loss(y, part) - 0.01
    values, target = load_diabetes(return_X_y=True)
    tree = SoftDecisionTreeRegressor(**FAST).fit(values, target)
    part = tree.leaf_values()[ends(tree, values), 0]
    alone = tree.set_params(inference="path").predict(values)
    assert np.square(alone - target).mean() < np.square(part - target).mean()


def test_parts_of_the_rows_leave_the_leaves_as_trained():
    X, y = load_iris(return_X_y=True)
    tree = SoftDecisionTreeClassifier(**FAST).fit(X, y)
    tree.partial_fit(X[:60], y[:60])
    mixture = tree.leaf_values()
    np.testing.assert_array_equal(
        tree.set_params(inference="path").leaf_values(), mixture
    )


def test_no_share_is_the_mixture_to_the_bit():
    X, y = load_iris(return_X_y=True)
    one, other = (
        SoftDecisionTreeClassifier(objective=objective, **FAST)
        .fit(X, y)
        .predict_proba(X)
        for objective in ("mixture", 0.0)
    )
    np.testing.assert_array_equal(one, other)


def test_after_a_hot_fit_leaves_are_means_of_their_targets():
    X, y = load_iris(return_X_y=True)
    teacher = LogisticRegression(max_iter=1000).fit(X, y)
    tree = SoftDecisionTreeClassifier(
        teacher, objective="path", temperature=4.0, **FAST
    )
    tree.fit(X, y)
    reach, p = tree.path_proba(X)[:, -8:], teacher.predict_proba(X)
    means = reach.T @ p / reach.sum(axis=0)[:, None]
    np.testing.assert_allclose(tree.leaf_values(), means, atol=1e-5)


def test_early_stopping_watches_the_mixture():
    X, y = load_iris(return_X_y=True)
    tree = SoftDecisionTreeClassifier(objective="path", early_stopping=True, **FAST)
    tree.fit(X[::2], y[::2], X_val=X[1::2], y_val=y[1::2])
    p = tree.predict_proba(X[1::2])[np.arange(75), y[1::2]]
    watched = min(epoch["valid_loss"] for epoch in tree.history_)
    assert -np.log(p).mean() == pytest.approx(watched, rel=1e-3)


def test_values_by_paths():
    X, y = load_diabetes(return_X_y=True)
    tree = SoftDecisionTreeRegressor(objective="path", **(FAST | {"max_epochs": 40}))
    assert tree.fit(X, y).set_params(inference="path").score(X, y) > 0.4


@pytest.mark.parametrize(
    ("student", "message"),
    [
        (SoftDecisionTreeClassifier(objective="path", loss="js"), "loss='kl' alone"),
        (SoftDecisionTreeRegressor(objective=0.5, loss="huber"), "loss='mse' alone"),
        (
            SoftDecisionTreeRegressor(objective=0.5, quantiles=[0.5]),
            "without quantiles",
        ),
        (SoftDecisionTreeClassifier(objective=1.5), "objective"),
        (SoftDecisionTreeClassifier(objective="leaf"), "objective"),
    ],
)
def test_what_it_is_not_for_is_refused(student, message):
    X, y = load_iris(return_X_y=True)
    with pytest.raises(ValueError, match=message):
        student.fit(X, y)
