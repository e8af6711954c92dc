"""DuckDB and sqlite, which run SQL on rows in order to prove it."""

import math
import sqlite3
from abc import abstractmethod
from contextlib import closing, contextmanager

import numpy as np

from ..compared import check_columns
from ..proof import Answers, Engine, median_seconds
from .dialects import back, imported_sqlglot
from .plan import RUN, read_plan

# What a build of sqlite may lack.
_FUNCTIONS = {
    "EXP": math.exp,
    "LN": math.log,
    "SQRT": math.sqrt,
    "COS": math.cos,
    "SIN": math.sin,
}


class SqlEngine(Engine):
    """What makes a table of some rows, and runs SQL on it.

    Parameters
    ----------
    artefact : str
        SQL, from :func:`to_sql`.
    predictor : NumpyPredictor
        Of the student that it came from.
    """

    def __init__(self, artefact, predictor):
        self._plan, _ = read_plan(artefact)
        check_columns(len(self._plan.columns), predictor)
        self._artefact, self._predictor = artefact, predictor
        known = {name.casefold() for name in self._plan.columns}
        # Columns of the table that the student does not read: the row's number.
        self._more = [n for n in self._plan.keep if n.casefold() not in known]

    def answers(self, columns):
        """What the SQL says."""  # numpydoc ignore=PR01,RT01
        with self._connected(columns) as connection:
            rows = self._run(connection)
        if self._more:
            at = self._plan.keep.index(self._more[0])
            rows.sort(key=lambda row: row[at])
        return self._as_answers([row[len(self._plan.keep) :] for row in rows])

    def seconds(self, columns):
        """How long the SQL takes, the rows in a table."""  # numpydoc ignore=PR01,RT01
        with self._connected(columns) as connection:
            return median_seconds(lambda: self._run(connection))

    def _as_answers(self, rows):
        n = len(self._plan.labels)
        numbers = np.array([row[n:] for row in rows], dtype=np.float64)
        meta, arrays = self._predictor.meta, self._predictor.arrays
        if not meta["is_classifier"]:
            return Answers(numbers, None)
        if meta["is_multilabel"]:
            numbers = np.stack([1 - numbers, numbers], axis=2).reshape(len(rows), -1)
        places = []
        for t in range(n):
            place = {c: k for k, c in enumerate(arrays[f"classes_{t}"].tolist())}
            places.append([place.get(row[t], -1) for row in rows])
        return Answers(numbers, np.array(places).T)

    def _typed(self, columns):
        """Name, type and values of all columns of the table."""
        read = dict(zip(self._plan.columns, columns, strict=True))
        for name, values in read.items():
            if values.dtype.kind == "f":
                # Both kinds of gap: every second one is NULL.
                values = values.astype(object)
                nulls = np.arange(len(values)) % 2 == 0
                values[nulls & (values != values)] = None
                yield name, "DOUBLE", values.tolist()
            else:
                yield name, _type_of(values), values.tolist()
        for name in self._more:
            yield name, "BIGINT", list(range(len(columns[0])))

    @contextmanager
    def _connected(self, columns):
        """A connection to a database with the table, closed after an error too."""
        with closing(self._opened()) as connection:
            self._fill(connection, list(self._typed(columns)))
            yield connection

    @abstractmethod
    def _opened(self):
        """A connection to an empty database."""

    @abstractmethod
    def _fill(self, connection, parts):
        """Make the table, of columns from ``_typed``."""

    def _run(self, connection):
        return connection.execute(self._artefact).fetchall()

    def _create(self, connection, parts):
        quoted = self._plan.dialect.name_of
        defined = ", ".join(f"{quoted(name)} {kind}" for name, kind, _ in parts)
        connection.execute(f"CREATE TABLE {self._source} ({defined})")

    @property
    def _source(self):
        return self._plan.source


def _type_of(values):
    kinds = {type(value) for value in values if value is not None}
    if kinds <= {str}:
        return "VARCHAR"
    if kinds == {bool}:
        return "BOOLEAN"
    return "BIGINT" if kinds == {int} else "DOUBLE"


class DuckDBEngine(SqlEngine):
    """DuckDB; of other dialects it runs what sqlglot makes of them for it.

    Parameters
    ----------
    artefact : str
        SQL, from :func:`to_sql`.
    predictor : NumpyPredictor
        Of the student that it came from.
    """

    name = "duckdb"

    def __init__(self, artefact, predictor):
        super().__init__(artefact, predictor)
        self._duckdb = imported_duckdb()
        self.version = self._duckdb.__version__
        dialect = self._plan.dialect
        if dialect.name not in RUN:
            self._artefact = back(artefact, dialect)
            self.name = "duckdb through sqlglot"
            self.version += f", {imported_sqlglot().__version__}"

    def _opened(self):
        return self._duckdb.connect(":memory:")

    def _fill(self, connection, parts):
        # Rows without a key are told apart by their order alone.
        connection.execute("SET threads = 1")
        connection.execute(
            "SET disabled_optimizers = 'join_order,build_side_probe_side'"
        )
        *catalog, schema = self._plan.schema or ("main",)
        quoted = self._plan.dialect.name_of
        if catalog:
            connection.execute(f"ATTACH ':memory:' AS {quoted(catalog[0])}")
        where = ".".join(map(quoted, (*catalog, schema)))
        connection.execute(f"CREATE SCHEMA IF NOT EXISTS {where}")
        self._create(connection, parts)
        lists = ", ".join(f"unnest(?::{kind}[])" for _, kind, _ in parts)
        values = [some for *_, some in parts]
        connection.execute(f"INSERT INTO {self._source} SELECT {lists}", values)


class SqliteEngine(SqlEngine):
    """The sqlite of Python."""

    name, version = "sqlite", sqlite3.sqlite_version

    def _opened(self):
        return sqlite3.connect(":memory:")

    def _fill(self, connection, parts):
        for name, function in _FUNCTIONS.items():
            try:
                connection.execute(f"SELECT {name}(1.0)")
            except sqlite3.OperationalError:
                connection.create_function(name, 1, function, deterministic=True)
        if self._plan.schema not in ((), ("main",)):
            schema = self._plan.dialect.name_of(*self._plan.schema)
            connection.execute(f"ATTACH ':memory:' AS {schema}")
        self._create(connection, parts)
        marks = ", ".join("?" * len(parts))
        rows = zip(*(values for *_, values in parts), strict=True)
        connection.executemany(f"INSERT INTO {self._source} VALUES ({marks})", rows)


def imported_duckdb():
    """Return DuckDB, which is not among what this library needs.

    Returns
    -------
    module
        Imported.
    """
    try:
        import duckdb
    except ImportError as error:
        raise ImportError(
            "SQL is run by DuckDB before anyone gets it, and that is not installed: "
            'pip install "skdistill[sql]", or take dialect="sqlite".'
        ) from error
    return duckdb


def sql_engine(artefact, predictor):
    """What runs a text of SQL.

    Parameters
    ----------
    artefact : str
        From :func:`to_sql`.
    predictor : NumpyPredictor
        Of the student that it came from.

    Returns
    -------
    SqlEngine
        Of its dialect, or DuckDB.
    """
    plan, _ = read_plan(artefact)
    kind = SqliteEngine if plan.dialect.name == "sqlite" else DuckDBEngine
    return kind(artefact, predictor)
