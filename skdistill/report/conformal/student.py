"""A student that answers with sets of classes, or intervals, which hold the truth."""

from importlib.util import find_spec
from numbers import Real
from typing import NamedTuple

import numpy as np
from scipy.stats import binomtest
from sklearn.base import is_classifier
from sklearn.pipeline import Pipeline
from sklearn.utils._param_validation import Interval as Between
from sklearn.utils._param_validation import StrOptions, validate_params
from sklearn.utils.validation import _num_samples

from ...tables.containers import rows_of
from ...teacher.models import kind_of
from ..models import check_fitted
from ..result import Interval
from ..seen import seen_rows
from ..targets import finite_values, read_targets
from .groups import Groups
from .scores import AdaptiveSets, QuantileBands, Residuals, ThresholdSets

_EVERYONE = "all rows"


class Coverage(NamedTuple):
    """How often the truth was in what was predicted.

    Attributes
    ----------
    group : str
        Of the rows; "all rows" without groups.
    n_rows : int
        How many there are.
    covered : Interval
        The share of rows whose truth is inside, with its exact interval at 95 %.
    size : float
        Classes in a set, or width of an interval, on average.
    """

    group: str
    n_rows: int
    covered: Interval
    size: float


class ConformalStudent:
    """A fitted student whose sets, or intervals, hold the truth with a given confidence.

    The answers on labelled rows that the student was not fitted on say how far off it
    is; no assumption but that later rows come from where these do (split conformal
    prediction [1]_). crepes and MAPIE do the statistics: install the extra `conformal`.

    It is no estimator: it wraps a student that is fitted, and has no ``fit`` or
    ``get_params``, so ``clone``, searches and ``cross_val_score`` refuse it. Search and
    cross-validate the student, and wrap what is fitted: ``ConformalStudent(search,
    X_cal, y_cal)``.

    Parameters
    ----------
    student : estimator
        A fitted classifier of one target, a regressor of values, or a student of
        quantiles; or a pipeline or search that ends in one. It is not changed.
    X_cal : array-like or frame of shape (n, n_features)
        Rows that it was not fitted on, as it takes them: text columns and gaps too.
    y_cal : array-like of shape (n,) or (n, n_targets)
        Their labels or values.
    confidence : float, default=0.9
        The chance that a set, or interval, holds the truth, over rows for calibration
        and the next row; with several targets, of each alone.
    method : {"lac", "aps"}, default="lac"
        How classes enter a set. "lac": those above one threshold of probability, which
        gives the smallest sets [2]_. "aps": the likeliest ones up to a sum, which gives
        larger sets where rows are hard and smaller ones where they are easy [3]_; for
        three classes or more.
        Intervals are of one width, those of a student of quantiles of the widths that
        it says [4]_.
    groups : str, int or callable, default=None
        A column of X, or a function of X that returns a label for each row: the
        confidence then holds in each group by itself (Mondrian), not over all rows alone.
        For "lac" and for values. A group with too few rows for that, or that
        calibration did not meet, gets all classes, or an interval without ends.
    X_train : array-like or frame, default=None
        The rows that the student was fitted on. If given, rows for calibration that
        stand among them are refused.
    empty_sets : bool, default=False
        Whether a set may be empty, where no class is above the threshold. False: it
        holds the likeliest class then, which can only raise the coverage.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        Of a classifier.

    Raises
    ------
    ImportError
        Without the extra.
    ValueError
        If rows are too few for the confidence, were fitted on, or do not fit the student.

    References
    ----------
    .. [1] Vovk, Gammerman, Shafer: Algorithmic Learning in a Random World, 2005.
    .. [2] Sadinle, Lei, Wasserman: Least Ambiguous Set-valued Classifiers with Bounded
       Error Levels, 2019.
    .. [3] Romano, Sesia, Candes: Classification with Valid and Adaptive Coverage, 2020.
    .. [4] Romano, Patterson, Candes: Conformalized Quantile Regression, 2019.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdistill import ConformalStudent, HardDecisionTreeClassifier
    >>> X, y = load_iris(return_X_y=True)
    >>> tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X[::2], y[::2])
    >>> wrapped = ConformalStudent(tree, X[1::2], y[1::2], confidence=0.9)
    >>> wrapped.predict_set(X[[0, 50]])
    array([[ True, False, False],
           [False,  True, False]])
    >>> [wrapped.classes_[row].tolist() for row in wrapped.predict_set(X[[0, 50]])]
    [[0], [1]]
    >>> wrapped
    <ConformalStudent: sets by HardDecisionTreeClassifier, confidence 0.9, ...>
    """

    @validate_params(
        {
            "student": "no_validation",
            "X_cal": "no_validation",
            "y_cal": ["array-like"],
            "confidence": [Between(Real, 0, 1, closed="neither")],
            "method": [StrOptions({"lac", "aps"})],
            "groups": "no_validation",
            "X_train": "no_validation",
            "empty_sets": ["boolean"],
        },
        prefer_skip_nested_validation=True,
    )
    def __init__(
        self,
        student,
        X_cal,
        y_cal,
        *,
        confidence=0.9,
        method="lac",
        groups=None,
        X_train=None,
        empty_sets=False,
    ):
        _check_installed()
        _check_can_answer(student)
        self.student, self.confidence, self.method = student, confidence, method
        self.groups, self.empty_sets = groups, empty_sets
        self._is_classifier = is_classifier(student)
        has_quantiles = _quantiles_of(student) is not None
        if groups is not None and (method == "aps" or has_quantiles):
            raise ValueError(
                'groups is for method="lac", and for values, not quantiles.'
            )
        if self._is_classifier:
            self.classes_ = _classes_of(student, X_cal)
            if method == "aps" and len(self.classes_) < 3:
                raise ValueError(
                    'method="aps" is for three classes or more: use "lac".'
                )
            self._make = AdaptiveSets if method == "aps" else ThresholdSets
        else:
            self._make = QuantileBands if has_quantiles else Residuals
        if X_train is not None:
            _check_unseen(X_cal, X_train)
        self._n_rows = _num_samples(X_cal)
        self._groups = Groups(groups, X_cal, self._least_rows())
        self._targets = self._calibrated(X_cal, y_cal)

    def __repr__(self):
        answers, method = "intervals", ""
        if self._is_classifier:
            answers, method = "sets", f", method {self.method!r}"
        groups = "" if self.groups is None else f", in groups of {self.groups!r}"
        return (
            f"<{type(self).__name__}: {answers} by {kind_of(self.student)}, confidence "
            f"{self.confidence:g}{method}, calibrated on {self._n_rows:,} rows{groups}>"
        )

    def predict(self, X):
        """The student's own answer.

        Parameters
        ----------
        X : array-like or frame of shape (m, n_features)
            Rows.

        Returns
        -------
        ndarray
            As the student returns it.
        """
        return self.student.predict(X)

    def predict_set(self, X):
        """Which classes may be the true ones.

        Parameters
        ----------
        X : array-like or frame of shape (m, n_features)
            Rows.

        Returns
        -------
        ndarray of bool of shape (m, n_classes)
            Columns in the order of ``classes_``: the names in each set are
            ``[wrapped.classes_[row] for row in wrapped.predict_set(X)]``.

        Raises
        ------
        AttributeError
            If the student is a regressor.
        """
        if not self._is_classifier:
            raise AttributeError(
                "predict_set is for classifiers: use predict_interval."
            )
        p = self._answers(X)[0]
        sets = self._asked(p, X, 0, np.ones(p.shape, bool))
        if not self.empty_sets:
            empty = ~sets.any(axis=1)
            sets[empty, p[empty].argmax(axis=1)] = True
        return sets

    def predict_interval(self, X):
        """Between which values the truth may be.

        Parameters
        ----------
        X : array-like or frame of shape (m, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (m, 2) or (m, n_targets, 2)
            Lower and upper ends, in the unit of y.

        Raises
        ------
        AttributeError
            If the student is a classifier.
        """
        if self._is_classifier:
            raise AttributeError("predict_interval is for values: use predict_set.")
        endless = np.tile([-np.inf, np.inf], (_num_samples(X), 1))
        found = [
            self._asked(answers, X, j, endless.copy())
            for j, answers in enumerate(self._answers(X))
        ]
        return found[0] if len(found) == 1 else np.stack(found, axis=1)

    def coverage(self, X, y, *, groups=None):
        """How often the truth is inside, on labelled rows of neither fit nor calibration.

        Parameters
        ----------
        X : array-like or frame of shape (m, n_features)
            Rows.
        y : array-like of shape (m,) or (m, n_targets)
            Their labels or values.
        groups : str, int or callable, default=None
            A column, or a function of X, by whose values coverage is shown; by default
            the groups of the calibration.

        Returns
        -------
        tuple of Coverage
            Of all rows, and of each group. Of several targets a row counts by the share
            of targets inside.
        """
        truth = self._truth(X, y, "X", "y")
        if self._is_classifier:
            sets = self.predict_set(X)
            inside, size = sets[np.arange(len(sets)), truth[:, 0]], sets.sum(axis=1)
        else:
            ends = self.predict_interval(X).reshape(len(truth), -1, 2)
            inside = ((ends[..., 0] <= truth) & (truth <= ends[..., 1])).mean(axis=1)
            size = (ends[..., 1] - ends[..., 0]).mean(axis=1)
        found = [_coverage(_EVERYONE, inside, size)]
        names = (self._groups if groups is None else Groups(groups, X, 1)).names(X)
        for name in np.unique(names) if names is not None else ():
            rows = names == name
            found.append(_coverage(str(name), inside[rows], size[rows]))
        return tuple(found)

    def _calibrated(self, X, y):
        """For each target, sets or intervals that were calibrated."""
        answers = self._answers(X)
        self._n_targets = len(answers)
        truth = self._truth(X, y, "X_cal", "y_cal")
        bins = self._groups.codes(X)
        known = slice(None) if bins is None else bins >= 0
        bins = None if bins is None else bins[known]
        if _num_samples(truth[known]) < self._least_rows():
            raise ValueError(
                f"X_cal: at least {self._least_rows()} rows are needed for "
                f"confidence={self.confidence}"
                + ("." if bins is None else ", in one group or more.")
            )
        return [
            self._make(each[known], truth[known][:, j], bins, self.confidence)
            for j, each in enumerate(answers)
        ]

    def _least_rows(self):
        return int(np.ceil(1 / (1 - self.confidence) - 1e-9)) - 1

    def _answers(self, X):
        """For each target, what the calibration is about."""
        if self._is_classifier:
            return [np.asarray(self.student.predict_proba(X), dtype=np.float64)]
        values = np.asarray(self.student.predict(X), dtype=np.float64)
        if self._make is QuantileBands:
            return [values]
        return list(values.reshape(len(values), -1).T)

    def _truth(self, X, y, rows, name):
        """Codes, or values, as (n, n_targets)."""
        y = read_targets(y, _num_samples(X), name, rows)
        n_columns = 1 if y.ndim == 1 else y.shape[1]
        if n_columns != self._n_targets:
            raise ValueError(
                f"{name} has {n_columns} columns, and the student {self._n_targets}: give "
                "a label or value for each target."
            )
        if not self._is_classifier:
            return finite_values(y, name).reshape(len(y), n_columns)
        known = np.isin(y, self.classes_)
        if not known.all():
            strange = np.unique(y[~known]).tolist()[:5]
            raise ValueError(
                f"{name} has labels that the student does not know, {strange}: no set "
                "could hold them. Leave those rows out; the confidence is then for rows of "
                "the other classes."
            )
        return np.searchsorted(self.classes_, y)[:, None]

    def _asked(self, answers, X, target, everything):
        """Sets or intervals; everything for rows of groups that are not known."""
        bins = self._groups.codes(X)
        if bins is None:
            return self._targets[target].predict(answers)
        known = bins >= 0
        if known.any():
            found = self._targets[target].predict(answers[known], bins[known])
            everything[known] = found
        return everything


