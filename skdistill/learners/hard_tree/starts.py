"""Trees from which a search may start."""

from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from .question import Question


def cart(binned, rows, labels, weight, is_class, max_leaf_nodes, least, wishes=None):
    """Grow scikit-learn's tree of some rows' labels.

    Parameters
    ----------
    binned : Binned
        Codes of the columns, about which it asks.
    rows : ndarray of int
        Rows of `binned`.
    labels : ndarray of shape (len(rows), n_targets)
        Positions of their classes, or values.
    weight : ndarray of shape (len(rows),)
        Their weights, above 0.
    is_class : bool
        Whether labels are classes.
    max_leaf_nodes : int
        Largest number of leaves, at least 2.
    least : float
        Least share of the weight of a leaf.
    wishes : Wishes, default=None
        Its directions hold for this tree too.

    Returns
    -------
    Question or None
        Its root.
    """
    kind = DecisionTreeClassifier if is_class else DecisionTreeRegressor
    has_order = wishes is not None and wishes.has_order
    tree = kind(
        monotonic_cst=wishes.direction.copy() if has_order else None,  # turned by it
        max_leaf_nodes=max_leaf_nodes,
        min_weight_fraction_leaf=least,
        random_state=0,
    ).fit(binned.codes[:, rows].T, labels, sample_weight=weight)
    return _questions(tree.tree_)


def _questions(tree, node=0):
    left, right = tree.children_left[node], tree.children_right[node]
    if left < 0:
        return None
    # Between two codes; the lower one still goes to the left.
    test = int(tree.feature[node]), int(tree.threshold[node])
    return Question(test, _questions(tree, left), _questions(tree, right))
