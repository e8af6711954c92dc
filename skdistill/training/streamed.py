"""Rows in a file as batches: what `Rows` and `Batches` are to rows in memory."""

from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch

from .batches import SORTED_TOGETHER, Shuffled, in_random_order, share_factors

# Rows that are read at once; a buffer is of blocks from all over the file.
_BLOCK, _LEAST_BLOCKS = 1024, 64


@dataclass(frozen=True)
class StreamedRows:
    """Labelled rows in a file, and transfer rows.

    Attributes
    ----------
    file : RecordFile
        A record has some of the fields of ``Rows``, each with its tensor's row.
    transfer : Rows, StreamedRows or None
        Rows without a label, in memory or in another file.
    soft_mean, hard_mean : float or None
        Means of the weights of all rows; None where weights are all alike.
    buffer_rows : int
        Records that are shuffled at once.
    length_of : callable or None
        ``length_of(x)`` -> lengths of rows, if rows of like lengths make a batch.
    """

    file: Any
    transfer: Any
    soft_mean: Any
    hard_mean: Any
    buffer_rows: int
    length_of: Any = None

    @property
    def lengths(self):
        """Not None where rows have lengths."""  # numpydoc ignore=RT01
        return self.length_of

    @property
    def n_labelled(self):
        """Number of labelled rows."""  # numpydoc ignore=RT01
        return len(self.file)

    def __len__(self):
        return len(self.file) + (0 if self.transfer is None else len(self.transfer))

    def to(self, device):
        """The same rows: batches go to the device.

        Parameters
        ----------
        device : torch.device
            Where training runs.

        Returns
        -------
        StreamedRows
            Itself.
        """
        return self

    def batches(self, device, batch_size, generator):
        """An epoch's batches.

        Parameters
        ----------
        device : torch.device
            Where training runs.
        batch_size : int
            Rows of a batch.
        generator : torch.Generator
            Shuffles.

        Returns
        -------
        StreamedBatches
            Of these rows.
        """
        return StreamedBatches(self, device, batch_size, generator)

    def tensors(self, records):
        """Records as tensors, by the names of the fields of ``Rows``.

        Parameters
        ----------
        records : ndarray of shape (n,)
            From the file.

        Returns
        -------
        dict of Tensor
            Weights are relative to their mean.
        """
        found = {
            name: torch.from_numpy(records[name].copy()) for name in records.dtype.names
        }
        for name, mean in {"soft": self.soft_mean, "hard": self.hard_mean}.items():
            weight = found.pop(f"{name}_weight", None)
            if mean is not None:
                found[f"{name}_weight"] = (weight / mean).to(_precision(found))
        return found


def _precision(part):
    """Of what is no whole number: tokens and labels are."""
    dtypes = [part[name].dtype for name in ("x", "soft", "hard") if name in part]
    return next((d for d in dtypes if d.is_floating_point), torch.float32)


def record_type(rows):
    """The dtype of a record.

    Parameters
    ----------
    rows : Rows
        All of them labelled.

    Returns
    -------
    numpy dtype
        Weights are float64: their unit is that of the whole.
    """
    parts = [("x", rows.x), ("soft", rows.soft), ("hard", rows.hard)]
    parts += [("labels", rows.labels)]
    kinds = [
        (name, t.numpy().dtype, tuple(t.shape[1:]))
        for name, t in parts
        if t is not None
    ]
    weighed = [name for name in ("soft", "hard") if getattr(rows, name) is not None]
    return np.dtype(kinds + [(f"{name}_weight", np.float64) for name in weighed])


def records_of(rows, weights, dtype):
    """Rows as records.

    Parameters
    ----------
    rows : Rows
        All of them labelled.
    weights : dict of str to ndarray
        The weights of the parts, "soft" and "hard", in their own unit.
    dtype : numpy dtype
        From ``record_type``.

    Returns
    -------
    ndarray of shape (n,)
        Records.
    """
    records = np.empty(len(rows), dtype)
    for name in dtype.names:
        part = name.removesuffix("_weight")
        is_weight = part != name
        records[name] = weights[part] if is_weight else getattr(rows, name).numpy()
    return records


