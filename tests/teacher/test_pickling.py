"""A teacher that cannot be pickled is named; whoever takes more than a pickle may go on."""

import copy
import io
import pickle
import threading
from functools import partial

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.tree import DecisionTreeClassifier

from skdistill import HardDecisionTreeClassifier, StudentClassifier


class Locked(LogisticRegression):
    """Fitted, it holds what no pickler takes."""

    def fit(self, X, y):
        self.lock_ = threading.Lock()
        return super().fit(X, y)


def through_joblib(student):
    joblib.dump(student, io.BytesIO())


def ask(model, X):
    return model.predict_proba(X)


def teachers(X, y):
    model = LogisticRegression(max_iter=1000).fit(X, y)
    doubled = make_pipeline(FunctionTransformer(lambda X: 2 * X), clone(model))
    return {
        "<lambda>": lambda X: model.predict_proba(X),
        "functools.partial": partial(lambda m, X: m.predict_proba(X), model),
        "Pipeline": doubled.fit(X, y),
        "Locked": Locked(max_iter=1000).fit(X, y),
    }


@pytest.fixture
def small(iris):
    X, y = (each[::3] for each in iris)
    return X, np.unique(y, return_inverse=True)[1]


def learnt(teacher, X, y, **options):
    options = {"classes": [0, 1, 2], "transfer": None, "max_leaf_nodes": 3, **options}
    return HardDecisionTreeClassifier(teacher, **options).fit(X, y)


@pytest.mark.parametrize("dump", [pickle.dumps, through_joblib])
@pytest.mark.parametrize(
    "name", ["<lambda>", "functools.partial", "Pipeline", "Locked"]
)
def test_the_error_names_the_teacher_and_what_to_do(small, name, dump):
    X, y = small
    student = learnt(teachers(X, y)[name], X, y)
    with pytest.raises(pickle.PicklingError, match=rf"teacher=.*{name}.*keep_teacher"):
        dump(student)
    dump(student.set_params(keep_teacher=False))
    back = pickle.loads(pickle.dumps(student))
    np.testing.assert_array_equal(back.predict_proba(X), student.predict_proba(X))


def test_the_member_of_a_list_is_named_and_so_is_a_teacher_that_is_fitted_inside(small):
    X, y = small
    good = LogisticRegression(max_iter=1000).fit(X, y)
    student = learnt([good, teachers(X, y)["<lambda>"]], X, y)
    with pytest.raises(pickle.PicklingError, match="teacher=<function .*lambda"):
        pickle.dumps(student)
    with pytest.raises(pickle.PicklingError, match=r"teacher=Locked\("):
        pickle.dumps(learnt(Locked(max_iter=1000), X, y))


def test_the_name_of_a_teacher_is_not_longer_than_a_message_may_be(small):
    X, y = small

    class Long(LogisticRegression):
        def __repr__(self):
            return 10_000 * "x"

    with pytest.raises(pickle.PicklingError) as error:
        pickle.dumps(learnt(Long(max_iter=1000), X, y))
    assert len(str(error.value)) < 1000


def test_what_is_left_out_of_a_pickle_is_a_teacher_that_was_kept_until_then(small):
    X, y = small
    student = learnt(LogisticRegression(max_iter=1000).fit(X, y), X, y)
    assert student.teacher_ is student.teacher
    back = pickle.loads(pickle.dumps(student.set_params(keep_teacher=False)))
    assert not hasattr(back, "teacher_") and hasattr(student, "teacher_")


def test_teachers_that_can_be_pickled_are_pickled(small):
    X, y = small
    model = LogisticRegression(max_iter=1000).fit(X, y)
    for teacher in (model, [model, model], model.predict_proba, partial(ask, model)):
        student = learnt(teacher, X, y)
        back = pickle.loads(pickle.dumps(student))
        np.testing.assert_array_equal(back.predict_proba(X), student.predict_proba(X))


def test_copies_and_clones_keep_a_teacher_that_cannot_be_pickled(small):
    X, y = small
    student = learnt(teachers(X, y)["<lambda>"], X, y)
    for twin in (copy.copy(student), clone(student), copy.deepcopy(student)):
        assert twin.teacher is student.teacher


def test_a_student_with_such_a_teacher_is_a_teacher_with_memory(small, tmp_path):
    X, y = small
    student = learnt(teachers(X, y)["<lambda>"], X, y)
    learnt(student, X, y, memory=tmp_path)


@pytest.mark.slow
def test_workers_take_functions_by_content(small):
    X, y = small
    model = LogisticRegression(max_iter=1000).fit(X, y)
    student = StudentClassifier(
        lambda X: model.predict_proba(X),
        classes=[0, 1, 2],
        student=DecisionTreeClassifier(random_state=0),
        transfer=None,
    )
    grid = {"student__max_depth": [1, 2]}
    search = GridSearchCV(student, grid, cv=2, n_jobs=2, error_score="raise")
    assert search.fit(X, y).best_params_ == {"student__max_depth": 2}
    found = cross_validate(student, X, y, cv=2, n_jobs=2, return_estimator=True)
    assert len(found["estimator"]) == 2
