"""Rows on disk: fragments of Parquet that are read a few rows at a time, and written whole.

Knows no teachers and no torch. pyarrow is imported where it is needed.
"""
