"""The student's view of a table.

The student sees X through a view; the teacher never does: it gets X as the user gave it.
"""

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin, clone
from sklearn.utils.validation import (
    _check_sample_weight,
    check_array,
    check_is_fitted,
    validate_data,
)

# Standardised training values of n rows never exceed sqrt(n), so this bound touches
# only values far outside of the training data, which could overflow a net.
_BOUND = 1e6
_CHUNK_CELLS = 1 << 18


class Standardizer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Centre and scale numeric columns, safely for any finite input.

    Unlike :class:`~sklearn.preprocessing.StandardScaler`, columns up to the largest
    float do not overflow, a column that is constant in training is 0 in every later
    table, and values are bounded at a million standard deviations.

    Attributes
    ----------
    mean_ : ndarray of shape (n_features,)
        Weighted mean of each column, in the column's unit.
    inverse_scale_ : ndarray of shape (n_features,)
        One over each column's standard deviation; 0 for a constant column.
    n_features_in_ : int
        Number of columns seen in fit.

    Examples
    --------
    >>> import numpy as np
    >>> from skdistill.preprocessing import Standardizer
    >>> X = np.array([[1.0, 7.0], [3.0, 7.0]])
    >>> Standardizer().fit_transform(X)
    array([[-1.,  0.],
           [ 1.,  0.]])
    """

    def fit(self, X, y=None, sample_weight=None):
        """Learn each column's mean and scale.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Finite numbers.
        y : None
            Ignored.
        sample_weight : array-like of shape (n,), default=None
            Row weights; a weight of 2 is the row twice.

        Returns
        -------
        Standardizer
            Itself.
        """
        X = validate_data(self, X, dtype=np.float64)
        share = _check_sample_weight(sample_weight, X)
        share = share / share.sum()
        # Columns are brought to [-1, 1] first: squares of large values would overflow.
        top, bottom = X.max(axis=0), X.min(axis=0)
        peak = np.maximum(np.abs(top), np.abs(bottom))
        shrink = 1.0 / np.where(peak > 0, np.maximum(peak, 1e-300), 1.0)
        mean = sum(share[rows] @ (X[rows] * shrink) for rows in _chunks(X))
        variance = sum(
            share[rows] @ np.square(X[rows] * shrink - mean) for rows in _chunks(X)
        )
        std = np.sqrt(variance)
        constant = (top == bottom) | (std < 1e-15)
        self.mean_ = mean / shrink
        with np.errstate(over="ignore"):
            inverse = np.where(constant, 0.0, shrink / np.where(constant, 1.0, std))
        self.inverse_scale_ = np.minimum(inverse, np.finfo(np.float64).max)
        return self

    def transform(self, X):
        """Centre and scale.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
            Finite numbers.

        Returns
        -------
        ndarray of shape (n, n_features)
            Standardised columns, float64.
        """
        check_is_fitted(self)
        return self.standardize(validate_data(self, X, reset=False, dtype=np.float64))

    def standardize(self, X, dtype=np.float64):
        """Transform an array that has been validated, into a given dtype.

        Parameters
        ----------
        X : ndarray of shape (n, n_features)
            Finite float64 numbers.
        dtype : numpy dtype, default=float64
            What the result is stored in; the arithmetic is float64.

        Returns
        -------
        ndarray of shape (n, n_features)
            Standardised columns.
        """
        out = np.empty(X.shape, dtype)
        with np.errstate(over="ignore"):
            for rows in _chunks(X):
                z = (X[rows] - self.mean_) * self.inverse_scale_
                np.clip(z, -_BOUND, _BOUND, out=z)
                out[rows] = z
        return out


def _chunks(X):
    """Slices of rows that stay in the processor's cache."""
    step = max(1, _CHUNK_CELLS // max(1, X.shape[1]))
    return [slice(start, start + step) for start in range(0, len(X), step)]


def make_view(preprocessor):
    """The unfitted view that a student's ``preprocessor`` parameter stands for.

    Parameters
    ----------
    preprocessor : "auto", None or transformer
        As in the students.

    Returns
    -------
    transformer or None
        A :class:`Standardizer`, a clone of the transformer, or None for X as it is.
    """
    if isinstance(preprocessor, str):
        return Standardizer()
    return None if preprocessor is None else clone(preprocessor)


def is_numeric_view(view):
    """Whether X itself, rather than a transformer's output, must be finite numbers.

    Parameters
    ----------
    view : "auto", transformer or None
        A student's ``preprocessor``, or its fitted view.

    Returns
    -------
    bool
        True for "auto" and what it stands for, and for None.
    """
    return view is None or isinstance(view, str | Standardizer)


def fit_view(view, X, y=None, sample_weight=None):
    """Fit a view on the training rows.

    Parameters
    ----------
    view : transformer or None
        From :func:`make_view`.
    X : ndarray or table of shape (n, n_features)
        Training rows.
    y : ndarray of shape (n,), default=None
        Targets, for transformers that look at them.
    sample_weight : ndarray of shape (n,), default=None
        Row weights; used by :class:`Standardizer` only.
    """
    if isinstance(view, Standardizer):
        view.fit(X, sample_weight=sample_weight)
    elif view is not None:
        view.fit(X, y)


def apply_view(view, X, dtype=np.float64):
    """What the student sees of X.

    Parameters
    ----------
    view : transformer or None
        A fitted view.
    X : ndarray or table of shape (n, n_features)
        Rows, validated.
    dtype : numpy dtype, default=float64
        Floating type of the result.

    Returns
    -------
    ndarray of shape (n, n_view)
        Finite numbers.

    Raises
    ------
    ValueError
        If a transformer returns gaps, infinities or something that is not numeric.
    """
    if isinstance(view, Standardizer):
        return view.standardize(X, dtype)
    if view is None:
        with np.errstate(over="ignore"):
            seen = np.asarray(X).astype(dtype, copy=False)
        if not np.isfinite(seen).all():
            raise ValueError(
                f"X has values beyond the range of {np.dtype(dtype).name}, in which the "
                'student trains, and preprocessor=None does not scale them: take "auto".'
            )
        return seen
    seen = view.transform(X)
    seen = seen.toarray() if sparse.issparse(seen) else seen
    try:
        return check_array(seen, dtype=dtype, input_name="the preprocessor's output")
    except ValueError as error:
        raise ValueError(
            f"preprocessor={view!r} must return finite numbers for every row: {error}"
        ) from error


def unscaled(view, weights):
    """Rewrite affine maps of the view as affine maps of the original columns.

    Parameters
    ----------
    view : transformer or None
        A fitted view.
    weights : ndarray of shape (n_maps, n_view)
        Coefficients on the columns of the view.

    Returns
    -------
    weights : ndarray of shape (n_maps, n_view)
        Coefficients in the columns' own units where the view is linear.
    centers : ndarray of shape (n_view,)
        Point, in those units, at which the view is 0.
    """
    if not isinstance(view, Standardizer):
        return weights, np.zeros(weights.shape[1])
    return weights * view.inverse_scale_, view.mean_
