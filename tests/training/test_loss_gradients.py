"""Gradients that are written out are autograd's, of the same losses."""

from functools import partial

import numpy as np
import pytest
import torch
from skorch.callbacks import Callback

from skdistill import NeuralStudentClassifier, NeuralStudentRegressor, losses
from skdistill.modules import MLP
from skdistill.modules.mlp import ACTIVATIONS
from skdistill.training.loss_gradients import LossFailed, LossGradients, gradient_kind
from skdistill.training.objective import Loss, Objective, get_loss

N, LABELLED, WIDTH = 12, 7, 4
NUMBERS = (1.0, 1.0), (0.3, 4.0), (0.0, 2.5)  # alpha and temperature of three students


def drawn(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=generator, dtype=torch.float64)


def objectives_of(name, smoothing=0.0):
    soft = get_loss(name, "regressor" if name in {"mse", "huber"} else "classifier")
    compare = partial(losses.cross_entropy, label_smoothing=smoothing)
    hard = soft if soft.task == "regressor" else Loss("classifier", compare)
    return [Objective(soft, hard, *numbers) for numbers in NUMBERS]


def targets_of(objectives, parts, is_weighted):
    """Soft targets of each student, hard ones of all."""
    answers, weight = 2 * drawn(N, WIDTH, seed=1), drawn(1, N, seed=2).exp()
    soft = [each.soft.prepared(answers, each.temperature) for each in objectives]
    hard = torch.arange(LABELLED)[None] % WIDTH
    if objectives[0].soft.task == "regressor":
        hard = drawn(1, LABELLED, WIDTH, seed=3)
    return [
        torch.stack(soft) if "soft" in parts else None,
        weight if is_weighted else None,
        hard if "hard" in parts else None,
        weight[:, :LABELLED] if is_weighted else None,
        answers.argmax(dim=1)[None],
    ]


def by_autograd(objectives, output, targets):
    found = []
    for i, objective in enumerate(objectives):
        one = output[i].clone().requires_grad_()
        own = (t if t is None else t[min(i, len(t) - 1)] for t in targets)
        loss = objective(one, tuple(own))
        found.append((loss.detach(), torch.autograd.grad(loss, one)[0]))
    return tuple(map(torch.stack, zip(*found, strict=True)))


@pytest.mark.parametrize("is_weighted", [False, True])
@pytest.mark.parametrize("parts", ["soft", "hard", "soft and hard"])
@pytest.mark.parametrize(
    ("name", "smoothing"), [("kl", 0.0), ("kl", 0.2), ("mse", 0.0), ("dkd", 0.1)]
)
def test_losses_and_gradients_are_those_of_the_objectives(
    name, smoothing, parts, is_weighted
):
    objectives = objectives_of(name, smoothing)
    output = drawn(len(objectives), N, WIDTH, seed=4)
    targets = targets_of(objectives, parts, is_weighted)
    found = LossGradients(objectives, like=output)(output, targets)
    torch.testing.assert_close(found, by_autograd(objectives, output, targets))


def test_which_gradients_are_written_out():
    kinds = {name: gradient_kind(objectives_of(name)[0]) for name in ("kl", "mse")}
    assert kinds == {"kl": "kl", "mse": "mse"}
    assert gradient_kind(objectives_of("huber")[0]) is None


def test_targets_that_do_not_sum_to_1_are_left_to_autograd():
    def doubled(answers, temperature):
        return 2 * losses.softened(answers, temperature)

    soft = Loss("classifier", losses.kl_of_probabilities, doubled, tempered=True)
    objective = Objective(soft, objectives_of("kl")[0].hard)
    output = drawn(1, N, WIDTH, seed=4)
    targets = targets_of([objective], "soft", False)
    found = LossGradients([objective], like=output)(output, targets)
    torch.testing.assert_close(found, by_autograd([objective], output, targets))


