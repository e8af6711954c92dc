"""Texts made from texts: words replaced, masked, and texts cut to a few words."""

from numbers import Integral, Real
from os import PathLike

import numpy as np
from sklearn.utils._param_validation import Interval

from ..texts.reading import Texts, in_container_of, read_texts
from .expected import MaskModel
from .samplers import BaseSampler
from .words import Neighbors, Words

# "auto" draws so many texts for each of X, so many at most.
_COPIES, _MOST_DRAWN = 8, 250_000
_LONGEST_CUT = 5  # words, as in Tang et al.
_CHUNK = 1 << 20  # words drawn at once: some arrays of them


def automatic_texts(n, n_outputs=1):
    """Return the sampler that ``transfer="auto"`` stands for where texts are learnt.

    Parameters
    ----------
    n : int
        Number of training texts.
    n_outputs : int, default=1
        Of no effect.

    Returns
    -------
    TextReplacement or None
        None for a single text.
    """
    return TextReplacement(min(_COPIES * n, _MOST_DRAWN)) if n > 1 else None


class TextReplacement(BaseSampler):
    """Texts with some words replaced by words that are used alike.

    Each drawn text starts from a training text. With probability `p_replace` a word of
    it is replaced, with probability `p_mask` it is masked, and with probability `p_ngram`
    the text is cut to one to five successive words of it [1]_ [2]_. The order of words
    and what stands between them stays as it is, and so do capitals. A drawn text differs
    from the one that it starts from, if any of its words can be replaced or masked.

    Parameters
    ----------
    size : int or float, default=8.0
        How many rows to draw: a number, or a multiple of the training rows.
    p_replace : float, default=0.4
        Probability that a word is replaced.
    p_mask : float, default=0.0
        Probability that a word is masked; 0.1 is usual where teacher and student are
        transformers, which know what a mask is.
    p_ngram : float, default=0.25
        Probability that a text is cut.
    mask_token : str, default="[MASK]"
        What stands in the place of a masked word: the mask of the teacher's tokenizer, or
        "" to leave the word out.
    n_neighbors : int, default=10
        The number of words that a replacement is drawn from.
    min_count : int, default=3
        Words that the training texts hold less often stay, and replace none.
    mask_model : path-like or pair, default=None
        A masked language model of transformers: a folder, or ``(model, tokenizer)``. A
        replaced word is then one of those that it expects there. It is asked about each
        drawn text, which takes far longer. None: words with the same words beside them in
        the training texts replace each other.
    time_budget : float, default=None
        Seconds that the teacher of a student may take to label the drawn rows, fresh
        ones included; those that it had no time for are dropped, with a warning. Where
        that happens, fits do not repeat to the bit.
    refresh : int, default=None
        A student draws fresh rows in the place of these after so many epochs, for its
        teacher to label; None for never.
    n_candidates : float, default=1.0
        The fresh rows are drawn and labelled so many times, and those are likelier kept
        on which the student's loss against the teacher is large.

    Attributes
    ----------
    neighbors_ : dict of str to list of str, or None
        The words that may replace each word, the nearest first; None with a `mask_model`.

    References
    ----------
    .. [1] Tang, Lu, Liu, Mou, Vechtomova, Lin: Distilling Task-Specific Knowledge from
       BERT into Simple Neural Networks, 2019.
    .. [2] Jiao, Yin, Shang, Jiang, Chen, Li, Wang, Liu: TinyBERT: Distilling BERT for
       Natural Language Understanding, 2020.

    Examples
    --------
    >>> from skdistill import TextReplacement
    >>> texts = ["A good film.", "A bad film.", "A good story.", "A bad story."]
    >>> sampler = TextReplacement(8, min_count=2, n_neighbors=1, p_ngram=0).fit(texts)
    >>> sampler.neighbors_["good"]
    ['bad']
    >>> drawn, parents = sampler.sample(random_state=0)
    >>> texts[parents[0, 0]], drawn[0]
    ('A good story.', 'A bad story.')
    """

    _parameter_constraints: dict = {
        **BaseSampler._parameter_constraints,
        "p_replace": [Interval(Real, 0, 1, closed="both")],
        "p_mask": [Interval(Real, 0, 1, closed="both")],
        "p_ngram": [Interval(Real, 0, 1, closed="both")],
        "mask_token": [str],
        "n_neighbors": [Interval(Integral, 1, None, closed="left")],
        "min_count": [Interval(Integral, 1, None, closed="left")],
        "mask_model": [str, PathLike, tuple, list, None],
    }

    def __init__(
        self,
        size=8.0,
        *,
        p_replace=0.4,
        p_mask=0.0,
        p_ngram=0.25,
        mask_token="[MASK]",
        n_neighbors=10,
        min_count=3,
        mask_model=None,
        time_budget=None,
        refresh=None,
        n_candidates=1.0,
    ):
        self.size = size
        self.p_replace = p_replace
        self.p_mask = p_mask
        self.p_ngram = p_ngram
        self.mask_token = mask_token
        self.n_neighbors = n_neighbors
        self.min_count = min_count
        self.mask_model = mask_model
        self.time_budget = time_budget
        self.refresh = refresh
        self.n_candidates = n_candidates

    def _read(self, X):
        if self.p_replace + self.p_mask > 1:
            raise ValueError(
                f"p_replace={self.p_replace} and p_mask={self.p_mask} add up to more than "
                "1, and no word is both replaced and masked: lower one of them."
            )
        texts = read_texts(X)
        self.n_segments_ = len(texts.segments)
        self.container_ = in_container_of(X, texts.take([]))  # its kind, without rows
        # Segment after segment, as if they were texts of their own.
        self.words_ = Words.of(text for segment in texts.segments for text in segment)
        self.neighbors_ = None
        if self.mask_model is None:
            self.source_ = Neighbors(self.words_, self.n_neighbors, self.min_count)
            self.neighbors_ = self.source_.listed()
        else:
            self.source_ = MaskModel.of(self.mask_model, self.n_neighbors)

    def _n_rows(self):
        return len(self.words_) // self.n_segments_

    def _sampled(self, n, random):
        parents = self._starts(n, random)
        segments = [
            self._drawn(parents + i * self._n_rows(), random)
            for i in range(self.n_segments_)
        ]
        return in_container_of(self.container_, Texts(segments)), parents[:, None]

    def _drawn(self, texts, random):
        first, last = self.words_.starts[texts], self.words_.starts[texts + 1]
        first, last, is_whole = self._cut(first, last, random)
        # One more for each, so that empty texts count too.
        upto = np.cumsum(last - first + 1)
        drawn, begin = [], 0
        while begin < len(texts):
            limit = (upto[begin - 1] if begin else 0) + _CHUNK
            end = max(begin + 1, np.searchsorted(upto, limit, side="right"))
            some = slice(begin, end)
            parts = texts[some], first[some], last[some], is_whole[some]
            drawn += self._changed(self.words_.draft(*parts), is_whole[some], random)
            begin = end
        return drawn

    def _cut(self, first, last, random):
        """The first and last words of what is left of texts, and which are whole."""
        length = last - first
        wanted = random.randint(1, _LONGEST_CUT + 1, size=len(length))
        is_cut = (random.random_sample(len(length)) < self.p_ngram) & (wanted < length)
        room = length - wanted + 1
        begin = first + (random.random_sample(len(length)) * room).astype(int)
        first = np.where(is_cut, begin, first)
        return first, np.where(is_cut, first + wanted, last), ~is_cut

    def _changed(self, draft, is_whole, random):
        """The texts of a draft, with words replaced and masked."""
        dice = random.random_sample(len(draft.code))
        can = self.source_.have(draft.code)
        replaced = can & (dice < self.p_replace)
        masked = dice >= 1 - self.p_mask
        same = is_whole & (draft.counts(replaced | masked) == 0)
        if self.p_replace > 0:
            one = draft.one_of(can, same, random)
            replaced[one] = True
            same[draft.part[one]] = False
        if self.p_mask > 0:
            masked[draft.one_of(np.ones_like(can), same, random)] = True
        words, place = np.flatnonzero(replaced), draft.place()
        drawn = self.source_.draw(
            draft, words, random
        )  # a mask model knows its own masks
        draft.pieces[place[masked]] = self.mask_token
        draft.pieces[place[words]] = np.array(drawn, dtype=object)
        return draft.texts()

    def __sklearn_clone__(self):
        """Clone all but a mask model that is loaded, which the clone shares."""
        return type(self)(**self.get_params(deep=False))
