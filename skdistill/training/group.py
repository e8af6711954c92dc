"""The processes that train a student together, as a training sees them: mostly, one."""

import torch


class OneProcess:
    """The group of a process that trains by itself; ``ProcessGroup`` has the same names."""

    size, rank, is_leader = 1, 0, True

    def share(self, make):
        """What the first process makes.

        Parameters
        ----------
        make : callable
            Called in the first process alone.

        Returns
        -------
        object
            The result, in each process.
        """
        return make()

    def mean(self, tensor):
        """The mean over the processes.

        Parameters
        ----------
        tensor : Tensor
            Of this process.

        Returns
        -------
        Tensor
            The same.
        """
        return tensor

    def mean_gradients(self, module):  # numpydoc ignore=PR01
        """Give each process the mean of the gradients; one has them."""


#: The group of an ordinary fit.
ONE_PROCESS = OneProcess()


def parts_of(batches, group):
    """This process's part of each batch.

    Parameters
    ----------
    batches : Batches or StreamedBatches
        The same in each process.
    group : OneProcess or ProcessGroup
        Who trains.

    Returns
    -------
    Batches, StreamedBatches or Parts
        Of the same steps.
    """
    return batches if group.size == 1 else Parts(batches, group.rank, group.size)


class Parts:
    """A rank's part of each batch, weighed so that the ranks' mean loss is the batch's.

    Parameters
    ----------
    batches : Batches or StreamedBatches
        The same in each rank.
    rank, size : int
        Which one of how many.
    """

    def __init__(self, batches, rank, size):
        self.batches, self.rank, self.size = batches, rank, size

    def __len__(self):
        return len(self.batches)

    def __iter__(self):
        yield from self.since(0)

    @property
    def first(self):
        """What the order of the epoch comes from."""  # numpydoc ignore=RT01
        return self.batches.first

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
        for batch in self.batches.since(n_done):
            yield part_of(batch, self.rank, self.size)

    def swap(self, rows):
        """Go on with other rows in the place of these.

        Parameters
        ----------
        rows : Rows
            As for ``Batches``.
        """
        self.batches.swap(rows)

    def state(self):
        """What the order of the rows that are to come depends on.

        Returns
        -------
        dict
            Tensors.
        """
        return self.batches.state()

    def take_state(self, state):
        """Go on with the order that was to come then.

        Parameters
        ----------
        state : dict
            From ``state``.
        """
        self.batches.take_state(state)


def part_of(batch, rank, size):
    """A rank's part of a batch.

    Parameters
    ----------
    batch : (Tensor, tuple)
        As skorch wants it.
    rank, size : int
        Which one of how many.

    Returns
    -------
    (Tensor, tuple)
        Every so manyth row of each kind; one of no weight where no row is left.
    """
    x, (soft, soft_weight, hard, hard_weight, labels) = batch
    n, k = len(x), 0 if hard is None else len(hard)
    labelled = torch.arange(k)[rank::size]
    # From the other end: a rank with a row more of one kind has no more of the other.
    others = torch.arange(k, n)[size - 1 - rank :: size]
    lacks = not len(labelled) and (k > 0 or not len(others))
    if lacks:
        labelled = torch.zeros(1, dtype=torch.long)
    index = torch.cat([labelled, others]).to(x.device)
    among = index[: len(labelled)] if k else index[:0]
    if soft is not None:
        weight = _weight(soft_weight, index, n, size, lacks, soft)
        soft = soft[index]
        soft_weight = weight
    if hard is not None:
        like = x if x.is_floating_point() else torch.empty(0, device=x.device)
        hard_weight = _weight(hard_weight, among, k, size, lacks, like)
        hard = hard[among]
    labels = None if labels is None else labels[index]
    return x[index], (soft, soft_weight, hard, hard_weight, labels)


def _weight(weight, index, n, size, lacks, like):
    """Weights of a part: their mean over the ranks is that of the batch's rows."""
    factor = len(index) * size / n
    if weight is None and factor == 1 and not lacks:
        return None
    part = like.new_ones(len(index)) if weight is None else weight[index]
    part = part * factor
    if lacks:
        part[0] = 0
    return part
