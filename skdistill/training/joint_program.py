"""Many students trained as one program: their trainings differ in numbers alone.

Weights of all modules are stacked (``training.stacked``), so that one call computes a layer
of all of them; each has its own loss, learning rate, weight decay, shuffling and early
stopping. What comes out is what each would have become by itself, but for rounding.
"""

import time
from functools import partial

import numpy as np
import torch
from torch import nn

from .batches import Batches, InOrder
from .callbacks import BestWeights
from .joint_keeper import JointKeeper, KeepsNothing
from .joint_losses import JointLosses
from .net import DistillationNet
from .optimizers import CYCLED, OPTIMIZERS, scheduled
from .stacked import stacked

#: What rows teach, by the names of its tensors.
TENSORS = ("soft", "soft_weight", "hard", "hard_weight", "labels")


class _Rows:
    """Rows of several trainings; where they are alike, those of one."""

    def __init__(self, rows):
        self.x, *self.targets = (
            _stacked([getattr(each, name) for each in rows]) for name in ("x", *TENSORS)
        )
        self._net = torch.arange(len(rows), device=self.x.device)[:, None]

    def take(self, index, n_labelled):
        """Return rows of a batch, and their targets: (n_nets or 1, n, ...)."""
        labelled = index[..., :n_labelled]
        hows = (index, index, labelled, labelled, index)
        pairs = zip(self.targets, hows, strict=True)
        x = self._pick(self.x, index)
        return x[0] if len(x) == 1 else x, [self._pick(t, how) for t, how in pairs]

    def _pick(self, tensor, index):
        if tensor is None:
            return None
        if index.dim() == 1:
            return tensor.index_select(1, index)
        return tensor[0][index] if len(tensor) == 1 else tensor[self._net, index]


def _stacked(tensors):
    """One for each net (n_nets, ...), or a single one (1, ...) where all are alike."""
    first = tensors[0]
    if first is None:
        return None
    if all(torch.equal(each, first) for each in tensors[1:]):
        return first[None]
    return torch.stack(tensors)


