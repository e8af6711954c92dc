"""Names, numbers, tables, strings and comments as C99 and C++ both read them."""

import re
from string import Template

import numpy as np

_MOST_OF_NAME, _MOST_OF_COLUMN = 31, 24  # compilers may look at 63 characters only
_MOST_OF_STRING = 4000  # C99 promises 4095
_MOST_OF_REMARK = 80
_INTEGERS = {"signed char": np.int8, "short": np.int16, "int": np.int32}


def fill(text, **values):
    """Code with the values of its ``$places``.

    Parameters
    ----------
    text : str
        Code, with ``@_`` before each name of the header's own.
    **values : object
        By place.

    Returns
    -------
    str
        Code, with the ``@_`` still there.
    """
    return Template(text).substitute(values)


def checked_name(name, path):
    """The prefix of all names in a header.

    Parameters
    ----------
    name : str or None
        As the user gave it.
    path : pathlib.Path
        Of the header, whose stem is the default.

    Returns
    -------
    str
        An identifier.

    Raises
    ------
    ValueError
        If the name is none that C takes.
    """
    if name is None:
        name = identifier(path.stem, _MOST_OF_NAME)
        name = name if name[0].isalpha() else f"student_{name}"[:_MOST_OF_NAME]
    is_fit = isinstance(name, str) and re.fullmatch("[A-Za-z][A-Za-z0-9_]*", name)
    if not is_fit or "__" in name or name.endswith("_") or len(name) > _MOST_OF_NAME:
        raise ValueError(
            f"name={name!r} cannot start the names of a C header: give at most "
            f"{_MOST_OF_NAME} letters, digits and single underscores, of which the first "
            "is a letter and the last no underscore."
        )
    return name


def identifier(text, most=_MOST_OF_COLUMN):
    """Letters, digits and underscores that look like a text.

    Parameters
    ----------
    text : str
        Any.
    most : int, default=24
        Characters.

    Returns
    -------
    str
        At least one character, of which the first may be a digit.
    """
    plain = re.sub("[^A-Za-z0-9]+", "_", str(text)).strip("_")
    return plain[:most].strip("_") or "x"


def distinct(texts):
    """Identifiers for texts, each another one.

    Parameters
    ----------
    texts : list of str
        Any.

    Returns
    -------
    list of str
        As many.
    """
    taken, counts, names = set(), {}, []
    for text in map(identifier, texts):
        name = text
        while name in taken:
            counts[text] = counts.get(text, 1) + 1
            name = f"{text}_{counts[text]}"
        taken.add(name)
        names.append(name)
    return names


def quoted(text, what):
    """A string literal.

    Parameters
    ----------
    text : str
        Any, but with no NUL.
    what : str
        What it is, for the message.

    Returns
    -------
    str
        Of ASCII; other bytes of UTF-8, question marks (of which two would begin a
        trigraph) and line ends as three octal digits, which end by themselves.

    Raises
    ------
    TypeError
        If C has no such string.
    """
    try:
        data = text.encode()
    except UnicodeEncodeError:
        data = b"\0"  # a lone surrogate
    if 0 in data or len(data) > _MOST_OF_STRING:
        raise TypeError(
            f"{what} {text[:40]!r} is no string in C, which holds UTF-8 of at most "
            f"{_MOST_OF_STRING} bytes without NUL: rename it before fit."
        )
    plain = (
        chr(b) if 32 <= b < 127 and b not in b'"\\?@' else f"\\{b:03o}" for b in data
    )
    return f'"{"".join(plain)}"'


def remark(text):
    """A text that may stand inside a comment.

    Parameters
    ----------
    text : str
        Any.

    Returns
    -------
    str
        One line, the beginning of a long text. It neither ends the comment nor begins
        another, a trigraph, or text that runs from right to left.
    """
    text = text if len(text) <= _MOST_OF_REMARK else f"{text[:_MOST_OF_REMARK]}..."
    plain = (c if c.isprintable() and c != "\\" else ascii(c)[1:-1] for c in text)
    line = "".join(plain)
    for pair in ("*/", "/*", "??", "??", "@_"):  # of three question marks two pairs
        line = line.replace(pair, " ".join(pair))
    return line


def number(value, kind="double"):
    """A literal that reads back as the same number.

    Parameters
    ----------
    value : float
        Finite.
    kind : {"double", "float"}, default="double"
        Its type.

    Returns
    -------
    str
        In as few digits as that takes.
    """
    if kind == "float":
        return f"{np.float32(value)!s}f"
    return repr(float(value))


def table(name, values, kind=None):
    """A constant array.

    Parameters
    ----------
    name : str
        Of the array.
    values : array-like
        Numbers, in the order in which they lie; flattened.
    kind : str, default=None
        Their type in C; None for the smallest integer that holds them.

    Returns
    -------
    str
        The declaration. One 0 where there are no values, since C has no empty array.
    """
    values = np.asarray(values).ravel()
    values = values if len(values) else np.zeros(1, dtype=int)
    if kind in ("double", "float"):
        if not np.isfinite(values).all():
            raise ValueError(f"A number of {name} is infinite or NaN.")
        cells = [number(value, kind) for value in values.tolist()]
    else:
        kind, cells = kind or integer_kind(values), list(map(str, values.tolist()))
    rows = [", ".join(cells[i : i + 8]) for i in range(0, len(cells), 8)]
    body = ",\n    ".join(rows)
    return f"static const {kind} {name}[{len(cells)}] = {{\n    {body}}};\n"


def integer_kind(values):
    """The smallest type of integers that holds some.

    Parameters
    ----------
    values : ndarray
        Integers.

    Returns
    -------
    str
        Its name in C.
    """
    low, high = values.min(initial=0), values.max(initial=0)
    for kind, dtype in _INTEGERS.items():
        if np.iinfo(dtype).min <= low and high <= np.iinfo(dtype).max:
            return kind
    raise TypeError(f"{high} is too large for an int in C.")
