"""Distillation losses: pure functions of tensors.

Each function takes the student's outputs, the teacher's outputs and a temperature, and
returns one number for each row. For classes, outputs are logits, or any
log-probabilities; for regression they are values. ``REGISTRY`` names them; a user's
callable of the same signature takes part on equal terms.
"""

import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F


def kl(output, target, temperature=1.0):
    """T^2 times the divergence of the student from the teacher, both softened.

    The sum over the classes of ``p (log p - log q)`` with p and q the softmax of the
    teacher's and the student's logits over the temperature. The factor T^2 keeps the
    gradient's size alike at every temperature [1]_.

    Parameters
    ----------
    output : Tensor of shape (n, n_classes)
        The student's logits.
    target : Tensor of shape (n, n_classes)
        The teacher's logits or log-probabilities.
    temperature : float, default=1.0
        Softens both.

    Returns
    -------
    Tensor of shape (n,)
        Nats times T^2; 0 where the two agree.

    References
    ----------
    .. [1] Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network, 2015.

    Examples
    --------
    >>> import torch
    >>> from skdistill.losses import kl
    >>> kl(torch.tensor([[0.0, 0.0]]), torch.tensor([[0.0, 0.0]]), temperature=3.0)
    tensor([0.])
    """
    return _kl_to(output, softened(target, temperature), temperature)


def softened(logits, temperature):
    """The softmax of logits over the temperature.

    Parameters
    ----------
    logits : Tensor of shape (n, n_classes)
        Logits or log-probabilities.
    temperature : float
        Above 1 softens.

    Returns
    -------
    Tensor of shape (n, n_classes)
        Rows that sum to 1.
    """
    return torch.softmax(logits / temperature, dim=1)


def _kl_to(output, probabilities, temperature):
    log_q = F.log_softmax(output / temperature if temperature != 1 else output, dim=1)
    divergence = F.kl_div(log_q, probabilities, reduction="none").sum(dim=1)
    return divergence * temperature**2 if temperature != 1 else divergence


def mse_logits(output, target, temperature=1.0):
    """Half the mean over the classes of squared differences of centred logits.

    What ``kl`` tends to as the temperature grows.

    Parameters
    ----------
    output : Tensor of shape (n, n_classes)
        The student's logits.
    target : Tensor of shape (n, n_classes)
        The teacher's logits or log-probabilities.
    temperature : float, default=1.0
        Of no effect; there so that all losses are called alike.

    Returns
    -------
    Tensor of shape (n,)
        Squared nats.

    Examples
    --------
    >>> import torch
    >>> from skdistill.losses import mse_logits
    >>> mse_logits(torch.tensor([[1.0, -1.0]]), torch.tensor([[5.0, 5.0]]))
    tensor([0.5000])
    """
    return _half_mse(_centred(output), _centred(target))


def _centred(logits):
    return logits - logits.mean(dim=1, keepdim=True)


def _half_mse(output, target):
    return 0.5 * (output - target).square().mean(dim=1)


def mse(output, target, temperature=1.0):
    """Mean over the targets of squared errors.

    Parameters
    ----------
    output : Tensor of shape (n, n_outputs)
        The student's values.
    target : Tensor of shape (n, n_outputs)
        The teacher's values, or the true ones.
    temperature : float, default=1.0
        Of no effect.

    Returns
    -------
    Tensor of shape (n,)
        In the square of the targets' unit.

    Examples
    --------
    >>> import torch
    >>> from skdistill.losses import mse
    >>> mse(torch.tensor([[1.0, 3.0]]), torch.tensor([[0.0, 0.0]]))
    tensor([5.])
    """
    return (output - target).square().mean(dim=1)


