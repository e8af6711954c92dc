"""Distillation losses: pure functions of tensors.

Each function takes the student's outputs, the teacher's outputs and a temperature, and
returns one number for each row. For classes, outputs are logits, or any
log-probabilities; for regression they are values. Some take more, by name: ``labels``,
``weight`` or ``quantiles``. ``objective.REGISTRY`` names them; a user's callable of the
same signature takes part on equal terms.
"""

import math

import torch
from torch.nn import functional as F

# Keeps a teacher's probability of exactly 0 from being infinite in a difference of logs.
_LOG_FLOOR = -1e9
# Added to variances, so that what is constant is standardised to 0.
_VARIANCE_FLOOR = 1e-10


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
    return kl_of_probabilities(output, softened(target, temperature), temperature)


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


def kl_of_probabilities(output, probabilities, temperature=1.0):
    """``kl`` with the teacher's side softened beforehand.

    Parameters
    ----------
    output : Tensor of shape (n, n_classes)
        The student's logits.
    probabilities : Tensor of shape (n, n_classes)
        What ``softened`` makes of the teacher's logits.
    temperature : float, default=1.0
        Softens the student.

    Returns
    -------
    Tensor of shape (n,)
        Nats times T^2.
    """
    log_q = F.log_softmax(output / temperature if temperature != 1 else output, dim=1)
    divergence = F.kl_div(log_q, probabilities, reduction="none").sum(dim=1)
    return divergence * temperature**2 if temperature != 1 else divergence


def reverse_kl(output, target, temperature=1.0):
    """T^2 times the divergence of the teacher from the student, both softened.

    The sum over the classes of ``q (log q - log p)``. It costs the student little to
    leave out what the teacher thinks possible, and much to add to it: a small student
    picks the teacher's main classes rather than covering all of them [1]_.

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
    .. [1] Gu, Dong, Wei, Huang: MiniLLM: Knowledge Distillation of Large Language
       Models, 2024.

    Examples
    --------
    >>> import torch
    >>> from skdistill.losses import kl, reverse_kl
    >>> a, b = torch.tensor([[0.0, 2.0]]), torch.tensor([[1.0, 0.0]])
    >>> bool((reverse_kl(a, b) - kl(b, a)).abs() < 1e-6)
    True
    """
    log_p, log_q = _log_softened(target, output, temperature)
    return _divergence(log_q, log_p) * temperature**2


def js(output, target, temperature=1.0):
    """T^2 times the Jensen-Shannon divergence of student and teacher, both softened.

    The mean of the divergences of both from the distribution half way between them:
    symmetric, and at most T^2 log 2, so that no row counts without bound [1]_.

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
    .. [1] Lin: Divergence Measures Based on the Shannon Entropy, 1991.

    Examples
    --------
    >>> import torch
    >>> from skdistill.losses import js
    >>> js(torch.tensor([[99.0, 0.0]]), torch.tensor([[0.0, 99.0]]))
    tensor([0.6931])
    """
    log_p, log_q = _log_softened(target, output, temperature)
    log_m = torch.logaddexp(log_p, log_q) - math.log(2)
    both = _divergence(log_p, log_m) + _divergence(log_q, log_m)
    return 0.5 * both * temperature**2


