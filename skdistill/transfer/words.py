"""Words of texts as numbers, and words that are used alike."""

import re
from array import array
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy import sparse
from sklearn.utils.extmath import randomized_svd

from .neighbors import Nearest

# Letters and digits, apostrophes between them. Vowel signs, joiners and accents that are
# characters of their own are no letters to Python, and would tear words apart.
_LETTER = (
    r"(?:[^\W_]|[\u0300-\u036f\u0591-\u05bd\u064b-\u065f\u0900-\u0963\u0970-\u0dff])"
)
_WORD = re.compile(rf"({_LETTER}+(?:['\u2019]{_LETTER}+)*)")
# The most frequent words get neighbours, and the most frequent ones beside them tell
# which: the search compares all pairs.
_MOST_WORDS, _MOST_CONTEXTS = 20_000, 2000
_N_DIMENSIONS = 50
# What lies farther off is not used alike; of 7,000 sentences, few tenth neighbours do.
_LEAST_COSINE = 0.2
# Counts of contexts to this power, or rare ones would seem to tell too much.
_SMOOTHING = 0.75


@dataclass(frozen=True)
class Words:
    """Texts as numbers of words, and of what stands between them.

    Attributes
    ----------
    code : ndarray of int of shape (n_words,)
        The words of all texts, one after another, as positions in ``words``.
    gap : ndarray of int of shape (n_words + n,)
        What stands before, between and after the words of each text, in ``gaps``.
    starts : ndarray of int of shape (n + 1,)
        Where the words of each text begin, and where the last ones end.
    words, gaps : list of str
        The distinct ones, in order of appearance.
    """

    code: np.ndarray
    gap: np.ndarray
    starts: np.ndarray
    words: list
    gaps: list

    @classmethod
    def of(cls, texts):
        """Find the words of texts.

        Parameters
        ----------
        texts : iterable of str
            Any texts; the numbers together give them back.

        Returns
        -------
        Words
            All of their words.
        """
        words, gaps = {}, {}
        code, gap, ends = array("i"), array("i"), [0]
        for text in texts:
            pieces = _WORD.split(text)
            gap.extend(gaps.setdefault(piece, len(gaps)) for piece in pieces[::2])
            code.extend(words.setdefault(piece, len(words)) for piece in pieces[1::2])
            ends.append(len(code))
        arrays = np.array(code, np.int32), np.array(gap, np.int32), np.array(ends)
        return cls(*arrays, list(words), list(gaps))

    def __len__(self):
        return len(self.starts) - 1

    def draft(self, texts, first, last, is_whole):
        """Parts of texts, to be changed.

        Parameters
        ----------
        texts : ndarray of int of shape (m,)
            Numbers of texts.
        first, last : ndarray of int of shape (m,)
            The words of each part, in ``code``; the last one is not in it.
        is_whole : ndarray of bool of shape (m,)
            Whether a part is the whole text, with what stands around its words.

        Returns
        -------
        Draft
            These parts.
        """
        starts = np.append(0, np.cumsum(last - first))
        part = np.repeat(np.arange(len(texts)), last - first)
        word = np.arange(starts[-1]) + (first - starts[:-1])[part]
        pieces = np.full(2 * len(word) + len(texts), "", dtype=object)
        draft = Draft(self.code[word], starts, part, pieces)
        words, gaps = np.array(self.words, object), np.array(self.gaps, object)
        pieces[draft.place()] = words[draft.code]
        pieces[draft.place() - 1] = gaps[self.gap[word + texts[part]]]
        begin = draft.begin()
        pieces[begin[1:] - 1] = gaps[self.gap[last + texts]]
        pieces[begin[:-1][~is_whole]] = pieces[begin[1:][~is_whole] - 1] = ""
        return draft


