"""LightGBM and XGBoost as students: what both have to do."""

import pickle

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdistill import (
    DistillationSearchCV,
    StudentClassifier,
    StudentRegressor,
    soft_targets,
)
from skdistill.checks import check_student

lightgbm = pytest.importorskip("lightgbm")
xgboost = pytest.importorskip("xgboost")

NAMES = np.array(["ant", "bee", "cat", "dog"])


class SeenByLightGBM(lightgbm.LGBMClassifier):
    """It remembers what it was fitted on."""

    def fit(self, X, y, **options):
        type(self).shape = np.shape(X)
        return super().fit(X, y, **options)


class SeenByXGBoost(xgboost.XGBClassifier):
    """It remembers what it was fitted on."""

    def fit(self, X, y, **options):
        type(self).shape = np.shape(X)
        return super().fit(X, y, **options)


def light(**options):
    few = {"n_estimators": 10, "num_leaves": 6, "n_jobs": 1, "verbose": -1}
    return SeenByLightGBM(**few | options)


def extreme(**options):
    few = {"n_estimators": 10, "max_depth": 3, "n_jobs": 1, "random_state": 0}
    return SeenByXGBoost(**few | options)


both = pytest.mark.parametrize("make", [light, extreme])
ROUNDS = {light: "early_stopping_round", extreme: "early_stopping_rounds"}


def assert_alike(ours, theirs):
    """Up to splits of equal gain, which rounding decides now and then."""
    difference = np.abs(ours - theirs)
    assert difference.mean() < 3e-3, difference.max()


def table(n_classes, n=300, seed=0):
    """Rows of few distinct values, noisy labels, and soft targets."""
    random = np.random.default_rng(seed)
    X = random.integers(0, 20, (n, 3)).astype(float)
    z = X @ random.normal(size=(3, n_classes)) / 10
    z -= z.mean(axis=0)
    p = softmax(z, axis=1)
    codes = (p.cumsum(axis=1) < random.random((n, 1))).sum(axis=1)
    return X, codes, p


def of_outputs(model, X, codes, p, alone=True, **options):
    fit = {k: options.pop(k) for k in ("sample_weight",) if k in options}
    options |= {"preprocessor": None} if alone else {}
    student = StudentClassifier(student=model, **options)
    return student.fit(X, NAMES[codes], teacher_output=p, **fit)


@both
@pytest.mark.parametrize("n_classes", [2, 4])
@pytest.mark.parametrize("weighted", [False, True])
def test_of_certain_targets_it_is_the_librarys_own_training(make, n_classes, weighted):
    X, codes, _ = table(n_classes)
    random = np.random.default_rng(1)
    weight = random.integers(1, 4, len(X)).astype(float) if weighted else None
    fit = {} if weight is None else {"sample_weight": weight}
    student = of_outputs(make(), X, codes, np.eye(n_classes)[codes], **fit)
    fit = {} if weight is None else {"sample_weight": weight / weight.mean()}
    own = make().fit(X, codes, **fit)
    assert_alike(student.predict_proba(X), own.predict_proba(X))


@both
@pytest.mark.parametrize("n_classes", [2, 4])
def test_it_is_what_weighted_copies_of_the_rows_would_give(make, n_classes):
    """Where leaves are not counted by rows, of which there are more."""
    X, codes, p = table(n_classes)
    least = {"min_child_samples": 1} if make is light else {}
    student = of_outputs(make(**least), X, codes, p)
    assert type(student.student_).shape == X.shape  # no copies
    copies = np.repeat(X, n_classes, axis=0)
    labels = np.tile(np.arange(n_classes), len(X))
    own = make(**least).fit(copies, labels, sample_weight=p.ravel())
    assert_alike(student.predict_proba(X), own.predict_proba(X))


@both
def test_one_stump_is_a_newton_step(make):
    """Two groups of rows, one tree: what it says can be computed by hand."""
    random = np.random.default_rng(0)
    side = np.repeat([0, 1], 100)
    p = random.dirichlet(np.ones(3), 200) * 0.7 + 0.3 * np.eye(3)[side]
    stump = {"n_estimators": 1, "learning_rate": 0.5}
    shape = {"num_leaves": 2} if make is light else {"max_depth": 1}
    codes = p.argmax(axis=1)
    student = of_outputs(make(**stump, **shape), side[:, None] * 1.0, codes, p)
    prior = p.mean(axis=0)
    factor, penalty = (1.5, 0.0) if make is light else (2.0, 1.0)
    version = tuple(map(int, xgboost.__version__.split(".")[:2]))
    if make is extreme and version < (3, 1):
        prior = np.full(3, 1 / 3)  # before 3.1 it began at equal shares of many classes
    gradient = np.array([(prior - p[side == s]).sum(axis=0) for s in (0, 1)])
    curvature = 100 * factor * prior * (1 - prior)
    scores = np.log(prior) - 0.5 * gradient / (curvature + penalty)
    expected = softmax(scores, axis=1)
    answer = student.predict_proba([[0.0], [1.0]])
    np.testing.assert_allclose(answer, expected, rtol=1e-5)
    loss = -(p * np.log(expected[side])).sum(axis=1).mean()
    said = student.predict_log_proba(side[:, None] * 1.0)
    np.testing.assert_allclose(-(p * said).sum(axis=1).mean(), loss, rtol=1e-6)


