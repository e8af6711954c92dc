"""What a user wishes of a hard tree's questions, as the search takes it."""

from numbers import Integral

import numpy as np

from ..learners.hard_tree.wishes import Wishes
from ..tables.view import reads_tables, view_terms

_MOST_NAMED = 5


class Columns:
    """The columns that wishes are about: those of X, or of a transformer's output.

    Parameters
    ----------
    names : list or None
        Their names; None where they have none.
    n : int
        Their number.
    categorical : set of int
        Those of categories.
    """

    def __init__(self, names, n, categorical=frozenset()):
        self.n, self.names, self.categorical = n, names or [], categorical
        self._number = {name: k for k, name in enumerate(self.names)}

    def number(self, key, parameter):
        """The position of a column.

        Parameters
        ----------
        key : int or object
            Its position, or its name.
        parameter : str
            What it stands in.

        Returns
        -------
        int
            Not negative.

        Raises
        ------
        ValueError
            If there is no such column.
        """
        if isinstance(key, Integral) and not isinstance(key, bool):
            if 0 <= key < self.n:
                return int(key)
            raise ValueError(
                f"{parameter} has the position {key}, and there are {self.n} columns, "
                f"from 0 to {self.n - 1}."
            )
        return self.named(key, parameter)

    def named(self, name, parameter):
        """The position of a column of a name.

        Parameters
        ----------
        name : object
            Its name.
        parameter : str
            What it stands in.

        Returns
        -------
        int
            Not negative.

        Raises
        ------
        ValueError
            If there is no such column.
        """
        if name in self._number:
            return self._number[name]
        if not self.names:
            raise ValueError(
                f"{parameter} has the name {name!r}, and the columns have no names: "
                f"give positions from 0 to {self.n - 1}."
            )
        some = ", ".join(repr(each) for each in self.names[:_MOST_NAMED])
        more = ", ..." if self.n > _MOST_NAMED else ""
        raise ValueError(
            f"{parameter} has the name {name!r}, and no column is called so; there are "
            f"{some}{more}."
        )


def columns_of(student, read=None, n_view=None):
    """The columns that a student's wishes are about.

    Parameters
    ----------
    student : HardDecisionTree
        Which has read rows.
    read : Table or ndarray, default=None
        These, where there is no view yet.
    n_view : int, default=None
        Number of columns of the fitted view.

    Returns
    -------
    Columns or None
        None before a user's transformer is fitted, which tells what comes out of it.
    """
    view = student.preprocessor if n_view is None else student.preprocessor_
    if view is None or reads_tables(view):
        if n_view is None:
            categorical = set(getattr(read, "labels", ()))
        else:
            terms = view_terms(view, n_view)[0]
            categorical = {term.column for term in terms if term.category is not None}
        return Columns(student._column_names, student.n_features_in_, categorical)
    if n_view is None:
        return None
    try:
        names = list(view.get_feature_names_out())
    except (AttributeError, ValueError):  # the transformer, or a part of it, has none
        names = None
    return Columns(names, n_view)


def check_wishes(student, columns):
    """Refuse wishes about columns that there are not.

    Parameters
    ----------
    student : HardDecisionTree
        Its parameters are checked.
    columns : Columns
        What they may be about.

    Returns
    -------
    allowed : ndarray of int or None
        Positions.
    direction : ndarray of int of shape (n_columns,)
        From ``monotonic_cst``.
    groups : list of set of int, "pairwise" or None
        From ``interaction_cst``.

    Raises
    ------
    ValueError
        For unknown names, positions that are out of range and what else is no wish.
    """
    allowed = _allowed(student.allowed_features, columns)
    direction = _direction(student.monotonic_cst, columns)
    return allowed, direction, _groups(student.interaction_cst, columns)


def wishes_of(student, n_view):
    """What a student's parameters ask of the search.

    Parameters
    ----------
    student : HardDecisionTree
        With a fitted view, and a task.
    n_view : int
        Number of columns of the view.

    Returns
    -------
    Wishes
        About the columns of the view.
    """
    columns = columns_of(student, n_view=n_view)
    allowed, direction, groups = check_wishes(student, columns)
    if direction.any():
        _check_one_number(student._task)
    terms = view_terms(student.preprocessor_, n_view)[0]
    source = np.array([term.column for term in terms], dtype=np.int64)
    is_question = np.array([term.is_question for term in terms], dtype=bool)
    return Wishes(
        source,
        is_question,
        np.where(is_question, 0, direction[source]),
        groups,
        None if allowed is None else np.isin(source, allowed),
        student.max_questions,
    )


def _check_one_number(task):
    classes = task.classes or ()
    if len(classes) > 1 or (not classes and task.n_outputs > 1):
        n = len(classes) or task.n_outputs
        raise ValueError(f"monotonic_cst is for a single target, and there are {n}.")
    if classes and len(classes[0]) != 2:
        raise ValueError(
            "monotonic_cst is for two classes, about the probability of the second, "
            f"and there are {len(classes[0])}."
        )


def _allowed(wish, columns):
    if wish is None:
        return None
    keys = np.asarray(wish)
    if keys.dtype == bool:
        if keys.shape != (columns.n,):
            raise ValueError(
                f"allowed_features has the shape {keys.shape} and says yes or no of "
                f"each column, and there are {columns.n}."
            )
        numbers = np.flatnonzero(keys)
    else:
        # Not of the array: it would make strings of names and positions together.
        numbers = [columns.number(key, "allowed_features") for key in _listed(wish)]
    if not len(numbers):
        raise ValueError(
            "allowed_features allows no column: name at least one, or give None for all."
        )
    return np.unique(numbers)


def _listed(wish):
    return wish.tolist() if hasattr(wish, "tolist") else list(wish)


def _direction(wish, columns):
    direction = np.zeros(columns.n, dtype=np.int8)
    if wish is None:
        return direction
    if isinstance(wish, dict):
        for name, value in wish.items():
            direction[columns.named(name, "monotonic_cst")] = _sign(value)
    else:
        values = _listed(wish)
        if np.shape(values) != (columns.n,):
            raise ValueError(
                f"monotonic_cst has the shape {np.shape(values)}, and there are "
                f"{columns.n} columns: give one number for each, or a dict by name."
            )
        direction[:] = [_sign(value) for value in values]
    for k in np.flatnonzero(direction):
        if k in columns.categorical:
            name = columns.names[k] if columns.names else int(k)
            raise ValueError(
                f"monotonic_cst has a direction for column {name!r}, which holds "
                "categories: these have no order. Give numbers, or 0."
            )
    return direction


def _sign(value):
    if not np.isscalar(value) or value not in (-1, 0, 1):
        raise ValueError(f"monotonic_cst takes -1, 0 and 1, and not {value!r}.")
    return int(value)


def _groups(wish, columns):
    if wish is None or (isinstance(wish, str) and wish == "pairwise"):
        return wish
    if isinstance(wish, str):  # "no_interactions"
        return [{k} for k in range(columns.n)]
    groups = []
    for group in wish:
        if isinstance(group, str) or not hasattr(group, "__iter__"):
            raise ValueError(
                "interaction_cst is a list of sets of columns, and has "
                f"{group!r}, which is no set."
            )
        groups.append({columns.number(key, "interaction_cst") for key in group})
    if any(len(group) == columns.n for group in groups):
        return None
    rest = set(range(columns.n)).difference(*groups)
    return [*groups, rest] if rest else groups
