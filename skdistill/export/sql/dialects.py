"""SQL in the dialects of other engines, rendered by sqlglot."""

import re

from .text import Dialect

# The order of letters, and not that of a language: "a" is not "A".
_BINARY = "Latin1_General_BIN2"


def imported_sqlglot():
    """Return sqlglot, which is not among what this library needs.

    Returns
    -------
    module
        Imported.
    """
    try:
        import sqlglot
    except ImportError as error:
        raise ImportError(
            'Dialects other than "duckdb" and "sqlite" are rendered by sqlglot, which is '
            'not installed: pip install "skdistill[sql]".'
        ) from error
    return sqlglot


def rendered(text, dialect: Dialect):
    """SQL of DuckDB in another dialect.

    Parameters
    ----------
    text : str
        Without comments.
    dialect : Dialect
        The other.

    Returns
    -------
    str
        The same, as sqlglot writes it.
    """
    tree = imported_sqlglot().parse_one(text, read="duckdb")
    if dialect.name == "tsql":
        tree = tree.transform(_of_sql_server)
    return tree.sql(dialect=dialect.name, pretty=True)


def back(text, dialect: Dialect):
    """SQL of another dialect as DuckDB runs it.

    Parameters
    ----------
    text : str
        From :func:`rendered`, perhaps with comments.
    dialect : Dialect
        Its dialect.

    Returns
    -------
    str
        What the text says, as sqlglot reads it.
    """
    tree = imported_sqlglot().parse_one(text, read=dialect.name)
    if dialect.name == "tsql":
        tree = tree.transform(_of_duckdb)
    tree = tree.transform(_without_whole_numbers)
    return tree.sql(dialect="duckdb", comments=False)


def _without_whole_numbers(node):
    """Booleans as the numbers that they are here: hostile ones are neither 0 nor 1."""
    from sqlglot import exp

    is_double = isinstance(node, exp.Cast) and node.to.is_type("double")
    if is_double and isinstance(node.this, exp.Cast):
        node.set("this", node.this.this)
    return node


def _of_sql_server(node):
    """Letters of any script, compared one by one."""
    from sqlglot import exp

    if isinstance(node, exp.Literal) and node.is_string:
        if re.search(r"\\\r?\n", node.this):
            raise ValueError(
                f"{node.this!r} has a backslash at the end of a line, which SQL Server "
                "takes out of a string: rename that category or class before fit."
            )
        return exp.National(this=node.this)
    if isinstance(node, exp.Cast) and node.to.is_type("text"):
        node.set("to", exp.DataType.build("NVARCHAR(MAX)", dialect="tsql"))
        return exp.Collate(this=node, expression=exp.Var(this=_BINARY))
    return node


def _of_duckdb(node):
    from sqlglot import exp

    if isinstance(node, exp.National):
        return exp.Literal.string(node.this)
    if isinstance(node, exp.Collate):
        return node.this.transform(_of_duckdb)
    if isinstance(node, exp.Add) and isinstance(node.expression, exp.National):
        return exp.DPipe(this=node.this, expression=node.expression).transform(
            _of_duckdb
        )
    if isinstance(node, exp.DataType):
        # To SQL Server FLOAT has 53 bits, which sqlglot forgets.
        kind = "DOUBLE" if node.is_type("float", "double") else "TEXT"
        return exp.DataType.build(kind if not node.is_type("int") else "INT")
    return node
