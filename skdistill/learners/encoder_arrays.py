"""A transformer encoder of Hugging Face's as arrays, whatever it calls its parts."""

import numpy as np

#: A layer's parts: ours, and those of each way of naming them.
_LAYER = {
    "query": ("attention.self.query", "attention.q_lin", "attention.attn.q"),
    "key": ("attention.self.key", "attention.k_lin", "attention.attn.k"),
    "value": ("attention.self.value", "attention.v_lin", "attention.attn.v"),
    "mixed": ("attention.output.dense", "attention.out_lin", "attention.attn.o"),
    "mixed_norm": (
        "attention.output.LayerNorm",
        "sa_layer_norm",
        "attention.LayerNorm",
    ),
    "wide": ("intermediate.dense", "ffn.lin1", "intermediate.dense"),
    "narrow": ("output.dense", "ffn.lin2", "output.dense"),
    "narrow_norm": ("output.LayerNorm", "output_layer_norm", "output.LayerNorm"),
}
_BERT, _DISTILBERT, _MPNET = range(3)
#: Of each architecture: its name in the state dict, how its layers are named, the two
#: parts of its head, and what is between these.
_TWO = ("classifier.dense", "classifier.out_proj")
_ARCHITECTURES = {
    "bert": ("bert", _BERT, ("bert.pooler.dense", "classifier"), "tanh"),
    "electra": ("electra", _BERT, _TWO, "gelu"),
    "roberta": ("roberta", _BERT, _TWO, "tanh"),
    "xlm-roberta": ("roberta", _BERT, _TWO, "tanh"),
    "camembert": ("roberta", _BERT, _TWO, "tanh"),
    "distilbert": ("distilbert", _DISTILBERT, ("pre_classifier", "classifier"), "relu"),
    "mpnet": ("mpnet", _MPNET, _TWO, "tanh"),
}
_CLASSES = {
    "BertForSequenceClassification": "bert",
    "ElectraForSequenceClassification": "electra",
    "RobertaForSequenceClassification": "roberta",
    "XLMRobertaForSequenceClassification": "xlm-roberta",
    "CamembertForSequenceClassification": "camembert",
    "DistilBertForSequenceClassification": "distilbert",
    "MPNetForSequenceClassification": "mpnet",
}
#: The activations between a layer's wide and narrow part, by the names in a config.
_ACTIVATIONS = {
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
    "relu": "relu",
    "silu": "silu",
    "swish": "silu",
    "tanh": "tanh",
}
#: Further apart than this, MPNet has one bias for all distances.
_FURTHEST = 128


def encoder_arrays(module):
    """An encoder with a head for whole texts, as arrays.

    Its parts have the same names whatever the architecture. ``word``, ``position`` and
    ``token_type`` are tables of embeddings. Of the linear maps ``NAME_weight`` of shape
    (n_outputs, n_inputs) and ``NAME_bias`` are there, and likewise of norms:
    ``embedding_norm``; ``projection``, where embeddings are narrower than the layers;
    of each layer ``layer_0_query``, ``_key``, ``_value``, ``_mixed``, ``_mixed_norm``,
    ``_wide``, ``_narrow``, ``_narrow_norm``; ``head`` and ``output``. ``distance`` has
    what each head adds to scores of tokens so far apart, from the furthest behind to
    the furthest ahead.

    Parameters
    ----------
    module : torch.nn.Module
        A ``BertForSequenceClassification`` of transformers, or the same of Electra,
        RoBERTa (XLM-RoBERTa, CamemBERT), DistilBERT or MPNet; not changed.

    Returns
    -------
    meta : dict
        ``kind`` ("encoder"), ``architecture``, ``n_layers``, ``n_heads``,
        ``hidden_size``, ``activation``, ``head_activation``, ``layer_norm_eps``,
        ``pad_id``, ``max_length`` (in tokens), ``skips_padding`` (whether only tokens
        that are no padding have a position), ``has_token_types`` and ``n_outputs``.
    arrays : dict of {str: ndarray}
        Float32, copies.

    Raises
    ------
    TypeError
        If the module is of another architecture, or of a form that is not known here.
    """
    architecture = _architecture(module)
    prefix, naming, _, head_activation = _ARCHITECTURES[architecture]
    state, config = module.state_dict(), module.config
    # Not the config's: whoever takes layers out may leave that as it was.
    n_layers = len(getattr(module.base_model, _inside(naming)).layer)
    arrays = {
        f"{ours}_{part}": _copied(state[f"{theirs}.{part}"])
        for ours, theirs in _names(architecture, n_layers).items()
        for part in ("weight", "bias")
        if f"{theirs}.{part}" in state or ours != "projection"
    }
    meta = {
        "kind": "encoder",
        "architecture": architecture,
        "n_layers": n_layers,
        "n_heads": config.num_attention_heads,
        "hidden_size": config.hidden_size,
        "activation": _activation(module),
        "head_activation": head_activation,
        # DistilBERT's config has none: it is written in its code.
        "layer_norm_eps": float(getattr(config, "layer_norm_eps", 1e-12)),
        "n_outputs": len(arrays["output_weight"]),
    }
    of_embeddings, tables = _embeddings(module, f"{prefix}.embeddings", state)
    if naming == _MPNET:
        tables["distance"] = _distances(module.mpnet.encoder)
    return meta | of_embeddings, arrays | tables


