"""Soft targets as weighted label rows, and trees that need none."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from skdistill import StudentClassifier, soft_targets
from skdistill.learners.label_rows import drawn_label_rows, truncated_label_rows


@pytest.mark.parametrize(
    "params",
    [
        {"max_leaf_nodes": 5},
        {"max_leaf_nodes": 20},
        {"max_depth": 3, "min_samples_leaf": 7},
        {"ccp_alpha": 0.01, "min_samples_leaf": 3},
        {"min_impurity_decrease": 0.02},
        {"max_features": 2, "random_state": 3, "max_depth": 4},
        {"splitter": "random", "random_state": 3, "max_depth": 4},
    ],
)
@pytest.mark.parametrize("weighted", [False, True])
def test_a_tree_classifier_has_the_splits_of_the_regression_tree(
    iris, iris_forest, params, weighted
):
    X, y = iris
    X = X + np.random.default_rng(1).normal(scale=0.01, size=X.shape)  # no ties
    weight = np.random.default_rng(0).integers(1, 4, 150) if weighted else None
    params = {"random_state": 0, **params}  # ties are broken by it
    tree = DecisionTreeClassifier(**params)
    student = StudentClassifier(iris_forest, student=tree).fit(
        X, y, sample_weight=weight
    )
    ours, P = student.student_["model"], soft_targets(iris_forest, X)
    scale = {
        k: params[k] / 3 for k in ("ccp_alpha", "min_impurity_decrease") if k in params
    }
    grown = DecisionTreeRegressor(**{**params, **scale}).fit(X, P, sample_weight=weight)
    np.testing.assert_array_equal(ours.tree_.feature, grown.tree_.feature)
    np.testing.assert_array_equal(ours.tree_.threshold, grown.tree_.threshold)
    np.testing.assert_allclose(student.predict_proba(X), grown.predict(X), atol=1e-12)
    np.testing.assert_array_equal(ours.predict(X), student.predict(X))


def test_label_rows_give_a_tree_the_same_splits(iris, iris_forest):
    """The identity behind it: weighted label rows have the same Gini impurities."""
    X, y = iris
    P = soft_targets(iris_forest, X)
    rows, codes = np.repeat(np.arange(150), 3), np.tile(np.arange(3), 150)
    direct = DecisionTreeClassifier(max_leaf_nodes=6, random_state=0)
    direct.fit(X[rows], iris_forest.classes_[codes], sample_weight=P.ravel())
    tree = DecisionTreeClassifier(max_leaf_nodes=6, random_state=0)
    student = StudentClassifier(iris_forest, student=tree).fit(X, y)
    np.testing.assert_allclose(
        student.predict_proba(X), direct.predict_proba(X), atol=1e-9
    )
    impurity = student.student_["model"].tree_.impurity
    np.testing.assert_allclose(impurity, direct.tree_.impurity, atol=1e-9)


def test_too_many_label_rows_are_cut_and_the_error_is_said(iris, iris_forest):
    X, y = iris
    P = soft_targets(iris_forest, X)
    model = LogisticRegression(max_iter=1000)
    cut = StudentClassifier(iris_forest, student=model, max_label_rows=150).fit(X, y)
    np.testing.assert_allclose(cut.label_error_, 1 - P.max(axis=1).mean())
    drawn = StudentClassifier(
        iris_forest, student=KNeighborsClassifier(), label_rows="draw", random_state=0
    )
    few, many = (
        drawn.set_params(max_label_rows=n).fit(X, y).label_error_ for n in (600, 60_000)
    )
    assert 0 < many < few / 3  # falls with the root of their number
    with pytest.raises(ValueError, match="max_label_rows=149 is less than"):
        cut.set_params(max_label_rows=149).fit(X, y)


def test_label_rows_keep_weights_and_the_limit():
    random = np.random.RandomState(0)
    p = random.dirichlet(np.ones(6), 40)
    weight = random.uniform(0.5, 2, 40)
    for made in (
        truncated_label_rows(p, weight, 100),
        drawn_label_rows(p, weight, 100, random),
    ):
        assert len(made.row) <= 100
        np.testing.assert_allclose(np.bincount(made.row, made.weight), weight)
        said = np.zeros_like(p)
        np.add.at(said, (made.row, made.code), made.weight)
        distance = np.abs(said / weight[:, None] - p).sum(axis=1) / 2
        np.testing.assert_allclose(made.error, np.average(distance, weights=weight))
    whole = truncated_label_rows(p, weight, 240)
    assert whole.error == 0 and len(whole.row) == 240
    many = drawn_label_rows(p, weight, 40 * 1000, random)
    assert many.error < 6 / 1000
