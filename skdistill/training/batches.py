"""Rows as whole tensors, and the batches that training and validation take of them."""

from dataclasses import dataclass, fields, replace
from itertools import islice
from typing import Any

import torch

# Batches whose rows are sorted by length; rows of lengths in a batch of a validation.
SORTED_TOGETHER, _LONG_ROWS = 16, 64


@dataclass(frozen=True)
class Rows:
    """What a loss needs of some rows, as tensors; labelled rows first.

    Attributes
    ----------
    x : Tensor of shape (n + m, n_inputs)
        The student's view.
    soft : Tensor of shape (n + m, n_outputs) or None
        Prepared soft targets.
    soft_weight : Tensor of shape (n + m,) or None
        None if all are alike.
    hard : Tensor of shape (n,) or (n, n_outputs), or None
        Labels.
    hard_weight : Tensor of shape (n,) or None
        None if all are alike.
    n_labelled : int
        n, the rows of X; the m rows after them are transfer rows.
    labels : Tensor of shape (n + m,) or (n + m, n_targets), or None
        Codes of the classes, for a soft loss that asks for them.
    lengths : Tensor of shape (n + m,) or None
        Of rows that are cheaper beside rows of like lengths; on the CPU.
    """

    x: Any
    soft: Any
    soft_weight: Any
    hard: Any
    hard_weight: Any
    n_labelled: int
    labels: Any = None
    lengths: Any = None

    def __len__(self):
        return len(self.x)

    def to(self, device):
        """The same rows on a device.

        Parameters
        ----------
        device : torch.device
            Where the tensors go.

        Returns
        -------
        Rows
            The rows on that device.
        """
        moved = {field.name: getattr(self, field.name) for field in fields(self)}
        del moved["lengths"]  # batches are composed on the CPU
        moved = {k: v.to(device) if torch.is_tensor(v) else v for k, v in moved.items()}
        return replace(self, **moved)

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
        Batches
            Of these rows, on the device.
        """
        return Batches(self.to(device), batch_size, generator)

    def take(self, index, n_labelled):
        """A batch, as skorch wants it.

        Parameters
        ----------
        index : Tensor of int64
            Labelled rows first.
        n_labelled : int
            How many of them are labelled.

        Returns
        -------
        (Tensor, tuple)
            The view, and the soft and hard targets with their weights, and the labels.
        """
        among = index if n_labelled == len(index) else index[:n_labelled]
        targets = (
            _pick(self.soft, index),
            _pick(self.soft_weight, index),
            _pick(self.hard, among),
            _pick(self.hard_weight, among),
            _pick(self.labels, index),
        )
        return self.x.index_select(0, index), targets


def _pick(tensor, index):
    return None if tensor is None else tensor.index_select(0, index)


class Batches:
    """An epoch of shuffled batches that are slices of whole tensors.

    An epoch is as many steps as one pass over the labelled rows, whatever the number of
    transfer rows. Each batch has the same share of transfer rows, to a row. Rows that have
    lengths are sorted by them within some batches, and these come in random order.

    Parameters
    ----------
    rows : Rows
        On the device where training runs.
    batch_size : int
        Rows of a batch.
    generator : torch.Generator
        Shuffles; on the CPU.
    """

    def __init__(self, rows, batch_size, generator):
        n, total = rows.n_labelled, len(rows)
        # A batch beside transfer rows has a row of each kind at least.
        self.batch_size = min(max(batch_size, 1 + (total > n)), total)
        # Transfer rows make batches more diverse, not epochs longer.
        self.n_steps = -(-n // min(batch_size, n))
        self.n_labelled = n
        if total > n:
            share = round(self.batch_size * n / total)
            self.n_labelled = min(max(1, share), self.batch_size - 1, n)
        self.swap(rows)
        self.generator = generator
        self._labelled = Shuffled(0, n, generator)
        self._transfer = Shuffled(n, total, generator)

    def swap(self, rows):
        """Go on with other rows in the place of these.

        Parameters
        ----------
        rows : Rows
            As many as before, on the same device, and as many of them labelled.
        """
        if len(rows) > rows.n_labelled:
            rows = _share_corrected(rows, self.batch_size, self.n_labelled)
        self.rows = rows

    def __len__(self):
        return self.n_steps

    def __iter__(self):
        yield from self.since(0)

    def since(self, n_done):
        """The batches of an epoch but for the first ones, whose rows are not taken.

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
        for index, n_labelled in islice(self.indices(), n_done, None):
            yield self.rows.take(index, n_labelled)

    def state(self):
        """What the order of the rows that are to come depends on.

        Returns
        -------
        dict
            Tensors.
        """
        left = [self._labelled.left.clone(), self._transfer.left.clone()]
        return {"generator": self.generator.get_state(), "left": left}

    def take_state(self, state):
        """Go on with the order that was to come then.

        Parameters
        ----------
        state : dict
            From ``state``.
        """
        self.generator.set_state(state["generator"])
        self._labelled.left, self._transfer.left = state["left"]

    def indices(self):
        """The row numbers of each batch of an epoch, instead of the rows.

        Yields
        ------
        index : Tensor of int64
            Labelled rows first.
        n_labelled : int
            How many of them are labelled.
        """
        device = self.rows.x.device
        if len(self.rows) == self.rows.n_labelled:
            order = torch.randperm(len(self.rows), generator=self.generator)
            # Of equal size, to a row: a short last batch would weigh more, and a batch
            # of one row stops a BatchNorm.
            parts = order.tensor_split(self.n_steps)
            if self.rows.lengths is not None:
                parts = self._of_like_lengths(parts)
            for index in parts:
                yield index.to(device), len(index)
            return
        n_transfer = self.batch_size - self.n_labelled
        done = 0
        while done < self.n_steps:
            count = 1
            if self.rows.lengths is not None:
                count = min(SORTED_TOGETHER, self.n_steps - done)
            pairs = zip(
                self._cut(self._labelled, self.n_labelled, count),
                self._cut(self._transfer, n_transfer, count),
                strict=True,
            )
            for labelled, transfer in self._in_random_order(list(pairs)):
                yield torch.cat([labelled, transfer]).to(device), self.n_labelled
            done += count

    def _of_like_lengths(self, parts):
        """The same rows in as many batches, sorted by length within groups of batches."""
        for start in range(0, len(parts), SORTED_TOGETHER):
            group = parts[start : start + SORTED_TOGETHER]
            rows = self._sorted(torch.cat(group))
            batches = rows.split([len(part) for part in group])
            yield from self._in_random_order(batches)

    def _cut(self, shuffled, size, count):
        """Rows of one kind for some batches, which grow longer from batch to batch."""
        rows = shuffled.next(size * count)
        return self._sorted(rows).split(size) if count > 1 else [rows]

    def _sorted(self, rows):
        return rows[self.rows.lengths[rows].argsort(stable=True)]

    def _in_random_order(self, batches):
        return in_random_order(batches, self.generator)


