"""A transformer encoder as an ONNX graph."""

import numpy as np

from .graph import Graph, activated, linear

#: What is added to scores of padding: its share is 0, and a row of padding is no NaN.
_MASKED = np.finfo(np.float32).min


def encoder_graph(meta, arrays):
    """Write an encoder as an ONNX model.

    Its inputs are ``input_ids``, ``attention_mask`` and, where the encoder tells types
    of tokens apart, ``token_type_ids``: int64, of any number of rows and tokens up to
    ``max_length``. Its output is ``logits``. There is no dropout in it. Of the last
    layer only what the first token needs is computed, for nothing else is read.

    Parameters
    ----------
    meta, arrays : dict
        As from :func:`~skdistill.learners.encoder_arrays.encoder_arrays`.

    Returns
    -------
    onnx.ModelProto
        For onnxruntime from 1.21 on.

    Raises
    ------
    ImportError
        If onnx is not installed.
    """
    parts = _Parts(meta, arrays)
    x = parts.embedded()
    scores_too = parts.added_to_scores()
    last = meta["n_layers"] - 1
    for i in range(meta["n_layers"]):
        own = x
        if i == last:  # of the head's token alone, whose scores reach all others
            own = parts.first(x)
            scores_too = parts.first(scores_too, axis=2) if parts.biased else scores_too
        x = parts.layer(f"layer_{i}", own, x, scores_too)
    if last < 0:
        x = parts.first(x)
    x = parts.graph.add("Squeeze", x, np.array([1]))
    x = activated(parts.graph, parts.linear("head", x), meta["head_activation"])
    parts.linear("output", x)
    parts.graph.named("logits")
    axes = ["batch", "length"]
    return parts.graph.model(
        dict.fromkeys(input_names(meta), (np.int64, axes)),
        {"logits": (np.float32, ["batch", meta["n_outputs"]])},
    )


def input_names(meta):
    """The inputs of an encoder's graph.

    Parameters
    ----------
    meta : dict
        As in :func:`encoder_graph`.

    Returns
    -------
    list of str
        Two or three.
    """
    names = ["input_ids", "attention_mask"]
    return [*names, "token_type_ids"] if meta["has_token_types"] else names


def hostile_batches(meta, arrays):
    """Inputs that find out what is wrong with an export.

    Parameters
    ----------
    meta, arrays : dict
        As in :func:`encoder_graph`.

    Returns
    -------
    list of dict of {str: ndarray}
        A single token, the first and the last of the vocabulary; 16 rows with padding
        behind and before, from all but one token to none; the longest text allowed.
    """
    rng, n_ids = np.random.default_rng(0), len(arrays["word"])
    longest = meta["max_length"]
    ends = np.array([[0], [n_ids - 1]])
    some = min(16, longest)
    ids = rng.integers(n_ids, size=(16, some))
    behind = np.arange(some) <= np.arange(16)[:, None] % some
    masks = [np.ones_like(ends), behind, behind[:, ::-1], np.ones((1, longest), int)]
    tables = [ends, ids, ids, rng.integers(n_ids, size=(1, longest))]
    return [
        _feeds(meta, arrays, np.where(mask, table, meta["pad_id"]), mask, rng)
        for table, mask in zip(tables, masks, strict=True)
    ]


def _feeds(meta, arrays, ids, mask, rng):
    values = [ids, mask]
    if meta["has_token_types"]:
        values.append(rng.integers(len(arrays["token_type"]), size=ids.shape))
    values = [value.astype(np.int64) for value in values]
    return dict(zip(input_names(meta), values, strict=True))


