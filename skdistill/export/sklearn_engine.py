"""What runs an exported tree of scikit-learn's."""

import numpy as np
import sklearn
from sklearn.pipeline import Pipeline

from .hostile import container, quiet
from .proof import Answers, Engine, median_seconds

_UNSEEN: frozenset = frozenset()  # like no category, and no string


class SklearnEngine(Engine):
    """A tree, or a Pipeline that ends with one, run by scikit-learn itself.

    Parameters
    ----------
    artefact : DecisionTreeClassifier, DecisionTreeRegressor or Pipeline
        What is run.
    predictor : NumpyPredictor
        Of the student that it came from.
    """

    name, version = "scikit-learn", sklearn.__version__

    def __init__(self, artefact, predictor):
        self._artefact, self._predictor = artefact, predictor
        self._is_pipeline = isinstance(artefact, Pipeline)  # which rounds by itself
        self.reads = np.float64 if self._is_pipeline else np.float32

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
        labels = self._predictor.meta["view"].get("labels", [])
        if self._is_pipeline and labels:
            parts, columns = self._artefact[0].view_.parts_[1:], [*columns]
            for each, part in zip(labels, parts, strict=True):
                if each["as_text"]:
                    j = each["column"]
                    columns[j] = _as_given(columns[j], each, part)
        return container(self._artefact, columns)


def _as_given(column, labels, part):
    """Categories as they were, of which columns have the texts, such as those of dates."""
    by_code = {code: category for category, code in part.bins.items()}
    known = {text: by_code[code] for text, code in labels["bins"]}
    given = np.empty(len(column), dtype=object)
    given[:] = [None if each is None else known.get(each, _UNSEEN) for each in column]
    return given
