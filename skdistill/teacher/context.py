"""Teachers whose training rows are the context in which they are asked.

Nearest neighbours, Gaussian processes and tabular foundation models look a row up that is
among their training rows: about these they repeat the labels.
"""

from inspect import ismethod
from numbers import Integral

import numpy as np
from sklearn.base import BaseEstimator, MetaEstimatorMixin, clone
from sklearn.utils import get_tags
from sklearn.utils._param_validation import HasMethods, Interval
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import _num_samples

from ..tables.containers import rows_of
from .models import Model

#: Libraries of foundation models for tables, and classes of scikit-learn's.
_LIBRARIES = {"tabpfn", "tabpfn_client", "tabicl"}
_CLASSES = {
    *("KNeighborsClassifier", "KNeighborsRegressor"),
    *("RadiusNeighborsClassifier", "RadiusNeighborsRegressor"),
    *("GaussianProcessClassifier", "GaussianProcessRegressor"),
}
# Shares of the entropy of even guesses: a teacher that knows the rows of X by heart has
# less than the first about them, and more than the second about others.
_SURE, _UNSURE = 0.02, 0.1
# One that is known to do so is excused by such a share of its entropy about others: a
# smooth Gaussian process, or the vote of many neighbours, knows no row by heart.
_AS_UNSURE = 0.8


def in_context(teacher):
    """Whether a teacher, or a part of it, is known to look its training rows up.

    Parameters
    ----------
    teacher : object, list of objects or None
        As the user gave it, fitted or not.

    Returns
    -------
    bool
        By names of classes alone: no library is imported.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> from skdistill.teacher.context import in_context
    >>> in_context(make_pipeline(StandardScaler(), KNeighborsClassifier()))
    True
    """
    members = teacher if isinstance(teacher, list | tuple) else [teacher]
    return any(_is_known(part) for member in members for part in _parts(member))


def _parts(member):
    """A member, and the estimators that it is made of."""
    if ismethod(member):  # such as model.predict_proba
        member = member.__self__
    if isinstance(member, type) or not hasattr(member, "get_params"):
        return [member]
    # Not the teacher of a student, which answers by itself.
    names = member.get_params().items()
    return [member, *(v for name, v in names if "teacher" not in name.split("__"))]


def _is_known(model):
    for kind in type(model).__mro__:
        library, name = kind.__module__.partition(".")[0], kind.__name__
        if library in _LIBRARIES and name.endswith(("Classifier", "Regressor")):
            return True
        if (library == "sklearn" and name in _CLASSES) or kind is InContext:
            return True
    return False


def looks_up(known, entropy, n_classes):
    """Whether answers about the rows of X are looked up, as far as they show it.

    Parameters
    ----------
    known : bool
        Whether the teacher is one that does, by name.
    entropy : dict or None
        Mean entropy, in nats, of the answers on the rows of X ("train") and on transfer
        rows ("transfer"), where there are some.
    n_classes : list of int
        Of each target.

    Returns
    -------
    bool
        Of a known one, unless it is as unsure about the rows of X as about others. Of any
        other, where it is sure of nearly all rows of X, and not of others.

    Examples
    --------
    >>> from skdistill.teacher.context import looks_up
    >>> looks_up(False, {"train": 0.001, "transfer": 0.3}, [2])
    True
    >>> looks_up(False, {"train": 0.2, "transfer": 0.3}, [2])
    False
    """
    if entropy is None or len(entropy) < 2:
        return known
    on_X, elsewhere = entropy["train"], entropy["transfer"]
    even = np.log(n_classes).sum()
    is_sure = on_X < _SURE * even
    if known:
        return bool(is_sure or on_X < _AS_UNSURE * elsewhere)
    return bool(is_sure and elsewhere > _UNSURE * even)


def _has(name):
    return available_if(lambda self: hasattr(self._model, name))


def _predicts(self):
    # What can do nothing at all is refused where it is asked, as a wrong parameter.
    return hasattr(self._model, "predict") or not hasattr(self._model, "predict_proba")


