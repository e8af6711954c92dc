"""The rows that a torch student is trained on, where memory holds a sample of them."""

from dataclasses import replace

import numpy as np
import torch

from ..disk.naming import naming
from ..disk.records import RecordFile
from ..lesson.knowledge import Knowledge
from ..training.streamed import StreamedRows, record_type, records_of
from .renewed_rows import RenewedRows


class RowsOnDisk(RenewedRows):
    """A sample in memory, which says how a module begins, and all rows to train it on.

    The rows as the student sees them are written to a temporary file once, with what they
    teach: epochs neither read columns again nor ask the teacher about them. Drawn rows
    are made from the sample, and stay in memory until others take their place.

    Parameters
    ----------
    learner : TorchLearner
        Makes tensors of them.
    renewal : Renewal or None
        Where fresh rows come from.
    stream : Stream
        All rows.
    x : ndarray of shape (n + m, n_inputs)
        The view of the sample, and of transfer rows.
    knowledge : Knowledge
        What these teach.
    """

    def __init__(self, learner, renewal, stream, x, knowledge):
        super().__init__(learner, renewal, x, knowledge)
        self._stream, self._written = stream, None

    def tensors(self, objective, module):
        """All rows, in a file, and drawn ones.

        Parameters
        ----------
        objective : Objective
            The loss that they are for.
        module : torch.nn.Module
            What is trained.

        Returns
        -------
        StreamedRows
            With the same file at each call: the loss and the module's dtype do not change.
        """
        if self._written is None:
            self._written = self._write(objective, module)
        labelled, unlabelled = self._written
        size = int(self._stream.survey.rows.rows.buffer_rows)
        if unlabelled.n:
            return self._joined(labelled, unlabelled, size)
        return self._beside_memory(labelled, objective, module, size)

    def _write(self, objective, module):
        labelled, unlabelled = (
            _Written(self._stream.survey.rows.rows.scratch, n)
            for n in (self._stream.n_labelled, self._stream.n_unlabelled)
        )
        for read, knowledge, label in self._stream.lessons():
            used = knowledge.used(self._learner.params.alpha)
            if not used.n_labelled and used.soft is None:
                continue  # without a teacher that counts, they say nothing
            # Ones: weights are relative to the mean of all rows, not yet known.
            with naming(label):
                x, alike = self._learner.see(read), _unweighted(used)
            part = self._learner.tensors(x, alike, objective, module)
            (labelled if used.n_labelled else unlabelled).add(part, used)
        return labelled, unlabelled

    def _joined(self, labelled, unlabelled, size):
        """Labelled and unlabelled rows, both in files."""
        factor = self._factor(labelled, unlabelled.totals["soft"])
        how = self._learner.length_of
        (low, high), total = unlabelled.ends["soft"], unlabelled.totals["soft"]
        ends, total = [low * factor, high * factor], total * factor
        soft, hard = labelled.means(ends, total, unlabelled.n)
        more_mean = None if soft is None else soft / factor
        more = StreamedRows(unlabelled.file, None, more_mean, None, size, how)
        return StreamedRows(labelled.file, more, soft, hard, size, how)

    def _beside_memory(self, labelled, objective, module, size):
        """Labelled rows in a file, and transfer rows, if there are some, in memory."""
        n, knowledge = self.knowledge.n_labelled, self.knowledge
        how = self._learner.length_of
        if knowledge.soft is None or len(self.x) == n:
            return StreamedRows(labelled.file, None, *labelled.means(), size, how)
        weight = knowledge.soft_weight[n:]
        # Where it was set, it balanced them with the sample.
        weight = weight * self._factor(labelled, weight.sum())
        ends = [weight.min(), weight.max()]
        soft, hard = labelled.means(ends, weight.sum(), len(weight))
        alone = Knowledge(knowledge.soft[n:], None, np.ones(len(weight)), weight[:0])
        transfer = self._learner.tensors(self.x[n:], alone, objective, module)
        if soft is not None:
            relative = torch.from_numpy(weight / soft).to(transfer.soft.dtype)
            transfer = replace(transfer, soft_weight=relative)
        return StreamedRows(labelled.file, transfer, soft, hard, size, how)

    def _factor(self, labelled, total):
        """What weights of transfer rows are multiplied by, for the ratio that was set."""
        ratio = self.knowledge.transfer_weight
        return 1.0 if ratio is None else ratio * labelled.totals["soft"] / total


def _unweighted(knowledge):
    ones = np.ones(len(knowledge.soft_weight))
    alike = {"soft_weight": ones, "hard_weight": ones[: knowledge.n_labelled]}
    return replace(knowledge, **alike)


class _Written:
    """Records in a file, and sums and ends of their weights."""

    def __init__(self, folder, n_expected):
        self.file, self.n_expected = RecordFile(folder), n_expected
        self.totals, self.ends, self.n = {}, {}, 0

    def add(self, part, used):
        if self.file.dtype is None:
            self.file.reserve(record_type(part), self.n_expected)
        weights = {"soft": used.soft_weight, "hard": used.hard_weight}
        weights = {k: w for k, w in weights.items() if getattr(used, k) is not None}
        self.file.append(records_of(part, weights, self.file.dtype))
        self.n += len(part)
        for name, weight in weights.items():
            self.totals[name] = self.totals.get(name, 0.0) + weight.sum()
            low, high = self.ends.get(name, (np.inf, -np.inf))
            self.ends[name] = min(low, weight.min()), max(high, weight.max())

    def means(self, ends=(), total=0.0, n=0):
        """Mean soft and hard weights, with other rows' soft ones; None: all are alike."""
        return self._mean("soft", ends, total, n), self._mean("hard")

    def _mean(self, name, ends=(), total=0.0, n=0):
        if name not in self.totals:
            return None
        mean = (self.totals[name] + total) / (self.n + n)
        relative = np.array([*self.ends[name], *ends]) / mean
        return None if np.allclose(relative, 1.0, rtol=0, atol=1e-12) else mean
