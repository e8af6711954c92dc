"""From a soft tree to a hard one."""

import pickle
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold, cross_val_predict
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skdistill import (
    Munge,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
    export_text,
    soft_targets,
)
from skdistill.learners.hard_tree.binned import Binned
from skdistill.learners.hard_tree.question import count_leaves
from skdistill.learners.hard_tree.structure import HardTree
from skdistill.metrics import fidelity
from skdistill.modules import SoftTree
from skdistill.students.hardening import rounded

FAST = {"max_depth": 3, "max_epochs": 10, "random_state": 0, "transfer": None}
SMALL = {"max_leaf_nodes": 8, "random_state": 0}


@pytest.fixture(scope="module")
def taught():
    X, y = load_breast_cancer(return_X_y=True, as_frame=True)
    X = X.iloc[:, 20:26]
    forest = RandomForestClassifier(30, random_state=0).fit(X[:400], y[:400])
    tree = SoftDecisionTreeClassifier(forest, **FAST).fit(X[:400], y[:400])
    return forest, tree, X, y


def test_it_keeps_the_teacher_and_changes_nothing(taught):
    forest, tree, X, y = taught
    before, p = pickle.dumps(tree.net_.module_.state_dict()), tree.predict_proba(X)
    hard = tree.harden(X[:400], X_eval=X[400:], max_leaf_nodes=6, random_state=0)
    assert pickle.dumps(tree.net_.module_.state_dict()) == before
    np.testing.assert_array_equal(tree.predict_proba(X), p)
    wanted = soft_targets(forest, X[400:])
    assert hard.get_n_leaves() <= 6
    assert hard.fidelity_ == {
        "before": fidelity(p[400:], wanted),
        "after": fidelity(hard.predict_proba(X[400:]), wanted),
        "rows": "169 rows of X_eval",
    }
    assert hard.fidelity_["after"]["agreement"] > 0.9
    assert "worst perimeter <= " in export_text(hard)
    again = tree.harden(X[:400], X_eval=X[400:], max_leaf_nodes=6, random_state=0)
    np.testing.assert_array_equal(again.predict_proba(X), hard.predict_proba(X))
    alike = pickle.loads(pickle.dumps(hard)).fit(X, y)  # a student like any other
    assert alike.score(X, y) > 0.9


def test_without_rows_of_its_own_it_says_what_it_was_measured_on(taught):
    _, tree, X, _ = taught
    hard = tree.harden(X[:200], **SMALL)
    assert hard.fidelity_["rows"].startswith("50 rows of X, on which the student may")


def test_labels_count_as_they_did_for_the_soft_tree(taught):
    forest, _, X, y = taught
    flipped = 1 - y[:400]
    tree = SoftDecisionTreeClassifier(forest, alpha=0.0, **FAST).fit(X[:400], flipped)
    hard = tree.harden(X[:400], flipped, **SMALL)
    assert hard.score(X[:400], flipped) > 0.85
    assert tree.harden(X[:400], **SMALL).score(X[:400], flipped) < 0.15


def test_labels_of_unknown_classes_are_named(taught):
    _, tree, X, y = taught
    with pytest.raises(ValueError, match=r"y has the labels \[7\]"):
        tree.harden(X[:400], np.where(np.arange(400) == 3, 7, y[:400]), **SMALL)


def test_labels_of_one_class_and_a_single_row_are_enough(taught):
    _, tree, X, y = taught
    healthy = np.flatnonzero(y[:400] == 1)
    hard = tree.harden(X.iloc[healthy], y.iloc[healthy], **SMALL)
    assert hard.predict_proba(X).shape == (len(X), 2)
    one = tree.harden(X[:1], y[:1], X_eval=X[400:], random_state=0)
    assert one.get_n_leaves() == 1 and one.classes_.tolist() == [0, 1]


def test_a_control_is_its_own_teacher():
    X, y = load_iris(return_X_y=True)
    tree = SoftDecisionTreeClassifier(**(FAST | {"max_epochs": 60})).fit(X, y)
    hard = tree.harden(X, **SMALL)
    assert hard.fidelity_["before"]["kl"] == pytest.approx(0, abs=1e-9)
    assert hard.fidelity_["after"]["agreement"] > 0.9


