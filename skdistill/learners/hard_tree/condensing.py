"""What a search of bounded cost looks at: the best columns, few outputs, so many tests.

A table within the bounds is searched as it is. A larger one is condensed first, for the
moves ask every test about every output at every node: 60 rows of 4000 columns took 2.7 GB
and 30 to 90 seconds, 2000 rows of 500 classes 300 seconds. Below the bounds the cost is
that of ordinary tables: breast cancer has 45,000 sums of all tests, digits 11,000.
"""

import math

import numpy as np
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils.extmath import randomized_svd

from .costs import Squares

# A wider table is searched on its best 48 columns. Each column takes some 5 ms of numpy's
# calls in a round of moves: 60 rows of 20,000 columns and a teacher, 10 seconds for 100.
MOST_COLUMNS, _BEST_COLUMNS = 100, 48
# More outputs are searched as 32: 32 leaves, the default, part no more groups of classes,
# and their means span 31 directions.
MOST_OUTPUTS, _FEW_OUTPUTS = 64, 32
# Tests times squared statistics. A round of moves asks all tests of all statistics, and
# many statistics are of many rows: with 2000 tests of 65 statistics, 2000 rows of 1000
# classes and a teacher took 42 seconds. 58,000 tests of two classes pass, and 4000 of ten:
# breast cancer has 15,000, digits 1000.
_MOST_TESTS = 1 << 19
# Sums of one column's tests in all leaves: 32 MB, of which some copies are made.
_MOST_LEAF_SUMS = 1 << 22
# Pairs of tests times cubed statistics, in the look-ahead; 240 tests and 16 classes
# pass: 1 million sums, 8 MB, of which ten copies are made. Cubed, for more statistics are
# also of larger trees: with squares, 1000 classes took 2 of 10 seconds more.
_MOST_PAIRS = 240**2 * 17**3
_MOST_CELLS = 20_000_000  # rows times columns that are looked at
_FEWEST_ROWS = 1000
_CELLS_AT_ONCE = 1 << 20
_CUTS, _LEVELS, _DIRECTIONS = 15, 3, 16


