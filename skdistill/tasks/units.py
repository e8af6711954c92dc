"""The unit of targets: centred values over their spread, and estimators that learn these.

What trains by steps, or compares with numbers such as an epsilon, depends on the unit of
its targets, and a sum of squares loses the digits of values far from 0.
"""

import re
from dataclasses import dataclass

import numpy as np
from sklearn.compose import TransformedTargetRegressor
from sklearn.linear_model import LinearRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor
from sklearn.tree import BaseDecisionTree
from sklearn.utils import get_tags

_LOSSES = {"loss", "criterion", "objective", "loss_function"}
# Of values above 0, whose ratios alone count.
_OF_RATIOS = re.compile("poisson|gamma|tweedie|mape|percentage", re.IGNORECASE)
# Of values whose unit is given, such as shares.
_OF_ONE_UNIT = re.compile("log(?!_?cosh)|cross|binary|cox|aft", re.IGNORECASE)


_LEAST = np.finfo(float).tiny  # spreads below lose their digits, and may become 0


@dataclass(frozen=True)
class Unit:
    """Where values lie, and how far apart.

    Attributes
    ----------
    center : ndarray of shape (n_targets,)
        In the targets' unit.
    scale : ndarray of shape (n_targets,)
        The same, above 0.
    """

    center: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, values, weight):
        """Mean and standard deviation of each target.

        Parameters
        ----------
        values : ndarray of shape (n, n_targets)
            Finite where they have a weight.
        weight : ndarray of shape (n,)
            Not all 0.

        Returns
        -------
        Unit
            A constant target has the scale 1, or its size if that is less.
        """
        values, weight, peak = _within_one(values, weight)
        varies = values.max(axis=0) > values.min(axis=0)
        # The mean of equal values may be off by rounding, and would give them a spread.
        center = np.where(varies, np.average(values, axis=0, weights=weight), values[0])
        spread = np.average((values - center) ** 2, axis=0, weights=weight)
        constant = np.minimum(peak, 1.0)
        scale = np.where(spread > 0, np.sqrt(spread) * peak, constant)
        return cls(center * peak, np.maximum(scale, _LEAST))

    @classmethod
    def around_zero(cls, values, weight):
        """Zero, and the root of the mean square of each target.

        Parameters
        ----------
        values : ndarray of shape (n, n_targets)
            Finite where they have a weight.
        weight : ndarray of shape (n,)
            Not all 0.

        Returns
        -------
        Unit
            For what zero means something to.
        """
        values, weight, peak = _within_one(values, weight)
        size = np.sqrt(np.average(values**2, axis=0, weights=weight))
        scale = np.where(size > 0, size * peak, 1.0)
        return cls(np.zeros(len(peak)), np.maximum(scale, _LEAST))

    def measured(self, values):
        """Values in this unit.

        Parameters
        ----------
        values : ndarray of shape (n, n_targets)
            In the targets' unit.

        Returns
        -------
        ndarray of shape (n, n_targets)
            Of mean 0 and standard deviation 1, for those it was made of.
        """
        return (values - self.center) / self.scale

    def restored(self, values):
        """Values in the targets' unit.

        Parameters
        ----------
        values : ndarray of shape (n, n_targets)
            As ``measured`` returns them.

        Returns
        -------
        ndarray of shape (n, n_targets)
            Float64.
        """
        return np.asarray(values, dtype=np.float64) * self.scale + self.center


def _within_one(values, weight):
    """The values that count, over the largest: squares of large ones would overflow."""
    values, weight = values[weight > 0], weight[weight > 0]
    peak = np.abs(values).max(axis=0)
    peak = np.where(peak > 0, peak, 1.0)
    # Weights over the largest too: their sum could overflow.
    return values / peak, weight / weight.max(), peak


def unit_for(model, values, weight):
    """The unit in which an estimator should learn its targets.

    Parameters
    ----------
    model : estimator
        An unfitted regressor.
    values : ndarray of shape (n, n_targets)
        Its targets.
    weight : ndarray of shape (n,)
        Weights of the rows.

    Returns
    -------
    Unit or None
        None where the unit of the targets is right: the estimator's answers follow any
        unit, or it expects this one: it transforms targets, or its loss is a user's.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.linear_model import LinearRegression, PoissonRegressor
    >>> from sklearn.svm import SVR
    >>> from skdistill.tasks.units import unit_for
    >>> y, weight = np.array([[2.0], [6.0]]), np.ones(2)
    >>> unit_for(SVR(), y, weight).measured(y).ravel()
    array([-1.,  1.])
    >>> unit_for(PoissonRegressor(), y, weight).center
    array([0.])
    >>> unit_for(LinearRegression(), y, weight) is None
    True
    """
    params = model.get_params(deep=True)
    last = {name: name.rpartition("__")[2] for name in params}
    losses = [v for n, v in params.items() if last[n] in _LOSSES and v is not None]
    parts = [model, *params.values()]
    if _follows(model) or any(isinstance(p, TransformedTargetRegressor) for p in parts):
        return None
    # A function may expect any unit; a loss of shares has one.
    if any(not isinstance(v, str) or _OF_ONE_UNIT.search(v) for v in losses):
        return None
    # Shifted targets would be negative, or need the intercept that was left out.
    has_zero = (
        any(map(_OF_RATIOS.search, losses))
        or any(map(_is_for_positive, parts))
        or any(params[n] is False for n in params if last[n] == "fit_intercept")
    )
    return (Unit.around_zero if has_zero else Unit.of)(values, weight)


def _follows(model):
    """Whether answers are means of the targets, or solutions in closed form."""
    exact = isinstance(model, LinearRegression | Ridge | KNeighborsRegressor)
    return exact and not getattr(model, "positive", False)


def _is_for_positive(part):
    if isinstance(part, type) or not hasattr(part, "__sklearn_tags__"):
        return False
    return get_tags(part).target_tags.positive_only


def fitted_in(unit, model, fit, target):
    """Fit an estimator in another unit, so that it answers in that of the targets.

    Parameters
    ----------
    unit : Unit or None
        From ``unit_for``.
    model : estimator
        Unfitted.
    fit : callable
        ``fit(model, target)`` -> the fitted one.
    target : ndarray of shape (n, n_targets) or (n,)
        In the unit of the targets.

    Returns
    -------
    estimator
        A single tree, whose leaves are put into the targets' unit; what needs no other
        unit; or a TransformedTargetRegressor around the estimator.
    """
    if unit is None:
        return fit(model, target)
    # A tree's own nodes are put back: scikit-learn's tools print these, and know no
    # wrapper.
    if not isinstance(model, BaseDecisionTree):
        both = {"func": unit.measured, "inverse_func": unit.restored}
        return fit(
            TransformedTargetRegressor(model, **both, check_inverse=False), target
        )
    shape = target.shape
    tree = fit(model, unit.measured(target.reshape(len(target), -1)).reshape(shape))
    nodes = tree.tree_
    nodes.value[...] = unit.restored(nodes.value[..., 0])[..., None]
    if len(unit.scale) == 1:  # of several targets it is a mean over different units
        is_square = tree.criterion in ("squared_error", "friedman_mse")
        # Squared errors are in the unit's square, which by itself could overflow.
        with np.errstate(over="ignore"):  # the square of a large unit
            for _ in range(2 if is_square else 1):
                nodes.impurity[...] *= unit.scale[0]
    return tree
