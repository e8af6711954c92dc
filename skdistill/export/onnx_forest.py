"""Trees of plain questions as an operator of ONNX that numbers their leaves."""

import numpy as np

from .onnx_graph import ML, ml_version


def leaf_numbers(graph, x, trees, opset):
    """Add trees, each of which gives the number of the leaf that a row ends in.

    Numbers rather than what leaves say, since they are exact in any type, and one look-up
    finds all that is said.

    Parameters
    ----------
    graph : Graph
        Added to.
    x : str
        The rows (n, n_columns), of doubles.
    trees : dict of {str: ndarray of shape (n_nodes,)}
        Node by node: "left" and "right", its children, where a leaf has -1; "feature" and
        "threshold", its question, whether x is at most that; "gap_left", where a gap goes;
        "number", of a leaf; and "tree", which counts from 0, if there are several.
    opset : int
        Of ONNX's own operators.

    Returns
    -------
    str
        Of int64 (n, n_trees).
    """
    trees = {"tree": np.zeros(len(trees["left"]), dtype=int), **trees}
    add = _as_ensemble if ml_version(opset) >= 5 else _as_regressor
    return graph.cast(add(graph, x, trees), np.int64)


def _as_ensemble(graph, x, trees):
    is_gate = trees["left"] >= 0
    # Gates and leaves are counted by themselves.
    place = np.where(is_gate, np.cumsum(is_gate), np.cumsum(~is_gate)) - 1
    ends = {}
    for side, name in (("left", "true"), ("right", "false")):
        child = trees[side][is_gate]
        ends[f"nodes_{name}nodeids"] = place[child]
        ends[f"nodes_{name}leafs"] = ~is_gate[child]
    is_root = is_gate.copy()
    is_root[np.concatenate([trees[side][is_gate] for side in ("left", "right")])] = (
        False
    )
    return graph.add(
        "TreeEnsemble",
        x,
        domain=ML,
        n_targets=int(trees["tree"].max()) + 1,
        tree_roots=place[is_root].tolist(),
        nodes_featureids=trees["feature"][is_gate].tolist(),
        nodes_modes=np.zeros(int(is_gate.sum()), dtype=np.uint8),  # at most
        nodes_splits=trees["threshold"][is_gate],
        nodes_missing_value_tracks_true=trees["gap_left"][is_gate].astype(int).tolist(),
        leaf_targetids=trees["tree"][~is_gate].tolist(),
        leaf_weights=trees["number"][~is_gate].astype(float),
        **{key: value.astype(int).tolist() for key, value in ends.items()},
    )


def _as_regressor(graph, x, trees):
    """For engines of before TreeEnsemble; a float, as which it answers, counts leaves."""
    is_leaf = trees["left"] < 0
    leaves = np.flatnonzero(is_leaf)
    return graph.add(
        "TreeEnsembleRegressor",
        x,
        domain=ML,
        n_targets=int(trees["tree"].max()) + 1,
        nodes_treeids=trees["tree"].tolist(),
        nodes_nodeids=list(range(len(is_leaf))),
        nodes_modes=["LEAF" if leaf else "BRANCH_LEQ" for leaf in is_leaf],
        nodes_featureids=np.where(is_leaf, 0, trees["feature"]).tolist(),
        nodes_values_as_tensor=np.where(is_leaf, 0.0, trees["threshold"]),
        nodes_truenodeids=np.where(is_leaf, 0, trees["left"]).tolist(),
        nodes_falsenodeids=np.where(is_leaf, 0, trees["right"]).tolist(),
        nodes_missing_value_tracks_true=trees["gap_left"].astype(int).tolist(),
        target_treeids=trees["tree"][leaves].tolist(),
        target_nodeids=leaves.tolist(),
        target_ids=trees["tree"][leaves].tolist(),
        target_weights_as_tensor=trees["number"][leaves].astype(float),
    )
