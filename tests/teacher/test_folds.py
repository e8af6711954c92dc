"""Cross-fitting: who labels which row."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import log_loss
from sklearn.model_selection import (
    GridSearchCV,
    GroupKFold,
    KFold,
    LeaveOneOut,
    RepeatedKFold,
    StratifiedKFold,
    TimeSeriesSplit,
    cross_val_predict,
)
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from skdistill import (
    Bootstrap,
    Mixup,
    Munge,
    NeuralStudentClassifier,
    SoftDecisionTreeRegressor,
    StudentClassifier,
    StudentRegressor,
)

MEMORY = KNeighborsRegressor(1)  # answers with the label of the row itself
of_memory = pytest.mark.filterwarnings("ignore:teacher looks its training rows up")


@pytest.fixture
def noise():
    random = np.random.default_rng(0)
    return random.normal(size=(60, 3)), random.normal(size=60)


def targets(X, y, teacher=MEMORY, cv=None, **kwargs):
    """What a student that remembers everything was told about X."""
    names = ("transfer", "transfer_teacher", "n_jobs", "teacher_weights")
    params = {name: kwargs.pop(name) for name in names if name in kwargs}
    student = StudentRegressor(teacher, student=MEMORY, cv=cv, **params)
    return student.fit(X, y, **kwargs).predict(X)


@of_memory
@pytest.mark.parametrize("fitted", [False, True])
@pytest.mark.parametrize("kind", [np.asarray, pd.DataFrame, np.ndarray.tolist])
def test_each_row_is_labelled_by_a_clone_that_did_not_see_it(noise, fitted, kind):
    X, y = noise
    teacher = clone(MEMORY)
    table = kind(X)
    if fitted:
        teacher.fit(table, y)
    told = targets(table, y, teacher, cv=5)
    np.testing.assert_allclose(told, cross_val_predict(MEMORY, X, y, cv=5))
    np.testing.assert_allclose(targets(table, y, teacher), y)


def test_a_fitted_teacher_stays_as_it_is(noise):
    X, y = noise
    teacher = clone(MEMORY).fit(X, y)
    before = pickle.dumps(teacher)
    student = StudentRegressor(teacher, cv=3).fit(X, y)
    assert student.teacher_ is teacher and pickle.dumps(teacher) == before


def test_an_unfitted_teacher_is_fitted_on_all_rows_beside_its_clones(noise):
    X, y = noise
    student = StudentRegressor(MEMORY, cv=3).fit(X, y)
    np.testing.assert_allclose(student.teacher_.predict(X), y)


def test_members_are_cross_fitted_one_by_one(noise):
    X, y = noise
    members = [DecisionTreeRegressor(max_depth=2, random_state=0), Ridge()]
    told = targets(X, y, members, cv=4, teacher_weights=[3, 1])
    alone = [cross_val_predict(member, X, y, cv=4) for member in members]
    np.testing.assert_allclose(told, 0.75 * alone[0] + 0.25 * alone[1])


def test_groups_are_kept_together(noise):
    X, y = noise
    groups = np.arange(60) // 6
    told = targets(X, y, cv=GroupKFold(5), groups=groups)
    want = cross_val_predict(MEMORY, X, y, cv=GroupKFold(5), groups=groups)
    np.testing.assert_allclose(told, want)
    with pytest.raises(ValueError, match="groups"):
        targets(X, y, cv=GroupKFold(5))


def test_a_search_routes_the_groups(noise):
    X, y = noise
    with config_context(enable_metadata_routing=True):
        student = StudentRegressor(MEMORY, cv=GroupKFold(3), student=Ridge())
        student.set_fit_request(groups=True)
        search = GridSearchCV(student, {"student__alpha": [0.1, 1e3]}, cv=GroupKFold(2))
        search.fit(X, y, groups=np.arange(60) // 5)
    assert "student__alpha" in search.best_params_


def test_rows_that_are_held_out_twice_get_the_mean(noise):
    X, y = noise
    cv = RepeatedKFold(n_splits=3, n_repeats=2, random_state=0)
    folds = list(cv.split(X))
    halves = [cross_val_predict(MEMORY, X, y, cv=folds[i : i + 3]) for i in (0, 3)]
    np.testing.assert_allclose(targets(X, y, cv=cv), np.mean(halves, axis=0))


def test_probabilities_of_rows_held_out_twice_are_averaged(iris):
    X, y = iris
    folds = list(RepeatedKFold(n_splits=3, n_repeats=2, random_state=0).split(X))
    teacher = LogisticRegression(C=100, max_iter=1000)
    student = StudentClassifier(teacher, cv=folds, student=KNeighborsRegressor(1))
    P = student.fit(X, y).predict_proba(X)
    halves = [
        cross_val_predict(teacher, X, y, cv=folds[i : i + 3], method="predict_proba")
        for i in (0, 3)
    ]
    _, first = np.unique(X, axis=0, return_index=True)  # of two equal rows one answers
    np.testing.assert_allclose(P[first], np.mean(halves, axis=0)[first], atol=1e-6)


def test_time_series_rows_that_no_fold_holds_out_have_no_target(noise):
    X, y = noise
    cv = TimeSeriesSplit(5)
    held = np.concatenate([rows for _, rows in cv.split(X)])
    student = StudentRegressor(MEMORY, student=KNeighborsRegressor(1), cv=cv).fit(X, y)
    told = [clone(MEMORY).fit(X[a], y[a]).predict(X[b]) for a, b in cv.split(X)]
    np.testing.assert_allclose(student.predict(X[held]), np.concatenate(told))
    mean = StudentRegressor(MEMORY, student=DecisionTreeRegressor(max_depth=1), cv=cv)
    low, high = np.min(np.concatenate(told)), np.max(np.concatenate(told))
    values = mean.fit(X, y).predict(X)
    assert values.min() > low - 1e-9 and values.max() < high + 1e-9


@of_memory
def test_the_mean_of_the_clones_labels_transfer_rows(noise):
    X, y = noise
    more = np.random.default_rng(1).normal(size=(20, 3))
    student = StudentRegressor(
        MEMORY, student=MEMORY, cv=KFold(4), transfer_teacher="folds"
    ).fit(X, y, X_transfer=more)
    clones = [clone(MEMORY).fit(X[a], y[a]) for a, _ in KFold(4).split(X)]
    want = np.mean([member.predict(more) for member in clones], axis=0)
    np.testing.assert_allclose(student.predict(more), want)
    assert len(student.teacher_) == 4
    again = StudentRegressor(student.teacher_, student=MEMORY).fit(more, want)
    np.testing.assert_allclose(again.predict(more), want)


def test_unseen_clones_know_no_parent_of_a_drawn_row(noise):
    X, y = noise
    params = {"transfer": Bootstrap(3.0), "cv": KFold(5)}
    told = targets(X, y, transfer_teacher="unseen", **params)
    np.testing.assert_allclose(told, cross_val_predict(MEMORY, X, y, cv=KFold(5)))


def test_drawn_rows_of_two_parents_have_both_in_one_fold(noise):
    X, y = noise
    seen = []

    class Recorder(KNeighborsRegressor):
        def predict(self, X):
            seen.append((self._fit_X, X))
            return super().predict(X)

    Munge_ = Munge(2.0, p=0.5, n_neighbors=3)
    StudentRegressor(
        Recorder(1),
        cv=KFold(3),
        transfer=Munge_,
        transfer_teacher="unseen",
        random_state=0,
    ).fit(X, y)
    drawn = [pair for pair in seen if len(pair[1]) > 20]
    assert sum(len(rows) for _, rows in drawn) == 120
    for fitted_on, rows in drawn:  # no value but the limits is one of a row seen
        is_seen = np.isin(rows, fitted_on)
        assert not (is_seen & (rows > X.min(axis=0)) & (rows < X.max(axis=0))).any()


def test_too_many_folds_for_unseen_clones_is_an_error(noise):
    X, y = noise
    with pytest.raises(ValueError, match="fewer folds as `cv`"):
        targets(X, y, cv=LeaveOneOut(), transfer=Munge(), transfer_teacher="unseen")


def test_rows_of_no_weight_lend_nothing_to_unseen_clones(noise):
    X, y = noise
    weight = np.r_[np.zeros(30), np.ones(30)]
    told = targets(
        X,
        y,
        Ridge(),
        cv=KFold(5),
        transfer=Bootstrap(3.0),
        transfer_teacher="unseen",
        sample_weight=weight,
    )
    alone = [
        Ridge().fit(X[a], y[a], sample_weight=weight[a]).predict(X[b])
        for a, b in KFold(5).split(X)
    ]
    np.testing.assert_allclose(told[30:], np.concatenate(alone)[30:])


def test_a_fold_that_lacks_a_class_works():
    X = np.arange(30.0)[:, None]
    y = np.repeat(["a", "b", "c"], 10)
    student = NeuralStudentClassifier(
        DecisionTreeClassifier(), cv=KFold(3), max_epochs=2, random_state=0
    ).fit(X, y)
    assert student.classes_.tolist() == ["a", "b", "c"]
    assert np.isfinite(student.predict_log_proba(X)).all()


def test_jobs_do_not_change_the_answer(iris):
    X, y = iris
    P = [
        StudentClassifier(GaussianNB(), cv=3, n_jobs=n, random_state=0)
        .fit(X, y)
        .predict_proba(X)
        for n in (1, 2)
    ]
    np.testing.assert_array_equal(*P)


def test_cross_fitting_helps_against_memorised_noise():
    random = np.random.default_rng(0)
    X = random.normal(size=(600, 4))
    y = (X[:, 0] > 0) ^ (random.random(600) < 0.25)
    X_test = random.normal(size=(2000, 4))
    y_test = (X_test[:, 0] > 0) ^ (random.random(2000) < 0.25)
    teacher = RandomForestClassifier(50, random_state=0)
    loss = {}
    for cv in (None, 5):
        student = NeuralStudentClassifier(
            teacher,
            cv=cv,
            transfer=None,
            numeric_embedding=None,
            random_state=0,
            hidden_layer_sizes=(64, 64),
            max_epochs=50,
        ).fit(X, y)
        loss[cv] = log_loss(y_test, student.predict_proba(X_test))
    assert loss[5] < loss[None] - 0.02


@pytest.mark.parametrize(
    "teacher",
    [FrozenEstimator(Ridge()), lambda X: np.zeros(len(X)), [Ridge(), len]],
    ids=["frozen", "function", "in a list"],
)
def test_what_cannot_be_cloned_is_refused(noise, teacher):
    X, y = noise
    if isinstance(teacher, FrozenEstimator):
        teacher.estimator.fit(X, y)
    if isinstance(teacher, list):
        teacher[0].fit(X, y)
    with pytest.raises(ValueError, match="`teacher_output`"):
        targets(X, y, teacher, cv=5)


def test_a_frozen_part_of_a_teacher_is_found(noise):
    X, y = noise
    frozen = FrozenEstimator(Ridge().fit(X, y))
    with pytest.raises(ValueError, match="`teacher_output`"):
        targets(X, y, make_pipeline(frozen), cv=5)


def test_clones_of_a_fitted_teacher_get_routed_weights(noise):
    X, y = noise
    weight = np.r_[np.full(30, 1e-9), np.ones(30)]
    with config_context(enable_metadata_routing=True):
        teacher = Ridge().set_fit_request(sample_weight=True).fit(X, y)
        student = StudentRegressor(teacher, student=MEMORY, cv=KFold(5))
        student.set_fit_request(sample_weight=True)
        with pytest.raises(ValueError, match="takes no sample_weight"):
            student.fit(X, y, sample_weight=weight)
        student.set_params(student=DecisionTreeRegressor(random_state=0))
        told = student.fit(X, y, sample_weight=weight).predict(X)
    want = cross_val_predict(
        Ridge(), X, y, cv=KFold(5), params={"sample_weight": weight}
    )
    np.testing.assert_allclose(told, want)


def test_unseen_clones_are_found_for_a_handful_of_rows(iris):
    X, y = iris
    for seed in range(8):
        StudentClassifier(
            DecisionTreeClassifier(random_state=0),
            cv=10,
            transfer=Mixup(size=3),
            transfer_teacher="unseen",
            random_state=seed,
        ).fit(X, y)


def test_held_out_rows_are_such_as_have_a_target():
    X = np.arange(60.0)[:, None]
    y = np.tile(["a", "b"], 30)
    folds = [(np.arange(50), np.arange(50, 60))]
    student = NeuralStudentClassifier(
        DecisionTreeClassifier(),
        cv=folds,
        early_stopping=True,
        max_epochs=2,
        random_state=0,
    ).fit(X, y)
    assert np.isfinite(student.history_[0]["valid_loss"])


def test_what_has_no_effect_is_refused(noise):
    X, y = noise
    with pytest.raises(ValueError, match=r"transfer_teacher='folds'.*give cv"):
        targets(X, y, transfer_teacher="folds")
    teacher = clone(MEMORY).fit(X, y)
    with pytest.raises(ValueError, match="y is None: give y"):
        targets(X, None, teacher, cv=5)


def test_outputs_of_ones_own_take_the_place_of_folds(noise):
    X, y = noise
    told = targets(X, y, cv=5, teacher_output=0.9 * y)
    np.testing.assert_allclose(told, 0.9 * y)


def test_early_stopping_watches_out_of_fold_answers(noise):
    X, y = (rows[:40] for rows in noise)  # too few for a warning of bad teachers
    student = SoftDecisionTreeRegressor(
        MEMORY, cv=3, early_stopping=True, max_epochs=3, random_state=0
    ).fit(X, y)
    told = targets(X, y, cv=3)
    by_file = clone(student).set_params(teacher=None, cv=None)
    by_file.fit(X, y, teacher_output=told)
    for one, other in zip(student.history_, by_file.history_, strict=True):
        assert one["valid_loss"] == pytest.approx(other["valid_loss"])


def test_stratified_folds_for_classes_by_default():
    X = np.random.default_rng(0).normal(size=(90, 2))
    y = np.sort(np.arange(90) % 3)
    teacher = RandomForestClassifier(10, random_state=0)
    P = [
        StudentClassifier(teacher, cv=cv, student=KNeighborsRegressor(1))
        .fit(X, y)
        .predict_proba(X)
        for cv in (3, StratifiedKFold(3))
    ]
    np.testing.assert_array_equal(*P)


@of_memory
def test_a_memorising_classifier_is_caught(iris):
    X, y = iris
    random = np.random.default_rng(0)
    y = random.permutation(y)
    teacher = KNeighborsClassifier(1)
    P = {}
    for cv in (None, 5):
        student = StudentClassifier(teacher, cv=cv, student=KNeighborsRegressor(1))
        P[cv] = student.fit(X, y).score(X, y)
    assert P[None] > 0.9 and P[5] < 0.6


def test_an_error_says_in_which_fold(noise):
    X, y = noise

    class Choosy(KNeighborsRegressor):
        def fit(self, X, y):
            if len(X) < 40:
                raise RuntimeError("too few rows")
            return super().fit(X, y)

    folds = [(np.arange(45), np.arange(45, 60)), (np.arange(45, 60), np.arange(45))]
    with pytest.raises(RuntimeError, match="too few rows") as caught:
        StudentRegressor(Choosy(1), cv=folds).fit(X, y)
    assert "in fold 1 of cv" in caught.value.__notes__[0]


@pytest.mark.parametrize(
    ("held", "message"),
    [(np.arange(3, 9), "names rows that are not there"), ([0, 4], "such as row 0")],
)
def test_folds_that_hold_nothing_out_are_named(held, message):
    X, y = np.arange(6.0)[:, None], np.array([0, 1] * 3)
    student = StudentClassifier(GaussianNB(), cv=[(np.arange(3), held)])
    with pytest.raises(ValueError, match=f"cv .*{message}"):
        student.fit(X, y)
