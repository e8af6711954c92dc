"""Students that are trained as one become what each would by itself."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_diabetes
from sklearn.ensemble import RandomForestRegressor
from sklearn.model_selection import GridSearchCV
from small_students import NUMBERS, SMALL, forest, own_threads, tree

from skdistill import (
    DistillationSearchCV,
    HardDecisionTreeClassifier,
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeRegressor,
)
from skdistill.modules import MLP
from skdistill.training import joint as joint_training

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


#: What differs from the others in little.
MORE_GRIDS = (
    *(
        "shapes",
        "grown trees",
        "folds",
        "waves",
        "stopping",
        "numbers",
        "losses",
        "paths",
        "trees without penalties",
        "trees of several seeds",
    ),
    *("trees that cannot grow", "trees that stop"),
)


def some_slow(names, slow):
    """Names as cases, of which some are for ``make test-all``."""
    marks = {name: pytest.mark.slow if name in slow else () for name in names}
    return [pytest.param(name, marks=mark) for name, mark in marks.items()]


@pytest.mark.usefixtures("double")
@pytest.mark.parametrize("name", some_slow(GRIDS, MORE_GRIDS))
def test_scores_are_those_of_a_grid_search(name, data, joined):
    student, grid, together = GRIDS[name]
    options = {"scoring": "neg_log_loss", "cv": 3, "return_train_score": True}
    ours = DistillationSearchCV(student, grid, **options).fit(*data)
    theirs = GridSearchCV(student, grid, **options).fit(*data)
    for key in theirs.cv_results_:
        assert key in ours.cv_results_
        if "score" in key and "time" not in key:
            found, wanted = ours.cv_results_[key], theirs.cv_results_[key]
            if key.startswith("rank"):  # of equal scores, which here differ by rounding
                scores = theirs.cv_results_["mean_test_score"].round(5)
                found, wanted = scores[found.argsort()], scores[wanted.argsort()]
            np.testing.assert_allclose(found, wanted, atol=1e-5)
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
@pytest.mark.parametrize("name", some_slow(VALUES, ("mse", "paths", "tree")))
def test_values(name, joined):
    X, y = (part[:150] for part in load_diabetes(return_X_y=True))
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
        pytest.param(tree(leaf="linear"), marks=pytest.mark.slow),
        pytest.param(
            HardDecisionTreeClassifier(forest(), max_leaf_nodes=4, random_state=0),
            marks=pytest.mark.slow,
        ),
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