def _coverage(group, inside, size):
    n, k = len(inside), round(inside.sum())
    low, high = binomtest(k, n).proportion_ci(0.95, "exact")
    share = Interval(float(inside.mean()), float(low), float(high))
    return Coverage(group, n, share, float(size.mean()))


def _check_unseen(X_cal, X_train):
    seen = seen_rows(X_cal, X_train, "X_cal")
    if not seen.by_chance:
        raise ValueError(
            f"X_cal: {len(seen.rows)} of its {seen.n_test} rows stand in X_train, the "
            f"first at position {seen.rows[0]}. A student is surer of rows that it was "
            "fitted on: the sets would be too small. Give others."
        )


def _check_can_answer(student):
    if not hasattr(student, "predict") or isinstance(student, type):
        raise TypeError(f"student={student!r} must be a fitted estimator.")
    check_fitted(student, "student", "X_cal")


def _classes_of(student, X):
    """The classes of its one target; of several labels they are places, and not apart."""
    classes, n = student.classes_, min(1, _num_samples(X))
    is_one = not isinstance(classes, list) and np.ndim(classes) == 1
    if not is_one or np.size(student.predict(rows_of(X, np.arange(n)))) != n:
        raise ValueError("student predicts several labels: wrap one of one target.")
    return np.asarray(classes)


def _quantiles_of(student):
    """The levels of a student of quantiles, at the end of pipelines and searches."""
    student = getattr(student, "best_estimator_", student)
    if isinstance(student, Pipeline):
        return _quantiles_of(student[-1])
    return getattr(student, "quantiles", None)


def _check_installed():
    missing = [name for name in ("crepes", "mapie") if find_spec(name) is None]
    if missing:
        raise ImportError(
            f"ConformalStudent needs {' and '.join(missing)}: "
            "pip install skdistill[conformal]."
        )
