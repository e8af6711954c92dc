"""The smallest student that is good enough."""

import numpy as np
import pytest
from sklearn.datasets import load_breast_cancer, make_friedman1
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.metrics import accuracy_score, log_loss
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier

from skdistill import (
    HardDecisionTreeClassifier,
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
    StudentClassifier,
    smallest_student,
    soft_targets,
)
from skdistill.search import smallest

TOLERANCE = 0.6  # of so few rows, the bound is far above the shortfall


@pytest.fixture(autouse=True, scope="module")
def few_resamples():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(smallest, "_RESAMPLES", 60)
        patch.setattr(smallest, "_RESAMPLES_OF_REPORT", 30)
        yield


@pytest.fixture(scope="module")
def data():
    X, y = load_breast_cancer(return_X_y=True)
    names = np.array(["bad", "good"])
    order = np.random.default_rng(0).permutation(len(y))
    X, y = X[order][:, :8], names[y[order]]
    forest = RandomForestClassifier(30, random_state=0).fit(X[:250], y[:250])
    return forest, X[:250], y[:250], {"X_val": X[250:], "y_val": y[250:]}


@pytest.fixture(scope="module")
def found(data, few_resamples):
    forest, X, y, held = data
    student = HardDecisionTreeClassifier(forest, transfer=None, random_state=0)
    options = {"scoring": "neg_log_loss", "sizes": {"max_leaf_nodes": [2, 4, 8, 16]}}
    return smallest_student(student, X, y, **held, tolerance=TOLERANCE, **options)


def test_it_takes_the_smallest_that_is_good_enough(found):
    sizes = [point["n_numbers"] for point in found.curve]
    assert sizes == sorted(sizes) and len(sizes) == 4
    good = [point for point in found.curve if point["good_enough"]]
    assert found.is_good_enough and good
    wanted = good[0]["parameters"]["max_leaf_nodes"]
    assert found.student.max_leaf_nodes == wanted
    assert all(p["good_enough"] == (p["bound"] <= TOLERANCE) for p in found.curve)


def test_scores_are_those_of_rows_that_did_not_select(found, data):
    forest, _, _, held = data
    p = soft_targets(forest, held["X_val"])
    every = -log_loss(held["y_val"], p)
    n = len(held["y_val"])
    loss = -np.log(np.where(held["y_val"] == "bad", p[:, 0], p[:, 1]))
    assert abs(every - found.teacher_score) < 4 * loss.std() / (n / 2) ** 0.5
    assert found.baseline_score < found.teacher_score < 0
    for point in found.curve:
        short = found.teacher_score - point["score"]
        share = short / (found.teacher_score - found.baseline_score)
        assert point["shortfall"] == pytest.approx(share)
        assert point["score_error"] > 0


@pytest.mark.slow
def test_a_bound_is_above_the_shortfall(data):
    """More tolerance, smaller students; and a bound is no estimate of the middle."""
    forest, X, y, held = data
    student = SoftDecisionTreeClassifier(forest, max_epochs=10, random_state=0)
    options = {"scoring": "neg_log_loss", "sizes": {"max_depth": [1, 2, 4]}}
    loose, strict = (
        smallest_student(student, X, y, **held, tolerance=t, **options)
        for t in (0.9, 0.3)
    )
    numbers = [r.curve for r in (loose, strict)]
    assert numbers[0] == [{**p, "good_enough": p["bound"] <= 0.9} for p in numbers[1]]
    assert loose.student.max_depth <= strict.student.max_depth
    again = smallest_student(student, X, y, **held, tolerance=0.9, **options)
    assert again.curve == loose.curve


def test_none_is_good_enough(data):
    forest, X, y, held = data
    student = HardDecisionTreeClassifier(forest, transfer=None)
    with pytest.warns(UserWarning, match="No size falls short .* tolerance=0.0"):
        found = smallest_student(
            student,
            X,
            y,
            **held,
            scoring="neg_log_loss",
            tolerance=0.0,
            sizes=[{"max_leaf_nodes": 2}],
        )
    assert not found.is_good_enough
    assert found.student.get_n_leaves() == 2


