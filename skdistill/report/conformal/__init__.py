"""Sets and intervals that hold the truth with a given confidence."""

from .student import ConformalStudent, Coverage

__all__ = ["ConformalStudent", "Coverage"]
