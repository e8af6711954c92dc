"""alpha="auto": whom a student trusts, by labels of rows that the teacher has not seen."""

import pickle
from functools import partial

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import make_classification, make_multilabel_classification
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.tree import DecisionTreeClassifier

from skdistill import (
    DistillationSearchCV,
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
    StudentClassifier,
    StudentRegressor,
    soft_targets,
)
from skdistill.lesson.trust import ALPHAS

pytestmark = [
    pytest.mark.filterwarnings("ignore:The teacher is no better:UserWarning"),
    pytest.mark.filterwarnings("ignore:teacher does not agree:UserWarning"),
    pytest.mark.filterwarnings("ignore:teacher looks its training rows:UserWarning"),
]
FAST = {"max_epochs": 12, "batch_size": 64, "lr": 0.03, "random_state": 0}
NET = partial(NeuralStudentClassifier, hidden_layer_sizes=(8,), transfer=None, **FAST)
CLASSIFIERS = {
    "net": NET,
    "soft tree": partial(SoftDecisionTreeClassifier, max_depth=2, **FAST),
    "tree": partial(
        StudentClassifier, student=DecisionTreeClassifier(max_depth=3), random_state=0
    ),
    "linear": partial(StudentClassifier, student=LogisticRegression()),
    "hard tree": partial(HardDecisionTreeClassifier, max_leaf_nodes=3, random_state=0),
}
REGRESSORS = {
    "net": partial(NeuralStudentRegressor, hidden_layer_sizes=(8,), **FAST),
    "tree": StudentRegressor,
    "hard tree": partial(HardDecisionTreeRegressor, max_leaf_nodes=3, random_state=0),
}


def knows(X):
    """The probabilities by which the labels below were drawn."""
    p = 1 / (1 + np.exp(-2 * X[:, 0]))
    return np.column_stack([1 - p, p])


def errs(X):
    return knows(X)[:, ::-1]


@pytest.fixture(scope="module")
def rows():
    random = np.random.default_rng(0)
    X = random.normal(size=(500, 3))
    y = (random.random(500) < knows(X)[:, 1]).astype(int)
    return (X[:250], y[:250]), {"X_val": X[250:], "y_val": y[250:]}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_teacher_that_errs_is_not_followed(rows, name):
    train, exam = rows
    student = CLASSIFIERS[name](errs, classes=[0, 1], alpha="auto")
    student.set_params(transfer=None)
    with pytest.warns(UserWarning, match="The teacher is no better than the labels"):
        student.fit(*train, **exam)
    # A single tree overfits its labels, and a little of any teacher keeps it from that.
    assert student.alpha_ <= (0.25 if name == "tree" else 0)
    assert student.teacher_gain_ < -0.5
    watched = {} if name in ("tree", "linear") else exam
    fixed = clone(student).set_params(alpha=student.alpha_).fit(*train, **watched)
    np.testing.assert_array_equal(
        fixed.predict_proba(train[0]), student.predict_proba(train[0])
    )


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_teacher_that_knows_is(rows, name):
    (X, _), exam = rows
    y = np.random.default_rng(1).integers(0, 2, len(X))  # from which nothing is learnt
    student = CLASSIFIERS[name](knows, classes=[0, 1], alpha="auto")
    student.set_params(transfer=None)
    student.fit(X, y, **exam)
    # Whatever alpha, labels have the last word in a hard tree.
    assert student.alpha_ >= (0.25 if name == "hard tree" else 0.75)
    assert student.teacher_gain_ > 0.1


