"""The students' torch modules."""

from .mlp import MLP, MLPMembers
from .soft_tree import SoftTree

__all__ = ["MLP", "MLPMembers", "SoftTree"]
