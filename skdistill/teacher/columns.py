"""The columns of a frame that a model knows, by the names that its library gave them.

LightGBM writes ``_`` for spaces, boosters make strings of numbers, skl2onnx writes ``_``
for every mark; and LightGBM, and XGBoost with polars, use columns in whatever order they
come. So names are compared as the library writes them. A name that no column has then, or
two, is an error, wherever the library itself would not notice.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sklearn.utils import _safe_indexing

from .nets import inner_models


@dataclass(frozen=True)
class Spelling:
    """How a library writes the names of columns, and what it does with them.

    Attributes
    ----------
    ways : callable
        ``ways(name, j)`` -> the set of names that column `j` may have in a model.
    number : callable or None
        ``number(j)`` -> what the library calls column `j` of an array; None if it takes
        none by position.
    checks : bool
        Whether it refuses columns of other names itself.
    finds : bool
        Whether it finds all its columns by their names itself.
    """

    ways: Callable
    number: Callable | None = None
    checks: bool = False
    finds: bool = False


#: Of scikit-learn, and of whoever has its attribute ``feature_names_in_``.
AS_THEY_ARE = Spelling(lambda name, j: {name}, checks=True)


def _skl2onnx(name, j):
    identifier = re.sub(r"[^\w+]", "_", str(name))
    return {str(name), "_" + identifier if identifier[:1].isdigit() else identifier}


def _xgboost(name, j):
    # XGBoost joins the levels of a MultiIndex by spaces.
    levels = name if isinstance(name, tuple) else [name]
    return {" ".join(map(str, levels)), str(name)}


SPELLINGS = {
    "lightgbm": Spelling(
        lambda name, j: {str(name), str(name).replace(" ", "_")}, "Column_{}".format
    ),
    "xgboost": Spelling(_xgboost, "f{}".format),
    # An empty name becomes the position.
    "catboost": Spelling(lambda name, j: {str(name) or str(j)}, str, finds=True),
    "onnx": Spelling(_skl2onnx),
}


def spelling_of(model):
    """How the names of a model were written.

    Parameters
    ----------
    model : object
        A fitted model.

    Returns
    -------
    Spelling
        The spelling of its library, or that of scikit-learn.
    """
    # Bases count too: a user's subclass of LGBMClassifier still writes names as
    # LightGBM.
    libraries = [cls.__module__.partition(".")[0] for cls in type(model).__mro__]
    spellings = [SPELLINGS[name] for name in libraries if name in SPELLINGS]
    return spellings[0] if spellings else AS_THEY_ARE


def names_of(model):
    """Names of the columns that a model was fitted on.

    Parameters
    ----------
    model : object
        A fitted model.

    Returns
    -------
    list of str or None
        None where the model does not know.
    """
    for name in ("feature_names_in_", "feature_names_"):  # the second is CatBoost's
        names = getattr(model, name, None)
        if names is not None:
            return names.tolist() if hasattr(names, "tolist") else list(names)
    return None


def named_by(model):
    """The model whose names a wrapper repeats, since it is handed the same columns.

    Parameters
    ----------
    model : object
        A fitted model, such as a pipeline, a search, a vote.

    Returns
    -------
    object
        The model itself, if no part of it has given it the names.
    """
    names = names_of(model)
    for part in _first_parts(model):
        inner = named_by(part)
        if names_of(inner) is not None and names in (None, names_of(inner)):
            return inner
    return model


def _first_parts(model):
    """Parts that may be handed X as it is: one that has the same names is."""
    parts = [part for part in inner_models(model) if _is_model(part)][:1]
    parts += [getattr(model, name, None) for name in ("estimator_", "regressor_")]
    parts += list(getattr(model, "estimators_", []))[:1]
    calibrated = getattr(model, "calibrated_classifiers_", [])
    parts += [each.estimator for each in calibrated[:1]]
    return list(filter(_is_model, parts))


def _is_model(part):
    return hasattr(part, "get_params")  # a string stands in a pipeline for no step


def known_columns(X, names, spelling, who):
    """The columns of a frame that have a model's names, in its order.

    Parameters
    ----------
    X : frame of shape (n, n_features)
        As the user gave it.
    names : list of str
        What the model calls its columns.
    spelling : Spelling
        How its library writes names.
    who : str
        What an error calls the model.

    Returns
    -------
    frame
        X itself if nothing is to be done, or if its columns have to be used, or refused,
        by the library as they are.

    Raises
    ------
    ValueError
        If one name could be two columns, or is not there and the library would not tell.
    """
    columns = list(X.columns)
    if columns == names:
        return X
    places = {}  # of X's columns, by each name that the library may have given them
    for j, column in enumerate(columns):
        for way in spelling.ways(column, j):
            places.setdefault(way, []).append(j)
    missing = [name for name in names if name not in places]
    if missing:
        if not (spelling.checks or _has_no_names(X, names, places, spelling)):
            raise ValueError(
                f"{who} was fitted on columns that X does not have: {_few(missing)}. The "
                f"columns of X are {_few(columns)}: name them as the teacher does, or "
                "give a function that asks it."
            )
        return X
    positions = [_only(name, places[name], columns, who) for name in names]
    in_place = positions == list(range(len(columns)))
    if in_place or (spelling.finds and len(positions) == len(columns)):
        return X
    return _safe_indexing(X, positions, axis=1)


def _has_no_names(X, names, places, spelling):
    """Whether columns can only be matched by position: those of one side have no names."""
    if spelling.number is None:
        return False
    if names == [spelling.number(j) for j in range(len(names))]:
        return True
    is_numbered = type(X.columns).__name__ == "RangeIndex"
    return is_numbered and not any(name in places for name in names)


def _only(name, positions, columns, who):
    if len(positions) > 1:
        raise ValueError(
            f"{who} was fitted on a column that it calls {name!r}, and X has "
            f"{len(positions)} of that name as its library writes it: "
            f"{_few([columns[j] for j in positions])}. Rename those that are not meant, or "
            "give a function that asks it."
        )
    return positions[0]


def _few(names):
    shown = ", ".join(map(repr, names[:10]))
    return shown + (f" and {len(names) - 10} more" if len(names) > 10 else "")
