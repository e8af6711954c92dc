"""Scorers of scikit-learn's on answers that are there already."""

import warnings

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.metrics import check_scoring

from .askers import CLASSES, LABELS
from .intervals import Estimate

#: A scorer is called anew for each, which may take long.
_N_REDRAWS = 200


class Said(BaseEstimator):
    """A model that has been asked: its rows are positions.

    Parameters
    ----------
    asked : Asked
        What the models say.
    name : str
        Of the model.
    """

    def __init__(self, asked, name):
        self.asked, self.name = asked, name
        self._is_classifier = asked.task in (CLASSES, LABELS)
        if asked.task == CLASSES:
            self.classes_ = asked.labels

    def __sklearn_tags__(self):
        """Classifier or regressor, as the task is."""
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier" if self._is_classifier else "regressor"
        return tags

    def __sklearn_is_fitted__(self):
        """Return True."""
        return True

    def fit(self, X, y=None):
        """Return itself: scorers take nothing that cannot be fitted.

        Parameters
        ----------
        X : object
            Ignored.
        y : object
            Ignored.

        Returns
        -------
        Said
            Itself.
        """
        return self

    def predict(self, X):
        """Say what was decided.

        Parameters
        ----------
        X : ndarray of shape (m,)
            Positions.

        Returns
        -------
        ndarray of shape (m,) or (m, k)
            Labels, or values.
        """
        return _flat(self.asked, self.asked.decisions(self.name)[X])

    def predict_proba(self, X):
        """Say what was said.

        Parameters
        ----------
        X : ndarray of shape (m,)
            Positions.

        Returns
        -------
        ndarray of shape (m, n_classes) or (m, n_labels)
            Probabilities.
        """
        return self.asked.says[self.name][X]


def _flat(asked, found):
    """Targets as scikit-learn's metrics take them."""
    if asked.task == CLASSES:
        return asked.labels[found]
    found = found.reshape(len(found), -1)
    return found[:, 0] if found.shape[1] == 1 else found


def scorer_estimates(asked, scoring, random_state):
    """The score of each model by a scorer, and on rows drawn again.

    Parameters
    ----------
    asked : Asked
        With labels.
    scoring : str or callable
        As scikit-learn takes it; larger is better.
    random_state : int
        Of the redraws, which are the same for all models.

    Returns
    -------
    name : str
        Of the score.
    estimates : dict of str to Estimate
        By model; NaN where the scorer says so.

    Raises
    ------
    ValueError
        If the scorer cannot tell on these rows.
    """
    n, y = len(asked), _flat(asked, asked.y)
    random = np.random.default_rng(random_state)
    redraws = random.integers(0, n, (_N_REDRAWS, n))
    found = {}
    for name in asked.names:
        said = Said(asked, name)
        score = check_scoring(said, scoring)
        with warnings.catch_warnings():  # NaN says as much, and is told by a caution
            warnings.simplefilter("ignore")
            value = _score_of_all(score, said, y, scoring)
            redrawn = [_score(score, said, rows, y) for rows in redraws]
        found[name] = Estimate(value, np.array(redrawn))
    return scoring if isinstance(scoring, str) else _name(scoring), found


def _score_of_all(score, said, y, scoring):
    try:
        return float(score(said, np.arange(len(y)), y))
    except ValueError as error:
        if len(np.unique(y)) == 1:
            return np.nan
        raise ValueError(
            f"scoring={scoring!r} has no score of {said.name!r} on X_test: {error}"
        ) from error


def _score(score, said, rows, y):
    """A score of rows drawn again, in which a class may be missing."""
    try:
        return float(score(said, rows, y[rows]))
    except ValueError:
        return np.nan


def _name(scoring):
    function = getattr(scoring, "_score_func", scoring)
    return getattr(function, "__name__", type(function).__name__)
