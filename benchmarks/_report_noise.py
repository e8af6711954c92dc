"""How often a report flags a part of a table where a student errs everywhere alike."""

import numpy as np
import pandas as pd

from skdistill.report.answers import Asked
from skdistill.report.segments import find_segments


def table(rng, n):
    """Numbers with gaps, heavy tails, categories and a flag, which say nothing."""
    X = pd.DataFrame(rng.normal(size=(n, 4)), columns=list("abcd"))
    X["tail"], X["flag"] = rng.lognormal(0, 2, n), rng.integers(0, 2, n)
    X["plan"] = pd.Categorical.from_codes(rng.integers(0, 6, n), list("uvwxyz"))
    return X.mask(rng.random(X.shape) < 0.05)


def answers(rng, n, task):
    """A teacher's answers, and a student's that differ at random."""
    p = rng.random((n, {"classes": 1, "labels": 4, "values": 1}[task]))
    if task == "values":
        return p, p + rng.standard_t(3, p.shape)  # few large differences, many small
    q = np.where(rng.random(p.shape) < rng.uniform(0.01, 0.3), 1 - p, p)
    if task == "labels":
        return p, q
    return np.hstack([1 - p, p]), np.hstack([1 - q, q])


def n_flagged(n_runs=500, task="classes", n_rows=600, columns=("plan", "tail")):
    """Count the runs in which any part is flagged; 5 % of them may be."""
    hits = 0
    for seed in range(n_runs):
        rng = np.random.default_rng(seed)
        taught, learnt = answers(rng, n_rows, task)
        says = {"teacher": taught, "student": learnt}
        names = tuple(map(str, range(taught.shape[1])))
        asked = Asked(task, table(rng, n_rows), None, names, ("student",), {}, says)
        found = find_segments(asked, columns, random_state=seed)
        hits += any(segment.flagged for segment in found)
    return hits
