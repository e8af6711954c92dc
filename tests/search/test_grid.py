"""A search with one pass of the teacher and one training, and GridSearchCV's scores."""

import contextvars
import pickle
import signal
import threading
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
import torch
from counting import Counted, Log
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, HalvingGridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdistill import (
    DistillationSearchCV,
    HalvingDistillationSearchCV,
    HardDecisionTreeClassifier,
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
)
from skdistill.modules import MLP
from skdistill.modules.embeddings import NumericEmbedding
from skdistill.search import joint as joint_training

SMALL = {"hidden_layer_sizes": (8,), "max_epochs": 4, "random_state": 0}
NUMBERS = {"temperature": [1.0, 3.0], "alpha": [0.5, 1.0], "lr": [0.01, 0.003]}


@pytest.fixture(scope="module")
def data():
    return load_iris(return_X_y=True)


@pytest.fixture
def double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.fixture
def joined(monkeypatch):
    """How many nets were trained together each time."""
    sizes, trained = [], joint_training._Joint.trained

    def counted(self):
        found = trained(self)
        sizes.append(len(self.requests))
        return found

    monkeypatch.setattr(joint_training._Joint, "trained", counted)
    return sizes


def own_threads():
    return {t for t in threading.enumerate() if t.name != "tqdm_monitor"}


def forest():
    return RandomForestClassifier(5, random_state=0)


def tree(**options):
    return SoftDecisionTreeClassifier(
        forest(), max_depth=3, max_epochs=4, random_state=0, **options
    )


GRIDS = {
    "numbers": (NeuralStudentClassifier(forest(), **SMALL), NUMBERS, 4),
    "decay": (
        NeuralStudentClassifier(forest(), optimizer="adam", **SMALL),
        {"weight_decay": [0.0, 0.1], "lr_schedule": [None, "cosine"]},
        2,
    ),
    "steps": (
        NeuralStudentClassifier(forest(), optimizer="sgd", **SMALL),
        {"lr": [0.1, 0.01], "label_smoothing": [0.0, 0.1], "alpha": [0.5]},
        4,
    ),
    "seeds": (
        NeuralStudentClassifier(forest(), transfer=None, **SMALL),
        {"random_state": [0, 1, 2], "temperature": [1.0, 2.0]},
        6,
    ),
    "drawn": (
        NeuralStudentClassifier(forest(), transfer="munge", **SMALL),
        {"transfer_weight": [0.5, 0.7], "alpha": [0.7], "temperature": [1.0, 2.0]},
        2,  # weights of rows move the edges of an embedding
    ),
    "control": (
        NeuralStudentClassifier(numeric_embedding=None, clip=2.0, **SMALL),
        {"lr": [0.1, 0.01], "class_weight": [None, "balanced"]},
        2,
    ),
    "shapes": (
        NeuralStudentClassifier(forest(), **SMALL),
        {"hidden_layer_sizes": [(4,), (8, 4)], "temperature": [1.0, 2.0]},
        2,
    ),
    "folds": (
        NeuralStudentClassifier(forest(), cv=3, **SMALL),
        {"temperature": [1.0, 2.0], "activation": ["relu", "tanh"]},
        2,
    ),
    "losses": (
        NeuralStudentClassifier(forest(), transfer=None, **SMALL),
        {"loss": ["js", "dkd"], "alpha": [0.5, 0.7], "temperature": [1.0, 2.0]},
        4,
    ),
    "members": (
        NeuralStudentClassifier(forest(), n_members=3, transfer=None, **SMALL),
        {"random_state": [0, 1], "alpha": [0.5, 0.7]},
        4,
    ),
    "waves": (
        NeuralStudentClassifier(forest(), numeric_embedding="periodic", **SMALL),
        {"temperature": [1.0, 2.0], "lr": [0.01, 0.003]},
        4,
    ),
    "stopping": (
        NeuralStudentClassifier(forest(), transfer=None, **SMALL),
        {
            "max_epochs": [30],
            "early_stopping": [True],
            "n_iter_no_change": [1, 3],
            "lr": [0.3, 0.001],
            "random_state": [0, 1],  # other rows held out, other edges
        },
        4,
    ),
    "trees": (
        tree(),
        {"temperature": [1.0, 2.0], "lr": [0.01, 0.1], "balance_penalty": [0.0, 1.0]},
        8,
    ),
    "trees without penalties": (
        tree(balance_penalty=0.0, transfer=None),
        {"lr": [0.01, 0.1]},
        2,
    ),
    "trees of several seeds": (
        tree(weight_decay=0.0),
        {"random_state": [0, 1], "class_weight": [None, "balanced"]},
        4,
    ),
    "paths": (
        tree(objective=(0.0, 0.5)),
        {"temperature": [1.0, 2.0], "alpha": [0.5, 0.7]},
        4,
    ),
    "trees that cannot grow": (
        tree(balance_penalty=1.0, transfer=None).set_params(
            max_depth=2, max_leaf_nodes=8
        ),
        {"temperature": [1.0, 2.0, 4.0]},
        3,
    ),
    "grown trees": (
        tree(max_leaf_nodes=5),
        {"temperature": [1.0, 2.0], "weight_decay": [0.0, 0.1]},
        2,
    ),
    "trees that stop": (
        tree(early_stopping=True),
        {"max_epochs": [20], "n_iter_no_change": [2], "lr": [0.01, 0.3]},
        2,
    ),
}


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("name", GRIDS)
def test_scores_are_those_of_a_grid_search(name, data, joined):
    student, grid, together = GRIDS[name]
    options = {"scoring": "neg_log_loss", "cv": 3, "return_train_score": True}
    ours = DistillationSearchCV(student, grid, **options).fit(*data)
    theirs = GridSearchCV(student, grid, **options).fit(*data)
    for key in theirs.cv_results_:
        assert key in ours.cv_results_
        if "score" in key and "time" not in key:
            found = ours.cv_results_[key]
            np.testing.assert_allclose(found, theirs.cv_results_[key], atol=1e-6)
    assert ours.best_params_ == theirs.best_params_
    assert ours.best_score_ == pytest.approx(theirs.best_score_)
    p = theirs.best_estimator_.predict_proba(data[0])
    np.testing.assert_allclose(ours.predict_proba(data[0]), p, atol=1e-9)
    assert max(joined) >= together


