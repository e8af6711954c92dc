"""From the losses to the objective of training: their names, their parts, their mix."""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn

from .. import losses

# What a loss may take beside outputs and targets, by a parameter of that name.
_ASKABLE = {
    "classifier": ("labels", "weight"),
    "regressor": ("quantiles", "weight"),
}


@dataclass(frozen=True)
class Loss:
    """A loss as the training loop uses it: targets prepared once, then compared.

    Attributes
    ----------
    task : {"classifier", "regressor"}
        Which students it is for.
    compare : callable
        ``compare(output, prepared, temperature)`` -> Tensor of shape (n,). It may have
        more parameters, by name: ``weight``, the relative weights (n,) of the batch's
        rows or None if all are alike; for classifiers ``labels``, the codes (n,) of the
        rows' labels, int64, the teacher's likeliest class where a row has none; for
        regressors ``quantiles``, the levels.
    prepare : callable or None
        ``prepare(target, temperature)`` -> Tensor; once for all epochs.
    tempered : bool
        Whether the temperature has an effect.
    scale_free : bool
        Whether the student's logits may have any scale; without labels in the loss, it
        is then fitted to the teacher after training.
    min_classes : int
        The loss learns nothing of fewer classes.
    asks : frozenset of str or None
        Which of these parameters ``compare`` has; None to look.
    """

    task: str
    compare: Callable[..., Tensor]
    prepare: Callable[[Tensor, float], Tensor] | None = None
    tempered: bool = False
    scale_free: bool = False
    min_classes: int = 1
    asks: frozenset | None = None

    def __post_init__(self):
        if self.asks is None:
            asks = _asks(self.compare, _ASKABLE[self.task])
            object.__setattr__(self, "asks", asks)

    def prepared(self, target, temperature):
        """Targets in the form that ``compare`` takes.

        Parameters
        ----------
        target : Tensor of shape (n, n_outputs)
            The teacher's outputs.
        temperature : float
            Softens them, where the loss has a temperature.

        Returns
        -------
        Tensor of shape (n, n_outputs)
            The prepared targets.
        """
        return target if self.prepare is None else self.prepare(target, temperature)

    def row_losses(self, output, prepared, temperature, **more):
        """The result of ``compare``, with the options that it takes.

        Parameters
        ----------
        output : Tensor of shape (n, n_outputs)
            The student's.
        prepared : Tensor of shape (n, n_outputs)
            From ``prepared``.
        temperature : float
            As for ``prepared``.
        **more : dict
            Options that it may take: ``labels``, ``weight``.

        Returns
        -------
        Tensor of shape (n,)
            The loss of each row.
        """
        options = {name: more[name] for name in self.asks}
        return self.compare(output, prepared, temperature, **options)

    def given(self, **more):
        """The same loss with some options, if it takes them, fixed.

        Parameters
        ----------
        **more : dict
            Such as ``quantiles``.

        Returns
        -------
        Loss
            A loss that does not take them any more.
        """
        fixed = {name: more[name] for name in self.asks & set(more)}
        compare = partial(self.compare, **fixed) if fixed else self.compare
        return replace(self, compare=compare, asks=self.asks - set(fixed))


def _asks(function, askable):
    try:
        parameters = inspect.signature(function).parameters
    except ValueError:  # a builtin without a signature
        return frozenset()
    return frozenset(askable).intersection(parameters)


def over_targets(soft, hard, widths):
    """The losses for several targets, each the sum over the targets.

    Of independent targets, that is the loss of their joint distribution.

    Parameters
    ----------
    soft : Loss
        For one target.
    hard : Loss
        For the labels of one target.
    widths : list of int
        Number of classes of each; their outputs stand side by side.

    Returns
    -------
    soft : Loss
        For all targets; the one given if there is one only.
    hard : Loss
        The same for labels (n, n_targets).
    """
    if len(widths) == 1:
        return soft, hard
    return _summed(soft, widths, widths), _summed(hard, widths, 1)


def _summed(loss, widths, target_widths):
    def compare(output, prepared, temperature, labels=None, **more):
        by_target = [{}] * len(widths)
        if labels is not None:
            by_target = [{"labels": codes} for codes in labels.T]
        triples = zip(
            output.split(widths, dim=1),
            prepared.split(target_widths, dim=1),
            by_target,
            strict=True,
        )
        return sum(
            loss.compare(part, to, temperature, **codes, **more)
            for part, to, codes in triples
        )

    def prepare(target, temperature):
        parts = target.split(target_widths, dim=1)
        return torch.cat([loss.prepared(part, temperature) for part in parts], dim=1)

    return replace(loss, compare=compare, prepare=prepare)


