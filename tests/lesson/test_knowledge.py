"""Targets, weights and what is said of a strange teacher."""

import numpy as np
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression

from skdistill import NeuralStudentClassifier, NeuralStudentRegressor, soft_targets
from skdistill.lesson.gathering import gather
from skdistill.lesson.given import Given
from skdistill.lesson.knowledge import Knowledge, hold_out
from skdistill.losses import cross_entropy
from skdistill.tasks.classes import Classes, union_of_classes
from skdistill.tasks.values import Values
from skdistill.teacher.ensemble import Teacher
from skdistill.training.batches import Batches, Rows
from skdistill.training.loop import make_generator
from skdistill.training.objective import Loss, Objective, get_loss


def task(y=None, classes=None, teacher=None):
    return Classes(None if teacher is None else Teacher.of(teacher), y, classes)


def shares(n, k, seed=0):
    return np.random.default_rng(seed).dirichlet(np.ones(k), n)


def test_union_of_classes_is_sorted_and_keeps_the_dtype():
    assert union_of_classes([3, 1], [2.0]).tolist() == [1, 2, 3]
    assert union_of_classes([3, 1], [2.0]).dtype == np.array([1]).dtype
    assert union_of_classes(None, ["b"], np.array(["abc"])).tolist() == ["abc", "b"]
    with pytest.raises(ValueError, match="strings and some are numbers"):
        union_of_classes(["a"], [1])


def test_teacher_output_is_put_into_the_order_of_classes():
    P = shares(4, 3)
    r = task(np.array(["a", "b", "c", "a"]), classes=["c", "a", "b"])
    log_p = r.accept(P, "teacher_output", 4)
    np.testing.assert_allclose(np.exp(log_p), P[:, [1, 2, 0]])


def test_one_column_is_the_second_class():
    r = task(np.array(["no", "yes"]))
    np.testing.assert_allclose(
        np.exp(r.accept([0.2, 0.9], "teacher_output", 2)), [[0.8, 0.2], [0.1, 0.9]]
    )


@pytest.mark.parametrize(
    ("output", "message"),
    [
        (shares(5, 3), "has 5 rows, and there must be 6"),
        (shares(6, 2), "2 columns and there are 3 classes"),
        (np.where(np.eye(6, 3) > 0, np.nan, 0.5), "NaN or infinity, first in row 0"),
        (shares(6, 3) * 1.1, "each row summing to 1"),
        (shares(6, 3) * [[1, 1, -1]], "each row summing to 1"),
        (shares(6, 3)[None], "must be of shape"),
    ],
)
def test_bad_teacher_output_is_named(output, message):
    r = task(np.array([0, 1, 2, 0, 1, 2]))
    with pytest.raises(ValueError, match=f"teacher_output.*{message}"):
        r.accept(output, "teacher_output", 6)


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


def test_class_weight_of_an_unlabelled_row_is_its_mean():
    P = shares(5, 2)
    rows = Given(
        np.zeros((2, 1)),
        np.array([0, 1]),
        teacher_output=np.eye(2),
        X_transfer=np.zeros((5, 1)),
        transfer_output=P,
    )
    k = gather(rows, task(rows.y), class_weight={0: 1.0, 1: 10.0})
    np.testing.assert_allclose(k.soft_weight[2:], P @ [1, 10])
    np.testing.assert_array_equal(k.hard_weight, [1, 10])
    odds = np.exp(k.soft[2:, 1] - k.soft[2:, 0])
    np.testing.assert_allclose(odds, 10 * P[:, 1] / P[:, 0])


def test_class_weight_of_a_class_that_only_the_teacher_knows():
    P = shares(4, 3)
    rows = Given(np.zeros((4, 1)), np.array([0, 1, 0, 1]), teacher_output=P)
    r = task(rows.y, classes=[0, 1, 2])
    k = gather(rows, r, class_weight={0: 1.0, 2: 5.0})
    np.testing.assert_allclose(k.soft_weight, P @ [1, 1, 5])
    with pytest.raises(ValueError, match=r"class_weight names \[7\]"):
        gather(rows, r, class_weight={7: 1.0})
    with pytest.raises(ValueError, match="class_weight=.*not negative"):
        gather(rows, r, class_weight={0: -1.0})


def test_transfer_weight_holds_after_rows_are_held_out():
    rows = Given(
        np.zeros((10, 1)),
        np.arange(10) % 2,
        teacher_output=shares(10, 2),
        X_transfer=np.zeros((30, 1)),
        transfer_output=shares(30, 2),
    )
    k = gather(rows, task(rows.y), transfer_weight=2.0, class_weight={1: 3.0})
    for part in (k, k.take(np.arange(4))):
        n = part.n_labelled
        ratio = part.soft_weight[n:].sum() / part.soft_weight[:n].sum()
        assert ratio == pytest.approx(2.0)


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


def test_hold_out_is_stratified_and_never_takes_a_class_whole():
    codes = np.repeat([0, 1, 2, 3], [70, 20, 9, 1])
    kept, held = hold_out(codes, 0.2, np.random.RandomState(0))
    assert len(held) in (19, 20) and not set(kept) & set(held)
    assert len(kept) + len(held) == 100
    counts = np.bincount(codes[held], minlength=4)
    assert counts.tolist()[:2] == [14, 4] and counts[2] in (1, 2) and counts[3] == 0


