"""One pass of the teacher for the same rows, one fit on the same ones."""

import pickle
import subprocess
import sys
import threading
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from counting import Counted, Log
from joblib import Memory
from sklearn.base import clone
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer, load_diabetes
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.tree import DecisionTreeClassifier

from skdistill import (
    DistillationSearchCV,
    HardDecisionTreeClassifier,
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
    StudentClassifier,
    soft_targets,
)
from skdistill.teacher import memory

FAST = {"hidden_layer_sizes": (4,), "max_epochs": 1, "random_state": 0}


@pytest.fixture
def log(tmp_path):
    return Log(tmp_path / "log")


@pytest.fixture(scope="module")
def data():
    X, y = load_breast_cancer(return_X_y=True)
    return StandardScaler().fit_transform(X)[:, :5], y


def teacher_of(log, data):
    fitted = Counted(str(log.path)).fit(*data)
    log.new()
    return fitted


@pytest.mark.slow
def test_a_search_asks_a_fitted_teacher_once_for_each_fold(log, data, tmp_path):
    teacher = teacher_of(log, data)
    student = NeuralStudentClassifier(
        teacher, memory=str(tmp_path / "kept"), transfer=None, **FAST
    )
    grid = {
        "temperature": [1, 2, 4, 8, 16],
        "alpha": [0.3, 0.5, 0.8, 1.0],
        "lr": [1, 2],
    }
    search = GridSearchCV(student, grid, cv=5).fit(*data)
    assert len(search.cv_results_["params"]) == 40
    assert sorted(log.new()) == sorted(["ask 455"] * 4 + ["ask 456"] + ["ask 569"])
    few = {"temperature": [1, 2]}
    kept = GridSearchCV(student, few, cv=5).fit(*data)
    assert not log.new()
    plain = GridSearchCV(clone(student).set_params(memory=None), few, cv=5).fit(*data)
    np.testing.assert_array_equal(
        kept.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"]
    )


@pytest.mark.parametrize("cv", [None, 3])
def test_a_search_fits_an_unfitted_teacher_once_for_each_fold(log, data, tmp_path, cv):
    where = {"transfer": None, "memory": tmp_path / "kept"}
    student = StudentClassifier(
        Counted(str(log.path)), student=DecisionTreeClassifier(), cv=cv, **where
    )
    grid = {"student__max_depth": [1, 2, 3], "alpha": [0.5, 1.0]}
    GridSearchCV(student, grid, cv=5).fit(*data)
    fits = [line for line in log.new() if line.startswith("fit")]
    GridSearchCV(student.set_params(memory=None), {}, cv=5).fit(*data)
    needed = {line for line in log.new() if line.startswith("fit")}
    assert len(fits) == len(set(fits))
    assert set(fits) == needed
    assert len(needed) == 6 if cv is None else len(needed) > 20


@pytest.mark.slow
def test_a_search_in_two_processes(log, data, tmp_path):
    teacher = teacher_of(log, data)
    student = NeuralStudentClassifier(
        teacher, memory=Memory(tmp_path / "kept", verbose=0), transfer=None, **FAST
    )
    GridSearchCV(student, {"temperature": [1, 2, 4]}, cv=5, n_jobs=2).fit(*data)
    assert len(log.new()) == 6


@pytest.mark.slow
def test_another_process_finds_what_one_has_kept(log, data, tmp_path):
    program = (
        "import sys, numpy as np\n"
        "from sklearn.ensemble import RandomForestClassifier\n"
        "from skdistill import soft_targets\n"
        "X = np.random.default_rng(0).normal(size=(50, 3))\n"
        "forest = RandomForestClassifier(5, random_state=0, n_jobs=int(sys.argv[2]))\n"
        "forest.fit(X, X[:, 0] > 0)\n"
        "p = soft_targets(forest, X, memory=sys.argv[1])\n"
        "print(p.sum(), flush=True)\n"
    )
    found = [
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", program, str(tmp_path), n_jobs],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for n_jobs in ("1", "2")
    ]
    assert found[0] == found[1]
    assert len(list(tmp_path.rglob("output.pkl"))) == 1


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_a_pass_in_parts_is_what_one_call_says(
    log, data, tmp_path, n_jobs, monkeypatch
):
    monkeypatch.setattr(memory, "_ROWS_OF_PART", 100)
    teacher, X = teacher_of(log, data), data[0]
    for rows in (X, pd.DataFrame(X)):
        p = soft_targets(teacher, rows, n_jobs=n_jobs, memory=tmp_path / "kept")
        asked = sorted(log.new())
        assert asked == (["ask 100"] * 5 + ["ask 69"] if rows is X else asked)
        np.testing.assert_allclose(p, soft_targets(teacher, X), atol=1e-12)
        log.new()
    assert soft_targets(teacher, X, memory=tmp_path / "kept").shape == (569, 2)
    assert not log.new()
    soft_targets(teacher, X[50:], memory=tmp_path / "kept")
    assert len(log.new()) == 6


