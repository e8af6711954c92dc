"""Many small nets trained as one program: their trainings differ in numbers alone.

Weights of all nets are stacked, so that one call computes a layer of all of them; each
has its own temperature, alpha, learning rate, weight decay and shuffling. What comes out
is what each would have become by itself, but for rounding.
"""

import time
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from . import losses
from .batches import Batches
from .fingerprint import fingerprint
from .modules.mlp import MLP
from .training import CYCLED, OPTIMIZERS, DistillationNet, scheduled

_MOST_CELLS = 1 << 25  # numbers in stacked rows that may differ from net to net


@dataclass(frozen=True)
class Request:
    """A training that waits for others.

    Attributes
    ----------
    module : torch.nn.Module
        Initialised; changed.
    rows : Rows
        To learn from.
    objective : Objective
        The loss.
    options : dict
        The other arguments of ``training.train``.
    """

    module: Any
    rows: Any
    objective: Any
    options: dict

    @classmethod
    def of(cls, module, rows, valid, objective, options):
        """A request, if this training can be joined to others.

        Parameters
        ----------
        module : torch.nn.Module
            Initialised.
        rows, valid : Rows or None
            To learn from, and to watch.
        objective : Objective
            The loss.
        options : dict
            The other arguments of ``training.train``.

        Returns
        -------
        Request or None
            None for modules, losses and options that one program does not know.
        """
        plain = (
            valid is None
            and options["patience"] is None
            and not options["callbacks"]
            and not options["compile"]
            and not options["verbose"]
            and options["ema_decay"] is None
            and options["optimizer_state"] is None
            and options["refresh"] is None
            and options["optimizer"] in tuple(OPTIMIZERS)
        )
        if not plain or type(module) is not MLP or module.dropout is not None:
            return None
        if module.embedding is not None and list(module.embedding.parameters()):
            return None
        return cls(module, rows, objective, options) if _known(objective) else None

    def kind(self):
        """What requests must have in common to be joined.

        Returns
        -------
        tuple
            Hashable.
        """
        rows, names = (
            self.rows,
            ("max_epochs", "batch_size", "lr_schedule", "optimizer"),
        )
        state = self.module.state_dict()
        view = [t.cpu().numpy().tobytes() for t in self.module.buffers()]
        return (
            *view,
            *(self.options[name] for name in names),
            str(self.options["device"]),
            tuple((name, tuple(t.shape), t.dtype) for name, t in state.items()),
            type(self.module.activation),
            type(self.module.embedding),
            self.module.clip,
            tuple(rows.x.shape),
            rows.n_labelled,
            *(
                _shape(t)
                for t in (rows.soft, rows.soft_weight, rows.hard, rows.hard_weight)
            ),
            _soft_name(self.objective),
        )


def _shape(tensor):
    return None if tensor is None else (tuple(tensor.shape), tensor.dtype)


def _soft_name(objective):
    compare = objective.soft.compare
    known = {losses.kl_of_probabilities: "kl", losses.mse: "mse"}
    return known.get(compare) if not isinstance(compare, partial) else None


def _known(objective):
    """Whether the losses are those of one target that are known here."""
    if objective.share is not None:
        return False
    hard = objective.hard.compare
    name = _soft_name(objective)
    if name == "kl":
        return isinstance(hard, partial) and hard.func is losses.cross_entropy
    return name == "mse" and hard is losses.mse


def train_all(requests, alone):
    """Train what can be joined together, and the others alone.

    Parameters
    ----------
    requests : list of Request
        In any order.
    alone : callable
        ``alone(request)`` -> a trained net.

    Returns
    -------
    list of DistillationNet or Exception
        One for each request.
    """
    groups, answers = {}, [None] * len(requests)
    for i, request in enumerate(requests):
        groups.setdefault(request.kind(), []).append(i)
    for group in groups.values():
        for part in _parts(requests, group):
            found = _trained([requests[i] for i in part], alone)
            for i, answer in zip(part, found, strict=True):
                answers[i] = answer
    return answers


def _trained(requests, alone):
    """What became of each; an error is an answer too."""
    try:
        if len(requests) == 1:
            return [alone(requests[0])]
        return _Joint(requests).trained()
    except Exception as error:
        return [error] * len(requests)


