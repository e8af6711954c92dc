"""A teacher that writes down, in a file, how often it was asked and fitted.

Not in attributes or globals: these are part of its content.
"""

import numpy as np
from sklearn.linear_model import LogisticRegression


class Counted(LogisticRegression):
    """Writes down how often, and about how many rows, it was asked and fitted."""

    def __init__(self, log=None, C=1.0, max_iter=100):
        super().__init__(C=C, max_iter=max_iter)
        self.log = log

    def fit(self, X, y, sample_weight=None):
        self._note(f"fit {len(X)} {np.abs(X).sum():.9f}")
        return super().fit(X, y, sample_weight)

    def predict_proba(self, X):
        self._note(f"ask {len(X)}")
        return super().predict_proba(X)

    def _note(self, text):
        with open(self.log, "a") as file:
            file.write(text + "\n")


class Log:
    def __init__(self, path):
        self.path = path

    def new(self):
        """What was written since the last time."""
        lines = self.path.read_text().splitlines() if self.path.exists() else []
        self.path.unlink(missing_ok=True)
        return lines