def _architecture(module):
    name = type(module).__name__
    architecture = _CLASSES.get(name)
    # A class of the same name may be anyone's.
    if architecture is None or not type(module).__module__.startswith("transformers."):
        raise TypeError(
            f"{name} has no form in arrays, only {', '.join(_CLASSES)} of transformers "
            "have: export it by torch.onnx."
        )
    if getattr(module.config, "is_decoder", False):
        raise TypeError(
            f"{name} with is_decoder=True sees only the tokens before each, and has no "
            "form in arrays: export it by torch.onnx."
        )
    return architecture


def _inside(naming):
    return "transformer" if naming == _DISTILBERT else "encoder"


def _names(architecture, n_layers):
    """What the linear maps and norms are called: ours, and in the state dict."""
    prefix, naming, (head, output), _ = _ARCHITECTURES[architecture]
    names = {
        "embedding_norm": f"{prefix}.embeddings.LayerNorm",
        "projection": f"{prefix}.embeddings_project",
        "head": head,
        "output": output,
    }
    layers = f"{prefix}.{_inside(naming)}.layer"
    for i in range(n_layers):
        for ours, theirs in _LAYER.items():
            names[f"layer_{i}_{ours}"] = f"{layers}.{i}.{theirs[naming]}"
    return names


def _activation(module):
    config = module.config
    name = getattr(config, "hidden_act", None) or config.activation  # DistilBERT's
    if name not in _ACTIVATIONS:
        raise TypeError(
            f"{type(module).__name__} with the activation {name!r} has no form in arrays, "
            f"only with one of {', '.join(_ACTIVATIONS)}: export it by torch.onnx."
        )
    return _ACTIVATIONS[name]


def _embeddings(module, prefix, state):
    embeddings = module.base_model.embeddings
    pad_id = module.config.pad_token_id or 0
    tables = {
        name: _copied(state[f"{prefix}.{name}_embeddings.weight"])
        for name in ("word", "position", "token_type")
        if f"{prefix}.{name}_embeddings.weight" in state
    }
    # A single type of token, as RoBERTa has, needs no question.
    has_types = len(tables.get("token_type", ())) > 1
    if not has_types and "token_type" in tables:
        tables["position"] += tables.pop("token_type")
    # RoBERTa's and MPNet's positions begin behind that of padding; the others' modules
    # have no such attribute. MPNet's is always 1, whatever its config says.
    skips = hasattr(embeddings, "padding_idx")
    pad_id = embeddings.padding_idx if skips else pad_id
    meta = {
        "pad_id": pad_id,
        "skips_padding": skips,
        "max_length": len(tables["position"]) - (pad_id + 1 if skips else 0),
        "has_token_types": has_types,
    }
    return meta, tables


def _distances(encoder):
    """What MPNet adds to the scores of tokens so far apart: (2 * furthest + 1, heads)."""
    weight = encoder.relative_attention_bias.weight
    apart = weight.new_tensor(range(-_FURTHEST, _FURTHEST + 1)).long()
    return _copied(weight[encoder.relative_position_bucket(apart)])


def _copied(tensor):
    return np.array(tensor.detach().cpu().float().numpy())
