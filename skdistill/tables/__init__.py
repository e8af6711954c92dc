"""Any table as columns of numbers and categories, and the student's view of it."""

from .view import TableView

__all__ = ["TableView"]