def test_a_calibrated_teacher_is_asked_as_it_was(taught):
    forest, _, X, y = taught
    tree = SoftDecisionTreeClassifier(forest, teacher_calibration="temperature", **FAST)
    tree.fit(X[:300], y[:300], X_val=X[300:400], y_val=y[300:400])
    assert tree.teacher_temperature_ != 1
    hard = tree.harden(X[:300], X_eval=X[400:], **SMALL)
    wanted = soft_targets(forest, X[400:], tree.teacher_temperature_)
    after = fidelity(hard.predict_proba(X[400:]), wanted)
    assert hard.fidelity_["after"] == pytest.approx(after)
    pickle.loads(pickle.dumps(hard)).predict(X)


def test_values_and_several_targets():
    X, y = load_diabetes(return_X_y=True)
    forest = RandomForestRegressor(10, random_state=0).fit(X, y)
    tree = SoftDecisionTreeRegressor(forest, **FAST).fit(X)
    hard = tree.harden(X, **SMALL)
    assert hard.fidelity_["after"]["r2"] > 0.3
    both = np.column_stack([y > 100, y > 200]).astype(int)
    tree = SoftDecisionTreeClassifier(**FAST).fit(X, both)
    hard = tree.harden(X, max_leaf_nodes=8, random_state=0)
    assert hard.predict(X).shape == both.shape
    assert hard.fidelity_["after"]["agreement"] > 0.8


@pytest.mark.slow
def test_mixed_columns_and_other_views(taught):
    random = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "income": random.lognormal(3, 2, 300),  # its soft view is a logarithm
            "plan": random.choice(["a", "b", "c"], 300),
            "age": np.where(random.random(300) < 0.2, np.nan, random.normal(size=300)),
        }
    )
    y = np.where((X.income > 30) & (X.plan != "b"), "in", "out")
    tree = SoftDecisionTreeClassifier(**(FAST | {"max_epochs": 60})).fit(X, y)
    hard = tree.harden(X, y, max_leaf_nodes=4, random_state=0)
    assert hard.score(X, y) > 0.9
    numbers = X[["income"]].to_numpy()
    linear = LogisticRegression().fit(numbers, y)
    for view in (StandardScaler(), None):
        tree = SoftDecisionTreeClassifier(linear, preprocessor=view, **FAST)
        hard = tree.fit(numbers / 1e3).harden(numbers / 1e3, **SMALL)
        assert np.isfinite(hard.predict_proba(numbers)).all()


def test_gates_about_one_column_are_rounded_exactly():
    random = np.random.default_rng(0)
    z = random.normal(size=(500, 3))
    module = SoftTree(3, 2, max_depth=2)
    weight = [[4.0, 0, 0], [0, -3.0, 0], [0, 0, 1e-9]]
    module.gate_weight.data = module.gate_weight.data.new_tensor(weight)
    module.gate_bias.data = module.gate_bias.data.new_tensor([1.0, 0.5, -5.0])
    x = np.exp(z)  # another scale that ascends with it
    binned = Binned(x, 1000)
    root = rounded(module, z, x, binned)
    assert count_leaves(root) == 3  # the third gate sends all rows to one side
    tree = HardTree.of(root, binned.thresholds, x, np.ones((2, 500)))
    assert len(np.unique(tree.apply(x))) == 3
    first, second = 4 * z[:, 0] + 1 > 0, -3 * z[:, 1] + 0.5 > 0
    ends = np.where(first, 2, second.astype(int))
    for end in range(3):
        assert len(np.unique(tree.apply(x)[ends == end])) == 1


def test_what_cannot_be_hardened_is_refused(taught):
    _, tree, X, _ = taught
    before = deepcopy(vars(tree))
    with pytest.raises(ValueError, match="single row"):
        tree.harden(X[:1])
    with pytest.raises(ValueError, match="max_leaf_nodes"):
        tree.harden(X[:50], max_leaf_nodes=1)
    assert vars(tree).keys() == before.keys()
    values, y = load_diabetes(return_X_y=True)
    several = SoftDecisionTreeRegressor(quantiles=[0.1, 0.9], alpha=0.0, **FAST)
    with pytest.raises(ValueError, match="without quantiles"):
        several.fit(values, y).harden(values)


