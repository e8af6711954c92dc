"""What a text of SQL is about: its table, columns and answers, as its first lines say."""

import json
import re
from dataclasses import dataclass

from .text import Dialect

#: A text starts so; the second line goes on with the plan in JSON.
START, _PLAN = "-- Written by skdistill", "-- skdistill: "
_FORMAT = 1
_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_HARMLESS = re.compile(r"[A-Za-z0-9_. ]")

#: Dialects by name. The first two are run; the others are rendered from the first.
DIALECTS = {
    each.name: each
    for each in (
        Dialect("duckdb"),
        Dialect(
            "sqlite",
            double="REAL",
            least="MIN",
            greatest="MAX",
            is_exact=False,
            is_materialized=True,
            has_typed_values=False,
        ),
        Dialect(
            "postgres", casts_booleans=False, longest_name=63, is_materialized=True
        ),
        Dialect("snowflake", casts_booleans=False, longest_name=255),
        Dialect("bigquery", casts_booleans=False, longest_name=300),
        Dialect("spark"),
        # CASE ten levels deep; 128 characters of two bytes; blanks at the end ignored.
        Dialect("tsql", casts_booleans=False, longest_name=128, deepest=9, end="."),
    )
}
RUN = ("duckdb", "sqlite")


@dataclass(frozen=True)
class Plan:
    """What a text of SQL reads, and what it answers.

    Attributes
    ----------
    dialect : Dialect
        Of the text.
    schema : tuple of str
        What the table's name is qualified with.
    table : str
        Its name.
    columns : tuple of str
        What the columns of X are called in it, in the order of training.
    booleans : tuple of str
        Those columns of numbers that are booleans in it.
    keep : tuple of str
        Columns of the table that are selected too.
    labels, numbers : tuple of str
        Names of the answers: of labels first, and then of numbers.
    """

    dialect: Dialect
    schema: tuple
    table: str
    columns: tuple
    booleans: tuple
    keep: tuple
    labels: tuple
    numbers: tuple

    @property
    def source(self):
        """The table, quoted."""  # numpydoc ignore=RT01
        return ".".join(map(self.dialect.name_of, (*self.schema, self.table)))

    def head(self, student, record):
        """The first lines of the text, comments that no name in them can end.

        Parameters
        ----------
        student : str
            What kind of student it is.
        record : dict or None
            The proof.

        Returns
        -------
        str
            Two lines.
        """
        said = ""
        if record is not None:
            said = (
                f", and {record['engine']} {record['engine_version']} ran it on "
                f"{record['rows']} rows, off by at most {record['largest_difference']:.1g}"
            )
        content = {
            "format": _FORMAT,
            "dialect": self.dialect.name,
            "schema": self.schema,
            "table": self.table,
            "columns": self.columns,
            "booleans": self.booleans,
            "keep": self.keep,
            "labels": self.labels,
            "numbers": self.numbers,
            "proof": record,
        }
        line = _JSON_STRING.sub(_escaped, json.dumps(content))
        return f"{START}: {student}{said}\n{_PLAN}{line}\n"


def _escaped(match):
    """A string of JSON in letters and digits: nothing in it ends or opens anything."""
    text = json.loads(match[0])
    return '"' + "".join(map(_escaped_letter, text)) + '"'


def _escaped_letter(c):
    if _HARMLESS.match(c):
        return c
    units = c.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))


def read_plan(text):
    """What a text of SQL says of itself.

    Parameters
    ----------
    text : str
        From :func:`to_sql`.

    Returns
    -------
    plan : Plan
        What it is about.
    record : dict or None
        Its proof.

    Raises
    ------
    ValueError
        If its first lines are not there any more, or not as they were.
    """
    line = next((x for x in text.splitlines()[:2] if x.startswith(_PLAN)), None)
    if not text.startswith(START) or line is None:
        raise ValueError(
            "The SQL lacks the two comments that export.to_sql wrote at its head, and "
            "without these nobody knows its columns: give the text as it was written."
        )
    try:
        return _plan_in(json.loads(line.removeprefix(_PLAN)))
    except (json.JSONDecodeError, KeyError, TypeError) as error:
        raise ValueError(
            f"The second comment at the head of the SQL is not as export.to_sql wrote it "
            f"({error}): give the text as it was written."
        ) from error


def _plan_in(content):
    if content.pop("format") != _FORMAT:
        raise ValueError("The SQL was written by another version of skdistill.")
    record = content.pop("proof")
    dialect = DIALECTS[content.pop("dialect")]
    lists = {k: tuple(v) if isinstance(v, list) else v for k, v in content.items()}
    return Plan(dialect, **lists), record