@both
def test_weights_are_repetitions(make):
    X, codes, p = table(3)
    weight = np.random.default_rng(1).integers(0, 4, len(X))
    least = {"min_child_samples": 1} if make is light else {}
    # A leaf's least weight is relative to the mean weight.
    least |= {"min_child_weight": 0.0, "reg_lambda": 0.0}
    weighted = of_outputs(make(**least), X, codes, p, sample_weight=weight)
    many = np.repeat(np.arange(len(X)), weight)
    repeated = of_outputs(make(**least), X[many], codes[many], p[many])
    assert_alike(weighted.predict_proba(X), repeated.predict_proba(X))


@both
@pytest.mark.parametrize("n_classes", [2, 3])
def test_the_fitted_booster_stands_alone(make, n_classes):
    X, codes, p = table(n_classes)
    student = of_outputs(make(), X, codes, p, alone=False, temperature=2.0)
    answer = student.predict_proba(X)
    np.testing.assert_allclose(answer.sum(axis=1), 1, rtol=1e-12)
    again = pickle.loads(pickle.dumps(student))
    np.testing.assert_array_equal(again.predict_proba(X), answer)
    alone = pickle.loads(pickle.dumps(student.student_))
    # The rows of XGBoost's single precision sum to 1 in the student alone.
    np.testing.assert_allclose(alone.predict_proba(X), answer, atol=1e-6)
    view, model = alone
    x = view.transform(X)
    if make is light:
        native = lightgbm.Booster(model_str=model.booster_.model_to_string())
        plain = native.predict(x)
        labels = alone.predict(X)
    else:
        native = xgboost.Booster()
        native.load_model(model.get_booster().save_raw())
        plain = native.predict(xgboost.DMatrix(x))
        labels = NAMES[alone.predict(X)]  # XGBoost numbers the classes
    plain = plain if n_classes > 2 else np.column_stack([1 - plain, plain])
    np.testing.assert_allclose(plain, answer, atol=1e-6)
    np.testing.assert_array_equal(labels, student.predict(X))
    np.testing.assert_array_equal(labels, student.classes_[answer.argmax(axis=1)])


@both
def test_the_fitted_booster_keeps_parameters_and_no_targets(make):
    X, codes, p = table(3)
    fitted = of_outputs(make(), X, codes, p).student_
    own = make().fit(X, codes)
    ours, theirs = (
        {k: v for k, v in model.get_params().items() if v == v}
        for model in (fitted, own)
    )
    assert ours == theirs
    assert len(pickle.dumps(fitted)) < 1.2 * len(pickle.dumps(own))
    again = clone(fitted).fit(X, codes)
    np.testing.assert_array_equal(again.predict_proba(X), own.predict_proba(X))


@both
def test_tables_with_categories_gaps_and_odd_names(make):
    random = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "a b": random.normal(size=300),
            "kind": pd.Categorical(random.choice(list("xyz"), 300)),
            "z": np.where(random.random(300) < 0.3, np.nan, random.normal(size=300)),
        }
    )
    p = expit(4 * (X.kind == "y") - 3 * X.z.isna() + X["a b"])
    codes = (p > 0.5).astype(int)
    model = make() if make is light else make(enable_categorical=True)
    for alone in (False, True):
        student = of_outputs(model, X, codes, np.column_stack([1 - p, p]), alone=alone)
        assert student.score(X, NAMES[codes]) > 0.85
        np.testing.assert_allclose(
            student.student_.predict_proba(X), student.predict_proba(X), atol=1e-6
        )


@both
def test_the_whole_teacher_with_drawn_rows(make):
    X, codes, _ = table(3)
    y = NAMES[codes]
    teacher = RandomForestClassifier(20, min_samples_leaf=5, random_state=0).fit(X, y)
    student = StudentClassifier(
        teacher,
        student=make(n_estimators=60),
        transfer="bootstrap",
        transfer_weight=0.5,
        random_state=0,
    ).fit(X, y)
    P = soft_targets(teacher, X)
    assert np.abs(student.predict_proba(X) - P).mean() < 0.05