def test_rare_values_in_rows_that_are_held_out_do_no_harm():
    X = pd.DataFrame({"plan": ["a", "b"] * 50 + ["rare"], "x": np.linspace(-1, 1, 101)})
    tree = SoftDecisionTreeClassifier(**FAST).fit(X, X.x > 0)
    for seed in range(4):
        assert tree.harden(X, random_state=seed).predict(X).shape == (101,)
    assert tree.harden(X[:100], X_eval=X, **SMALL).fidelity_["after"]["kl"] < 0.5


def test_a_tree_that_is_its_own_teacher_is_asked_once_for_what_it_knows():
    X, y = load_iris(return_X_y=True)
    y = (y == 1).astype(int)
    params = FAST | {"max_epochs": 60}
    tree = SoftDecisionTreeClassifier(class_weight={0: 1, 1: 10}, **params)
    hard = tree.fit(X[:, :2], y).harden(X[:, :2], **SMALL)
    mean = tree.predict_proba(X[:, :2])[:, 1].mean()
    assert hard.predict_proba(X[:, :2])[:, 1].mean() == pytest.approx(mean, abs=0.03)
    hard = tree.adjust_class_prior([0.9, 0.1]).harden(X[:, :2], **SMALL)
    before = hard.fidelity_["before"]
    before.pop("auc")  # which with so rare a class may have no row to be of
    assert before == pytest.approx(
        {"agreement": 1.0, "kappa": 1.0, "spearman": 1.0, "kl": 0.0}, abs=1e-9
    )


def test_it_is_taught_as_the_soft_tree_was():
    X, y = load_iris(return_X_y=True)
    members = [
        RandomForestClassifier(5, random_state=0),
        LogisticRegression(max_iter=500),
    ]
    tree = SoftDecisionTreeClassifier(
        members, teacher_weights=[0.9, 0.1], cv=3, transfer_teacher="folds", **FAST
    ).fit(X, y)
    hard = tree.harden(X, X_eval=X, **SMALL)
    forests, linear = (
        np.mean([model.predict_proba(X) for model in tree.teacher_[i::2]], axis=0)
        for i in range(2)
    )
    wanted = 0.9 * forests + 0.1 * linear
    after = fidelity(hard.predict_proba(X), wanted)["agreement"]
    assert hard.fidelity_["after"]["agreement"] == pytest.approx(after, abs=0.02)
    sampler = Munge(2.0, refresh=1)
    tree = SoftDecisionTreeClassifier(
        members[0].fit(X, y), transfer_weight=0.5, **(FAST | {"transfer": sampler})
    )
    hard = tree.fit(X, y).harden(X, **SMALL)
    assert hard.transfer.refresh is None and sampler.refresh == 1
    assert hard.transfer_weight == 0.5
    assert not hasattr(hard.fit(X, y), "fidelity_")  # it was of the tree before
    for wrong in (y[:100], np.append(y, 0)):
        with pytest.raises(ValueError, match="inconsistent numbers of samples"):
            tree.harden(X, wrong)


@pytest.fixture(scope="module")
def noisy():
    """Labels of which a fifth are wrong, and a forest that knows them by heart."""
    random = np.random.default_rng(0)
    X = random.normal(size=(900, 4))
    truth = X[:, 0] + 0.5 * X[:, 1] > 0
    y = np.where(random.random(900) < 0.2, ~truth, truth).astype(int)
    forest = RandomForestClassifier(30, random_state=0).fit(X[:300], y[:300])
    tree = SoftDecisionTreeClassifier(forest, **FAST).fit(X[:300], y[:300])
    return forest, tree, X, y


