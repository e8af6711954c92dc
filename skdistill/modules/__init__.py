"""The students' torch modules."""

from .mlp import MLP
from .soft_tree import SoftTree

__all__ = ["MLP", "SoftTree"]
