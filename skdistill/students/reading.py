"""How a student reads what the user gives: rows, labels, values, weights."""

import numpy as np
from sklearn.utils import get_tags
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import _check_sample_weight, _check_y, validate_data

from ..tables.column_names import check_names
from ..tables.containers import columns_of, is_arrow, is_frame, is_texts, unmasked
from ..tables.gaps import check_no_gaps, plain_values
from ..tables.reading import is_readable, validated_table
from ..tables.table import plain_table
from ..tables.view import fit_view, make_view, reads_tables
from ..texts.reading import read_texts

_ADVICE = (
    "preprocessor=None hands X to the student as it is, and that must be finite numbers: "
    'take "auto" for a table with categories and gaps.'
)
_TEXT_ADVICE = (
    "X holds texts, and a student sees numbers: give a transformer that makes some of "
    "them as `preprocessor`, such as make_pipeline(HashingVectorizer(), "
    "TruncatedSVD(256))."
)


@np.errstate(over="ignore", invalid="ignore")  # in checks of the largest floats
def read_rows(student, X, reset):
    """Return rows as the student's view takes them.

    Parameters
    ----------
    student : BaseStudent
        Who reads; its number of columns and their names are set, or checked.
    X : array-like of shape (n, n_features)
        Rows.
    reset : bool
        Whether these are the first ones.

    Returns
    -------
    Table or array-like
        A table, finite numbers, or X itself for a user's transformer.
    """
    check_names(student, X, reset)
    view = student.preprocessor if reset else _view_of(student)
    wants_columns = reads_tables(view) or (view is None and student._checks_rows)
    if wants_columns and is_texts(X):
        raise ValueError(_TEXT_ADVICE if reset else _one_row_advice(student))
    if reads_tables(view):
        is_plain = not reset and _is_plain(student, X)
        table = plain_table(X) if is_plain else validated_table(student, X, reset)
        if not reset:
            _check_gaps(student, table)
        return table
    if not wants_columns:
        validate_data(student, X, reset=reset, skip_check_array=True)
        return unmasked(X)
    X, dtype = unmasked(X), np.float64
    try:
        return validate_data(student, X, reset=reset, dtype=dtype, order="C")
    except (TypeError, ValueError) as error:
        raise type(error)(f"{error}\n{_ADVICE}") from error


def _one_row_advice(student):
    """What to do instead of giving one row without its columns, or a list of texts."""
    return (
        f"X has one dimension, and {type(student).__name__} was fitted on "
        f"{student.n_features_in_} columns. Of one row, give a table: frame.iloc[[0]] in "
        "place of frame.iloc[0], [row] in place of a list."
    )


def _is_plain(student, X):
    """Whether rows need none of scikit-learn's checks, which take longer than a net."""
    return (
        type(X) is np.ndarray
        and X.dtype == np.float64
        and X.ndim == 2
        and len(X) > 0
        and X.shape[1] == vars(student).get("n_features_in_")
        and "feature_names_in_" not in vars(student)
        and not np.isinf(X).any()
    )


def _check_gaps(student, table):
    """Refuse gaps where training had none, for its teacher takes none."""
    if vars(student).get("_takes_gaps", True) or not np.isnan(table.numbers).any():
        return
    raise ValueError(
        f"Input X contains NaN. {type(student).__name__} was fitted without gaps, and "
        "its teacher does not accept any: impute X, or fit with a teacher that does."
    )


def _view_of(student):
    """The view as it was fitted; while fit runs for the first time, as it will be."""
    return getattr(student, "preprocessor_", student.preprocessor)


def read_more(student, X, name):
    """Return rows beside X, which must be of the same columns.

    Parameters
    ----------
    student : BaseStudent
        Who reads.
    X : array-like of shape (n, n_features) or None
        Rows.
    name : str
        The argument's name.

    Returns
    -------
    Table or array-like or None
        As from ``read_rows``.
    """
    if X is None:
        return None
    try:
        return student._read_rows(X, reset=False)
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error