@dataclass(frozen=True)
class Draft:
    """Parts of texts: their words, each with what stands before it.

    Attributes
    ----------
    code : ndarray of int of shape (n_words,)
        The words of all parts, one after another, as numbers.
    starts : ndarray of int of shape (m + 1,)
        Where the words of each part begin, and where the last ones end.
    part : ndarray of int of shape (n_words,)
        The part that each word is in.
    pieces : ndarray of str of shape (2 * n_words + m,)
        Of each part by turns what stands between words and a word.
    """

    code: np.ndarray
    starts: np.ndarray
    part: np.ndarray
    pieces: np.ndarray

    def begin(self):
        """Return where parts begin in ``pieces``.

        Returns
        -------
        ndarray of int of shape (m + 1,)
            At the end where the last part ends.
        """
        return 2 * self.starts + np.arange(len(self.starts))

    def place(self):
        """Return where words are in ``pieces``.

        Returns
        -------
        ndarray of int of shape (n_words,)
            A place for each.
        """
        return 2 * np.arange(len(self.code)) + self.part + 1

    def counts(self, is_):
        """How many words of each part something is true of.

        Parameters
        ----------
        is_ : ndarray of bool of shape (n_words,)
            Of which words it is true.

        Returns
        -------
        ndarray of int of shape (m,)
            Numbers of words.
        """
        return np.bincount(self.part[is_], minlength=len(self.starts) - 1)

    def one_of(self, is_, parts, random):
        """A random word of some parts, among those that something is true of.

        Parameters
        ----------
        is_ : ndarray of bool of shape (n_words,)
            Of which words it is true.
        parts : ndarray of bool of shape (m,)
            Which parts; those without such a word are passed over.
        random : numpy.random.RandomState
            The generator.

        Returns
        -------
        ndarray of int of shape (k,)
            Positions of words.
        """
        counts = self.counts(is_)
        chosen = np.flatnonzero(parts & (counts > 0))
        rank = (random.random_sample(len(chosen)) * counts[chosen]).astype(int)
        before = np.cumsum(counts) - counts
        return np.flatnonzero(is_)[before[chosen] + rank]

    def texts(self):
        """The parts, put together.

        Returns
        -------
        list of str
            As the pieces are now.
        """
        pieces = self.pieces.tolist()
        return ["".join(pieces[a:b]) for a, b in pairwise(self.begin().tolist())]


class Neighbors:
    """Words that are used alike: with the same words beside them.

    For each frequent word the words before it and after it are counted; the counts
    become positive pointwise mutual information, and that a point in some dimensions
    [1]_. Its neighbours are the words whose points lie in nearly the same direction:
    mostly of the same part of speech. A comma and the like count as words beside.

    Parameters
    ----------
    words : Words
        Texts to learn from.
    n_neighbors : int
        The number of neighbours of each word, at most.
    min_count : int
        Words that are seen less often have no neighbours, and are none.

    References
    ----------
    .. [1] Levy, Goldberg, Dagan: Improving Distributional Similarity with Lessons Learned
       from Word Embeddings, 2015.
    """

    def __init__(self, words, n_neighbors, min_count):
        self.words, self.n_neighbors = words, n_neighbors
        numbers = {}
        small = (numbers.setdefault(word.lower(), len(numbers)) for word in words.words)
        self.lower = np.fromiter(small, int, len(words.words))
        counts = np.bincount(self.lower[words.code], minlength=len(numbers))
        self.usual = self._usual(len(numbers))
        self.row = np.full(len(numbers), -1)
        rows = _most_frequent(counts, _MOST_WORDS, min_count)
        self.neighbors, self.upto = np.empty((0, 1), int), np.empty((0, 1))
        if len(rows) > 1:
            self._learn(rows)

    def _learn(self, rows):
        points = _points(self.words, self.lower, rows, len(self.row))
        length = np.linalg.norm(points, axis=1, keepdims=True)
        rows, points = rows[length[:, 0] > 0], points[length[:, 0] > 0]
        if not len(rows):
            return
        nearest, upto = _nearest(points / length[length[:, 0] > 0], self.n_neighbors)
        has_some = upto[:, -1] > 0
        self.neighbors, self.upto = rows[nearest[has_some]], upto[has_some]
        self.row[rows[has_some]] = np.arange(has_some.sum())

    def _usual(self, n):
        """The commonest spelling of each word: with a capital or without."""
        seen = np.bincount(self.words.code, minlength=len(self.words.words))
        order = np.argsort(-seen, kind="stable")[::-1]
        usual = np.zeros(n, dtype=int)
        usual[self.lower[order]] = order  # of several the last one stays
        return usual

    def have(self, code):
        """Which words have neighbours.

        Parameters
        ----------
        code : ndarray of int of shape (m,)
            Words, as numbers.

        Returns
        -------
        ndarray of bool of shape (m,)
            True for those that have some.
        """
        return self.row[self.lower[code]] >= 0

    def draw(self, draft, words, random):
        """A neighbour of each of some words of a draft.

        Parameters
        ----------
        draft : Draft
            Parts of texts.
        words : ndarray of int of shape (k,)
            Positions of words that have neighbours.
        random : numpy.random.RandomState
            The generator.

        Returns
        -------
        list of str
            With a capital where the word has one.
        """
        code = draft.code[words]
        row = self.row[self.lower[code]]
        below = random.random_sample((len(row), 1)) >= self.upto[row]
        drawn = self.usual[self.neighbors[row, below.sum(axis=1)]]
        names = self.words.words
        pairs = zip(code.tolist(), drawn.tolist(), strict=True)
        return [spelt_like(names[old], names[new]) for old, new in pairs]

    def listed(self):
        """The neighbours of all words.

        Returns
        -------
        dict of str to list of str
            The nearest first.
        """
        words = [self.words.words[i] for i in self.usual]
        kept = np.diff(self.upto, axis=1, prepend=0.0) > 0
        return {
            words[i]: [words[j] for j in self.neighbors[self.row[i]][kept[self.row[i]]]]
            for i in np.flatnonzero(self.row >= 0)
        }


