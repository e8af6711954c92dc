"""Which rows the teacher should label: samplers for the transfer set, one at a time.

Teacher: the mean of LightGBM on the raw frame and of a forest behind a hand-made
encoding, fitted on the training rows. Students at their defaults, but with 8 drawn rows
for each training row where a sampler is named; "auto" is the default. Controls with
``early_stopping=True``. Mean log loss over three splits on test rows that nothing saw, and
(student - control) / (teacher - control) of the means.
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
from sklearn.base import clone
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from benchmarks._report import arguments, raw_frame, report, rounded
from benchmarks.tables import hand_made
from skdistill import (
    Bootstrap,
    ConditionalSampler,
    GaussianNoise,
    Mixup,
    Munge,
    NeuralStudentClassifier,
    SoftDecisionTreeClassifier,
    soft_targets,
)

TARGETS = {
    "mlc_churn": "churn",
    "wa_churn": "churn",
    "higgs_lightgbm": "label",
    "covertype_kaggle": "Cover_Type",
}
SAMPLERS = {
    "auto": "auto",
    "none": None,
    "bootstrap": Bootstrap(8.0),
    "noise": GaussianNoise(8.0, scale=0.2, p=0.1),
    "mixup": Mixup(8.0, alpha=1.0),
    "munge": Munge(8.0),
    "conditional": ConditionalSampler(8.0),
    "conditional, p=1": ConditionalSampler(8.0, p=1.0),
}
PLAIN = {"numeric_embedding": None}
STUDENTS = {
    "net": partial(NeuralStudentClassifier, hidden_layer_sizes=(64, 64), max_epochs=50),
    "tree": partial(SoftDecisionTreeClassifier, max_epochs=50),
}


def split(name, seed, n_train=5000):
    """Training and test rows as raw frames."""
    X, y = raw_frame(name, TARGETS[name])
    n_train = min(n_train, 7 * len(y) // 10)
    return train_test_split(X, y, train_size=n_train, stratify=y, random_state=seed)


def losses(name, seed):
    """Log loss of the teacher, the controls and each student with each sampler."""
    X, X_test, y, y_test = split(name, seed)
    booster = LGBMClassifier(
        n_estimators=200, learning_rate=0.05, n_jobs=1, verbose=-1, random_state=seed
    )
    forest = RandomForestClassifier(
        100, min_samples_leaf=3, n_jobs=1, random_state=seed
    )
    teacher = [booster.fit(X, y), make_pipeline(hand_made(), forest).fit(X, y)]
    found = {"teacher": (log_loss(y_test, soft_targets(teacher, X_test)), 0.0)}

    def score(student, **outputs):
        start = time.perf_counter()
        P = student.fit(X, y, **outputs).predict_proba(X_test)
        return log_loss(y_test, np.clip(P, 1e-7, 1)), time.perf_counter() - start

    for kind, Student in STUDENTS.items():
        control = Student(early_stopping=True, random_state=seed)
        found[kind, "control"] = score(control)
        for sampler, transfer in SAMPLERS.items():
            student = Student(teacher, transfer=transfer, random_state=seed)
            found[kind, sampler] = score(student)
            if kind == "net" and sampler in ("auto", "none"):
                plain = clone(student).set_params(**PLAIN)
                found[kind, f"{sampler}, no embedding"] = score(plain)
    return found


def main():
    quick = arguments(__doc__).quick
    warnings.simplefilter("ignore", UserWarning)
    torch.set_num_threads(1)
    rows = []
    for name in ("mlc_churn",) if quick else TARGETS:
        runs = [losses(name, seed) for seed in range(1 if quick else 3)]
        mean = {key: np.mean([run[key] for run in runs], axis=0) for key in runs[0]}
        spread = {key: np.std([run[key][0] for run in runs]) for key in runs[0]}
        for kind in STUDENTS:
            control, teacher = mean[kind, "control"][0], mean["teacher"][0]
            for sampler in (k[1] for k in mean if k[0] == kind and k[1] != "control"):
                loss, seconds = mean[kind, sampler]
                rows.append(
                    {
                        "set": name,
                        "student": kind,
                        "transfer": sampler,
                        "teacher": rounded(teacher),
                        "control": rounded(control),
                        "distilled": rounded(loss),
                        "spread": rounded(spread[kind, sampler]),
                        "gain": rounded((loss - control) / (teacher - control)),
                        "seconds": rounded(seconds),
                    }
                )
                print(rows[-1], flush=True)
    report("transfer", "Transfer sets: log loss on test rows", rows, save=not quick)


if __name__ == "__main__":
    main()
