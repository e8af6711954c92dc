"""Where a text student's weights start: a teacher, a folder, or nowhere."""

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.frozen import FrozenEstimator

from ..modules.encoder import TextEncoder
from ..teacher.dialects import as_model
from ..teacher.libraries import is_from
from ..texts.vocabulary import quiet_transformers, read_tokenizer, text_package

# Names of the weights of a layer, in the library's encoders.
_LAYER = re.compile(r"(.*\blayers?\.)(\d+)(\..*)")
# What a token counts in a factorised embedding that the texts do not have.
_UNSEEN = 0.1
# From scratch.
_LAYERS, _WIDTH, _HEAD_WIDTH = 2, 192, 32


@dataclass(frozen=True)
class Pretrained:
    """Weights to start from, and the tokenizer that they were trained with.

    Attributes
    ----------
    tokenizer : tokenizers.Tokenizer
        As it is.
    config : transformers.PretrainedConfig
        Of the model.
    load : callable
        ``load()`` -> the model, for sequence classification, which is not to be changed,
        and whether its answers mean something yet.
    labels : ndarray or None
        What its answers are; None where they are not named.
    """

    tokenizer: Any
    config: Any
    load: Callable
    labels: Any = None

    @property
    def n_positions(self):
        """Tokens of a text at most."""  # numpydoc ignore=RT01
        most = getattr(self.config, "max_position_embeddings", 512)
        # RoBERTa and its kin count positions from behind the padding's number.
        counts_on = self.config.model_type in {"roberta", "xlm-roberta", "mpnet"}
        return most - (self.config.pad_token_id + 1 if counts_on else 0)


def start_of(init, teacher):
    """Where a student's weights start.

    Parameters
    ----------
    init : {"auto", "teacher"}, str, path, object or None
        The student's parameter.
    teacher : object, list of objects or None
        Fitted.

    Returns
    -------
    Pretrained or None
        None for weights drawn at random.

    Raises
    ------
    ValueError
        If there is nothing to start from where `init` points.
    """
    if init is None:
        return None
    if isinstance(init, str) and init in {"auto", "teacher"}:
        found = None if teacher is None else pretrained_of(teacher)
        if found is None and init == "teacher":
            raise ValueError(
                f'init="teacher" starts from the layers of a transformer, and teacher='
                f"{teacher!r} is none: give a folder of pretrained weights as init, or "
                "None to start from scratch."
            )
        return found
    if isinstance(init, str | PathLike):
        return _in_folder(init)
    found = pretrained_of(init)
    if found is None:
        raise TypeError(
            f'init={init!r} must be "auto", "teacher", a folder of pretrained weights, a '
            "fitted TextClassifier or another transformer, or None."
        )
    return found


def pretrained_of(model):
    """The transformer that a teacher is.

    Parameters
    ----------
    model : object
        A single model.

    Returns
    -------
    Pretrained or None
        None for a teacher of another kind.
    """
    while isinstance(model, FrozenEstimator):
        model = model.estimator
    model = getattr(model, "best_estimator_", model)
    encoder = getattr(getattr(model, "net_", None), "module_", None)
    if isinstance(encoder, TextEncoder):
        tokenizer, labels = model.preprocessor_.tokenizer_, None
        if hasattr(model, "classes_"):
            labels = model.classes_
        return _ready(encoder.model, tokenizer, labels)
    if is_from(model, "transformers", "TextClassificationPipeline"):
        labels = as_model(model).labels()
        return _ready(model.model, model.tokenizer.backend_tokenizer, labels)
    if is_from(model, "transformers", "PreTrainedModel"):
        tokenizer = read_tokenizer(model.config._name_or_path)
        return _ready(model, tokenizer, as_model(model).labels())
    return None


def _ready(model, tokenizer, labels=None):
    return Pretrained(tokenizer, model.config, lambda: (model, True), labels)


def _in_folder(folder):
    path = Path(folder)
    if not path.is_dir():
        raise ValueError(
            f"{str(folder)!r} is no folder on this machine, and nothing is downloaded by "
            "itself: put config.json, model.safetensors and tokenizer.json of the model "
            "into a folder, and give its path."
        )
    tokenizer = read_tokenizer(path)
    config = _read(text_package("transformers").AutoConfig.from_pretrained, path)

    def load():
        with quiet_transformers() as transformers:
            auto = transformers.AutoModelForSequenceClassification
            model, notes = _read(auto.from_pretrained, path, output_loading_info=True)
        return model, not notes["missing_keys"]

    return Pretrained(tokenizer, config, load)


