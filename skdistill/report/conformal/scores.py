"""Answers and truths in, sets or intervals out: what crepes and MAPIE make of arrays.

Neither sees the student or its rows, so that text columns and gaps are no matter.
"""

import warnings

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin


class ThresholdSets:
    """Sets of the classes above one threshold, by crepes; in each group its own.

    Parameters
    ----------
    answers : ndarray of shape (n, n_classes)
        Probabilities.
    y : ndarray of shape (n,)
        Codes of the true classes.
    bins : ndarray of shape (n,) or None
        Groups.
    confidence : float
        Of the sets.
    """

    def __init__(self, answers, y, bins, confidence):
        self._confidence = confidence
        of_truth = 1 - answers[np.arange(len(y)), y]
        self._fitted = _crepes().ConformalClassifier().fit(of_truth, bins=bins)

    def predict(self, answers, bins=None):
        """Say which classes may be true.

        Parameters
        ----------
        answers : ndarray of shape (m, n_classes)
            Probabilities.
        bins : ndarray of shape (m,) or None
            Groups, of those that were there.

        Returns
        -------
        ndarray of bool of shape (m, n_classes)
            Perhaps with empty rows.
        """
        found = self._fitted.predict_set(
            1 - answers, bins=bins, confidence=self._confidence, smoothing=False
        )
        return np.asarray(found).astype(bool)


class AdaptiveSets:
    """Sets of the likeliest classes up to a sum, by MAPIE.

    Parameters
    ----------
    answers : ndarray of shape (n, n_classes)
        Probabilities.
    y : ndarray of shape (n,)
        Codes of the true classes.
    bins : None
        No groups.
    confidence : float
        Of the sets.
    """

    def __init__(self, answers, y, bins, confidence):
        from mapie.classification import SplitConformalClassifier

        same = _Same(answers.shape[1])
        fitted = SplitConformalClassifier(same, confidence, "aps", prefit=True)
        self._fitted = fitted.conformalize(answers, y)

    def predict(self, answers, bins=None):
        """Say which classes may be true.

        Parameters
        ----------
        answers : ndarray of shape (m, n_classes)
            Probabilities.
        bins : None
            No groups.

        Returns
        -------
        ndarray of bool of shape (m, n_classes)
            Sets.
        """
        return self._fitted.predict_set(answers)[1][:, :, 0]


class Residuals:
    """Intervals of one width around values, by crepes; in each group its own.

    Parameters
    ----------
    answers : ndarray of shape (n,)
        Values.
    y : ndarray of shape (n,)
        True values.
    bins : ndarray of shape (n,) or None
        Groups.
    confidence : float
        Of the intervals.
    """

    def __init__(self, answers, y, bins, confidence):
        self._confidence = confidence
        self._fitted = _crepes().ConformalRegressor().fit(y - answers, bins=bins)

    def predict(self, answers, bins=None):
        """Say between which values the truth may be.

        Parameters
        ----------
        answers : ndarray of shape (m,)
            Values.
        bins : ndarray of shape (m,) or None
            Groups, of those that were there.

        Returns
        -------
        ndarray of shape (m, 2)
            Lower and upper ends.
        """
        return self._fitted.predict_int(answers, bins=bins, confidence=self._confidence)


class QuantileBands:
    """Intervals between two quantiles, moved apart or together, by MAPIE.

    Parameters
    ----------
    answers : ndarray of shape (n, n_quantiles)
        Ascending.
    y : ndarray of shape (n,)
        True values.
    bins : None
        No groups.
    confidence : float
        Of the intervals.
    """

    def __init__(self, answers, y, bins, confidence):
        from mapie.regression import ConformalizedQuantileRegressor

        n = answers.shape[1]
        columns = [_Column(j, n) for j in (0, n - 1, n // 2)]
        fitted = ConformalizedQuantileRegressor(columns, confidence, prefit=True)
        self._fitted = fitted.conformalize(answers, y)

    def predict(self, answers, bins=None):
        """Say between which values the truth may be.

        Parameters
        ----------
        answers : ndarray of shape (m, n_quantiles)
            Ascending.
        bins : None
            No groups.

        Returns
        -------
        ndarray of shape (m, 2)
            Lower and upper ends.
        """
        found = self._fitted.predict_interval(answers, symmetric_correction=True)[1]
        return found[:, :, 0]


class _Same(ClassifierMixin, BaseEstimator):
    """A classifier whose rows are the probabilities already."""

    def __init__(self, n_classes):
        self.n_classes = n_classes
        self.classes_ = np.arange(n_classes)
        self.n_features_in_ = n_classes

    def fit(self, X, y):
        return self

    def predict_proba(self, X):
        return np.asarray(X)

    def predict(self, X):
        return np.asarray(X).argmax(axis=1)


class _Column(RegressorMixin, BaseEstimator):
    """A regressor whose answer is one column of its rows."""

    def __init__(self, column, n_columns):
        self.column, self.n_columns = column, n_columns
        self.n_features_in_ = n_columns

    def fit(self, X, y):
        return self

    def __sklearn_is_fitted__(self):
        return True

    def predict(self, X):
        return np.asarray(X)[:, self.column]


def _crepes():
    """The package, without the filter of warnings that its import sets for everybody."""
    with warnings.catch_warnings():
        import crepes
    return crepes
