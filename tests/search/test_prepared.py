"""Fits that are prepared: their seconds, warnings, threads, and Ctrl-C."""

import contextvars
import signal
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import LogisticRegression
from small_students import SMALL, forest, own_threads

from skdistill import DistillationSearchCV, NeuralStudentClassifier


def test_seconds_are_divided_among_those_trained_together(data):
    student = NeuralStudentClassifier(hidden_layer_sizes=(8,), max_epochs=20)
    search = DistillationSearchCV(student, {"lr": np.linspace(0.01, 0.1, 8)}, cv=2)
    search.fit(*data)
    seconds = search.cv_results_["mean_fit_time"]
    assert (seconds > 0).all()
    assert seconds.max() < 10 * np.median(seconds)


@pytest.mark.parametrize("where", ["score", "teacher"])
def test_ctrl_c_leaves_no_thread_behind(where, data):
    def press_and_wait():
        if not pressed:
            press = partial(signal.pthread_kill, threading.main_thread().ident)
            pressed.append(threading.Timer(0.2, press, [signal.SIGINT]))
            pressed[-1].start()
        while True:
            time.sleep(0.01)

    class Slow(LogisticRegression):
        def fit(self, X, y):
            return press_and_wait() if where == "teacher" else super().fit(X, y)

    def score(student, X, y):
        return press_and_wait()

    handler = signal.getsignal(signal.SIGINT)
    signal.siginterrupt(signal.SIGINT, False)  # as some libraries leave it
    pressed, before = [], own_threads()
    filters = list(warnings.filters)
    student = NeuralStudentClassifier(Slow(max_iter=1000), transfer=None, **SMALL)
    grid = {"temperature": [1.0, 2.0, 4.0]}
    search = DistillationSearchCV(student, grid, cv=2, scoring=score)
    try:
        with pytest.raises(KeyboardInterrupt):
            search.fit(*data)
    finally:
        signal.signal(signal.SIGINT, handler)
    for timer in pressed:
        timer.join()
    assert own_threads() == before
    assert warnings.filters == filters


@pytest.mark.filterwarnings("default:the student says")
def test_warnings_of_each_candidate_are_heard(data):
    class Loud(NeuralStudentClassifier):
        def fit(self, X, y):
            warnings.warn("the student says: before", UserWarning, stacklevel=2)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                super().fit(X, y)
            warnings.warn("the student says: after", UserWarning, stacklevel=2)
            return self

    student = Loud(forest(), transfer=None, **SMALL)
    search = DistillationSearchCV(student, {"lr": [0.01, 0.1]}, cv=2, refit=False)
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        search.fit(*data)
    assert len(heard) == 8


def test_threads_that_a_fit_starts_train_by_themselves(data):
    class Two(ClassifierMixin, BaseEstimator):
        def __init__(self, lr=0.01):
            self.lr = lr

        def fit(self, X, y):
            students = [NeuralStudentClassifier(lr=self.lr, **SMALL) for _ in range(2)]
            with ThreadPoolExecutor(2) as pool:
                contexts = [contextvars.copy_context() for _ in students]
                futures = [
                    pool.submit(context.run, student.fit, X, y)
                    for context, student in zip(contexts, students, strict=True)
                ]
            self.students_ = [future.result() for future in futures]
            self.classes_ = self.students_[0].classes_
            return self

        def predict(self, X):
            return self.students_[0].predict(X)

    search = DistillationSearchCV(Two(), {"lr": [0.01, 0.1]}, cv=2).fit(*data)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