VALUES = {
    "mse": NeuralStudentRegressor(**SMALL),
    "huber": NeuralStudentRegressor(loss="huber", **SMALL),
    "tree": SoftDecisionTreeRegressor(max_depth=3, max_epochs=4, random_state=0),
    "paths": SoftDecisionTreeRegressor(
        max_depth=3, max_epochs=4, random_state=0, objective=0.3
    ),
}


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("name", VALUES)
def test_values(name, joined):
    X, y = load_diabetes(return_X_y=True)
    teacher = RandomForestRegressor(5, random_state=0)
    student = clone(VALUES[name]).set_params(teacher=teacher)
    grid = {"alpha": [0.3, 1.0], "lr": [0.01, 0.02]}
    ours = DistillationSearchCV(student, grid, cv=2).fit(X, y)
    theirs = GridSearchCV(student, grid, cv=2).fit(X, y)
    for key in ("mean_test_score", "std_test_score", "rank_test_score"):
        np.testing.assert_allclose(ours.cv_results_[key], theirs.cv_results_[key], 1e-6)
    assert max(joined) >= 2
    several = np.column_stack([y, -y])
    ours = DistillationSearchCV(student, grid, cv=2).fit(X, several)
    theirs = GridSearchCV(student, grid, cv=2).fit(X, several)
    key = "mean_test_score"
    np.testing.assert_allclose(ours.cv_results_[key], theirs.cv_results_[key], 1e-6)


def frozen_first_layer():
    module = MLP(4, 3, (6,))
    module.layers[0].requires_grad_(False)
    return module


