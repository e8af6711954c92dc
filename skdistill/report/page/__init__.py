"""A report as one HTML file."""

from .page import page_of as page_of