def test_values_and_other_students(data):
    X, y = make_friedman1(500, random_state=0)
    forest = RandomForestRegressor(30, random_state=0).fit(X[:250], y[:250])
    held = {"X_val": X[250:], "y_val": y[250:]}
    student = NeuralStudentRegressor(forest, max_epochs=30, random_state=0)
    sizes = {"hidden_layer_sizes": [(1,), (16,)]}
    found = smallest_student(
        student, X[:250], y[:250], **held, sizes=sizes, tolerance=0.3
    )
    assert found.curve[0]["n_numbers"] < found.curve[1]["n_numbers"]
    assert 0 < found.teacher_score < 1 and abs(found.baseline_score) < 0.1
    forest, X, y, held = data
    own = StudentClassifier(
        forest, student=DecisionTreeClassifier(random_state=0), random_state=0
    )
    sizes = {"student__max_leaf_nodes": [2, 16]}
    found = smallest_student(own, X, y, **held, sizes=sizes, tolerance=0.3)
    assert found.curve[0]["n_numbers"] < found.curve[1]["n_numbers"]
    wanted = accuracy_score(held["y_val"], forest.predict(held["X_val"]))
    assert abs(found.teacher_score - wanted) < 0.1
    with pytest.raises(ValueError, match="no size that is known here"):
        smallest_student(own, X, y, **held)


def test_what_cannot_be_measured_is_refused(data):
    forest, X, y, held = data
    with pytest.raises(ValueError, match="has no teacher"):
        smallest_student(NeuralStudentClassifier(), X, y, **held)
    student = HardDecisionTreeClassifier(forest, transfer=None)
    swapped = np.where(held["y_val"] == "bad", "good", "bad")
    with pytest.raises(ValueError, match="no better than that of the classes"):
        smallest_student(
            student,
            X,
            y,
            X_val=held["X_val"],
            y_val=swapped,
            sizes={"max_leaf_nodes": [2]},
        )
    several = np.column_stack([y, y])
    with pytest.raises(ValueError, match="y has 2 targets, .* for classes of one"):
        smallest_student(student, X, several, **held)
    with pytest.raises(ValueError, match="inconsistent numbers"):
        smallest_student(student, X, y, X_val=X, y_val=held["y_val"])
    with pytest.raises(ValueError, match="a dict is of one parameter"):
        smallest_student(
            student, X, y, **held, sizes={"max_leaf_nodes": [2], "criterion": ["gini"]}
        )
    with pytest.raises(ValueError, match="tolerance"):
        smallest_student(student, X, y, **held, tolerance=-1)
    for sizes in ([], {}, [2, 4], "max_leaf_nodes", 4, {"max_leaf_nodes": 4}):
        with pytest.raises(ValueError, match="sizes=.* must be a dict of a parameter"):
            smallest_student(student, X, y, **held, sizes=sizes)
    one = {"X_val": held["X_val"][:1], "y_val": held["y_val"][:1]}
    with pytest.raises(ValueError, match="X_val must have two rows or more"):
        smallest_student(student, X, y, **one)


def test_the_front_has_the_sizes_that_no_smaller_one_matches(found):
    front = found.pareto_front()
    scores = [point["score"] for point in front]
    assert scores == sorted(scores) and front[0] == found.curve[0]


def test_a_student_that_keeps_no_teacher(data):
    forest, X, y, held = data
    student = HardDecisionTreeClassifier(forest, transfer=None, keep_teacher=False)
    sizes = {"max_leaf_nodes": [8]}
    smallest_student(student, X, y, **held, tolerance=0.5, sizes=sizes)
    assert student.keep_teacher is False
    with pytest.raises(ValueError, match="not a pipeline"):
        smallest_student(make_pipeline(student), X, y, **held)
