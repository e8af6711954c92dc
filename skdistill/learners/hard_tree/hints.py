"""Questions that a reference booster asks, for the lookahead near the root."""

import numpy as np
from sklearn.ensemble import GradientBoostingRegressor

_MOST_ROWS = 5_000
_DIRECTIONS = 3
_TREES, _LEAVES = 30, 8


def booster_hints(x, target, weight, binned, random):
    """Tests by what they gain in a booster of small trees.

    Quantiles spread candidate thresholds evenly; a booster comes back to where the target
    changes. It is fitted on some rows to the leading directions of the targets.

    Parameters
    ----------
    x : ndarray of shape (n, n_columns)
        Rows.
    target : ndarray of shape (n, n_outputs)
        Probabilities or values.
    weight : ndarray of shape (n,)
        Weights of the rows.
    binned : Binned
        The columns' thresholds, to which the booster's are rounded.
    random : RandomState
        Chooses the rows.

    Returns
    -------
    list of tuple of int
        Column and bin of each, what gains most first.
    """
    # A booster's thresholds are worth a point on digits (benchmarks.soft_tree); it is to
    # cost little beside the search.
    rows = random.choice(len(x), min(len(x), _MOST_ROWS), replace=False)
    x, target, weight = x[rows], target[rows], weight[rows]
    # A booster has one output: one for each leading direction of the targets.
    centred = target - np.average(target, axis=0, weights=weight)
    spread = (weight[:, None] * centred).T @ centred
    values, vectors = np.linalg.eigh(spread)
    gains = {}
    for direction in np.argsort(-values)[:_DIRECTIONS]:
        # Targets of fewer directions than three: the rest is rounding.
        if values[direction] <= 1e-12 * max(values.max(), np.finfo(float).tiny):
            break
        booster = GradientBoostingRegressor(
            n_estimators=_TREES,
            max_leaf_nodes=_LEAVES,
            max_depth=None,
            learning_rate=0.3,
            random_state=random,
        )
        booster.fit(x, centred @ vectors[:, direction], weight)
        for (tree,) in booster.estimators_:
            _add_gains(tree.tree_, binned, gains)
    return sorted(gains, key=lambda test: -gains[test])


def _add_gains(tree, binned, gains):
    """What each question of a tree gains, on top of what is known."""
    cost = tree.impurity * tree.weighted_n_node_samples
    for node in np.flatnonzero(tree.children_left >= 0):
        column = int(tree.feature[node])
        cut = binned.nearest(column, float(tree.threshold[node]))
        if cut is None:
            continue
        below = cost[tree.children_left[node]] + cost[tree.children_right[node]]
        test = column, cut
        gains[test] = gains.get(test, 0.0) + cost[node] - below
