"""Labels that have the last word on a tree of a teacher's answers."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

from skdistill import SoftDecisionTreeClassifier, SoftDecisionTreeRegressor
from skdistill.learners.hard_tree.evidence import with_evidence
from skdistill.learners.hard_tree.structure import HardTree

LEAF = -1
FAST = {"max_depth": 2, "max_epochs": 5, "random_state": 0, "transfer": None}


def stairs():
    """x <= 0, and to its right x <= 1 and x <= 2; what is said of two classes."""
    said = np.array([0.5, 0.9, 0.3, 0.2, 0.4, 0.3, 0.6])
    mass = np.array([1.0, 0.4, 0.6, 0.4, 0.2, 0.1, 0.1])
    return HardTree(
        np.array([1, LEAF, 3, LEAF, 5, LEAF, LEAF]),
        np.array([2, LEAF, 4, LEAF, 6, LEAF, LEAF]),
        np.array([0, LEAF, 0, LEAF, 0, LEAF, LEAF]),
        np.array([0.0, np.nan, 1.0, np.nan, 2.0, np.nan, np.nan]),
        mass[:, None] * np.column_stack([np.ones(7), said, 1 - said]),
    )


def told(tree, x, y, weight=None):
    weight = np.ones(len(x)) if weight is None else weight
    leaf = tree.apply(x[:, None])
    return with_evidence(tree, leaf, np.eye(2)[y], weight, True)


def by_hand(said, rows):
    """The loss of rows of two classes, each judged by the answer of the others."""
    n, loss = sum(rows), 0.0
    for k, p in enumerate((said, 1 - said)):
        if rows[k]:
            loss -= rows[k] * np.log((rows[k] - 1 + 300 * p) / (n - 1 + 300))
    return loss


def test_questions_that_labels_speak_against_go():
    x = np.repeat([-1.0, 0.5, 1.5, 2.5], 100)
    # Beyond 0 the labels are alike, but the teacher's answers are not.
    y = np.repeat([0, 1, 1, 1], 100)
    found = told(stairs(), x, y)
    assert by_hand(0.4, (0, 200)) < by_hand(0.3, (0, 100)) + by_hand(0.6, (0, 100))
    assert by_hand(0.3, (0, 300)) < by_hand(0.2, (0, 100)) + by_hand(0.4, (0, 200))
    assert by_hand(0.5, (100, 300)) > by_hand(0.9, (100, 0)) + by_hand(0.3, (0, 300))
    assert found.threshold[~found.is_leaf].tolist() == [0.0]
    assert len(found.feature) == 3 and found.is_leaf.sum() == 2
    # Labels that bear all questions out: then none goes.
    y = np.concatenate([np.zeros(100), *(np.arange(100) < n for n in (85, 75, 30))])
    found = told(stairs(), x, y.astype(int))
    assert found.threshold[~found.is_leaf].tolist() == [0.0, 1.0, 2.0]


def test_a_sure_teacher_may_be_wrong_at_times():
    """What counts is the answer that is given in the end, not the teacher's own."""
    tree = stairs()
    tree.sums[:, 1:] = tree.sums[:, :1] * np.array(
        [[0.5, 0.5], [1, 0], [0, 1], [0, 1], [0, 1], [0, 1], [0, 1]]
    )
    x, y = np.repeat([-1.0, 0.5], 300), np.repeat([0, 1], 300)
    wrong = np.arange(600) % 10 == 0
    found = told(tree, x, np.where(wrong, 1 - y, y))
    assert found.threshold[~found.is_leaf].tolist() == [0.0]
    np.testing.assert_allclose(found.means()[1:, 0], [0.95, 0.05])


def test_values_are_judged_by_the_other_rows_too():
    random = np.random.default_rng(0)
    said = np.array([1.0, -2.0, 3.0])
    tree = HardTree(
        np.array([1, LEAF, LEAF]),
        np.array([2, LEAF, LEAF]),
        np.array([0, LEAF, LEAF]),
        np.array([0.0, np.nan, np.nan]),
        np.column_stack([[1, 0.4, 0.6], np.array([1, 0.4, 0.6]) * said]),
    )
    x = random.normal(size=50)
    for shift, stays in ((4.0, True), (0.0, False)):
        y = shift * (x > 0) + random.normal(size=50)
        losses = []
        for node, inside in enumerate((x < np.inf, x <= 0, x > 0)):
            loss = 0.0
            for i in np.flatnonzero(inside):
                others = np.delete(y[inside], np.flatnonzero(inside).tolist().index(i))
                answer = (300 * said[node] + others.sum()) / (300 + len(others))
                loss += (y[i] - answer) ** 2
            losses.append(loss)
        assert (losses[0] > losses[1] + losses[2]) == stays
        leaf = tree.apply(x[:, None])
        found = with_evidence(tree, leaf, y[:, None], np.ones(50), False)
        assert found.is_leaf.sum() == 1 + stays


