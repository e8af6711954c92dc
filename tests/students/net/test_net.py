"""The neural students: against plain torch, with users' modules."""

from functools import partial

import numpy as np
import pytest
import torch
from small_nets import Wide
from torch.nn import functional as F

from skdistill import NeuralStudentClassifier, NeuralStudentRegressor


def plain_torch(X, start, target, loss, epochs, lr):
    """Full-batch Adam, written down independently."""
    x = torch.tensor((X - X.mean(0)) / X.std(0), dtype=torch.float32)
    optimizer = torch.optim.Adam(start.parameters(), lr=lr)
    for _ in range(epochs):
        optimizer.zero_grad()
        loss(start(x), target).backward()
        optimizer.step()
    with torch.no_grad():
        return start(x).double().numpy()


@pytest.mark.parametrize("temperature", [None, 1.0, 4.0])
def test_equals_a_plain_torch_loop(iris, iris_forest, temperature):
    """None: the control, which is plain training on the labels."""
    X, y = iris
    net = Wide(4, 3)
    student = NeuralStudentClassifier(
        None if temperature is None else iris_forest,
        temperature=temperature or 1.0,
        transfer=None,
        module=net,
        max_epochs=30,
        batch_size=len(X),
        optimizer="adam",
        lr=0.01,
        lr_schedule=None,
    ).fit(X, y)
    codes = torch.from_numpy(np.unique(y, return_inverse=True)[1])
    if temperature is None:
        expected = plain_torch(X, net, codes, F.cross_entropy, 30, 0.01)
    else:
        P = (10 * iris_forest.predict_proba(X) + 1 / 3) / 11
        P = P ** (1 / temperature)
        P = torch.tensor(P / P.sum(axis=1, keepdims=True), dtype=torch.float32)

        def loss(logits, P):
            log_q = torch.log_softmax(logits / temperature, dim=1)
            return -(P * log_q).sum(dim=1).mean() * temperature**2

        expected = plain_torch(X, net, P, loss, 30, 0.01)
    np.testing.assert_allclose(
        student.decision_function(X), expected, rtol=1e-3, atol=1e-4
    )


def test_regression_equals_a_plain_torch_loop(diabetes, diabetes_forest):
    X, y = diabetes
    net = Wide(10, 1)
    teacher = diabetes_forest.predict(X)
    student = NeuralStudentRegressor(
        diabetes_forest,
        module=partial(lambda n, k, net: net, net=net),
        transfer=None,
        max_epochs=20,
        batch_size=len(X),
        optimizer="adam",
        lr=0.01,
        lr_schedule=None,
    )
    target = torch.tensor((teacher - y.mean()) / y.std(), dtype=torch.float32)[:, None]
    copy = Wide(10, 1)
    copy.load_state_dict(net.state_dict())
    expected = plain_torch(X, copy, target, F.mse_loss, 20, 0.01)
    predicted = student.fit(X, y).predict(X)
    np.testing.assert_allclose(
        predicted, expected[:, 0] * y.std() + y.mean(), rtol=1e-3, atol=1e-2
    )


def test_an_instance_is_copied_and_starts_from_its_weights(iris):
    X, y = iris
    net = Wide(4, 3)
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    student = NeuralStudentClassifier(module=net, lr=1e-12, max_epochs=1).fit(X, y)
    assert all(torch.equal(before[name], p) for name, p in net.state_dict().items())
    torch.testing.assert_close(student.module_.first.weight, net.first.weight)
    assert student.module_ is not net


def test_an_instance_for_regression_is_in_the_targets_unit(diabetes):
    X, y = diabetes
    net = Wide(10, 1)
    student = NeuralStudentRegressor(
        module=net, preprocessor=None, lr=1e-12, max_epochs=1
    ).fit(X, y)
    with torch.no_grad():
        expected = net(torch.tensor(X, dtype=torch.float32))[:, 0].numpy()
    np.testing.assert_allclose(student.predict(X), expected, rtol=1e-5)


def test_bad_widths(iris):
    with pytest.raises(ValueError, match="hidden_layer_sizes=.*positive integers"):
        NeuralStudentClassifier(hidden_layer_sizes=(8, 0), max_epochs=50).fit(*iris)


