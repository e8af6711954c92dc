"""A fitted student as a SELECT, with the proof that it says the same."""

from ..arrays import predictor_of
from ..labels import check_labels
from ..proof import proven
from .dialects import rendered
from .engine import sql_engine
from .names import answer_names, check_names, column_names
from .plan import DIALECTS, RUN, Plan
from .select import select


def to_sql(
    student,
    *,
    table,
    dialect="duckdb",
    schema=None,
    keep=(),
    feature_names=None,
    class_names=None,
    booleans=(),
    max_length=100_000,
    X=None,
) -> str:
    """Write a fitted student as a SELECT, which scores a table where it lies.

    Its columns are ``prediction`` and, of a classifier, one probability for each class,
    such as ``probability_Yes``. Several targets have ``prediction_target_0`` and
    ``probability_target_0_Yes``, several labels ``prediction_label_0`` and
    ``probability_label_0``, quantiles ``prediction_quantile_0_1``. The student's view of
    the table is in the text.

    A gap is NULL, and NaN where the engine has it. So is infinity, and any number beyond
    ±1e308. Where the student refuses gaps, as training had none, all answers of such a row
    are NULL. Columns of numbers may be of any type that can be cast: integers, decimals,
    booleans, text (in sqlite a text that is no number is a gap; elsewhere it is an error).
    Categories are compared letter by letter with the column as text; those that are
    neither strings nor numbers, such as dates, as ``str`` of Python has them.

    DuckDB's reader of CSV makes BOOLEAN of a column of yes and no, whose text is "true" and
    "false". SQL for DuckDB then raises an error; read such a column as text,
    ``read_csv('churn.csv', types = {'plan': 'VARCHAR'})``. In the other dialects that is up
    to you: a BOOLEAN where training had strings is a category that training never saw.

    Rows of a SELECT have no order: `keep` a key.

    Parameters
    ----------
    student : estimator
        A fitted net, soft tree or hard tree of this library, or a StudentClassifier or
        StudentRegressor of a single decision tree; not changed. A net may have any
        activation but "gelu".
    table : str
        Name of the table, without quotes: names are quoted as they are given, so that
        capitals count in Postgres and in Snowflake, and a dot is part of the name; for
        ``sales.customers`` give ``schema="sales"``.
    dialect : str, default="duckdb"
        "duckdb" and "sqlite" are run before anyone gets them. "postgres", "snowflake",
        "bigquery", "spark" and "tsql" (SQL Server, of 2022 for nets and soft trees) are
        rendered by sqlglot; what it reads out of the result again is run by DuckDB.
    schema : str or sequence of str, default=None
        Where the table is; several names for ``catalog.schema``.
    keep : str or sequence of str, default=()
        Columns of the table that are selected first.
    feature_names : array-like of str of shape (n_features,), default=None
        What the columns of X are called in the table; by default as in training, else
        ``feature_0`` and so on.
    class_names : array-like of str of shape (n_classes,), default=None
        What classes are called in the names of the answers' columns; of several labels or
        targets, and of a regressor of several values, names of these.
    booleans : str or sequence of str, default=()
        Columns of numbers that are BOOLEAN in the table: Postgres, Snowflake, BigQuery and
        SQL Server want to know.
    max_length : int, default=100_000
        Of the text, in characters.
    X : array-like or frame of shape (n, n_features), default=None
        Rows on which both are compared, beside those that :func:`verify` draws.

    Returns
    -------
    str
        The SELECT. Comments at its head hold what :func:`verify` found.

    Raises
    ------
    TypeError
        If a part of the student has no form in SQL.
    NotFittedError
        If it is not fitted.
    ValueError
        If the dialect is not known, names clash, the text is too long, or the SQL does not
        say what the student says.
    ImportError
        If DuckDB, or sqlglot for other dialects, is not installed: the extra "sql".

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdistill import HardDecisionTreeClassifier
    >>> from skdistill.export import to_sql
    >>> X, y = load_iris(return_X_y=True, as_frame=True)
    >>> tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X, y)
    >>> print(to_sql(tree, dialect="sqlite", table="flowers", keep="id"))
    -- Written by skdistill: ...
    -- skdistill: ...
    WITH step_1 AS (SELECT ... FROM "flowers" AS t),
    ...
    SELECT
      k0 AS "id",
      ... AS "prediction",
      ... AS "probability_0",
      ... AS "probability_1",
      ... AS "probability_2"
    FROM ...
    """
    if not isinstance(table, str) or not table:
        raise ValueError(f"table={table!r} must be the name of a table.")
    predictor = predictor_of(student)
    check_labels(predictor, "SQL")
    plan = Plan(
        _known(dialect),
        _names(schema),
        table,
        column_names(predictor, feature_names),
        _names(booleans),
        _names(keep),
        *answer_names(student, predictor, class_names),
    )
    check_names(plan)
    _check_booleans(plan)
    text = select(predictor, plan)
    if dialect not in RUN:
        # In other dialects it hardly gets shorter, and sqlglot takes seconds for much.
        _check_length(student, text, 2 * max_length, max_length)
        text = rendered(text, plan.dialect)
    _check_length(student, text, max_length, max_length)
    kind = type(student).__name__
    engine = sql_engine(plan.head(kind, None) + text, predictor)
    return plan.head(kind, proven(engine, student, predictor, X)) + text


def _check_length(student, text, most, max_length):
    if len(text) > most:
        raise ValueError(
            f"The SQL of this {type(student).__name__} has {len(text):,} characters, and "
            f"max_length={max_length:,}: raise that if your engine takes so much, or "
            "export a smaller student."
        )


def _known(dialect):
    if dialect not in DIALECTS:
        raise ValueError(f"dialect={dialect!r} must be one of {', '.join(DIALECTS)}.")
    return DIALECTS[dialect]


def _names(given):
    if given is None:
        return ()
    if isinstance(given, str | int):  # columns may be called by numbers
        return (str(given),)
    return tuple(map(str, given))


def _check_booleans(plan):
    unknown = [name for name in plan.booleans if name not in plan.columns]
    if unknown:
        raise ValueError(
            f"booleans={unknown} are no columns of X: {list(plan.columns)}."
        )
