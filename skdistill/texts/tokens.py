"""The student's view of texts: numbers of tokens, padded on the right."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ..warn import warn
from .reading import Texts, read_texts
from .vocabulary import cut_tokenizer, special_ids, trained_tokenizer, unpadded

#: What stands behind the last token of a text.
NOTHING = -1
# "auto" cuts texts longer than so many, and not at all where all are nearly as short.
_SHARE, _SLACK = 0.995, 1.5
# So many texts are cut into tokens at once: what the package makes of one is large.
_AT_ONCE = 4096
# Tokens of a trained vocabulary.
_TRAINED = 8000


class TokenView(TransformerMixin, BaseEstimator):
    """Texts as numbers of tokens.

    Parameters
    ----------
    tokenizer : tokenizers.Tokenizer, default=None
        Of pretrained weights; None: one is trained on the texts.
    vocab_size : int, "used" or None, default=None
        Size of a trained vocabulary at most, 8,000 for None. "used": of a pretrained one
        only the tokens that the texts use, and single letters. None: all of them.
    max_length : int or "auto", default="auto"
        Tokens of a text, special ones included; the rest is cut. "auto": so many that
        99.5 % of the texts are whole.
    most : int, default=512
        Tokens that the weights have positions for.

    Attributes
    ----------
    tokenizer_ : tokenizers.Tokenizer
        In use.
    kept_ : ndarray of int or None
        The pretrained number of each token, where some were left out.
    max_length_ : int
        Tokens of a text at most.
    counts_ : ndarray of int of shape (n_tokens,)
        How often the training texts have each token.
    special_ids_ : dict of int
        Numbers of the tokens "pad", "unk", "cls", "sep" and "mask", as far as they are
        known.
    n_segments_ : int
        2 for pairs of texts.

    Examples
    --------
    >>> from skdistill.texts.tokens import TokenView
    >>> texts = ["a fine film", "a fine day", "film a day"] * 9
    >>> TokenView().fit(texts).transform(["a fine film", "film"]).shape
    (2, 1, 5)
    """

    def __init__(self, tokenizer=None, vocab_size=None, max_length="auto", most=512):
        self.tokenizer = tokenizer
        self.vocab_size = vocab_size
        self.max_length = max_length
        self.most = most

    @classmethod
    def ready(cls, tokenizer, n_segments):
        """The view that a tokenizer with its length describes.

        Parameters
        ----------
        tokenizer : tokenizers.Tokenizer
            It truncates.
        n_segments : int
            2 for pairs of texts.

        Returns
        -------
        TokenView
            Fitted.
        """
        view = cls(tokenizer)
        view.tokenizer_, view.kept_, view.n_segments_ = tokenizer, None, n_segments
        view.max_length_ = tokenizer.truncation["max_length"]
        view.special_ids_ = special_ids(tokenizer)
        return view

    def fit(self, X, y=None, more=()):
        """Learn the vocabulary and the length.

        Parameters
        ----------
        X : Texts or array-like of str
            Training texts.
        y : None
            Ignored.
        more : sequence of Texts, default=()
            Texts whose tokens are kept too.

        Returns
        -------
        TokenView
            Itself.
        """
        X = _read(X)
        self.n_segments_ = len(X.segments)
        self.tokenizer_, self.kept_ = self._vocabulary([X, *more])
        lengths, self.counts_ = self._counted(X)
        self.max_length_ = self._length(lengths)
        self.tokenizer_.enable_truncation(self.max_length_)
        self.special_ids_ = special_ids(self.tokenizer_)
        n_cut = int((lengths > self.max_length_).sum())
        if n_cut:
            warn(
                f"{n_cut} of {len(X)} texts have more than {self.max_length_} tokens, and "
                f"are cut there (the longest has {lengths.max()}): raise max_length to "
                "keep more of them."
            )
        return self

    def _vocabulary(self, texts):
        if self.tokenizer is None:
            size = _TRAINED if self.vocab_size in (None, "used") else self.vocab_size
            every = (s for each in texts for segment in each.segments for s in segment)
            return trained_tokenizer(every, size), None
        tokenizer = unpadded(self.tokenizer)
        if self.vocab_size is None:
            return tokenizer, None
        used = np.zeros(tokenizer.get_vocab_size(), dtype=bool)
        for each in texts:
            for encoding in _encoded(tokenizer, each):
                used[encoding.ids] = True
        return cut_tokenizer(tokenizer, used)

    def _counted(self, texts):
        """Lengths of the texts, and how often they have each token."""
        lengths, counts = [], np.zeros(self.tokenizer_.get_vocab_size(), np.int64)
        for encoding in _encoded(self.tokenizer_, texts):
            ids = encoding.ids
            lengths.append(len(ids))
            np.add.at(counts, ids, 1)
        return np.array(lengths), counts

    def _length(self, lengths):
        longest, wanted = int(lengths.max()), self.max_length
        if wanted == "auto":
            quantile = int(np.quantile(lengths, _SHARE, method="inverted_cdf"))
            wanted = longest if longest <= _SLACK * quantile else quantile
        special = self.tokenizer_.num_special_tokens_to_add(self.n_segments_ > 1)
        return max(min(wanted, longest, self.most), special + self.n_segments_)

    def is_from(self, tokenizer):
        """Whether texts are cut into the same tokens as by another tokenizer.

        Parameters
        ----------
        tokenizer : tokenizers.Tokenizer
            Such as a teacher's.

        Returns
        -------
        bool
            True where this view's tokenizer is that one, or a part of it.
        """
        own = self.tokenizer
        return (
            own is not None and unpadded(own).to_str() == unpadded(tokenizer).to_str()
        )

    def transform(self, X):
        """Numbers of the tokens of texts.

        Parameters
        ----------
        X : Texts or array-like of str
            Texts, or pairs as in ``fit``.

        Returns
        -------
        ndarray of shape (n, 1, max_length_) or (n, 2, max_length_)
            Int32, and -1 behind the end of a text. Of pairs also the segment, 0 or 1, of
            each token.

        Warns
        -----
        UserWarning
            If less than half of a text is read.
        """
        check_is_fitted(self)
        X = _read(X)
        out = np.full((len(X), self.n_segments_, self.max_length_), NOTHING, np.int32)
        n_long = 0
        for row, encoding in zip(out, _encoded(self.tokenizer_, X), strict=True):
            row[0, : len(encoding.ids)] = encoding.ids
            if self.n_segments_ > 1:
                row[1, : len(encoding.ids)] = encoding.type_ids
            n_long += len(encoding.overflowing) > 1
        if n_long:
            warn(
                f"{n_long} of {len(X)} texts have over twice as many tokens as are read, "
                f"{self.max_length_}: split them, or fit with a larger max_length."
            )
        return out


def n_tokens(x):
    """Number of tokens of texts.

    Parameters
    ----------
    x : ndarray of shape (n, n_segments, width)
        From ``TokenView``.

    Returns
    -------
    ndarray of shape (n,)
        Special tokens included.
    """
    return (x[:, 0] != NOTHING).sum(axis=1)


def _encoded(tokenizer, texts):
    """The texts one after another as the package has them, special tokens included."""
    for start in range(0, len(texts), _AT_ONCE):
        parts = [segment[start : start + _AT_ONCE] for segment in texts.segments]
        rows = parts[0] if len(parts) == 1 else list(zip(*parts, strict=True))
        yield from tokenizer.encode_batch_fast(rows)


def _read(X):
    return X if isinstance(X, Texts) else read_texts(X)
