"""Students that are soft decision trees."""

from .classifier import SoftDecisionTreeClassifier
from .regressor import SoftDecisionTreeRegressor

__all__ = [
    "SoftDecisionTreeClassifier",
    "SoftDecisionTreeRegressor",
]