def sorted_first(*given):
    """The losses of quantiles, whose outputs are sorted so that none cross.

    Parameters
    ----------
    *given : Loss
        Each compares quantiles with the teacher's, or with values.

    Returns
    -------
    list of Loss
        The same of the sorted outputs.

    References
    ----------
    Chernozhukov, Fernandez-Val, Galichon: Quantile and Probability Curves Without
    Crossing, 2010.
    """

    def after_sorting(compare):
        return lambda output, *more, **named: compare(
            output.sort(dim=1).values, *more, **named
        )

    return [replace(loss, compare=after_sorting(loss.compare)) for loss in given]


class Share:
    """A weight that may go from one value to another in the last half of the training.

    Parameters
    ----------
    first, last : float
        In [0, 1].
    """

    def __init__(self, first, last):
        self.first, self.last, self.now = first, last, first

    def training_progress(self, done):
        """Go on.

        Parameters
        ----------
        done : float
            Share of the training that is done, in [0, 1].
        """
        # Nothing moves in the first half: a share of the leaves from the start costs the
        # mixture more (benchmarks.soft_tree).
        late = min(max(2 * done - 1, 0.0), 1.0)
        self.now = self.first + (self.last - self.first) * late


def of_leaves(soft, hard, share, widths, label_smoothing=0.0):
    """The losses of a soft tree, in part those of its leaves by themselves.

    The part is the sum over the leaves of the probability of the path to a leaf times
    the loss of the leaf [1]_. In evaluation, the losses are those of the mixture.

    Parameters
    ----------
    soft, hard : Loss
        Losses of the mixture: "kl" and the cross entropy, or squared errors.
    share : Share
        Share of the leaves by themselves.
    widths : list of int or None
        Number of classes of each target; None for values.
    label_smoothing : float, default=0.0
        Smoothing of the labels.

    Returns
    -------
    soft, hard : Loss
        Losses of outputs as ``SoftTree`` has them in training mode.

    References
    ----------
    .. [1] Frosst, Hinton: Distilling a Neural Network Into a Soft Decision Tree, 2017.
    """

    def _labels(prepared, like):
        """Smoothed labels side by side, as soft targets are."""
        parts = []
        for codes, width in zip(prepared.reshape(len(like), -1).T, widths, strict=True):
            part = like.new_full((len(like), width), label_smoothing / width)
            part[torch.arange(len(like)), codes] += 1 - label_smoothing
            parts.append(part)
        return torch.cat(parts, dim=1)

    def _alone(first, second, prepared, temperature, is_hard):
        if widths is None:
            target = prepared.reshape(second.shape)
            # The mean over paths of (leaf - y)^2, from the means of leaf^2 and of leaf.
            return (first - 2 * target * second + target.square()).mean(dim=1)
        # Labels are learnt at temperature 1, the teacher's answers at that of the loss.
        logs, target = (
            (second, _labels(prepared, second)) if is_hard else (first, prepared)
        )
        entropy = torch.xlogy(target, target) if not is_hard else 0.0
        return (entropy - target * logs).sum(dim=1) * temperature**2

    def _blended(loss, is_hard):
        def _compare(output, prepared, temperature, **more):
            n = output.shape[1] // 3
            # In evaluation the output is the mixture alone, a third as wide.
            if sum(widths or [prepared.reshape(len(output), -1).shape[1]]) != n:
                return loss.compare(output, prepared, temperature, **more)
            mixture, first, second = output.split(n, dim=1)
            whole = loss.compare(mixture, prepared, temperature, **more)
            parts = _alone(first, second, prepared, temperature, is_hard)
            return (1 - share.now) * whole + share.now * parts

        return replace(loss, compare=_compare)

    return _blended(soft, False), _blended(hard, True)


def _classes(compare, **flags):
    return Loss("classifier", compare, tempered=True, **flags)


#: The losses that students know by name. Extend it to add one.
REGISTRY = {
    "kl": _classes(losses.kl_of_probabilities, prepare=losses.softened),
    "reverse_kl": _classes(losses.reverse_kl),
    "js": _classes(losses.js),
    "mse_logits": Loss("classifier", losses.mse_logits),
    "dkd": _classes(losses.dkd),
    "dist": _classes(losses.dist, scale_free=True),
    "logit_standard": _classes(losses.logit_standard, scale_free=True, min_classes=3),
    "mse": Loss("regressor", losses.mse),
    "huber": Loss("regressor", losses.huber),
    "quantile": Loss("regressor", losses.quantile),
}


