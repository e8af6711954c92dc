"""The loss that a torch student's parameters ask for."""

import numpy as np
import pytest
import torch

from skdistill import (
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
)
from skdistill.losses import pinball

CLASSIFIERS = [NeuralStudentClassifier, SoftDecisionTreeClassifier]


@pytest.mark.parametrize("Student", [NeuralStudentRegressor, SoftDecisionTreeRegressor])
def test_quantiles_of_the_teacher_by_the_pinball_loss(Student, diabetes):
    X, y = (table[:49] for table in diabetes)
    levels, noise = [0.1, 0.5, 0.9], np.random.default_rng(0).exponential(size=49)
    Q = 100 + np.array([-20.0, 0.0, 20.0]) + 30 * noise[:, None]
    constant = np.zeros((len(X), 1))  # so that each is the quantile of its column
    student = Student(loss="quantile", quantiles=levels, max_epochs=50, random_state=0)
    if Student is NeuralStudentRegressor:  # steps of lr move a wide one further
        student.set_params(hidden_layer_sizes=(64, 64))
    student.fit(constant, y, teacher_output=Q)
    below = (Q <= student.predict(constant[:1])).mean(axis=0)
    np.testing.assert_allclose(below, levels, atol=0.03)
    by_mse = student.set_params(loss="mse").fit(constant, y, teacher_output=Q)
    np.testing.assert_allclose(by_mse.predict(constant[:1])[0], Q.mean(axis=0), atol=6)
    with pytest.raises(ValueError, match="quantiles, such as"):
        Student(loss="quantile").fit(X, y, teacher_output=y)


def test_a_users_loss_of_values_gets_weights_and_quantiles(diabetes):
    X, y = diabetes
    levels, seen = [0.2, 0.8], []

    def loss(output, target, temperature, *, quantiles, weight):
        seen.append(weight)
        return pinball(output, target, quantiles)

    Q, weight = np.column_stack([y - 20, y + 20]), np.linspace(0.1, 1.9, len(y))
    shared = {"quantiles": levels, "max_epochs": 3, "random_state": 0}
    own = NeuralStudentRegressor(loss=loss, **shared)
    own.fit(X, y, sample_weight=weight, teacher_output=Q)
    named = NeuralStudentRegressor(loss="quantile", **shared)
    named.fit(X, y, sample_weight=weight, teacher_output=Q)
    np.testing.assert_array_equal(own.predict(X), named.predict(X))
    assert seen[0].shape[0] > 1

    def weighted(output, target, temperature, weight):
        seen.append(weight)
        return (output - target).square().mean(dim=1)

    seen.clear()
    control = NeuralStudentRegressor(loss=weighted, max_epochs=1)
    control.fit(X, y, sample_weight=weight)
    assert all(torch.is_tensor(each) for each in seen)


@pytest.mark.parametrize("Student", CLASSIFIERS)
def test_label_smoothing_moves_the_optimum(Student):
    """Of labels that are sure, the smoothed cross-entropy wants (1 - e) and e / K."""
    X, y = np.repeat(np.eye(3), 16, axis=0), np.repeat([0, 1, 2], 16)
    student = Student(label_smoothing=0.3, max_epochs=100, random_state=0)
    expected = 0.7 * np.eye(3)[y] + 0.1
    np.testing.assert_allclose(student.fit(X, y).predict_proba(X), expected, atol=0.02)
    sure = Student(max_epochs=100, random_state=0).fit(X, y)
    assert sure.predict_proba(X)[range(48), y].min() > 0.9
