"""The epochs of a training, small enough for a pickle: by columns."""

import copy

import numpy as np
from skorch.history import History


def by_columns(epochs):
    """Epochs in a form that takes a tenth of the room in a pickle.

    Parameters
    ----------
    epochs : list of dict
        A net's history, without its batches.

    Returns
    -------
    dict of ndarray, or list of dict
        As they are, where some epoch has other keys or objects.
    """
    if not epochs or any(epoch.keys() != epochs[0].keys() for epoch in epochs):
        return epochs
    columns = {key: np.array([e[key] for e in epochs]) for key in epochs[0]}
    plain = all(c.ndim == 1 and c.dtype.kind in "biuf" for c in columns.values())
    return {key: _small(c) for key, c in columns.items()} if plain else epochs


def _small(column):
    """A column in the smallest type that holds its values."""
    kinds = (np.uint8, np.int32) if column.dtype.kind == "i" else (np.float32,)
    if column.dtype.kind == "b":
        return column
    with np.errstate(over="ignore"):
        smaller = (column.astype(kind) for kind in kinds)
        # Only where every value survives: a loss that is read back is the loss that was
        # recorded.
        return next((c for c in smaller if np.array_equal(c, column)), column)


def by_epochs(columns):
    """The epochs again.

    Parameters
    ----------
    columns : dict of ndarray
        From ``by_columns``.

    Returns
    -------
    list of dict
        One for each epoch.
    """
    lists = [column.tolist() for column in columns.values()]
    return [
        dict(zip(columns, values, strict=True)) for values in zip(*lists, strict=True)
    ]


def epochs_of(net):
    """What a trained net's history says of each epoch.

    Parameters
    ----------
    net : DistillationNet
        Trained.

    Returns
    -------
    list of dict
        Losses, and the seconds that it took.
    """
    for epoch in net.history:
        epoch["dur"] = float(np.float32(epoch["dur"]))  # half the room in a pickle
    return [
        {key: value for key, value in epoch.items() if key != "batches"}
        for epoch in net.history
    ]


def without_history(net):
    """A net that remembers only how many epochs it was trained for.

    Parameters
    ----------
    net : DistillationNet
        Trained; left as it is.

    Returns
    -------
    DistillationNet
        A shallow copy.
    """
    light = copy.copy(net)
    light.n_epochs_, light.history_ = len(net.history), None
    return light


def put_history(net, epochs):
    """Give a net its history back.

    Parameters
    ----------
    net : DistillationNet
        From ``without_history``; changed.
    epochs : list of dict
        The epochs of all trainings; the last ones are those of this net.
    """
    net_epochs = epochs[len(epochs) - vars(net).pop("n_epochs_") :]
    net.history_ = History([{**epoch, "batches": []} for epoch in net_epochs])
