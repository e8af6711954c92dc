"""Texts: how they are read, cut into tokens and into words. No torch."""