class Joint:
    """Trainings of one kind, stacked.

    Parameters
    ----------
    requests : list of Request
        Of one kind.
    files : Files or None, default=None
        Where they are kept at times.
    """

    def __init__(self, requests, files=None):
        self.files = files
        # Nets of one learning rate and decay lie side by side: one slice, one group of the
        # optimizer, one fused step.
        self.order = sorted(range(len(requests)), key=lambda i: _pace(requests[i]))
        self.requests = [requests[i] for i in self.order]
        self.options = self.requests[0].options
        device = self.options["device"]
        self.batches = [
            Batches(
                each.rows.to(device),
                each.options["batch_size"],
                each.options["generator"],
            )
            for each in self.requests
        ]
        states = [batches.generator.get_state() for batches in self.batches]
        # One seed, one order of rows: then a batch is taken once for all nets.
        self.is_one_order = all(torch.equal(state, states[0]) for state in states)
        self.rows = _Rows([batches.rows for batches in self.batches])
        self.valid = None
        if self.requests[0].valid is not None:
            self.valid_order = InOrder(self.requests[0].valid.to(device))
            self.valid = _Rows([each.valid.to(device) for each in self.requests])
        self.stack = stacked([each.module.to(device) for each in self.requests])
        self.weights = list(self.stack.weights.values())
        self.losses = JointLosses(
            [each.objective for each in self.requests], self.weights[0]
        )
        self.nets = [self._net(each) for each in self.requests]
        self.best = [self._watching(each) for each in self.requests]
        self.errors = [None] * len(self.requests)
        self.is_over = [False] * len(self.requests)

    def _net(self, request):
        """What remembers a training, as if it had been trained by itself."""
        return DistillationNet(
            request.module,
            criterion=request.objective,
            optimizer=OPTIMIZERS[request.options["optimizer"]],
            lr=request.options["lr"],
            max_epochs=request.options["max_epochs"],
            device=str(request.options["device"]),
            callbacks=None,
            verbose=0,
        ).initialize()

    def _watching(self, request):
        monitor = "train_loss" if request.valid is None else "valid_loss"
        best = BestWeights(monitor, request.options["patience"], request.options["tol"])
        best.on_train_begin(None)  # no skorch loop runs that would call it
        return best

    def _optimizer(self, n_steps):
        """torch's optimizer; its parameters are slices of the stacked weights."""
        named, undecayed = self.options["optimizer"], self.stack.modules[0]
        undecayed = set(getattr(undecayed, "undecayed", ()))
        groups, self.parts, start = {}, [], 0
        paces = [_pace(request) for request in self.requests]
        while start < len(paces):
            stop, (lr, decay) = start + paces.count(paces[start]), paces[start]
            for name, weight in self.stack.weights.items():
                part = nn.Parameter(weight.detach()[start:stop])
                self.parts.append((part, name, slice(start, stop)))
                key = lr, 0.0 if name in undecayed else decay
                groups.setdefault(key, []).append(part)
            start = stop
        groups = [
            {"params": parts, "lr": lr, "weight_decay": decay}
            for (lr, decay), parts in groups.items()
        ]
        device = self.options["device"]
        # Fused as for a net alone: another kernel would round otherwise.
        optimizer = OPTIMIZERS[named](groups, fused=device.type in {"cpu", "cuda"})
        rates, schedule = [group["lr"] for group in groups], self.options["lr_schedule"]
        return optimizer, scheduled(
            optimizer, schedule, rates, n_steps, named in CYCLED
        )

    def trained(self):
        """For each request its net, or the error of a training that diverged.

        Returns
        -------
        list of DistillationNet or ValueError
            In the order of the requests.
        """
        n_epochs = self.options["max_epochs"]
        optimizer, schedule = self._optimizer(n_epochs * len(self.batches[0]))
        keeper = KeepsNothing()
        if self.files is not None:
            keeper = JointKeeper(self.files, self, optimizer, schedule)
        for epoch in range(keeper.n_epochs, n_epochs):
            if not self._going():
                break
            start = time.perf_counter()
            means = {"train": self._pass(optimizer, schedule, epoch)}
            if self.valid is not None:
                means["valid"] = self._watch()
            self._record(epoch + 1, means, time.perf_counter() - start)
            keeper.epoch_ended(epoch + 1)
        keeper.finish()
        outcomes = [None] * len(self.nets)
        for i, (place, net) in enumerate(zip(self.order, self.nets, strict=True)):
            outcomes[place] = self.errors[i] or self._ended(i, net)
        return outcomes

    def _pass(self, optimizer, schedule, epoch):
        """An epoch of steps; the mean loss of each net."""
        self.stack.training = True
        means, sizes, n_steps = [], [], len(self.batches[0])
        for step, (x, targets) in enumerate(self._epoch()):
            done = (epoch * n_steps + step) / (self.options["max_epochs"] * n_steps)
            self.losses.training_progress(done)
            loss, gradients = self._gradients(x, targets)
            for part, name, trees in self.parts:
                part.grad = gradients[name][trees]
            optimizer.step()
            if schedule is not None:
                schedule.step()
            means.append(loss)  # a tensor: reading it would wait for the device
            sizes.append(x.shape[-2])
        return _means(means, sizes)

    def _gradients(self, x, targets):
        """The loss of each net on a batch, and its gradients by the stacked weights."""
        output, state = self.stack.outputs(x)
        weight = targets[3] if targets[0] is None else targets[1]
        loss = self.losses(output, targets) + self.stack.penalty(state, weight)
        # Nets are independent: the gradient of the sum holds that of each loss.
        parts = torch.autograd.grad(loss.sum(), self.weights)
        # Fused steps read gradients in the order of the parameters' memory.
        pairs = zip(self.stack.weights, parts, strict=True)
        return loss.detach(), {name: part.contiguous() for name, part in pairs}

    def _epoch(self):
        """What the nets see of each step, and what they are to answer."""
        if self.is_one_order:
            first, *others = (batches.generator for batches in self.batches)
            for index, n_labelled in self.batches[0].indices():
                yield self.rows.take(index, n_labelled)
            for generator in others:  # they may go on to shuffle for other trainings
                generator.set_state(first.get_state())
            return
        for parts in zip(*(each.indices() for each in self.batches), strict=True):
            index = torch.stack([index for index, _ in parts])
            yield self.rows.take(index, parts[0][1])

    @torch.no_grad()
    def _watch(self):
        """The mean loss of each net on its validation rows."""
        self.stack.training = False
        means, sizes = [], []
        for index, n_labelled in self.valid_order.indices():
            x, targets = self.valid.take(index, n_labelled)
            means.append(self.losses(self.stack.outputs(x)[0], targets))
            sizes.append(len(index))
        return _means(means, sizes)

    def _record(self, epoch, means, seconds):
        """What the epoch came to, for each net that is still trained."""
        going = self._going()
        for i in going:
            history = self.nets[i].history
            history.new_epoch()
            history.record("epoch", epoch)
            try:
                for prefix, by_net in means.items():
                    self.nets[i].record_loss(by_net[i], prefix)
            except ValueError as error:
                self.errors[i] = error
                continue
            # The epoch was one program: each net's share of it.
            history.record("dur", seconds / len(going))
            best = self.best[i]
            if best.patience is not None:
                state = partial(self.stack.state_of, i)  # copied only if it is best
                self.is_over[i] = best.saw(history[-1, best.monitor], epoch, state)
                if self.is_over[i]:
                    # The stack goes on to move its weights with the others: the best
                    # are put back now.
                    self.stack.give_back(i, best.weights_)

    def _going(self):
        """Which nets have neither diverged nor been stopped."""
        pairs = enumerate(zip(self.errors, self.is_over, strict=True))
        return [i for i, (error, is_over) in pairs if error is None and not is_over]

    def _ended(self, i, net):
        """A net, as training it alone would have left it."""
        if not self.is_over[i]:
            self.stack.give_back(i, self.best[i].weights_)
        net._listeners = []  # which `prepare` sets, and `release` deletes
        net.release([])
        return net


def _pace(request):
    return request.options["lr"], request.options["weight_decay"]


def _means(losses_, sizes):
    return np.average(torch.stack(losses_).cpu(), axis=0, weights=sizes).tolist()