def test_rows_of_weight_0_say_nothing():
    x, y = np.repeat([-1.0, 0.5], 20), np.tile([0, 1], 20)
    weight = np.where(np.arange(40) % 4 < 2, 1.0, 0.0)
    found = told(stairs(), x, y, weight)
    kept = weight > 0
    alone = told(stairs(), x[kept], y[kept])
    np.testing.assert_allclose(found.means(), alone.means())


def test_leaves_move_to_their_labels_as_far_as_these_are_many():
    x = np.repeat([-1.0, 0.5, 1.5, 2.5], 100)
    y = np.concatenate([np.zeros(100), *(np.arange(100) < n for n in (85, 75, 30))])
    found = told(stairs(), x, y.astype(int))
    leaf = found.apply(np.array([[-1.0], [0.5], [1.5], [2.5]]))
    by_hand = (300 * np.array([0.9, 0.2, 0.3, 0.6]) + [100, 15, 25, 70]) / 400
    np.testing.assert_allclose(found.means()[leaf, 0], by_hand)
    np.testing.assert_allclose(found.sums[:, 0], stairs().sums[:, 0])
    np.testing.assert_allclose(found.means().sum(axis=1), 1)
    inner = np.flatnonzero(~found.is_leaf)
    for node in inner:  # masses of inner nodes are those below
        below = found.sums[[found.children_left[node], found.children_right[node]]]
        np.testing.assert_allclose(found.sums[node], below.sum(axis=0))


def test_answers_of_teachers_that_saw_none_of_the_rows_come_before_the_labels():
    x = np.repeat([-1.0, 0.5, 1.5], 100)
    y = np.concatenate([np.zeros(100), np.arange(100) < 90, np.arange(100) < 40])
    said = np.repeat([0.8, 0.1, 0.7], 100)
    weight = np.where(np.arange(300) % 2, 1.0, 0.0)
    unseen = np.column_stack([said, 1 - said]), weight
    leaf, codes = stairs().apply(x[:, None]), y.astype(int)
    found = with_evidence(stairs(), leaf, np.eye(2)[codes], weight, True, unseen)
    # Of the two leaves beyond 1 one has no row: their question goes.
    old = (300 * np.array([0.9, 0.2, 0.4]) + 50 * np.array([0.8, 0.1, 0.7])) / 350
    wanted = (300 * old + [50, 5, 30]) / 350
    leaf = found.apply(np.array([[-1.0], [0.5], [1.5]]))
    np.testing.assert_allclose(found.means()[leaf, 0], wanted)


@pytest.mark.parametrize("is_class", [True, False])
def test_hardening_with_labels(is_class):
    load = load_breast_cancer if is_class else load_diabetes
    X, y = load(return_X_y=True)
    X = X[:, [2, 3, 8]]
    Forest = RandomForestClassifier if is_class else RandomForestRegressor
    Tree = SoftDecisionTreeClassifier if is_class else SoftDecisionTreeRegressor
    tree = Tree(Forest(20, random_state=0).fit(X[::2], y[::2]), **FAST).fit(X[::2])
    given = {"X_eval": X[1::2], "max_leaf_nodes": 6, "random_state": 0}
    plain = tree.harden(X[::2], **given)
    moved = tree.harden(X[::2], y[::2], **given)
    assert moved.get_n_leaves() <= plain.get_n_leaves()
    assert len(moved.node_mass_) == 2 * moved.get_n_leaves() - 1
    assert moved.node_mass_[0] == pytest.approx(1)
    assert moved.feature_importances_.sum() == pytest.approx(1)
    assert moved.score(X[1::2], y[1::2]) > plain.score(X[1::2], y[1::2]) - 0.02
    if is_class:  # what adjust_class_prior starts from is what the moved leaves say
        mean = moved.predict_proba(X[::2]).mean(axis=0)
        np.testing.assert_allclose(moved.class_prior_, mean, atol=0.05)
    # Labels that contradict the teacher everywhere take the tree apart.
    wrong = 1 - y[::2] if is_class else -10 * y[::2]
    with pytest.warns(UserWarning, match="does not agree with y"):
        contrary = tree.harden(X[::2], wrong, **given)
    assert contrary.get_n_leaves() == 1
    assert contrary.predict(X).shape == y.shape