@pytest.mark.parametrize("name", REGRESSORS)
def test_values(rows, name):
    (X, _), _ = rows
    random = np.random.default_rng(0)
    y = 100 + 50 * X[:, 0] + 5 * random.normal(size=len(X))
    parts = (X[:150], y[:150]), {"X_val": X[150:], "y_val": y[150:]}

    def fitted(teacher, y):
        student = REGRESSORS[name](teacher, alpha="auto").set_params(transfer=None)
        return student.fit(parts[0][0], y, **parts[1])

    noise = random.permutation(parts[0][1])
    knowing = fitted(lambda X: 100 + 50 * X[:, 0], noise)
    assert knowing.alpha_ >= (0.25 if name == "hard tree" else 0.75)
    assert 0.5 < knowing.teacher_gain_ < 4  # in variances of y
    with pytest.warns(UserWarning, match="relative squared error"):
        erring = fitted(lambda X: 100 - 50 * X[:, 0], parts[0][1])
    assert erring.alpha_ == 0 and erring.teacher_gain_ < -1


def test_the_gain_is_that_over_the_same_student_of_labels(rows):
    (X, y), exam = rows
    teacher = LogisticRegression().fit(X, y)
    student = NET(teacher, alpha="auto").fit(X, y, **exam)
    control = NET().fit(X, y)
    X_val, y_val = exam.values()
    losses = [log_loss(y_val, m.predict_proba(X_val)) for m in (control, teacher)]
    assert student.teacher_gain_ == pytest.approx(losses[0] - losses[1], rel=1e-4)


def test_candidates_are_trained_side_by_side(rows, joined):
    (X, y), exam = rows
    teacher = LogisticRegression().fit(X, y)
    NET(teacher, alpha="auto", transfer="mixup").fit(X, y, **exam)
    assert joined == [4]  # the control has no drawn rows
    joined.clear()
    student = NET(teacher, alpha="auto", temperature="auto").fit(X, y, **exam)
    assert joined == [4] + [4] * (student.alpha_ > 0)
    assert student.alpha_ in ALPHAS and student.temperature_ in (1, 2, 4, 8)


@pytest.mark.parametrize("how", ["X_val", "cv", "unfitted", "outputs"])
def test_the_winner_is_fitted_as_if_it_had_been_asked_for(rows, how):
    (X, y), exam = rows
    teacher, given = LogisticRegression(), {}
    if how == "X_val":
        teacher, given = teacher.fit(X, y), exam
    elif how == "outputs":
        given, teacher = {"teacher_output": knows(X)}, None
    cv = 3 if how in ("cv", "outputs") else None
    transfer = None if cv else "mixup"
    auto = NET(teacher, alpha="auto", cv=cv, transfer=transfer).fit(X, y, **given)
    again = clone(auto).fit(X, y, **given)
    fixed = clone(auto).set_params(alpha=auto.alpha_).fit(X, y, **given)
    assert fixed.alpha_ == auto.alpha_ and not hasattr(fixed, "teacher_gain_")
    for other in (again, fixed):
        np.testing.assert_array_equal(other.predict_proba(X), auto.predict_proba(X))
    np.testing.assert_array_equal(auto.class_prior_, fixed.class_prior_)
    assert again.teacher_gain_ == auto.teacher_gain_


class Listening(ClassifierMixin, BaseEstimator):
    """Remembers what each of its clones was fitted on."""

    fits = []

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        Listening.fits.append(X)
        return self

    def predict_proba(self, X):
        return knows(X)


def test_an_unfitted_teacher_does_not_see_the_rows_that_judge_it(rows):
    (X, y), _ = rows
    Listening.fits.clear()
    student = NET(Listening(), alpha="auto").fit(X, y)
    whole, part = Listening.fits
    assert whole is X and len(part) == 200  # a fifth is held out
    assert student.teacher_gain_ > -0.1
    # One that looks labels up would be without equal on rows that it has seen.
    parrot = KNeighborsClassifier(1)
    with pytest.warns(UserWarning, match="no better than the labels"):
        NET(parrot, alpha="auto").fit(X, y)


@pytest.mark.parametrize("cv", [None, 3])
def test_rows_of_no_weight_judge_nobody(rows, cv):
    (X, y), exam = rows
    X, y = np.concatenate([X, exam["X_val"]]), np.concatenate([y, 1 - exam["y_val"]])
    weight = np.repeat([1.0, 0.0], 250)  # the others are wrong
    student = NET(LogisticRegression(), alpha="auto", cv=cv)
    student.fit(X, y, sample_weight=weight)
    assert student.teacher_gain_ > -0.1