@both
def test_transfer_rows_twice_at_one_weight_change_nothing(make):
    X, codes, p = table(3)
    least = {"min_child_samples": 1} if make is light else {}
    least |= {"min_child_weight": 0.0, "reg_lambda": 0.0}
    answers = []
    for times in (1, 2):
        rows = np.tile(np.arange(100), times)
        student = StudentClassifier(
            student=make(**least), alpha=0.4, temperature=3.0, transfer_weight=2.0
        )
        student.fit(
            X[100:],
            NAMES[codes[100:]],
            teacher_output=p[100:],
            X_transfer=X[rows],
            transfer_output=p[rows],
        )
        answers.append(student.predict_proba(X))
    assert_alike(*answers)


@both
def test_a_temperature_softens_both_sides(make):
    """Trees enough to say what they like: the answer at T=1 is the teacher's."""
    X = np.repeat(np.arange(5.0), 40)[:, None]
    p = np.eye(3)[[0, 1, 2, 0, 1]] * 0.6 + np.linspace(0, 0.4, 15).reshape(5, 3)
    p = (p / p.sum(axis=1, keepdims=True)).repeat(40, axis=0)
    codes = p.argmax(axis=1)
    student = of_outputs(
        make(n_estimators=300, reg_lambda=0.0), X, codes, p, temperature=5.0
    )
    np.testing.assert_allclose(student.predict_proba(X), p, atol=0.01)
    assert student.temperature_ == 5


@both
def test_a_search_over_its_parameters(make):
    X, codes, p = table(3)
    y = NAMES[codes]
    size = "num_leaves" if make is light else "max_leaves"
    student = StudentClassifier(student=make(), random_state=0)
    grid = {f"student__{size}": [2, 6], "temperature": [1.0, 2.0]}
    search = GridSearchCV(student, grid, cv=2).fit(X, y, teacher_output=p)
    assert search.best_params_[f"student__{size}"] in (2, 6)
    teacher = RandomForestClassifier(5, max_depth=3, random_state=0).fit(X, y)
    search = DistillationSearchCV(clone(student).set_params(teacher=teacher), grid)
    assert search.fit(X, y).best_estimator_.teacher is teacher


@both
def test_early_stopping_watches_rows_that_it_does_not_learn_from(make):
    X, codes, p = table(3, n=600)
    y, X_val, y_val = NAMES[codes], X[400:], NAMES[codes[400:]]
    model = make(n_estimators=400, learning_rate=0.3, **{ROUNDS[make]: 5})
    student = StudentClassifier(student=model, preprocessor=None, random_state=0)
    hot = np.clip(np.eye(3)[codes], 0.02, 0.96)
    student.fit(X[:400], y[:400], teacher_output=hot[:400], X_val=X_val, y_val=y_val)
    fitted = student.student_
    losses = _losses_by_trees(fitted, make, X_val, codes[400:])
    best = fitted.best_iteration_ if make is light else fitted.best_iteration + 1
    assert losses[best - 1] < min(losses) + 1e-6 and best < 100
    np.testing.assert_allclose(
        log_loss(y_val, student.predict_proba(X_val)), min(losses), rtol=1e-5
    )
    again = pickle.loads(pickle.dumps(student))
    np.testing.assert_array_equal(
        again.predict_proba(X_val), student.predict_proba(X_val)
    )
    # Without rows of the user's a tenth of X is held out.
    student.fit(X, y, teacher_output=p)
    assert type(fitted).shape == (540, 3)
    control = StudentClassifier(student=model, preprocessor=None, random_state=0)
    control.fit(X, y)
    assert type(fitted).shape == (540, 3) and control.score(X, y) > 0.4


@both
def test_early_stopping_with_drawn_rows_at_a_temperature(make):
    X, codes, _ = table(3)
    y = NAMES[codes]
    teacher = RandomForestClassifier(20, min_samples_leaf=5, random_state=0).fit(X, y)
    model = make(n_estimators=200, **{ROUNDS[make]: 5})
    student = StudentClassifier(
        teacher, student=model, transfer="bootstrap", alpha=0.7, temperature=2.0
    ).set_params(random_state=0)
    P = soft_targets(teacher, X)
    for watched in ({}, {"X_val": X[:60]}):  # without labels, the teacher's answers
        student.fit(X, y, **watched)
        assert np.abs(student.predict_proba(X) - P).mean() < 0.12


@both
def test_class_weights_are_the_students(make):
    X, codes, p = table(2)
    weight = {"ant": 1, "bee": 9}
    plain, weighted = (
        of_outputs(make(), X, codes, p, class_weight=w).predict_proba(X)[:, 1].mean()
        for w in (None, weight)
    )
    assert weighted > plain


