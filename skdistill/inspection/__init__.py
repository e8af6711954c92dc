"""Reading a fitted student."""

from .explanation import explain
from .text import export_text

__all__ = ["explain", "export_text"]
