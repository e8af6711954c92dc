"""The loss that a torch student's parameters ask for."""

from functools import partial

import torch

from ..losses import cross_entropy, quantile
from ..training.objective import Loss, Objective, get_loss, over_targets, sorted_first


def objective_of(task, params, temperature):
    """The loss of a batch.

    Parameters
    ----------
    task : Task
        The task whose outputs are compared.
    params : object
        The student's parameters.
    temperature : float
        Temperature of classes; of values it is 1.

    Returns
    -------
    Objective
        The soft and the hard part.

    Raises
    ------
    ValueError
        If parameters do not fit together.
    """
    if task.kind == "classifier":
        return _of_classes(task, params, temperature)
    return _of_values(task, params)


def _of_classes(task, params, temperature):
    loss = get_loss(params.loss, "classifier")
    # Refused rather than ignored: a grid over it would compare equal fits.
    if not loss.tempered and params.temperature != 1:
        raise ValueError(
            f"temperature={params.temperature!r} has no effect with loss={params.loss!r}: "
            "leave it 1, or take another loss."
        )
    if min(task.widths) < loss.min_classes:
        raise ValueError(
            f"loss={params.loss!r} learns of two classes only which is likelier, and "
            'some target has no more: take another loss, such as "kl".'
        )
    smoothed = partial(cross_entropy, label_smoothing=params.label_smoothing)
    soft, hard = over_targets(loss, Loss("classifier", smoothed), task.widths)
    return Objective(soft, hard, params.alpha, temperature)


def _of_values(task, params):
    soft = hard = get_loss(params.loss, "regressor")
    if task.quantiles is not None:
        both = soft, Loss("regressor", quantile)
        levels = torch.tensor(task.quantiles)
        soft, hard = sorted_first(*(each.given(quantiles=levels) for each in both))
    elif "quantiles" in soft.asks:
        raise ValueError(
            f"loss={params.loss!r} compares quantiles, and there are none: set "
            "quantiles, such as [0.1, 0.5, 0.9], or take another loss."
        )
    return Objective(soft, hard, params.alpha)


def leaves_scale_open(task, params, knowledge):
    """Whether nothing in the loss has set the scale of the logits.

    Parameters
    ----------
    task : Task
        The task whose outputs are compared.
    params : object
        The student's parameters.
    knowledge : Knowledge
        What is learnt.

    Returns
    -------
    bool
        False for values.
    """
    has_labels = knowledge.hard is not None and params.alpha < 1
    is_soft = knowledge.soft is not None and not has_labels
    is_class = task.kind == "classifier"
    return is_class and is_soft and get_loss(params.loss, "classifier").scale_free
