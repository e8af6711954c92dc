"""Lines of text for narrow boxes."""

import re
import unicodedata

from ..tables.terms import LEFT_TO_RIGHT

_LONGEST = 30  # what has so many letters, and no place to break at, stays whole
_JOINER = "\u200d"
_NO_BREAK = "\0"  # stands for a space; no line has one
# Lines end where an item of a list does, or a term of a sum; only such as are too long
# are broken elsewhere,
_ITEM = re.compile(r"(?<=[,:]) | (?=[-+] )| (?=\[)")
# but never before a number or such as "%", nor after such as "<=",
_BOUND = re.compile(
    r" (?=[%*\d])|(?<= [-+*=<>]) |(?<=^[-+*=<>]) |(?<=[<>]=) |(?<=\[\+) "
)
# and long names where a part of them ends.
_PART = re.compile(
    rf"(?<=[-_/;|&=])(?!{_NO_BREAK})|(?<=[.,:])(?=\D)|(?<=[a-z])(?=[A-Z])"
    rf"|(?<=[^-+*=<>]{_NO_BREAK})(?![%*])"
)


def wrapped(lines, columns):
    """Break lines where words end, and words that are far too long.

    Parameters
    ----------
    lines : list of str
        As they are to be read.
    columns : int
        Letters that fit into a line.

    Returns
    -------
    str
        All lines; without their white space they are as before.
    """
    shown = []
    for line in lines:
        # Each line is put in order by itself, so each needs the mark.
        direction = LEFT_TO_RIGHT if LEFT_TO_RIGHT in line else ""
        shown += [direction + part for part in _filled(line, columns)]
    return "\n".join(shown)


def _filled(line, columns):
    """A line as several, each as full as it can be."""
    rows = []
    for space, piece in _pieces(line, columns):
        joined = f"{rows[-1]}{space}{piece}" if rows else piece
        if rows and len(joined) <= columns:
            rows[-1] = joined
        else:
            rows.append(piece)
    return [row.replace(_NO_BREAK, " ").rstrip() for row in rows]


def _pieces(line, columns):
    """What may stand in lines of its own; and the space before it, if there is one."""
    for item in _ITEM.split(line):
        fits = len(item) <= columns
        for word in [item] if fits else _BOUND.sub(_NO_BREAK, item).split(" "):
            space = " "
            for piece in [word] if len(word) <= columns else _parts(word, columns):
                yield space, piece
                space = ""


def _parts(word, columns):
    """Parts of a word that may stand in lines of their own."""
    for part in _PART.split(word):
        if len(part) <= _LONGEST:
            yield part
            continue
        letters = _letters(part)
        for i in range(0, len(letters), columns):
            yield "".join(letters[i : i + columns])


def _letters(word):
    """Letters together with their marks."""
    letters = []
    for c in word:
        is_mark = unicodedata.category(c)[0] == "M"
        # A joiner makes one sign of what stands on its two sides.
        if letters and (is_mark or _JOINER in (c, letters[-1][-1])):
            letters[-1] += c
        else:
            letters.append(c)
    return letters