def get_loss(loss, task):
    """The loss that a student's ``loss`` parameter names.

    Parameters
    ----------
    loss : str or callable
        A name in ``REGISTRY``, or ``loss(output, target, temperature)`` -> (n,), which
        may have more parameters as in ``Loss``. A ``functools.partial`` of a function
        in ``REGISTRY`` is treated as that one.
    task : {"classifier", "regressor"}
        What the student is.

    Returns
    -------
    Loss
        Ready for training.

    Raises
    ------
    ValueError
        If there is no loss of that name for that kind of student, or it cannot be
        called so.

    Examples
    --------
    >>> from functools import partial
    >>> from skdistill.losses import dkd
    >>> from skdistill.training.objective import get_loss
    >>> get_loss("kl", "classifier").tempered
    True
    >>> sorted(get_loss(partial(dkd, beta=2.0), "classifier").asks)
    ['labels']
    """
    if callable(loss):
        asks = _asks(loss, _ASKABLE[task])
        _check_signature(loss, asks)
        like = _unwrapped(loss, Loss(task, loss, tempered=True, asks=asks))
        return replace(like, task=task, compare=loss, prepare=None, asks=asks)
    known = sorted(name for name, entry in REGISTRY.items() if entry.task == task)
    if loss not in known:
        raise ValueError(f"loss={loss!r} is not one of {known} and is not callable.")
    return REGISTRY[loss]


def _unwrapped(loss, default):
    """The entry of the function inside of partials, whose properties it shares."""
    while isinstance(loss, partial):
        loss = loss.func
    entries = (entry for entry in REGISTRY.values() if entry.compare is loss)
    return next(entries, default)


def _check_signature(loss, asks):
    more = "".join(f", {name}" for name in sorted(asks))
    try:
        named = dict.fromkeys(asks, "given")
        inspect.signature(loss).bind("output", "target", "temperature", **named)
    except TypeError as error:
        raise ValueError(
            f"loss={loss!r} is called as loss(output, target, temperature{more}): "
            f"{error}."
        ) from error
    except ValueError:  # a builtin without a signature
        return


class Objective(nn.Module):
    """The loss of a batch: the soft and the hard part, weighted and mixed.

    ``alpha`` times the weighted mean of the soft loss over all rows, plus ``1 - alpha``
    times the weighted mean of the hard loss over the labelled rows; where only one part
    is there, that part alone. Weights are normalised over the data set beforehand.

    Parameters
    ----------
    soft : Loss
        Compares with the teacher.
    hard : Loss
        Compares with the labels, at temperature 1.
    alpha : float
        In [0, 1].
    temperature : float
        Softens both sides of the soft part.
    share : Share, default=None
        What in the losses changes in the course of the training.
    """

    def __init__(self, soft, hard, alpha=1.0, temperature=1.0, share=None):
        super().__init__()
        self.share = share
        self.soft = soft
        self.hard = hard
        self.alpha = alpha
        self.temperature = temperature

    def forward(self, output, target):
        """Loss of one batch.

        Parameters
        ----------
        output : Tensor of shape (n, n_outputs) or (n, n_members, n_outputs)
            The student's outputs, labelled rows first; of members, the mean of their
            losses is returned.
        target : tuple
            Soft targets (n, n_outputs), their weights (n,), hard labels of the first
            rows, their weights, and codes of the classes of all rows for a soft loss
            that asks for them; each None where absent.

        Returns
        -------
        Tensor
            A scalar.
        """
        if output.dim() == 3:  # members, each trained by itself
            return torch.stack([self(one, target) for one in output.unbind(1)]).mean()
        soft, soft_weight, hard, hard_weight, _ = target
        if soft is not None:
            row_losses = self.soft_row_losses(output, target)
            _check_row_losses(row_losses, output)
            soft_part = _weighted_mean(row_losses, soft_weight)
        if hard is not None:
            row_losses = self.hard.row_losses(
                output[: len(hard)], hard, 1.0, weight=hard_weight
            )
            hard_part = _weighted_mean(row_losses, hard_weight)
        if soft is None:
            return hard_part
        if hard is None:
            return soft_part
        return self.alpha * soft_part + (1 - self.alpha) * hard_part

    def soft_row_losses(self, output, target):
        """The soft loss of each row.

        Parameters
        ----------
        output : Tensor of shape (n, n_outputs) or (n, n_members, n_outputs)
            The student's outputs; of members, the mean of their losses is returned.
        target : tuple
            As for ``forward``.

        Returns
        -------
        Tensor of shape (n,)
            Not weighted.
        """
        if output.dim() == 3:
            each = [self.soft_row_losses(one, target) for one in output.unbind(1)]
            return torch.stack(each).mean(dim=0)
        soft, weight, _, _, labels = target
        more = {"weight": weight, "labels": labels}
        return self.soft.row_losses(output, soft, self.temperature, **more)


def _check_row_losses(row_losses, output):
    if not torch.is_tensor(row_losses) or (
        torch.is_grad_enabled() and not row_losses.requires_grad
    ):
        raise ValueError(
            "loss must return a tensor that is computed from `output` by torch's "
            f"operations, so that it has a gradient; it returned {row_losses!r}."
        )
    if row_losses.shape != output.shape[:1]:
        raise ValueError(
            f"loss must return one number for each of the {len(output)} rows, "
            f"and returned shape {tuple(row_losses.shape)}."
        )


def _weighted_mean(row_losses, weight):
    return row_losses.mean() if weight is None else (row_losses * weight).mean()
