"""The epochs of a training, small enough for a pickle: by columns."""

import numpy as np


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
    """The same values in the smallest type that holds them."""
    kinds = (np.uint8, np.int32) if column.dtype.kind == "i" else (np.float32,)
    if column.dtype.kind == "b":
        return column
    with np.errstate(over="ignore"):
        smaller = (column.astype(kind) for kind in kinds)
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