def test_teachers_of_folds_keep_leaves_from_what_one_knows_by_heart(noisy):
    _, tree, X, y = noisy
    given = {"X_eval": X[300:], "max_leaf_nodes": 16, "random_state": 0}
    sure = tree.harden(X[:300], y[:300], **given)
    honest = tree.harden(X[:300], y[:300], cv=5, **given)
    assert honest.get_n_leaves() < sure.get_n_leaves()  # it tells noise from sense
    losses = [log_loss(y[300:], one.predict_proba(X[300:])) for one in (sure, honest)]
    assert losses[1] < losses[0]
    assert honest.cv == 5
    assert honest.fidelity_["before"] == sure.fidelity_["before"]


def test_a_leaf_of_folds_says_what_labels_and_clones_say(noisy):
    forest, tree, X, y = noisy
    X, y, folds = X[:300], y[:300], KFold(5)
    hard = tree.harden(X, y, cv=folds, X_eval=X, max_leaf_nodes=4, random_state=0)
    oof = cross_val_predict(forest, X, y, cv=folds, method="predict_proba")
    leaf = hard.apply(X)
    for node in np.unique(leaf):
        here = leaf == node
        between = sorted([y[here].mean(), oof[here, 1].mean()])
        p = hard.predict_proba(X[here])[0, 1]
        assert between[0] - 0.02 < p < between[1] + 0.02


def test_folds_want_labels_and_a_teacher_that_can_be_cloned(noisy):
    _, tree, X, y = noisy
    with pytest.raises(ValueError, match=r"cv=5 fits clones .* give y"):
        tree.harden(X, cv=5)
    frozen = SoftDecisionTreeClassifier(FrozenEstimator(tree.teacher), **FAST)
    frozen.fit(X, y)
    with pytest.raises(ValueError, match="cannot be cloned and fitted on folds"):
        frozen.harden(X, y, cv=5)


@pytest.mark.parametrize("targets", ["one", "calibrated", "several", "values", "own"])
def test_teachers_of_folds_for_all_kinds_of_trees(noisy, targets):
    forest, _, X, y = noisy
    X, y = X[:200], y[:200]
    options = FAST | {"transfer": "auto", "max_epochs": 2}
    if targets == "values":
        forest = RandomForestRegressor(10, random_state=0)
        y = X[:, 0] + y
        tree = SoftDecisionTreeRegressor(forest, **options).fit(X, y)
    elif targets == "several":
        y = np.column_stack([y, X[:, 2] > 0]).astype(int)
        forest = RandomForestClassifier(10, random_state=0)
        tree = SoftDecisionTreeClassifier(forest, **options).fit(X, y)
    elif targets == "own":
        options["max_epochs"] = (
            30  # it is a teacher itself, which has to know something
        )
        tree = SoftDecisionTreeClassifier(**options).fit(X, y)
    else:
        if targets == "calibrated":
            options |= {"teacher_calibration": "temperature", "cv": 3}
        tree = SoftDecisionTreeClassifier(forest, **options).fit(X, y)
    before = pickle.dumps(tree.get_params())
    hard = tree.harden(X, y, cv=2, max_leaf_nodes=4, random_state=0)
    assert pickle.dumps(tree.get_params()) == before
    assert hard.get_n_leaves() <= 4
    assert hard.score(X, y) > 0.3
    if targets == "calibrated":
        assert hard.teacher_temperature_ != 1


def test_of_a_wide_table_the_questions_are_about_the_columns_that_are_searched():
    random = np.random.default_rng(0)
    X = random.normal(size=(80, 130))
    y = (X[:, 120] > 0).astype(int)
    teacher = DecisionTreeClassifier(max_depth=1, random_state=0).fit(X, y)
    tree = SoftDecisionTreeClassifier(teacher, **{**FAST, "max_epochs": 2}).fit(X, y)
    columns = np.arange(100, 130, 5)
    x, z = X[:, columns], tree.preprocessor_.transform(X)
    root = rounded(tree.module_, z, x, Binned(x, 64), columns)
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if node is not None:
            assert node.test[0] < len(columns)
            waiting += [node.left, node.right]
    hard = tree.harden(X, y, max_leaf_nodes=3, random_state=0)
    assert 120 in hard.tree_.feature and len(hard.feature_importances_) == 130
