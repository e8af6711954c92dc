"""Words that a masked language model expects in the place of others."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import numpy as np

from .words import is_word, spelt_like

# Words of a text that the model is shown at once, and no more tokens.
_WINDOW, _MOST_TOKENS = 100, 256
# Numbers in the answer about a batch, 256 MB: a number for each token and word.
_MOST_NUMBERS, _MOST_ROWS = 1 << 26, 64
_MANY = 1024  # windows made into tokens at once


class MaskModel:
    """A masked language model, and which of its tokens are whole words.

    Parameters
    ----------
    model, tokenizer : object
        Of transformers.
    n_words : int
        The number of words that one is drawn from.
    """

    def __init__(self, model, tokenizer, n_words):
        if getattr(tokenizer, "mask_token_id", None) is None:
            raise ValueError(
                "mask_model has a tokenizer without a mask token: give that of a masked "
                "language model, such as BERT's."
            )
        self.model, self.tokenizer, self.n_words = model, tokenizer, n_words
        self.words = _whole_words(tokenizer, model.config.vocab_size)
        self.is_word = np.array([bool(word) for word in self.words])
        if not self.is_word.any():
            raise ValueError("mask_model has a tokenizer without a whole word.")

    @classmethod
    def of(cls, given, n_words):
        """Load a model from a folder, or take a pair.

        Parameters
        ----------
        given : path-like or pair
            A folder, or ``(model, tokenizer)``.
        n_words : int
            The number of words that one is drawn from.

        Returns
        -------
        MaskModel
            Ready to be asked.

        Raises
        ------
        ValueError
            If there is no such folder, or no such model in it.
        ImportError
            If transformers is not installed.
        """
        if not isinstance(given, tuple | list):
            return cls(*_loaded(Path(given)), n_words)
        if len(given) != 2 or not hasattr(given[0], "config"):
            raise ValueError(
                "mask_model is a folder or a pair (model, tokenizer) of transformers."
            )
        return cls(*given, n_words)

    def have(self, code):
        """Which words can be replaced: all.

        Parameters
        ----------
        code : ndarray of int of shape (m,)
            Words, as numbers.

        Returns
        -------
        ndarray of bool of shape (m,)
            True for each.
        """
        return np.ones(len(code), dtype=bool)

    def draw(self, draft, words, random):
        """A word for each of some words of a draft: one that the model expects there.

        Parameters
        ----------
        draft : Draft
            Parts of texts.
        words : ndarray of int of shape (k,)
            The words to replace, ascending.
        random : numpy.random.RandomState
            The generator.

        Returns
        -------
        list of str
            The word itself, where the model could not be shown its place.
        """
        old = draft.pieces[draft.place()[words]].tolist()
        new, dice = list(old), random.random_sample(len(words))
        pieces = draft.pieces.copy()
        pieces[draft.place()[words]] = self.tokenizer.mask_token
        windows = _windows(draft, words)
        for start in range(0, len(windows), _MANY):
            some = windows[start : start + _MANY]
            texts = ["".join(pieces[window.pieces]) for window in some]
            for i, scores, tokens in self._expected(texts):
                at = range(len(words))[some[i].words]
                # The end may be cut off. What has more masks than words had some before.
                if len(scores) <= len(at):
                    for k, score, token in zip(at, scores, tokens, strict=False):
                        new[k] = self._drawn(old[k], score, token, dice[k])
        return new

    def _drawn(self, old, scores, tokens, dice):
        """One of the tokens as a word, by their scores; never the old word."""
        words = [self.words[token] for token in tokens]
        shares = np.exp(scores - scores.max())
        shares[[word.lower() == old.lower() for word in words]] = 0
        upto = np.cumsum(shares)
        if not upto[-1] > 0:
            return old
        drawn = np.searchsorted(upto, dice * upto[-1], side="right")
        return spelt_like(old, words[min(drawn, len(words) - 1)])

    def _expected(self, texts):
        """The number of each text, and scores and tokens for each of its masks."""
        limits = (
            _MOST_TOKENS,
            self.tokenizer.model_max_length,
            # RoBERTa's positions begin with 2.
            getattr(self.model.config, "max_position_embeddings", _MOST_TOKENS + 2) - 2,
        )
        tokens = self.tokenizer(texts, truncation=True, max_length=min(limits))
        rows = tokens["input_ids"]
        order = sorted(range(len(rows)), key=lambda i: -len(rows[i]))
        while order:
            longest = len(rows[order[0]])
            size = max(1, min(_MOST_ROWS, _MOST_NUMBERS // (longest * len(self.words))))
            batch, order = order[:size], order[size:]
            padded = self.tokenizer.pad(
                {"input_ids": [rows[i] for i in batch]}, return_tensors="pt"
            )
            yield from zip(batch, *self._best(padded), strict=True)

    def _best(self, padded):
        """Scores and tokens of the best whole words at the masks of each row."""
        torch, model = import_module("torch"), self.model
        padded = padded.to(model.device)
        trains = model.training
        model.eval()
        try:
            with torch.inference_mode():
                logits = model(**padded).logits
                is_mask = padded["input_ids"] == self.tokenizer.mask_token_id
                at_masks = logits[is_mask].float()
                at_masks[:, torch.as_tensor(~self.is_word)] = -torch.inf
                # One more, as the word itself may be among them.
                best = at_masks.topk(min(self.n_words + 1, self.is_word.sum()))
        finally:
            model.train(trains)
        cuts = np.cumsum(is_mask.sum(dim=1).tolist())[:-1]
        return (np.split(part.cpu().numpy(), cuts) for part in best)


@dataclass(frozen=True)
class _Window:
    """Some words of a text to be shown: which of the words to replace, which pieces."""

    words: slice
    pieces: slice


def _windows(draft, words):
    """Windows of texts with the words to replace, ascending, that are in them."""
    if not len(words):
        return []
    part, starts = draft.part[words], draft.starts
    window = (words - starts[part]) // _WINDOW
    is_next = (np.diff(part) != 0) | (np.diff(window) != 0)
    begins = np.append(0, 1 + np.flatnonzero(is_next))
    ends = np.append(begins[1:], len(words))
    first = starts[part[begins]] + window[begins] * _WINDOW
    last = np.minimum(first + _WINDOW, starts[part[begins] + 1])
    place = draft.place()
    bounds = zip(begins, ends, place[first], place[last - 1] + 2, strict=True)
    return [_Window(slice(a, b), slice(c, d)) for a, b, c, d in bounds]


def _loaded(folder):
    if not folder.is_dir():
        raise ValueError(
            f"mask_model={str(folder)!r} is no folder: save a masked language model of "
            "transformers and its tokenizer there; nothing is downloaded."
        )
    try:
        transformers = import_module("transformers")
    except ImportError as error:
        raise ImportError(
            "mask_model needs transformers: pip install skdistill[text]."
        ) from error
    options = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(folder, **options)
        model, loading = transformers.AutoModelForMaskedLM.from_pretrained(
            folder, output_loading_info=True, **options
        )
    except (OSError, ValueError) as error:
        raise ValueError(
            f"mask_model={str(folder)!r} holds no masked language model of transformers "
            f"and its tokenizer: {error}"
        ) from error
    if loading["missing_keys"]:
        raise ValueError(
            f"mask_model={str(folder)!r} has no head that says which words it expects "
            f"({min(loading['missing_keys'])} is missing): it is an encoder alone."
        )
    return model, tokenizer


def _whole_words(tokenizer, n):
    """The word of each token, "" for parts of words, signs and special tokens."""
    tokens = [str(t) for t in tokenizer.convert_ids_to_tokens(range(len(tokenizer)))]
    special = set(tokenizer.all_special_tokens)
    # Tokens that begin a word are marked in some vocabularies, others go on in others.
    mark = next((m for m in "Ġ▁" if any(t.startswith(m) for t in tokens)), "")
    words = [""] * n
    for i, token in enumerate(tokens[:n]):
        if token in special or token.startswith("##") or not token.startswith(mark):
            continue
        word = tokenizer.convert_tokens_to_string([token]).strip()
        words[i] = word if is_word(word) else ""
    return words
