"""Students that read texts: small transformers."""

from .classifier import TextStudentClassifier
from .fine_tuned import TextClassifier
from .regressor import TextStudentRegressor

__all__ = [
    "TextClassifier",
    "TextStudentClassifier",
    "TextStudentRegressor",
]
