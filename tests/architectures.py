"""A tiny encoder with random weights of each architecture that has a form in arrays."""

import torch
import transformers

SIZES = {
    "vocab_size": 60,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 110,
    "num_labels": 3,
    # As large as after training: with the usual .02 all answers are alike.
    "initializer_range": 0.3,
}
DISTILBERT = {
    "vocab_size": 60,
    "dim": 16,
    "n_layers": 2,
    "n_heads": 2,
    "hidden_dim": 32,
    "max_position_embeddings": 110,
    "num_labels": 3,
    "initializer_range": 0.3,
}
ENCODERS = {
    "bert": ("Bert", SIZES),
    "one layer": ("Bert", {**SIZES, "num_hidden_layers": 1, "num_labels": 1}),
    "one type": ("Bert", {**SIZES, "type_vocab_size": 1}),
    "relu": ("Bert", {**SIZES, "hidden_act": "relu"}),
    "gelu_new": ("Bert", {**SIZES, "hidden_act": "gelu_new"}),
    "silu": ("Bert", {**SIZES, "hidden_act": "silu"}),
    "tanh": ("Bert", {**SIZES, "hidden_act": "tanh"}),
    "electra": ("Electra", {**SIZES, "embedding_size": 16}),
    "factorised": ("Electra", {**SIZES, "embedding_size": 8}),
    "roberta": ("Roberta", SIZES),
    "roberta, types": ("Roberta", {**SIZES, "type_vocab_size": 2, "pad_token_id": 5}),
    "xlm-roberta": ("XLMRoberta", SIZES),
    "camembert": ("Camembert", SIZES),
    "distilbert": ("DistilBert", DISTILBERT),
    "mpnet": ("MPNet", SIZES),
}


def encoder(name, **changed):
    """One of ENCODERS, in eval mode; its norms and biases are not as at the start."""
    kind, options = ENCODERS[name]
    config = getattr(transformers, f"{kind}Config")(**{**options, **changed})
    torch.manual_seed(0)
    module = getattr(transformers, f"{kind}ForSequenceClassification")(config)
    for parameter in module.parameters():
        if parameter.ndim == 1:
            parameter.data += 0.1 * torch.randn_like(parameter)
    return module.eval()


def logits(module, batch):
    """The module's answers to inputs of numpy."""
    with torch.no_grad():
        tensors = {name: torch.as_tensor(value) for name, value in batch.items()}
        return module(**tensors).logits.numpy()
