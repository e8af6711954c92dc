"""A SELECT made of steps, each from the one before."""

import copy
import re
from dataclasses import dataclass

_STRING = re.compile(r"'(?:[^']|'')*'")
_REFERENCE = re.compile(r"(?<![\w.])[a-z]\d+(?:_\d+)*\b")


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
