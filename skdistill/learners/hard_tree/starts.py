"""Trees from which a search may start."""

from sklearn.tree import DecisionTreeRegressor

from .growth import Question


def cart(binned, rows, target, weight, max_leaf_nodes, least):
    """scikit-learn's tree of some rows, by the squared criterion.

    Of class indicators as targets this is the Gini criterion.

    Parameters
    ----------
    binned : Binned
        Codes of the columns, about which it asks.
    rows : ndarray of int
        Rows of `binned`.
    target : ndarray of shape (len(rows), n_outputs)
        Their targets.
    weight : ndarray of shape (len(rows),)
        Their weights, not all 0.
    max_leaf_nodes : int
        Largest number of leaves, at least 2.
    least : float
        Least share of the weight of a leaf.

    Returns
    -------
    Question or None
        Its root.
    """
    tree = DecisionTreeRegressor(
        max_leaf_nodes=max_leaf_nodes,
        min_weight_fraction_leaf=min(least, 0.5),
        random_state=0,
    ).fit(binned.codes[:, rows].T, target, sample_weight=weight)
    return _questions(tree.tree_)


def _questions(tree, node=0):
    left, right = tree.children_left[node], tree.children_right[node]
    if left < 0:
        return None
    # Between two codes; the lower one still goes to the left.
    test = int(tree.feature[node]), int(tree.threshold[node])
    return Question(test, _questions(tree, left), _questions(tree, right))