def _losses_by_trees(fitted, make, X, codes):
    """Log loss on rows after each number of trees, by the library's own prediction."""
    losses = []
    for n in range(1, 100):
        if make is light:
            if n > fitted.booster_.num_trees() // 3:
                break
            p = fitted.predict_proba(X, num_iteration=n)
        else:
            if n > fitted.get_booster().num_boosted_rounds():
                break
            p = fitted.predict_proba(X, iteration_range=(0, n))
        losses.append(-np.log(p[np.arange(len(X)), codes]).mean())
    return losses


@both
def test_the_contract_of_all_students(make):
    seen = make(n_estimators=5)
    model = type(seen).__base__(**seen.get_params())  # which other processes know
    check_student(StudentClassifier(student=model, random_state=0))


@both
def test_in_a_pipeline(make):
    X, codes, p = table(3)
    piped = of_outputs(make_pipeline(StandardScaler(), make()), X, codes, p)
    assert piped.label_error_ == 0
    plain = of_outputs(make(), StandardScaler().fit_transform(X), codes, p)
    np.testing.assert_array_equal(
        piped.predict_proba(X), plain.predict_proba(StandardScaler().fit_transform(X))
    )
    early = make_pipeline(StandardScaler(), make(**{ROUNDS[make]: 3}))
    with pytest.raises(ValueError, match=r"stops early.*other steps as preprocessor"):
        of_outputs(early, X, codes, p)


@both
def test_label_rows_where_they_are_asked_for_or_the_loss_is_another(make):
    X, codes, p = table(3)
    of_outputs(make(), X, codes, p, label_rows="draw", max_label_rows=600)
    assert type(make()).shape == (600, 3)
    other = "multiclassova" if make is light else "binary:logitraw"
    student = of_outputs(make(objective=other), X, codes, p)
    assert type(make()).shape == (900, 3)
    assert student.score(X, NAMES[codes]) > 0.4
    # More classes than rows: labels alone could not tell the library of all.
    few = of_outputs(make(), X[:2], np.array([0, 1]), np.full((2, 2), 0.5))
    assert few.predict_proba(X).shape == (300, 2)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (light(objective="lambdarank"), "objective='lambdarank' is no loss of classes"),
        (extreme(objective="rank:ndcg"), "objective='rank:ndcg' is no loss of classes"),
        (light(objective="regression"), r"no loss of classes.*give a regressor"),
        (light(application="binary"), "application names the objective. Give it as"),
        (light(class_weight="balanced"), "class_weight is for labels"),
        (light(is_unbalance=True), r"is_unbalance is for labels.*class_weight of the"),
        (extreme(scale_pos_weight=3), "scale_pos_weight is for labels"),
    ],
)
def test_what_cannot_learn_soft_targets_is_named(model, message):
    X, codes, p = table(3)
    student = StudentClassifier(student=model)
    with pytest.raises(ValueError, match=message):
        student.fit(X, codes, teacher_output=p)
    assert not hasattr(student, "student_")


@both
def test_where_it_cannot_stop_early(make):
    early = make(**{ROUNDS[make]: 3})
    with pytest.raises(ValueError, match=r"stops early: holds out 0 rows.*or X_val"):
        of_outputs(early, [[0.0], [1.0]], np.array([0, 1]), np.full((2, 2), 0.5))
    X, codes, p = table(2)
    with pytest.raises(ValueError, match=r"watches the cross entropy.*a single target"):
        of_outputs(early, X, codes, p, label_rows="draw")
    with pytest.raises(ValueError, match="X_val is watched while training"):
        StudentClassifier(student=make()).fit(
            X, codes, teacher_output=p, X_val=X, y_val=codes
        )


def test_a_temperature_is_refused_where_nothing_softens(iris, iris_forest):
    for model in (None, RandomForestClassifier(), light(objective="multiclassova")):
        student = StudentClassifier(iris_forest, student=model, temperature=2.0)
        with pytest.raises(ValueError, match=r"temperature=2\.0 has no effect on"):
            student.fit(*iris)
    control = StudentClassifier(student=light(), temperature=2.0).fit(*iris)
    plain = StudentClassifier(student=light()).fit(*iris)
    np.testing.assert_array_equal(
        control.predict_proba(iris[0]), plain.predict_proba(iris[0])
    )


@both
def test_values_need_no_loss_of_ours(make, diabetes, diabetes_forest):
    X, y = diabetes
    library = lightgbm.LGBMRegressor if make is light else xgboost.XGBRegressor
    options = {"n_estimators": 20, "n_jobs": 1}
    options |= {"verbose": -1} if make is light else {}
    student = StudentRegressor(diabetes_forest, student=library(**options))
    student.set_params(preprocessor=None).fit(X, y)
    own = library(**options).fit(X, diabetes_forest.predict(X))
    spread = np.std(own.predict(X))
    np.testing.assert_allclose(student.predict(X), own.predict(X), atol=0.02 * spread)
