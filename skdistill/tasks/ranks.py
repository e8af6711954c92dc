"""Whether one number puts rows in the order of another."""

import numpy as np


def ranks(values, weight=None):
    """Return the weight of what is less than each value, and half of what is equal.

    Parameters
    ----------
    values : ndarray of shape (n,)
        Numbers.
    weight : ndarray of shape (n,), default=None
        Weights of the rows, above 0; None for 1.

    Returns
    -------
    ndarray of shape (n,)
        Without weights, mean ranks less a half.
    """
    _, place = np.unique(values, return_inverse=True)
    mass = np.bincount(place, weights=weight)
    return (mass.cumsum() - mass / 2)[place]


def area_under_roc(score, is_one, weight=None):
    """Return the chance that a row of a class has a higher score than one of no such class.

    Parameters
    ----------
    score : ndarray of shape (n,)
        Numbers.
    is_one : ndarray of shape (n,)
        Whether a row is of the class: some are, and some are not.
    weight : ndarray of shape (n,), default=None
        Weights of the rows, above 0; None for 1.

    Returns
    -------
    float
        In [0, 1]; equal scores count a half.
    """
    weight = np.ones(len(score)) if weight is None else weight
    inside, total = weight[is_one].sum(), weight.sum()
    # Mann and Whitney: what is below, less what is below of the same class.
    beaten = weight[is_one] @ ranks(score, weight)[is_one] - inside**2 / 2
    return float(beaten / (inside * (total - inside)))


def rank_correlation(x, y, weight=None):
    """Return Spearman's correlation of two columns, neither of them constant.

    Parameters
    ----------
    x, y : ndarray of shape (n,)
        Numbers.
    weight : ndarray of shape (n,), default=None
        Weights of the rows, above 0; None for 1.

    Returns
    -------
    float
        In [-1, 1].
    """
    weight = np.ones(len(x)) if weight is None else weight
    x, y = (ranks(each, weight) for each in (x, y))
    x, y = (each - np.average(each, weights=weight) for each in (x, y))
    size = np.sqrt((weight @ np.square(x)) * (weight @ np.square(y)))
    return float(np.clip(weight @ (x * y) / size, -1, 1))