def is_word(text):
    """Whether a text is one word and nothing else.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    bool
        False for signs, for several words and for none.
    """
    return _WORD.fullmatch(text) is not None


def spelt_like(old, new):
    """A word with the capitals of another.

    Parameters
    ----------
    old, new : str
        A word, and the one in its place.

    Returns
    -------
    str
        The new one.

    Examples
    --------
    >>> from skdistill.transfer.words import spelt_like
    >>> spelt_like("Good", "bad"), spelt_like("GOOD", "bad"), spelt_like("he", "Ann")
    ('Bad', 'BAD', 'Ann')
    """
    if not old[0].isupper():
        return new
    if len(old) > 1 and old.isupper():
        return new.upper()
    return new[0].upper() + new[1:]


def _most_frequent(counts, most, least):
    order = np.argsort(-counts, kind="stable")[:most]
    return order[counts[order] >= least]


def _points(words, lower, rows, n):
    """A point for each of some words: which words and signs stand beside it."""
    row = np.full(n, -1)
    row[rows] = np.arange(len(rows))
    row = row[lower[words.code]]
    beside = _beside(words, lower, n)
    columns = _most_frequent(np.bincount(np.concatenate(beside)), _MOST_CONTEXTS, 1)
    column = np.full(1 + max(map(np.max, beside)), -1)
    column[columns] = np.arange(len(columns))
    shape = len(rows), len(columns)
    counts = [_counts(row, column[context], shape) for context in beside]
    telling = _telling(sparse.hstack(counts, "coo"))
    size = min(_N_DIMENSIONS, *telling.shape)
    left, scale, _ = randomized_svd(telling, size, random_state=0)
    return left * scale


def _beside(words, lower, n):
    """What stands before and after each word: a sign, the next word, or nothing."""
    signs = {"": -1}
    sign = [signs.setdefault(gap.strip(), len(signs) - 1) for gap in words.gaps]
    sign = np.array(sign)[words.gap]
    edge = n + len(signs) - 1
    text = np.repeat(np.arange(len(words)), np.diff(words.starts))
    place = np.arange(len(text)) + text
    begun = words.starts[:-1] < words.starts[1:]  # by a word at all
    first, last = words.starts[:-1][begun], words.starts[1:][begun] - 1
    code, found = lower[words.code], []
    for shift, ends, at in ((1, first, place), (-1, last, place + 1)):
        context = np.roll(code, shift)
        context[ends] = edge
        found.append(np.where(sign[at] < 0, context, n + sign[at]))
    return found


def _counts(row, column, shape):
    both = (row >= 0) & (column >= 0)
    cells = row[both], column[both]
    return sparse.coo_matrix((np.ones(both.sum()), cells), shape=shape).tocsr()


def _telling(counts):
    """Positive pointwise mutual information of words and contexts."""
    of_row = np.bincount(counts.row, counts.data)
    of_column = np.bincount(counts.col, counts.data) ** _SMOOTHING
    expected = of_row[counts.row] * of_column[counts.col] / of_column.sum()
    information = np.log(counts.data / expected)
    is_ = information > 0
    entries = information[is_], (counts.row[is_], counts.col[is_])
    return sparse.coo_matrix(entries, shape=counts.shape).tocsr()


def _nearest(points, n_neighbors):
    """The nearest other points by their angle, and shares of them, added up.

    A neighbour is drawn in proportion to its cosine: by frequency the same few words would
    stand everywhere, and the teacher's rarer ones nowhere.
    """
    nearest = Nearest(points).others(n_neighbors)
    cosine = np.einsum("ijk,ik->ij", points[nearest], points)
    cosine[cosine < _LEAST_COSINE] = 0
    cosine[nearest == np.arange(len(points))[:, None]] = 0  # a single word
    upto = np.cumsum(cosine, axis=1)
    return nearest, upto / np.maximum(upto[:, -1:], np.finfo(float).tiny)