def dkd(output, target, temperature=1.0, labels=None, *, alpha=1.0, beta=8.0):
    """Decoupled distillation: the target class against the rest, and the rest by itself.

    ``alpha`` times the divergence of the two-way split (target class, all others), plus
    ``beta`` times the divergence over the other classes alone, normalised; both times
    T^2 [1]_. In ``kl`` the second counts 1 - p with p the teacher's probability of the
    target class, so next to nothing where the teacher is sure. With two classes the
    second part is 0.

    Parameters
    ----------
    output : Tensor of shape (n, n_classes)
        The student's logits.
    target : Tensor of shape (n, n_classes)
        The teacher's logits or log-probabilities.
    temperature : float, default=1.0
        Softens both.
    labels : Tensor of shape (n,), default=None
        Positions of the target classes, int64; None for the teacher's likeliest. The
        students give the label where a row has one.
    alpha : float, default=1.0
        Weight of the target class against the rest.
    beta : float, default=8.0
        Weight of the other classes among themselves. The paper takes 0.5 to 10.

    Returns
    -------
    Tensor of shape (n,)
        Nats times T^2; 0 where the two agree.

    References
    ----------
    .. [1] Zhao, Cui, Song, Qiu, Liang: Decoupled Knowledge Distillation, 2022.

    Examples
    --------
    >>> import torch
    >>> from skdistill.losses import dkd
    >>> output, target = torch.zeros(1, 3), torch.tensor([[9.0, 1.0, 1.0]])
    >>> dkd(output, target, alpha=0)  # the teacher does not tell the other two apart
    tensor([0.])
    """
    n_others = output.shape[1] - 1
    if n_others == 0:
        return 0.0 * output[:, 0]
    labels = target.argmax(dim=1) if labels is None else labels
    label = labels.reshape(-1, 1)
    others = torch.arange(n_others, device=output.device)
    others = others + (others >= label)

    # The paper's split: the label against all others, and the others among themselves.
    def parts(log):
        rest = log.gather(1, others)
        whole = rest.logsumexp(dim=1, keepdim=True)
        return torch.cat([log.gather(1, label), whole], dim=1), rest - whole

    log_p, log_q = _log_softened(target, output, temperature)
    (split_p, rest_p), (split_q, rest_q) = parts(log_p), parts(log_q)
    loss = alpha * _divergence(split_p, split_q) + beta * _divergence(rest_p, rest_q)
    return loss * temperature**2


def dist(output, target, temperature=1.0, weight=None, *, beta=1.0, gamma=1.0):
    """One minus Pearson's correlation with the teacher, over classes and over rows.

    T^2 times (``beta`` times 1 - r over the classes, row by row, plus ``gamma`` times
    the mean over the classes of 1 - r over the rows of the batch), of softened
    probabilities [1]_. 1 - r is half the mean squared difference of standardised
    columns, so each row has a share of the second part. What is constant is
    standardised to 0. The scale of the student's logits is left open.

    Parameters
    ----------
    output : Tensor of shape (n, n_classes)
        The student's logits.
    target : Tensor of shape (n, n_classes)
        The teacher's logits or log-probabilities.
    temperature : float, default=1.0
        Softens both.
    weight : Tensor of shape (n,), default=None
        Weights of the rows in the means and variances over the batch; None if all are
        alike.
    beta : float, default=1.0
        Weight of the correlation over the classes, which of two classes sees only which
        is likelier.
    gamma : float, default=1.0
        Weight of the correlation over the rows.

    Returns
    -------
    Tensor of shape (n,)
        Rows whose mean, weighted by `weight`, is the loss; 0 where the two agree.

    References
    ----------
    .. [1] Huang, You, Wang, Qian, Xu: Knowledge Distillation from a Stronger Teacher,
       2022.

    Examples
    --------
    >>> import torch
    >>> from skdistill.losses import dist
    >>> p = torch.tensor([[0.7, 0.2, 0.1], [0.2, 0.5, 0.3]])
    >>> flatter = 0.5 * p + 0.5 / 3
    >>> bool((dist(flatter.log(), p.log()) < 1e-6).all())
    True
    """
    q, p = softened(output, temperature), softened(target, temperature)
    share = torch.ones_like(q[:, 0]) if weight is None else weight.to(q)
    share = share / share.sum().clamp(min=torch.finfo(q.dtype).tiny)
    inter = _half_mse(_standard_rows(q), _standard_rows(p))
    intra = _half_mse(_standard_columns(q, share), _standard_columns(p, share))
    return (beta * inter + gamma * intra) * temperature**2


