"""Adjusting a fitted student to other shares of the classes."""

import pickle
import re
from copy import deepcopy

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from skdistill import (
    NeuralStudentClassifier,
    SoftDecisionTreeClassifier,
    StudentClassifier,
)
from skdistill.tasks.priors import estimated_prior

LABELS = np.array(["no", "yes"])
CENTRES = np.array([[-1.0, 0.0], [1.0, 0.5]])
SHIFTED = np.array([0.9, 0.1])
# All rows are learnt: shares of those that are held out would be others.
SEEDED = {"random_state": 0, "early_stopping": False}
STUDENTS = [
    NeuralStudentClassifier(numeric_embedding=None, max_epochs=40, **SEEDED),
    SoftDecisionTreeClassifier(max_depth=3, max_epochs=40, **SEEDED),
    StudentClassifier(random_state=0),
    StudentClassifier(student=LogisticRegression()),
]
NAMES = ["net", "soft tree", "tree", "logistic"]


def drawn(n, prior, seed):
    """Rows and codes of two Gaussians with unit variance."""
    random = np.random.default_rng(seed)
    code = random.choice(len(prior), size=n, p=prior)
    return CENTRES[code] + random.normal(size=(n, 2)), code


def posterior(X, prior):
    """The true probabilities of the classes."""
    log_density = -0.5 * ((X[:, None] - CENTRES) ** 2).sum(axis=2)
    joint = np.exp(log_density) * prior
    return joint / joint.sum(axis=1, keepdims=True)


def by_hand(p, old, new):
    joint = p * np.asarray(new) / old
    return joint / joint.sum(axis=1, keepdims=True)


@pytest.fixture(scope="module")
def even():
    X, code = drawn(2000, [0.5, 0.5], 0)
    return X, LABELS[code]


@pytest.fixture(scope="module", params=range(len(STUDENTS)), ids=NAMES)
def fitted(request, even):
    return deepcopy(STUDENTS[request.param]).fit(*even)


@pytest.fixture
def student(fitted):
    return deepcopy(fitted)


@pytest.fixture(scope="module")
def net(even):
    return deepcopy(STUDENTS[0]).fit(*even)


def test_adjusted_probabilities_are_reweighted_by_the_priors(student, even):
    X, _ = drawn(300, SHIFTED, 1)
    old = np.array([np.mean(even[1] == label) for label in LABELS])
    np.testing.assert_allclose(student.class_prior_, old)
    expected = by_hand(student.predict_proba(X), old, SHIFTED)
    assert student.adjust_class_prior(SHIFTED) is student
    np.testing.assert_array_equal(student.class_prior_, SHIFTED)
    p = student.predict_proba(X)
    np.testing.assert_allclose(p, expected, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(np.exp(student.predict_log_proba(X)), p, atol=1e-12)
    np.testing.assert_array_equal(student.predict(X), LABELS[p.argmax(axis=1)])
    if hasattr(student, "decision_function"):
        odds = np.exp(student.decision_function(X))
        np.testing.assert_allclose(odds / (1 + odds), p[:, 1], atol=1e-9)


def test_adjustment_is_better_where_the_shares_have_shifted(student):
    X, code = drawn(4000, SHIFTED, 2)
    before = log_loss(code, student.predict_proba(X))
    known = log_loss(code, student.adjust_class_prior(SHIFTED).predict_proba(X))
    found = log_loss(code, student.adjust_class_prior(X=X).predict_proba(X))
    best = log_loss(code, posterior(X, SHIFTED))
    assert best - 0.005 < known < 0.6 * before + 0.4 * best
    assert found < 0.6 * before + 0.4 * best


def test_a_net_adjusted_is_near_to_the_true_posterior(net):
    X, _ = drawn(4000, SHIFTED, 3)
    far = np.abs(net.predict_proba(X) - posterior(X, SHIFTED)).mean()
    adjusted = deepcopy(net).adjust_class_prior(SHIFTED).predict_proba(X)
    assert np.abs(adjusted - posterior(X, SHIFTED)).mean() < min(0.02, far / 5)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.97])
def test_unlabelled_rows_tell_their_prior(student, share):
    X, code = drawn(6000, [share, 1 - share], 4)
    estimate = student.adjust_class_prior(X=X).class_prior_
    assert estimate.sum() == pytest.approx(1)
    assert estimate[0] == pytest.approx(np.mean(code == 0), abs=0.05)


