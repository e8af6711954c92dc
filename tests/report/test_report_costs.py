import math
import pickle
import time

import numpy as np
import pytest
from said_answers import asked_about, asked_of, both
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from skdistill import DistillationReport, HardDecisionTreeClassifier
from skdistill.report.costs import measure_costs


def of(costs, name):
    (cost,) = (cost for cost in costs if cost.model == name)
    return cost


def tree(**options):
    return HardDecisionTreeClassifier(
        max_leaf_nodes=4, transfer=None, random_state=0, **options
    )


def costs_of(model, X, teacher):
    says = {"teacher": teacher.predict_proba(X), "student": model.predict_proba(X)}
    models = {"teacher": teacher, "student": model}
    askers = {name: each.predict_proba for name, each in models.items()}
    classes = tuple(map(str, teacher.classes_))
    return measure_costs(
        asked_about(X, says, models=models, askers=askers, classes=classes)
    )


def test_bytes_are_those_of_the_pickles_a_students_without_its_teacher(
    iris, iris_forest
):
    X, y = iris
    kept = tree(teacher=iris_forest).fit(X, y)
    dropped = tree(teacher=iris_forest, keep_teacher=False).fit(X, y)
    found = costs_of(kept, X, iris_forest)
    assert of(found, "teacher").n_bytes == len(pickle.dumps(iris_forest, protocol=5))
    size = of(found, "student").n_bytes
    assert size == pytest.approx(len(pickle.dumps(dropped)), rel=0.1)
    assert size < len(pickle.dumps(kept)) / 2
    assert kept.keep_teacher
    assert kept.teacher_ is iris_forest

    inside = make_pipeline(FunctionTransformer(), tree(teacher=iris_forest)).fit(X, y)
    assert of(costs_of(inside, X, iris_forest), "student").n_bytes < 2 * size
    assert inside[-1].teacher_ is iris_forest


def test_seconds_are_positive_and_those_of_the_model(iris, iris_forest):
    X, y = iris
    found = costs_of(tree(teacher=iris_forest).fit(X, y), X, iris_forest)
    for cost in found:
        assert 0 < cost.one_row < 1
        assert 0 < cost.thousand_rows < 5
        assert cost.note == ""
    assert math.isnan(of(found, "student").break_even)  # nobody knows how long fit took


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now

    def model(self, seconds, rate):
        def answer(X):
            self.now += seconds + rate * len(X)
            return both(np.full(len(X), 0.3))

        return answer


def timed(monkeypatch, fit_seconds=None, **rates):
    clock, X = Clock(), np.zeros((30, 2))
    models = {name: clock.model(*rate) for name, rate in rates.items()}
    asked = asked_of(X, models)
    monkeypatch.setattr(time, "perf_counter", clock)
    return measure_costs(asked, fit_seconds), clock


def test_a_student_has_saved_its_fit_after_so_many_rows(monkeypatch):
    rates = {"teacher": (0, 0.001), "student": (0, 0.0005)}
    found, _ = timed(monkeypatch, {"student": 5.0}, **rates)
    assert of(found, "student").break_even == pytest.approx(10_000)
    assert of(found, "teacher").thousand_rows == pytest.approx(1.0)
    assert math.isnan(of(found, "teacher").break_even)


def test_a_student_that_is_no_faster_never_has(monkeypatch):
    rates = {"teacher": (0, 1e-5), "student": (0, 1e-4)}
    found, _ = timed(monkeypatch, {"student": 5.0}, **rates)
    assert of(found, "student").break_even == math.inf


def test_a_slow_teacher_is_not_waited_for(monkeypatch):
    found, clock = timed(monkeypatch, teacher=(0.1, 0.1), student=(0, 1e-6))
    assert clock.now < 15
    assert of(found, "teacher").thousand_rows == pytest.approx(101)


def test_history_tells_how_long_a_fit_took(iris, iris_forest):
    from skdistill import NeuralStudentClassifier

    X, y = iris
    net = NeuralStudentClassifier(
        iris_forest,
        hidden_layer_sizes=(4,),
        max_epochs=2,
        transfer=None,
        random_state=0,
    ).fit(X, y)
    found = costs_of(net, X, iris_forest)
    teacher, student = of(found, "teacher"), of(found, "student")
    seconds = sum(epoch["dur"] for epoch in net.history_)
    saved = (teacher.thousand_rows - student.thousand_rows) / 1000
    expected = seconds / saved if saved > 0 else math.inf
    assert student.break_even == pytest.approx(expected)


class NoPickle(LogisticRegression):
    def __reduce__(self):
        raise TypeError("never\nof two lines")


def test_what_has_no_pickle_says_so(iris, iris_forest):
    X, y = iris
    model = NoPickle(max_iter=1000).fit(X, y)
    cost = of(costs_of(model, X, iris_forest), "student")
    assert math.isnan(cost.n_bytes)
    assert cost.note == "cannot be pickled: never"
    asked = asked_of(X, {"teacher": lambda X: both(np.full(len(X), 0.5))})
    assert "a function" in measure_costs(asked)[0].note


def test_views_of_a_report_know_models_without_a_pickle(iris, iris_forest):
    X, y = iris
    student = tree(teacher=iris_forest).fit(X[::2], y[::2])
    report = DistillationReport(
        student, X[1::2], y[1::2], teacher=lambda X: iris_forest.predict_proba(X)
    )
    teacher = of(report.result.cost, "teacher")
    assert math.isnan(teacher.n_bytes)
    assert teacher.thousand_rows > 0
    assert report.to_dict()["cost"][0]["n_bytes"] is None
    assert "nan" not in repr(report)
    assert "a function, whose pickle" in report._repr_html_()


def test_a_report_has_the_costs_of_a_list_of_teachers(iris, iris_forest):
    X, y = iris
    student = tree(teacher=[iris_forest, iris_forest]).fit(X[::2], y[::2])
    report = DistillationReport(student, X[1::2], y[1::2])
    assert [cost.model for cost in report.result.cost] == ["teacher", "student"]
    assert of(report.result.cost, "teacher").n_bytes > 10_000
