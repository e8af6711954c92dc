"""The project's contract, as checks that any student, or subclass of one, can run.

They stand beside scikit-learn's ``check_estimator`` and need no test framework. The
students given should train fast: set ``max_epochs`` low.
"""

import atexit
import functools
import json
import pickle
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from sklearn.base import clone, is_classifier
from sklearn.datasets import make_classification, make_regression
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer


def check_student(student):
    """Run every check of the students' contract on one student.

    Parameters
    ----------
    student : estimator
        Unfitted, without teacher; it is cloned, not changed.

    Raises
    ------
    AssertionError
        If the student breaks the contract; the message says which part.

    Examples
    --------
    >>> from skdistill import NeuralStudentClassifier
    >>> from skdistill.checks import check_student
    >>> check_student(NeuralStudentClassifier(max_epochs=3))  # doctest: +SKIP
    """
    for check in student_checks():
        check(clone(student))


def student_checks():
    """The checks one by one, for a test framework to name.

    Returns
    -------
    list of callable
        Each takes an unfitted student without teacher, which it may change.
    """
    return [
        check_teacher_untouched,
        check_failed_searches_leave_teacher,
        check_X_passed_through,
        check_outputs_aligned,
        check_temperature_limits,
        check_control_is_plain_training,
        check_same_seed_same_bits,
        check_failed_fit_changes_nothing,
        check_pickle_then_warm_start,
        check_clone_of_clone,
        check_teacher_can_be_dropped,
    ]


def _data(student, seed=0):
    if is_classifier(student):
        X, y = make_classification(
            90, 5, n_informative=4, n_redundant=0, n_classes=3, random_state=seed
        )
        return X, np.array(["b", "c", "a"])[y]
    X, y = make_regression(90, 5, noise=1.0, random_state=seed)
    return X, 10 * y + 100


def _forest(student, X, y):
    forest = RandomForestClassifier if is_classifier(student) else RandomForestRegressor
    return forest(n_estimators=5, random_state=0).fit(X, y)


def _with_teacher(student, teacher):
    """Taught on the rows of X alone: drawn rows would hide what a check compares."""
    return clone(student).set_params(teacher=teacher, transfer=None, random_state=0)


def _soft(student, X):
    predict = student.predict_proba if is_classifier(student) else student.predict
    return predict(X)


def check_teacher_untouched(student):
    """Fitting, predicting, cloning and searching leave a fitted teacher as it is.

    Parameters
    ----------
    student : estimator
        Unfitted, without teacher.
    """
    X, y = _data(student)
    forest = _forest(student, X, y)
    before, state = _soft(forest, X), pickle.dumps(forest)
    pupil = _with_teacher(student, forest).fit(X, y)
    pupil.predict(X)
    assert clone(pupil).teacher is forest, "clone must share a fitted teacher"
    assert pupil.teacher_ is forest, "teacher_ must be the fitted teacher itself"
    search = GridSearchCV(pupil, {"alpha": [0.5, 1.0]}, cv=2).fit(X, y)
    assert search.best_estimator_.teacher is forest, "a search must share the teacher"
    np.testing.assert_array_equal(_soft(forest, X), before)
    assert pickle.dumps(forest) == state, "the teacher's state has changed"


def check_failed_searches_leave_teacher(student):
    """Grids over a fitted teacher's parameters fail and leave it fitted.

    Parameters
    ----------
    student : estimator
        Unfitted, without teacher.
    """
    X, y = _data(student)
    forest = _forest(student, X, y)
    other = _forest(student, X[:40], y[:40])
    before = _soft(forest, X)
    for teacher in (forest, FrozenEstimator(forest)):
        for key, values in (("max_depth", [1, 2]), ("estimator", [other])):
            for inside in (False, True):
                model = _with_teacher(student, teacher)
                name = f"teacher__{key}"
                if inside:
                    model = make_pipeline(FunctionTransformer(), model)
                    name = f"{model.steps[-1][0]}__{name}"
                _assert_search_fails(model, {name: values}, X, y)
                np.testing.assert_array_equal(_soft(forest, X), before)
                if teacher is not forest:
                    assert teacher.estimator is forest, "a frozen teacher was replaced"


def _assert_search_fails(model, grid, X, y):
    try:
        GridSearchCV(model, grid, cv=2).fit(X, y)
    except ValueError:
        return
    raise AssertionError(f"a search over {sorted(grid)} of a fitted teacher must fail")