def n_readable_columns(student, X):
    """Columns of X that samplers can read; None where they may not.

    Parameters
    ----------
    student : BaseStudent
        Which has read X.
    X : array-like of shape (n, n_features)
        Rows as the user gave them.

    Returns
    -------
    int or None
        The number.
    """
    if reads_tables(_view_of(student)):
        return student.n_features_in_
    can = is_readable(X) and not _holds_texts_alone(X)
    return student.n_features_in_ if can else None


def _holds_texts_alone(X):
    """Whether a table is a column of strings, or a pair of which one hardly repeats.

    Redrawn, the cells of one column would be rows that are there already; and texts of
    different rows are no pair.
    """
    try:
        segments = read_texts(X).segments
    except (TypeError, ValueError):
        return False
    n_distinct = max(len(set(segment)) for segment in segments)
    return len(segments) == 1 or n_distinct > len(segments[0]) / 2


def fit_students_view(student, X, y, weight):
    """Fit the view of X, and store it.

    Parameters
    ----------
    student : BaseStudent
        Whose view it is.
    X : Table or array-like
        From ``read_rows``.
    y : ndarray or None
        Labels or values.
    weight : ndarray of shape (n,) or None
        Weights of the rows.
    """
    view = make_view(student.preprocessor, scale=student._scales_view)
    fit_view(view, X, y, weight)
    student.preprocessor_ = view
    if reads_tables(view):
        if hasattr(student, "feature_names_in_"):
            view.feature_names_in_ = student.feature_names_in_
        had_gaps = bool(np.isnan(X.numbers).any())
        student._takes_gaps = had_gaps or get_tags(student).input_tags.allow_nan


def read_weight(weight, n):
    """Weights of the rows.

    Parameters
    ----------
    weight : array-like of shape (n,) or None
        As the user gave them.
    n : int
        Number of rows.

    Returns
    -------
    ndarray of shape (n,) or None
        Of float64, not negative.
    """
    if weight is None:
        return None
    check_no_gaps(
        "sample_weight", weight, "weight", "give 0 to rows that are not to count"
    )
    weight, like = plain_values(weight), np.broadcast_to(0.0, n)
    weight = _check_sample_weight(weight, like, ensure_non_negative=True)
    with np.errstate(over="ignore"):
        total = weight.sum()
    if not 0 < total < np.inf:
        raise ValueError(
            f"sample_weight sums to {total}: give some row a weight above 0, "
            "and none that overflows."
        )
    return weight.astype(np.float64)


def read_labels(student, y):
    """Return labels of one target, or of several side by side.

    Parameters
    ----------
    student : BaseStudent
        Who reads.
    y : array-like of shape (n,) or (n, n_targets)
        Without gaps.

    Returns
    -------
    ndarray of shape (n,) or (n, n_targets)
        Labels.
    """
    shape = np.asarray(y).shape
    if len(shape) < 2 or shape[1] < 2:
        return _read_column(student, y)
    has_columns = is_frame(y) or is_arrow(y)
    columns = columns_of(y if has_columns else np.asarray(y))
    columns = [_read_column(student, column) for column in columns]
    kinds = {column.dtype.kind in "OUST" for column in columns}
    if len(kinds) > 1:  # numbers stay numbers beside strings
        columns = [column.astype(object) for column in columns]
    y = np.column_stack(columns)
    return y.astype(np.int64) if y.dtype == bool else y


@np.errstate(over="ignore", invalid="ignore")  # in checks of the largest floats
def _read_column(student, y):
    y = _check_y(y, multi_output=False, y_numeric=False, estimator=student)
    check_classification_targets(y)
    return y


@np.errstate(over="ignore", invalid="ignore")  # in checks of the largest floats
def read_values(student, y):
    """Values of one target, or of several side by side.

    Parameters
    ----------
    student : BaseStudent
        Who reads.
    y : array-like of shape (n,) or (n, n_targets)
        Without gaps.

    Returns
    -------
    ndarray of shape (n,) or (n, n_targets)
        Numbers.
    """
    return _check_y(y, multi_output=True, y_numeric=True, estimator=student)
