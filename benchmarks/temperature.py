"""Does ``temperature="auto"`` find the best of the fixed temperatures?

Teacher: the mean of LightGBM on the raw frame and of a forest behind a hand-made
encoding, fitted on 3,000 training rows. Students at their defaults, but nets without
embedding, with each fixed temperature and with "auto": by fidelity to the teacher on held
out training rows, and ("auto, labels") by the labels of 500 more rows, ``X_val``, which
nobody else sees. Mean log loss over three splits on test rows. ``gap`` is a student's
loss less that of the best fixed temperature, ``error`` the standard error of the best
one's loss (of the mean over the test rows), ``paired`` that of the gap, whose noise is
less, for both answer for the same rows. Labels cost 500 rows and are no fair match; they
show what fidelity misses.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import time
import warnings
from functools import partial

import numpy as np
import torch
from lightgbm import LGBMClassifier
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from benchmarks._report import arguments, raw_frame, report
from benchmarks.tables import hand_made, rounded
from skdistill import NeuralStudentClassifier, SoftDecisionTreeClassifier, soft_targets

TARGETS = {
    "wa_churn": "churn",
    "mlc_churn": "churn",
    "higgs_lightgbm": "label",
    "covertype_kaggle": "Cover_Type",
    "spam": "type",
    "letter_recognition": "lettr",
}
FIXED = (1.0, 2.0, 4.0, 8.0)
STUDENTS = {
    "net": partial(NeuralStudentClassifier, hidden_layer_sizes=(64, 64), max_epochs=50),
    "tree": partial(SoftDecisionTreeClassifier, max_epochs=50),
}
N_TRAIN, N_VAL, N_TEST = 3000, 500, 10_000


def split(name, seed):
    """Rows to train on, to choose on, and to test on, as raw frames."""
    X, y = raw_frame(name, TARGETS[name])
    rest = {"stratify": y, "random_state": seed}
    X, X_test, y, y_test = train_test_split(X, y, train_size=N_TRAIN + N_VAL, **rest)
    rest["stratify"] = y
    X, X_val, y, y_val = train_test_split(X, y, test_size=N_VAL, **rest)
    return (X, y), (X_val, y_val), (X_test[:N_TEST], y_test[:N_TEST])


def fitted_teacher(X, y, seed):
    """The mean of a booster and a forest."""
    booster = LGBMClassifier(
        n_estimators=100, learning_rate=0.1, n_jobs=1, verbose=-1, random_state=seed
    )
    forest = RandomForestClassifier(
        100, min_samples_leaf=3, n_jobs=1, random_state=seed
    )
    return [booster.fit(X, y), make_pipeline(hand_made(), forest).fit(X, y)]


def row_losses(P, y, classes):
    """The log loss of each test row."""
    codes = np.searchsorted(classes, y)
    return -np.log(np.clip(P[np.arange(len(y)), codes], 1e-7, 1))


def losses(name, seed):
    """For each student and temperature: losses of rows, seconds, and what was chosen."""
    (X, y), (X_val, y_val), (X_test, y_test) = split(name, seed)
    teacher, classes = fitted_teacher(X, y, seed), np.unique(y)
    P = soft_targets(teacher, X, classes=classes)
    of_teacher = soft_targets(teacher, X_test, classes=classes)
    found = {"teacher": row_losses(of_teacher, y_test, classes)}

    def fit(Student, temperature, **given):
        student = Student(classes=classes, temperature=temperature, random_state=seed)
        if Student is STUDENTS["net"]:
            student.set_params(numeric_embedding=None)
        start = time.perf_counter()
        student.fit(X, y, teacher_output=P, **given)
        seconds = time.perf_counter() - start
        of_rows = row_losses(student.predict_proba(X_test), y_test, classes)
        return of_rows, seconds, student.temperature_

    for kind, Student in STUDENTS.items():
        for temperature in (*FIXED, "auto"):
            found[kind, temperature] = fit(Student, temperature)
        unseen = {"X_val": X_val, "y_val": y_val}
        found[kind, "auto, labels"] = fit(Student, "auto", **unseen)
    return found


def standard_error(of_rows):
    """Of the mean over the splits of the means over the rows."""
    variances = [np.var(each) / len(each) for each in of_rows]
    return float(np.sqrt(np.sum(variances)) / len(variances))


def table(name, runs):
    """Rows of the report: one for each student."""
    for kind in STUDENTS:
        mean = {
            t: float(np.mean([run[kind, t][0].mean() for run in runs]))
            for t in (*FIXED, "auto", "auto, labels")
        }
        best = min(FIXED, key=mean.get)
        row = {
            "set": name,
            "student": kind,
            "teacher": rounded(np.mean([run["teacher"].mean() for run in runs])),
            **{f"T={t:g}": rounded(mean[t]) for t in FIXED},
            "error": rounded(standard_error([run[kind, best][0] for run in runs])),
        }
        for auto in ("auto", "auto, labels"):
            gaps = [run[kind, auto][0] - run[kind, best][0] for run in runs]
            row[auto] = rounded(mean[auto])
            row["chosen" + auto[4:]] = ", ".join(f"{r[kind, auto][2]:g}" for r in runs)
            row["gap" + auto[4:]] = rounded(mean[auto] - mean[best])
            row["paired" + auto[4:]] = rounded(standard_error(gaps))
        fixed = np.mean([run[kind, t][1] for run in runs for t in FIXED])
        row["time"] = rounded(np.mean([run[kind, "auto"][1] for run in runs]) / fixed)
        yield row


def notes(rows):
    """How often "auto" is as good as the best."""
    for auto in ("", ", labels"):
        for error, what in (("error", ""), ("paired" + auto, " (paired)")):
            near = sum(row["gap" + auto] <= row[error] for row in rows)
            yield (
                f"auto{auto}: within one standard error{what} of the best fixed "
                f"temperature in {near} of {len(rows)} rows"
            )
    yield "time: seconds of auto against the mean of the fixed temperatures"


def main():
    quick = arguments(__doc__).quick
    warnings.simplefilter("ignore", UserWarning)
    torch.set_num_threads(1)
    rows = []
    for name in ("spam",) if quick else TARGETS:
        runs = [losses(name, seed) for seed in range(1 if quick else 3)]
        rows += table(name, runs)
        print(*rows[-2:], sep="\n", flush=True)
    title = "Temperature: log loss on test rows"
    report("temperature", title, rows, save=not quick, notes=list(notes(rows)))


if __name__ == "__main__":
    main()
