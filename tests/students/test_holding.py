"""A teacher that is cloned, searched, copied, pickled and routed with its student."""

import copy
import pickle

import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
    StudentClassifier,
    StudentRegressor,
)
from skdistill.teacher.members import DroppedTeacher

CLASSIFIERS = [NeuralStudentClassifier, SoftDecisionTreeClassifier]
REGRESSORS = [NeuralStudentRegressor, SoftDecisionTreeRegressor]
STUDENTS = [
    *(*CLASSIFIERS, HardDecisionTreeClassifier, StudentClassifier),
    *(*REGRESSORS, HardDecisionTreeRegressor, StudentRegressor),
]


@pytest.mark.filterwarnings("ignore:.*worker stopped:UserWarning")
@pytest.mark.slow
def test_failing_searches_with_two_jobs_leave_the_teacher(iris, iris_forest):
    X, y = iris
    before = iris_forest.predict_proba(X)
    for teacher in (iris_forest, FrozenEstimator(iris_forest)):
        student = NeuralStudentClassifier(teacher, max_epochs=2)
        search = GridSearchCV(student, {"teacher__max_depth": [1]}, cv=2, n_jobs=2)
        with pytest.raises(ValueError, match="cannot be set"):
            search.fit(X, y)
        np.testing.assert_array_equal(iris_forest.predict_proba(X), before)


@pytest.mark.parametrize("n_jobs", [1, pytest.param(2, marks=pytest.mark.slow)])
@pytest.mark.filterwarnings("ignore:.*worker stopped:UserWarning")
def test_grid_search_over_temperature_shares_the_fitted_forest(iris, n_jobs):
    X, y = iris
    forest = RandomForestClassifier(10, random_state=0).fit(X, y)
    before = forest.predict_proba(X)
    student = SoftDecisionTreeClassifier(forest, max_depth=2, max_epochs=3)
    search = GridSearchCV(student, {"temperature": [1, 2, 4]}, cv=2, n_jobs=n_jobs)
    search.fit(X, y)
    assert student.teacher is forest and search.estimator.teacher is forest
    assert search.best_estimator_.teacher is forest
    np.testing.assert_array_equal(forest.predict_proba(X), before)


def test_an_unfitted_teacher_is_cloned_and_fitted_inside(iris):
    X, y = iris
    forest = RandomForestClassifier(5, random_state=0)
    model = make_pipeline(
        StandardScaler(), NeuralStudentClassifier(forest, max_epochs=3)
    )
    model.fit(X, y)
    assert not hasattr(forest, "estimators_")
    inner = model[-1].teacher_
    assert inner is not forest and len(inner.estimators_) == 5
    assert len(cross_val_score(model, X, y, cv=3)) == 3


def test_nested_parameters_of_an_unfitted_teacher_can_be_searched(iris):
    X, y = iris
    student = NeuralStudentClassifier(RandomForestClassifier(3), max_epochs=2)
    search = GridSearchCV(student, {"teacher__max_depth": [1, 3]}, cv=2).fit(X, y)
    assert search.best_estimator_.teacher.max_depth in (1, 3)
    replaced = clone(student).set_params(
        teacher=LogisticRegression(), teacher__C=3.0, temperature=2.0
    )
    assert replaced.teacher.C == 3.0


def test_set_params_refuses_to_touch_a_fitted_teacher(iris_forest):
    for teacher in (iris_forest, FrozenEstimator(iris_forest), [iris_forest]):
        student = NeuralStudentClassifier(
            teacher, hidden_layer_sizes=(64, 64), max_epochs=50
        )
        with pytest.raises(ValueError, match=r"'teacher__max_depth'.*FrozenEstimator"):
            student.set_params(teacher__max_depth=1, temperature=9.0)
        assert student.temperature != 9.0
    assert iris_forest.max_depth is None


@pytest.mark.parametrize("Student", STUDENTS)
def test_set_params_takes_what_get_params_says(Student, iris_forest, diabetes_forest):
    fitted = diabetes_forest if "Regressor" in Student.__name__ else iris_forest
    unfitted = type(fitted)(n_estimators=2)
    for teacher in (
        *(None, fitted, FrozenEstimator(fitted), [fitted, FrozenEstimator(fitted)]),
        *(unfitted, [unfitted, unfitted], fitted.predict, DroppedTeacher()),
    ):
        student = Student(teacher)
        params = student.get_params()
        student.set_params(**params)
        inner = {name for name in params if name.startswith("teacher__")}
        shown = unfitted.get_params() if teacher is unfitted else {}
        assert inner == {f"teacher__{name}" for name in shown}
        assert student.get_params(deep=False).keys() == params.keys() - inner
        assert student.teacher is teacher
        assert "teacher_weights" in params