@pytest.mark.parametrize(
    "student",
    [
        tree(split="axis"),
        tree(leaf="linear"),
        HardDecisionTreeClassifier(forest(), max_leaf_nodes=4, random_state=0),
        NeuralStudentClassifier(forest(), dropout=0.5, **SMALL),
        NeuralStudentClassifier(forest(), ema_decay=0.9, **SMALL),
        NeuralStudentClassifier(forest(), temperature="auto", **SMALL),
        NeuralStudentClassifier(forest(), module=torch.nn.Linear, max_epochs=1),
        NeuralStudentClassifier(forest(), module=frozen_first_layer(), max_epochs=3),
    ],
    ids=["axis", "linear", "hard", "dropout", "average", "auto", "module", "built-in"],
)
def test_students_that_are_not_trained_together(student, data):
    student.set_params(random_state=0)
    grid = {"alpha": [0.5, 1.0]}
    ours = DistillationSearchCV(student, grid, cv=3).fit(*data)
    theirs = GridSearchCV(student, grid, cv=3).fit(*data)
    key = "mean_test_score"
    np.testing.assert_allclose(
        ours.cv_results_[key], theirs.cv_results_[key], atol=1e-3
    )
    assert ours.predict(data[0]).shape == data[1].shape


def test_a_teacher_is_fitted_and_asked_once_for_each_fold(data, tmp_path):
    log = Log(tmp_path / "log")
    unfitted = Counted(str(log.path), max_iter=1000)
    student = NeuralStudentClassifier(unfitted, transfer=None, **SMALL)
    search = DistillationSearchCV(student, NUMBERS, cv=5).fit(*data)
    lines = log.new()
    assert sum(line.startswith("fit") for line in lines) == 6
    asked = sorted(line for line in lines if line.startswith("ask"))
    assert asked == ["ask 120"] * 5 + ["ask 150"]
    assert search.best_estimator_.memory is None
    teacher = Counted(str(log.path), max_iter=1000).fit(*data)
    student = NeuralStudentClassifier(teacher, transfer=None, **SMALL)
    log.new()
    search = DistillationSearchCV(student, NUMBERS, cv=5).fit(*data)
    assert sorted(log.new()) == ["ask 120"] * 5 + ["ask 150"]
    assert search.best_estimator_.teacher_ is teacher
    clone(student).fit(*data)  # what was kept is gone with the search
    assert log.new() == ["ask 150"]


def test_fitted_teachers_in_a_grid_are_used_as_they_are(data):
    X, y = data
    teachers = [
        LogisticRegression(max_iter=1000).fit(X[:, :4], y),
        [forest().fit(X, y), RandomForestClassifier(3, random_state=1).fit(X, y)],
        None,
    ]
    student = NeuralStudentClassifier(transfer=None, **SMALL)
    grid = {"teacher": teachers, "temperature": [1.0, 2.0]}
    ours = DistillationSearchCV(student, grid, cv=3).fit(X, y)
    coefficients = teachers[0].coef_.copy()
    frozen = [
        FrozenEstimator(teachers[0]),
        [FrozenEstimator(member) for member in teachers[1]],
        None,
    ]
    theirs = GridSearchCV(student, grid | {"teacher": frozen}, cv=3).fit(X, y)
    key = "mean_test_score"
    np.testing.assert_allclose(
        ours.cv_results_[key], theirs.cv_results_[key], atol=1e-3
    )
    np.testing.assert_array_equal(teachers[0].coef_, coefficients)
    assert ours.param_grid["teacher"][0] is teachers[0]


@pytest.mark.filterwarnings("ignore:[\\s\\S]*fits failed")
@pytest.mark.filterwarnings("ignore:One or more of the test scores")
def test_one_that_diverges_fails_alone(data):
    student = NeuralStudentClassifier(forest(), optimizer="sgd", **SMALL)
    grid = {"lr": [0.01, 1e30, 0.02]}
    search = DistillationSearchCV(student, grid, cv=3).fit(*data)
    found = search.cv_results_["mean_test_score"]
    assert np.isnan(found[1]) and np.isfinite(found[[0, 2]]).all()
    assert search.best_params_["lr"] != 1e30
    with pytest.raises(ValueError, match="learning rate"):
        DistillationSearchCV(student, grid, cv=3, error_score="raise").fit(*data)