def logit_standard(output, target, temperature=1.0):
    """``kl`` of logits that are standardised row by row.

    The mean of each row's logits is subtracted and their standard deviation divided out
    before both sides are softened, so the student need not match the size of the
    teacher's logits, only their relations [1]_. The scale of the student's logits is
    left open. Of two classes nothing is left but which is likelier.

    Parameters
    ----------
    output : Tensor of shape (n, n_classes)
        The student's logits.
    target : Tensor of shape (n, n_classes)
        The teacher's logits or log-probabilities.
    temperature : float, default=1.0
        Softens both, in units of the logits' standard deviation.

    Returns
    -------
    Tensor of shape (n,)
        Nats times T^2; 0 where one side's logits are an ascending affine map of the
        other's.

    References
    ----------
    .. [1] Sun, Ren, Li, Wang, Cao: Logit Standardization in Knowledge Distillation,
       2024.

    Examples
    --------
    >>> import torch
    >>> from skdistill.losses import logit_standard
    >>> logits = torch.tensor([[0.0, 1.0, 3.0]])
    >>> bool(logit_standard(5 * logits + 1, logits) < 1e-6)
    True
    """
    return kl(_standard_rows(output), _standard_rows(target), temperature)


def _log_softened(target, output, temperature):
    log_p = F.log_softmax(target / temperature, dim=1)
    floor = max(_LOG_FLOOR, torch.finfo(log_p.dtype).min / 4)
    return log_p.clamp(min=floor), F.log_softmax(output / temperature, dim=1)


def _divergence(log_p, log_q):
    return (log_p.exp() * (log_p - log_q)).sum(dim=1)


def _standard_rows(values):
    centred = _centred(values)
    return centred / _deviation(centred.square().mean(dim=1, keepdim=True))


def _standard_columns(values, share):
    centred = values - share @ values
    return centred / _deviation(share @ centred.square())


def _deviation(variance):
    """The root of a variance; never below what rounding alone can make of a constant."""
    floor = max(_VARIANCE_FLOOR, torch.finfo(variance.dtype).eps ** 2)
    return (variance + floor).sqrt()


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
        It has no effect, and is there so that all losses are called alike.

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
        It has no effect.

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
        It has no effect.

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


def cross_entropy(output, codes, temperature=1.0, *, label_smoothing=0.0):
    """Log loss of hard labels.

    Parameters
    ----------
    output : Tensor of shape (n, n_classes)
        Logits.
    codes : Tensor of shape (n,) or (n, 1)
        Positions of the labels, int64.
    temperature : float, default=1.0
        It has no effect.
    label_smoothing : float, default=0.0
        The share e of each label that is spread evenly over all classes: its target is
        1 - e, and e / n_classes for every class [1]_.

    Returns
    -------
    Tensor of shape (n,)
        Nats.

    References
    ----------
    .. [1] Szegedy, Vanhoucke, Ioffe, Shlens, Wojna: Rethinking the Inception
       Architecture for Computer Vision, 2016.

    Examples
    --------
    >>> import torch
    >>> from skdistill.losses import cross_entropy
    >>> cross_entropy(torch.zeros(1, 2), torch.tensor([1]))
    tensor([0.6931])
    """
    return F.cross_entropy(
        output, codes.reshape(-1), reduction="none", label_smoothing=label_smoothing
    )


def pinball(output, values, quantiles):
    """Mean over the quantiles of the pinball loss, which each quantile minimises.

    Parameters
    ----------
    output : Tensor of shape (n, n_quantiles)
        Predicted quantiles.
    values : Tensor of shape (n, 1) or (n, n_quantiles)
        True values, or a value for each quantile.
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


def quantile(output, target, temperature=1.0, *, quantiles):
    """Mean over the quantiles of the pinball loss against the teacher's quantile.

    Where the student cannot follow the teacher, its tau-quantile is the tau-quantile of
    the teacher's answers there, so the outer quantiles stay outside.

    Parameters
    ----------
    output : Tensor of shape (n, n_quantiles)
        The student's quantiles.
    target : Tensor of shape (n, n_quantiles)
        The teacher's.
    temperature : float, default=1.0
        It has no effect.
    quantiles : Tensor of shape (n_quantiles,)
        Their levels, between 0 and 1.

    Returns
    -------
    Tensor of shape (n,)
        In the targets' unit; 0 where the two agree.

    References
    ----------
    Koenker, Bassett: Regression Quantiles, 1978.

    Examples
    --------
    >>> import torch
    >>> from skdistill.losses import quantile
    >>> levels = torch.tensor([0.1, 0.9])
    >>> quantile(torch.zeros(1, 2), torch.tensor([[-1.0, 1.0]]), quantiles=levels)
    tensor([0.9000])
    """
    return pinball(output, target, quantiles)
