"""Rows that enlarge the transfer set: samplers, and fresh draws."""