def _parts(requests, group):
    """All, if memory bears their rows stacked; else those that share rows and order."""
    cells = requests[group[0]].rows.x.numel()
    if len(group) * cells <= _MOST_CELLS:
        return [group]
    alike = {}
    for i in group:
        generator = requests[i].options["generator"].get_state()
        x = requests[i].rows.x.detach().cpu()
        key = (fingerprint(generator), fingerprint(x))
        alike.setdefault(key, []).append(i)
    return list(alike.values())


class _Joint:
    """Trainings of one kind, stacked."""

    def __init__(self, requests):
        first = requests[0]
        self.requests, self.options = requests, first.options
        self.device = first.options["device"]
        self.is_classifier = _soft_name(first.objective) == "kl"
        self.batches = [
            Batches(
                request.rows.to(self.device),
                request.options["batch_size"],
                request.options["generator"],
            )
            for request in requests
        ]
        self._stack_rows()
        self._stack_modules()
        self._stack_numbers()

    def _stack_rows(self):
        rows = [batches.rows for batches in self.batches]
        states = [batches.generator.get_state() for batches in self.batches]
        self.is_one_order = all(torch.equal(state, states[0]) for state in states)
        names = ("x", "soft", "soft_weight", "hard", "hard_weight")
        self.rows = [_stacked([getattr(each, name) for each in rows]) for name in names]
        self.net = torch.arange(len(rows), device=self.device)[:, None]

    def _stack_modules(self):
        self.modules = [request.module.to(self.device) for request in self.requests]
        base = self.modules[0]
        self.weights = [
            torch.stack([getattr(m.layers[i], name).data for m in self.modules])
            for i in range(len(base.layers))
            for name in ("weight", "bias")
        ]
        for weight in self.weights:
            weight.requires_grad_()

    def _optimizer(self, n_steps):
        """torch's own, whose parameters are the parts of the stacked ones."""
        named = self.options["optimizer"]
        groups = {}
        for i, request in enumerate(self.requests):
            numbers = request.options["lr"], request.options["weight_decay"]
            groups.setdefault(numbers, []).append(i)
        self.parts = [[nn.Parameter(part) for part in w.detach()] for w in self.weights]
        optimizer = OPTIMIZERS[named](
            [
                {
                    "params": [parts[i] for parts in self.parts for i in members],
                    "lr": lr,
                    "weight_decay": weight_decay,
                }
                for (lr, weight_decay), members in groups.items()
            ],
            fused=self.device.type in {"cpu", "cuda"},
        )
        rates = [lr for lr, _ in groups]
        schedule = self.options["lr_schedule"]
        return optimizer, scheduled(
            optimizer, schedule, rates, n_steps, named in CYCLED
        )

    def _stack_numbers(self):
        def column(values):
            return self.weights[0].new_tensor(list(values))

        objectives = [request.objective for request in self.requests]
        self.temperature = column(each.temperature for each in objectives)
        self.alpha = column(each.alpha for each in objectives)
        if self.is_classifier:
            hard = [each.hard.compare.keywords for each in objectives]
            self.smoothing = column(each.get("label_smoothing", 0.0) for each in hard)

    def trained(self):
        """For each request its net, or the error of a training that diverged.

        Returns
        -------
        list of DistillationNet or ValueError
            In the order of the requests.
        """
        n_epochs, n = self.options["max_epochs"], len(self.requests)
        optimizer, schedule = self._optimizer(n_epochs * len(self.batches[0]))
        histories = [[] for _ in range(n)]
        for epoch in range(1, n_epochs + 1):
            start = time.perf_counter()
            losses, sizes = [], []
            for x, targets in self._epoch():
                loss = self._loss(self._outputs(x), targets)
                gradients = torch.autograd.grad(loss.sum(), self.weights)
                for parts, gradient in zip(self.parts, gradients, strict=True):
                    # Fused steps read gradients in the order of the parameters' memory.
                    for part, slope in zip(parts, gradient.contiguous(), strict=True):
                        part.grad = slope
                optimizer.step()
                if schedule is not None:
                    schedule.step()
                losses.append(loss.detach())
                sizes.append(x.shape[-2])
            means = np.average(
                torch.stack(losses).cpu(), axis=0, weights=sizes
            ).tolist()
            seconds = (time.perf_counter() - start) / n
            for history, mean in zip(histories, means, strict=True):
                history.append({"epoch": epoch, "train_loss": mean, "dur": seconds})
            if not np.isfinite(means).any():
                break
        return [self._net(i, history) for i, history in enumerate(histories)]

    def _epoch(self):
        """What the nets see of each step, and what they are to answer."""
        if self.is_one_order:
            for index, n_labelled in self.batches[0].indices():
                yield self._picked(index, n_labelled)
            return
        for parts in zip(*(each.indices() for each in self.batches), strict=True):
            index = torch.stack([index for index, _ in parts])
            yield self._picked(index, parts[0][1])

    def _picked(self, index, n_labelled):
        x, *targets = self.rows
        labelled = index[..., :n_labelled]
        hows = (index, index, labelled, labelled)
        picked = [
            self._pick(tensor, how) for tensor, how in zip(targets, hows, strict=True)
        ]
        x = self._pick(x, index)
        return x[0] if len(x) == 1 else x, picked

    def _pick(self, tensor, index):
        """Rows (n_nets or 1, n, ...) of stacked ones."""
        if tensor is None:
            return None
        if index.dim() == 1:
            return tensor.index_select(1, index)
        return tensor[0][index] if len(tensor) == 1 else tensor[self.net, index]

    def _outputs(self, x):
        """Of all nets (n_nets, n, n_outputs)."""
        base = self.modules[0]
        x = base.seen(x.flatten(0, -2)).unflatten(0, x.shape[:-1])
        layers = list(zip(self.weights[::2], self.weights[1::2], strict=True))
        for i, (weight, bias) in enumerate(layers):
            if x.dim() == 2:  # one product for all nets
                flat = F.linear(x, weight.flatten(0, 1), bias.flatten())
                x = flat.unflatten(1, weight.shape[:2]).transpose(0, 1)
            else:
                x = torch.baddbmm(bias[:, None], x, weight.transpose(1, 2))
            if i < len(layers) - 1:
                x = base.activation(x)
        return x

    def _loss(self, output, targets):
        """Of each net (n_nets,)."""
        soft, soft_weight, hard, hard_weight = targets
        if soft is not None:
            soft_part = _mean(self._soft_rows(output, soft), soft_weight)
        if hard is not None:
            rows = self._hard_rows(output[:, : hard.shape[1]], hard)
            hard_part = _mean(rows, hard_weight)
        if soft is None or hard is None:
            return hard_part if soft is None else soft_part
        return self.alpha * soft_part + (1 - self.alpha) * hard_part

    def _soft_rows(self, output, soft):
        if not self.is_classifier:
            return (output - soft).square().mean(dim=2)
        log_q = F.log_softmax(output / self.temperature[:, None, None], dim=2)
        divergence = (torch.xlogy(soft, soft) - soft * log_q).sum(dim=2)
        return divergence * self.temperature[:, None].square()

    def _hard_rows(self, output, hard):
        if not self.is_classifier:
            return (output - hard).square().mean(dim=2)
        log_q = F.log_softmax(output, dim=2)
        codes = hard.reshape(len(hard), -1, 1).expand(len(output), -1, 1)
        own, smoothing = log_q.gather(2, codes).squeeze(2), self.smoothing[:, None]
        return -(1 - smoothing) * own - smoothing * log_q.mean(dim=2)

    def _net(self, i, history):
        """One of them, as its own training would have left it."""
        request = self.requests[i]
        net = DistillationNet(
            request.module,
            criterion=request.objective,
            optimizer=OPTIMIZERS[request.options["optimizer"]],
            lr=request.options["lr"],
            max_epochs=request.options["max_epochs"],
            device=str(self.device),
            callbacks=None,
            verbose=0,
        ).initialize()
        least = np.inf
        for epoch in history:
            loss = epoch["train_loss"]
            net.history.new_epoch()
            for key, value in {**epoch, "train_loss_best": loss < least}.items():
                net.history.record(key, value)
            if not np.isfinite(loss):
                return ValueError(net._diverged(loss, "train"))
            least = min(least, loss)
        tensors = iter(self.weights)
        with torch.no_grad():
            for layer in net.module_.layers:
                layer.weight.copy_(next(tensors)[i])
                layer.bias.copy_(next(tensors)[i])
        net._listeners = []
        net.release([])
        return net


def _stacked(tensors):
    """One for each net (n_nets, ...), or a single one (1, ...) where all are alike."""
    first = tensors[0]
    if first is None:
        return None
    if all(torch.equal(each, first) for each in tensors[1:]):
        return first[None]
    return torch.stack(tensors)


def _mean(rows, weight):
    return (rows if weight is None else rows * weight).mean(dim=1)
