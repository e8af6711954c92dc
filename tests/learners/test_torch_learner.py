"""What a torch student is trained on and watched by, its seeds and its past."""

import numpy as np
import pytest
import torch
from noisy_labels import noisy
from sklearn.datasets import make_classification
from sklearn.linear_model import LogisticRegression

from skdistill import (
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
)


def test_without_early_stopping_X_val_is_watched_and_changes_nothing(student):
    X, y = noisy()
    plain = student.fit(X, y).predict_proba(X)
    watched = student.fit(X, y, X_val=X[:50], y_val=y[:50])
    assert "valid_loss" in student.history_[-1]
    np.testing.assert_array_equal(watched.predict_proba(X), plain)


def test_rows_of_no_weight_are_not_held_out(student):
    X, y = noisy()
    weight = np.zeros(300)
    weight[::30] = 1.0
    student.set_params(early_stopping=True).fit(X, y, sample_weight=weight)
    assert np.isfinite(student.history_[-1]["valid_loss"])


def test_held_out_rows_are_scored_by_fidelity_not_by_labels(student):
    """A teacher that is surely wrong: its student's validation loss still goes to 0."""
    X, y = noisy()
    sure = np.eye(2)[(X[:, 0] > 0).astype(int)] * 0.98 + 0.01
    student.set_params(early_stopping=True, max_epochs=60)
    student.fit(X, y, teacher_output=sure)
    assert min(epoch["valid_loss"] for epoch in student.history_) < 0.3  # labels: 0.6


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_global_generators_are_left_alone(student, dropout):
    X, y = noisy()
    torch.manual_seed(3)
    np.random.seed(3)  # noqa: NPY002
    before = torch.random.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    first = student.set_params(dropout=dropout).fit(X, y).predict_proba(X)
    assert torch.equal(torch.random.get_rng_state(), before[0])
    np.testing.assert_array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    torch.manual_seed(99)
    np.testing.assert_array_equal(student.fit(X, y).predict_proba(X), first)


def test_random_state_none_follows_numpys_global_seed(student):
    X, y = noisy()
    student.set_params(random_state=None)
    outcomes = []
    for seed in (1, 1, 2):
        np.random.seed(seed)  # noqa: NPY002
        outcomes.append(student.fit(X, y).predict_proba(X))
    np.testing.assert_array_equal(outcomes[0], outcomes[1])
    assert (outcomes[0] != outcomes[2]).any()


def test_warm_start_goes_on(student):
    X, y = noisy()
    student.set_params(warm_start=True, max_epochs=5, lr=0.001).fit(X, y)
    first = student.history_[-1]["train_loss"]
    view = student.preprocessor_
    student.fit(X + 1, y)
    assert student.preprocessor_ is view
    student.fit(X, y)
    assert student.history_[0]["train_loss"] < first + 0.02
    with pytest.raises(ValueError, match="warm_start=True goes on with the classes"):
        student.fit(X, np.where(y == 0, 5, 6))
    with pytest.raises(ValueError, match="features"):
        student.fit(X[:, :4], y)
    with pytest.raises(ValueError, match="ask for a module of another shape"):
        student.set_params(hidden_layer_sizes=(8,)).fit(X, y)
    regressor = NeuralStudentRegressor(warm_start=True, max_epochs=1).fit(X, X[:, 0])
    with pytest.raises(ValueError, match="goes on with 1 targets"):
        regressor.fit(X, X[:, :2])


def test_a_failed_warm_start_leaves_the_weights(student):
    X, y = noisy()
    student.set_params(warm_start=True).fit(X, y)
    before = student.predict_proba(X)
    student.set_params(optimizer="sgd", lr=1e30, lr_schedule=None)
    with pytest.raises(ValueError, match="loss became"):
        student.fit(X, y)
    np.testing.assert_array_equal(student.predict_proba(X), before)


@pytest.mark.parametrize("by_label", [False, True])
def test_class_weights_count_on_validation_rows_too(iris, by_label):
    """Watched rows that are the training rows have the training loss."""
    X, y = iris
    teacher = LogisticRegression(max_iter=1000).fit(X, y)
    student = NeuralStudentClassifier(
        teacher,
        class_weight={"setosa": 9.0, "versicolor": 1.0, "virginica": 1.0},
        alpha=0.0 if by_label else 1.0,
        transfer=None,
        lr=1e-9,
        lr_schedule=None,
        max_epochs=1,
        early_stopping=True,
        random_state=0,
    )
    student.fit(X, y, X_val=X, y_val=y if by_label else None)
    (epoch,) = student.history_
    np.testing.assert_allclose(epoch["valid_loss"], epoch["train_loss"], rtol=1e-3)


def test_automatic_early_stopping_is_for_labels_alone():
    X, y = make_classification(600, 5, flip_y=0.4, random_state=0)
    teacher = LogisticRegression().fit(X, y)
    for student, rows, stops in (
        (NeuralStudentClassifier(), 600, True),
        (
            NeuralStudentClassifier(
                teacher, alpha=0.0, hidden_layer_sizes=(64, 64), max_epochs=50
            ),
            600,
            True,
        ),
        (SoftDecisionTreeClassifier(max_depth=2, max_epochs=50), 500, True),
        (NeuralStudentClassifier(), 499, False),
        (
            NeuralStudentClassifier(
                teacher, transfer=None, hidden_layer_sizes=(64, 64), max_epochs=50
            ),
            600,
            False,
        ),
        (
            NeuralStudentClassifier(
                early_stopping=False, hidden_layer_sizes=(64, 64), max_epochs=50
            ),
            600,
            False,
        ),
    ):
        student.set_params(max_epochs=2, random_state=0)
        student.fit(X[:rows], y[:rows])
        assert ("valid_loss" in student.history_[0]) == stops


def test_automatic_early_stopping_is_early_stopping():
    X, y = make_classification(600, 5, flip_y=0.4, random_state=0)
    first, second = (
        NeuralStudentClassifier(
            early_stopping=asked,
            random_state=0,
            hidden_layer_sizes=(64, 64),
            max_epochs=50,
        ).fit(X, y)
        for asked in ("auto", True)
    )
    assert first.early_stopping == "auto"  # a parameter stays as it was given
    np.testing.assert_array_equal(first.predict_proba(X), second.predict_proba(X))


def test_automatic_early_stopping_counts_no_rows_without_weight():
    X, y = make_classification(600, 5, flip_y=0.4, random_state=0)
    weight = np.ones(600)
    weight[490:] = 0
    student = NeuralStudentClassifier(max_epochs=2, random_state=0)
    assert "valid_loss" not in student.fit(X, y, sample_weight=weight).history_[0]
    assert "valid_loss" in student.fit(X, y).history_[0]
