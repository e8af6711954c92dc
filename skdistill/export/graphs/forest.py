"""A tree of plain questions as an operator of ONNX that numbers its leaves."""

import numpy as np

from .graph import ML, ml_version


def leaf_numbers(graph, x, tree, opset):
    """Add a tree that gives the number of the leaf that a row ends in.

    Numbers rather than what leaves say, since they are exact in any type, and one look-up
    finds all that is said.

    Parameters
    ----------
    graph : Graph
        Added to.
    x : str
        The rows (n, n_columns), of doubles.
    tree : dict of {str: ndarray of shape (n_nodes,)}
        Node by node: "left" and "right", its children, where a leaf has -1; "feature" and
        "threshold", its question, whether x is at most that; "gap_left", where a gap goes;
        and "number", of a leaf. There is a question at least.
    opset : int
        Of ONNX's own operators.

    Returns
    -------
    str
        Of int64 (n, 1).
    """
    add = _as_ensemble if ml_version(opset) >= 5 else _as_regressor
    return graph.cast(add(graph, x, tree), np.int64)


def _as_ensemble(graph, x, tree):
    is_gate = tree["left"] >= 0
    # Gates and leaves are counted by themselves.
    place = np.where(is_gate, np.cumsum(is_gate), np.cumsum(~is_gate)) - 1
    ends = {}
    for side, name in (("left", "true"), ("right", "false")):
        child = tree[side][is_gate]
        ends[f"nodes_{name}nodeids"] = place[child]
        ends[f"nodes_{name}leafs"] = ~is_gate[child]
    return graph.add(
        "TreeEnsemble",
        x,
        domain=ML,
        n_targets=1,
        tree_roots=[0],
        nodes_featureids=tree["feature"][is_gate].tolist(),
        nodes_modes=np.zeros(int(is_gate.sum()), dtype=np.uint8),  # at most
        nodes_splits=tree["threshold"][is_gate],
        nodes_missing_value_tracks_true=tree["gap_left"][is_gate].astype(int).tolist(),
        leaf_targetids=[0] * int((~is_gate).sum()),
        leaf_weights=tree["number"][~is_gate].astype(float),
        **{key: value.astype(int).tolist() for key, value in ends.items()},
    )


def _as_regressor(graph, x, tree):
    """For engines of before TreeEnsemble; a float, as which it answers, counts leaves."""
    is_leaf = tree["left"] < 0
    leaves = np.flatnonzero(is_leaf)
    return graph.add(
        "TreeEnsembleRegressor",
        x,
        domain=ML,
        n_targets=1,
        nodes_treeids=[0] * len(is_leaf),
        nodes_nodeids=list(range(len(is_leaf))),
        nodes_modes=["LEAF" if leaf else "BRANCH_LEQ" for leaf in is_leaf],
        nodes_featureids=np.where(is_leaf, 0, tree["feature"]).tolist(),
        nodes_values_as_tensor=np.where(is_leaf, 0.0, tree["threshold"]),
        nodes_truenodeids=np.where(is_leaf, 0, tree["left"]).tolist(),
        nodes_falsenodeids=np.where(is_leaf, 0, tree["right"]).tolist(),
        nodes_missing_value_tracks_true=tree["gap_left"].astype(int).tolist(),
        target_treeids=[0] * len(leaves),
        target_nodeids=leaves.tolist(),
        target_ids=[0] * len(leaves),
        target_weights_as_tensor=tree["number"][leaves].astype(float),
    )
