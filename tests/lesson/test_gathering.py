"""Weights of rows, and what is said of a strange teacher."""

import numpy as np
import pytest
import torch
from lessons import shares, task
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression

from skdistill import NeuralStudentClassifier, NeuralStudentRegressor, soft_targets
from skdistill.lesson.gathering import gather
from skdistill.lesson.given import Given
from skdistill.losses import cross_entropy
from skdistill.training.batches import Batches, Rows
from skdistill.training.loop import make_generator
from skdistill.training.objective import Loss, Objective, get_loss


def test_default_weights_are_numbers_and_scale_free():
    y = np.array([0, 1, 0, 1])
    rows = Given(
        np.zeros((4, 1)),
        y,
        sample_weight=np.array([1.0, 1.0, 2.0, 4.0]),
        teacher_output=shares(4, 2),
        X_transfer=np.zeros((8, 1)),
        transfer_output=shares(8, 2),
    )
    k = gather(rows, task(y))
    assert k.soft_weight[4:].sum() == pytest.approx(2 * k.soft_weight[:4].sum())
    k = gather(rows, task(y), transfer_weight=0.5)
    assert k.soft_weight[4:].sum() == pytest.approx(0.5 * k.soft_weight[:4].sum())
    np.testing.assert_array_equal(k.hard_weight, [1, 1, 2, 4])


def test_the_teachers_entropy_is_reported(iris):
    X, y = iris
    forest = RandomForestClassifier(50, random_state=0).fit(X, y)
    between = (X[:-1] + X[1:]) / 2 + np.random.default_rng(0).normal(0, 0.5, (149, 4))
    student = NeuralStudentClassifier(forest, max_epochs=1).fit(
        X, y, X_transfer=between
    )
    entropy = student.teacher_entropy_
    assert 0 < entropy["train"] < entropy["transfer"]
    P = soft_targets(forest, X)
    assert entropy["train"] == pytest.approx(-(P * np.log(P)).sum(axis=1).mean())
    assert student.set_params(teacher=None).fit(X, y).teacher_entropy_ is None


def full_batch_gradient(n_copies, transfer_weight):
    """Gradient of the loss of one full batch, by a linear student."""
    rng = np.random.default_rng(0)
    X, T = rng.normal(size=(20, 3)), rng.normal(size=(15, 3))
    y, P, Q = rng.integers(0, 2, 20), shares(20, 2, 1), shares(15, 2, 2)
    rows = Given(
        X,
        y,
        teacher_output=P,
        X_transfer=np.tile(T, (n_copies, 1)),
        transfer_output=np.tile(Q, (n_copies, 1)),
    )
    k = gather(rows, task(y), transfer_weight=transfer_weight)
    hard = Loss("classifier", cross_entropy)
    objective = Objective(get_loss("kl", "classifier"), hard, 0.7, 2.0)
    lesson = Rows(
        x=torch.from_numpy(np.concatenate([X, rows.X_transfer])),
        soft=objective.soft.prepared(torch.from_numpy(k.soft), 2.0),
        soft_weight=torch.from_numpy(k.soft_weight / k.soft_weight.mean()),
        hard=torch.from_numpy(k.hard),
        hard_weight=None,
        n_labelled=20,
    )
    (batch,) = Batches(lesson, 1000, make_generator(0))
    weight = torch.ones(3, 2, dtype=torch.float64).cumsum(0).requires_grad_()
    loss = objective(batch[0] @ weight, batch[1])
    return torch.autograd.grad(loss, weight)[0]


def test_transfer_rows_given_twice_at_one_weight_are_the_same_lesson():
    once = full_batch_gradient(1, transfer_weight=1.5)
    torch.testing.assert_close(full_batch_gradient(2, transfer_weight=1.5), once)
    assert not torch.allclose(
        full_batch_gradient(2, None), full_batch_gradient(1, None)
    )


def test_a_shuffled_teacher_output_is_noticed(iris):
    X, y = iris
    P = soft_targets(LogisticRegression(max_iter=1000).fit(X, y), X)
    student = NeuralStudentClassifier(max_epochs=1)
    student.fit(X, y, teacher_output=P)  # no warning: warnings are errors here
    with pytest.warns(UserWarning, match="does not agree with y beyond chance"):
        student.fit(X, y, teacher_output=np.roll(P, 50, axis=0))
    student.fit(X[::5], y[::5], teacher_output=np.roll(P[::5], 10, axis=0))  # 30 rows


def test_rare_positives_that_are_ranked_are_no_reason_to_warn():
    y = (np.arange(2000) < 24).astype(int)  # 1.2 %
    X = np.linspace(0, 1, 2000)[:, None]
    ranked = 0.4 * (1 - X[:, 0])  # the positives first, but none above a half
    P = np.column_stack([1 - ranked, ranked])
    student = NeuralStudentClassifier(max_epochs=1)
    student.fit(X, y, teacher_output=P)  # warnings are errors
    with pytest.warns(UserWarning, match=r"AUC = 0\.0.*classes are in another order"):
        student.fit(X, y, teacher_output=P[::-1])


def test_a_regressor_on_scaled_columns_is_noticed(diabetes):
    X, y = diabetes
    teacher = LinearRegression().fit(X, y)
    student = NeuralStudentRegressor(teacher, max_epochs=1)
    student.fit(X, y)
    with pytest.warns(UserWarning, match=r"R2 = .*raw X"):
        student.fit(X * 100, y)


def test_a_teacher_of_the_logarithm_is_told_so(diabetes):
    X, y = diabetes
    teacher = LinearRegression().fit(X, np.log(y))
    with pytest.warns(UserWarning, match=r"R2 = .*are of the logarithm of y"):
        NeuralStudentRegressor(teacher, max_epochs=1).fit(X, y)