def _read(reader, path, **options):
    try:
        return reader(str(path), local_files_only=True, **options)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(
            f"{str(path)!r} holds no model that transformers can read: {error}"
        ) from error


def new_encoder(n_tokens, n_outputs, params, n_positions, special):
    """A model with weights drawn at random.

    Parameters
    ----------
    n_tokens : int
        Size of the vocabulary.
    n_outputs : int
        Numbers in an answer.
    params : object
        ``n_layers``, ``hidden_size``, ``embedding_size``, ``dropout``.
    n_positions : int
        Tokens of a text at most.
    special : dict of int
        Numbers of the special tokens.

    Returns
    -------
    transformers.PreTrainedModel
        A BERT; with a factorised embedding an ELECTRA, which is otherwise the same.
    """
    transformers = text_package("transformers")
    width = params.hidden_size or _WIDTH
    options = {
        "vocab_size": n_tokens,
        "hidden_size": width,
        "num_hidden_layers": params.n_layers or _LAYERS,
        "num_attention_heads": _n_heads(width),
        "intermediate_size": 4 * width,
        "max_position_embeddings": n_positions,
        "pad_token_id": special["pad"],
        "num_labels": n_outputs,
        # As BERT's 0.02, which is for 768 columns.
        "initializer_range": 0.02 * (768 / width) ** 0.5,
        **_dropouts(params),
    }
    if params.embedding_size is None or params.embedding_size == width:
        config = transformers.BertConfig(**options)
        return transformers.BertForSequenceClassification(config)
    options["embedding_size"] = params.embedding_size
    config = transformers.ElectraConfig(**options)
    return transformers.ElectraForSequenceClassification(config)


