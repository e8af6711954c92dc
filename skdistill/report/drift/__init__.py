"""A student in service: whether it leaves its teacher, or its answers move."""

from .monitor import FidelityMonitor
from .scores import Drift, ScoreDrift

__all__ = ["Drift", "FidelityMonitor", "ScoreDrift"]
