"""A teacher of several members, and what it is given."""

import warnings

import numpy as np
import pytest
import torch
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression

from skdistill import NeuralStudentClassifier, soft_targets
from skdistill.teacher.ensemble import Teacher


def test_a_list_is_the_weighted_mean_of_probabilities(iris):
    X, y = iris
    a, b = LogisticRegression(max_iter=1000).fit(X, y), DummyClassifier().fit(X, y)
    P = soft_targets([a, b], X, teacher_weights=[3, 1])
    expected = 0.75 * a.predict_proba(X) + 0.25 / 3
    np.testing.assert_allclose(P, expected, atol=1e-6)


def test_a_member_of_weight_0_is_left_out():
    """Exactly, also where logits are so far apart that another one's share would tell."""

    class Constant(torch.nn.Module):
        def __init__(self, *logits):
            super().__init__()
            self.logits = torch.tensor(logits)

        def forward(self, x):
            return self.logits.expand(len(x), -1)

    sure, opposed = Constant(0.0, -1000.0, -1000.0), Constant(-5000.0, 0.0, 0.0)
    teacher = Teacher.of([sure, opposed], [1.0, 0.0])
    (log_p,) = teacher.log_probabilities(np.zeros((2, 1)), [np.arange(3)])
    np.testing.assert_array_equal(log_p, sure(log_p))


def test_members_that_know_other_classes_are_aligned(iris):
    X, y = iris
    a = LogisticRegression(max_iter=1000).fit(X[:100], y[:100])
    b = LogisticRegression(max_iter=1000).fit(X[50:], y[50:])
    P = soft_targets([a, b], X)
    assert P.shape == (150, 3)
    np.testing.assert_allclose(P[:, 0], a.predict_proba(X)[:, 0] / 2, atol=1e-6)
    np.testing.assert_allclose(P[:, 2], b.predict_proba(X)[:, 1] / 2, atol=1e-6)


def test_a_callable_is_named_by_classes(iris):
    X = iris[0]

    def teacher(rows):
        return np.tile([0.2, 0.3, 0.5], (len(rows), 1))

    np.testing.assert_allclose(soft_targets(teacher, X)[0], [0.2, 0.3, 0.5])
    np.testing.assert_allclose(
        soft_targets(teacher, X, classes=["b", "a", "c"])[0], [0.2, 0.3, 0.5]
    )
    adapter = Teacher.of(teacher)
    names = ["b", "a", "c"]
    (log_p,) = adapter.log_probabilities(X, [["a", "b", "c"]], [names])
    np.testing.assert_allclose(np.exp(log_p[0]), [0.3, 0.2, 0.5])


def test_a_regressor_is_passed_through(diabetes):
    X, y = diabetes
    model = LinearRegression().fit(X, y)
    np.testing.assert_allclose(soft_targets(model, X)[:, 0], model.predict(X))
    with pytest.raises(ValueError, match="temperature=2.0 has no meaning"):
        soft_targets(model, X, temperature=2.0)


@pytest.mark.parametrize("temperature", [0, -1, float("nan"), "hot", float("inf")])
def test_bad_temperatures(iris, iris_forest, temperature):
    with pytest.raises(ValueError, match="'temperature' parameter"):
        soft_targets(iris_forest, iris[0], temperature=temperature)


def test_a_float32_copy_would_matter_and_is_not_made():
    """A teacher of timestamps sees all digits, though the student trains in float32."""
    X = 1.7e9 + np.arange(200.0)[:, None]
    y = np.arange(200) // 2 % 2
    seen = []

    def teacher(rows):
        seen.append(rows)
        return np.full((len(rows), 2), 0.5)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        NeuralStudentClassifier(teacher, max_epochs=1).fit(X, y)
    assert seen[0] is X and seen[0].dtype == np.float64