def test_a_shuffled_teacher_output_is_noticed(iris):
    X, y = iris
    P = soft_targets(LogisticRegression(max_iter=1000).fit(X, y), X)
    student = NeuralStudentClassifier(max_epochs=1)
    student.fit(X, y, teacher_output=P)  # no warning: warnings are errors here
    with pytest.warns(UserWarning, match="does not agree with y beyond chance"):
        student.fit(X, y, teacher_output=np.roll(P, 50, axis=0))
    student.fit(X[::5], y[::5], teacher_output=np.roll(P[::5], 10, axis=0))  # 30 rows


def test_a_regressor_on_scaled_columns_is_noticed(diabetes):
    X, y = diabetes
    teacher = LinearRegression().fit(X, y)
    student = NeuralStudentRegressor(teacher, max_epochs=1)
    student.fit(X, y)
    with pytest.warns(UserWarning, match=r"R2 = .*raw X"):
        student.fit(X * 100, y)


def test_outputs_beside_a_fitted_teacher_have_its_columns(iris, iris_forest):
    X, y = iris
    P = iris_forest.predict_proba(X)
    student = NeuralStudentClassifier(iris_forest, max_epochs=1)
    student.fit(X[:100], y[:100], teacher_output=P[:100])  # lacks a class
    assert len(student.classes_) == 3 and student.teacher_ is iris_forest
    student.fit(X, teacher_output=P)
    assert len(student.classes_) == 3
    with pytest.raises(ValueError, match="is a regressor"):
        NeuralStudentClassifier(LinearRegression()).fit(X, y, teacher_output=P)
    foreign = NeuralStudentClassifier(classes=["x", "q", "z"])
    with pytest.raises(ValueError, match="share no class"):
        foreign.fit(X, y, teacher_output=P)
    lacks = NeuralStudentClassifier(classes=["setosa", "versicolor"], max_epochs=1)
    with pytest.warns(UserWarning, match="never saw the classes"):
        lacks.fit(
            X, y, teacher_output=(P[:, :2] + 0.1) / (P[:, :2] + 0.1).sum(1)[:, None]
        )


def test_a_class_unknown_to_the_teacher_gets_the_floor_and_a_warning(iris):
    X, y = iris
    teacher = LogisticRegression().fit(X[:100], y[:100])
    student = NeuralStudentClassifier(teacher, alpha=0.5, max_epochs=1)
    with pytest.warns(UserWarning, match="never saw the classes \\['virginica'\\]"):
        student.fit(X, y)
    assert student.classes_.tolist() == ["setosa", "versicolor", "virginica"]


def test_a_fold_without_a_rare_class_works(iris, iris_forest):
    X, y = iris
    student = NeuralStudentClassifier(iris_forest, max_epochs=2).fit(X[:100], y[:100])
    assert student.predict_proba(X).shape == (150, 3)


def test_soft_targets_follow_the_order_that_is_asked_for(iris, iris_forest):
    X, _ = iris
    names = ["virginica", "setosa", "versicolor"]
    P = soft_targets(iris_forest, X, 2.0, classes=names)
    np.testing.assert_allclose(P[:, [1, 2, 0]], soft_targets(iris_forest, X, 2.0))


def test_high_temperature_is_flat_and_low_is_hard(iris, iris_forest):
    X, _ = iris
    np.testing.assert_allclose(soft_targets(iris_forest, X, 1e6), 1 / 3, atol=1e-4)
    cold = soft_targets(iris_forest, X, 1e-3)
    assert (cold.max(axis=1) > 0.99).mean() > 0.95


def test_labels_of_other_kinds_are_matched_by_value():
    X = np.arange(20.0)[:, None]
    teacher = RandomForestClassifier(5, random_state=0).fit(X, np.arange(20) % 2 == 0)
    student = NeuralStudentClassifier(teacher, max_epochs=1)
    student.fit(X, np.arange(20) % 2 == 0)
    assert student.classes_.dtype == bool


def test_parents_are_found_again_after_rows_were_taken_twice():
    parents = np.array([[0, 1], [2, 3], [4, -1], [-1, -1], [5, 4]])
    knowledge = Knowledge(
        soft=np.zeros((11, 2)),
        hard=None,
        soft_weight=np.ones(11),
        hard_weight=np.ones(6),
        parents=parents,
    )
    first = knowledge.take(np.array([1, 2, 3, 4, 5]))  # without row 0
    np.testing.assert_array_equal(first.soft_weight[5:], [0, 1, 1, 1, 1])
    second = first.take(np.array([0, 1, 2, 4]))  # and without row 4
    np.testing.assert_array_equal(second.soft_weight[4:], [0, 1, 0, 1, 0])


@pytest.mark.parametrize("unit", [1e-300, 1.0, 1e300])
def test_agreement_of_values_has_no_unit(unit):
    random = np.random.default_rng(0)
    y = random.normal(size=(60, 1))
    soft = y + 0.5 * random.normal(size=(60, 1))
    values = Values(y)
    (plain,), (ours,) = (values.agreement(soft * u, y * u) for u in (1.0, unit))
    np.testing.assert_allclose(ours, plain, rtol=1e-9)


def test_a_teacher_that_is_always_right_agrees_with_any_number_of_classes():
    for n_classes in range(2, 60):
        y = np.arange(3 * n_classes) % n_classes
        classes = Classes(None, y, None)
        ((kappa, error, _),) = classes.agreement(
            np.log(np.eye(n_classes)[y] + 1e-9), y[:, None]
        )
        assert kappa == pytest.approx(1) and error == pytest.approx(0, abs=1e-6)
