"""Hard trees as students: what they find, say and keep."""

import pickle

import numpy as np
import pandas as pd
import pytest
from printed_trees import shares_of, value_of, walk
from sklearn.datasets import load_digits, load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    Munge,
    StudentClassifier,
    export_text,
)


@pytest.fixture(scope="module")
def mixed():
    """A table of numbers, categories and gaps, and labels that need all of them."""
    random, n = np.random.default_rng(0), 900
    X = pd.DataFrame(
        {
            "tenure": random.integers(0, 72, n),
            "charges": random.lognormal(4, 1, n).round(2),
            "plan": random.choice(["month", "year", "two, or more"], n),
            "age": np.where(random.random(n) < 0.1, np.nan, random.integers(18, 90, n)),
        }
    )
    leaves = (X.tenure < 18) & (X.plan == "month") | (X.age > 70)
    stays = (X.charges > 150) | X.age.isna()
    flips = random.random(n) < 0.05
    return X, np.where((leaves & ~stays) ^ flips, "leaves", "stays")


@pytest.fixture(scope="module")
def forest_on_digits():
    X, y = load_digits(return_X_y=True)
    forest = RandomForestClassifier(50, random_state=0).fit(X, y)
    return forest, X[::4], forest.predict_proba(X[::4])


def decisions(text, X, classes=("leaves", "stays")):
    """What the text decides: of two classes it says how likely the second is."""
    ends = (shares_of(walk(text, row)) for _, row in X.iterrows())
    return [classes[int(end[classes[1]] > 0.5)] for end in ends]


def test_the_text_carried_out_by_hand_predicts_what_the_tree_predicts(mixed):
    X, y = mixed
    tree = HardDecisionTreeClassifier(max_leaf_nodes=14, random_state=0).fit(X, y)
    text = export_text(tree)
    assert "or missing" in text and "plan = month" in text
    np.testing.assert_array_equal(decisions(text, X), tree.predict(X))
    assert tree.score(X, y) > 0.93


def test_the_text_of_values_too(mixed):
    X, _ = mixed
    y = 2 * X.tenure + X.age.fillna(50) + 30 * (X.plan == "month")
    tree = HardDecisionTreeRegressor(max_leaf_nodes=20).fit(X, y)
    text = export_text(tree, digits=12)
    said = [value_of(walk(text, row)) for _, row in X.iterrows()]
    np.testing.assert_allclose(said, tree.predict(X), rtol=1e-11)


@pytest.mark.parametrize("n_leaves", [8, 12])
def test_it_is_nearer_to_the_teacher_than_a_grown_tree(forest_on_digits, n_leaves):
    forest, X, wanted = forest_on_digits
    limits = {"max_leaf_nodes": n_leaves, "min_weight_fraction_leaf": 0.01}
    hard = HardDecisionTreeClassifier(forest, transfer=None, criterion="gini", **limits)
    cart = StudentClassifier(forest, student=DecisionTreeClassifier(**limits))
    far = [
        np.square(model.fit(X).predict_proba(X) - wanted).sum()
        for model in (hard, cart)
    ]
    assert far[0] < 0.97 * far[1]
    hard.set_params(criterion="entropy").fit(X)
    nats = [
        -np.sum(wanted * np.log(np.maximum(model.predict_proba(X), 1e-6)))
        for model in (hard, cart)
    ]
    assert nats[0] < nats[1]


def test_paths_leaves_and_masses_agree(mixed):
    X, y = mixed
    weight = np.random.default_rng(1).random(len(X))
    tree = HardDecisionTreeClassifier(max_leaf_nodes=9).fit(X, y, sample_weight=weight)
    leaf, path = tree.apply(X), tree.decision_path(X).toarray()
    assert tree.get_n_leaves() == len(np.unique(leaf)) == 9
    assert path.sum(axis=1).max() == tree.get_depth() + 1
    np.testing.assert_array_equal(path[np.arange(len(X)), leaf], 1)
    np.testing.assert_allclose(tree.node_mass_, weight @ path / weight.sum())
    values = dict(
        zip(np.flatnonzero(tree.tree_.is_leaf), tree.leaf_values(), strict=True)
    )
    np.testing.assert_allclose([values[k] for k in leaf], tree.predict_proba(X))
    assert tree.feature_importances_.shape == (4,)
    assert tree.feature_importances_.sum() == pytest.approx(1)


