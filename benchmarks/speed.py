"""What a student costs: to fit, to search for, to ask, to keep.

All in one run, one thread. *Fits*: an epoch of 60,000 x 20, 20-64-64-5, batches of 512,
the student beside a bare torch loop, skorch's defaults and scikit-learn's MLPClassifier
(contestants as in ``benchmarks.core``); of a soft tree of depth 8 on 60,000 x 784, beside
its two matrix products and neural-trees. *Searches*: 16 temperatures by 5 folds on 2,000
rows of 20 columns, with a fitted stack of 500 trees (LightGBM 200, XGBoost 100, random
forest 100, extremely randomised trees 100) as the teacher; students with all defaults.
*Workers*: the search whose answers are kept, in another process where threads are as
torch and joblib set them, with ``n_jobs`` 1 and 2, the workers started beforehand.
*Prediction*: one row, and 10,000 rows, of the stack, of students and of what
``export.to_numpy`` makes of them, and the bytes of each, pickled, the teacher left out of
the students; of 10,000 rows also the student's module itself, in float64 as the student
computes, from rows that are ready. Medians of several rounds.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import json
import pickle
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path

import numpy as np
import torch
from lightgbm import LGBMClassifier
from neural_trees import SoftDecisionTree as NeuralTreesTree
from sklearn.base import clone
from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from xgboost import XGBClassifier

from benchmarks import core
from benchmarks._report import arguments, report, rounded
from skdistill import (
    DistillationSearchCV,
    HardDecisionTreeClassifier,
    NeuralStudentClassifier,
    SoftDecisionTreeClassifier,
    soft_targets,
)
from skdistill.export import to_numpy

BATCH, WIDTHS, CLASSES = 512, (64, 64), 5
STACK, MODULE = "the stack", "its module alone"
TEMPERATURES = tuple(np.linspace(1, 8.5, 16).round(1).tolist())


def row(part, case, contestant, seconds, base, **more):
    """One line of the table."""
    return {
        "part": part,
        "case": case,
        "contestant": contestant,
        "seconds": rounded(seconds),
        "ratio": rounded(seconds / base),
        "bytes": more.get("size", ""),
    }


def medians(contestants, rounds):
    """Seconds of each, in turn; the median of its rounds."""
    times = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            times[name].append(run())
    return {name: float(np.median(taken)) for name, taken in times.items()}


def fits(epochs, rounds):
    """An epoch of a net and of a tree."""
    X, y, P = core.table(60_000, 20, CLASSES)
    shape = (WIDTHS, epochs, BATCH)

    def epochs_alone(P):
        """Of a fit, what is not set-up: the view of the table, checks of the teacher."""
        fitted = core.student(*shape).fit(X, y, teacher_output=P)
        return sum(epoch["dur"] for epoch in fitted.history_)

    contestants = {
        "bare torch loop, soft targets": lambda: core.bare_loop(X, y, P, *shape),
        "skdistill, the whole fit, soft targets": lambda: core.fit_student(
            X, y, P, *shape
        ),
        "skdistill, its epochs, soft targets": lambda: epochs_alone(P),
        "bare torch loop, labels": lambda: core.bare_loop(X, y, None, *shape),
        "skdistill, the whole fit, labels": lambda: core.fit_student(
            X, y, None, *shape
        ),
        "skdistill, its epochs, labels": lambda: epochs_alone(None),
        "skorch's defaults, labels": lambda: core.fit_skorch(X, y, *shape),
        "scikit-learn's MLPClassifier, labels": lambda: core.fit_sklearn(X, y, *shape),
    }
    found = medians(contestants, rounds)
    for name, seconds in found.items():
        base = found["bare torch loop, " + name.rpartition(", ")[2]]
        yield row("fit", "net, an epoch", name, seconds / epochs, base / epochs)
    yield from trees(rounds)


def trees(rounds):
    """An epoch of a soft tree."""
    X, y, _ = core.table(60_000, 784, 10)
    X = X.astype(np.float32)
    weight, gradient = torch.randn(255, 784), torch.randn(BATCH, 255)
    x = torch.from_numpy(X)

    def products():
        start = time.perf_counter()
        for part in x.split(BATCH):
            part @ weight.T
            gradient[: len(part)].T @ part
        return time.perf_counter() - start

    def tree():
        model = SoftDecisionTreeClassifier(
            max_depth=8, max_epochs=3, batch_size=BATCH, random_state=0
        ).fit(X, y)
        return float(np.median([epoch["dur"] for epoch in model.history_]))

    def peer():
        taken = []
        for n in (1, 2):
            model = NeuralTreesTree(
                depth=8, batch_size=BATCH, max_epochs=n, random_state=0
            )
            taken.append(core.seconds(model.fit, X, y))
        return taken[1] - taken[0]

    contestants = {
        "its two matrix products": products,
        "skdistill, labels": tree,
        "neural-trees, labels": peer,
    }
    found = medians(contestants, max(1, rounds // 2))
    base = found["its two matrix products"]
    for name, seconds in found.items():
        yield row("fit", "tree of depth 8, an epoch", name, seconds, base)


def stack(seed=0):
    """The members of the teacher, unfitted."""
    common = {"n_jobs": 1, "random_state": seed}
    return [
        LGBMClassifier(n_estimators=200, verbose=-1, **common),
        XGBClassifier(n_estimators=100, **common),
        RandomForestClassifier(n_estimators=100, **common),
        ExtraTreesClassifier(n_estimators=100, **common),
    ]


def searches(X, y, teacher, epochs, n_folds):
    """Seconds of a search over temperatures, in three ways."""
    student = NeuralStudentClassifier(
        teacher, hidden_layer_sizes=(64, 64), max_epochs=epochs, random_state=0
    )
    grid = {"temperature": list(TEMPERATURES)}
    options = {"cv": n_folds, "scoring": "neg_log_loss", "refit": False}
    with tempfile.TemporaryDirectory() as folder:
        kept = clone(student).set_params(memory=folder)
        ways = {
            "GridSearchCV": GridSearchCV(student, grid, **options),
            "GridSearchCV, memory=": GridSearchCV(kept, grid, **options),
            "DistillationSearchCV": DistillationSearchCV(student, grid, **options),
        }
        seconds, scores = {}, {}
        for name, search in ways.items():
            start = time.perf_counter()
            scores[name] = search.fit(X, y).cv_results_["mean_test_score"]
            seconds[name] = time.perf_counter() - start
    base, wanted = seconds["GridSearchCV"], scores["GridSearchCV"]
    case = f"{len(TEMPERATURES)} temperatures x {n_folds} folds"
    for name, taken in seconds.items():
        yield row("search", case, name, taken, base)
    apart = max(float(np.abs(each - wanted).max()) for each in scores.values())
    yield f"The scores of the three searches differ by at most {apart:.1g}."


def workers(X, y, teacher, epochs, n_folds):
    """Seconds of a search in one process and in two, threads as they are by default."""
    free = {k: v for k, v in os.environ.items() if k != "OMP_NUM_THREADS"}
    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "given.pkl"
        given.write_bytes(pickle.dumps((X, y, teacher, epochs, n_folds, folder)))
        code = f"from benchmarks.speed import two_workers; two_workers({str(given)!r})"
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", code],
            env=free,
            check=True,
            capture_output=True,
            text=True,
        )
    found = json.loads(done.stdout.splitlines()[-1])
    case = f"{len(TEMPERATURES)} temperatures x {n_folds} folds, answers kept"
    for name, seconds in found.items():
        yield row("workers", case, name, seconds, found["n_jobs=1"])


def two_workers(path):
    """Run in a process of its own: print the seconds of each number of workers."""
    X, y, teacher, epochs, n_folds, folder = pickle.loads(Path(path).read_bytes())
    student = NeuralStudentClassifier(
        teacher,
        hidden_layer_sizes=(64, 64),
        max_epochs=epochs,
        random_state=0,
        memory=folder,
    )
    options = {"cv": n_folds, "scoring": "neg_log_loss", "refit": False}

    def seconds(temperatures, n_jobs):
        grid = {"temperature": list(temperatures)}
        search = GridSearchCV(student, grid, n_jobs=n_jobs, **options)
        return core.seconds(search.fit, X, y)

    seconds(TEMPERATURES[:1], 1)  # the teacher's answers
    seconds(TEMPERATURES[:1], 2)  # the workers' imports
    found = {f"n_jobs={n}": seconds(TEMPERATURES, n) for n in (1, 2)}
    print(json.dumps(found))


def predictions(X, y, teacher, epochs, rounds):
    """Seconds for one row and for 10,000, and bytes."""
    one, many = X[:1], np.resize(X, (10_000, X.shape[1]))
    free = {"keep_teacher": False, "random_state": 0}
    small = {"hidden_layer_sizes": (64, 64), "max_epochs": epochs, **free}
    students = {
        "net": NeuralStudentClassifier(teacher, **small),
        "net, no embedding": NeuralStudentClassifier(
            teacher, numeric_embedding=None, **small
        ),
        "soft tree, depth 6": SoftDecisionTreeClassifier(
            teacher, max_depth=6, max_epochs=epochs, **free
        ),
        "hard tree, 32 leaves": HardDecisionTreeClassifier(teacher, **free),
    }
    logistic = LogisticRegression(max_iter=1000).fit(X, y)
    asked = {
        STACK: (lambda rows: soft_targets(teacher, rows), teacher),
        "LogisticRegression": (logistic.predict_proba, logistic),
    }
    for name, student in students.items():
        student.fit(X, y)
        asked[name] = student.predict_proba, student
        predictor = to_numpy(student)
        asked[f"{name}, exported"] = predictor.predict_proba, predictor
        if hasattr(student, "module_"):
            asked[f"{name}, {MODULE}"] = _module_alone(student), None
    for case, rows, repeats in (("1 row", one, 300), ("10,000 rows", many, 5)):
        contestants = {
            name: _repeated(ask, rows, min(3, repeats) if name == STACK else repeats)
            for name, (ask, _) in asked.items()
            if len(rows) > 1 or MODULE not in name
        }
        found = medians(contestants, rounds)
        base = found[STACK]
        for name, seconds in found.items():
            yield row("predict", case, name, seconds, base, size=_size(asked[name][1]))


def _module_alone(student):
    """Its outputs in float64, from rows of the view that are made the first time."""
    module, ready = student.module_, {}

    def ask(rows):
        if id(rows) not in ready:
            ready[id(rows)] = torch.from_numpy(student.preprocessor_.transform(rows))
        with torch.inference_mode():
            return module(ready[id(rows)].double())

    return ask


def _repeated(ask, rows, repeats):
    ask(rows)

    def run():
        start = time.perf_counter()
        for _ in range(repeats):
            ask(rows)
        return (time.perf_counter() - start) / repeats

    return run


def _size(model):
    """Bytes of a pickle; of an exported one, of its npz."""
    if model is None:
        return ""
    if not hasattr(model, "save"):
        return len(pickle.dumps(model))
    with tempfile.TemporaryDirectory() as folder:
        model.save(Path(folder) / "model.npz")
        return (Path(folder) / "model.npz").stat().st_size


def main():
    quick = arguments(__doc__).quick
    warnings.simplefilter("ignore", UserWarning)
    torch.set_num_threads(1)
    rounds = 2 if quick else 5
    rows = list(fits(2 if quick else 10, rounds))
    X, y, _ = core.table(4_000, 20, CLASSES)
    noisy = np.random.default_rng(0).random(len(y)) < 0.1
    y = np.where(noisy, np.roll(y, 1), y)
    teacher = [member.fit(X, y) for member in stack()]
    n, epochs = (600, 5) if quick else (2000, 50)
    found = list(searches(X[:n], y[:n], teacher, epochs, 2 if quick else 5))
    notes = [each for each in found if isinstance(each, str)]
    rows += [each for each in found if not isinstance(each, str)]
    rows += workers(X[:n], y[:n], teacher, epochs, 2 if quick else 5)
    rows += predictions(X[:n], y[:n], teacher, epochs, rounds)
    title = "What a student costs; ratios to the first of each case, one thread"
    report("speed", title, rows, save=not quick, notes=notes)


if __name__ == "__main__":
    main()
