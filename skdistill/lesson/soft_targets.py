"""A fitted teacher's softened answers, in memory or on disk."""

from numbers import Integral, Real
from os import PathLike

from sklearn.utils._param_validation import (
    HasMethods,
    Interval,
    StrOptions,
    validate_params,
)

from ..disk.sources import is_plan
from ..teacher.members import check_width
from ..teacher.memory import TeacherMemory
from ..training.led import led
from .on_disk import write_targets
from .softening import Softening


@validate_params(
    {
        "temperature": [Interval(Real, 0, None, closed="neither")],
        "classes": ["array-like", None],
        "teacher_weights": ["array-like", None],
        "memory": [str, PathLike, HasMethods(["cache"]), None],
        "out": [str, PathLike, None],
        "engine": [
            StrOptions({"joblib", "dask", "ray"}),
            HasMethods(["submit", "scatter"]),
        ],
        "columns": ["array-like", str, None],
        "n_jobs": [Integral, None],
        "verbose": ["verbose"],
    },
    prefer_skip_nested_validation=True,
)
def soft_targets(
    teacher,
    X,
    temperature=1.0,
    *,
    classes=None,
    teacher_weights=None,
    memory=None,
    out=None,
    engine="joblib",
    columns=None,
    n_jobs=None,
    verbose=0,
):
    """Ask a fitted teacher for its softened answers.

    The distribution over the classes is ``softmax(logits / temperature)`` [1]_. Where
    the teacher answers with probabilities p, this is p to the power 1 / temperature,
    normalised; exact zeros have a floor, and a forest's votes are smoothed as if one
    more tree had answered with equal shares.

    Parameters
    ----------
    teacher : object or list of objects
        Fitted estimator, torch module (logits), callable (probabilities), or a list of
        such; it is not changed.
    X : array-like of shape (n, n_features), or a source of rows
        Rows as the teacher knows them. With ``out`` also more than memory holds: a folder
        of Parquet files or a list of their paths, a dataset of pyarrow, a frame of Dask, a
        lazy frame of polars, a dataset of Ray.
    temperature : float, default=1.0
        Above 1 softens, below 1 sharpens. Of no meaning, and refused, for regressors.
    classes : array-like of shape (n_classes,), or list of these, default=None
        Order of the result's columns, and names for the columns of teachers without
        ``classes_``. By default, those of the teacher. A list with one array for each of
        several targets.
    teacher_weights : array-like of shape (n_teachers,), default=None
        Shares of the members of a list.
    memory : str, path, joblib.Memory or None, default=None
        Keeps the answers, 10,000 rows at a time, under the content of teacher and rows: a
        pass that was cut short goes on where it stopped, and is not made twice.
    out : str or path, default=None
        Folder to which the answers are written as Parquet, in float32, one file for each
        file of the source or for some row groups of a large one. A run that was killed
        goes on where it stopped. Columns are called by the classes; ``target0_yes`` for
        class "yes" of the first of several targets; ``prediction``, or ``prediction_0``
        and so on, for values.
    engine : {"joblib", "dask", "ray"} or dask Client, default="joblib"
        With ``out``, who runs the tasks. "dask" takes the current client, and "ray" the
        running Ray; each is started on this machine if there is none.
    columns : array-like of str, or str, default=None
        With ``out`` and rows on disk, the columns that the teacher gets. By default those
        that it knows by name, or all. A name alone is given as a series: a column of
        texts, to a teacher of texts.
    n_jobs : int, default=None
        Number of parts of 10,000 rows that are computed at once, in threads. With
        ``out``, number of processes.
    verbose : int, default=0
        1 shows a progress bar for more than 10,000 rows.

    Returns
    -------
    ndarray of shape (n, n_classes) or (n, n_outputs), or list of ndarray, or Path
        Probabilities whose rows sum to 1, in a list with one array for each target if
        there are several; a regressor's predictions as they are. With ``out``, the
        folder, which a student's ``fit`` takes as ``teacher_output``.

    Raises
    ------
    ValueError
        If the teacher is not fitted or cannot answer for these rows or classes, or if
        ``out`` was begun by another run; the message says what differs.
    RuntimeError
        If there is no answer about some fragments; those of all others are written, and
        another run asks about these alone.

    References
    ----------
    .. [1] Hinton, Vinyals, Dean: Distilling the Knowledge in a Neural Network, 2015.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from skdistill import soft_targets
    >>> teacher = LogisticRegression().fit([[0], [1], [2], [3]], [0, 0, 1, 1])
    >>> soft_targets(teacher, [[3.0]]).round(2)
    array([[0.19, 0.81]])
    >>> soft_targets(teacher, [[3.0]], temperature=4).round(2)
    array([[0.41, 0.59]])
    """
    if out is None:
        _check_in_memory(X, engine, columns)
        memory = TeacherMemory(memory, n_jobs, verbose)
        ask = Softening(teacher, temperature, classes, teacher_weights, memory)
        check_width(teacher, X)
        soft = led(lambda: ask(X), "soft_targets")
        return soft if len(soft) > 1 else soft[0]
    if memory is not None:
        raise ValueError("out= keeps the answers itself: leave memory=None.")
    ask = Softening(teacher, temperature, classes, teacher_weights)
    how = {"engine": engine, "columns": columns, "n_jobs": n_jobs, "verbose": verbose}
    return led(lambda: write_targets(ask, X, out, **how), "soft_targets")


def _check_in_memory(X, engine, columns):
    """Refuse what needs a folder to write to."""
    if isinstance(X, str | PathLike) or is_plan(X) or hasattr(X, "get_fragments"):
        raise ValueError(
            f"X is a source of rows, {type(X).__name__}: give out=, the folder to which "
            "the answers go, or read the rows first."
        )
    if columns is not None or engine != "joblib":
        raise ValueError("columns= and engine= need out=, the folder of the answers.")
