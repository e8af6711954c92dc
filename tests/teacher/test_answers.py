"""Answers of every kind as probabilities."""

import warnings

import numpy as np
import pytest
from scipy import sparse
from scipy.special import expit, log_softmax, softmax
from sklearn.base import clone
from sklearn.ensemble import BaggingClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import DecisionTreeClassifier

from skdistill import NeuralStudentClassifier, soft_targets
from skdistill.teacher.ensemble import Teacher
from skdistill.teacher.probabilities import FLOOR


def test_predict_proba_is_taken_as_it_is(iris):
    X, y = iris
    model = LogisticRegression(max_iter=1000).fit(X, y)
    np.testing.assert_allclose(
        soft_targets(model, X), model.predict_proba(X), atol=1e-6
    )


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_decision_function_of_many_classes_is_softmaxed(iris, temperature):
    X, y = iris
    model = LinearSVC().fit(X, y)
    expected = softmax(model.decision_function(X) / temperature, axis=1)
    np.testing.assert_allclose(soft_targets(model, X, temperature), expected)


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_binary_decision_function_is_one_logit(iris, temperature):
    X, y = iris[0][:100], iris[1][:100]
    model = SVC().fit(X, y)
    expected = expit(model.decision_function(X) / temperature)
    np.testing.assert_allclose(soft_targets(model, X, temperature)[:, 1], expected)


def test_labels_alone_are_one_hot_with_a_floor(iris):
    X, y = iris

    class Rule:
        classes_ = np.unique(y)

        def predict(self, X):
            return self.classes_[(X[:, 2] > 2.5).astype(int) + (X[:, 3] > 1.7)]

    P = soft_targets(Rule(), X)
    np.testing.assert_array_equal(Rule.classes_[P.argmax(axis=1)], Rule().predict(X))
    assert 0 < P.min() <= FLOOR and P.max() < 1


def test_forest_votes_are_smoothed_as_by_one_more_tree(iris):
    X, y = iris
    forest = RandomForestClassifier(7, random_state=0).fit(X, y)
    smoothed = (7 * forest.predict_proba(X) + 1 / 3) / 8
    for form in (
        forest,
        FrozenEstimator(forest),
        make_pipeline(FunctionTransformer(), forest),
        GridSearchCV(forest, {"max_depth": [None]}, cv=2).fit(X, y),
    ):
        expected = smoothed
        if isinstance(form, GridSearchCV):
            expected = (7 * form.predict_proba(X) + 1 / 3) / 8
        np.testing.assert_allclose(soft_targets(form, X), expected)


def test_bagged_models_that_are_no_trees_are_not_smoothed(iris):
    X, y = iris
    bag = BaggingClassifier(LogisticRegression(max_iter=1000), 2).fit(X, y)
    np.testing.assert_allclose(soft_targets(bag, X), bag.predict_proba(X), atol=1e-6)
    trees = BaggingClassifier(n_estimators=3, random_state=0).fit(X, y)
    expected = (3 * trees.predict_proba(X) + 1 / 3) / 4
    np.testing.assert_allclose(soft_targets(trees, X), expected)


def test_zeros_have_a_floor_and_order_is_kept(iris):
    X, y = iris
    tree = DecisionTreeClassifier(max_depth=1).fit(X, y)
    P = soft_targets(tree, X)
    assert P.min() > 0
    np.testing.assert_allclose(P, tree.predict_proba(X), atol=2 * FLOOR)
    softened = soft_targets(tree, X, temperature=50)
    assert (softened.min(axis=1) > 0.2).all()


def test_pipelines_and_searches_answer(iris):
    X, y = iris
    pipe = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y)
    search = GridSearchCV(pipe, {"logisticregression__C": [1.0]}, cv=2).fit(X, y)
    for model in (pipe, search):
        np.testing.assert_allclose(
            soft_targets(model, X), model.predict_proba(X), atol=1e-6
        )


def test_smoothing_does_not_touch_logits():
    logits = np.array([[0.0, 300.0, -20.0]])

    class Margins:
        classes_ = np.arange(3)

        def decision_function(self, X):
            return logits

    (log_p,) = Teacher.of(Margins()).log_probabilities([[0]], [np.arange(3)])
    np.testing.assert_allclose(log_p, log_softmax(logits, axis=1))


class OnlyPredicts:
    """As a booster or a Keras model does: probabilities out of ``predict``."""

    def __init__(self, answer):
        self.answer = answer

    def predict(self, X):
        return self.answer[: len(X)]


@pytest.mark.parametrize(
    "answer",
    [np.full((150, 3), 1 / 3), np.full(150, 0.7), np.repeat("oak", 150)],
    ids=["probabilities", "one column", "unknown labels"],
)
def test_predict_must_return_labels(iris, answer):
    teacher = OnlyPredicts(answer)
    names = ["setosa", "versicolor", "virginica"]
    with pytest.raises(ValueError, match="only `predict`.*teacher=model.predict"):
        soft_targets(teacher, iris[0], classes=names)
    if answer.ndim == 2:
        P = soft_targets(teacher.predict, iris[0], classes=names)
        np.testing.assert_allclose(P, answer)