def test_an_error_of_a_loss_is_told_from_others():
    def broken(output, target, temperature):
        raise RuntimeError("no")

    objective = Objective(Loss("regressor", broken), Loss("regressor", losses.mse))
    targets = torch.zeros(1, 2, 1), None, None, None, None
    with pytest.raises(LossFailed) as caught:
        LossGradients([objective], like=torch.zeros(1))(torch.zeros(1, 2, 1), targets)
    assert str(caught.value.__cause__) == "no"


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
@pytest.mark.parametrize("widths", [(), (6,), (6, 5)])
def test_gradients_of_layers_are_autograds(activation, widths):
    generator = torch.Generator().manual_seed(0)
    net = MLP(3, 2, widths, activation, generator=generator).double()
    assert net.writes_gradients == (activation not in {"gelu", "silu"})
    if not net.writes_gradients:
        return
    x, of_output = drawn(5, 3), drawn(5, 2, seed=1)
    inputs = []
    output = net(x, inputs)
    wanted = torch.autograd.grad(output, list(net.parameters()), of_output)
    net.take_gradients(inputs, of_output)
    found = tuple(parameter.grad for parameter in net.parameters())
    torch.testing.assert_close(found, wanted)


def test_dropout_and_embeddings_that_learn_are_left_to_autograd():
    assert not MLP(3, 2, dropout=0.1).writes_gradients
    X, y = np.random.default_rng(0).normal(size=(40, 3)), np.arange(40) % 2
    student = NeuralStudentClassifier(max_epochs=1, random_state=0)
    for embedding, is_plain in ((None, 1), ("piecewise_linear", 1), ("periodic", 0)):
        student.set_params(numeric_embedding=embedding).fit(X, y)
        assert student.module_.writes_gradients == bool(is_plain)


class Doubled(MLP):
    """A user's own module, whose outputs are not those of the layers."""

    def forward(self, x):
        return 2 * super().forward(x)


def test_a_subclass_learns_by_its_own_outputs():
    X = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)
    losses_of = []
    for callbacks in (None, [_Listening()]):
        student = NeuralStudentRegressor(
            module=Doubled, max_epochs=4, callbacks=callbacks, random_state=0
        ).fit(X, X[:, 0])
        losses_of.append([epoch["train_loss"] for epoch in student.history_])
    np.testing.assert_array_equal(*losses_of)


def test_frozen_weights_and_hooks_of_a_users_perceptron_are_heard():
    X = np.random.default_rng(0).normal(size=(100, 3)).astype(np.float32)
    net, calls = MLP(3, 1), []
    net.layers[0].weight.requires_grad_(False)
    net.register_forward_hook(lambda *_: calls.append(net.training))
    before = net.layers[0].weight.clone()
    student = NeuralStudentRegressor(module=net, max_epochs=2, random_state=0)
    fitted = student.fit(X, X[:, 0]).module_
    torch.testing.assert_close(fitted.layers[0].weight, before, rtol=0, atol=0)
    assert (fitted.layers[1].weight != net.layers[1].weight).any()
    assert any(calls)


class _Listening(Callback):
    """With a callback, batches run as skorch's own, by autograd."""


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_students_learn_the_same_with_and_without_a_graph(kind, weighted):
    X = np.random.default_rng(0).normal(size=(200, 4))
    y = X[:, 0] + X[:, 1] * X[:, 2]
    weight = np.linspace(0.5, 1.5, len(X)) if weighted else None
    options = {"alpha": 0.6, "max_epochs": 5, "transfer": None, "random_state": 0}
    if kind == "classifier":
        y = (y > 0).astype(int)
        answers = np.column_stack([1 / (1 + np.exp(3 * X[:, 0])), np.empty(len(X))])
        answers[:, 1] = 1 - answers[:, 0]
        student = NeuralStudentClassifier(temperature=3, label_smoothing=0.1, **options)
    else:
        answers, student = X[:, 0], NeuralStudentRegressor(**options)
    histories = []
    for callbacks in (None, [_Listening()]):
        student.set_params(callbacks=callbacks)
        student.fit(X, y, sample_weight=weight, teacher_output=answers)
        histories.append([epoch["train_loss"] for epoch in student.history_])
    np.testing.assert_allclose(*histories, rtol=2e-5)
