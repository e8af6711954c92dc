"""Names, strings, numbers and functions as SQL has them."""

import re
from dataclasses import dataclass
from decimal import Decimal

# Beyond these a number counts as a gap, and so do NaN and infinity.
_LARGEST = "1e308"
_MANY = 32  # terms of one sum, and arguments of one function


@dataclass(frozen=True)
class Dialect:
    """What SQL is called where.

    Attributes
    ----------
    name : str
        Of the dialect, as sqlglot calls it.
    double, text : str
        Types.
    least, greatest : str
        Functions of several numbers.
    is_exact : bool
        Whether the engine reads each decimal fraction as the nearest float.
    is_materialized : bool
        Whether steps are to be kept apart where several columns use one: else the engine
        would write each into all that use it.
    has_typed_values : bool
        Whether VALUES in a join may name their columns.
    casts_booleans : bool
        Whether a boolean is a number.
    deepest : int
        Levels of CASE within CASE that the engine takes.
    end : str
        What is put behind categories before they are compared: an engine that ignores
        blanks at the end of a string would take two for one.
    longest_name : int or None
        Bytes of a column's name.
    """

    name: str
    double: str = "DOUBLE"
    text: str = "TEXT"
    least: str = "LEAST"
    greatest: str = "GREATEST"
    is_exact: bool = True
    is_materialized: bool = False
    has_typed_values: bool = True
    casts_booleans: bool = True
    deepest: int = 100
    end: str = ""
    longest_name: int | None = None

    def string(self, text):
        """A string.

        Parameters
        ----------
        text : str
            Any but one with the character NUL, which no engine takes.

        Returns
        -------
        str
            Quoted.
        """
        return "'" + _readable(text).replace("'", "''") + "'"

    def name_of(self, text):
        """A name of a column or table.

        Parameters
        ----------
        text : str
            Any but one with the character NUL.

        Returns
        -------
        str
            Quoted.
        """
        return '"' + _readable(text).replace('"', '""') + '"'

    def exactly(self, x):
        """A number to the last bit.

        Parameters
        ----------
        x : float
            Finite.

        Returns
        -------
        str
            A literal; or, where the engine may round that otherwise, a quotient of two
            whole numbers that it cannot.
        """
        text = number(x)
        if self.is_exact or (Decimal(text) == Decimal(x) and len(text) < 18):
            return text
        above, below = abs(x).as_integer_ratio()
        sign = "-" if x < 0 else ""
        return f"({sign}{_whole(above, ' * ')} / {_whole(below, ' / ')})"

    def label(self, value):
        """A label of a class.

        Parameters
        ----------
        value : str, bool, int or float
            One of Python.

        Returns
        -------
        str
            A literal.
        """
        if isinstance(value, bool):
            return str(value).upper()
        if isinstance(value, str):
            return self.string(value)
        return str(value) if isinstance(value, int) else self.exactly(value)

    def as_number(self, column, is_boolean=False):
        """A column of the table as a number, NULL for a gap of any kind.

        Parameters
        ----------
        column : str
            Quoted.
        is_boolean : bool, default=False
            Whether the table has booleans there.

        Returns
        -------
        str
            What is NaN, infinite or, in sqlite, a text that is no number, is a gap. In
            the engines where NaN is larger than all numbers it is not between two, and
            where nothing compares with it, too.
        """
        if is_boolean and not self.casts_booleans:
            column = f"CAST({column} AS INT)"
        value = f"CAST({column} AS {self.double})"
        if self.name == "sqlite":
            # Beside a number of a type, a text that is one is compared as a number.
            ends = (f"CAST({sign}{_LARGEST} AS REAL)" for sign in ("-", ""))
            return f"CASE WHEN {column} BETWEEN {' AND '.join(ends)} THEN {value} END"
        between = f"{value} BETWEEN -{_LARGEST} AND {_LARGEST}"
        return f"CASE WHEN {between} THEN {value} END"

    def as_text(self, column):
        """A column of the table as text, NULL for a gap.

        Parameters
        ----------
        column : str
            Quoted.

        Returns
        -------
        str
            To be compared letter by letter.
        """
        text = f"CAST({column} AS {self.text})"
        if self.name == "sqlite":  # a column may be declared to ignore capitals
            return f"{text} COLLATE BINARY"
        return f"{text} || {self.string(self.end)}" if self.end else text

    def largest(self, parts):
        """The largest of some numbers.

        Parameters
        ----------
        parts : sequence of str
            Not NULL.

        Returns
        -------
        str
            An expression.
        """
        return _called(self.greatest, list(parts))

    def clipped(self, text, low, high):
        """A number within bounds.

        Parameters
        ----------
        text : str
            Not NULL.
        low, high : float
            Finite.

        Returns
        -------
        str
            An expression.
        """
        inner = f"{self.greatest}({text}, {number(low)})"
        return f"{self.least}({inner}, {number(high)})"


def _readable(text):
    if re.search("[\0\ud800-\udfff]", text):
        raise ValueError(
            f"{text!r} holds a character that no SQL takes (NUL, or half of a pair): "
            "rename the column, class or category before fit."
        )
    return text


def _whole(n, sign):
    """A power of two, or a whole number below 2 ** 53 times one, in exact factors."""
    factors = []
    while n >= 1 << 62:
        factors.append(1 << 62 if n % (1 << 62) == 0 else n & -n)
        n //= factors[-1]
    return sign.join(f"{each}.0" for each in [n, *factors])


def number(x):
    """A number as a literal of type double in each dialect.

    Parameters
    ----------
    x : float
        Finite.

    Returns
    -------
    str
        With an exponent: without one it would be a decimal, which is computed otherwise.
    """
    text = repr(float(x)).removesuffix(".0")
    return text if "e" in text else f"{text}e0"


def total(terms):
    """A sum, in groups where it is long: engines bound the depth of an expression.

    Parameters
    ----------
    terms : list of str
        Products, or numbers.

    Returns
    -------
    str
        0 where there are none.
    """
    while len(terms) > _MANY:
        groups = (terms[i : i + _MANY] for i in range(0, len(terms), _MANY))
        terms = [f"({' + '.join(group)})" for group in groups]
    return " + ".join(terms) or number(0)


def _called(function, parts):
    if len(parts) == 1:
        return parts[0]  # of one argument sqlite's MAX is that of all rows
    while len(parts) > _MANY:
        groups = (parts[i : i + _MANY] for i in range(0, len(parts), _MANY))
        parts = [_called(function, list(group)) for group in groups]
    return f"{function}({', '.join(parts)})"
