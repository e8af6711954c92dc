"""How much of a teacher a student keeps."""

import numpy as np
from sklearn.metrics import cohen_kappa_score, r2_score
from sklearn.utils.validation import _check_sample_weight

from .tables.gaps import plain_values

_FLOOR = 1e-7


def fidelity(student_output, teacher_output, *, sample_weight=None):
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
        For probabilities "agreement", the share of rows with the same likeliest class;
        "kappa", the same beyond chance [1]_; "kl", the mean Kullback-Leibler divergence
        from the teacher's distribution to the student's, in nats, with probabilities of
        at least 1e-7. For values "r2", the share of the teacher's variance that the
        student explains, and "rmse", in their unit.

    Raises
    ------
    ValueError
        If the shapes differ, there are no rows, or weights are negative or all 0.

    References
    ----------
    .. [1] Cohen: A Coefficient of Agreement for Nominal Scales, 1960.

    Examples
    --------
    >>> from skdistill.metrics import fidelity
    >>> fidelity([[0.9, 0.1], [0.2, 0.8]], [[0.9, 0.1], [0.2, 0.8]])
    {'agreement': 1.0, 'kappa': 1.0, 'kl': 0.0}
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
    if sample_weight is not None:
        weight = _check_sample_weight(sample_weight, p, ensure_non_negative=True)
        if not weight.any():  # which scikit-learn's newer versions refuse themselves
            raise ValueError("sample_weight is 0 everywhere: give some row a weight.")
        sample_weight = weight[weight > 0]
        q, p = q[weight > 0], p[weight > 0]
    if not _are_distributions(p) or not _are_distributions(q):
        error = np.average(
            np.square(q - p).reshape(len(p), -1), 0, sample_weight
        ).mean()
        r2 = r2_score(p, q, sample_weight=sample_weight)
        return {"r2": float(r2), "rmse": float(np.sqrt(error))}
    student_class, teacher_class = q.argmax(axis=1), p.argmax(axis=1)
    kappa = 1.0  # where both know a single class, there is no chance to be beyond
    if len(np.union1d(student_class, teacher_class)) > 1:
        kappa = cohen_kappa_score(
            teacher_class, student_class, sample_weight=sample_weight
        )
    q, p = (np.maximum(each, _FLOOR) for each in (q, p))
    q, p = (each / each.sum(axis=1, keepdims=True) for each in (q, p))
    divergence = (p * np.log(p / q)).sum(axis=1)
    return {
        "agreement": float(
            np.average(student_class == teacher_class, weights=sample_weight)
        ),
        "kappa": float(kappa),
        "kl": max(0.0, float(np.average(divergence, weights=sample_weight))),
    }


def _are_distributions(p):
    wide = p.ndim == 2 and p.shape[1] > 1
    return wide and p.min() >= 0 and np.allclose(p.sum(axis=1), 1, atol=1e-6)