def test_several_labels():
    X, Y = make_multilabel_classification(300, 6, random_state=0)
    student = NET(KNeighborsClassifier(5), alpha="auto").fit(X, Y)
    assert student.alpha_ in ALPHAS and np.isfinite(student.teacher_gain_)


def test_a_control_has_nobody_to_trust(rows):
    (X, y), exam = rows
    for given in ({}, exam):
        control = NET(alpha="auto").fit(X, y, **given)
        assert control.alpha_ == 0 and not hasattr(control, "teacher_gain_")


def test_nobody_knows_what_a_file_would_say(rows):
    (X, y), exam = rows
    outputs = {"teacher_output": knows(X)}
    student = NET(alpha="auto").fit(X, y, **outputs, **exam)
    assert student.alpha_ in ALPHAS and np.isnan(student.teacher_gain_)
    student = NET(alpha="auto", cv=3).fit(X, y, **outputs)
    assert np.isfinite(student.teacher_gain_)


@pytest.mark.parametrize("name", ["net", "linear"])
def test_what_cannot_be_judged_is_refused(rows, name):
    (X, y), exam = rows
    teacher = LogisticRegression().fit(X, y)
    auto = CLASSIFIERS[name](teacher, alpha="auto")
    with pytest.raises(ValueError, match="set cv, such as cv=5, or give X_val and y_v"):
        auto.fit(X, y)
    with pytest.raises(ValueError, match="out-of-fold, say so by cv"):
        auto.fit(X, y, teacher_output=knows(X))
    with pytest.raises(ValueError, match="only transfer rows have soft targets"):
        clone(auto).set_params(teacher=None).fit(
            X, y, X_transfer=X[:50], transfer_output=knows(X[:50])
        )
    with pytest.raises(ValueError, match="requires y"):
        auto.fit(X, **exam)
    one = exam["y_val"] == 1
    with pytest.raises(ValueError, match="has not seen, and these hold one class only"):
        auto.fit(X, y, X_val=exam["X_val"][one], y_val=exam["y_val"][one])
    assert not hasattr(auto, "alpha_")
    few = {name: part[:5] for name, part in exam.items()}
    with pytest.warns(UserWarning, match="chooses by 5 rows that the teacher has not"):
        auto.fit(X, y, **few)
    with pytest.raises(ValueError, match="The 'alpha' parameter"):
        auto.set_params(alpha="best").fit(X, y, **exam)


def test_labels_in_a_frame(rows):
    (X, y), _ = rows
    named = pd.Series(np.array(["no", "yes"], dtype=object)[y], index=range(7, 257))
    frame = pd.DataFrame(X, columns=list("abc"), index=named.index)
    names = NET(LogisticRegression(), alpha="auto").fit(frame, named)
    codes = NET(LogisticRegression(), alpha="auto").fit(X, y)
    assert names.alpha_ == codes.alpha_
    assert names.teacher_gain_ == pytest.approx(codes.teacher_gain_, abs=1e-6)
    with pytest.raises(ValueError, match='cv="prefit" forbids to fit it'):
        names.set_params(cv="prefit").fit(frame, named)


def test_partial_fit_has_no_rows_to_choose_on(rows):
    (X, y), exam = rows
    teacher = LogisticRegression().fit(X, y)
    with pytest.raises(AttributeError, match="partial_fit"):
        NET(teacher, alpha="auto").partial_fit(X, y)
    student = NET(teacher, alpha="auto", warm_start=True).fit(X, y, **exam)
    alpha, gain = student.alpha_, student.teacher_gain_
    student.fit(X, y)  # it goes on as it was
    assert (student.alpha_, student.teacher_gain_) == (alpha, gain)