def huber(output, target, temperature=1.0):
    """Mean over the targets of Huber's loss with threshold 1.

    Half the squared error up to an error of 1, linear beyond. The regressors train on
    targets in units of their standard deviation, so that is the threshold's unit.

    Parameters
    ----------
    output : Tensor of shape (n, n_outputs)
        The student's values.
    target : Tensor of shape (n, n_outputs)
        The teacher's values, or the true ones.
    temperature : float, default=1.0
        Of no effect.

    Returns
    -------
    Tensor of shape (n,)
        At most half of ``mse``.

    References
    ----------
    Huber: Robust Estimation of a Location Parameter, 1964.

    Examples
    --------
    >>> import torch
    >>> from skdistill.losses import huber
    >>> huber(torch.tensor([[0.5], [3.0]]), torch.tensor([[0.0], [0.0]]))
    tensor([0.1250, 2.5000])
    """
    return F.huber_loss(output, target, reduction="none").mean(dim=1)


def cross_entropy(output, codes):
    """Log loss of hard labels.

    Parameters
    ----------
    output : Tensor of shape (n, n_classes)
        Logits.
    codes : Tensor of shape (n,) or (n, 1)
        Positions of the labels, int64.

    Returns
    -------
    Tensor of shape (n,)
        Nats.

    Examples
    --------
    >>> import torch
    >>> from skdistill.losses import cross_entropy
    >>> cross_entropy(torch.zeros(1, 2), torch.tensor([1]))
    tensor([0.6931])
    """
    return F.cross_entropy(output, codes.reshape(-1), reduction="none")


def pinball(output, values, quantiles):
    """Mean over the quantiles of the pinball loss, which each quantile minimises.

    Parameters
    ----------
    output : Tensor of shape (n, n_quantiles)
        Predicted quantiles.
    values : Tensor of shape (n, 1)
        True values.
    quantiles : Tensor of shape (n_quantiles,)
        Their levels, between 0 and 1.

    Returns
    -------
    Tensor of shape (n,)
        In the targets' unit.

    References
    ----------
    Koenker, Bassett: Regression Quantiles, 1978.

    Examples
    --------
    >>> import torch
    >>> from skdistill.losses import pinball
    >>> pinball(torch.tensor([[0.0]]), torch.tensor([[2.0]]), torch.tensor([0.9]))
    tensor([1.8000])
    """
    error = values - output
    quantiles = quantiles.to(error)
    return torch.maximum(quantiles * error, (quantiles - 1) * error).mean(dim=1)


