"""Any scikit-learn estimator as the student."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, logit, softmax
from sklearn import config_context
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LogisticRegression, Ridge, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier, KNeighborsRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC
from sklearn.tree import (
    DecisionTreeClassifier,
    ExtraTreeClassifier,
)

from skdistill import StudentClassifier, StudentRegressor, soft_targets


def test_a_students_rows_sum_to_1(iris):
    """Also those of one that scores each class against all others."""
    lightgbm = pytest.importorskip("lightgbm")
    options = {"n_estimators": 3, "verbose": -1, "n_jobs": 1}
    booster = lightgbm.LGBMClassifier(objective="multiclassova", **options)
    student = StudentClassifier(student=booster, random_state=0).fit(*iris)
    p = student.predict_proba(iris[0])
    np.testing.assert_allclose(p.sum(axis=1), 1, rtol=1e-12)
    own = student.student_[-1].predict_proba(student.preprocessor_.transform(iris[0]))
    assert np.abs(own.sum(axis=1) - 1).max() > 1e-3
    np.testing.assert_allclose(p, own / own.sum(axis=1, keepdims=True))


def test_without_a_teacher_it_is_the_estimator_itself(iris):
    X, y = iris
    for model in (
        DecisionTreeClassifier(random_state=0),
        LogisticRegression(max_iter=500),
    ):
        control = StudentClassifier(student=model, preprocessor=None).fit(X, y)
        np.testing.assert_array_equal(
            control.predict_proba(X), model.fit(X, y).predict_proba(X)
        )


STUDENTS = [
    ExtraTreeClassifier(random_state=0),
    DecisionTreeClassifier(criterion="entropy"),
    LogisticRegression(max_iter=1000),
    make_pipeline(StandardScaler(), LogisticRegression()),
    RandomForestClassifier(20, random_state=0),
    HistGradientBoostingClassifier(max_iter=20, random_state=0),
    HistGradientBoostingRegressor(max_iter=20, random_state=0),
    RandomForestRegressor(20, random_state=0),
    KNeighborsRegressor(),
    Ridge(alpha=0.1),
    RidgeClassifier(),
    SVC(),
    LinearSVC(),
    VotingClassifier([("a", LogisticRegression()), ("b", DecisionTreeClassifier())]),
]


@pytest.mark.parametrize("model", STUDENTS, ids=lambda model: type(model).__name__)
def test_each_learns_what_the_teacher_says(iris, iris_forest, model):
    X, y = iris
    if isinstance(model, VotingClassifier):
        model.set_params(voting="soft")
    frame = pd.DataFrame(X, columns=list("abcd"))
    outputs = soft_targets(iris_forest, X)
    student = StudentClassifier(student=model, random_state=0)
    student.fit(frame, y, teacher_output=outputs)
    assert student.score(frame, iris_forest.predict(X)) > 0.8
    assert student.label_error_ == 0
    P = student.predict_proba(frame)
    np.testing.assert_allclose(P.sum(axis=1), 1)
    alone = student.student_  # on its own, on the raw table
    if hasattr(alone, "predict_proba"):
        np.testing.assert_array_equal(alone.predict_proba(frame), P)
    with pytest.raises(ValueError, match="feature names should match"):
        alone.predict(frame[list("dcba")])


def test_lightgbm_learns_soft_targets_and_by_an_objective_of_its_own(iris, iris_forest):
    lightgbm = pytest.importorskip("lightgbm")
    X, y = iris[0][50:], iris[1][50:]
    teacher = RandomForestClassifier(20, min_samples_leaf=3, random_state=0).fit(X, y)
    P = teacher.predict_proba(X)
    common = {"n_estimators": 60, "n_jobs": 1, "verbose": -1, "min_child_samples": 5}

    def logistic(true, raw, weight):
        p = 1 / (1 + np.exp(-raw))
        return weight * (p - true), weight * p * (1 - p)

    own = lightgbm.LGBMClassifier(objective=logistic, **common)
    for model in (
        lightgbm.LGBMClassifier(**common),
        lightgbm.LGBMRegressor(objective="cross_entropy", **common),
        own,
        make_pipeline(StandardScaler(), own),
    ):
        student = StudentClassifier(teacher, student=model).fit(X, y)
        assert np.abs(student.predict_proba(X) - P).mean() < 0.05
    deaf = lightgbm.LGBMClassifier(objective=lambda t, r: (r - t, 1 + 0 * r), **common)
    with pytest.raises(ValueError, match="its objective takes no weights"):
        StudentClassifier(teacher, student=deaf).fit(X, y)


def test_alpha_mixes_soft_and_hard(iris, iris_forest):
    X, y = iris
    one_hot = (y[:, None] == iris_forest.classes_).astype(float)
    mixed = 0.3 * soft_targets(iris_forest, X) + 0.7 * one_hot
    student = StudentClassifier(
        iris_forest, student=Ridge(), alpha=0.3, preprocessor=None
    )
    expected = Ridge().fit(X, mixed).predict(X)
    np.testing.assert_allclose(student.fit(X, y).student_.predict(X), expected)


def test_a_regressor_mixes_values(diabetes, diabetes_forest):
    X, y = diabetes
    student = StudentRegressor(
        diabetes_forest, student=Ridge(), alpha=0.3, preprocessor=None
    )
    target = 0.3 * diabetes_forest.predict(X) + 0.7 * y
    expected = Ridge().fit(X, target).predict(X)
    np.testing.assert_allclose(student.fit(X, y).predict(X), expected)


def test_logits_are_centred_and_need_the_teacher_alone(iris, iris_forest):
    X, y = iris
    student = StudentClassifier(iris_forest, student=Ridge(), targets="logits")
    student.fit(X, y)
    log_p = np.log(soft_targets(iris_forest, X))
    centred = log_p - log_p.mean(axis=1, keepdims=True)
    expected = Ridge().fit(student.preprocessor_.transform(X), centred)
    z = expected.predict(student.preprocessor_.transform(X))
    np.testing.assert_allclose(student.predict_proba(X), softmax(z, axis=1))
    with pytest.raises(ValueError, match='targets="logits" are the teacher'):
        student.set_params(alpha=0.5).fit(X, y)


def test_logits_of_two_classes_are_the_log_odds_of_the_second(iris):
    X, y = iris[0][50:], iris[1][50:]
    p = np.where(y == y[0], 0.2, 0.7) + np.linspace(-0.1, 0.1, 100)
    student = StudentClassifier(student=Ridge(), targets="logits", preprocessor=None)
    student.fit(X, y, teacher_output=np.column_stack([1 - p, p]))
    odds = Ridge().fit(X, logit(p)).predict(X)
    np.testing.assert_allclose(student.student_.predict(X), odds)
    np.testing.assert_allclose(student.predict_proba(X)[:, 1], expit(odds))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (KNeighborsClassifier(), 'takes no sample_weight.*label_rows="draw"'),
        (SVC(probability=True), "holds out rows of its own"),
        (
            StackingClassifier([("a", LogisticRegression())]),
            "holds out rows of its own",
        ),
        (GridSearchCV(SVC(), {"C": [1, 2]}), "holds out rows of its own"),
        (
            HistGradientBoostingClassifier(early_stopping=True),
            "holds out rows of its own",
        ),
        (SVC(decision_function_shape="ovo"), "does not score the classes"),
    ],
)
@pytest.mark.filterwarnings("ignore:The `probability` parameter:FutureWarning")
def test_students_that_cannot_learn_are_named(iris, iris_forest, model, message):
    student = StudentClassifier(iris_forest, student=model)
    with pytest.raises(ValueError, match=message):
        student.fit(*iris)
    assert not hasattr(student, "student_")


def test_other_refusals(iris, iris_forest, diabetes):
    X, y = iris
    with pytest.raises(ValueError, match="X_val is watched while training"):
        StudentClassifier(iris_forest).fit(X, y, X_val=X, y_val=y)
    with pytest.raises(ValueError, match="is a classifier: give a regressor"):
        StudentRegressor(student=LogisticRegression()).fit(*diabetes)
    with pytest.raises(ValueError, match="student=None stands for a default tree"):
        StudentClassifier(iris_forest).set_params(student__max_depth=3)


def test_a_search_over_the_students_parameters(iris, iris_forest):
    student = StudentClassifier(iris_forest, student=DecisionTreeClassifier())
    search = GridSearchCV(student, {"student__max_depth": [1, 4]}, cv=3).fit(*iris)
    assert search.best_params_ == {"student__max_depth": 4}
    assert search.best_estimator_.teacher is iris_forest


def test_frames_reach_a_student_as_they_are():
    random = np.random.default_rng(0)
    X = pd.DataFrame(
        {"k": pd.Categorical(random.integers(0, 4, 200)), "z": np.arange(200)}
    )
    y = np.where(X.k.isin([0, 3]), "in", "out")
    outputs = np.where(y == "out", 0.9, 0.1)
    model = HistGradientBoostingClassifier(
        max_iter=10, categorical_features="from_dtype"
    )
    more = X[:50].copy()
    more["k"] = more.k.cat.add_categories([9])
    student = StudentClassifier(
        HistGradientBoostingClassifier(categorical_features="from_dtype").fit(X, y),
        student=model,
        preprocessor=None,
    ).fit(X, y, X_transfer=more)
    assert student.student_.is_categorical_.tolist() == [True, False]
    assert student.score(X, y) == 1
    with pytest.raises(
        ValueError, match="X_transfer: column 'k' holds categories in X"
    ):
        student.fit(X, y, X_transfer=X.assign(k=1), transfer_output=outputs)
    as_lists = StudentClassifier(student=LogisticRegression(), preprocessor=None)
    as_lists.fit(X.astype(float).to_numpy().tolist(), y, teacher_output=outputs)


def test_the_students_seed(iris, iris_forest):
    X, y = iris
    model = ExtraTreeClassifier(max_depth=2)
    first, again, other = (
        StudentClassifier(iris_forest, student=model, random_state=seed).fit(X, y)
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(first.predict_proba(X), again.predict_proba(X))
    assert (first.predict_proba(X) != other.predict_proba(X)).any()


@pytest.mark.parametrize(
    "model", [LinearSVC(), RidgeClassifier(), LogisticRegression()]
)
def test_classes_that_the_student_never_saw_have_a_column(iris, model):
    X, y = iris[0][:100], iris[1][:100]
    student = StudentClassifier(student=model, classes=["a", "setosa", "versicolor"])
    student.fit(X, y)
    P = student.predict_proba(X)
    assert P.shape == (100, 3) and not P[:, 0].any()
    assert student.score(X, y) == 1


def test_small_weights_are_weights(diabetes):
    X, y = diabetes
    weight = np.random.default_rng(0).uniform(0, 1, len(y))
    fits = [
        StudentRegressor(student=Ridge()).fit(X, y, sample_weight=w).predict(X)
        for w in (weight, 1e-9 * weight, None)
    ]
    np.testing.assert_allclose(fits[0], fits[1])
    assert np.abs(fits[0] - fits[2]).max() > 0.1


def test_weights_reach_pipelines_whatever_the_routing(iris, iris_forest):
    X, y = iris
    model = make_pipeline(StandardScaler(), LogisticRegression())
    boosted = make_pipeline(StandardScaler(), HistGradientBoostingRegressor(max_iter=5))
    weight = np.arange(150.0)
    for student, weights in ((model, None), (boosted, weight)):
        answers = []
        for routing in (False, True):
            with config_context(enable_metadata_routing=routing):
                fitted = StudentClassifier(iris_forest, student=student)
                if routing:
                    fitted.set_fit_request(sample_weight=True)
                fitted.fit(X, y, sample_weight=weights)
                answers.append(fitted.predict_proba(X))
        np.testing.assert_array_equal(*answers)


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_a_transformer_of_the_users_hands_over_what_it_makes():
    X = pd.DataFrame({"k": list("abc") * 30, "m": list("xxyyz") * 18})
    y = np.where((X.k == "a") | (X.m == "x"), "in", "out")
    P = np.where(y == "out", 0.9, 0.1)
    student = StudentClassifier(
        student=LogisticRegression(), preprocessor=OneHotEncoder()
    )
    student.fit(X, y, teacher_output=P, X_transfer=X[:9], transfer_output=P[:9])
    np.testing.assert_array_equal(
        student.student_.predict_proba(X), student.predict_proba(X)
    )
    named = StandardScaler().set_output(transform="pandas")
    numbers = pd.DataFrame({"a": np.arange(90.0), "b": np.arange(90) % 7})
    for view in (named, None):
        tree = StudentClassifier(preprocessor=view).fit(numbers, y, teacher_output=P)
        np.testing.assert_array_equal(
            tree.student_.predict(numbers), tree.predict(numbers)
        )
    raw = StudentClassifier(student=DecisionTreeClassifier(), preprocessor=None)
    with pytest.raises(ValueError, match="X_transfer must be of the same kind as X"):
        raw.fit(
            numbers,
            y,
            teacher_output=P,
            X_transfer=numbers.to_numpy(),
            transfer_output=P,
        )


def test_a_table_of_huge_numbers_does_not_overflow_in_the_students_float32():
    # A tree sums its whole table in float32; where inf meets -inf it warns.
    X = np.tile([3e38, -3e38], 32)[:, None]
    y = np.tile(["a", "b"], 32)
    student = StudentClassifier(random_state=0).fit(X, y)
    assert (student.predict(X) == y).all()
