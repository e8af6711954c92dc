"""A search that was cut short goes on, by candidate and fold, to the same result."""

import warnings

import numpy as np
import pytest
from kept_fits import (
    EACH_EPOCH,
    Killed,
    assert_same_bits,
    carried_through,
    killed_after,
)
from sklearn.calibration import CalibratedClassifierCV
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import StratifiedKFold
from sklearn.pipeline import make_pipeline

from benchmarks._scale_checkpoints import kills
from skdistill import (
    Checkpoint,
    DistillationSearchCV,
    HalvingDistillationSearchCV,
    HardDecisionTreeClassifier,
    NeuralStudentClassifier,
    SoftDecisionTreeClassifier,
)
from skdistill.training import joint_program

SMALL = {"hidden_layer_sizes": (8,), "max_epochs": 5, "random_state": 0}


def net(teacher, **options):
    return NeuralStudentClassifier(teacher, transfer=None, **{**SMALL, **options})


def tree(teacher, **options):
    options = {"max_depth": 3, "max_epochs": 4, "random_state": 0, **options}
    return SoftDecisionTreeClassifier(teacher, transfer=None, **options)


def in_pipeline(teacher):
    return make_pipeline("passthrough", net(teacher))


SEARCHES = {
    "together": (net, {"temperature": [1, 2, 4]}, {}),
    "stopped": (
        lambda teacher: net(teacher, early_stopping=True, n_iter_no_change=1, lr=0.05),
        {"temperature": [1, 2], "lr": [0.01, 0.1]},
        {},
    ),
    "some alone": (
        lambda teacher: net(teacher, lr_schedule="cosine"),
        {"temperature": [1, 2], "dropout": [0, 0.2]},
        {},
    ),
    "chosen temperature": (
        lambda teacher: net(teacher, temperature="auto"),
        {"lr": [0.01, 0.02]},
        {},
    ),
    "pipeline": (in_pipeline, {"neuralstudentclassifier__alpha": [0.5, 1]}, {}),
    "grown trees": (
        lambda teacher: tree(teacher, max_leaf_nodes=4),
        {"balance_penalty": [0.0, 0.1]},
        {},
    ),
    "trees": (tree, {"balance_penalty": [0.05, 0.1]}, {"refit": False}),
}


def fitted_of(search):
    best = search.best_estimator_
    return best[-1] if hasattr(best, "steps") else best


def assert_same_results(search, other, X):
    for name, values in other.cv_results_.items():
        if "time" not in name:
            np.testing.assert_array_equal(
                search.cv_results_[name], values, err_msg=name
            )
    if search.refit:
        assert_same_bits(fitted_of(search), fitted_of(other), X)


@pytest.mark.slow  # on more cases what other tests show
@pytest.mark.parametrize(("make", "grid", "options"), SEARCHES.values(), ids=SEARCHES)
def test_grids(iris, iris_forest, tmp_path, make, grid, options):
    def fit(**more):
        search = DistillationSearchCV(make(iris_forest), grid, cv=2, **options)
        return search.fit(*iris, **more)

    checkpoint = Checkpoint(tmp_path, **EACH_EPOCH)
    search, n_lives = carried_through(lambda: fit(checkpoint=checkpoint), (1, 4, 2))
    assert n_lives > 1
    assert_same_results(search, fit(), iris[0])


@pytest.mark.slow
def test_halving(iris, iris_forest, tmp_path):
    grid = {"temperature": [1, 2, 4], "lr": [0.003, 0.01, 0.03]}

    def fit(**more):
        options = {"resource": "max_epochs", "max_resources": 9, "random_state": 0}
        search = HalvingDistillationSearchCV(net(iris_forest), grid, cv=2, **options)
        return search.fit(*iris, **more)

    checkpoint = Checkpoint(tmp_path, **EACH_EPOCH)
    search, n_lives = carried_through(lambda: fit(checkpoint=checkpoint), (4, 6, 5))
    assert n_lives > 2
    assert_same_results(search, fit(), iris[0])


def test_what_was_trained_is_not_trained_again(
    iris, iris_forest, tmp_path, monkeypatch
):
    def fit():
        search = DistillationSearchCV(net(iris_forest), {"temperature": [1, 2]}, cv=2)
        return search.fit(*iris, checkpoint=Checkpoint(tmp_path, **EACH_EPOCH))

    search = fit()
    monkeypatch.setattr(joint_program.Joint, "_pass", None)
    monkeypatch.setattr("skdistill.training.net.DistillationNet.train_step", None)
    assert_same_results(fit(), search, iris[0])