class _Parts:
    """What an encoder is made of, added to one graph."""

    def __init__(self, meta, arrays):
        self.meta, self.arrays, self.graph = meta, arrays, Graph()
        self.biased = "distance" in arrays

    def linear(self, name, x):
        weight, bias = (self.arrays[f"{name}_{part}"] for part in ("weight", "bias"))
        return linear(self.graph, x, weight, bias)

    def norm(self, name, x):
        weight, bias = (self.arrays[f"{name}_{part}"] for part in ("weight", "bias"))
        epsilon = self.meta["layer_norm_eps"]
        return self.graph.add(
            "LayerNormalization", x, weight, bias, axis=-1, epsilon=epsilon
        )

    def first(self, x, axis=1):
        return self.graph.add("Slice", x, *map(np.array, ([0], [1], [axis])))

    def order(self):
        length = self.graph.add("Shape", "input_ids", start=1, end=2)
        length = self.graph.add("Squeeze", length, np.array([0]))
        return self.graph.add("Range", np.array(0), length, np.array(1))

    def embedded(self):
        add = self.graph.add
        x = add("Gather", self.arrays["word"], "input_ids")
        if self.meta["has_token_types"]:
            x = add(
                "Add", x, add("Gather", self.arrays["token_type"], "token_type_ids")
            )
        x = self.norm("embedding_norm", add("Add", x, self.positions()))
        return self.linear("projection", x) if "projection_weight" in self.arrays else x

    def positions(self):
        add, table = self.graph.add, self.arrays["position"]
        if not self.meta["skips_padding"]:  # beyond the table's end is an error
            return add("Gather", table, self.order())
        pad = np.array(self.meta["pad_id"])
        real = add("Cast", add("Not", add("Equal", "input_ids", pad)), to=_INT64)
        order = add("Mul", add("CumSum", real, np.array(1)), real)
        return add("Gather", table, add("Add", order, pad))

    def added_to_scores(self):
        """What of each row's scores depends on neither layer nor words."""
        add = self.graph.add
        mask = add("Unsqueeze", "attention_mask", np.array([1, 2]))
        masked = add("Sub", 1.0, add("Cast", mask, to=_FLOAT))
        masked = add("Mul", masked, _MASKED)
        return add("Add", masked, self.distance_bias()) if self.biased else masked

    def distance_bias(self):
        add, table = self.graph.add, self.arrays["distance"]
        furthest, order = len(table) // 2, self.order()
        apart = add("Sub", order, add("Unsqueeze", order, np.array([1])))
        apart = add("Clip", apart, np.array(-furthest), np.array(furthest))
        bias = add("Gather", table, add("Add", apart, np.array(furthest)))
        return add("Transpose", bias, perm=[2, 0, 1])

    def heads(self, name, x, perm):
        n = self.meta["n_heads"]
        shape = np.array([0, 0, n, self.meta["hidden_size"] // n])
        x = self.graph.add("Reshape", self.linear(name, x), shape)
        return self.graph.add("Transpose", x, perm=perm)

    def layer(self, name, x, others, added):
        add = self.graph.add
        query = self.heads(f"{name}_query", x, [0, 2, 1, 3])
        key = self.heads(f"{name}_key", others, [0, 2, 3, 1])
        value = self.heads(f"{name}_value", others, [0, 2, 1, 3])
        size = self.meta["hidden_size"] / self.meta["n_heads"]
        scores = add("Div", add("MatMul", query, key), size**0.5)
        shares = add("Softmax", add("Add", scores, added), axis=-1)
        mixed = add("Transpose", add("MatMul", shares, value), perm=[0, 2, 1, 3])
        mixed = add("Reshape", mixed, np.array([0, 0, self.meta["hidden_size"]]))
        mixed = add("Add", self.linear(f"{name}_mixed", mixed), x)
        x = self.norm(f"{name}_mixed_norm", mixed)
        wide = self.linear(f"{name}_wide", x)
        wide = activated(self.graph, wide, self.meta["activation"])
        narrow = add("Add", self.linear(f"{name}_narrow", wide), x)
        return self.norm(f"{name}_narrow_norm", narrow)


_FLOAT, _INT64 = 1, 7  # of onnx.TensorProto
