"""Students that are neural nets: an MLP, or the user's module."""

from .classifier import NeuralStudentClassifier
from .regressor import NeuralStudentRegressor

__all__ = [
    "NeuralStudentClassifier",
    "NeuralStudentRegressor",
]
