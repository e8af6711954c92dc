"""Batches: what an epoch is, and what a batch of rounded shares says of all rows."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from skdistill.training.batches import Batches, InOrder, Rows
from skdistill.training.loop import make_generator


def rows(n, m, soft=True):
    total = n + m
    return Rows(
        x=torch.arange(total, dtype=torch.float32)[:, None],
        soft=torch.ones(total, 2) if soft else None,
        soft_weight=None,
        hard=torch.arange(n),
        hard_weight=None,
        n_labelled=n,
    )


def test_an_epoch_is_one_pass_over_the_rows():
    batches = list(Batches(rows(10, 0), 4, make_generator(0)))
    assert [len(x) for x, _ in batches] == [4, 3, 3]
    seen = torch.cat([x for x, _ in batches]).ravel()
    assert sorted(seen.tolist()) == list(range(10)) and seen.tolist() != list(range(10))
    for x, (_, _, hard, _, _) in batches:
        torch.testing.assert_close(x.ravel().long(), hard)


def test_transfer_rows_do_not_multiply_the_steps():
    batches = Batches(rows(64, 64 * 3), 16, make_generator(0))
    assert len(batches) == 4
    labelled = []
    for _ in range(4):  # epochs; 4 of 16 rows are labelled
        for x, (soft, weight, hard, _, _) in batches:
            assert len(x) == len(soft) == 16 and len(hard) == 4 and weight is None
            assert (x[:4] < 64).all() and (x[4:] >= 64).all()
            labelled += x[:4].ravel().tolist()
    assert sorted(labelled) == list(range(64))  # each once in four epochs


def test_rounded_shares_still_estimate_the_mean():
    data = rows(10, 25)
    values = torch.linspace(1, 5, 35)
    batches = Batches(data, 8, make_generator(0))
    estimates = []
    for _ in range(3000):
        for x, (_, weight, _, _, _) in batches:
            estimates.append((values[x.ravel().long()] * weight).mean().item())
    assert np.mean(estimates) == pytest.approx(values.mean().item(), rel=0.01)


def test_batches_of_one_row():
    with_transfer = Batches(rows(5, 5), 1, make_generator(0))
    assert all(len(x) == 2 and len(t[2]) == 1 for x, t in with_transfer)
    alone = Batches(rows(129, 0), 16, make_generator(0))
    assert min(len(x) for x, _ in alone) > 10  # a BatchNorm needs more than one row


def long_rows(n, m):
    generator = torch.Generator().manual_seed(0)
    lengths = torch.randint(1, 100, (n + m,), generator=generator)
    return replace(rows(n, m), lengths=lengths)


@pytest.mark.parametrize("n, m", [(640, 0), (640, 1280), (37, 0), (37, 5)])
def test_batches_of_like_lengths_are_the_same_epoch_in_another_order(n, m):
    data = long_rows(n, m)
    batches = list(Batches(data, 16, make_generator(0)).indices())
    plain = list(Batches(rows(n, m), 16, make_generator(0)).indices())
    sizes = [sorted(len(index) for index, _ in each) for each in (batches, plain)]
    assert sizes[0] == sizes[1]
    for index, n_labelled in batches:
        assert (index[:n_labelled] < n).all() and (index[n_labelled:] >= n).all()
    labelled = torch.cat([index[:k] for index, k in batches])
    if not m:
        assert sorted(labelled.tolist()) == list(range(n))
    if n > 100:

        def padded(parts):
            return sum(int(data.lengths[i].max()) * len(i) for i, _ in parts)

        assert len(set(labelled.tolist())) == len(labelled)
        assert padded(batches) < 0.8 * padded(plain)
        longest = [int(data.lengths[index].max()) for index, _ in batches]
        assert longest != sorted(longest)  # their order is random


def test_lengths_stay_on_the_cpu_and_validation_keeps_the_order():
    data = long_rows(150, 0)
    assert data.to(torch.device("meta")).lengths is data.lengths
    parts = [index for index, _ in InOrder(data).indices()]
    assert torch.cat(parts).tolist() == list(range(150)) and len(parts) == 3
    assert len(InOrder(data)) == 3


def test_rows_of_whole_numbers_have_the_weights_of_others():
    data = rows(10, 25)
    tokens = replace(data, x=data.x.int())
    batches = [Batches(each, 8, make_generator(0)) for each in (data, tokens)]
    weights = [each.rows.soft_weight for each in batches]
    torch.testing.assert_close(*weights)
    assert weights[0].min() > 0.5