def test_a_candidate_that_diverges_does_so_again(iris, iris_forest, tmp_path):
    grid = {"lr": [0.01, 1e30], "temperature": [1, 2]}

    def fit(**more):
        search = DistillationSearchCV(net(iris_forest), grid, cv=2)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that fits failed, if it comes so far
            return search.fit(*iris, **more)

    checkpoint = Checkpoint(tmp_path, **EACH_EPOCH)
    search, n_lives = carried_through(lambda: fit(checkpoint=checkpoint), (2, 4, 3))
    assert n_lives > 2
    assert np.isnan(search.cv_results_["mean_test_score"]).sum() == 2
    assert_same_results(search, fit(), iris[0])


@pytest.mark.slow  # on more cases what other tests show
def test_a_wrapper_that_fits_the_student_several_times(iris, iris_forest, tmp_path):
    def fit(**more):
        estimator = CalibratedClassifierCV(net(iris_forest), cv=2)
        grid = {"estimator__alpha": [0.5, 1]}
        search = DistillationSearchCV(estimator, grid, cv=2, refit=False)
        return search.fit(*iris, **more)

    checkpoint = Checkpoint(tmp_path, **EACH_EPOCH)
    search, n_lives = carried_through(lambda: fit(checkpoint=checkpoint), (3, 5))
    assert n_lives > 2
    assert_same_results(search, fit(), iris[0])


def test_students_without_epochs_are_fitted_again(iris, iris_forest, tmp_path):
    def fit(**more):
        student = HardDecisionTreeClassifier(
            iris_forest, max_leaf_nodes=4, transfer=None
        )
        search = DistillationSearchCV(student, {"alpha": [0.5, 1]}, cv=2)
        return search.fit(*iris, **more)

    search, other = fit(checkpoint=tmp_path), fit()
    np.testing.assert_array_equal(
        search.cv_results_["mean_test_score"], other.cv_results_["mean_test_score"]
    )


@pytest.mark.parametrize(
    ("grid", "cv", "rows", "what"),
    [
        ({"temperature": [1, 3]}, 2, None, "param_grid is not the same"),
        ({"temperature": [1, 2]}, 3, None, "cv was 2 and is 3"),
        (
            {"temperature": [1, 2]},
            2,
            slice(140),
            "X is not the same; y is not the same",
        ),
    ],
)
def test_another_search_is_refused(iris, iris_forest, tmp_path, grid, cv, rows, what):
    X, y = iris
    search = DistillationSearchCV(net(iris_forest), {"temperature": [1, 2]}, cv=2)
    with pytest.raises(Killed), killed_after(2):
        search.fit(X, y, checkpoint=Checkpoint(tmp_path, **EACH_EPOCH))
    other = DistillationSearchCV(net(iris_forest), grid, cv=cv)
    rows = slice(None) if rows is None else rows
    with pytest.raises(ValueError, match=f"of another fit: {what}"):
        other.fit(X[rows], y[rows], checkpoint=tmp_path)


def test_folds_that_are_drawn_anew_are_refused(iris, iris_forest, tmp_path):
    folds = StratifiedKFold(2, shuffle=True)
    search = DistillationSearchCV(net(iris_forest), {"temperature": [1, 2]}, cv=folds)
    with pytest.raises(Killed), killed_after(2):
        search.fit(*iris, checkpoint=Checkpoint(tmp_path, **EACH_EPOCH))
    with pytest.raises(ValueError, match=r"the rows of the folds .*random_state of cv"):
        search.fit(*iris, checkpoint=tmp_path)


def test_the_search_says_from_where_it_goes_on(iris, iris_forest, tmp_path, capsys):
    student = net(iris_forest, dropout=0.1)  # each candidate and fold alone
    search = DistillationSearchCV(student, {"temperature": [1, 2]}, cv=2, verbose=1)
    with pytest.raises(Killed), killed_after(13):
        search.fit(*iris, checkpoint=Checkpoint(tmp_path, **EACH_EPOCH))
    search.fit(*iris, checkpoint=Checkpoint(tmp_path, **EACH_EPOCH))
    assert "the search goes on, and 2 trainings had ended" in capsys.readouterr().out


def test_a_teacher_is_fitted_once_in_all_lives_with_memory(iris, tmp_path):
    def fit():
        teacher = RandomForestClassifier(5)  # without a seed: no two fits are alike
        student = net(teacher, memory=tmp_path / "memory")
        search = DistillationSearchCV(student, {"temperature": [1, 2]}, cv=2)
        return search.fit(*iris, checkpoint=Checkpoint(tmp_path / "run", **EACH_EPOCH))

    search, n_lives = carried_through(fit, (2, 4, 3))
    assert n_lives > 2
    assert_same_results(search, fit(), iris[0])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["fit", "search"])
def test_processes_that_are_killed_at_random_moments(name):
    row = kills(name, 4, quick=True)
    same, _, runs = row["result"].split()[:3]
    assert same == runs
