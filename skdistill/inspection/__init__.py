"""Reading a fitted student."""

from .text import export_text

__all__ = ["export_text"]
