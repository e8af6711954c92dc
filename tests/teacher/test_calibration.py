"""Temperatures that are fitted."""

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.special import log_softmax, softmax
from sklearn.base import clone
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import KFold

from skdistill import (
    FixedRows,
    NeuralStudentClassifier,
    SoftDecisionTreeClassifier,
    StudentClassifier,
    soft_targets,
)
from skdistill.teacher.calibration import (
    TEMPERATURES,
    fitted_scale,
    fitted_temperature,
    label_losses,
    tempered,
)

STUDENTS = [NeuralStudentClassifier, SoftDecisionTreeClassifier, StudentClassifier]
UNDECIDED = "needs labelled rows that the teacher has not seen: give X_val and y_val"


def logits(n=50, k=4, seed=0):
    return 3 * np.random.default_rng(seed).normal(size=(n, k))


@pytest.mark.parametrize("factor", [1e-3, 1.0, 1e4])
def test_the_fitted_scale_recovers_a_temperature(factor):
    z, weight = logits(50), np.random.default_rng(0).uniform(0, 2, 50)
    log_p = log_softmax(z, axis=1)
    scale = fitted_scale(z / factor + 3, log_p, weight)
    assert scale == pytest.approx(factor, rel=1e-3)


def test_the_fitted_scale_is_optimal():
    """There the student's expected logit is the teacher's: the derivative is 0."""
    z, p = logits(50, seed=1), softmax(logits(50, seed=2), axis=1)
    z += np.log(p)
    weight = np.random.default_rng(0).uniform(0, 2, 50)
    q = softmax(fitted_scale(z, np.log(p), weight) * z, axis=1)
    expected = [weight @ (each * z).sum(axis=1) / weight.sum() for each in (p, q)]
    assert expected[0] == pytest.approx(expected[1], abs=1e-3)
    ignored = np.append(weight, 0.0)
    with_one_more = np.vstack([z, 99 * np.eye(4)[:1]]), np.vstack([p, p[:1]])
    scale = fitted_scale(with_one_more[0], np.log(with_one_more[1]), ignored)
    assert scale == pytest.approx(fitted_scale(z, np.log(p), weight), rel=1e-3)
    assert fitted_scale(np.ones((3, 2)), np.log(np.full((3, 2), 0.5)), np.ones(3)) == 1


def drawn(log_p, seed=0):
    """A label of each row, drawn from its distribution (n, 1)."""
    points = np.random.default_rng(seed).uniform(size=(len(log_p), 1))
    return (np.exp(log_p).cumsum(axis=1) < points).sum(axis=1, keepdims=True)


@pytest.mark.parametrize("tau", [1 / 3, 1.0, 5.0])
def test_the_temperature_of_a_known_distortion_is_recovered(tau):
    truth = log_softmax(logits(20_000, 3), axis=1)
    codes, ones = drawn(truth), np.ones(len(truth))
    answers = tempered(truth, 1 / tau, [3])
    assert fitted_temperature(answers, codes, ones, [3]) == pytest.approx(tau, rel=0.05)


def test_the_temperature_equals_an_independent_computation():
    """For several targets one temperature; weights count rows."""
    log_p = np.hstack([log_softmax(logits(80, k, seed=k), axis=1) for k in (2, 3)])
    codes = np.hstack([drawn(log_p[:, :2], 1), drawn(log_p[:, 2:], 2)])
    count = np.random.default_rng(0).integers(0, 3, 80)

    def loss(log_tau):
        tau = np.exp(log_tau)
        P = softmax(log_p[:, :2] / tau, axis=1), softmax(log_p[:, 2:] / tau, axis=1)
        pairs = zip(codes.T, P, strict=True)
        return -sum(count @ np.log(p[np.arange(80), c]) for c, p in pairs)

    best = float(np.exp(minimize(loss, 0.0, tol=1e-9).x[0]))
    again = np.repeat(np.arange(80), count)
    for rows, weight in [(np.arange(80), 7.0 * count), (again, np.ones(len(again)))]:
        tau = fitted_temperature(log_p[rows], codes[rows], weight, [2, 3])
        assert tau == pytest.approx(best, rel=1e-3)


def test_the_temperature_stays_finite():
    low, high = TEMPERATURES
    sure = np.log([[1e-7, 1 - 1e-7], [1 - 1e-7, 1e-7]])
    right, wrong = np.array([[1], [0]]), np.array([[0], [1]])
    assert fitted_temperature(sure / 9, right, np.ones(2), [2]) < 1.1 * low
    assert fitted_temperature(sure, wrong, np.ones(2), [2]) > high / 1.1
    assert np.isfinite(tempered(sure, low, [2])).all()
    assert fitted_temperature(np.log(np.full((2, 2), 0.5)), right, np.ones(2), [2]) == 1
    with pytest.raises(ValueError, match="none of them has a weight"):
        fitted_temperature(sure, right, np.zeros(2), [2])


@pytest.fixture(scope="module")
def task():
    """Rows to learn from, and as many again that nothing has seen."""
    X, y = make_classification(
        900, 8, n_informative=6, n_classes=3, class_sep=1.5, random_state=0
    )
    return (X[:400], y[:400]), (X[400:], y[400:])


FOREST = RandomForestClassifier(30, min_samples_leaf=8, max_features=1, random_state=0)


def fitted(Student, teacher, X, y, fit=None, **params):
    quick = {} if Student is StudentClassifier else {"max_epochs": 3}
    student = Student(teacher, teacher_calibration="temperature", **quick, **params)
    return student.set_params(random_state=0).fit(X, y, **(fit or {}))


