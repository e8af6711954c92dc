"""The recipe for an additive student: an EBM that learns the teacher's log odds."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import GridSearchCV

from skdistill import StudentClassifier, StudentRegressor, soft_targets
from skdistill.metrics import fidelity

glassbox = pytest.importorskip("interpret.glassbox")
# The EBM's own pictures leave gaps out, and it says so.
pytestmark = pytest.mark.filterwarnings("ignore:Missing values detected")

OPTIONS = {"interactions": 0, "max_bins": 32, "outer_bags": 2, "n_jobs": 1}
EBM = glassbox.ExplainableBoostingRegressor(**OPTIONS, max_rounds=1000)


def recipe(teacher=None, **params):
    return StudentClassifier(
        teacher, student=EBM, targets="logits", preprocessor=None, **params
    )


def table(seed, n=400):
    """Numbers with gaps, categories, and log odds that are a sum over the columns."""
    random = np.random.default_rng(seed)
    X = pd.DataFrame(
        {
            "z": random.uniform(-2, 2, n),
            "gappy": np.where(random.random(n) < 0.3, np.nan, random.normal(size=n)),
            "kind": pd.Categorical(random.choice(["a", "b", "c"], n)),
        }
    )
    steps = X.kind.map({"a": -1.0, "b": 0.0, "c": 1.0}).astype(float)
    odds = np.sin(2 * X.z) + steps + X.gappy.isna()
    labels = np.where(random.random(n) < expit(odds), "yes", "no")
    return X, labels, odds.to_numpy()


@pytest.fixture
def booster():
    return HistGradientBoostingClassifier(
        max_iter=20, categorical_features="from_dtype", random_state=0
    )


def test_the_curves_add_up_to_the_students_log_odds(booster):
    X, y, _ = table(0)
    student = recipe(booster.fit(X, y), random_state=0).fit(X, y)
    ebm = student.student_
    assert ebm.feature_types_in_ == ["continuous", "continuous", "nominal"]
    total = ebm.eval_terms(X).sum(axis=1) + ebm.intercept_
    p = student.predict_proba(X)
    np.testing.assert_allclose(logit(p[:, 1]), total, atol=1e-9)
    np.testing.assert_array_equal(student.predict(X) == "yes", total > 0)
    # A gap, and each category, have a place of their own.
    assert ebm.bin_weights_[1][0] == X.gappy.isna().sum()
    assert list(ebm.bins_[2][0]) == ["a", "b", "c"]


@pytest.mark.parametrize("seed", range(3))
def test_it_is_closer_to_an_additive_teacher_than_what_labels_teach(seed):
    X, y, odds = table(seed)
    fresh, _, truth = table(seed + 100)
    taught, true = (np.column_stack([1 - expit(z), expit(z)]) for z in (odds, truth))
    student = recipe(random_state=seed).fit(X, y, teacher_output=taught)
    control = glassbox.ExplainableBoostingClassifier(**OPTIONS, random_state=seed)
    lost, missed = (
        fidelity(model.predict_proba(fresh), true)["kl"]
        for model in (student, control.fit(X, y))
    )
    assert lost < 0.5 * missed


def test_it_is_cloned_searched_and_pickled(booster):
    X, y, _ = table(0)
    booster.fit(X, y)
    search = GridSearchCV(
        recipe(booster, random_state=0), {"student__max_rounds": [1, 100]}, cv=3
    )
    best = search.fit(X, y).best_estimator_
    assert best.teacher is booster and search.best_params_["student__max_rounds"] == 100
    p = best.predict_proba(X)
    again = clone(best).fit(X, y)
    for same in (pickle.loads(pickle.dumps(best)), again):
        np.testing.assert_array_equal(same.predict_proba(X), p)


def test_of_several_classes_each_has_curves(iris, iris_forest):
    X, y = iris
    student = recipe(iris_forest, random_state=0).fit(X, y)
    scores = np.column_stack(
        [
            ebm.eval_terms(X).sum(axis=1) + ebm.intercept_
            for ebm in student.student_.estimators_
        ]
    )
    log_p = student.predict_log_proba(X)
    difference = log_p - log_p[:, :1]
    np.testing.assert_allclose(difference, scores - scores[:, :1], atol=1e-9)
    kept = fidelity(student.predict_proba(X), soft_targets(iris_forest, X))
    assert kept["agreement"] > 0.9


def test_values_too(diabetes, diabetes_forest):
    X, y = diabetes
    student = StudentRegressor(diabetes_forest, student=EBM, preprocessor=None)
    assert student.fit(X, y).score(X, diabetes_forest.predict(X)) > 0.5
