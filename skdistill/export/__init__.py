"""A fitted student without what it was trained with."""

from .arrays import to_numpy
from .c_student import to_c
from .onnx_student import to_onnx
from .predictor import NumpyPredictor, load
from .sklearn_tree import to_sklearn_tree
from .verify import verify

__all__ = [
    "NumpyPredictor",
    "load",
    "to_c",
    "to_numpy",
    "to_onnx",
    "to_sklearn_tree",
    "verify",
]