@pytest.mark.parametrize("Student", STUDENTS)
def test_all_students_fit_it_on_rows_unseen_by_the_teacher(task, Student):
    (X, y), (X_val, y_val) = task
    teacher, folds = clone(FOREST).fit(X, y), KFold(4)
    by_folds = fitted(Student, teacher, X, y, cv=folds).teacher_temperature_
    by_X_val = fitted(Student, teacher, X, y, {"X_val": X_val, "y_val": y_val})
    P = np.zeros((len(X), 3))
    for train, held in folds.split(X):
        P[held] = soft_targets(clone(FOREST).fit(X[train], y[train]), X[held])
    by_output = fitted(Student, None, X, y, {"teacher_output": P}).teacher_temperature_
    assert by_folds == pytest.approx(by_output, rel=1e-4)
    ones, codes = np.ones(len(y_val)), y_val[:, None]
    tau = fitted_temperature(np.log(soft_targets(teacher, X_val)), codes, ones, [3])
    assert by_X_val.teacher_temperature_ == pytest.approx(tau, rel=1e-4)
    assert (
        0.2 < min(by_folds, tau) <= max(by_folds, tau) < 0.95
    )  # it is under-confident


def test_soft_targets_of_all_rows_are_divided_by_it(task):
    (X, y), (X_val, y_val) = task
    teacher = clone(FOREST).fit(X, y)
    val = {"X_val": X_val[:200], "y_val": y_val[:200]}
    more = {"X_transfer": X_val[200:300]}
    student = fitted(NeuralStudentClassifier, teacher, X, y, {**val, **more})
    tau, same = (
        student.teacher_temperature_,
        NeuralStudentClassifier(teacher, max_epochs=3, random_state=0),
    )
    P = [soft_targets(teacher, part, tau) for part in (X, more["X_transfer"])]
    same.fit(X, y, teacher_output=P[0], transfer_output=P[1], **more)
    new = X_val[300:]
    np.testing.assert_allclose(
        student.predict_proba(new), same.predict_proba(new), 1e-4
    )


def test_an_under_confident_teacher_teaches_better_log_loss(task):
    (X, y), (X_test, y_test) = task
    loss = {}
    for calibration in (None, "temperature"):
        student = StudentClassifier(
            FOREST,
            student=LogisticRegression(C=100),
            cv=5,
            teacher_calibration=calibration,
        )
        loss[calibration] = log_loss(y_test, student.fit(X, y).predict_proba(X_test))
    assert loss["temperature"] < loss[None]


def test_rows_that_are_never_held_out_and_rows_without_weight_do_not_count(task):
    (X, y), _ = task
    rows = np.arange(len(X))
    folds = [(rows[200:], rows[:100]), (rows[:200], rows[200:300])]
    weight = np.where(rows < 50, 0.0, 1 + rows % 2)
    student = fitted(
        StudentClassifier, FOREST, X, y, {"sample_weight": weight}, cv=folds
    )
    answers = []
    for train, held in folds:
        forest = clone(FOREST).fit(X[train], y[train], sample_weight=weight[train])
        answers.append((held, np.log(soft_targets(forest, X[held]))))
    asked = np.concatenate([held for held, _ in answers])
    log_p = np.concatenate([answer for _, answer in answers])
    tau = fitted_temperature(log_p, y[asked, None], weight[asked], [3])
    assert student.teacher_temperature_ == pytest.approx(tau, rel=1e-4)
    unweighted = fitted_temperature(log_p, y[asked, None], np.ones(200), [3])
    assert tau != pytest.approx(unweighted, rel=1e-3)


@pytest.mark.parametrize("Student", STUDENTS)
def test_without_unseen_labels_it_is_refused(task, Student):
    (X, y), (X_val, y_val) = task
    teacher = clone(FOREST).fit(X, y)
    P = soft_targets(teacher, X)
    transfer = {"X_transfer": X_val, "transfer_output": soft_targets(teacher, X_val)}
    for asked, labels, given in [
        (teacher, y, {}),
        (clone(FOREST), y, {}),
        (teacher, y, {"X_val": X_val}),
        (teacher, None, {"teacher_output": P}),
        (None, y, {**transfer, "X_val": X_val, "y_val": y_val}),
    ]:
        student = Student(asked, teacher_calibration="temperature")
        with pytest.raises(ValueError, match=UNDECIDED):
            student.fit(X, labels, **given)
        assert not hasattr(student, "teacher_temperature_")
    with pytest.raises(ValueError, match=UNDECIDED):
        fitted(Student, None, X, y, transfer=FixedRows(X, output=P))


@pytest.mark.parametrize("Student", STUDENTS)
def test_a_control_needs_no_calibration(task, Student):
    (X, y), _ = task
    for teacher, alpha in [(None, 1.0), (FOREST, 0.0)]:
        student = fitted(Student, teacher, X, y, alpha=alpha)
        assert student.teacher_temperature_ == 1
    assert Student(teacher_calibration=None).teacher_calibration is None


def test_label_losses_are_those_of_scikit_learn():
    log_p = log_softmax(logits(30, 3), axis=1)
    codes = drawn(log_p)
    labels = np.arange(3)
    mean = label_losses(log_p, codes, [3]).mean()
    assert mean == pytest.approx(log_loss(codes[:, 0], np.exp(log_p), labels=labels))
