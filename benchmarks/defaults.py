"""The table that chose the defaults: one change at a time, for a user who sets a teacher.

Each student learns from a fitted ensemble on the training rows of five real data sets,
on these alone, and nets see their columns as they are: for drawn rows and embeddings see
the benchmarks ``transfer`` and ``ablation``.
What chose is the mean log loss over sets and seeds on the *validation* rows; the test
rows are reported beside it. The spread is the standard deviation over seeds of the mean
over sets.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import time
import warnings

import numpy as np
import pandas as pd
import torch
from lightgbm import LGBMClassifier
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

from benchmarks._report import arguments, data_folder, report
from skdistill import NeuralStudentClassifier, SoftDecisionTreeClassifier

TARGETS = {
    "spam": "type",
    "wa_churn": "churn",
    "covertype_kaggle": "Cover_Type",
    "letter_recognition": "lettr",
    "higgs_lightgbm": "label",
}
PLAIN = {
    NeuralStudentClassifier: {"numeric_embedding": None},
    SoftDecisionTreeClassifier: {},
}
CHANGES = {
    NeuralStudentClassifier: [
        {},
        {"temperature": 2.0},
        {"temperature": 4.0},
        {"alpha": 0.5},
        {"alpha": 0.9},
        {"loss": "mse_logits"},
        {"lr": 0.003},
        {"lr": 0.03},
        {"lr_schedule": "cosine"},
        {"lr_schedule": None},
        {"max_epochs": 25},
        {"max_epochs": 100},
        {"hidden_layer_sizes": (128, 128)},
        {"hidden_layer_sizes": (512, 512)},
        {"hidden_layer_sizes": (512, 512), "lr": 0.03},
        {"batch_size": 64},
        {"weight_decay": 0.1},
        {"early_stopping": True},
    ],
    SoftDecisionTreeClassifier: [
        {},
        {"temperature": 2.0},
        {"temperature": 4.0},
        {"alpha": 0.5},
        {"alpha": 0.9},
        {"lr": 0.01},
        {"lr": 0.1},
        {"lr_schedule": "cosine"},
        {"lr_schedule": None},
        {"max_epochs": 25},
        {"max_epochs": 100},
        {"balance_penalty": 0.0},
        {"balance_penalty": 0.01},
        {"balance_penalty": 1.0},
        {"batch_size": 64},
        {"weight_decay": 0.1},
    ],
}


def split(name, seed, n_train=5000):
    """Training, validation and test rows, one-hot encoded, and the teacher."""
    frame = pd.read_csv(data_folder() / name / f"{name}.csv.gz")
    y = frame.pop(TARGETS[name]).astype(str).to_numpy()
    frame = frame.drop(columns="split", errors="ignore")
    X = pd.get_dummies(frame).astype(float).fillna(0.0).to_numpy()
    X_fit, X_rest, y_fit, y_rest = train_test_split(
        X, y, train_size=min(n_train, len(y) // 2), stratify=y, random_state=seed
    )
    X_val, X_test, y_val, y_test = train_test_split(
        X_rest, y_rest, train_size=0.5, stratify=y_rest, random_state=seed
    )
    booster = LGBMClassifier(n_estimators=150, verbose=-1, n_jobs=1, random_state=seed)
    forest = RandomForestClassifier(
        200, min_samples_leaf=3, n_jobs=1, random_state=seed
    )
    teacher = VotingClassifier([("lgbm", booster), ("rf", forest)], voting="soft")
    teacher.fit(X_fit, y_fit)
    return {
        "fit": (X_fit, y_fit),
        "val": (X_val, y_val),
        "test": (X_test, y_test),
        "teacher": teacher,
        "output": teacher.predict_proba(X_fit),
    }


def losses(model, data):
    """Log loss on validation and on test rows."""
    return [
        log_loss(y, np.clip(model.predict_proba(X), 1e-7, 1))
        for X, y in (data["val"], data["test"])
    ]


def run(Student, change, splits, taught=True):
    scores, seconds = [], 0.0
    for seed, by_name in splits.items():
        row = []
        for data in by_name.values():
            student = Student(random_state=seed).set_params(**PLAIN[Student], **change)
            student.set_params(classes=data["teacher"].classes_)
            start = time.perf_counter()
            student.fit(*data["fit"], teacher_output=data["output"] if taught else None)
            seconds += time.perf_counter() - start
            row.append(losses(student, data))
        scores.append(np.mean(row, axis=0))
    n = len(splits) * len(TARGETS)
    return summary(scores, seconds / n)


def summary(scores, seconds):
    scores = np.array(scores)
    return {
        "validation log loss": round(float(scores[:, 0].mean()), 4),
        "spread": round(float(scores[:, 0].std(ddof=1)), 4),
        "test log loss": round(float(scores[:, 1].mean()), 4),
        "seconds a fit": round(seconds, 2),
    }


def main():
    quick = arguments(__doc__).quick
    warnings.simplefilter("ignore", UserWarning)
    torch.set_num_threads(1)
    seeds = range(2) if quick else range(3)
    splits = {seed: {name: split(name, seed) for name in TARGETS} for seed in seeds}
    teachers = [
        np.mean([losses(d["teacher"], d) for d in by_name.values()], axis=0)
        for by_name in splits.values()
    ]
    rows = [{"student": "", "change": "the teacher", **summary(teachers, 0.0)}]
    for Student, changes in CHANGES.items():
        name = Student.__name__
        control = run(Student, {}, splits, taught=False)
        unstopped = run(Student, {"early_stopping": False}, splits, taught=False)
        rows += [
            {"student": name, "change": "control", **control},
            {"student": name, "change": "control, early_stopping=False", **unstopped},
        ]
        for change in changes[:3] if quick else changes:
            text = ", ".join(f"{k}={v!r}" for k, v in change.items()) or "the defaults"
            rows.append(
                {"student": name, "change": text, **run(Student, change, splits)}
            )
            print(rows[-1], flush=True)
    report("defaults", "One change at a time", rows, save=not quick)


if __name__ == "__main__":
    main()
