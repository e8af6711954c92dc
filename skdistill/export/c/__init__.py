"""Students as headers of C99."""