@pytest.mark.parametrize("criterion", ["entropy", "gini"])
def test_a_teacher_alone_teaches(criterion):
    X, y = load_iris(return_X_y=True)
    forest = RandomForestClassifier(random_state=0).fit(X, y)
    tree = HardDecisionTreeClassifier(forest, criterion=criterion, random_state=0).fit(
        X
    )
    assert tree.score(X, forest.predict(X)) > 0.95
    again = HardDecisionTreeClassifier(forest, criterion=criterion, random_state=0).fit(
        X
    )
    np.testing.assert_array_equal(again.predict_proba(X), tree.predict_proba(X))
    kept = pickle.loads(pickle.dumps(tree))
    np.testing.assert_array_equal(kept.predict_proba(X), tree.predict_proba(X))


def test_several_targets_share_a_tree():
    X, y = load_iris(return_X_y=True)
    both = np.column_stack([y > 0, y > 1]).astype(int)
    tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X, both)
    assert (tree.predict(X) == both).mean() > 0.95
    assert "labels: " in export_text(tree)
    values = np.column_stack([X[:, 2], -X[:, 2]])
    several = HardDecisionTreeRegressor().fit(X, values)
    np.testing.assert_allclose(several.predict(X).sum(axis=1), 0, atol=1e-9)
    assert several.score(X, values) > 0.98


@pytest.mark.parametrize("seed", range(5))
def test_odd_columns_do_no_harm(seed):
    random = np.random.default_rng(seed)
    X = random.integers(0, 3, size=(80, 5)) * [1.0, 1e6, 0.0, 1e-9, 1.0]
    y = np.where(X[:, 0] > X[:, 4], "a", "b")
    tree = HardDecisionTreeClassifier(random_state=seed).fit(X, y)
    assert np.isfinite(tree.predict_proba(X)).all() and tree.score(X, y) == 1
    assert tree.feature_importances_[2] == 0


@pytest.mark.parametrize(
    ("params", "given", "message"),
    [
        ({"max_leaf_nodes": 1}, {}, "max_leaf_nodes"),
        ({"min_weight_fraction_leaf": 0.7}, {}, "min_weight_fraction_leaf"),
        ({"criterion": "squares"}, {}, "criterion"),
        ({"transfer": Munge(1.0, refresh=2)}, {}, "refresh=None"),
        ({"scoring": "roc_auc"}, {}, "scoring"),
        ({"max_leaf_nodes": "many"}, {}, "max_leaf_nodes"),
        ({"preprocessor": None}, {"X": [[np.nan] * 4] * 3}, "NaN"),
    ],
)
def test_bad_arguments_are_named(params, given, message):
    X, y = load_iris(return_X_y=True)
    student = HardDecisionTreeClassifier(RandomForestClassifier(5), **params)
    rows = {"X": X, **given}
    with pytest.raises(ValueError, match=message):
        student.fit(y=y[: len(rows["X"])], **rows)
    assert not hasattr(student, "tree_")


@pytest.mark.parametrize("seed", range(4))
def test_rare_columns_do_not_make_it_worse_than_cart(seed):
    # Of so few rows none is kept apart to choose between trees.
    random, n = np.random.default_rng(seed), 200
    rare, x = random.random((n, 2)) < 0.02, random.normal(size=n)
    y = np.sin(3 * x) + 0.3 * random.normal(size=n) + 20 * rare.sum(axis=1)
    X = np.column_stack([x, rare])
    limits = {"max_leaf_nodes": 6, "min_weight_fraction_leaf": 0.05, "random_state": 0}
    cart = DecisionTreeRegressor(**limits).fit(X, y).score(X, y)
    assert HardDecisionTreeRegressor(**limits).fit(X, y).score(X, y) >= cart - 1e-9


def test_what_training_never_saw_is_in_no_set(mixed):
    random = np.random.default_rng(0)
    X = pd.DataFrame({"plan": random.choice(["a", "b"], 200, p=[0.3, 0.7])})
    tree = HardDecisionTreeClassifier().fit(X, np.where(X.plan == "b", "B", "A"))
    new = pd.DataFrame({"plan": ["z", "a", "b"]})
    assert decisions(export_text(tree), new, "AB") == ["A", "A", "B"]
    assert tree.predict(new).tolist() == ["A", "A", "B"]
