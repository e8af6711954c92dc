"""A search with one pass of the teacher and one training, and GridSearchCV's scores."""

import pickle
import threading

import numpy as np
import pytest
from counting import Counted, Log
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from small_students import NUMBERS, SMALL, forest

from skdistill import (
    DistillationSearchCV,
    HalvingDistillationSearchCV,
    NeuralStudentClassifier,
)


def test_a_teacher_is_fitted_and_asked_once_for_each_fold(data, tmp_path):
    log = Log(tmp_path / "log")
    unfitted = Counted(str(log.path), max_iter=1000)
    student = NeuralStudentClassifier(unfitted, transfer=None, **SMALL)
    search = DistillationSearchCV(student, NUMBERS, cv=5).fit(*data)
    lines = log.new()
    assert sum(line.startswith("fit") for line in lines) == 6
    asked = sorted(line for line in lines if line.startswith("ask"))
    assert asked == ["ask 120"] * 5 + ["ask 150"]
    assert search.best_estimator_.memory is None
    teacher = Counted(str(log.path), max_iter=1000).fit(*data)
    student = NeuralStudentClassifier(teacher, transfer=None, **SMALL)
    log.new()
    search = DistillationSearchCV(student, NUMBERS, cv=5).fit(*data)
    assert sorted(log.new()) == ["ask 120"] * 5 + ["ask 150"]
    assert search.best_estimator_.teacher_ is teacher
    clone(student).fit(*data)  # what was kept is gone with the search
    assert log.new() == ["ask 150"]


def test_fitted_teachers_in_a_grid_are_used_as_they_are(data):
    X, y = data
    teachers = [
        LogisticRegression(max_iter=1000).fit(X[:, :4], y),
        [forest().fit(X, y), RandomForestClassifier(3, random_state=1).fit(X, y)],
        None,
    ]
    student = NeuralStudentClassifier(transfer=None, **SMALL)
    grid = {"teacher": teachers, "temperature": [1.0, 2.0]}
    ours = DistillationSearchCV(student, grid, cv=3).fit(X, y)
    coefficients = teachers[0].coef_.copy()
    frozen = [
        FrozenEstimator(teachers[0]),
        [FrozenEstimator(member) for member in teachers[1]],
        None,
    ]
    theirs = GridSearchCV(student, grid | {"teacher": frozen}, cv=3).fit(X, y)
    key = "mean_test_score"
    np.testing.assert_allclose(
        ours.cv_results_[key], theirs.cv_results_[key], atol=1e-3
    )
    np.testing.assert_array_equal(teachers[0].coef_, coefficients)
    assert ours.param_grid["teacher"][0] is teachers[0]


def test_several_metrics_pipelines_and_fit_parameters(data):
    X, y = data
    pipeline = make_pipeline(StandardScaler(), NeuralStudentClassifier(**SMALL))
    grid = {"neuralstudentclassifier__lr": [0.01, 0.1]}
    scoring = {"acc": "accuracy", "loss": "neg_log_loss"}
    search = DistillationSearchCV(pipeline, grid, scoring=scoring, refit="loss", cv=3)
    weight = np.where(y == 0, 2.0, 1.0)
    search.fit(X, y, neuralstudentclassifier__sample_weight=weight)
    other = GridSearchCV(pipeline, grid, scoring=scoring, refit="loss", cv=3)
    other.fit(X, y, neuralstudentclassifier__sample_weight=weight)
    for name in ("mean_test_acc", "mean_test_loss"):
        found, wanted = search.cv_results_[name], other.cv_results_[name]
        np.testing.assert_allclose(found, wanted, atol=1e-3)
    assert search.multimetric_ and search.best_params_ == other.best_params_
    P = forest().fit(X, y).predict_proba(X)
    student = NeuralStudentClassifier(**SMALL)
    search = DistillationSearchCV(student, NUMBERS, cv=3, refit=False)
    search.fit(X, y, teacher_output=P)
    assert not hasattr(search, "best_estimator_")
    twin = pickle.loads(pickle.dumps(search))
    assert twin.cv_results_["params"] == search.cv_results_["params"]
    assert clone(search).get_params()["cv"] == 3


@pytest.mark.parametrize("keeps", [False, True])
def test_a_teacher_that_is_a_student_is_fitted_by_itself(data, tmp_path, keeps):
    log = Log(tmp_path / "log")
    inner = NeuralStudentClassifier(Counted(str(log.path), max_iter=1000), **SMALL)
    student = NeuralStudentClassifier(inner, **SMALL)
    student.set_params(memory=str(tmp_path / "kept") if keeps else None)
    grid = {"temperature": [1.0, 2.0, 4.0]}
    DistillationSearchCV(student, grid, cv=2, refit=False).fit(*data)
    assert sum(line.startswith("fit") for line in log.new()) == 2


def test_a_teacher_without_a_content_is_asked_every_time(data):
    class Locked(LogisticRegression):
        def fit(self, X, y):
            self.lock_ = threading.Lock()
            return super().fit(X, y)

    teacher = Locked(max_iter=1000).fit(*data)
    student = NeuralStudentClassifier(teacher, transfer=None, **SMALL)
    grid = {"temperature": [1.0, 2.0]}
    search = DistillationSearchCV(student, grid, cv=2).fit(*data)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("resource", ["max_epochs", "n_samples"])
@pytest.mark.slow
def test_halving_is_that_of_scikit_learn(resource, data, joined, tmp_path):
    log = Log(tmp_path / "log")
    teacher = Counted(str(log.path), max_iter=1000)
    student = NeuralStudentClassifier(teacher, transfer=None, **SMALL)
    options = {"cv": 3, "random_state": 0, "factor": 2}
    if resource == "max_epochs":
        options |= {"resource": resource, "max_resources": 8}
    ours = HalvingDistillationSearchCV(student, NUMBERS, **options).fit(*data)
    fits = sum(line.startswith("fit") for line in log.new())
    theirs = HalvingGridSearchCV(student, NUMBERS, **options).fit(*data)
    assert ours.n_candidates_ == theirs.n_candidates_ == [8, 4, 2, 1]
    assert ours.n_resources_ == theirs.n_resources_
    for key in ("iter", "n_resources", "mean_test_score", "std_test_score"):
        np.testing.assert_allclose(
            ours.cv_results_[key], theirs.cv_results_[key], atol=1e-6
        )
    assert ours.best_params_ == theirs.best_params_
    assert max(joined) >= 4
    rounds = 1 if resource == "max_epochs" else 4
    assert fits == 3 * rounds + 1


def test_halving_freezes_fitted_teachers_too(data):
    teachers = [forest().fit(*data), LogisticRegression(max_iter=1000).fit(*data)]
    grid = {"teacher": teachers, "lr": [0.01, 0.1]}
    search = HalvingDistillationSearchCV(
        NeuralStudentClassifier(transfer=None, **SMALL),
        grid,
        resource="max_epochs",
        max_resources=4,
        factor=2,
        cv=2,
        random_state=0,
    ).fit(*data)
    frozen = search.best_estimator_.teacher_
    assert any(frozen.estimator is teacher for teacher in teachers)
