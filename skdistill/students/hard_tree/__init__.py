"""Students that are hard decision trees, which a search finds."""

from .classifier import HardDecisionTreeClassifier
from .regressor import HardDecisionTreeRegressor

__all__ = [
    "HardDecisionTreeClassifier",
    "HardDecisionTreeRegressor",
]
