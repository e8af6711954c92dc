"""Names, strings and numbers as SQL has them, and a SELECT made of steps."""

import copy
import re
from dataclasses import dataclass
from decimal import Decimal

_STRING = re.compile(r"'(?:[^']|'')*'")
_REFERENCE = re.compile(r"(?<![\w.])[a-z]\d+(?:_\d+)*\b")
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
    ignores_case : bool
        Whether columns whose names differ in capitals are one.
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
    ignores_case: bool = True

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
    if "\0" in text or not text.isascii() and re.search("[\ud800-\udfff]", text):
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


@dataclass(frozen=True)
class Leaves:
    """A table of leaves, joined on their number.

    Attributes
    ----------
    number : str
        The column that holds a row's leaf.
    names : list of str
        Of the columns, the first that of the leaf's number.
    rows : list of list of str
        Literals.
    """

    number: str
    names: list
    rows: list


class Steps:
    """A SELECT made of steps, each from the one before: a column's name says one thing.

    Parameters
    ----------
    dialect : Dialect
        Of what is written.
    source : str
        The table, quoted; its columns are those of ``t``.
    table : str
        Its name, so that no step is called as it is.
    """

    def __init__(self, dialect, source, table):
        self.dialect, self._source, self._steps = dialect, source, []
        self._prefix = "step"
        while table.casefold().startswith(self._prefix):
            self._prefix += "_"

    def copy(self):
        """The same steps, to which others may be added.

        Returns
        -------
        Steps
            A copy.
        """
        other = copy.copy(self)
        other._steps = list(self._steps)
        return other

    def add(self, columns):
        """Add a step.

        Parameters
        ----------
        columns : dict of {str: str}
            Expressions of columns of the steps before, by their new names; of the first
            step, of the table's.
        """
        if columns:
            self._steps.append(columns)

    def select(self, answers, leaves=None):
        """The text.

        Parameters
        ----------
        answers : list of (str, str)
            Expressions, and the names of what is selected, quoted; those of leaves are of
            the table ``l``.
        leaves : Leaves, default=None
            The table.

        Returns
        -------
        str
            SQL.
        """
        needed = set().union(*(_references(text) for text, _ in answers))
        needed |= {leaves.number} if leaves else set()
        steps = []
        for columns in reversed(self._steps):
            new = {name: text for name, text in columns.items() if name in needed}
            old = sorted(needed - set(new))
            needed = set(old)
            if columns is not self._steps[0]:
                needed = needed.union(*map(_references, new.values()))
            if new:
                steps.append([*old, *(f"{text} AS {n}" for n, text in new.items())])
        withs, source = [], f"{self._source} AS t"
        for i, columns in enumerate(reversed(steps)):
            name = f"{self._prefix}_{i + 1}"
            kept = "MATERIALIZED " * (self.dialect.is_materialized and len(steps) > 2)
            text = f"SELECT {', '.join(columns)} FROM {source}"
            withs.append(f"{name} AS {kept}({text})")
            source = name
        chosen = ",\n  ".join(f"{text} AS {name}" for text, name in answers)
        source += self._joined(leaves, withs)
        start = "WITH " + ",\n".join(withs) + "\n" if withs else ""
        return f"{start}SELECT\n  {chosen}\nFROM {source}"

    def _joined(self, leaves, withs):
        if leaves is None:
            return ""
        rows = ",\n  ".join(f"({', '.join(row)})" for row in leaves.rows)
        names = ", ".join(leaves.names)
        on = f"ON {leaves.number} = l.{leaves.names[0]}"
        if self.dialect.has_typed_values:
            return f"\nLEFT JOIN (VALUES\n  {rows}\n) AS l({names}) {on}"
        name = f"{self._prefix}_leaves"
        withs.append(f"{name}({names}) AS (VALUES\n  {rows}\n)")
        return f"\nLEFT JOIN {name} AS l {on}"


def _references(text):
    return set(_REFERENCE.findall(_STRING.sub("", text)))
