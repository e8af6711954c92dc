"""The rows that a torch student is trained on, where memory holds a sample of them."""

from dataclasses import replace

import numpy as np
import torch

from ..disk.records import RecordFile
from ..lesson.knowledge import Knowledge
from ..training.streamed import StreamedRows, record_type, records_of
from .renewed_rows import RenewedRows


class RowsOnDisk(RenewedRows):
    """A sample in memory, which says how a module begins, and all rows to train it on.

    The rows as the student sees them are written to a temporary file once, with what they
    teach: epochs neither read columns again nor ask the teacher.

    Parameters
    ----------
    learner : TorchLearner
        Makes tensors of them.
    stream : Stream
        All rows.
    x : ndarray of shape (n + m, n_inputs)
        The view of the sample, and of transfer rows.
    knowledge : Knowledge
        What these teach.
    """

    def __init__(self, learner, stream, x, knowledge):
        super().__init__(learner, None, x, knowledge)
        self._stream, self._written = stream, None

    def tensors(self, objective, module):
        """All rows, in a file.

        Parameters
        ----------
        objective : Objective
            The loss that they are for.
        module : torch.nn.Module
            What is trained.

        Returns
        -------
        StreamedRows
            The same at each call: the loss and the module's dtype do not change.
        """
        if self._written is None:
            self._written = self._write(objective, module)
        return self._written

    def _write(self, objective, module):
        rows = self._stream.survey.rows.rows
        file, scale = RecordFile(rows.scratch), _Scale()
        for read, knowledge in self._stream.lessons():
            used = knowledge.used(self._learner.params.alpha)
            # Ones: weights are relative to the mean of all rows, which is not known yet.
            x, alike = self._learner.see(read), _unweighted(used)
            part = self._learner.tensors(x, alike, objective, module)
            if file.dtype is None:
                file.reserve(record_type(part), self._stream.n_rows)
            weights = {"soft": used.soft_weight, "hard": used.hard_weight}
            weights = {k: w for k, w in weights.items() if getattr(used, k) is not None}
            file.append(records_of(part, weights, file.dtype))
            scale.add(weights, len(part))
        transfer, weight = self._transfer(objective, module, scale)
        means = scale.means(weight)
        if transfer is not None and means["soft"] is not None:
            relative = torch.from_numpy(weight / means["soft"])
            transfer = replace(transfer, soft_weight=relative.to(transfer.x.dtype))
        size = max(1, int(rows.buffer_rows))
        return StreamedRows(file, transfer, means["soft"], means["hard"], size)

    def _transfer(self, objective, module, scale):
        """Transfer rows, which are in memory, and their weights in the unit of the rows."""
        n, knowledge = self.knowledge.n_labelled, self.knowledge
        if knowledge.soft is None or len(self.x) == n:
            return None, np.empty(0)
        weight = knowledge.soft_weight[n:]
        if knowledge.transfer_weight is not None:  # which balanced them with the sample
            weight = weight * knowledge.transfer_weight * scale.total / weight.sum()
        alone = Knowledge(knowledge.soft[n:], None, np.ones(len(weight)), weight[:0])
        return self._learner.tensors(self.x[n:], alone, objective, module), weight


def _unweighted(knowledge):
    ones = np.ones(len(knowledge.soft_weight))
    alike = {"soft_weight": ones, "hard_weight": ones[: knowledge.n_labelled]}
    return replace(knowledge, **alike)


class _Scale:
    """Sums of weights, and whether they are all alike."""

    def __init__(self):
        self.sums, self.ends, self.n = {}, {}, 0

    def add(self, weights, n):
        for name, weight in weights.items():
            self.sums[name] = self.sums.get(name, 0.0) + weight.sum()
            low, high = self.ends.get(name, (np.inf, -np.inf))
            self.ends[name] = min(low, weight.min()), max(high, weight.max())
        self.n += n

    @property
    def total(self):
        """Sum of the soft weights."""
        return self.sums["soft"]

    def means(self, transfer):
        """Mean of the weights of each part; None where they are all alike."""
        found = dict.fromkeys(("soft", "hard"))
        for name, total in self.sums.items():
            more = transfer if name == "soft" else transfer[:0]
            low, high = self.ends[name]
            mean = (total + more.sum()) / (self.n + len(more))
            ends = np.array([low, high, *_ends(more)]) / mean
            is_alike = np.allclose(ends, 1.0, rtol=0, atol=1e-12)
            found[name] = None if is_alike else mean
        return found


def _ends(values):
    return [values.min(), values.max()] if len(values) else []
