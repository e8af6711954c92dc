"""scikit-learn's own checks and the project's, for every student."""

import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from sklearn.utils.estimator_checks import parametrize_with_checks

from skdistill import (
    ConditionalSampler,
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    Munge,
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
    StudentClassifier,
    StudentRegressor,
)
from skdistill.checks import check_student, student_checks

CLASSIFIERS = [NeuralStudentClassifier, SoftDecisionTreeClassifier]
REGRESSORS = [NeuralStudentRegressor, SoftDecisionTreeRegressor]
FAST = {"max_epochs": 15, "batch_size": 32}
# A check sets alpha to 0.01, and asks for R2 = 0.5: among 24 drawn rows for each of X,
# the labels that then count alone are one in a batch of 32.
SURE = {"max_epochs": 15, "batch_size": 8}


def expected_failures(estimator):
    if hasattr(estimator, "max_epochs"):
        reason = (
            "batches are drawn by row, so that weights and repeated rows differ by "
            "chance; in one full batch they agree: test_sample_weight_is_repetition"
        )
    elif estimator.teacher is not None and estimator.transfer is not None:
        reason = "transfer rows are drawn by row"
    elif getattr(estimator, "student", None) is not None:
        reason = "weights are relative; a penalised student counts the rows"
    elif estimator.teacher is not None and hasattr(estimator, "time_budget"):
        reason = (
            "weights are relative; labels' rows are counted beside the teacher's 300"
        )
    else:
        return {}
    return {"check_sample_weight_equivalence_on_dense_data": reason}


SURROGATES = [
    StudentClassifier(),
    StudentClassifier(student=LogisticRegression()),
    StudentClassifier(LogisticRegression()),
    StudentClassifier([LogisticRegression(), DecisionTreeClassifier(random_state=0)]),
    StudentClassifier(LogisticRegression(), student=LogisticRegression()),
    StudentClassifier(LogisticRegression(), student=Ridge(), targets="logits"),
    StudentRegressor(),
    StudentRegressor(Ridge(), student=Ridge()),
    StudentRegressor([Ridge(), DecisionTreeRegressor(random_state=0)]),
    StudentClassifier(LogisticRegression(), cv=3),
    StudentRegressor(Ridge(), cv=3),
    StudentClassifier(LogisticRegression(), transfer=Munge(1.0), random_state=0),
    NeuralStudentRegressor(Ridge(), transfer=ConditionalSampler(1.0), **FAST),
]
FEW = {"max_leaf_nodes": 6}
HARD_TREES = [
    HardDecisionTreeClassifier(**FEW),
    HardDecisionTreeRegressor(**FEW),
]


def settings():
    """Every student as a control, with unfitted teachers, stopping, and cross-fitted."""
    for Student in CLASSIFIERS + REGRESSORS:
        if Student in CLASSIFIERS:
            one, two = LogisticRegression(), DecisionTreeClassifier(random_state=0)
            taught = FAST
        else:
            one, two = Ridge(), DecisionTreeRegressor(random_state=0)
            taught = SURE
        yield Student(**FAST)
        # What the others show too, and takes long, is among more_settings.
        if Student is NeuralStudentClassifier:
            yield Student([one, two], **taught)
        if Student in CLASSIFIERS:
            yield Student(early_stopping=True, **FAST)
        if Student is not SoftDecisionTreeClassifier:
            yield Student(one, cv=3, **FAST)


def more_settings():
    """What differs from these in little: a minute, for ``make test-all``."""
    for Student in CLASSIFIERS:
        yield Student(LogisticRegression(), **FAST)
    for Student in REGRESSORS:
        yield Student(Ridge(), **SURE)
        yield Student(early_stopping=True, **FAST)
    two = [LogisticRegression(), DecisionTreeClassifier(random_state=0)]
    drawn = {"transfer": Munge(1.0), "random_state": 0}
    yield HardDecisionTreeClassifier(two, **drawn, **FEW)
    yield SoftDecisionTreeClassifier(two, **FAST)
    yield SoftDecisionTreeClassifier(LogisticRegression(), cv=3, **FAST)
    two = [Ridge(), DecisionTreeRegressor(random_state=0)]
    yield NeuralStudentRegressor(two, **SURE)
    yield SoftDecisionTreeRegressor(two, **SURE)
    yield NeuralStudentClassifier(LogisticRegression(), temperature="auto", **FAST)
    yield SoftDecisionTreeClassifier(
        LogisticRegression(), temperature="auto", max_depth=3, max_epochs=12
    )
    yield HardDecisionTreeClassifier(LogisticRegression(), cv=3, transfer=None, **FEW)
    yield HardDecisionTreeRegressor(Ridge(), cv=3, transfer=None, **FEW)


@pytest.mark.filterwarnings("ignore:Your estimator raised:FutureWarning")
@parametrize_with_checks(
    [*settings(), *SURROGATES, *HARD_TREES],
    expected_failed_checks=expected_failures,
)
def test_sklearn_checks(estimator, check):
    check(estimator)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Your estimator raised:FutureWarning")
@parametrize_with_checks(
    list(more_settings()), expected_failed_checks=expected_failures
)
def test_sklearn_checks_of_more_settings(estimator, check):
    check(estimator)


@pytest.mark.parametrize("check", student_checks(), ids=lambda check: check.__name__)
@pytest.mark.parametrize(
    "student",
    [
        *(Student(max_epochs=3) for Student in CLASSIFIERS + REGRESSORS),
        NeuralStudentClassifier(loss="dist", max_epochs=3),
        NeuralStudentClassifier(temperature="auto", max_epochs=3),
        SoftDecisionTreeClassifier(loss="dkd", max_epochs=3),
        StudentClassifier(),
        StudentClassifier(student=LogisticRegression()),
        StudentClassifier(student=Ridge()),
        StudentRegressor(),
        StudentRegressor(student=Ridge()),
        HardDecisionTreeClassifier(**FEW),
        HardDecisionTreeRegressor(**FEW),
    ],
    ids=str,
)
def test_student_checks(student, check):
    check(clone(student))


def test_a_subclass_can_run_the_checks():
    class Narrow(NeuralStudentClassifier):
        def fit(self, X, y=None, **kwargs):
            self.touched_ = True  # survives a failed fit: the contract is broken
            return super().fit(X, y, **kwargs)

    with pytest.raises(AssertionError, match="left attributes behind"):
        check_student(Narrow(max_epochs=2))