def test_searches(rows):
    X, y = (
        np.concatenate(pair) for pair in zip(rows[0], rows[1].values(), strict=True)
    )
    student = NET(LogisticRegression(), alpha=1.0)
    grid = {"alpha": [0.5, "auto"]}
    scores = [
        Search(student, grid, cv=2, error_score="raise")
        .fit(X, y)
        .cv_results_["mean_test_score"]
        for Search in (GridSearchCV, DistillationSearchCV)
    ]
    np.testing.assert_allclose(*scores, atol=0.02)


def test_pickles_and_those_of_before(rows):
    (X, y), exam = rows
    tree = CLASSIFIERS["soft tree"](LogisticRegression().fit(X, y), alpha="auto")
    tree.fit(X, y, **exam)
    twin = pickle.loads(pickle.dumps(tree))
    assert twin.alpha_ == tree.alpha_ and twin.teacher_gain_ == tree.teacher_gain_
    assert clone(twin).get_params()["alpha"] == "auto"
    np.testing.assert_array_equal(twin.predict_proba(X), tree.predict_proba(X))
    hard = tree.harden(X, y, max_leaf_nodes=3)
    assert hard.alpha == tree.alpha_
    del twin.alpha_  # which students had not
    twin.alpha = tree.alpha_
    assert twin.harden(X, y, max_leaf_nodes=3).alpha == tree.alpha_


def test_beside_early_stopping_and_calibration(rows):
    (X, y), exam = rows
    teacher = KNeighborsClassifier(20).fit(X, y)
    student = NET(teacher, alpha="auto", early_stopping=True)
    student.set_params(teacher_calibration="temperature").fit(X, y, **exam)
    assert student.alpha_ in ALPHAS and np.isfinite(student.teacher_gain_)
    P = np.log(soft_targets(teacher, exam["X_val"])) / student.teacher_temperature_
    assert np.isfinite(P).all()


def test_regressors_that_are_linear_choose_too(rows):
    (X, _), _ = rows
    y = X @ [1.0, 2.0, 3.0] + np.random.default_rng(0).normal(size=len(X))
    student = StudentRegressor(LinearRegression(), student=LinearRegression())
    student.set_params(alpha="auto").fit(X, y)
    assert student.alpha_ in ALPHAS and abs(student.teacher_gain_) < 0.1


@pytest.mark.slow
def test_the_control_among_the_candidates_is_what_a_control_would_be():
    """It stops early by itself: else any teacher would seem to be a gain."""
    X, y = make_classification(1500, 10, flip_y=0.3, random_state=0)
    teacher = LogisticRegression().fit(X[1000:], y[1000:])
    student = NeuralStudentClassifier(
        teacher,
        hidden_layer_sizes=(64, 64),
        alpha="auto",
        transfer=None,
        max_epochs=60,
        lr=0.03,
        random_state=0,
    )
    gains = [
        clone(student)
        .set_params(early_stopping=stops)
        .fit(X[:700], y[:700], X_val=X[700:1000], y_val=y[700:1000])
        .teacher_gain_
        for stops in ("auto", False)
    ]
    assert gains[0] < gains[1] / 2


def test_automatic_folds_and_automatic_trust():
    """Folds where the teacher looks its rows up; elsewhere as without `cv`."""
    X, y = make_classification(300, 5, flip_y=0.2, random_state=0)
    student = NET(LogisticRegression(), alpha="auto", cv="auto").fit(X, y)
    plain = NET(LogisticRegression(), alpha="auto").fit(X, y)
    np.testing.assert_array_equal(student.predict_proba(X), plain.predict_proba(X))
    neighbours = KNeighborsClassifier(weights="distance").fit(X, y)
    student = NET(neighbours, alpha="auto", cv="auto").fit(X, y)
    folds = NET(neighbours, alpha="auto", cv=5).fit(X, y)
    np.testing.assert_array_equal(student.predict_proba(X), folds.predict_proba(X))
    fitted = LogisticRegression().fit(X, y)
    with pytest.raises(ValueError, match="set cv, such as cv=5"):
        NET(fitted, alpha="auto", cv="auto").fit(X, y)