def test_a_pass_that_was_cut_short_goes_on(log, data, tmp_path, monkeypatch):
    monkeypatch.setattr(memory, "_ROWS_OF_PART", 100)
    teacher, X = teacher_of(log, data), data[0]
    X = X.copy()
    X[350, 0] = np.nan
    with pytest.raises(ValueError, match="NaN"):
        soft_targets(teacher, X, memory=tmp_path)
    assert len(log.new()) == 4
    X[350, 0] = 0
    soft_targets(teacher, X, memory=tmp_path)
    assert log.new() == ["ask 100", "ask 100", "ask 69"]


def test_what_differs_is_asked_again(log, data, tmp_path):
    teacher, (X, y) = teacher_of(log, data), data
    asks = [
        (teacher, X),
        (teacher, X[:100]),
        (teacher, X + 1e-12),
        (Counted(str(log.path), C=0.1).fit(X, y), X),
    ]
    log.new()
    for _ in range(2):
        for model, rows in asks:
            soft_targets(model, rows, memory=tmp_path)
    assert len(log.new()) == len(asks)
    soft_targets(teacher, X, 3.0, memory=tmp_path)  # kept before temperature
    assert not log.new()


def test_fits_are_kept_by_rows_labels_weights_and_parameters(log, data, tmp_path):
    X, y = data
    weight = np.ones(len(y))
    fits = [
        (Counted(str(log.path)), X, y, None),
        (Counted(str(log.path), C=0.5), X, y, None),
        (Counted(str(log.path)), X[::2], y[::2], None),
        (Counted(str(log.path)), X, 1 - y, None),
        (Counted(str(log.path)), X, y, weight),
        (Counted(str(log.path)), X, y, weight * np.where(y, 2, 1)),
    ]
    for _ in range(2):
        for model, rows, labels, weights in fits:
            student = StudentClassifier(model, transfer=None, memory=tmp_path)
            student.fit(rows, labels, sample_weight=weights)
    assert len([line for line in log.new() if line.startswith("fit")]) == len(fits)


def test_a_broken_entry_is_made_again(log, data, tmp_path):
    teacher, X = teacher_of(log, data), data[0]
    wanted = soft_targets(teacher, X, memory=tmp_path)
    (kept,) = tmp_path.rglob("output.pkl")
    kept.write_bytes(kept.read_bytes()[:100])
    log.new()
    with pytest.warns(UserWarning, match="cannot be read and is made again"):
        found = soft_targets(teacher, X, memory=tmp_path)
    np.testing.assert_array_equal(found, wanted)
    assert len(log.new()) == 1
    soft_targets(teacher, X, memory=tmp_path)
    assert not log.new()


def test_a_process_that_dies_while_it_asks_leaves_nothing_behind(log, data, tmp_path):
    program = (
        "import os, sys, numpy as np\n"
        "from skdistill import soft_targets\n"
        "def answers(X):\n"
        "    os._exit(9) if 'DIES' in os.environ else None\n"
        "    return np.full((len(X), 2), 0.5)\n"
        "if os.fork() == 0:\n"
        "    os.environ['DIES'] = 'yes'\n"
        "else:\n"
        "    print(os.waitstatus_to_exitcode(os.wait()[1]))\n"
        "soft_targets(answers, np.zeros((5, 2)), classes=[0, 1], memory=sys.argv[1])\n"
    )
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, str(tmp_path)],
        timeout=60,
        check=True,
        capture_output=True,
    )
    assert int(run.stdout) == 9
    assert len(list(tmp_path.rglob("output.pkl"))) == 1


