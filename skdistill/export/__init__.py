"""A fitted student without what it was trained with."""

from .arrays import to_numpy
from .predictor import NumpyPredictor, load

__all__ = ["NumpyPredictor", "load", "to_numpy"]