class StreamedBatches:
    """An epoch of shuffled batches of rows in a file: a sibling of ``Batches``.

    An epoch is as many steps as one pass over the labelled rows. With transfer rows each
    batch has the same share of both, to a row, and each epoch draws anew.

    Parameters
    ----------
    rows : StreamedRows
        On disk.
    device : torch.device
        Where training runs.
    batch_size : int
        Rows of a batch.
    generator : torch.Generator
        Shuffles; on the CPU.
    """

    def __init__(self, rows, device, batch_size, generator):
        self.rows, self.device, self.generator = rows, device, generator
        n, total = rows.n_labelled, len(rows)
        self.batch_size = min(max(batch_size, 1 + (total > n)), total)
        self.n_steps = -(-n // min(batch_size, n))
        self.n_labelled = self.batch_size
        if total > n:
            share = round(self.batch_size * n / total)
            self.n_labelled = min(max(1, share), self.batch_size - 1, n)
            parts = self.batch_size, self.n_labelled
            self._factors = share_factors(n, total, *parts)

    def __len__(self):
        return self.n_steps

    def swap(self, rows):
        """Go on with other rows in the place of these.

        Parameters
        ----------
        rows : StreamedRows
            As many, of which some may be fresh; the next epoch takes them.
        """
        self.rows = rows

    def __iter__(self):
        yield from self.since(0)

    def since(self, n_done):
        """The batches of an epoch but for the first ones.

        Parameters
        ----------
        n_done : int
            How many were done before.

        Yields
        ------
        (Tensor, tuple)
            As skorch wants them.
        """
        # What the order of the epoch comes from: each later epoch has another.
        self.first = self.state()
        yield from islice(self._epoch(), n_done, None)

    def state(self):
        """What the order of the rows of the next epoch depends on.

        Returns
        -------
        dict
            Tensors.
        """
        return {"generator": self.generator.get_state()}

    def take_state(self, state):
        """Go on with the order that was to come then.

        Parameters
        ----------
        state : dict
            From ``state``.
        """
        self.generator.set_state(state["generator"])

    def _epoch(self):
        # Each begins anew, and depends on nothing but the generator.
        feed = _Feed(self.rows, self.generator, self.device)
        together = 1 if self.rows.length_of is None else SORTED_TOGETHER
        if self.rows.transfer is None:
            ends = np.linspace(0, len(self.rows), self.n_steps + 1).astype(int)
            sizes = np.diff(ends).tolist()
            for i in range(0, self.n_steps, together):
                yield from self._in_random_order(
                    self._cut(feed, sizes[i : i + together])
                )
            return
        more = _taken_from(self.rows.transfer, self.device, self.generator)
        n_more = self.batch_size - self.n_labelled
        for i in range(0, self.n_steps, together):
            count = min(together, self.n_steps - i)
            transfer = self._of_like_lengths(more(n_more * count), [n_more] * count)
            labelled = self._cut(feed, [self.n_labelled] * count)
            pairs = list(zip(labelled, transfer, strict=True))
            yield from (self._mixed(*pair) for pair in self._in_random_order(pairs))

    def _cut(self, feed, sizes):
        """Some batches of labelled rows."""
        return self._of_like_lengths(_batch(feed.next(sum(sizes))), sizes)

    def _of_like_lengths(self, batch, sizes):
        """The rows of one batch in batches of these sizes, sorted by length."""
        if len(sizes) == 1:
            return [batch]
        order = self.rows.length_of(batch[0]).argsort(stable=True)
        return [_rows_of(batch, index) for index in order.split(sizes)]

    def _in_random_order(self, batches):
        return in_random_order(batches, self.generator)

    def _mixed(self, labelled, transfer):
        """Labelled rows first; weights that make rounded shares estimate the whole."""
        x, (soft, weight, hard, hard_weight, labels) = labelled
        more_x, (more, more_weight, _, _, more_labels) = transfer
        k, m = len(x), len(more_x)
        if soft is not None:
            weight = _both(weight, more_weight, k, m, soft)
            weight = _weighted(weight, self._factors, k, m, soft)
            soft = torch.cat([soft, more])
        if labels is not None:
            labels = torch.cat([labels, more_labels])
        return torch.cat([x, more_x]), (soft, weight, hard, hard_weight, labels)


def _batch(part):
    targets = ("soft", "soft_weight", "hard", "hard_weight", "labels")
    return part["x"], tuple(part.get(name) for name in targets)


def _rows_of(batch, index):
    x, targets = batch
    return x[index], tuple(None if each is None else each[index] for each in targets)


def _taken_from(transfer, device, generator):
    """A function that gives so many transfer rows, one pass after the other."""
    if isinstance(transfer, StreamedRows):
        feed = _Feed(transfer, generator, device)
        return lambda size: _batch(feed.next(size))
    moved, order = transfer.to(device), Shuffled(0, len(transfer), generator)
    return lambda size: moved.take(order.next(size).to(device), 0)


def _both(weight, more, k, m, like):
    """Weights of both parts, or None where no row has another one."""
    if weight is None and more is None:
        return None
    weight = like.new_ones(k) if weight is None else weight
    return torch.cat([weight, like.new_ones(m) if more is None else more])


def _weighted(weight, factors, k, m, like):
    if np.allclose(factors, 1.0):
        return weight
    factor = torch.cat(
        [like.new_full((k,), factors[0]), like.new_full((m,), factors[1])]
    )
    return factor if weight is None else weight * factor


class _Feed:
    """Rows of a file in random order, one pass after the other."""

    def __init__(self, rows, generator, device):
        self.rows, self.generator, self.device = rows, generator, device
        n = rows.n_labelled
        block = max(1, min(_BLOCK, rows.buffer_rows // _LEAST_BLOCKS))
        self._blocks = [(i, min(i + block, n)) for i in range(0, n, block)]
        self._at_once = max(1, rows.buffer_rows // block)
        self._left, self._order, self._used = None, [], 0

    def next(self, size):
        """So many rows, by the names of their fields."""
        taken = self._take(size)
        while _length(taken) < size:
            self._refill()
            taken = _joined(taken, self._take(size - _length(taken)))
        return taken

    def _take(self, size):
        if self._left is None:
            return None
        start = self._used
        self._used = min(start + size, _length(self._left))
        part = {k: v[start : self._used] for k, v in self._left.items()}
        if self._used == _length(self._left):
            self._left = None
        return part if _length(part) else None

    def _refill(self):
        """Read blocks, and shuffle their rows; a new pass begins when none is left."""
        if not self._order:
            order = torch.randperm(len(self._blocks), generator=self.generator)
            self._order = order.tolist()[::-1]
        count = min(self._at_once, len(self._order))
        chosen = sorted(self._order.pop() for _ in range(count))
        records = self.rows.file.read([self._blocks[i] for i in chosen])
        order = torch.randperm(len(records), generator=self.generator)
        tensors = self.rows.tensors(records[order.numpy()])
        self._left = {k: v.to(self.device) for k, v in tensors.items()}
        self._used = 0


def _length(part):
    return 0 if part is None else len(part["x"])


def _joined(part, more):
    if part is None or more is None:
        return more if part is None else part
    return {name: torch.cat([part[name], more[name]]) for name in part}