class InContext(MetaEstimatorMixin, BaseEstimator):
    """A teacher that looks its training rows up, asked a limited number of rows at a time.

    Students know by this class that its answers about its own training rows are labels:
    ``cv="auto"`` then labels them by clones that have not seen them. Nearest neighbours,
    Gaussian processes, TabPFN and TabICL are known as they are; they need it for the
    limit alone.

    Parameters
    ----------
    estimator : estimator, or object with ``predict`` or ``predict_proba``
        Fitted or not; ``fit`` fits a clone.
    max_rows : int, default=None
        Most rows of one call. The largest that works is the best, for each call pays for
        the context again. None: all at once.

    Attributes
    ----------
    estimator_ : estimator
        The fitted clone, after ``fit``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from skdistill import InContext
    >>> X, y = load_iris(return_X_y=True)
    >>> teacher = InContext(KNeighborsClassifier(), max_rows=100).fit(X, y)
    >>> teacher.predict_proba(X).shape  # in two calls
    (150, 3)
    """

    _parameter_constraints: dict = {
        "estimator": [HasMethods("predict"), HasMethods("predict_proba")],
        "max_rows": [Interval(Integral, 1, None, closed="left"), None],
    }

    def __init__(self, estimator, *, max_rows=None):
        self.estimator = estimator
        self.max_rows = max_rows

    def fit(self, X, y, **params):
        """Fit a clone of the estimator.

        Parameters
        ----------
        X : array-like or frame of shape (n, n_features)
            Training rows.
        y : array-like of shape (n,) or (n, n_targets)
            Labels or values.
        **params : object
            What else the estimator's ``fit`` takes.

        Returns
        -------
        InContext
            Itself.
        """
        self._validate_params()
        if not hasattr(self.estimator, "fit"):
            raise TypeError(
                f"InContext(estimator={self.estimator!r}) cannot be fitted: its estimator "
                "has no fit. It answers as it is: give it to the student as a fitted "
                "teacher, without cv."
            )
        self.estimator_ = clone(self.estimator).fit(X, y, **params)
        return self

    @property
    def _model(self):
        return vars(self).get("estimator_", self.estimator)

    def __sklearn_is_fitted__(self):
        """Whether it can be asked."""
        return Model(self._model).is_ready()

    def __sklearn_tags__(self):
        """Those of the estimator, where it has some."""
        if hasattr(self._model, "__sklearn_tags__"):
            return get_tags(self._model)
        tags = super().__sklearn_tags__()
        tags.estimator_type = Model(self._model).kind()
        return tags

    def __getattr__(self, name):
        # What a fitted estimator says of its classes and columns.
        if name in {"classes_", "n_features_in_", "feature_names_in_", "n_outputs_"}:
            return getattr(self._model, name)
        raise AttributeError(
            f"{type(self).__name__!r} object has no attribute {name!r}"
        )

    @available_if(_predicts)
    def predict(self, X):
        """Labels or values, from as many calls as it takes.

        Parameters
        ----------
        X : array-like or frame of shape (m, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (m,) or (m, n_targets)
            As the estimator predicts.
        """
        return self._asked("predict", X)

    @_has("predict_proba")
    def predict_proba(self, X):
        """Probabilities, from as many calls as it takes.

        Parameters
        ----------
        X : array-like or frame of shape (m, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (m, n_classes), or list of these
            One array for each of several targets.
        """
        return self._asked("predict_proba", X)

    @_has("decision_function")
    def decision_function(self, X):
        """Scores, from as many calls as it takes.

        Parameters
        ----------
        X : array-like or frame of shape (m, n_features)
            Rows.

        Returns
        -------
        ndarray of shape (m,) or (m, n_classes)
            As the estimator scores.
        """
        return self._asked("decision_function", X)

    def _asked(self, method, X):
        self._validate_params()
        ask, n = getattr(self._model, method), _num_samples(X)
        size = self.max_rows or n
        if n <= size:
            return ask(X)
        starts = range(0, n, size)
        parts = [ask(rows_of(X, np.arange(i, min(i + size, n)))) for i in starts]
        if isinstance(parts[0], list):  # of several targets
            return [np.concatenate(each) for each in zip(*parts, strict=True)]
        return np.concatenate(parts)
