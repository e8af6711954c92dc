"""What a teacher may consist of."""

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression, RidgeClassifier

from skdistill import NeuralStudentClassifier, soft_targets
from skdistill.teacher.members import all_ready, check_weights, is_ready


@pytest.mark.parametrize(
    ("teacher", "error", "message"),
    [
        (LogisticRegression(), NotFittedError, "not fitted"),
        (LogisticRegression, TypeError, "give an instance"),
        (3, TypeError, "cannot be asked"),
        ([], ValueError, "holds no member"),
        (lambda X: np.full((len(X), 3), 0.5), ValueError, "summing to 1"),
        (lambda X: np.full((len(X), 3), np.nan), ValueError, "NaN or infinity"),
        (lambda X: np.zeros((len(X), 3, 2)), ValueError, "must be of shape"),
        (FrozenEstimator(LogisticRegression()), NotFittedError, "is not fitted"),
    ],
)
def test_bad_teachers_get_one_clear_error(iris, teacher, error, message):
    with pytest.raises(error, match=message):
        soft_targets(teacher, iris[0])


def test_fittedness(iris, iris_forest):
    assert is_ready(iris_forest) and is_ready(len) and is_ready(torch.nn.Linear(4, 3))
    assert not is_ready(RandomForestClassifier())
    assert is_ready(FrozenEstimator(RandomForestClassifier()))  # and fails when asked
    assert all_ready([iris_forest, len])
    with pytest.raises(ValueError, match="mixes fitted and unfitted"):
        all_ready([iris_forest, RandomForestClassifier()])


def test_a_model_that_is_not_scikit_learns(iris):
    class Prior:
        def fit(self, X, y):
            self.classes_, counts = np.unique(y, return_counts=True)
            self.shares = counts / counts.sum()

        def predict_proba(self, X):
            return np.tile(self.shares, (len(X), 1))

    model = Prior()
    assert not is_ready(model)
    model.fit(*iris)
    assert is_ready(model)
    student = clone(
        NeuralStudentClassifier(
            model, alpha=1.0, hidden_layer_sizes=(64, 64), max_epochs=50
        )
    )
    assert student.teacher is model


def test_a_teacher_of_another_width(iris):
    X, y = iris
    model = RidgeClassifier().fit(X[:, :3], y)
    with pytest.raises(ValueError, match="fitted on 3 columns and X has 4"):
        soft_targets(model, X)


@pytest.mark.parametrize("weights", [[1], [1, -1], [0, 0], [1, np.nan]])
def test_bad_weights(weights):
    with pytest.raises(ValueError, match="teacher_weights"):
        check_weights(weights, 2)
