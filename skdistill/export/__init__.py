"""A fitted student without what it was trained with."""

from .arrays import to_numpy
from .onnx_student import to_onnx
from .predictor import NumpyPredictor
from .reading import load
from .rule_predictor import RulePredictor
from .sql_student import to_sql
from .verify import verify

__all__ = ["NumpyPredictor", "RulePredictor", "load", "to_numpy", "to_onnx", "to_sql", "verify"]