def test_em_of_the_true_posterior_is_the_likeliest_prior():
    X, _ = drawn(3000, SHIFTED, 5)
    old = np.array([0.3, 0.7])
    found = estimated_prior(np.log(posterior(X, old)), old, tol=1e-9)
    density = posterior(X, old) / old
    shares = np.linspace(0.001, 0.999, 999)
    likelihood = [np.log(density @ [share, 1 - share]).sum() for share in shares]
    assert found[0] == pytest.approx(shares[np.argmax(likelihood)], abs=1e-3)


def test_em_that_does_not_end_says_so():
    log_p = np.log(np.full((5, 2), 0.5) + np.array([1e-3, -1e-3]))
    with pytest.warns(ConvergenceWarning, match="give `prior`"):
        estimated_prior(log_p, np.array([0.5, 0.5]), tol=1e-12, max_iter=3)


def test_nothing_changes_where_the_shares_are_the_same(student, even):
    X, _ = even
    before, old = student.predict_proba(X), student.class_prior_
    student.adjust_class_prior(old)
    np.testing.assert_allclose(student.predict_proba(X), before, atol=1e-12)
    student.adjust_class_prior(X=X)
    np.testing.assert_allclose(student.class_prior_, old, atol=0.01)


def test_calls_do_not_add_up_and_fit_drops_them(student, even):
    X, y = even
    before = student.predict_proba(X)
    once = student.adjust_class_prior(SHIFTED).predict_proba(X)
    student.adjust_class_prior([0.2, 0.8]).adjust_class_prior(X=X[:300])
    again = student.adjust_class_prior({"yes": 0.1, "no": 0.9}).predict_proba(X)
    np.testing.assert_array_equal(again, once)
    np.testing.assert_array_equal(student.fit(X, y).predict_proba(X), before)


def test_pickles_keep_the_adjustment(student, even):
    X, _ = even
    p = student.adjust_class_prior(SHIFTED).predict_proba(X)
    copy = pickle.loads(pickle.dumps(student))
    np.testing.assert_array_equal(copy.predict_proba(X), p)
    back = copy.adjust_class_prior(student.fit(*even).class_prior_)
    np.testing.assert_allclose(
        back.predict_proba(X), student.predict_proba(X), atol=1e-12
    )


def test_a_series_goes_by_its_labels(net):
    counts = pd.Series(["yes"] * 3 + ["no"]).value_counts(normalize=True)
    assert list(counts.index) == ["yes", "no"]
    np.testing.assert_array_equal(net_prior(net, counts), [0.25, 0.75])
    np.testing.assert_array_equal(net_prior(net, counts.to_dict()), [0.25, 0.75])
    with pytest.raises(ValueError, match=re.escape("names the classes [0, 1]")):
        net_prior(net, pd.Series([0.5, 0.5]))


def net_prior(net, prior):
    return deepcopy(net).adjust_class_prior(prior).class_prior_


@pytest.mark.parametrize("inference", ["mixture", "path", "leaf"])
def test_all_ways_of_inference_are_adjusted(even, inference):
    tree = deepcopy(STUDENTS[1]).set_params(inference=inference).fit(*even)
    leaves = tree.leaf_values()
    X, _ = drawn(200, SHIFTED, 6)
    expected = by_hand(tree.predict_proba(X), tree.class_prior_, SHIFTED)
    tree.adjust_class_prior(SHIFTED)
    np.testing.assert_allclose(tree.predict_proba(X), expected, atol=1e-12)
    np.testing.assert_array_equal(tree.leaf_values(), leaves)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "takes `prior`"),
        ({"prior": [0.2, 0.3, 0.5]}, "shape (3,)"),
        ({"prior": [0.9, 0.2]}, "sums to 1.1"),
        ({"prior": [1.5, -0.5]}, "from 0 to 1"),
        ({"prior": [np.nan, 1.0]}, "from 0 to 1"),
        ({"prior": ["many", "few"]}, "must be numbers"),
        ({"prior": {"no": 1.0}}, "names the classes ['no']"),
        ({"prior": {"no": 0.5, "yes": 0.5, "so": 0.0}}, "['no', 'yes', 'so']"),
        ({"X": [[0.0, 0.0, 0.0]]}, "3 features"),
        ({"X": [[np.inf, 0.0]]}, "infinity"),
    ],
)
def test_bad_calls_name_the_argument_and_change_nothing(net, even, given, message):
    student = deepcopy(net).adjust_class_prior(SHIFTED)
    before = student.predict_proba(even[0])
    with pytest.raises(ValueError, match=re.escape(message)):
        student.adjust_class_prior(**given)
    np.testing.assert_array_equal(student.predict_proba(even[0]), before)
    np.testing.assert_array_equal(student.class_prior_, SHIFTED)


