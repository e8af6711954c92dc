"""How much of a teacher a student keeps."""

import numpy as np
from sklearn.metrics import cohen_kappa_score, r2_score
from sklearn.utils.validation import _check_sample_weight

from .tables.gaps import plain_values
from .tasks.ranks import area_under_roc, rank_correlation

_FLOOR = 1e-7
_MOST_RANKED = 64  # columns: each is sorted


def fidelity(student_output, teacher_output, *, sample_weight=None) -> dict[str, float]:
    """Compare a student's answers with its teacher's, on rows neither chose by.

    Parameters
    ----------
    student_output : array-like of shape (n, n_classes), (n,) or (n, n_outputs)
        Probabilities, rows summing to 1, of two classes or more; else values.
    teacher_output : array-like of the same shape
        The teacher's answers for the same rows.
    sample_weight : array-like of shape (n,), default=None
        Weights of the rows.

    Returns
    -------
    dict
        For probabilities:

        - "agreement", the share of rows with the same likeliest class;
        - "kappa", the same beyond chance [1]_;
        - "auc", the chance that the student finds a class likelier in a row for which the
          teacher decides than in another [2]_: the mean over the classes for which the
          teacher decides in some rows and not in all; NaN where there is none;
        - "spearman", the rank correlation of their probabilities, of two classes for the
          second, of more the mean over the classes;
        - "kl", the mean Kullback-Leibler divergence from the teacher's distribution to the
          student's, in nats, with probabilities of at least 1e-7.

        For values "r2", the share of the teacher's variance that the student explains;
        "spearman", the mean over outputs; "rmse", in their unit. A rank correlation is 0
        where the student alone always says the same, and NaN where the teacher does. Of
        more than 64 classes or outputs, those are ranked for which the teacher decides
        most often, or the first ones.

    Raises
    ------
    ValueError
        If the shapes differ, there are no rows, or weights are negative or all 0.

    References
    ----------
    .. [1] Cohen: A Coefficient of Agreement for Nominal Scales, 1960.
    .. [2] Hanley, McNeil: The Meaning and Use of the Area under a Receiver Operating
       Characteristic (ROC) Curve, 1982.

    Examples
    --------
    >>> from skdistill.metrics import fidelity
    >>> fidelity([[0.9, 0.1], [0.2, 0.8]], [[0.9, 0.1], [0.2, 0.8]])
    {'agreement': 1.0, 'kappa': 1.0, 'auc': 1.0, 'spearman': 1.0, 'kl': 0.0}
    >>> fidelity([1.0, 2.0, 3.0], [1.0, 2.0, 4.0])["rmse"]
    0.577...
    """
    q, p = (
        np.asarray(plain_values(each), dtype=np.float64)
        for each in (student_output, teacher_output)
    )
    if q.shape != p.shape or not len(p):
        raise ValueError(
            f"student_output has shape {q.shape} and teacher_output {p.shape}: give both "
            "for the same rows and classes, and at least one row."
        )
    weight = np.ones(len(p))
    if sample_weight is not None:
        weight = _check_sample_weight(sample_weight, p, ensure_non_negative=True)
        if not weight.any():  # which scikit-learn's newer versions refuse themselves
            raise ValueError("sample_weight is 0 everywhere: give some row a weight.")
        q, p, weight = (each[weight > 0] for each in (q, p, weight))
    if _are_distributions(p) and _are_distributions(q):
        return _of_distributions(q, p, weight)
    return _of_values(q, p, weight)


def _of_values(q, p, weight):
    r2 = r2_score(p, q, sample_weight=weight)
    q, p = (each.reshape(len(p), -1) for each in (q, p))
    error = np.average(np.square(q - p), 0, weight).mean()
    return {
        "r2": float(r2),
        "spearman": _rank_correlation(q, p, range(p.shape[1])[:_MOST_RANKED], weight),
        "rmse": float(np.sqrt(error)),
    }


def _of_distributions(q, p, weight):
    student_class, decision = q.argmax(axis=1), p.argmax(axis=1)
    kappa = 1.0  # where both know a single class, there is no chance to be beyond
    if len(np.union1d(student_class, decision)) > 1:
        kappa = cohen_kappa_score(decision, student_class, sample_weight=weight)
    decided = np.bincount(decision, weights=weight, minlength=p.shape[1])
    most = np.argsort(-decided, kind="stable")[:_MOST_RANKED]
    columns = [1] if p.shape[1] == 2 else most
    return {
        "agreement": float(np.average(student_class == decision, weights=weight)),
        "kappa": float(kappa),
        "auc": _auc(q, decision, most[decided[most] > 0], weight),
        "spearman": _rank_correlation(q, p, columns, weight),
        "kl": max(0.0, float(np.average(_divergence(q, p), weights=weight))),
    }


def _divergence(q, p):
    q, p = (np.maximum(each, _FLOOR) for each in (q, p))
    q, p = (each / each.sum(axis=1, keepdims=True) for each in (q, p))
    return (p * np.log(p / q)).sum(axis=1)


def _are_distributions(p):
    wide = p.ndim == 2 and p.shape[1] > 1
    return wide and p.min() >= 0 and np.allclose(p.sum(axis=1), 1, atol=1e-6)


def _auc(q, decision, classes, weight):
    """Mean AUC of each class's probability against a decision for it."""
    if len(classes) < 2:
        return np.nan
    found = [area_under_roc(q[:, k], decision == k, weight) for k in classes]
    return float(np.mean(found))


def _rank_correlation(q, p, columns, weight):
    """Mean over the columns in which the teacher says more than one thing."""
    found = []
    for k in columns:
        if (p[:, k] != p[0, k]).any():
            varies = (q[:, k] != q[0, k]).any()
            found.append(rank_correlation(q[:, k], p[:, k], weight) if varies else 0.0)
    return float(np.mean(found)) if found else np.nan