@dataclass(frozen=True)
class Loss:
    """A loss as the training loop uses it: targets prepared once, then compared.

    Attributes
    ----------
    task : {"classifier", "regressor"}
        Which students it is for.
    compare : callable
        ``compare(output, prepared, temperature)`` -> Tensor of shape (n,).
    prepare : callable or None
        ``prepare(target, temperature)`` -> Tensor; once for all epochs.
    tempered : bool
        Whether the temperature has an effect.
    """

    task: str
    compare: Callable[[Tensor, Tensor, float], Tensor]
    prepare: Callable[[Tensor, float], Tensor] | None = None
    tempered: bool = False

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
            Prepared.
        """
        return target if self.prepare is None else self.prepare(target, temperature)


def over_targets(soft, hard, widths):
    """The losses for several targets, each the sum over the targets.

    Of independent targets, that is the loss of their joint distribution.

    Parameters
    ----------
    soft : Loss
        For one target.
    hard : callable
        ``hard(output, codes)`` -> Tensor of shape (n,), for one target.
    widths : list of int
        Number of classes of each; their outputs stand side by side.

    Returns
    -------
    soft : Loss
        For all targets; the one given if there is one only.
    hard : callable
        The same for labels (n, n_targets).
    """
    if len(widths) == 1:
        return soft, hard

    def parts(*tensors):
        return zip(*(tensor.split(widths, dim=1) for tensor in tensors), strict=True)

    def compare(output, prepared, temperature):
        pairs = parts(output, prepared)
        return sum(soft.compare(out, to, temperature) for out, to in pairs)

    def prepare(target, temperature):
        prepared = [soft.prepared(part, temperature) for (part,) in parts(target)]
        return torch.cat(prepared, dim=1)

    def cross(output, codes):
        columns = zip(output.split(widths, dim=1), codes.T, strict=True)
        return sum(hard(part, column) for part, column in columns)

    return replace(soft, compare=compare, prepare=prepare), cross


def sorted_first(soft, hard):
    """The losses of quantiles, whose outputs are sorted so that none cross.

    Parameters
    ----------
    soft : Loss
        Compares with the teacher's quantiles.
    hard : callable
        ``hard(output, values)`` -> Tensor of shape (n,).

    Returns
    -------
    soft : Loss
        Of the sorted outputs.
    hard : callable
        Of the sorted outputs.

    References
    ----------
    Chernozhukov, Fernandez-Val, Galichon: Quantile and Probability Curves Without
    Crossing, 2010.
    """

    def ascending(output):
        return output.sort(dim=1).values

    return (
        replace(soft, compare=lambda out, *more: soft.compare(ascending(out), *more)),
        lambda output, values: hard(ascending(output), values),
    )


def _compare_centred(output, prepared, temperature):
    return _half_mse(_centred(output), prepared)


#: The losses that students know by name. Extend it to add one.
REGISTRY = {
    "kl": Loss("classifier", _kl_to, softened, tempered=True),
    "mse_logits": Loss("classifier", _compare_centred, lambda t, _: _centred(t)),
    "mse": Loss("regressor", mse),
    "huber": Loss("regressor", huber),
}


def get_loss(loss, task):
    """The loss that a student's ``loss`` parameter names.

    Parameters
    ----------
    loss : str or callable
        A name in ``REGISTRY``, or ``loss(output, target, temperature)`` -> (n,).
    task : {"classifier", "regressor"}
        What the student is.

    Returns
    -------
    Loss
        Ready for training.

    Raises
    ------
    ValueError
        If there is no loss of that name for that kind of student.

    Examples
    --------
    >>> from skdistill.losses import get_loss
    >>> get_loss("kl", "classifier").tempered
    True
    """
    if callable(loss):
        _check_signature(loss)
        return Loss(task, loss, tempered=True)
    known = sorted(name for name, entry in REGISTRY.items() if entry.task == task)
    if loss not in known:
        raise ValueError(f"loss={loss!r} is not one of {known} and is not callable.")
    return REGISTRY[loss]


def _check_signature(loss):
    try:
        inspect.signature(loss).bind("output", "target", "temperature")
    except TypeError as error:
        raise ValueError(
            f"loss={loss!r} is called as loss(output, target, temperature): {error}."
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
    hard : callable
        ``hard(output, labels)`` -> Tensor of shape (n,).
    alpha : float
        In [0, 1].
    temperature : float
        Softens both sides of the soft part.
    """

    def __init__(self, soft, hard, alpha=1.0, temperature=1.0):
        super().__init__()
        self.soft = soft
        self.hard = hard
        self.alpha = alpha
        self.temperature = temperature

    def forward(self, output, target):
        """Loss of one batch.

        Parameters
        ----------
        output : Tensor of shape (n, n_outputs)
            The student's outputs, labelled rows first.
        target : tuple
            Soft targets (n, n_outputs), their weights (n,), hard labels of the first
            rows, their weights; each None where absent.

        Returns
        -------
        Tensor
            A scalar.
        """
        soft, soft_weight, hard, hard_weight = target
        if soft is not None:
            rows = self.soft.compare(output, soft, self.temperature)
            if not torch.is_tensor(rows) or (
                torch.is_grad_enabled() and not rows.requires_grad
            ):
                raise ValueError(
                    "loss must return a tensor that is computed from `output` by torch's "
                    f"operations, so that it has a gradient; it returned {rows!r}."
                )
            if rows.shape != output.shape[:1]:
                raise ValueError(
                    f"loss must return one number for each of the {len(output)} rows, "
                    f"and returned shape {tuple(rows.shape)}."
                )
            soft_part = _weighted_mean(rows, soft_weight)
        if hard is not None:
            rows = self.hard(output[: len(hard)], hard)
            hard_part = _weighted_mean(rows, hard_weight)
        if soft is None:
            return hard_part
        if hard is None:
            return soft_part
        return self.alpha * soft_part + (1 - self.alpha) * hard_part


def _weighted_mean(rows, weight):
    return rows.mean() if weight is None else (rows * weight).mean()
