"""Rows for the search of hard trees, and what it finds."""

import numpy as np

from skdistill.learners.hard_tree.binned import Binned
from skdistill.learners.hard_tree.costs import statistics
from skdistill.learners.hard_tree.growth import Place, Rows
from skdistill.learners.hard_tree.search import Search


def made(x, target, cost, *, weight=None, least=1.0, bins=256):
    weight = np.ones(len(x)) if weight is None else weight
    return Rows(Binned(x, bins), statistics(target, weight), cost, least)


def noisy(seed, n=60, n_columns=3, n_classes=3):
    random = np.random.default_rng(seed)
    x = random.integers(0, 5, size=(n, n_columns)).astype(float)
    p = random.dirichlet(np.ones(n_classes), size=n) * (1 + x[:, :1])
    return x, p / p.sum(axis=1, keepdims=True)


def searched(data, n_leaves, starts=()):
    search = Search(data, n_leaves, np.random.RandomState(0))
    return search.polished(search.found(starts))


def at(rows, name=0):
    """A place that these rows reach; another name is another place."""
    return Place(frozenset([("test", name)]), lambda: rows)


def moved(moves):
    """After all moves, each of which yields."""
    for _ in moves:
        pass
