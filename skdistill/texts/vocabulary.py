"""The vocabulary of a tokenizer: trained on texts, or cut to what texts use.

Tokenizers are those of Hugging Face's ``tokenizers``, the extra "text".
"""

import contextlib
import json
from importlib import import_module
from pathlib import Path

import numpy as np

#: The special tokens of a vocabulary that is trained here, as BERT has them.
SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")
# In which older models keep their vocabulary.
_FILES = (
    *("vocab.txt", "vocab.json", "spiece.model", "tokenizer.model"),
    *("sentencepiece.bpe.model", "spm.model"),
)
# Stands before each word while pieces are learnt.
_MARK = "\u2581"


def tokenizers():
    """The package, or one clear error.

    Returns
    -------
    module
        ``tokenizers``.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    return text_package("tokenizers")


def text_package(name):
    """A package of the extra "text", or one clear error.

    Parameters
    ----------
    name : str
        The package.

    Returns
    -------
    module
        Imported.

    Raises
    ------
    ImportError
        If it is not installed.
    """
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(
            f"Texts need the package {name}: install skdistill[text]."
        ) from error


@contextlib.contextmanager
def quiet_transformers():
    """The package ``transformers`` without its bars, and its table of a new head.

    Yields
    ------
    module
        ``transformers``.
    """
    transformers = text_package("transformers")
    log = transformers.logging
    level, had_bars = log.get_verbosity(), log.is_progress_bar_enabled()
    log.set_verbosity_error()
    log.disable_progress_bar()
    try:
        yield transformers
    finally:
        log.set_verbosity(level)
        if had_bars:
            log.enable_progress_bar()


def trained_tokenizer(texts, vocab_size):
    """A lower-casing WordPiece tokenizer, trained on texts.

    Parameters
    ----------
    texts : iterable of str
        To learn the vocabulary from.
    vocab_size : int
        Size of the vocabulary at most.

    Returns
    -------
    tokenizers.Tokenizer
        It puts [CLS] and [SEP] around each text.
    """
    package = tokenizers()
    normalizer = package.normalizers.BertNormalizer(lowercase=True)
    words = package.pre_tokenizers.BertPreTokenizer()
    pieces = _pieces(texts, vocab_size, normalizer, words)
    numbers = {piece: i for i, piece in enumerate([*SPECIAL, *pieces])}
    tokenizer = package.Tokenizer(
        package.models.WordPiece(
            numbers, unk_token="[UNK]", max_input_chars_per_word=100
        )
    )
    tokenizer.normalizer, tokenizer.pre_tokenizer = normalizer, words
    tokenizer.decoder = package.decoders.WordPiece()
    tokenizer.add_special_tokens(list(SPECIAL))
    ids = {token: tokenizer.token_to_id(token) for token in ("[CLS]", "[SEP]")}
    tokenizer.post_processor = package.processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=list(ids.items()),
    )
    return tokenizer


def _pieces(texts, vocab_size, normalizer, words):
    """Pieces of words by pair merges, in WordPiece's writing.

    The package's own trainer of WordPiece breaks ties by the order of a hash table,
    which differs between processes. Its trainer of pair merges does not: words are
    marked at their start there, and what has no mark continues a word.
    """
    package = tokenizers()
    tokenizer = package.Tokenizer(package.models.BPE())
    tokenizer.normalizer = normalizer
    marks = package.pre_tokenizers.Metaspace(_MARK, prepend_scheme="always")
    tokenizer.pre_tokenizer = package.pre_tokenizers.Sequence([words, marks])
    trainer = package.trainers.BpeTrainer(
        vocab_size=max(vocab_size - len(SPECIAL), 1), show_progress=False
    )
    tokenizer.train_from_iterator(texts, trainer)
    written = {
        piece.removeprefix(_MARK) if piece.startswith(_MARK) else "##" + piece
        for piece in tokenizer.get_vocab()
    }
    return sorted(written - {"", *SPECIAL})


def read_tokenizer(folder, as_it_is=False):
    """The tokenizer that lies beside pretrained weights.

    Parameters
    ----------
    folder : str or path
        Of a model of ``transformers``.
    as_it_is : bool, default=False
        Whether it keeps its own padding and truncation.

    Returns
    -------
    tokenizers.Tokenizer
        From ``tokenizer.json``, if that is there.

    Raises
    ------
    ValueError
        If there is none.
    """
    file = Path(folder) / "tokenizer.json"
    if file.is_file():
        tokenizer = tokenizers().Tokenizer.from_file(str(file))
        return tokenizer if as_it_is else unpadded(tokenizer)
    auto = text_package("transformers").AutoTokenizer
    # Without any of these the library makes a tokenizer that knows no word.
    if not any((Path(folder) / name).is_file() for name in _FILES):
        raise ValueError(
            f"{str(folder)!r} holds no tokenizer: put the model's tokenizer.json beside "
            "its weights."
        )
    try:
        slow = auto.from_pretrained(str(folder), local_files_only=True)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise ValueError(
            f"{str(folder)!r} holds no tokenizer that can be read: put the model's "
            f"tokenizer.json beside its weights. ({error})"
        ) from error
    if not hasattr(slow, "backend_tokenizer"):
        raise ValueError(
            f"The tokenizer in {str(folder)!r} has no form of the package tokenizers: "
            "put a tokenizer.json there."
        )
    backend = slow.backend_tokenizer
    return backend if as_it_is else unpadded(backend)


def unpadded(tokenizer):
    """A copy of a tokenizer that neither pads nor truncates.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer
        Left as it is.

    Returns
    -------
    tokenizers.Tokenizer
        The copy.
    """
    twin = tokenizers().Tokenizer.from_str(tokenizer.to_str())
    twin.no_padding()
    twin.no_truncation()
    return twin


def special_ids(tokenizer):
    """Numbers of the special tokens, by what they are for.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer
        BERT's names, or RoBERTa's.

    Returns
    -------
    dict of int
        "pad", "unk", "cls", "sep" and "mask", as far as they are there.
    """
    named = special_tokens(tokenizer).items()
    return {key: tokenizer.token_to_id(token) for key, token in named}


def special_tokens(tokenizer):
    """The special tokens, by what they are for.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer
        BERT's names, or RoBERTa's.

    Returns
    -------
    dict of str
        As from ``special_ids``.
    """
    others = {"pad": "<pad>", "unk": "<unk>", "cls": "<s>", "sep": "</s>"}
    others["mask"] = "<mask>"
    found = {}
    for key, other in others.items():
        names = f"[{key.upper()}]", other
        known = [name for name in names if tokenizer.token_to_id(name) is not None]
        found |= {key: known[0]} if known else {}
    return found


def cut_tokenizer(tokenizer, used):
    """A tokenizer without the tokens that some texts do not use.

    Special tokens stay, and single characters of the tokens that stay, so that other
    words can be spelled. Texts whose tokens are all kept are cut as before.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer
        Of WordPiece; left as it is.
    used : ndarray of bool, shape (n_tokens,)
        Which tokens the texts use.

    Returns
    -------
    smaller : tokenizers.Tokenizer
        With numbers of its own.
    kept : ndarray of int
        The number that each of its tokens had before.

    Raises
    ------
    ValueError
        For a tokenizer of another kind.
    """
    description = json.loads(tokenizer.to_str())
    if description["model"]["type"] != "WordPiece":
        raise ValueError(
            'vocab_size="used" leaves out tokens of a WordPiece vocabulary, as BERT has '
            f"it, and this one is {description['model']['type']}: set vocab_size=None."
        )
    vocabulary = tokenizer.get_vocab()
    stays = {t for t, i in vocabulary.items() if i < len(used) and used[i]}
    prefix = description["model"].get("continuing_subword_prefix", "##")
    letters = {letter for token in stays for letter in token}
    stays |= {t for t in vocabulary if t.removeprefix(prefix) in letters}
    stays |= {token["content"] for token in description["added_tokens"]}
    stays.add(description["model"]["unk_token"])
    kept = sorted(vocabulary[token] for token in stays)
    names = {i: token for token, i in vocabulary.items()}
    smaller = _renumbered(tokenizer, [names[i] for i in kept])
    return smaller, np.array(kept)


def _renumbered(tokenizer, tokens):
    """The same tokenizer with these tokens alone, numbered in this order."""
    description = json.loads(tokenizer.to_str())
    numbers = {token: i for i, token in enumerate(tokens)}
    description["model"]["vocab"] = numbers
    for token in description["added_tokens"]:
        token["id"] = numbers[token["content"]]
    description["added_tokens"].sort(key=lambda token: token["id"])
    after = description.get("post_processor") or {}
    if after.get("type") == "TemplateProcessing":
        for name, special in after["special_tokens"].items():
            special["ids"] = [numbers[token] for token in special["tokens"]]
            special["id"] = name
    for end in ("sep", "cls"):  # of BertProcessing
        if isinstance(after.get(end), list):
            after[end][1] = numbers[after[end][0]]
    return tokenizers().Tokenizer.from_str(json.dumps(description))
