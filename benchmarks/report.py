"""What a report takes, and whether its bounds hold.

A forest of 50 trees as the teacher, a tree of 32 leaves as the student, 200 columns: a
whole report of 10,000, 100,000 and 1,000,000 rows, each in a process of its own, with its
largest memory, the table of float32 and the libraries included. The training rows are
given, so that rows that were seen are looked for. Then simulations, in which the truth is
known: how often a bound holds, and how often noise is taken for something.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import multiprocessing
import resource
import time
from functools import partial

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

from benchmarks._report import arguments, report, rounded
from benchmarks._report_noise import n_flagged
from skdistill import DistillationReport, StudentClassifier
from skdistill.report.intervals import exact_lower, mean_lower

ROWS = 10_000, 100_000, 1_000_000
N_COLUMNS, N_TRAIN = 200, 4_000


def table(n, seed):
    """Rows of noise, of whose columns five matter."""
    random = np.random.default_rng(seed)
    X = random.standard_normal((n, N_COLUMNS), dtype=np.float32)
    signal = X[:, 0] + X[:, 1] * X[:, 2] + np.abs(X[:, 3]) - X[:, 4]
    return X, (signal + random.standard_normal(n, dtype=np.float32) > 0.8).astype(int)


def measured(n):
    """Seconds and bytes of one report, in a fresh process."""
    X, y = table(N_TRAIN, 0)
    forest = RandomForestClassifier(50, min_samples_leaf=5, random_state=0).fit(X, y)
    tree = DecisionTreeClassifier(max_leaf_nodes=32, random_state=0)
    student = StudentClassifier(forest, student=tree, transfer=None).fit(X, y)
    control = StudentClassifier(student=tree).fit(X, y)
    X_test, y_test = table(n, 1)
    start = time.perf_counter()
    found = DistillationReport(
        student, X_test, y_test, control=control, X_train=X, y_train=y
    )
    seconds = time.perf_counter() - start
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kept = found.result.fidelity[0]
    return seconds, peak, kept


def line(case, seconds="", peak="", share="", note=""):
    names = "case", "seconds", "peak GB", "share", "note"
    return dict(zip(names, (case, seconds, peak, share, note), strict=True))


def of_size(n):
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        seconds, peak, kept = pool.apply(measured, (n,))
    note = f"agreement {kept.agreement:.3f}, at least {kept.at_least:.3f}"
    case = f"report of {n:,} x {N_COLUMNS}"
    return line(case, rounded(seconds), rounded(peak / 1e9), "", note)


def exact_bound(n_draws):
    """How often the truth is at least the bound of an agreement."""
    random, holds = np.random.default_rng(0), []
    for _ in range(n_draws):
        truth = random.uniform(0.5, 1)
        n = int(random.integers(10, 3000))
        holds.append(exact_lower(random.binomial(n, truth), n) <= truth)
    return line(f"bound holds, {n_draws:,} draws", share=rounded(np.mean(holds)))


def bound_of_labels(n_draws):
    """The same for several labels, which go wrong together."""
    random, holds = np.random.default_rng(0), []
    for _ in range(n_draws):
        rate, n = random.uniform(0, 0.5), int(random.integers(10, 1000))
        wrong = random.random(n) < rate
        shares = np.where(wrong, random.choice([0.0, 0.2, 0.8], n), 1.0)
        holds.append(mean_lower(shares) <= 1 - rate * (1 + 0.8 + 0.2) / 3)
    case = f"bound of labels holds, {n_draws:,} draws"
    return line(case, share=rounded(np.mean(holds)))


def noise(task, n_draws):
    """How often a segment is flagged where the student errs everywhere alike."""
    share = n_flagged(n_draws // 4, task) / (n_draws // 4)
    case = f"segments flagged in noise, {task}, {n_draws // 4:,} runs"
    return line(case, share=rounded(share))


SIMULATIONS = (
    exact_bound,
    bound_of_labels,
    *(partial(noise, task) for task in ("classes", "labels", "values")),
)


def main():
    options = arguments(__doc__, draws=2000)
    sizes, n_draws = ROWS, options.draws
    if options.quick:
        sizes, n_draws = ROWS[:1], 200
    lines = [*map(of_size, sizes), *(simulate(n_draws) for simulate in SIMULATIONS)]
    title = "A report: what it takes, and whether its bounds hold"
    report("report", title, lines, save=not options.quick)


if __name__ == "__main__":
    main()
