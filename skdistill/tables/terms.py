"""What a column of the student's view says, as text."""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

# What would end a line or turn the order of its rest; no file takes the last ones.
_NOT_IN_A_LINE = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)

_LEFTWARDS = {"R", "AL"}  # as Unicode calls Hebrew, Arabic and their kin

#: Written around names of right-to-left scripts: what follows them stays to their right.
LEFT_TO_RIGHT = "\u200e"


@dataclass(frozen=True)
class Term:
    """What one column of a view says of the original table.

    Attributes
    ----------
    column : int
        Position of the original column.
    form : str
        A function of that column, in the column's unit, such as ``log1p({} / 7000)``.
    category : str or None
        What the question asks about, the answers being 1 for yes and 0 for no: a
        category or several, as text has them. None for a number, and for a gap.
    is_gap : bool
        Whether the question is for a gap.
    is_rare : bool
        Whether the question is for rare categories together.
    tail : object or None
        Where the form bends heavy tails, ``tail.unbend`` finds the column's own value.
    """

    column: int
    form: str = "{}"
    category: str | None = None
    is_gap: bool = False
    is_rare: bool = False
    tail: Any = None

    @property
    def is_question(self):
        """Whether the term is 1 for yes and 0 for no."""  # numpydoc ignore=RT01
        return self.is_gap or self.category is not None

    def text(self, names):
        """The number's name, or the question.

        Parameters
        ----------
        names : sequence of str
            Names of all original columns.

        Returns
        -------
        str
            Such as ``age``, ``age is missing`` or ``plan = a``.
        """
        name = self.form.replace("{}", names[self.column])
        if self.is_gap:
            return f"{name} is missing"
        if self.category is None:
            return name
        if self.is_rare:
            return f"{name} in {{{self.category}}}"
        return f"{name} = {self.category}"


def category_in_words(category):
    """A category as text has it: in quotes, where it would be taken for a gap.

    Parameters
    ----------
    category : object
        From a table.

    Returns
    -------
    str
        One line.
    """
    text = in_one_line(category)
    return f"'{text}'" if text == "missing" else text


def in_one_line(value):
    """A name, category or label as text has it: as it is, but visible, and in one line.

    Each question is one line, so line breaks and other control characters are
    written as Python writes them, and so are marks that would turn the order of the rest
    of the line. What shows nothing, such as an empty name, is quoted. All else, of any
    script, stays as it is: backslashes and quotes too. Names of right-to-left scripts
    stand between invisible marks: without, ``a 0.3, b 0.7`` is shown as ``0.7 b ,0.3 a``.

    Parameters
    ----------
    value : object
        From a table; as ``str`` has it, where it is no string.

    Returns
    -------
    str
        One line.
    """
    text = str(value)
    if not any(c.isprintable() and not c.isspace() for c in text):
        return repr(text)
    line = _NOT_IN_A_LINE.sub(lambda match: repr(match[0])[1:-1], text)
    if line.isascii() or not any(
        unicodedata.bidirectional(c) in _LEFTWARDS for c in line
    ):
        return line
    return f"{LEFT_TO_RIGHT}{line}{LEFT_TO_RIGHT}"