def test_unfitted_students_and_several_targets_are_refused(even):
    with pytest.raises(NotFittedError):
        NeuralStudentClassifier().adjust_class_prior(SHIFTED)
    X, y = even
    several = NeuralStudentClassifier(max_epochs=1).fit(X, np.column_stack([y, y]))
    with pytest.raises(ValueError, match="for one target"):
        several.adjust_class_prior(SHIFTED)
    assert not hasattr(several, "class_prior_")


@pytest.mark.parametrize("student", [DecisionTreeClassifier(), LogisticRegression()])
def test_exact_zeros_and_unseen_classes_give_no_nan(student):
    X = np.array([[0.0], [1.0], [2.0], [3.0]] * 3)
    y = ["a", "a", "b", "b"] * 3
    fitted = StudentClassifier(student=student, classes=["a", "b", "c"]).fit(X, y)
    np.testing.assert_array_equal(fitted.class_prior_, [0.5, 0.5, 0.0])
    for prior in ([0.3, 0.7, 0.0], [0.0, 1.0, 0.0]):
        p = fitted.adjust_class_prior(prior).predict_proba(X)
        np.testing.assert_allclose(p.sum(axis=1), 1)
        assert np.isfinite(fitted.predict_log_proba(X)).all()
    with pytest.raises(ValueError, match="prior gives class 'c' a share"):
        fitted.adjust_class_prior([0.3, 0.3, 0.4])
    np.testing.assert_array_equal(fitted.predict_proba(X), p)
    found = fitted.adjust_class_prior(X=X[:6]).class_prior_
    assert found[2] < 1e-6 and found[0] > found[1]
    with pytest.raises(ValueError, match="class number 2 of classes_"):
        fitted.adjust_class_prior([0.3, 0.3, 0.4], X=X)


def test_the_prior_is_the_mean_of_what_was_learnt(even):
    X, y = even
    P = 0.8 * posterior(X, [0.3, 0.7]) + 0.1
    extra, Q = X[:50] + 3, np.tile([0.2, 0.8], (50, 1))
    weight = np.arange(1.0, len(X) + 1)
    student = StudentClassifier(classes=LABELS, alpha=0.7, transfer_weight=0.5)
    student.fit(
        X,
        y,
        sample_weight=weight,
        teacher_output=P,
        X_transfer=extra,
        transfer_output=Q,
    )
    soft = (np.average(P, axis=0, weights=weight) + 0.5 * Q[0]) / 1.5
    hard = [np.average(y == label, weights=weight) for label in LABELS]
    expected = 0.7 * soft + 0.3 * np.array(hard)
    np.testing.assert_allclose(student.class_prior_, expected)
    # A tree's leaves are means of targets, so its mean answer is the same.
    answers = student.predict_proba(np.concatenate([X, extra]))
    total = np.concatenate([weight, np.full(50, weight.sum() / 100)])
    soft_rows = np.average(answers, axis=0, weights=total)
    hard_rows = np.average(answers[: len(X)], axis=0, weights=weight)
    np.testing.assert_allclose(0.7 * soft_rows + 0.3 * hard_rows, expected)


def test_class_weights_shift_the_learnt_prior():
    X, code = drawn(2000, SHIFTED, 7)
    student = StudentClassifier(student=LogisticRegression(), class_weight="balanced")
    np.testing.assert_allclose(student.fit(X, code).class_prior_, [0.5, 0.5])
    back = student.adjust_class_prior(SHIFTED).predict_proba(X)
    assert np.abs(back - posterior(X, SHIFTED)).mean() < 0.02


