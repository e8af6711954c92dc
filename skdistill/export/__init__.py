"""A fitted student without what it was trained with.

Who reads a predictor needs numpy, and no scikit-learn: what writes one is loaded on
first use.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from .predictor import NumpyPredictor
from .reading import load
from .rule_predictor import RulePredictor
from .verify import verify

_HOMES = {
    "to_c": "c.student",
    "to_numpy": "arrays",
    "to_onnx": "graphs.student",
    "to_sklearn_tree": "sklearn_tree",
    "to_sql": "sql.student",
}

__all__ = [
    "NumpyPredictor",
    "RulePredictor",
    "load",
    "to_c",
    "to_numpy",
    "to_onnx",
    "to_sklearn_tree",
    "to_sql",
    "verify",
]

if TYPE_CHECKING:
    from .arrays import to_numpy as to_numpy
    from .c.student import to_c as to_c
    from .graphs.student import to_onnx as to_onnx
    from .sklearn_tree import to_sklearn_tree as to_sklearn_tree
    from .sql.student import to_sql as to_sql


def __getattr__(name):
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})