def best_columns(x, target, weight, least, random):
    """The columns that part the rows best: at the root, or in a node near to it.

    A few levels of a tree are grown by the squared criterion, over some quantiles of
    all columns. Each of its nodes ranks the columns by what they gain there.

    Parameters
    ----------
    x : ndarray of shape (n, n_columns)
        Rows.
    target : ndarray of shape (n, n_outputs)
        Targets of the rows; of many outputs, random directions are looked at.
    weight : ndarray of shape (n,)
        Weights of the rows.
    least : float
        Weight on either side of a test.
    random : RandomState
        Chooses the rows, where there are many, and the directions.

    Returns
    -------
    ndarray of int or slice
        48 of more than 100, ascending; otherwise a slice of all.
    """
    n, n_columns = x.shape
    if n_columns <= MOST_COLUMNS:
        return slice(None)
    most = max(_FEWEST_ROWS, _MOST_CELLS // n_columns)
    if n > most:
        some = np.sort(random.choice(n, most, replace=False))
        # The rows that are left weigh less.
        least *= weight[some].sum() / weight.sum()
        x, target, weight = x[some], target[some], weight[some]
    if target.shape[1] > _DIRECTIONS:
        # Random projections keep squared distances, of which gains are made, roughly as
        # they are.
        shape = target.shape[1], _DIRECTIONS
        target = target @ random.standard_normal(shape)
    target = target - np.average(target, axis=0, weights=weight)
    stats = np.column_stack([weight, target * weight[:, None]])
    node, ranks = np.zeros(len(x), dtype=int), []
    for level in range(_LEVELS):
        gain, cut = _gains(x, stats, node, 2**level, least)
        order = np.argsort(-gain, axis=1, kind="stable")
        ranks.append(np.argsort(order, axis=1, kind="stable"))
        nodes = np.arange(2**level)
        best, bound = order[:, 0], cut[nodes, order[:, 0]]
        node = 2 * node + (x[np.arange(len(x)), best[node]] > bound[node])
    rank = np.concatenate(ranks).min(axis=0)
    return np.sort(np.argsort(rank, kind="stable")[:_BEST_COLUMNS])


def _gains(x, stats, node, n_nodes, least):
    """What each column gains in each node (n_nodes, n_columns), and its threshold."""
    inside = node[:, None] == np.arange(n_nodes)
    spread = (inside[:, :, None] * stats[:, None]).astype(np.float32)
    spread = spread.reshape(len(x), -1)
    total = spread.sum(axis=0, dtype=float).reshape(n_nodes, 1, -1)
    cost = Squares()
    gains, cuts = [], []
    step = max(1, _CELLS_AT_ONCE // len(x))
    for start in range(0, x.shape[1], step):
        part = x[:, start : start + step]
        levels = np.linspace(0, 1, _CUTS + 2)[1:-1]
        bounds = np.quantile(part, levels, axis=0, method="lower")
        best = np.full((n_nodes, part.shape[1]), -np.inf)
        cut = np.zeros_like(best)
        for bound in bounds:
            left = (part <= bound).astype(np.float32).T @ spread
            left = left.astype(float).reshape(part.shape[1], n_nodes, -1)
            left = left.transpose(1, 0, 2)
            right = total - left
            gain = cost(total) - cost(left) - cost(right)
            gain[np.minimum(left[..., 0], right[..., 0]) < least] = -np.inf
            better = gain > best
            best[better] = gain[better]
            cut = np.where(better, bound, cut)
        gains.append(best)
        cuts.append(cut)
    return np.concatenate(gains, axis=1), np.concatenate(cuts, axis=1)


def few_outputs(x, target, weight, widths, random):
    """Targets of few outputs, by which many are searched.

    Classes that end in the same leaf of a reference tree are one: what tells them apart
    is beyond a tree of fewer leaves. Of values, and of many targets, the 32 directions
    in which they vary most are kept.

    Parameters
    ----------
    x : ndarray of shape (n, n_columns)
        Rows.
    target : ndarray of shape (n, n_outputs)
        Targets of the rows.
    weight : ndarray of shape (n,)
        Weights of the rows.
    widths : sequence of int
        Number of classes of each target; none for values.
    random : RandomState
        Seeds the reference, and labels its rows.

    Returns
    -------
    target : ndarray of shape (n, n_few)
        The same one where there are at most 64 outputs.
    widths : sequence of int
        Numbers of classes of the targets; none where they are no distributions.
    """
    if target.shape[1] <= MOST_OUTPUTS:
        return target, widths
    n_groups = _FEW_OUTPUTS // max(1, len(widths))
    if len(widths) and n_groups >= 2:
        parts = np.split(target, np.cumsum(widths)[:-1], axis=1)
        parts = [_grouped(x, part, weight, n_groups, random) for part in parts]
        return np.concatenate(parts, axis=1), [part.shape[1] for part in parts]
    rows = random.choice(len(x), min(len(x), 5 * _FEWEST_ROWS), replace=False)
    centred = target[rows] - np.average(target[rows], axis=0, weights=weight[rows])
    # Squares of a row of weight w count w times: the root of w before squaring.
    centred *= np.sqrt(weight[rows] / weight[rows].mean())[:, None]
    _, _, directions = randomized_svd(centred, _FEW_OUTPUTS, random_state=random)
    return target @ directions.T, ()


def _grouped(x, p, weight, n_groups, random):
    """Distributions over groups of classes; each class goes with its main leaf."""
    if p.shape[1] <= n_groups:
        return p
    most = max(_FEWEST_ROWS, _MOST_CELLS // (8 * x.shape[1] + p.shape[1]))
    rows = random.choice(len(x), min(len(x), most), replace=False)
    # A label drawn for each row: a tree of labels is grown far sooner than one of
    # hundreds of outputs.
    label = (p[rows].cumsum(axis=1) <= random.random_sample((len(rows), 1))).sum(axis=1)
    label = np.minimum(label, p.shape[1] - 1)
    reference = DecisionTreeClassifier(
        criterion="entropy", max_leaf_nodes=n_groups, random_state=random
    )
    # scikit-learn's trees work in float32, and would copy x at each call.
    x32 = x.astype(np.float32)
    leaf = reference.fit(x32[rows], label, weight[rows]).apply(x32)
    leaves, leaf = np.unique(leaf, return_inverse=True)
    mass = np.zeros((len(leaves), p.shape[1]))
    for group in range(len(leaves)):
        inside = leaf == group
        mass[group] = weight[inside] @ p[inside]
    group_of = mass.argmax(axis=0)
    return p @ np.eye(len(leaves))[group_of]


def fewer_bins(sizes, max_bins, n_stats, max_leaf_nodes):
    """The largest number of bins of a column that bounds the sums of a node.

    Parameters
    ----------
    sizes : sequence of int
        Thresholds that each column would have by `max_bins`.
    max_bins : int
        Largest number of codes of a column otherwise.
    n_stats : int
        Statistics of a row.
    max_leaf_nodes : int
        Leaves of the tree.

    Returns
    -------
    int
        Two at least.

    Examples
    --------
    >>> from skdistill.learners.hard_tree.condensing import fewer_bins
    >>> fewer_bins([500] * 30, 1024, 3, 32), fewer_bins([1023] * 100, 1024, 65, 32)
    (1024, 2)
    """
    sizes = np.asarray(sizes, dtype=int)

    def _is_much(bins):
        tests = np.minimum(sizes, bins - 1)
        widest = tests.max(initial=0) * n_stats * max_leaf_nodes
        return tests.sum() * n_stats**2 > _MOST_TESTS or widest > _MOST_LEAF_SUMS

    while max_bins > 2 and _is_much(max_bins):
        max_bins //= 2
    return max_bins


def pairs_of(n_tests, n_stats):
    """The number of tests of the look-ahead, of which all pairs are scored.

    Parameters
    ----------
    n_tests : int
        The largest number.
    n_stats : int
        Statistics of a row.

    Returns
    -------
    int
        Fewer where there are many statistics.
    """
    return min(n_tests, math.isqrt(_MOST_PAIRS // n_stats**3))
