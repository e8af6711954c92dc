"""Fits as generators: carried out at once, or left to whoever collects them."""

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression

from skdistill import NeuralStudentClassifier
from skdistill.training.fits import advanced, carry_out, collected_by


class Training:
    """A training that is done by saying so."""

    def __init__(self, outcome):
        self.outcome = outcome

    def alone(self):
        if isinstance(self.outcome, BaseException):
            raise self.outcome
        return self.outcome


class Pool:
    """Takes every training, and remembers who waits."""

    def __init__(self, takes=lambda request: True):
        self.takes, self.waiting = takes, []

    def add(self, steps, request):
        self.waiting.append((steps, request))


def fit_of(trainings, log):
    for training in trainings:
        log.append((yield training))
    log.append("ended")


def test_an_ordinary_fit_trains_at_once():
    log = []
    carry_out(fit_of([Training("first"), Training("second")], log))
    assert log == ["first", "second", "ended"]


def test_the_fit_decides_what_becomes_of_an_error():
    def careful():
        try:
            yield Training(ValueError("too hot"))
        except ValueError:
            log.append((yield Training("again")))

    log = []
    carry_out(careful())
    assert log == ["again"]
    with pytest.raises(ValueError, match="too hot"):
        carry_out(fit_of([Training(ValueError("too hot"))], log))
    with pytest.raises(KeyboardInterrupt):
        carry_out(fit_of([Training(KeyboardInterrupt())], log))


def test_a_pool_goes_on_with_what_it_has_trained():
    log, pool = [], Pool()
    with collected_by(pool):
        carry_out(fit_of([Training("mine"), Training("its")], log))
    ((steps, request),) = pool.waiting
    assert log == [] and request.outcome == "mine"
    second = advanced(steps, "joint", pool.takes)
    assert log == ["joint"] and second.outcome == "its"
    assert advanced(steps, "joint too", pool.takes) is None
    assert log == ["joint", "joint too", "ended"]
    error = advanced(fit_of([], log), None, pool.takes)
    assert error is None  # a fit that needs no training has ended


def test_what_a_pool_does_not_take_is_trained_at_once():
    log, pool = [], Pool(takes=lambda request: request.outcome == "joined")
    with collected_by(pool):
        carry_out(fit_of([Training("alone"), Training("joined")], log))
    assert log == ["alone"] and len(pool.waiting) == 1


def test_fits_inside_of_a_fit_are_not_the_pools():
    log, pool = [], Pool()

    def outer():
        carry_out(fit_of([Training("teacher")], log))
        log.append((yield Training("student")))

    with collected_by(pool):
        carry_out(outer())
    assert log == ["teacher", "ended"] and len(pool.waiting) == 1


def test_a_student_that_is_never_gone_on_with_is_as_it_was():
    X, y = load_iris(return_X_y=True)
    teacher = LogisticRegression(max_iter=1000).fit(X, y)
    student = NeuralStudentClassifier(teacher, max_epochs=2, random_state=0).fit(X, y)
    before, answer = dict(vars(student)), student.predict_proba(X)
    pool = Pool()
    with collected_by(pool):
        assert student.set_params(max_epochs=3).fit(X, y) is student
    before["max_epochs"] = 3
    ((steps, _),) = pool.waiting
    steps.close()
    assert vars(student).keys() == before.keys()
    assert all(vars(student)[name] is before[name] for name in before)
    np.testing.assert_array_equal(student.predict_proba(X), answer)


def test_a_student_that_waited_is_what_it_would_have_become():
    X, y = load_iris(return_X_y=True)
    options = {"max_epochs": 3, "transfer": None, "random_state": 0}
    at_once = NeuralStudentClassifier(**options).fit(X, y)
    pool, later = Pool(), NeuralStudentClassifier(**options)
    with collected_by(pool):
        later.fit(X, y)
    ((steps, request),) = pool.waiting
    assert not hasattr(later, "net_")
    assert advanced(steps, request.alone()) is None
    np.testing.assert_array_equal(later.predict_proba(X), at_once.predict_proba(X))
