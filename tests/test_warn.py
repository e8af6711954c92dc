"""A warning names the line of the user's that called."""

import _thread
from concurrent.futures import ThreadPoolExecutor

import pytest
from sklearn.dummy import DummyClassifier
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.tree import DecisionTreeClassifier
from skorch.callbacks import Callback

from skdistill import NeuralStudentClassifier, StudentClassifier


def fit(student, X, y):
    student.fit(X, y)


def fit_in_a_pipeline(student, X, y):
    make_pipeline(StandardScaler(), student).fit(X, y)


def score(student, X, y):
    cross_val_score(student, X, y, cv=2)


@pytest.fixture
def student(iris):
    """One whose teacher knows nothing of y, of which a fit warns."""
    teacher = DummyClassifier(strategy="uniform", random_state=0).fit(*iris)
    return StudentClassifier(teacher, student=DecisionTreeClassifier(max_depth=2))


@pytest.mark.parametrize("call", [fit, fit_in_a_pipeline, score])
def test_it_points_at_the_callers_line(call, student, iris):
    with pytest.warns(UserWarning, match="beyond chance") as record:
        call(student, *iris)
    line = call.__code__.co_firstlineno + 1
    assert {(w.filename, w.lineno) for w in record} == {(__file__, line)}


class PressCtrlC(Callback):
    def on_batch_begin(self, net, **kwargs):
        if len(net.history) == 2:
            _thread.interrupt_main()


def test_it_points_there_from_a_with_block_too(iris):
    student = NeuralStudentClassifier(
        max_epochs=3, early_stopping=True, callbacks=[PressCtrlC()]
    )
    with pytest.warns(UserWarning, match="was interrupted in epoch 2") as record:
        student.fit(*iris)
    assert record[0].filename == __file__


def test_a_thread_in_which_no_line_is_the_users(student, iris):
    with pytest.warns(UserWarning, match="beyond chance"):
        with ThreadPoolExecutor(1) as pool:
            pool.submit(student.fit, *iris).result()