@pytest.mark.parametrize("sizes", [(), 7, [5, 6], np.array([3])])
def test_widths(iris, sizes):
    student = NeuralStudentClassifier(hidden_layer_sizes=sizes, max_epochs=1).fit(*iris)
    widths = [layer.out_features for layer in student.module_.layers[:-1]]
    assert widths == np.atleast_1d(np.asarray(sizes, dtype=int)).tolist()


@pytest.mark.parametrize(
    "activation", ["relu", "gelu", "silu", "tanh", "logistic", "identity"]
)
def test_activations_and_dropout(iris, activation):
    X, y = iris
    student = NeuralStudentClassifier(
        activation=activation, dropout=0.1, max_epochs=30, random_state=0
    ).fit(X, y)
    assert student.score(X, y) > 0.85
    np.testing.assert_array_equal(student.predict_proba(X), student.predict_proba(X))


def test_probabilities_logits_and_labels_agree(iris, iris_forest):
    X, y = iris
    student = NeuralStudentClassifier(iris_forest, max_epochs=5).fit(X, y)
    P = student.predict_proba(X)
    np.testing.assert_allclose(np.log(P), student.predict_log_proba(X))
    logits = student.decision_function(X)
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    np.testing.assert_allclose(odds / odds.sum(axis=1, keepdims=True), P)
    np.testing.assert_array_equal(
        student.classes_[P.argmax(axis=1)], student.predict(X)
    )
    two = NeuralStudentClassifier(max_epochs=5).fit(X[:100], y[:100])
    d = two.decision_function(X)
    assert d.shape == (150,)
    np.testing.assert_allclose(two.predict_proba(X)[:, 1], 1 / (1 + np.exp(-d)))


def test_log_probabilities_do_not_underflow():
    X = np.array([[-1.0], [1.0]] * 20)
    student = NeuralStudentClassifier(max_epochs=300, lr=0.1, random_state=0)
    student.fit(X, [0, 1] * 20)
    far = student.predict_log_proba([[1e6]])
    assert np.isfinite(far).all() and far.min() < -800


def test_huber_is_less_moved_by_an_outlier(diabetes):
    X, y = diabetes
    spoiled = y.copy()
    spoiled[::50] += 5000
    error = {}
    for loss in ("mse", "huber"):
        student = NeuralStudentRegressor(
            loss=loss, random_state=0, hidden_layer_sizes=(64, 64), max_epochs=50
        ).fit(X, spoiled)
        error[loss] = np.abs(student.predict(X) - y)[1:50].mean()
    assert error["huber"] < error["mse"]


def test_a_users_loss_takes_part(iris, iris_forest):
    X, y = iris

    def kl_of_my_own(output, target, temperature):
        p = torch.softmax(target / temperature, dim=1)
        log_q = torch.log_softmax(output / temperature, dim=1)
        return temperature**2 * (p * (p.log() - log_q)).sum(dim=1)

    students = [
        NeuralStudentClassifier(
            iris_forest, temperature=3.0, loss=loss, max_epochs=5, random_state=0
        ).fit(X, y)
        for loss in ("kl", kl_of_my_own)
    ]
    np.testing.assert_allclose(
        students[0].predict_proba(X), students[1].predict_proba(X), atol=1e-4
    )


def test_members_answer_by_the_mean_of_their_probabilities(iris, iris_forest):
    X, y = iris
    student = NeuralStudentClassifier(
        iris_forest, n_members=3, max_epochs=5, random_state=0
    ).fit(X, y)
    x = torch.from_numpy(student.preprocessor_.transform(X))
    with torch.no_grad():
        members = torch.softmax(student.module_(x), dim=2)
    assert members.shape == (150, 3, 3)
    assert (members[:, 0] - members[:, 1]).abs().max() > 1e-3
    want = members.mean(dim=1).numpy()
    np.testing.assert_allclose(student.predict_proba(X), want, atol=1e-7)


def test_members_of_a_regressor_answer_by_their_mean(diabetes):
    X, y = diabetes
    student = NeuralStudentRegressor(n_members=2, max_epochs=5, random_state=0)
    x = torch.from_numpy(student.fit(X, y).preprocessor_.transform(X))
    with torch.no_grad():
        members = student.module_(x).mean(dim=1).numpy()
    want = student._task.unit.restored(members[:, 0])
    np.testing.assert_allclose(student.predict(X), want, rtol=1e-6)


