"""Soft trees on small tables: how they are trained, and what they compute, by hand."""

import numpy as np
from scipy.special import expit
from sklearn.datasets import load_diabetes, load_iris

FAST = {
    "max_depth": 3,
    "max_epochs": 15,
    "batch_size": 30,
    "lr": 0.06,
    "random_state": 0,
    "transfer": None,
}
BRIEF = FAST | {"max_epochs": 8}
NAMES = ["sl", "sw", "pl", "pw"]
X, Y = load_iris(return_X_y=True)
ALL_VALUES, ALL_TARGET = load_diabetes(return_X_y=True)
VALUES, TARGET = ALL_VALUES[:200], ALL_TARGET[:200]


def inner_nodes(tree):
    return tree.module_.shape.gates


def outer_nodes(tree):
    """The nodes that are not gates."""
    return np.setdiff1d(np.arange(len(tree.node_mass_)), inner_nodes(tree))


def paths_by_hand(tree, x):
    """Node probabilities from the fitted weights alone, one gate at a time."""
    weight = tree.module_.gate_weight.detach().double().numpy()
    bias = tree.module_.gate_bias.detach().double().numpy()
    P = np.ones((len(x), len(tree.node_mass_)))
    for rank, node in enumerate(inner_nodes(tree)):
        right = expit(x @ weight[rank] + bias[rank])
        P[:, 2 * rank + 1] = P[:, node] * (1 - right)
        P[:, 2 * rank + 2] = P[:, node] * right
    return P


def standardised(x):
    return (x - x.mean(axis=0)) / x.std(axis=0)
