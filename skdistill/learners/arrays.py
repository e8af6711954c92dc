"""Trained modules as arrays: the numbers of which outputs are made."""

import numpy as np

#: What torch's activations are called in the students' parameters.
_ACTIVATION_NAMES = {
    "ReLU": "relu",
    "GELU": "gelu",
    "SiLU": "silu",
    "Tanh": "tanh",
    "Sigmoid": "logistic",
    "Identity": "identity",
}
#: Embeddings that have a form in numpy: its name, and the tensors that it needs.
EMBEDDINGS = {
    "PiecewiseLinearEncoding": ("piecewise_linear", ("low", "width")),
    "PeriodicEncoding": ("periodic", ("frequency", "weight", "bias")),
}
_OUR_MODULES = {"skdistill.modules.mlp", "skdistill.modules.soft_tree"}


def is_ours(module):
    """Whether a module is one of this library, and no subclass of it.

    Parameters
    ----------
    module : torch.nn.Module
        Any module.

    Returns
    -------
    bool
        False for users' modules, which have no form in numpy.
    """
    return type(module).__module__ in _OUR_MODULES


def copied(tensor):
    """A tensor's numbers, float64.

    Parameters
    ----------
    tensor : Tensor
        Any tensor.

    Returns
    -------
    ndarray
        On the CPU.
    """
    return tensor.detach().cpu().double().numpy()


def shared(tensor):
    """The tensor's memory, not a copy.

    Parameters
    ----------
    tensor : Tensor
        On the CPU.

    Returns
    -------
    ndarray
        It changes with the tensor.
    """
    return tensor.detach().numpy()


def net_arrays(module, task, output_scale, array):
    """A net as arrays.

    Parameters
    ----------
    module : MLP or MLPMembers
        Trained.
    task : Task
        What its outputs mean.
    output_scale : ndarray of shape (n_targets,) or None
        By what logits are multiplied.
    array : callable
        ``array(tensor)`` -> its numbers.

    Returns
    -------
    meta, arrays : dict
        As from :meth:`Model.arrays`.
    """
    mlp = getattr(module, "mlp", module)
    members = None if mlp is module else module
    # Transposed, as the predictor computes rows times weights.
    arrays = {f"weight_{i}": array(m.weight).T for i, m in enumerate(mlp.layers)}
    biases = [m.bias for m in mlp.layers] if members is None else members.bias
    arrays |= {f"bias_{i}": array(bias) for i, bias in enumerate(biases)}
    if members is not None:
        for name in ("before", "after"):
            factors = enumerate(getattr(members, name))
            arrays |= {f"{name}_{i}": array(factor) for i, factor in factors}
    if output_scale is not None:
        arrays["output_scale"] = np.repeat(output_scale, task.widths)
    embedding, of_embedding = _embedding(mlp.embedding, array)
    meta = {
        "kind": "net",
        "activation": _ACTIVATION_NAMES[type(mlp.activation).__name__],
        "clip": mlp.clip,
        "embedding": embedding,
        "n_layers": len(mlp.layers),
        "n_members": 0 if members is None else len(members.bias[0]),
        "widths": task.widths or None,
        "is_sorted": task.quantiles is not None,
    }
    return meta, arrays | of_embedding


def _embedding(embedding, array):
    if embedding is None:
        return None, {}
    columns = {"embedded_columns": embedding.column.cpu().numpy()}
    kind = type(embedding).__name__
    if kind not in EMBEDDINGS:
        raise TypeError(
            f"numeric_embedding={kind} is of your own, and has no form in numpy."
        )
    name, parts = EMBEDDINGS[kind]
    arrays = {f"embedding_{p}": array(getattr(embedding, p)) for p in parts}
    return name, columns | arrays


def soft_tree_arrays(module, inference, array):
    """A soft tree as arrays.

    Parameters
    ----------
    module : SoftTree
        Trained.
    inference : {"mixture", "path", "leaf"}
        Whose answer counts: that of all leaves, or of one.
    array : callable
        ``array(tensor)`` -> its numbers.

    Returns
    -------
    meta, arrays : dict
        As from :meth:`Model.arrays`.
    """
    mixes = inference == "mixture"
    arrays = {
        "gate_weight": array(module.gate_weight).T,
        "gate_bias": array(module.gate_bias),
        "gates": module.shape.gates,
        "leaf": array(module.leaf if mixes else module.path_leaf),
    }
    if mixes and module.has_linear_leaves:
        arrays["leaf_weight"] = array(module.leaf_weight).T
    meta = {
        "kind": "soft_tree",
        "inference": inference,
        "is_classifier": module.is_classifier,
        "is_sorted": module.is_sorted,
        "is_live": False,
        "widths": module.widths,
    }
    return meta, arrays