def test_parts_of_the_rows_add_to_the_prior(even):
    X, y = even
    order = np.argsort(y, kind="stable")
    net = NeuralStudentClassifier(
        random_state=0, hidden_layer_sizes=(64, 64), max_epochs=50
    )
    for part in np.array_split(order, 4):  # one class after the other
        net.partial_fit(X[part], y[part], classes=LABELS)
    expected = [np.mean(y == label) for label in LABELS]
    np.testing.assert_allclose(net.class_prior_, expected)
    net.adjust_class_prior(SHIFTED).partial_fit(X[order[:500]], y[order[:500]])
    assert net.class_prior_[0] == pytest.approx((4 * expected[0] + 1) / 5)


def test_each_warm_start_counts_by_its_epochs():
    X = np.array([[0.0], [1.0]] * 10)
    net = NeuralStudentClassifier(warm_start=True, classes=LABELS, max_epochs=2)
    for epochs, label in [(2, "no"), (2, "yes"), (4, "yes"), (8, "no")]:
        net.set_params(max_epochs=epochs).fit(X, np.full(20, label))
    np.testing.assert_allclose(net.class_prior_, [10 / 16, 6 / 16])


def test_prior_and_rows_together_set_the_mean_probability(student):
    X, code = drawn(3000, SHIFTED, 8)
    shares = np.bincount(code) / len(code)
    student.adjust_class_prior(shares, X=X)
    np.testing.assert_array_equal(student.class_prior_, shares)
    p = student.predict_proba(X)
    np.testing.assert_allclose(p.mean(axis=0), shares, atol=1e-5)
    by_ratio = student.adjust_class_prior(shares).predict_proba(X)
    assert np.abs(p - by_ratio).mean() < 0.02  # both are right under a plain shift


def missing_class():
    """A teacher of three classes, and rows of two of them."""
    centres = np.array([[0.0, 0.0], [4.0, 0.0], [2.0, 3.0]])
    random = np.random.default_rng(0)
    code = np.arange(3000) % 3
    X = centres[code] + random.normal(size=(3000, 2))
    return LogisticRegression().fit(X, code), X, code


def test_a_class_without_rows_keeps_what_the_teacher_says_of_it():
    teacher, X, code = missing_class()
    net = NeuralStudentClassifier(
        teacher,
        temperature=3.0,
        random_state=0,
        hidden_layer_sizes=(64, 64),
        max_epochs=50,
    )
    net.fit(X[code != 2], code[code != 2])
    # Its rows are missing, not its share: the ratio of the priors would count it twice,
    # and the shares of whole rows do not.
    right = np.mean(teacher.predict(X) == code)
    net.adjust_class_prior(np.full(3, 1 / 3))
    assert np.mean(net.predict(X) == code) < right - 0.02
    net.adjust_class_prior(np.full(3, 1 / 3), X=X)
    assert np.mean(net.predict(X) == code) > right - 0.005


def test_a_bias_that_rows_lack_is_found_from_their_shares():
    teacher, X, code = missing_class()
    P = teacher.predict_proba(X) * [1.0, 1.0, 0.02]
    P /= P.sum(axis=1, keepdims=True)
    student = NeuralStudentClassifier(
        classes=[0, 1, 2],
        numeric_embedding=None,
        random_state=0,
        hidden_layer_sizes=(64, 64),
        max_epochs=50,
    )
    student.fit(X, teacher_output=P)
    before = np.mean(student.predict(X[code == 2]) == 2)
    student.adjust_class_prior(np.full(3, 1 / 3), X=X)
    assert np.mean(student.predict(X[code == 2]) == 2) > before + 0.2
    np.testing.assert_allclose(
        student.predict_proba(X), teacher.predict_proba(X), atol=0.1
    )


def test_neighbours_are_adjusted_without_a_pass_over_the_training_rows(even):
    X, y = even
    student = StudentClassifier(student=KNeighborsClassifier(15), label_rows="draw")
    p = student.fit(X, y).predict_proba(X)
    expected = by_hand(p, student.class_prior_, SHIFTED)
    adjusted = student.adjust_class_prior(SHIFTED).predict_proba(X)
    np.testing.assert_allclose(adjusted, expected, atol=1e-12)
