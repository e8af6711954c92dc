"""Searches over parameters: grid, joint training, the smallest student."""