@pytest.mark.parametrize("Student", STUDENTS)
def test_a_copy_keeps_the_teacher_and_a_pickle_does_not(
    Student, iris, diabetes, iris_forest, diabetes_forest
):
    is_regressor = "Regressor" in Student.__name__
    X, y = (each[::5][:30] for each in (diabetes if is_regressor else iris))
    teacher = diabetes_forest if is_regressor else iris_forest
    options = {"keep_teacher": False, "transfer": None, "random_state": 0}
    quick = {"max_epochs": 1, "max_leaf_nodes": 2}
    options.update({k: v for k, v in quick.items() if k in Student().get_params()})
    student = Student(teacher, **options).fit(X, y)
    for again in (student, copy.copy(student), clone(student)):
        assert again.fit(X, y).teacher is teacher
        assert not hasattr(again, "teacher_")
    pickle.loads(pickle.dumps(clone(student))).fit(X, y)  # as to another process
    back = pickle.loads(pickle.dumps(student))
    for dropped in (back, clone(back), copy.copy(back), copy.deepcopy(student)):
        with pytest.raises(ValueError, match=r"left out of .*set_params\(teacher="):
            dropped.fit(X, y)
    back.set_params(teacher=teacher).fit(X, y)
    tags = [get_tags(each) for each in (student, back)]
    assert tags[0].input_tags == tags[1].input_tags


def test_a_search_with_a_student_that_drops_its_teacher(iris, iris_forest):
    X, y = iris
    student = StudentClassifier(iris_forest, keep_teacher=False).fit(X, y)
    search = GridSearchCV(student, {"alpha": [0.5, 1.0]}, cv=2, error_score="raise")
    search.fit(X, y)
    assert search.best_estimator_.teacher is iris_forest
    assert not hasattr(search.best_estimator_, "teacher_")


def test_a_grid_over_frozen_teachers(iris, iris_forest):
    X, y = iris
    other = RandomForestClassifier(3, random_state=1).fit(X, y)
    grid = {"teacher": [FrozenEstimator(iris_forest), FrozenEstimator(other)]}
    search = GridSearchCV(NeuralStudentClassifier(max_epochs=2), grid, cv=2).fit(X, y)
    assert search.best_estimator_.teacher in grid["teacher"]
    bare = GridSearchCV(
        NeuralStudentClassifier(cv="prefit", max_epochs=2),
        {"teacher": [other]},
        cv=2,
        error_score="raise",
    )
    with pytest.raises(ValueError, match="FrozenEstimator"):
        bare.fit(X, y)


def test_sample_weight_reaches_an_unfitted_teacher(iris):
    X, y = iris
    weight = np.where(y == "setosa", 0.0, 1.0)
    student = NeuralStudentClassifier(DummyClassifier(), max_epochs=2)
    student.fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(student.teacher_.class_prior_, [0, 0.5, 0.5])
    deaf = NeuralStudentClassifier(KNeighborsClassifier(), max_epochs=2)
    with pytest.warns(UserWarning, match="does not take sample_weight"):
        deaf.fit(X, y, sample_weight=weight)


def test_metadata_routing_hands_weights_to_who_asks(iris):
    X, y = iris
    weight = np.where(y == "setosa", 0.0, 1.0)
    with config_context(enable_metadata_routing=True):
        asks = DummyClassifier().set_fit_request(sample_weight=True)
        student = NeuralStudentClassifier(asks, max_epochs=2)
        student.set_fit_request(sample_weight=True).fit(X, y, sample_weight=weight)
        np.testing.assert_allclose(student.teacher_.class_prior_, [0, 0.5, 0.5])
        refuses = DummyClassifier().set_fit_request(sample_weight=False)
        student.set_params(teacher=[refuses, asks]).fit(X, y, sample_weight=weight)
        np.testing.assert_allclose(student.teacher_[0].class_prior_, 1 / 3)
        np.testing.assert_allclose(student.teacher_[1].class_prior_, [0, 0.5, 0.5])
        assert clone(student)._get_metadata_request() is not None


def test_a_class_as_the_teacher_is_refused_by_fit_alone(iris):
    student = NeuralStudentClassifier(LogisticRegression)
    get_tags(student)
    clone(student)
    with pytest.raises(TypeError, match="teacher is the class LogisticRegression"):
        student.fit(*iris)
    assert student.set_params(teacher=None).teacher is None
