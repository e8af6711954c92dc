"""Boosters as students: LightGBM and XGBoost, grown on soft targets by a loss of ours."""

from ...teacher.nets import innermost
from .lightgbm import LightGBMClassifier
from .xgboost import XGBoostClassifier

_KINDS = (LightGBMClassifier, XGBoostClassifier)


def booster_of(model, path=""):
    """A classifier as a booster that learns soft targets, if it is one.

    Parameters
    ----------
    model : estimator
        Possibly the last one in a pipeline.
    path : str, default=""
        Prefix of its fit parameters there.

    Returns
    -------
    SoftBooster or None
        None for all others.
    """
    kind = next((kind for kind in _KINDS if kind.takes(model)), None)
    return None if kind is None else kind(model, path)


def numbers_classes(model):
    """Whether an estimator calls the classes 0, 1 and so on, and takes no other labels.

    Parameters
    ----------
    model : estimator
        Possibly a pipeline.

    Returns
    -------
    bool
        True for XGBoost's.
    """
    return XGBoostClassifier.takes(innermost(model))
