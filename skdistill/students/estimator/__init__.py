"""Students that are scikit-learn estimators."""

from .classifier import StudentClassifier
from .regressor import StudentRegressor

__all__ = [
    "StudentClassifier",
    "StudentRegressor",
]
