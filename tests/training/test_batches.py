"""Batches: what an epoch is, and what a batch of rounded shares says of all rows."""

import numpy as np
import pytest
import torch

from skdistill.training.batches import Batches, Rows
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
