"""Searches over parameters: grid, fits prepared together, the smallest student."""
