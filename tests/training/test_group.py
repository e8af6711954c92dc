"""Parts of batches: the mean of their losses is the loss of the whole batch."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skdistill.training.group import ONE_PROCESS, part_of, parts_of
from skdistill.training.objective import Objective, get_loss


def _objective(alpha):
    hard = get_loss("kl", "classifier")

    def compare(output, prepared, temperature, **more):
        return torch.nn.functional.cross_entropy(output, prepared, reduction="none")

    return Objective(get_loss("kl", "classifier"), _as(hard, compare), alpha, 2.0)


def _as(loss, compare):
    from dataclasses import replace

    return replace(loss, compare=compare, asks=frozenset())


def _batch(n, k, weighs, seed, has_soft=True, has_hard=True):
    generator = torch.Generator().manual_seed(seed)
    x = torch.rand(n, 4, generator=generator, dtype=torch.float64)
    soft = torch.rand(n, 3, generator=generator, dtype=torch.float64).softmax(dim=1)
    hard = torch.randint(0, 3, (k,), generator=generator)
    weights = [None, None]
    if weighs:
        weights = [
            torch.rand(size, generator=generator, dtype=torch.float64)
            for size in (n, k)
        ]
    parts = (soft, weights[0]) if has_soft else (None, None)
    parts += (hard, weights[1]) if has_hard else (None, None)
    return x, (*parts, None)


@settings(deadline=None, max_examples=60)
@given(
    n=st.integers(1, 12),
    k=st.integers(0, 12),
    size=st.integers(1, 5),
    weighs=st.booleans(),
    kinds=st.sampled_from([(True, True), (True, False), (False, True)]),
)
def test_the_mean_of_the_parts_is_the_whole(n, k, size, weighs, kinds):
    k = n if kinds == (False, True) else max(1, min(k, n))
    batch = _batch(n, k, weighs, 7 * n + k, *kinds)
    module = torch.nn.Linear(4, 3).double()
    objective = _objective(0.3)
    whole = objective(module(batch[0]), batch[1])
    losses = []
    for rank in range(size):
        x, targets = part_of(batch, rank, size)
        losses.append(objective(module(x), targets))
    mean = torch.stack(losses).mean()
    assert mean.item() == pytest.approx(whole.item(), rel=1e-12, abs=1e-14)
    parameters = list(module.parameters())
    for one, other in zip(
        torch.autograd.grad(mean, parameters),
        torch.autograd.grad(whole, parameters),
        strict=True,
    ):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


def test_every_row_is_in_one_part():
    batch = _batch(11, 5, True, 0)
    rows = [part_of(batch, rank, 3)[0] for rank in range(3)]
    assert [len(part) for part in rows] == [4, 4, 3]
    together = torch.cat(rows)
    assert sorted(together.tolist()) == sorted(batch[0].tolist())


def test_even_parts_need_no_weights():
    _, (_, soft_weight, _, hard_weight, _) = part_of(_batch(8, 4, False, 0), 1, 2)
    assert soft_weight is None and hard_weight is None


def test_one_process_has_the_batches_as_they_are():
    batches = object()
    assert parts_of(batches, ONE_PROCESS) is batches
