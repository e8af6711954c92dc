"""What runs an exported tree of scikit-learn's."""

import numpy as np
import sklearn
from sklearn.pipeline import Pipeline

from .hostile import container, quiet
from .proof import Answers, Engine, median_seconds


class SklearnEngine(Engine):
    """scikit-learn itself.

    Parameters
    ----------
    artefact : DecisionTreeClassifier, DecisionTreeRegressor or Pipeline
        What is run.
    predictor : NumpyPredictor
        Of the student that it came from.
    """

    name, version = "scikit-learn", sklearn.__version__
    reads = np.float32

    def __init__(self, artefact, predictor):
        self._artefact, self._predictor = artefact, predictor

    def answers(self, columns):
        """What the tree says."""  # numpydoc ignore=PR01,RT01
        rows = self._rows(columns)
        said = quiet(self._artefact.predict, rows)
        said = said.reshape(len(said), -1)
        if not self._predictor.meta["is_classifier"]:
            return Answers(said, None)
        p = quiet(self._artefact.predict_proba, rows)
        p = np.concatenate(p, axis=1) if isinstance(p, list) else p
        return Answers(p, self._places(said))

    def seconds(self, columns):
        """How long ``predict`` takes, rows at hand."""  # numpydoc ignore=PR01,RT01
        rows = self._rows(columns)
        return median_seconds(lambda: quiet(self._artefact.predict, rows))

    def _places(self, labels):
        """Places of labels among the classes of their targets."""
        classes = self._artefact.classes_
        classes = classes if isinstance(classes, list) else [classes]
        places = [{label: i for i, label in enumerate(c.tolist())} for c in classes]
        pairs = zip(places, labels.T.tolist(), strict=True)
        return np.column_stack(
            [[place[label] for label in said] for place, said in pairs]
        )

    def _rows(self, columns):
        view = self._artefact[0] if isinstance(self._artefact, Pipeline) else None
        for part in [] if view is None else view.parts_[1:]:
            # A view takes categories as they were; columns have some of them as text.
            known = {str(category): category for category in part.bins}
            if not all(isinstance(c, str | bool | int | float) for c in part.bins):
                column = columns[part.column]
                as_given = np.empty(len(column), dtype=object)
                as_given[:] = [known.get(value, value) for value in column]
                columns = [*columns]
                columns[part.column] = as_given
        return container(self._artefact, columns)