def _n_heads(width):
    """Heads of some 32 columns each."""
    wanted = max(1, width // _HEAD_WIDTH)
    return next(n for n in range(wanted, 0, -1) if width % n == 0)


def _dropouts(params):
    if params.dropout is None:
        return {}
    names = ("hidden_dropout_prob", "attention_probs_dropout_prob")
    return dict.fromkeys(names, params.dropout)


def chosen_layers(n_teacher, n_layers):
    """Layers of the teacher that a student takes, evenly spaced, the last one included.

    Parameters
    ----------
    n_teacher, n_layers : int
        Numbers of layers.

    Returns
    -------
    list of int
        Ascending.
    """
    if n_layers == 1:
        return [n_teacher - 1]
    return np.linspace(0, n_teacher - 1, n_layers).round().astype(int).tolist()


def smaller_encoder(model, n_outputs, params, kept, takes_head, counts=None):
    """A model that starts from some layers of another one.

    Parameters
    ----------
    model : transformers.PreTrainedModel
        Where it starts; not changed.
    n_outputs : int
        Numbers in an answer.
    params : object
        ``n_layers``, ``hidden_size``, ``embedding_size``, ``dropout``.
    kept : ndarray of int or None
        Tokens that are kept; None for all.
    takes_head : bool
        Whether the model's answers mean the same.
    counts : ndarray of shape (n_tokens,), default=None
        How often the texts have each of the kept tokens, for a factorised embedding;
        None: all alike.

    Returns
    -------
    transformers.PreTrainedModel
        A new model.
    """
    n, width = model.config.num_hidden_layers, model.config.hidden_size
    if params.hidden_size not in (None, width):
        raise ValueError(
            f"hidden_size={params.hidden_size} is not that of the weights to start from, "
            f"{width}: leave it None, or start from scratch (init=None)."
        )
    if params.n_layers is not None and params.n_layers > n:
        raise ValueError(
            f"n_layers={params.n_layers} are more than the weights to start from have, "
            f"{n}: take fewer, or start from scratch (init=None)."
        )
    layers = chosen_layers(n, params.n_layers or n)
    if counts is None:
        counts = np.ones(model.config.vocab_size if kept is None else len(kept))
    config = copy.deepcopy(model.config)
    config.num_hidden_layers = len(layers)
    if kept is not None:
        config.vocab_size = len(kept)
        if config.pad_token_id is not None:
            config.pad_token_id = int(np.searchsorted(kept, config.pad_token_id))
    config.num_labels = n_outputs  # labels are named by whoever saves it
    config.problem_type = None
    for name, value in _dropouts(params).items():
        if hasattr(config, name):
            setattr(config, name, value)
    smaller, state = type(model)(config), _of_layers(model.state_dict(), layers)
    embedding = _name_of(model, model.get_input_embeddings().weight)
    if kept is not None:
        state[embedding] = state[embedding][torch.from_numpy(kept)]
    base = model.base_model_prefix + "."
    if not takes_head:
        state = {name: value for name, value in state.items() if name.startswith(base)}
    lacking, unknown = smaller.load_state_dict(state, strict=False)
    lacking = [name for name in lacking if takes_head or name.startswith(base)]
    if lacking or unknown or not any(map(_LAYER.fullmatch, state)):
        raise ValueError(
            f"The layers of a {type(model).__name__} cannot be told apart, and no student "
            "can start from some of them: start from scratch (init=None)."
        )
    if params.embedding_size not in (None, embedding_size(config)):
        smaller = _factorised(smaller, params.embedding_size, counts)
    return smaller


def embedding_size(config):
    """Columns of a model's embedding of tokens.

    Parameters
    ----------
    config : transformers.PretrainedConfig
        Of the model.

    Returns
    -------
    int
        The width of its layers, unless it is factorised.
    """
    return getattr(config, "embedding_size", None) or config.hidden_size


def _of_layers(state, layers):
    """Weights of some layers, numbered anew, and all that belongs to no layer."""
    renumbered = {old: new for new, old in enumerate(layers)}
    chosen = {}
    for name, value in state.items():
        found = _LAYER.fullmatch(name)
        if found is None:
            chosen[name] = value
        elif int(found[2]) in renumbered:
            chosen[f"{found[1]}{renumbered[int(found[2])]}{found[3]}"] = value
    return chosen


def _name_of(model, parameter):
    named = model.named_parameters()
    return next(name for name, value in named if value is parameter)


def _factorised(model, size, counts):
    """The same model with a factorised embedding, as near to its own as may be."""
    transformers = text_package("transformers")
    config = model.config
    if config.model_type != "bert":
        raise ValueError(
            f"embedding_size={size} factorises the embedding of a BERT, and these weights "
            f"are of a {config.model_type}: leave it None, or start from scratch "
            "(init=None)."
        )
    common = {k: v for k, v in config.to_dict().items() if k in _COMMON}
    small = transformers.ElectraForSequenceClassification(
        transformers.ElectraConfig(
            **common, embedding_size=size, num_labels=config.num_labels
        )
    )
    small.electra.encoder.load_state_dict(model.bert.encoder.state_dict())
    with torch.no_grad():
        _factorise(model.bert.embeddings, small.electra, size, counts)
    return small


def _factorise(wide, small, size, counts):
    """Principal components of what the layers get of a token at an average place.

    ELECTRA normalises before it projects, and BERT after its sum; what the normalised
    rows have in common goes to the bias of the projection.
    """
    words, places = wide.word_embeddings.weight, wide.position_embeddings.weight
    kinds, norm = wide.token_type_embeddings.weight, wide.LayerNorm
    rows = words + places.mean(dim=0) + kinds[0]
    seen = norm(rows)
    # Tokens count by their number, and a little where the texts have none.
    share = torch.from_numpy(counts).to(rows) + _UNSEEN
    share = share[:, None] / share.sum()
    center = (share * seen).sum(dim=0)
    covariance = (share * (seen - center)).T @ (seen - center)
    components = torch.linalg.eigh(covariance)[1].flip(dims=[1]).T[:size]
    parts = (seen - center) @ components.T
    # Places and kinds move a row by so much, after the normalisation.
    moves = components.T * norm.weight[:, None] / rows.std(dim=1).mean()
    table = small.embeddings
    table.word_embeddings.weight.copy_(parts)
    table.position_embeddings.weight.copy_((places - places.mean(dim=0)) @ moves)
    table.token_type_embeddings.weight.copy_((kinds - kinds[0]) @ moves)
    small.embeddings_project.weight.copy_(components.T * parts.square().mean().sqrt())
    small.embeddings_project.bias.copy_(center)


# What a BERT's and an ELECTRA's configuration have in common.
_COMMON = (
    *("vocab_size", "hidden_size", "num_hidden_layers", "num_attention_heads"),
    *("intermediate_size", "hidden_act", "hidden_dropout_prob", "type_vocab_size"),
    *("attention_probs_dropout_prob", "max_position_embeddings", "layer_norm_eps"),
    *("initializer_range", "pad_token_id"),
)
