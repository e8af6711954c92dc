"""How a student's answers compare with the teacher's, whatever the labels."""

import numpy as np

from ..metrics import fidelity
from .askers import CLASSES, LABELS
from .intervals import exact_lower, mean_lower
from .models import TEACHER
from .result import NAN, Fidelity

#: Shares of the rows, of whose differences the quantiles are told.
SHARES = (0.5, 0.9, 0.95, 0.99)


def fidelity_of(asked, student, confidence, random_state=0):
    """Compare a student with the teacher.

    Parameters
    ----------
    asked : Asked
        What they say.
    student : str
        Name of the student.
    confidence : float
        Of the lower bound of the agreement.
    random_state : int, default=0
        Shuffles the rows for the bound of several labels.

    Returns
    -------
    Fidelity
        For the task.
    """
    q, p = asked.says[student], asked.says[TEACHER]
    away = np.abs(q - p).reshape(len(p), -1).max(axis=1)
    figures = {
        "model": student,
        "n_rows": len(p),
        "confidence": confidence,
        "largest": float(away.max()),
        "quantiles": {share: float(np.quantile(away, share)) for share in SHARES},
    }
    if asked.task == CLASSES:
        figures |= _of_classes(asked, student, confidence)
    elif asked.task == LABELS:
        figures |= _of_labels(asked, student, confidence, random_state)
    else:
        figures |= _of_values(*(each.reshape(len(p), -1) for each in (q, p)))
    return Fidelity(**figures)


def _of_values(q, p):
    if len(p) < 2:  # of one row there is no variance, nor a rank
        return {"rmse": float(np.sqrt(np.square(q - p).mean()))}
    found = fidelity(q, p)
    return {"r2": _r2(q, p), "rmse": found["rmse"], "spearman": found["spearman"]}


def _r2(q, p):
    """R2 to the teacher; NaN where the teacher always says the same."""
    total = np.square(p - p.mean(axis=0)).sum(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        r2 = 1 - np.square(q - p).sum(axis=0) / total
    return float(np.where(total > 0, r2, NAN).mean())


def _of_classes(asked, student, confidence):
    q, p = asked.says[student], asked.says[TEACHER]
    found = fidelity(q, p)
    same = asked.decisions(student) == asked.decisions(TEACHER)
    return {
        "agreement": found["agreement"],
        "at_least": exact_lower(int(same.sum()), len(same), confidence),
        "kl": found["kl"],
        "jensen_shannon": _jensen_shannon(q, p),
        "spearman": found["spearman"],
    }


def _of_labels(asked, student, confidence, random_state):
    q, p = (asked.says[name] for name in (student, TEACHER))
    same = asked.decisions(student) == asked.decisions(TEACHER)
    pairs = [np.stack([1 - each, each], axis=2).reshape(-1, 2) for each in (q, p)]
    ranks = [fidelity(*each)["spearman"] for each in zip(q.T, p.T, strict=True)]
    alike = int(same.all(axis=1).sum())
    n = len(same)
    return {
        "agreement": float(same.mean()),
        # Labels of a row go wrong together: it is rows that are drawn.
        "at_least": mean_lower(same.mean(axis=1), confidence, random_state),
        "rows_alike": alike / n,
        "rows_at_least": exact_lower(alike, n, confidence),
        "kl": fidelity(*pairs)["kl"],
        "jensen_shannon": _jensen_shannon(*pairs),
        "spearman": _mean(ranks),
    }


def _mean(values):
    """The mean of those that are known."""
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else NAN


def _jensen_shannon(q, p):
    """Mean divergence of both from their middle [1]_, in nats: at most log 2.

    References
    ----------
    .. [1] Lin: Divergence Measures Based on the Shannon Entropy, 1991.
    """
    middle = np.log((q + p) / 2, where=q + p > 0, out=np.zeros_like(p))
    parts = [
        each * (np.log(each, where=each > 0, out=np.zeros_like(each)) - middle)
        for each in (q, p)
    ]
    return max(0.0, float(sum(parts).sum(axis=1).mean() / 2))