def test_the_loss_of_members_is_the_mean_of_theirs(iris, iris_forest):
    X, y = iris
    losses = []
    for n_members in (1, 4):
        student = NeuralStudentClassifier(
            iris_forest,
            n_members=n_members,
            hidden_layer_sizes=(),
            max_epochs=40,
            random_state=0,
        ).fit(X, y)
        losses.append(student.history_[-1]["train_loss"])
    assert abs(losses[0] - losses[1]) < 0.02  # linear members end alike


def test_members_go_on_where_they_were(iris):
    X, y = iris
    student = NeuralStudentClassifier(
        n_members=2,
        hidden_layer_sizes=(64, 64),
        numeric_embedding="piecewise_linear",
        max_epochs=5,
        warm_start=True,
        random_state=0,
    ).fit(X, y)
    before = student.history_[-1]["train_loss"]
    assert student.fit(X, y).history_[0]["train_loss"] < 1.5 * before


@pytest.mark.parametrize("loss", ["dkd", "dist"])
def test_members_learn_by_losses_that_ask_for_labels(iris, iris_forest, loss):
    X, y = iris
    student = NeuralStudentClassifier(
        iris_forest, n_members=2, loss=loss, max_epochs=20, random_state=0
    ).fit(X, y)
    assert student.score(X, y) > 0.9


@pytest.mark.parametrize("embedding", [None, "piecewise_linear"])
def test_clipped_columns_level_off(diabetes, embedding):
    X, y = diabetes
    params = {"numeric_embedding": embedding, "max_epochs": 5, "random_state": 0}
    far = X[:1] + 50 * np.sign(X[:1])  # a thousand standard deviations
    farther = X[:1] + 500 * np.sign(X[:1])
    clipped = NeuralStudentRegressor(clip=3.0, **params).fit(X, y)
    np.testing.assert_allclose(clipped.predict(far), clipped.predict(farther), 1e-3)
    plain = NeuralStudentRegressor(**params).fit(X, y)
    assert abs(plain.predict(far) - plain.predict(farther)) > 1
    # Where the limit is far outside the data it changes nothing.
    wide = NeuralStudentRegressor(clip=1e6, **params).fit(X, y)
    np.testing.assert_allclose(wide.predict(X), plain.predict(X), rtol=1e-4)


def test_quantiles_of_members_are_sorted_before_their_mean():
    random = np.random.default_rng(0)
    X = random.normal(size=(300, 2))
    y = X[:, 0] * np.sign(X[:, 1]) + 0.5 * random.normal(size=300)
    student = NeuralStudentRegressor(
        quantiles=[0.1, 0.5, 0.9], n_members=4, alpha=0, max_epochs=10, random_state=0
    ).fit(X, y)
    x = torch.from_numpy(student.preprocessor_.transform(X))
    with torch.no_grad():
        mean = student.module_(x).sort(dim=2).values.mean(dim=1).numpy()
    want = student._task.unit.restored(mean)
    np.testing.assert_allclose(student.predict(X), want, rtol=1e-6)


def test_warm_start_with_another_embedding_is_an_error(iris):
    X, y = iris
    params = {"max_epochs": 2, "warm_start": True, "random_state": 0}
    for before, now in (
        (None, "piecewise_linear"),
        ("piecewise_linear", "periodic"),
        ("piecewise_linear", None),
    ):
        student = NeuralStudentClassifier(numeric_embedding=before, **params).fit(X, y)
        P = student.predict_proba(X)
        student.set_params(numeric_embedding=now)
        with pytest.raises(ValueError, match="warm_start=True goes on"):
            student.fit(X, y)
        np.testing.assert_array_equal(student.predict_proba(X), P)


@pytest.mark.parametrize("params", [{"ema_decay": 0.9}, {"cv": 3}])
def test_partial_fit_refuses_what_it_cannot_go_on_with(iris, iris_forest, params):
    student = NeuralStudentClassifier(iris_forest, **params)
    with pytest.raises(ValueError, match="partial_fit"):
        student.partial_fit(*iris)
    assert not hasattr(student, "n_features_in_")