def test_several_metrics_pipelines_and_fit_parameters(data):
    X, y = data
    pipeline = make_pipeline(StandardScaler(), NeuralStudentClassifier(**SMALL))
    grid = {"neuralstudentclassifier__lr": [0.01, 0.1]}
    scoring = {"acc": "accuracy", "loss": "neg_log_loss"}
    search = DistillationSearchCV(pipeline, grid, scoring=scoring, refit="loss", cv=3)
    weight = np.where(y == 0, 2.0, 1.0)
    search.fit(X, y, neuralstudentclassifier__sample_weight=weight)
    other = GridSearchCV(pipeline, grid, scoring=scoring, refit="loss", cv=3)
    other.fit(X, y, neuralstudentclassifier__sample_weight=weight)
    for name in ("mean_test_acc", "mean_test_loss"):
        found, wanted = search.cv_results_[name], other.cv_results_[name]
        np.testing.assert_allclose(found, wanted, atol=1e-3)
    assert search.multimetric_ and search.best_params_ == other.best_params_
    P = forest().fit(X, y).predict_proba(X)
    student = NeuralStudentClassifier(**SMALL)
    search = DistillationSearchCV(student, NUMBERS, cv=3, refit=False)
    search.fit(X, y, teacher_output=P)
    assert not hasattr(search, "best_estimator_")
    twin = pickle.loads(pickle.dumps(search))
    assert twin.cv_results_["params"] == search.cv_results_["params"]
    assert clone(search).get_params()["cv"] == 3


def test_seconds_are_divided_among_those_trained_together(data):
    student = NeuralStudentClassifier(hidden_layer_sizes=(8,), max_epochs=20)
    search = DistillationSearchCV(student, {"lr": np.linspace(0.01, 0.1, 8)}, cv=2)
    search.fit(*data)
    seconds = search.cv_results_["mean_fit_time"]
    assert (seconds > 0).all()
    assert seconds.max() < 10 * np.median(seconds)


@pytest.mark.parametrize("keeps", [False, True])
def test_a_teacher_that_is_a_student_is_fitted_by_itself(data, tmp_path, keeps):
    log = Log(tmp_path / "log")
    inner = NeuralStudentClassifier(Counted(str(log.path), max_iter=1000), **SMALL)
    student = NeuralStudentClassifier(inner, **SMALL)
    student.set_params(memory=str(tmp_path / "kept") if keeps else None)
    grid = {"temperature": [1.0, 2.0, 4.0]}
    DistillationSearchCV(student, grid, cv=2, refit=False).fit(*data)
    assert sum(line.startswith("fit") for line in log.new()) == 2


def test_a_teacher_without_a_content_is_asked_every_time(data):
    class Locked(LogisticRegression):
        def fit(self, X, y):
            self.lock_ = threading.Lock()
            return super().fit(X, y)

    teacher = Locked(max_iter=1000).fit(*data)
    student = NeuralStudentClassifier(teacher, transfer=None, **SMALL)
    grid = {"temperature": [1.0, 2.0]}
    search = DistillationSearchCV(student, grid, cv=2).fit(*data)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@pytest.mark.filterwarnings("ignore:[\\s\\S]*fits failed")
@pytest.mark.filterwarnings("ignore:One or more of the test scores")
def test_an_error_of_a_joint_training_is_one_of_its_candidates(data, monkeypatch):
    def picky(output, target, temperature):
        if temperature > 2:
            raise MemoryError("too hot")
        return (output - target).square().mean(dim=1)

    before = own_threads()
    student = NeuralStudentClassifier(forest(), loss=picky, **SMALL)
    grid = {"temperature": [1.0, 2.0, 3.0]}
    options = {"cv": 2, "error_score": 0.0, "refit": False}
    search = DistillationSearchCV(student, grid, **options).fit(*data)
    wanted = GridSearchCV(student, grid, **options).fit(*data)
    key = "mean_test_score"
    found, wanted = search.cv_results_[key], wanted.cv_results_[key]
    assert found[2] == wanted[2] == 0
    np.testing.assert_allclose(found, wanted, atol=1e-3)
    monkeypatch.setattr(
        "skdistill.search.prepared.train_all",
        lambda requests: (_ for _ in ()).throw(KeyboardInterrupt),
    )
    with pytest.raises(KeyboardInterrupt):
        search.fit(*data)
    assert own_threads() == before