def test_threads_wait_for_each_other(log, data, tmp_path):
    teacher, X = teacher_of(log, data), data[0]
    threads = [
        threading.Thread(
            target=soft_targets, args=(teacher, X), kwargs={"memory": where}
        )
        for where in [tmp_path / "kept"] * 6
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.new() == ["ask 569"]


def test_what_cannot_be_keyed_is_refused(data, tmp_path):
    X, y = data
    lock = threading.Lock()

    def asks(X):
        with lock:
            return np.where(X[:, [0]] < 0, [[0.1, 0.9]], [[0.9, 0.1]])

    student = StudentClassifier(asks, classes=[0, 1], transfer=None, memory=tmp_path)
    with pytest.raises(TypeError, match=r"memory= keeps .*teacher_output"):
        student.fit(X, y)
    student.set_params(memory=None).fit(X, y)


def test_all_students_keep_answers(log, data, tmp_path):
    teacher, (X, y) = teacher_of(log, data), data
    where = {"memory": tmp_path, "transfer": None}
    for student in (
        NeuralStudentClassifier(teacher, **where, **FAST),
        SoftDecisionTreeClassifier(teacher, max_depth=1, max_epochs=1, **where),
        HardDecisionTreeClassifier(teacher, max_leaf_nodes=2, **where),
        StudentClassifier(teacher, **where),
    ):
        student.fit(X, y)
    assert log.new() == ["ask 569"]
    X, y = load_diabetes(return_X_y=True)
    regressor = NeuralStudentRegressor(LinearRegression(), **where, **FAST).fit(X, y)
    again = NeuralStudentRegressor(LinearRegression(), **where, **FAST).fit(X, y)
    np.testing.assert_array_equal(regressor.predict(X), again.predict(X))


def test_drawn_rows_and_cross_fits_are_kept(log, data, tmp_path):
    X, y = data
    student = NeuralStudentClassifier(
        make_pipeline(StandardScaler(), Counted(str(log.path))),
        cv=3,
        transfer="munge",
        memory=tmp_path,
        **FAST,
    )
    first = student.fit(X, y).predict_proba(X)
    assert len(log.new()) > 4
    np.testing.assert_array_equal(clone(student).fit(X, y).predict_proba(X), first)
    assert not log.new()


def test_a_memory_that_is_none(data, tmp_path):
    X, y = data
    forest = RandomForestClassifier(3, random_state=0).fit(X, y)
    assert soft_targets(forest, X, memory=Memory(None)).shape == (569, 2)
    with pytest.raises(ValueError, match="memory"):
        soft_targets(forest, X, memory=3)
    kept = Memory(tmp_path, verbose=0)
    soft_targets(forest, X, memory=kept)
    assert list(Path(tmp_path).rglob("output.pkl"))
    kept.clear(warn=False)
    assert not list(Path(tmp_path).rglob("output.pkl"))
    assert soft_targets(forest, X, memory=kept).shape == (569, 2)


def test_a_memory_that_is_a_file_is_refused(data, tmp_path):
    path = tmp_path / "file"
    path.write_text("")
    student = NeuralStudentClassifier(
        RandomForestClassifier(),
        memory=path,
        hidden_layer_sizes=(64, 64),
        max_epochs=50,
    )
    with pytest.raises(
        ValueError, match="memory=.*is a file: give the path of a folder"
    ):
        student.fit(*data)


def test_a_long_pass_shows_a_bar(data, monkeypatch, capsys):
    monkeypatch.setattr(memory, "_ROWS_OF_PART", 100)
    X, y = data
    forest = RandomForestClassifier(3, random_state=0).fit(X, y)
    soft_targets(forest, X, verbose=1)
    assert "teacher: 100%" in capsys.readouterr().err
    soft_targets(forest, X)
    assert not capsys.readouterr().err


def test_equal_members_without_seeds_are_not_one(data, tmp_path):
    X, y = data
    forests = [RandomForestClassifier(2), RandomForestClassifier(2)]
    student = StudentClassifier(forests, transfer=None, memory=tmp_path).fit(X, y)
    one, other = student.teacher_
    assert np.abs(one.predict_proba(X) - other.predict_proba(X)).max() > 0.1
    again = clone(student).fit(X, y).teacher_[1]
    np.testing.assert_array_equal(again.predict_proba(X), other.predict_proba(X))


def test_a_broken_draw_is_drawn_again(data, tmp_path):
    X, y = data
    student = NeuralStudentClassifier(
        RandomForestClassifier(3, random_state=0),
        transfer="munge",
        memory=tmp_path,
        **FAST,
    )
    wanted = student.fit(X, y).predict_proba(X)
    (kept,) = (tmp_path / "joblib" / "skdistill" / "draws").rglob("output.pkl")
    kept.write_bytes(b"no")
    with pytest.warns(UserWarning, match="draws.* cannot be read and is made again"):
        found = clone(student).fit(X, y).predict_proba(X)
    np.testing.assert_array_equal(found, wanted)


def test_parts_are_asked_in_this_process(data, monkeypatch):
    monkeypatch.setattr(memory, "_ROWS_OF_PART", 100)
    X, y = data
    forest = RandomForestClassifier(3, random_state=0).fit(X, y)
    with joblib.parallel_backend("loky", n_jobs=2):
        p = soft_targets(forest, X, n_jobs=2, verbose=1)
    np.testing.assert_allclose(p, soft_targets(forest, X), atol=1e-12)


def test_rows_that_cannot_be_read_are_asked_about_where_nothing_is_to_be_kept(tmp_path):
    """A blob, as drivers of databases return it, in a column that nobody looks at."""
    numbers, y = load_breast_cancer(return_X_y=True)
    X = pd.DataFrame(numbers[:120, :3], columns=list("abc"))
    X["blob"] = [memoryview(b"x")] * len(X)
    used = make_column_transformer(("passthrough", ["a", "b", "c"]))
    teacher = make_pipeline(used, DecisionTreeClassifier(random_state=0))
    student = NeuralStudentClassifier(
        teacher.fit(X, y[:120]), preprocessor=used, transfer=None, max_epochs=1
    )
    grid = {"temperature": [1.0, 2.0]}
    search = DistillationSearchCV(student, grid, cv=2, error_score="raise")
    assert np.isfinite(search.fit(X, y[:120]).best_score_)
    with pytest.raises(
        TypeError, match="(?s)memory= keeps.*memoryview.*Leave memory=None"
    ):
        student.set_params(memory=tmp_path).fit(X, y[:120])


def with_a_lambda(path):
    return make_pipeline(FunctionTransformer(lambda X: 2 * X), Counted(path))


def of_a_class_in_a_function(path):
    class Here(Counted):
        pass

    return Here(path)


@pytest.fixture
def unsaid(monkeypatch):
    monkeypatch.setattr(memory, "_WARNINGS", set())


@pytest.mark.usefixtures("unsaid")
@pytest.mark.parametrize("make", [with_a_lambda, of_a_class_in_a_function])
@pytest.mark.parametrize("Search", [GridSearchCV, DistillationSearchCV])
def test_what_cannot_be_pickled_is_kept_in_the_process(
    log, data, tmp_path, make, Search
):
    X, y = data
    options = {"transfer": None, "memory": tmp_path / "kept"}
    student = NeuralStudentClassifier(make(str(log.path)), **options, **FAST)
    with pytest.warns(UserWarning) as said:
        Search(student, {"temperature": [1, 2, 4]}, cv=2).fit(X, y)
    assert len(said) == 1
    words = str(said[0].message)
    assert "memory= cannot hold" in words and "module that is imported" in words
    assert len([line for line in log.new() if line.startswith("fit")]) == 3
    clone(student).fit(X, y)
    clone(student).fit(X[::2], y[::2])  # another fit, of which nothing more is said
    assert [line[:3] for line in log.new()] == ["fit", "ask"]


@pytest.mark.usefixtures("unsaid")
def test_cross_fits_that_cannot_be_pickled(log, data, tmp_path):
    X, y = data
    teacher = with_a_lambda(str(log.path))
    student = NeuralStudentClassifier(
        teacher, cv=3, transfer=None, memory=tmp_path / "kept", **FAST
    )
    with pytest.warns(UserWarning, match="memory= cannot hold"):
        first = student.fit(X, y).predict_proba(X)
    log.new()
    np.testing.assert_array_equal(clone(student).fit(X, y).predict_proba(X), first)
    assert not log.new()
    teacher.fit(X, y)
    log.new()
    for _ in range(2):
        soft_targets(teacher, X, memory=tmp_path / "kept")
    assert log.new() in ([], ["ask 569"])


class Locked(Counted):
    """Holds what no pickle can hold, once it is fitted."""

    def fit(self, X, y, sample_weight=None):
        self.lock_ = threading.Lock()
        return super().fit(X, y, sample_weight)


@pytest.mark.usefixtures("unsaid")
def test_a_lock_in_a_fitted_teacher_is_named(log, data, tmp_path):
    X, y = data
    student = NeuralStudentClassifier(Locked(str(log.path)), transfer=None, **FAST)
    student.fit(X, y)
    message = "(?s)memory= keeps.*lock.*Leave memory=None"
    with pytest.warns(UserWarning, match="memory= cannot hold .*lock"):
        with pytest.raises(TypeError, match=message):
            student.set_params(memory=tmp_path).fit(X, y)


def test_a_lock_cannot_travel_to_other_processes(data):
    X, y = data
    teacher = make_pipeline(
        FunctionTransformer(kw_args={"lock": threading.Lock()}),
        DecisionTreeClassifier(),
    )
    student = StudentClassifier(teacher, cv=2, n_jobs=2)
    with pytest.raises((pickle.PicklingError, TypeError)) as error:
        student.fit(X, y)
    assert "leave n_jobs=None" in error.value.__notes__[0]


def test_what_is_kept_in_the_process_is_bounded():
    kept = memory._ProcessStore(most=2)
    for name in "abc":
        kept.dump_item([name], name)
    assert [kept.contains_item([name]) for name in "abc"] == [False, True, True]