def check_X_passed_through(student):
    """The teacher gets the very object that the user gave as X.

    Parameters
    ----------
    student : estimator
        Unfitted, without teacher.
    """
    X, y = _data(student)
    forest, questions = _forest(student, X, y), []

    def teacher(rows):
        questions.append(rows)
        return _soft(forest, rows)

    pupil = _with_teacher(student, teacher)
    if is_classifier(student):
        pupil.set_params(classes=forest.classes_)
    rows = X.tolist()
    pupil.fit(rows, y, X_transfer=X)
    assert questions[0] is rows, "the teacher must get X as it was given"
    assert questions[1] is X, "the teacher must get X_transfer as it was given"


def check_outputs_aligned(student):
    """Columns are matched by label, whatever their order; a new class has its column.

    Parameters
    ----------
    student : estimator
        Unfitted, without teacher.
    """
    X, y = _data(student)
    forest = _forest(student, X, y)
    direct = _soft(_with_teacher(student, forest).fit(X, y), X)
    P = _soft(forest, X)
    if not is_classifier(student):
        given = _with_teacher(student, None).fit(X, y, teacher_output=P)
        np.testing.assert_array_equal(_soft(given, X), direct)
        return
    order = np.array([2, 0, 1])
    backwards = _with_teacher(student, lambda rows: _soft(forest, rows)[:, order])
    backwards.set_params(classes=forest.classes_[order]).fit(X, y)
    assert backwards.classes_.tolist() == ["a", "b", "c"], "classes_ must be sorted"
    smoothed = (5 * P + 1 / 3) / 6  # what a forest's votes are smoothed to
    given = _with_teacher(student, None).set_params(classes=forest.classes_[order])
    given.fit(X, y, teacher_output=smoothed[:, order])
    np.testing.assert_allclose(_soft(given, X), direct, atol=1e-3)
    two = y != "c"
    wider = _with_teacher(student, forest).fit(X[two], y[two])
    assert wider.classes_.tolist() == ["a", "b", "c"], "classes_ must be the union"
    prior = DummyClassifier().fit(X[:3], ["a", "b", "c"])
    assert _soft(_with_teacher(student, prior).fit(X[:40], y[:40]), X).shape[1] == 3


def check_temperature_limits(student):
    """High temperatures tend to matched logits; T is nothing where nothing is softened.

    Parameters
    ----------
    student : estimator
        Unfitted, without teacher.
    """
    if not {"temperature", "loss"} <= set(student.get_params()):
        return
    X, y = _data(student)
    for teacher, alpha in ((None, 1.0), (_forest(student, X, y), 0.0)):
        cold, hot = (
            _with_teacher(student, teacher)
            .set_params(alpha=alpha, temperature=t)
            .fit(X, y)
            for t in (1.0, 8.0)
        )
        np.testing.assert_array_equal(_soft(cold, X), _soft(hot, X))
    hot, limit = (
        _with_teacher(student, _forest(student, X, y)).set_params(**params).fit(X, y)
        for params in (
            {"loss": "kl", "temperature": 300.0},
            {"loss": "mse_logits", "temperature": 1.0},
        )
    )
    losses = [model.history_[-1]["train_loss"] for model in (hot, limit)]
    np.testing.assert_allclose(*losses, rtol=0.02, err_msg="T^2 KL at a high T")


def check_control_is_plain_training(student):
    """Without weight on the teacher, the student learns as if there were none.

    Parameters
    ----------
    student : estimator
        Unfitted, without teacher.
    """
    X, y = _data(student)
    control = _with_teacher(student, None).fit(X, y)
    deaf = (
        _with_teacher(student, _forest(student, X, y)).set_params(alpha=0.0).fit(X, y)
    )
    np.testing.assert_array_equal(_soft(control, X), _soft(deaf, X))
    assert not hasattr(control, "teacher_"), "a control has no teacher_"


def check_same_seed_same_bits(student):
    """Two fits with one seed agree in every bit, whatever the global generators do.

    Parameters
    ----------
    student : estimator
        Unfitted, without teacher.
    """
    X, y = _data(student)
    first = _soft(_with_teacher(student, None).fit(X, y), X)
    np.random.seed(12)  # noqa: NPY002
    np.testing.assert_array_equal(
        _soft(_with_teacher(student, None).fit(X, y), X), first
    )
    if "max_epochs" in student.get_params():
        other = _with_teacher(student, None).set_params(random_state=1).fit(X, y)
        assert (_soft(other, X) != first).any(), "random_state has no effect"


