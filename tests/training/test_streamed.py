"""Batches of rows in a file: what an epoch is, and what is in memory meanwhile."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from skdistill.disk.records import RecordFile
from skdistill.training import streamed
from skdistill.training.batches import Rows
from skdistill.training.loop import make_generator
from skdistill.training.streamed import StreamedRows, record_type, records_of

CPU = torch.device("cpu")


def _rows(start, n, hard=True):
    return Rows(
        x=torch.arange(start, start + n, dtype=torch.float32)[:, None],
        soft=torch.ones(n, 2),
        soft_weight=None,
        hard=torch.arange(start, start + n) if hard else None,
        hard_weight=None,
        n_labelled=n if hard else 0,
    )


def _streamed(n, m=0, buffer_rows=100, means=(None, None)):
    file, rows = RecordFile(), _rows(0, n)
    kind = record_type(rows)
    file.reserve(kind, n)
    weights = {"soft": np.arange(n) + 1.0, "hard": np.arange(n) + 1.0}
    file.append(records_of(rows, weights, kind))
    transfer = _rows(n, m, hard=False) if m else None
    return StreamedRows(file, transfer, *means, buffer_rows)


@pytest.mark.parametrize("n", [1, 37, 1000, 1003])
@pytest.mark.parametrize("buffer_rows", [1, 64, 130, 5000])
def test_an_epoch_is_one_pass_over_the_rows(n, buffer_rows):
    batches = _streamed(n, buffer_rows=buffer_rows).batches(CPU, 16, make_generator(0))
    assert len(batches) == -(-n // 16)
    epochs = []
    for _ in range(2):
        seen = [(x, hard) for x, (_, _, hard, _, _) in batches]
        sizes = [len(x) for x, _ in seen]
        assert len(sizes) == len(batches) and max(sizes) - min(sizes) <= 1
        for x, hard in seen:
            torch.testing.assert_close(x.ravel().long(), hard)
        epochs.append(torch.cat([hard for _, hard in seen]).tolist())
        assert sorted(epochs[-1]) == list(range(n))
    assert n == 1 or epochs[0] != epochs[1]


def test_an_epoch_that_was_cut_short_is_followed_by_a_whole_one():
    batches = _streamed(1000).batches(CPU, 16, make_generator(0))
    next(iter(batches))
    seen = torch.cat([x for x, _ in batches]).ravel()
    assert sorted(seen.tolist()) == list(range(1000))


def test_a_buffer_has_rows_from_everywhere():
    batches = _streamed(100_000, buffer_rows=6400).batches(CPU, 400, make_generator(0))
    firsts = torch.cat(
        [x for (x, _), _ in zip(batches, range(10), strict=False)]
    ).ravel()
    assert len(firsts.div(10_000).long().unique()) == 10


def test_no_more_rows_are_alive_than_the_buffer(monkeypatch):
    rows, alive = _streamed(10_000, buffer_rows=640), []
    read = rows.file.read

    def counted(slices):
        alive.append(sum(stop - start for start, stop in slices))
        return read(slices)

    monkeypatch.setattr(rows.file, "read", counted)
    for _ in rows.batches(CPU, 32, make_generator(0)):
        pass
    assert max(alive) <= 640 and sum(alive) == 10_000


@pytest.mark.parametrize("m", [64 * 3, 10])
def test_transfer_rows_have_the_same_share_of_each_batch(m):
    rows, n = _streamed(64, m), 64
    batches = rows.batches(CPU, 16, make_generator(0))
    assert len(batches) == 4 and len(rows) == 64 + m
    sums, count = torch.zeros(n + m, dtype=torch.float64), 0
    for _ in range(500):
        for x, (soft, weight, hard, _, _) in batches:
            assert len(x) == len(soft) == 16
            k = len(hard)
            assert (x[:k] < n).all() and (x[k:] >= n).all()
            weight = torch.ones(16) if weight is None else weight
            weight = weight.double()
            sums.index_add_(0, x.ravel().long(), weight)
            count += 16
    share = (sums / count).double()
    # Each row has the same part of the loss, however the shares are rounded.
    assert share[:n].sum().item() == pytest.approx(n / (n + m), rel=1e-5)
    assert share[n:].std() / share[n:].mean() < 0.1


def test_weights_are_relative_to_the_mean_of_all_rows():
    rows = _streamed(50, means=(25.5, 12.75))
    for x, (_, soft_weight, _, hard_weight, _) in rows.batches(
        CPU, 10, make_generator(0)
    ):
        torch.testing.assert_close(soft_weight, (x.ravel() + 1) / 25.5)
        torch.testing.assert_close(hard_weight, (x.ravel() + 1) / 12.75)


def test_one_seed_one_order():
    def order(seed):
        batches = _streamed(300).batches(CPU, 16, make_generator(seed))
        return torch.cat([x for x, _ in batches]).ravel().tolist()

    assert order(0) == order(0) != order(1)
    assert streamed._BLOCK > 1


@pytest.mark.parametrize("m", [0, 10])
def test_an_epoch_goes_on_where_it_was_cut_short(m):
    batches = _streamed(300, m, buffer_rows=64).batches(CPU, 16, make_generator(0))
    list(batches)
    whole = [x for x, _ in batches]
    again = _streamed(300, m, buffer_rows=64).batches(CPU, 16, make_generator(7))
    again.take_state(batches.first)
    rest = [x for x, _ in again.since(5)]
    assert len(rest) == len(whole) - 5
    for x, other in zip(rest, whole[5:], strict=True):
        torch.testing.assert_close(x, other, rtol=0, atol=0)


@pytest.mark.parametrize("m", [0, 300])
def test_rows_of_like_lengths_make_a_batch(m):
    """Each row comes as often as before, with all that belongs to it."""
    plain = _streamed(1000, m, buffer_rows=500)
    alike = replace(plain, length_of=lambda x: x[:, 0] % 50)
    spreads, seen = {}, {}
    for name, rows in {"plain": plain, "alike": alike}.items():
        batches = list(rows.batches(CPU, 20, make_generator(0)))
        labelled = [(x[: len(hard)], hard) for x, (_, _, hard, _, _) in batches]
        for x, hard in labelled:
            torch.testing.assert_close(x.ravel().long(), hard)
        lengths = [x[:, 0] % 50 for x, _ in labelled]
        spreads[name] = np.mean([float(part.std()) for part in lengths])
        seen[name] = [len(x) for x, _ in batches], torch.cat([h for _, h in labelled])
    assert spreads["alike"] < spreads["plain"] / 4
    assert seen["alike"][0] == seen["plain"][0]
    rows = seen["alike"][1].tolist()
    assert len(set(rows)) == len(rows) == len(seen["plain"][1])  # none twice, none lost


def test_weights_of_tokens_are_no_whole_numbers():
    file = RecordFile()
    rows = replace(_rows(0, 10), x=torch.arange(10, dtype=torch.int32)[:, None])
    file.reserve(record_type(rows), 10)
    weights = {"soft": np.linspace(0.1, 1.9, 10), "hard": np.ones(10)}
    file.append(records_of(rows, weights, file.dtype))
    streamed_rows = StreamedRows(file, None, 1.0, None, 10)
    (batch,) = streamed_rows.batches(CPU, 10, make_generator(0))
    x, (_, weight, _, _, _) = batch
    expected = torch.from_numpy(weights["soft"])[x.ravel().long()].float()
    torch.testing.assert_close(weight, expected)
