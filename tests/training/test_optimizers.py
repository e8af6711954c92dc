"""Optimizers, their options, and the schedule of their learning rate."""

from functools import partial

import pytest
import torch
from noisy_labels import noisy
from skorch.callbacks import Callback

from skdistill.training.optimizers import moments_of, take_moments


def test_the_first_lr_schedule_steps_by_batch(student):
    X, y = noisy()
    rates = []

    class Spy(Callback):
        def on_batch_end(self, net, training, **kwargs):
            rates.append(net.optimizer_.param_groups[0]["lr"])

    student.set_params(max_epochs=2, lr=0.1)
    for schedule in ("cosine", "one_cycle", None):
        rates.clear()
        student.set_params(lr_schedule=schedule, callbacks=[Spy()]).fit(X, y)
        if schedule is None:
            assert set(rates) == {0.1}
        else:
            assert max(rates) == pytest.approx(0.1, rel=0.05) and rates[-1] < 0.01


WOLFE = partial(torch.optim.LBFGS, line_search_fn="strong_wolfe")


@pytest.mark.parametrize("schedule", ["one_cycle", None])
@pytest.mark.parametrize(
    "optimizer", ["adam", "adamw", "sgd", torch.optim.Adagrad, torch.optim.NAdam, WOLFE]
)
def test_optimizers(student, optimizer, schedule):
    X, y = noisy()
    student.set_params(optimizer=optimizer, lr=0.01, lr_schedule=schedule)
    student.set_params(batch_size=300).fit(X, y)
    losses = [epoch["train_loss"] for epoch in student.history_]
    assert losses[-1] < losses[0]


def test_one_cycle_moves_the_momentum_of_adam(student):
    seen = []

    class Spy(Callback):
        def on_batch_end(self, net, **kwargs):
            seen.append(net.optimizer_.param_groups[0]["betas"][0])

    student.set_params(callbacks=[Spy()], max_epochs=3).fit(*noisy())
    assert min(seen) == pytest.approx(0.85, abs=0.01) and max(seen) <= 0.95


def test_options_fixed_in_a_partial_stay(student):
    seen = []

    class Spy(Callback):
        def on_epoch_end(self, net, **kwargs):
            seen.append(net.optimizer_.param_groups[0])

    heavy = partial(torch.optim.AdamW, weight_decay=0.3, betas=(0.5, 0.9))
    student.set_params(optimizer=heavy, callbacks=[Spy()]).fit(*noisy())
    assert seen[-1]["weight_decay"] == 0.3 and seen[-1]["betas"] == (0.5, 0.9)


def test_an_optimizer_without_weight_decay_says_so(student):
    student.set_params(optimizer=torch.optim.LBFGS, weight_decay=0.1)
    with pytest.raises(ValueError, match="weight_decay=0.1 is not known"):
        student.fit(*noisy())


def stepped(module, moments=None):
    optimizer = torch.optim.Adam(module.parameters(), lr=0.1)
    if moments is not None:
        take_moments(optimizer, module, moments)
    module(torch.ones(2, 3)).square().sum().backward()
    optimizer.step()
    return moments_of(optimizer, module)


def test_moments_are_taken_by_parameters_of_the_same_shape_alone():
    first = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Linear(2, 2))
    moments = stepped(first)
    assert set(moments) == {"0.weight", "0.bias", "1.weight", "1.bias"}
    second = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.Linear(2, 4))
    steps = {name: int(each["step"]) for name, each in stepped(second, moments).items()}
    assert steps == {"0.weight": 2, "0.bias": 2, "1.weight": 1, "1.bias": 1}
    assert int(moments["0.weight"]["step"]) == 1  # a copy was taken
