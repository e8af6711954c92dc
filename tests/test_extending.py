"""What docs/guide/how_it_is_built says of new parts, by adding one of each."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import NearestCentroid

from skdistill import (
    HardDecisionTreeRegressor,
    NeuralStudentRegressor,
    StudentClassifier,
    soft_targets,
)
from skdistill.checks import student_checks
from skdistill.learners.base import Learner, Model
from skdistill.students.tasks import ClassifierStudent
from skdistill.teacher import dialects, models
from skdistill.training.objective import REGISTRY, Loss


class Grader:
    """A model of a library that nobody knows: it grades rows by percent."""

    def __init__(self, inside):
        self.inside = inside

    def grade(self, rows):
        return 100 * self.inside.predict_proba(rows)


class GraderModel(models.Model):
    @staticmethod
    def takes(model):
        return isinstance(model, Grader)

    def check(self):
        pass

    def labels(self):
        return self.model.inside.classes_

    def ask(self, X, classify, labels=None):
        return self.model.grade(X) / 100, models.PROBABILITY


def test_a_teacher(monkeypatch):
    X, y = load_iris(return_X_y=True)
    inside = LogisticRegression(max_iter=1000).fit(X, y)
    with pytest.raises(TypeError, match="cannot be asked"):
        soft_targets(Grader(inside), X)
    monkeypatch.setattr(dialects, "DIALECTS", (GraderModel, *dialects.DIALECTS))
    np.testing.assert_allclose(
        soft_targets(Grader(inside), X), inside.predict_proba(X), atol=1e-6
    )
    student = StudentClassifier(Grader(inside)).fit(X, y)
    assert student.score(X, inside.predict(X)) > 0.9


def test_a_loss(monkeypatch):
    def absolute(output, target, temperature):
        return (output - target).abs().mean(dim=1)

    monkeypatch.setitem(REGISTRY, "absolute", Loss("regressor", absolute))
    X, y = np.arange(40.0)[:, None], np.where(np.arange(40) == 7, 1e3, 0.0)
    student = NeuralStudentRegressor(loss="absolute", max_epochs=30, random_state=0)
    around_the_median = student.fit(X, y).predict(X).mean()
    around_the_mean = student.set_params(loss="mse").fit(X, y).predict(X).mean()
    assert abs(around_the_median) < abs(around_the_mean)


class Doubled:
    """A sampler: each row once more, twice as large."""

    def fit(self, X):
        self.X_ = np.asarray(X)
        return self

    def sample(self, n=None, random_state=None):
        return 2 * self.X_, np.arange(len(self.X_))[:, None]

    def get_params(self, deep=True):
        return {}

    def set_params(self, **params):
        return self


def test_a_sampler():
    asked = []

    def teacher(X):
        asked.append(np.asarray(X))
        return X[:, 0]

    X = np.random.default_rng(0).normal(size=(50, 2))
    student = HardDecisionTreeRegressor(teacher, transfer=Doubled(), max_leaf_nodes=3)
    student.fit(X, X[:, 0])
    np.testing.assert_array_equal(asked[1], 2 * X)


class CentroidModel(Model):
    def __init__(self, centroids):
        self.centroids = centroids

    def outputs(self, x):
        away = ((x[:, None] - self.centroids) ** 2).sum(axis=2)
        return -away - np.log(np.exp(-away).sum(axis=1, keepdims=True))


class CentroidLearner(Learner):
    def learn(self, lesson):
        yield from ()
        x = self.see(lesson.read.X)
        alpha = self.params.alpha
        target, weight = self.task.joint(lesson.knowledge.used(alpha), alpha)
        mass = (target * weight[:, None])[: len(x)]
        return CentroidModel(mass.T @ x / mass.sum(axis=0)[:, None])


class CentroidStudent(ClassifierStudent):
    """Classes by their centroids, to which soft targets pull each row in part."""

    _parameter_constraints: dict = {**ClassifierStudent._parameter_constraints}
    _parameter_constraints.pop("temperature")
    temperature = 1.0

    def __init__(
        self,
        teacher=None,
        *,
        teacher_weights=None,
        classes=None,
        teacher_calibration=None,
        alpha=1.0,
        cv=None,
        transfer_teacher="refit",
        n_jobs=None,
        memory=None,
        transfer=None,
        transfer_weight=None,
        class_weight=None,
        preprocessor="auto",
        keep_teacher=True,
        random_state=None,
    ):
        for name, value in locals().items():
            if name not in ("self", "__class__"):
                setattr(self, name, value)

    def _learner(self):
        return CentroidLearner(self.get_params(deep=False), self._task, self._see)

    def _settle(self, model, lesson):
        self.centroids_ = model.centroids

    def _model(self):
        return CentroidModel(self.centroids_)


def test_a_learner_and_its_student():
    X, y = load_iris(return_X_y=True)
    control = CentroidStudent(preprocessor=None).fit(X, y)
    centroids = NearestCentroid().fit(X, y).centroids_
    np.testing.assert_allclose(control.centroids_, centroids)
    teacher = LogisticRegression(max_iter=1000).fit(X, y)
    taught = CentroidStudent(teacher).fit(X)
    assert taught.score(X, teacher.predict(X)) > 0.8
    search = GridSearchCV(CentroidStudent(teacher), {"alpha": [0.0, 1.0]}, cv=3)
    assert search.fit(X, y).best_score_ > 0.8
    auto = clone(taught).set_params(teacher=clone(teacher), alpha="auto")
    auto.fit(np.concatenate([X, X]), np.concatenate([y, y]))
    assert 0 <= auto.alpha_ <= 1 and np.isfinite(auto.teacher_gain_)


@pytest.mark.parametrize("check", student_checks(), ids=lambda check: check.__name__)
def test_a_new_student_keeps_the_contract(check):
    if check.__name__ == "check_pickle_then_warm_start":
        pytest.skip("another process would have to import this file")
    check(CentroidStudent())