def in_random_order(batches, generator):
    """Some batches, in random order; a single one draws no number.

    Parameters
    ----------
    batches : list
        Of anything.
    generator : torch.Generator
        Shuffles; on the CPU.

    Returns
    -------
    list
        The same batches.
    """
    if len(batches) < 2:
        return batches
    order = torch.randperm(len(batches), generator=generator)
    return [batches[i] for i in order.tolist()]


class Shuffled:
    """Row numbers, one permutation after another, without end.

    Parameters
    ----------
    start, stop : int
        The numbers.
    generator : torch.Generator
        Shuffles; on the CPU.
    """

    def __init__(self, start, stop, generator):
        self.start, self.count, self.generator = start, stop - start, generator
        self.left = torch.empty(0, dtype=torch.long)

    def next(self, count):
        """The next ones.

        Parameters
        ----------
        count : int
            How many.

        Returns
        -------
        Tensor of int64
            Row numbers.
        """
        while len(self.left) < count:
            order = torch.randperm(self.count, generator=self.generator) + self.start
            self.left = torch.cat([self.left, order])
        head, self.left = self.left[:count], self.left[count:]
        return head


def share_factors(n, total, batch_size, n_labelled):
    """Weights by which a batch of rounded shares still estimates the whole mean.

    Parameters
    ----------
    n, total : int
        Labelled rows, and all rows.
    batch_size, n_labelled : int
        Rows of a batch, and how many of them are labelled.

    Returns
    -------
    labelled, transfer : float
        1 where shares came out even.
    """
    labelled = n / total * batch_size / n_labelled
    return labelled, (total - n) / total * batch_size / (batch_size - n_labelled)


def _share_corrected(rows, batch_size, n_labelled):
    """Weigh rows so that a batch of rounded shares still estimates the whole mean."""
    if rows.soft is None:
        return rows
    n, total = rows.n_labelled, len(rows)
    labelled, transfer = share_factors(n, total, batch_size, n_labelled)
    factor = torch.full((total,), labelled)
    factor[n:] = transfer
    # Shares that came out even need no weights.
    if torch.allclose(factor, torch.ones(())):
        return rows
    factor = factor.to(rows.soft)  # tokens are whole numbers, and weights are none
    weight = factor if rows.soft_weight is None else rows.soft_weight * factor
    return replace(rows, soft_weight=weight)


class InOrder:
    """Rows in their order, in few large batches: for validation.

    Parameters
    ----------
    rows : Rows
        On the device where training runs.
    batch_size : int, default=4096
        Rows of a batch.
    """

    def __init__(self, rows, batch_size=4096):
        self.rows = rows
        self.batch_size = batch_size

    def __len__(self):
        return sum(1 for _ in self.indices())

    def __iter__(self):
        for index, n_labelled in self.indices():
            yield self.rows.take(index, n_labelled)

    def indices(self):
        """The row numbers of each batch, as ``Batches`` has them.

        Yields
        ------
        index : Tensor of int64
            Ascending.
        n_labelled : int
            All of them.
        """
        order = torch.arange(len(self.rows), device=self.rows.x.device)
        size = self.batch_size if self.rows.lengths is None else _LONG_ROWS
        for index in order.split(size):
            yield index, len(index)
