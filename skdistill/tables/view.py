"""The student's view of a table, from its parts: columns of numbers and of categories.

The student sees X through a view; the teacher never does: it gets X as the user gave it.
"""

from numbers import Integral, Real
from typing import Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, TransformerMixin, _fit_context, clone
from sklearn.utils._param_validation import Interval
from sklearn.utils.validation import (
    _check_sample_weight,
    _num_samples,
    check_array,
    check_is_fitted,
)

from .gaps import plain_values
from .reading import validated_table
from .terms import Term
from .view_categories import CategoryColumn
from .view_numbers import NumberColumns, row_chunks

# Standardised training values of n rows never exceed sqrt(n), so this bound touches
# only values far outside of the training data, which could overflow a net.
_BOUND = 1e6

FLOAT32_BOUND = 1e30  # scikit-learn's trees compute, and sum a table, in float32

# A sparse output of a user's transformer is made dense up to 2 GB: words and ids give
# tens of thousands of columns, and a student needs them all at once.
_DENSE_BYTES = 1 << 31

# ``_lay_out`` makes these of the parts, so a pickle leaves them out.
_LAID_OUT = {"terms_", "_order", "center_", "inverse_scale_", "spread_", "filling_"}


class TableView(TransformerMixin, BaseEstimator):
    """Any table as numbers of comparable size, each of which a person can name.

    - Numbers and booleans are standardised. A column with heavy tails goes through
      ``sign(d) * log(1 + |d| / s)`` first, with d the distance from its median and s the
      median size of d where it is not 0.
    - A gap in a number counts as the mean, and a column that had gaps in training has an
      indicator beside it.
    - Categories and strings become indicators, centred on their shares, the smaller the
      more there are of a column. Rare categories share one, which unseen ones use too;
      gaps have another. Where training saw nothing rare, unseen ones count as the mean;
      where indicators are 0 and 1 (``scale=False``), as no to all.
    - A column that is constant in training is 0.

    Parameters
    ----------
    scale : bool, default=True
        False: numbers keep their units, and indicators are 0 and 1, as trees of plain
        tests read best.
    min_frequency : float, default=0.001
        A category with a smaller share of the rows is rare.
    max_categories : int, default=100
        Number of categories of a column, the most frequent ones, that have indicators.
    max_kurtosis : float, default=25.0
        A column of numbers of a higher kurtosis has heavy tails; 3 for a normal
        distribution, 9 for an exponential one. A thousandth of the rows on either side
        does not count, and columns of two values have no tails.

    Attributes
    ----------
    terms_ : list of Term
        What each column of the view says.
    center_ : ndarray of shape (n_view,)
        What is subtracted from it.
    inverse_scale_ : ndarray of shape (n_view,)
        What it is multiplied by then; 0 for a constant.
    spread_ : ndarray of shape (n_view,)
        Standard deviation of each term in the training rows, in its unit.
    filling_ : ndarray of shape (n_view,)
        What a gap in a number counts as, in the term's unit.
    n_features_in_ : int
        Number of columns in ``fit``.
    feature_names_in_ : ndarray of shape (n_features,)
        Their names, where all are strings.

    Examples
    --------
    >>> import pandas as pd
    >>> from skdistill.tables.view import TableView
    >>> X = pd.DataFrame({"age": [30.0, None, 50.0], "plan": ["a", "b", "a"]})
    >>> view = TableView().fit(X)
    >>> view.get_feature_names_out()
    array(['age', 'age is missing', 'plan = b'], dtype=object)
    >>> view.transform(X).round(2)
    array([[-1.  , -0.67, -0.67],
           [ 0.  ,  1.33,  1.33],
           [ 1.  , -0.67, -0.67]])
    """

    _parameter_constraints: dict = {
        "scale": ["boolean"],
        "min_frequency": [Interval(Real, 0, 1, closed="left")],
        "max_categories": [Interval(Integral, 1, None, closed="left")],
        "max_kurtosis": [Interval(Real, 1, None, closed="left")],
    }

    def __init__(
        self, *, scale=True, min_frequency=0.001, max_categories=100, max_kurtosis=25.0
    ):
        self.scale = scale
        self.min_frequency = min_frequency
        self.max_categories = max_categories
        self.max_kurtosis = max_kurtosis

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X, y=None, sample_weight=None) -> Self:
        """Learn means, tails, categories and gaps.

        Parameters
        ----------
        X : array-like or frame of shape (n, n_features)
            Numbers, booleans, categories, strings; gaps are allowed.
        y : None
            Ignored.
        sample_weight : array-like of shape (n,), default=None
            Row weights; a weight of 2 is the row twice.

        Returns
        -------
        TableView
            Itself.
        """
        table = validated_table(self, X, reset=True)
        like = np.broadcast_to(0.0, len(table))
        if sample_weight is not None:
            sample_weight = plain_values(sample_weight)
        weight = _check_sample_weight(sample_weight, like, ensure_non_negative=True)
        return self.learn(table, weight)

    def learn(self, table, weight=None):
        """Fit on a table that has been read.

        Parameters
        ----------
        table : Table
            Training rows.
        weight : ndarray of shape (n,), default=None
            The weights of the rows.

        Returns
        -------
        TableView
            Itself.
        """
        weight = np.ones(len(table)) if weight is None else weight
        # Rows of no weight teach no category and no gap, as if they were not there.
        if not weight.all():
            table, weight = table.take(np.flatnonzero(weight)), weight[weight > 0]
        share = weight / weight.sum()
        limits = self.min_frequency, self.max_categories, self.scale
        self.parts_ = [
            NumberColumns.learn(
                table, share, self.max_kurtosis if self.scale else np.inf
            ),
            *(
                CategoryColumn.learn(j, labels, share, *limits)
                for j, labels in table.labels.items()
            ),
        ]
        self.n_features_in_, self._names = table.n_columns, table.names
        self._lay_out()
        return self

    def take_parts(self, parts):
        """Go on with other parts, of the same columns.

        Parameters
        ----------
        parts : list of NumberColumns and CategoryColumn
            As ``learn`` makes them.
        """
        self.parts_ = parts
        self._lay_out()

    def _lay_out(self):
        """Put the columns of the view into the order of the table's."""
        terms = [term for part in self.parts_ for term in part.terms]
        order = np.argsort([term.column for term in terms], kind="stable")
        self.terms_ = [terms[i] for i in order]
        # None where the order is right: taking all columns copies each chunk.
        self._order = None if (np.diff(order) == 1).all() else order
        self.center_ = np.concatenate([part.center for part in self.parts_])[order]
        scale = np.concatenate([part.inverse_scale for part in self.parts_])[order]
        self.inverse_scale_ = scale
        asks = np.array([term.is_question for term in self.terms_])
        share = np.where(asks, self.center_, 0.0)
        # The spread of a constant, whose scale is 0, is 0.
        known = np.where(self.inverse_scale_ > 0, self.inverse_scale_, np.inf)
        self.spread_ = np.where(
            asks, np.sqrt(np.clip(share - share**2, 0, None)), 1 / known
        )
        self.filling_ = self.center_
        if not self.scale:
            self.center_, self.inverse_scale_ = 0 * self.center_, np.ones_like(scale)

    def __getstate__(self):
        """State for a pickle: without what ``_lay_out`` makes of the parts."""
        state = super().__getstate__()
        return {k: v for k, v in state.items() if k not in _LAID_OUT}

    def __setstate__(self, state):
        """Lay the parts out again."""
        super().__setstate__(state)
        if "parts_" in state:
            self._lay_out()

    def transform(self, X) -> np.ndarray:
        """Return the view of a table.

        Parameters
        ----------
        X : array-like or frame of shape (n, n_features)
            A table with the columns that ``fit`` saw.

        Returns
        -------
        ndarray of shape (n, n_view)
            Finite numbers.
        """
        check_is_fitted(self)
        return self.of_table(validated_table(self, X, reset=False))

    def of_table(self, table, dtype=np.float64):
        """Return the view of a table that has been read, in a given dtype.

        Parameters
        ----------
        table : Table
            A table with the columns that ``fit`` saw.
        dtype : numpy dtype, default=float64
            What the result is stored in; the arithmetic is float64.

        Returns
        -------
        ndarray of shape (n, n_view)
            Finite numbers.
        """
        out = np.empty((len(table), len(self.terms_)), dtype)
        columns = [part.read(table) for part in self.parts_]
        # What overflows is infinite, and clipped below.
        with np.errstate(over="ignore"):
            for rows in row_chunks(out):
                parts = [
                    part.values(column[rows])
                    for part, column in zip(self.parts_, columns, strict=True)
                ]
                z = np.concatenate(parts, axis=1) if len(parts) > 1 else parts[0]
                z = z if self._order is None else z[:, self._order]
                if self.scale:
                    z = z - self.center_
                    z *= self.inverse_scale_
                bound = _BOUND if self.scale else FLOAT32_BOUND
                np.clip(z, -bound, bound, out=out[rows], casting="same_kind")
        return out

    def get_feature_names_out(self, input_features=None):
        """Return what each column of the view says.

        Parameters
        ----------
        input_features : None
            Ignored.

        Returns
        -------
        ndarray of shape (n_view,)
            Such as ``age``, ``age is missing``, ``plan = a``.
        """
        check_is_fitted(self)
        return np.array([term.text(self._names) for term in self.terms_], dtype=object)

    def __sklearn_tags__(self):
        """scikit-learn's tags: gaps, categories and strings are allowed."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags


def make_view(preprocessor, scale=True):
    """Return the unfitted view that a student's ``preprocessor`` parameter stands for.

    Parameters
    ----------
    preprocessor : "auto", None or transformer
        The students' parameter of that name.
    scale : bool, default=True
        Whether "auto" scales its columns.

    Returns
    -------
    transformer or None
        A :class:`TableView`, a clone of the transformer, or None for X as it is.
    """
    if isinstance(preprocessor, str):
        return TableView(scale=scale)
    return None if preprocessor is None else clone(preprocessor)


def reads_tables(view):
    """Return whether a view is made from a table that has been read.

    Parameters
    ----------
    view : "auto", transformer or None
        A student's ``preprocessor``, or its fitted view.

    Returns
    -------
    bool
        True for "auto" and what it stands for.
    """
    return isinstance(view, str | TableView)


def fit_view(view, X, y=None, sample_weight=None):
    """Fit a view on the training rows.

    Parameters
    ----------
    view : transformer or None
        A view that :func:`make_view` returned.
    X : Table, ndarray or frame of shape (n, n_features)
        Training rows.
    y : ndarray of shape (n,), default=None
        Targets, for transformers that look at them.
    sample_weight : ndarray of shape (n,), default=None
        Row weights; used by :class:`TableView` only.
    """
    if isinstance(view, TableView):
        view.learn(X, sample_weight)
    elif view is not None:
        view.fit(X, y)


def apply_view(view, X, dtype=np.float64):
    """Return what the student sees of X.

    Parameters
    ----------
    view : transformer or None
        A fitted view.
    X : Table, ndarray or frame of shape (n, n_features)
        Validated rows.
    dtype : numpy dtype, default=float64
        Floating type of the result.

    Returns
    -------
    ndarray of shape (n, n_view)
        Finite numbers.

    Raises
    ------
    ValueError
        If a transformer returns gaps, infinities, something that is not numeric or other
        rows, or a sparse matrix that is too large to be dense.
    """
    if isinstance(view, TableView):
        return view.of_table(X, dtype)
    if view is None:
        with np.errstate(over="ignore"):
            x = np.asarray(X).astype(dtype, copy=False)
        if not np.isfinite(x).all():
            raise ValueError(
                f"X has values beyond the range of {np.dtype(dtype).name}, in which the "
                'student trains, and preprocessor=None does not scale them: take "auto".'
            )
        return x
    x = view.transform(X)
    try:
        x = _dense(x, dtype) if sparse.issparse(x) else x
        x = check_array(x, dtype=dtype, input_name="the preprocessor's output")
        if len(x) != _num_samples(X):
            raise ValueError(f"it returned {len(x)} rows of {_num_samples(X)}.")
        return x
    except ValueError as error:
        raise ValueError(
            f"preprocessor={view!r} must return finite numbers for every row: {error}"
        ) from error


def _dense(x, dtype):
    n_bytes = x.shape[0] * x.shape[1] * np.dtype(dtype).itemsize
    if n_bytes > _DENSE_BYTES:
        raise ValueError(
            f"its sparse output of shape {x.shape} would take {n_bytes / 1e9:.1f} GB "
            "as dense numbers; reduce its columns, for example by TruncatedSVD."
        )
    return x.astype(dtype).toarray()


def view_terms(view, n_view):
    """Return what the columns of a view say, and the scale on which they say it.

    Parameters
    ----------
    view : transformer or None
        A fitted view.
    n_view : int
        Number of its columns.

    Returns
    -------
    terms : list of Term
        One for each column of the view; about the columns of a transformer's output as
        such.
    inverse_scale : ndarray of shape (n_view,)
        A column of the view is (term - center) times this.
    center : ndarray of shape (n_view,)
        What is subtracted from each term, in its units.
    spread : ndarray of shape (n_view,)
        Standard deviations in these units; 1 where they are not known.
    """
    if isinstance(view, TableView):
        return view.terms_, view.inverse_scale_, view.center_, view.spread_
    ones = np.ones(n_view)
    return [Term(i) for i in range(n_view)], ones, np.zeros(n_view), ones