@pytest.mark.usefixtures("double")
def test_few_cells_at_once_give_the_same_scores(data, monkeypatch, joined):
    student = NeuralStudentClassifier(forest(), transfer=None, **SMALL)
    grid = {"temperature": [1.0, 2.0], "random_state": [0, 1]}
    options = {"cv": 2, "scoring": "neg_log_loss", "refit": False}
    wanted = DistillationSearchCV(student, grid, **options).fit(*data).cv_results_
    monkeypatch.setattr(joint_training, "_MOST_CELLS", 1)
    found = DistillationSearchCV(student, grid, **options).fit(*data).cv_results_
    key = "mean_test_score"
    np.testing.assert_allclose(found[key], wanted[key], atol=1e-9)
    assert sorted(joined) == [2, 2, 2, 2, 4, 4]  # those of one seed, and of both
    monkeypatch.setattr("skdistill.search.grid._MOST_CELLS", 1)
    found = DistillationSearchCV(student, grid, **options).fit(*data).cv_results_
    np.testing.assert_allclose(found[key], wanted[key], atol=1e-9)
    assert len(joined) == 6  # one fit at a time


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("resource", ["max_epochs", "n_samples"])
def test_halving_is_that_of_scikit_learn(resource, data, joined, tmp_path):
    log = Log(tmp_path / "log")
    teacher = Counted(str(log.path), max_iter=1000)
    student = NeuralStudentClassifier(teacher, transfer=None, **SMALL)
    options = {"cv": 3, "random_state": 0, "factor": 2}
    if resource == "max_epochs":
        options |= {"resource": resource, "max_resources": 8}
    ours = HalvingDistillationSearchCV(student, NUMBERS, **options).fit(*data)
    fits = sum(line.startswith("fit") for line in log.new())
    theirs = HalvingGridSearchCV(student, NUMBERS, **options).fit(*data)
    assert ours.n_candidates_ == theirs.n_candidates_ == [8, 4, 2, 1]
    assert ours.n_resources_ == theirs.n_resources_
    for key in ("iter", "n_resources", "mean_test_score", "std_test_score"):
        np.testing.assert_allclose(
            ours.cv_results_[key], theirs.cv_results_[key], atol=1e-6
        )
    assert ours.best_params_ == theirs.best_params_
    assert max(joined) >= 4
    rounds = 1 if resource == "max_epochs" else 4
    assert fits == 3 * rounds + 1


def test_halving_freezes_fitted_teachers_too(data):
    teachers = [forest().fit(*data), LogisticRegression(max_iter=1000).fit(*data)]
    grid = {"teacher": teachers, "lr": [0.01, 0.1]}
    search = HalvingDistillationSearchCV(
        NeuralStudentClassifier(transfer=None, **SMALL),
        grid,
        resource="max_epochs",
        max_resources=4,
        factor=2,
        cv=2,
        random_state=0,
    ).fit(*data)
    frozen = search.best_estimator_.teacher_
    assert any(frozen.estimator is teacher for teacher in teachers)


class Waves(NumericEmbedding):
    """Of a user: what its module computes is in no parameter and no buffer."""

    def __init__(self, pace=1.0):
        self.pace = pace

    def _validate_params(self):
        pass

    def _module(self, x, numeric, target, weight, generator):
        module = torch.nn.Module()
        module.n_outputs, pace = x.shape[1], self.pace
        module.forward = lambda x: (pace * x).sin()
        return module


@pytest.mark.usefixtures("double")
def test_embeddings_of_the_users_own_are_not_mixed_up(data):
    student = NeuralStudentClassifier(forest(), transfer=None, **SMALL)
    grid = {"numeric_embedding": [Waves(0.1), Waves(1.0), Waves(5.0)]}
    options = {"cv": 2, "scoring": "neg_log_loss", "refit": False}
    found = DistillationSearchCV(student, grid, **options).fit(*data).cv_results_
    wanted = GridSearchCV(student, grid, **options).fit(*data).cv_results_
    key = "mean_test_score"
    np.testing.assert_allclose(found[key], wanted[key], atol=1e-6)


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
