"""Questions about texts: which words they have, and how many."""

import re
from collections import Counter
from dataclasses import dataclass

import numpy as np

from ..tables.terms import in_one_line

_WORD = re.compile(r"\w+")
# Words that are asked for, each in so large a share of the texts and not in all; letters
# of a text that are read.
_WORDS, _SHARE, _LETTERS = 300, 0.02, 10_000
_BOUNDS = 8


@dataclass(frozen=True)
class TextQuestion:
    """A question about a text.

    Attributes
    ----------
    word : str or None
        Whether the text has it.
    bound : int or None
        Else: whether it has at most so many words.
    column : int
        The only one.
    """

    word: str | None = None
    bound: int | None = None
    column: int = 0

    def said(self, yes):
        """What holds on one of its sides.

        Parameters
        ----------
        yes : bool
            Whether it is that of yes.

        Returns
        -------
        str
            In words.
        """
        if self.word is not None:
            return f'text has {"" if yes else "no "}"{in_one_line(self.word)}"'
        plural, side = "s" * (self.bound != 1), "at most" if yes else "more than"
        return f"text has {side} {self.bound} word{plural}"

    def asked(self, texts):
        """Answer it.

        Parameters
        ----------
        texts : sequence of str
            The rows; what is no string has no words.

        Returns
        -------
        ndarray of bool of shape (n,)
            Whether the answer is yes.
        """
        if self.word is None:
            return np.array([len(words_of(text)) <= self.bound for text in texts])
        return np.array([self.word in words_of(text) for text in texts])


def words_of(text):
    """The words of a text.

    Parameters
    ----------
    text : str or None
        A text.

    Returns
    -------
    list of str
        In small letters, of the first 10,000 letters.
    """
    return _WORD.findall(text[:_LETTERS].lower()) if isinstance(text, str) else []


def questions_about_texts(texts):
    """Make the questions that may be asked about texts.

    Parameters
    ----------
    texts : sequence of str
        The rows.

    Returns
    -------
    list of TextQuestion
        For some words, and for the number of them.
    """
    words = [words_of(text) for text in texts]
    counts = Counter(word for each in words for word in set(each))
    least, n = max(2, _SHARE * len(words)), len(words)
    known = [(c, w) for w, c in counts.items() if least <= c <= n - least]
    known = [word for _, word in sorted(known, key=lambda pair: (-pair[0], pair[1]))]
    questions = [TextQuestion(word) for word in known[:_WORDS]]
    lengths = np.sort([len(each) for each in words])
    bounds = {int(lengths[k * n // (_BOUNDS + 1)]) for k in range(1, _BOUNDS + 1)}
    return questions + [
        TextQuestion(bound=each) for each in sorted(bounds) if each < lengths[-1]
    ]
