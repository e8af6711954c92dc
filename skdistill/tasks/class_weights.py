"""Weights of the classes, for labels and for soft targets."""

from dataclasses import replace

import numpy as np
from scipy.special import log_softmax
from sklearn.utils.class_weight import compute_class_weight


def class_weighted(knowledge, class_weight, y, classes):
    """Weigh labels by their class, and soft targets by what each class expects.

    The expected loss of a soft row, each class k counting w_k, is that of the target
    p_k w_k, normalised, at the weight sum p_k w_k. The weights of several targets are
    multiplied, as in scikit-learn.

    Parameters
    ----------
    knowledge : Knowledge
        Targets and weights of all rows.
    class_weight : dict, list of dict or "balanced"
        As in scikit-learn; a list for several targets.
    y : ndarray of shape (n,) or (n, n_targets), or None
        Labels, which "balanced" counts.
    classes : list of ndarray of shape (n_classes,)
        The classes of each target.

    Returns
    -------
    Knowledge
        With other soft targets, and other weights.

    Raises
    ------
    ValueError
        If the weights do not fit the classes.
    """
    per_class = _weights_by_target(class_weight, y, classes)
    soft, hard = knowledge.soft, knowledge.hard
    if soft is not None:
        parts, weight = [], knowledge.soft_weight.copy()
        ends = np.cumsum([len(w) for w in per_class])[:-1]
        for log_p, w in zip(np.split(soft, ends, axis=1), per_class, strict=True):
            # A class of weight 0 keeps a finite logarithm.
            weighted = log_p + np.log(np.maximum(w, np.finfo(float).tiny))
            parts.append(log_softmax(weighted, axis=1))
            weight *= np.exp(log_p) @ w
        soft = np.concatenate(parts, axis=1)
        knowledge = replace(knowledge, soft=soft, soft_weight=weight)
    if hard is None:
        return knowledge
    factors = [w[codes] for w, codes in zip(per_class, hard.T, strict=True)]
    weight = knowledge.hard_weight * np.prod(factors, axis=0)
    return replace(knowledge, hard_weight=weight)


def _weights_by_target(class_weight, y, classes):
    """Weights of the classes (n_classes,) of each target."""
    every = class_weight
    if not isinstance(class_weight, list):
        every = [class_weight] * len(classes)
    if len(every) != len(classes):
        raise ValueError(
            f"class_weight has {len(every)} entries, and there are {len(classes)} "
            "targets: give one for each."
        )
    if isinstance(class_weight, dict) and len(classes) > 1:
        raise ValueError(
            'class_weight for several targets is "balanced", or a list of dicts.'
        )
    columns = [None] * len(classes) if y is None else y.reshape(len(y), -1).T
    triples = zip(every, columns, classes, strict=True)
    return [_per_class_weights(*triple) for triple in triples]


def _per_class_weights(class_weight, y, classes):
    """Weight of each class (n_classes,); absent classes weigh 1."""
    if isinstance(class_weight, dict):
        unknown = sorted(set(class_weight) - set(classes.tolist()), key=str)
        if unknown:
            raise ValueError(
                f"class_weight names {unknown!r}, and the classes are "
                f"{classes.tolist()!r}."
            )
        weights = np.array([class_weight.get(c, 1.0) for c in classes.tolist()], float)
        if not (np.isfinite(weights).all() and weights.min() >= 0 and weights.any()):
            raise ValueError(
                f"class_weight={class_weight!r} must be finite, not negative, and not "
                "all 0."
            )
        return weights
    if y is None:
        raise ValueError(
            'class_weight="balanced" counts the labels, and y is None: give y, or the '
            "weights as a dict."
        )
    per_class, present = np.ones(len(classes)), np.unique(y)
    balanced = compute_class_weight(class_weight, classes=present, y=y)
    per_class[np.isin(classes, present)] = balanced
    return per_class
