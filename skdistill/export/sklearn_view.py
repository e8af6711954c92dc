"""What an exported tree of scikit-learn's is given, where that is not X itself."""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils.validation import validate_data

from .sklearn_nodes import floored


class SinglePrecision(TransformerMixin, BaseEstimator):
    """The student's view of X in single precision, on the right side of each threshold.

    scikit-learn's trees round what they are given to single precision, which may carry a
    number over a threshold. Here a number that is near one goes to the nearest float that
    the tree answers alike.

    Parameters
    ----------
    view : transformer or None, default=None
        It makes numbers of X; None for X that is numbers.

    Attributes
    ----------
    view_ : transformer or None
        The fitted one.
    thresholds_ : dict of {int: ndarray}
        Of each column of the view that the student's tree asks about, ascending; none
        after ``fit``, for another tree will be trained on it.
    n_features_in_ : int
        Number of columns of X.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, where all are strings.
    """

    def __init__(self, view=None):
        self.view = view

    @classmethod
    def of(cls, predictor, view):
        """The fitted one of a student.

        Parameters
        ----------
        predictor : NumpyPredictor
            Of a hard tree.
        view : transformer or None
            The student's fitted view.

        Returns
        -------
        SinglePrecision
            Around the same view.

        Raises
        ------
        ValueError
            If two thresholds of a column have no float of single precision between them.
        """
        single = cls(view)
        single.view_, single.thresholds_ = view, {}
        single.n_features_in_, names = predictor.n_features_in_, predictor.meta["names"]
        if names is not None:
            single.feature_names_in_ = np.array(names, dtype=object)
        asks = predictor.arrays["children_left"] >= 0
        feature, threshold = (
            predictor.arrays[n][asks] for n in ("feature", "threshold")
        )
        for k in np.unique(feature).tolist():
            thresholds = np.unique(threshold[feature == k])
            single._check_apart(k, thresholds)
            single.thresholds_[k] = thresholds
        return single

    def _check_apart(self, k, thresholds):
        below = floored(thresholds)
        close = np.flatnonzero(below[1:] == below[:-1])
        if len(close):
            one, other = thresholds[close[0] :][:2].tolist()
            raise ValueError(
                f"The student asks whether {self.get_feature_names_out()[k]!r} is up to "
                f"{one!r} and {other!r}, which scikit-learn's trees cannot tell apart: "
                "they know single precision only. Subtract a constant from the column "
                "before fit, such as the first date from time stamps."
            )

    def fit(self, X, y=None):
        """Learn the view anew, and forget thresholds.

        Parameters
        ----------
        X : array-like or frame of shape (n, n_features)
            Training rows.
        y : array-like, default=None
            For transformers that look at it.

        Returns
        -------
        SinglePrecision
            Itself.
        """
        validate_data(self, X, skip_check_array=True)
        self.view_ = None if self.view is None else clone(self.view).fit(X, y)
        self.thresholds_ = {}
        return self

    def transform(self, X):
        """Return what the tree is given.

        Parameters
        ----------
        X : array-like or frame of shape (n, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (n, n_view)
            Of float32.
        """
        if self.view_ is None:
            z = validate_data(self, X, reset=False, dtype=np.float64)
        else:
            z = self.view_.transform(X)
        largest = np.finfo(np.float32).max
        single = np.clip(z, -largest, largest).astype(np.float32)
        for k, thresholds in self.thresholds_.items():
            # What is above the threshold before, up to the next one.
            low = np.nextafter(np.float32(floored(thresholds)), np.float32(np.inf))
            place = np.searchsorted(thresholds, z[:, k])
            low = np.concatenate([[-np.inf], low])[place]
            high = np.concatenate([floored(thresholds), [np.inf]])[place]
            single[:, k] = np.clip(single[:, k], low, high)
        return single

    def get_feature_names_out(self, input_features=None):
        """Return what each column says.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        ndarray of shape (n_view,)
            Such as ``age``, ``age is missing``, ``plan = a``.
        """
        if self.view_ is not None:
            return self.view_.get_feature_names_out()
        names = [f"feature_{j}" for j in range(self.n_features_in_)]
        return getattr(self, "feature_names_in_", np.array(names, dtype=object))

    def __sklearn_is_fitted__(self):
        """Whether there is a view."""  # numpydoc ignore=RT01
        return hasattr(self, "thresholds_")