def check_failed_fit_changes_nothing(student):
    """A fit that raises leaves an unfitted student unfitted, a fitted one as it was.

    Parameters
    ----------
    student : estimator
        Unfitted, without teacher.
    """
    X, y = _data(student)
    bad = X.copy()
    bad[3, 2] = np.inf
    fresh = _with_teacher(student, None)
    state = dict(vars(fresh))
    _assert_fit_fails(fresh, bad, y)
    assert vars(fresh) == state, "a failed fit left attributes behind"
    fitted = _with_teacher(student, None).fit(X, y)
    before, state = _soft(fitted, X), dict(vars(fitted))
    _assert_fit_fails(fitted, bad, y)
    _assert_fit_fails(fitted, X[:, :3], y, teacher_output=np.full(len(y), np.nan))
    _assert_same_state(fitted, state)
    if "loss" in student.get_params():
        spoiled = fitted.set_params(
            loss=_nan_loss, teacher=_forest(student, X, y), alpha=1.0
        )
        state = dict(vars(spoiled))
        _assert_fit_fails(spoiled, X, y)
        _assert_same_state(spoiled, state)
    np.testing.assert_array_equal(_soft(fitted, X), before)


def _nan_loss(output, target, temperature):
    return (output - target).sum(dim=1) * float("nan")


def _assert_same_state(student, state):
    now = vars(student)
    assert now.keys() == state.keys(), "a failed fit added or removed attributes"
    changed = [name for name, value in state.items() if now[name] is not value]
    assert not changed, f"a failed fit changed {changed}"


def _assert_fit_fails(student, X, y, **params):
    try:
        student.fit(X, y, **params)
    except ValueError:
        return
    raise AssertionError("fit must raise a ValueError for such input")


_IN_ANOTHER_PROCESS = """
import json, pickle, sys
import numpy as np
sys.stdout = sys.stderr  # what a student prints is no answer
for line in sys.stdin:
    there, back = json.loads(line)
    with open(there, "rb") as file:
        student, X, y = pickle.load(file)
    name = "predict_proba" if hasattr(student, "predict_proba") else "predict"
    first = getattr(student, name)(X)
    if "warm_start" in student.get_params():
        student.set_params(warm_start=True).fit(X, y)
    np.savez(back, first=first, second=getattr(student, name)(X))
    print("done", file=sys.__stdout__, flush=True)
"""


@functools.cache
def _another_process():
    """One that takes students until this one ends: it takes seconds to import torch."""
    process = subprocess.Popen(
        [sys.executable, "-c", _IN_ANOTHER_PROCESS],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    atexit.register(process.communicate)
    return process


def check_pickle_then_warm_start(student):
    """Another process predicts the same from a pickle, and trains on if it warm-starts.

    Parameters
    ----------
    student : estimator
        Unfitted, without teacher.
    """
    X, y = _data(student)
    pupil = _with_teacher(student, _forest(student, X, y)).fit(X, y)
    with tempfile.TemporaryDirectory() as folder:
        there, back = Path(folder, "student.pkl"), Path(folder, "back.npz")
        there.write_bytes(pickle.dumps((pupil, X, y)))
        process = _another_process()
        print(json.dumps([str(there), str(back)]), file=process.stdin, flush=True)
        if process.stdout.readline() != "done\n":
            _another_process.cache_clear()
            raise AssertionError("another process failed; its error is printed above")
        with np.load(back) as outputs:
            first, second = outputs["first"], outputs["second"]
    np.testing.assert_allclose(first, _soft(pupil, X), rtol=1e-12)
    if "warm_start" in student.get_params():
        assert (first != second).any(), "warm_start training changed no prediction"


def check_clone_of_clone(student):
    """A clone of a clone is as good as the original, and unfitted.

    Parameters
    ----------
    student : estimator
        Unfitted, without teacher.
    """
    X, y = _data(student)
    forest = _forest(student, X, y)
    for teacher in (forest, [forest, FrozenEstimator(forest)], type(forest)()):
        pupil = _with_teacher(student, teacher)
        twin = clone(clone(pupil))
        assert not hasattr(clone(pupil.fit(X, y)), "n_features_in_")
        if not isinstance(teacher, list) and not hasattr(teacher, "estimators_"):
            assert twin.teacher is not teacher, "an unfitted teacher must be cloned"
            continue
        assert twin.teacher is teacher, "a fitted teacher must be shared"
        np.testing.assert_array_equal(_soft(twin.fit(X, y), X), _soft(pupil, X))


def check_teacher_can_be_dropped(student):
    """With ``keep_teacher=False`` a pickle holds no teacher, and fit says so.

    Parameters
    ----------
    student : estimator
        Unfitted, without teacher.
    """
    X, y = _data(student)
    forest = _forest(student, X, y)
    pupil = _with_teacher(student, forest).set_params(keep_teacher=False).fit(X, y)
    assert not hasattr(pupil, "teacher_")
    back = pickle.loads(pickle.dumps(pupil))
    np.testing.assert_allclose(_soft(back, X), _soft(pupil, X), rtol=1e-12)
    _assert_fit_fails(back, X, y)
    assert pupil.teacher is forest, "pickling must not change the student"
