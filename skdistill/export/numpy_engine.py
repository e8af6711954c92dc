"""What runs an exported predictor of numpy."""

import numpy as np

from .compared import check_columns
from .proof import (
    Answers,
    Engine,
    label_places,
    median_seconds,
    side_by_side,
)

# Row by row; all rows of a user's would take seconds.
_MOST_ALONE = 2048


class NumpyEngine(Engine):
    """A predictor of numpy alone.

    Parameters
    ----------
    artefact : NumpyPredictor
        What is run.
    predictor : NumpyPredictor
        Of the student that it came from.
    """

    name, version = "numpy", np.__version__

    def __init__(self, artefact, predictor):
        check_columns(artefact.n_features_in_, predictor)
        self._artefact, self._predictor = artefact, predictor

    def answers(self, columns):
        """What the predictor says."""  # numpydoc ignore=PR01,RT01
        rows = self._rows(columns)
        said = self._artefact.predict(rows)
        said = said.reshape(len(said), -1)
        if not self._predictor.meta["is_classifier"]:
            return Answers(said, None)
        p = side_by_side(self._predictor, self._artefact.predict_proba(rows))
        return Answers(p, label_places(self._predictor, said))

    def ways(self, columns):
        """All rows at once, and each alone: other code."""  # numpydoc ignore=PR01,YD01
        together = self.answers(columns)
        yield together
        n = min(len(columns[0]), _MOST_ALONE)
        each = [self.answers([c[i : i + 1] for c in columns]) for i in range(n)]
        outputs, labels = together.outputs.copy(), together.labels
        outputs[:n] = np.concatenate([one.outputs for one in each])
        if labels is not None:
            labels = labels.copy()
            labels[:n] = np.concatenate([one.labels for one in each])
        yield Answers(outputs, labels)

    def seconds(self, columns):
        """How long ``predict`` takes, rows at hand."""  # numpydoc ignore=PR01,RT01
        rows = self._rows(columns)
        return median_seconds(lambda: self._artefact.predict(rows))

    def _rows(self, columns):
        names = self._artefact.meta["names"]
        if names is not None:
            return dict(zip(names, columns, strict=True))
        if all(column.dtype.kind == "f" for column in columns):
            return np.column_stack(columns)
        return np.column_stack([column.astype(object) for column in columns])
