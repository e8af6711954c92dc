"""Transformers of two layers and twenty words, made on the spot."""

import torch
from transformers import (
    BertConfig,
    BertForSequenceClassification,
    BertTokenizer,
    pipeline,
)

WORDS = "a the film plot cast was is very not good bad dull great fine poor odd".split()
_MARKS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
LONGEST = 12  # tokens, two marks among them


def small_tokenizer(**options):
    vocab = {word: i for i, word in enumerate(_MARKS + WORDS)}
    return BertTokenizer(vocab=vocab, **{"model_max_length": LONGEST, **options})


def small_encoder(seed=0, **options):
    """A classifier whose answers are far from equal shares."""
    config = {
        "vocab_size": len(_MARKS + WORDS),
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "max_position_embeddings": LONGEST,
        "initializer_range": 0.5,
        "num_labels": 2,
    }
    torch.manual_seed(seed)
    return BertForSequenceClassification(BertConfig(**{**config, **options}))


def small_pipeline(seed=0, **options):
    model, tokenizer = small_encoder(seed, **options), small_tokenizer()
    return pipeline("text-classification", model=model, tokenizer=tokenizer)


def small_texts(random, n=60, longest=9):
    """Texts of known words, of any length from none."""
    lengths = random.integers(0, longest + 1, n)
    return [" ".join(random.choice(WORDS, length)) for length in lengths]