class Shares:
    """A classifier of three classes, each scored against all others."""

    classes_ = np.arange(3)

    def __init__(self, *rows):
        self.rows = np.array(rows)

    def predict_proba(self, X):
        return self.rows[np.asarray(X)[:, 0].astype(int)]

    def predict(self, X):
        return self.predict_proba(X).argmax(axis=1)


def test_what_a_classifier_calls_probabilities_is_normalised():
    teacher = Shares([0.5, 0.7, 0.6], [0.6, 0.1, 0.1])
    expected = [[0.5 / 1.8, 0.7 / 1.8, 0.6 / 1.8], [0.75, 0.125, 0.125]]
    np.testing.assert_allclose(soft_targets(teacher, [[0], [1]]), expected)
    with pytest.raises(
        ValueError, match="summing to 1"
    ):  # a function says no such thing
        soft_targets(teacher.predict_proba, [[0], [1]])
    with pytest.raises(ValueError, match="the smallest entry is -0.1"):
        soft_targets(Shares([-0.1, 0.5, 0.6]), [[0]])


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ([20.0, 30.0, 50.0], [0.2, 0.3, 0.5]),
        ([0.01, 0.02, 0.01], [0.25, 0.5, 0.25]),
        ([0.0, 0.0, 0.0], [1 / 3, 1 / 3, 1 / 3]),  # for no class more than for another
    ],
)
def test_one_warning_of_rows_far_from_1(row, expected):
    teacher, X = Shares([0.3, 0.3, 0.5], row), np.repeat([[0], [1]], 15_000, axis=0)
    with pytest.warns(UserWarning, match="They are normalised") as told:
        soft = soft_targets(teacher, X, n_jobs=1)  # in three parts
    assert len(told) == 1
    np.testing.assert_allclose(soft[-1], expected, rtol=1e-6)


@pytest.mark.parametrize("names", [None, ["b", "c", "a"]])
def test_one_against_all_others_by_margins(iris, names):
    X, y = iris
    y = y if names is None else np.array(names)[np.unique(y, return_inverse=True)[1]]
    model = OneVsRestClassifier(LinearSVC()).fit(X, y)
    expected = softmax(model.decision_function(X), axis=1)
    np.testing.assert_allclose(soft_targets(model, X), expected)
    two = OneVsRestClassifier(LinearSVC()).fit(X[:100], y[:100])
    expected = expit(two.decision_function(X))
    np.testing.assert_allclose(soft_targets(two, X)[:, 1], expected)


@pytest.mark.parametrize(
    "model",
    [
        OneVsRestClassifier(LinearSVC()),
        OneVsRestClassifier(LogisticRegression()),
        MLPClassifier(30, max_iter=300, solver="lbfgs"),
    ],
    ids=["margins", "probabilities", "net"],
)
def test_several_labels_are_not_one_against_all_others(iris, model):
    """The same numbers, but of labels that do not exclude each other."""
    X, y = iris
    Y = np.column_stack([y != "setosa", X[:, 0] > 5.8, X[:, 1] > 3]).astype(int)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        model = clone(model).fit(X, Y)
    if hasattr(model, "predict_proba"):
        expected = model.predict_proba(X)
    else:
        expected = expit(model.decision_function(X))
    soft = soft_targets(model, X, classes=[[0, 1]] * 3)
    for part, p in zip(soft, expected.T, strict=True):
        np.testing.assert_allclose(part[:, 1], p, atol=1e-6)
    student = NeuralStudentClassifier(model, max_epochs=1, transfer=None).fit(X, Y)
    assert student.predict_proba(X).shape == (150, 3)
    with pytest.raises(ValueError, match="several labels at once.*pair for each"):
        soft_targets(model, X)
    for labels in (None, y):
        with pytest.raises(ValueError, match="several labels at once|share no class"):
            NeuralStudentClassifier(
                model, alpha=1.0, hidden_layer_sizes=(64, 64), max_epochs=50
            ).fit(X, labels)


def test_a_multi_output_classifier_teaches_as_many_targets(iris):
    X, y = iris
    model = DecisionTreeClassifier().fit(X, np.column_stack([y, y == "setosa"]))
    soft = soft_targets(model, X)
    for ours, theirs in zip(soft, model.predict_proba(X), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-6)
    with pytest.raises(ValueError, match="predicts 2 targets at once, and y has 1"):
        NeuralStudentClassifier(model, hidden_layer_sizes=(64, 64), max_epochs=50).fit(
            X, y
        )


def test_sparse_probabilities_are_as_good_as_dense(iris):
    X, y = iris
    model = DecisionTreeClassifier(max_depth=2).fit(X, y)

    class Sparse:
        classes_ = model.classes_

        def predict_proba(self, X):
            return sparse.csr_array(model.predict_proba(X))

    np.testing.assert_array_equal(soft_targets(Sparse(), X), soft_targets(model, X))
