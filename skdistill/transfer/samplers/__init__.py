"""Samplers that enlarge the transfer set: rows for the teacher to label.

A sampler is fitted on training rows alone and draws rows of the same kind: integers stay
integers, categories stay known, gaps stay possible. ``sample`` also returns each drawn
row's parents, the training rows that it was made from.
"""

from .base import BaseSampler
from .bootstrap import Bootstrap
from .conditional import ConditionalSampler
from .mixup import Mixup
from .munge import Munge
from .noise import GaussianNoise
from .table import Sampler

__all__ = [
    "BaseSampler",
    "Bootstrap",
    "ConditionalSampler",
    "GaussianNoise",
    "Mixup",
    "Munge",
    "Sampler",
]
