"""The table that chose the defaults: what each step gains, and what it costs.

For a user who sets nothing but ``teacher``: the mean of LightGBM, XGBoost and two forests
(see ``gain``), on at most 4,000 training rows. Students draw 24 rows for each, as they do
by default, but where the step says otherwise. Three splits of five sets, on which the
steps were compared by their *validation* rows; three further sets were kept aside.

*Loss* is the geometric mean over sets and splits of a student's loss on test rows divided
by the teacher's (squared errors of values), in %: 0 is as good as the teacher. *Score* is
the mean difference in points of accuracy (of R2). The *spread* is the standard deviation
of the loss over splits. *Fit* is without asking the teacher; *one row* is asked of the
exported net or tree in numpy, on covertype's columns.

Controls learn from the labels alone: the students, with early stopping; a net of eight
members, as TabM has them; LightGBM, stopped on validation rows; and RealMLP of
``pytabkit`` at its tuned defaults, which uses the same validation rows.
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
import pandas as pd
import torch
from lightgbm import LGBMClassifier, LGBMRegressor, early_stopping
from pytabkit import RealMLP_TD_Classifier, RealMLP_TD_Regressor

from benchmarks._report import arguments, report, rounded
from benchmarks.gain import Cell, answers, cached, fitted_teacher, row_losses, short
from skdistill import (
    ConditionalSampler,
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    Mixup,
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
    export,
    soft_targets,
)

SETS = (
    "spam",
    "wa_churn",
    "covertype_kaggle",
    "letter_recognition",
    "california_housing",
)
KEPT_ASIDE = ("adult", "hpc_data", "NOxEmissions")
N_SPLITS = 3
STUDENTS = {
    "net": (NeuralStudentClassifier, NeuralStudentRegressor),
    "soft tree": (SoftDecisionTreeClassifier, SoftDecisionTreeRegressor),
    "hard tree": (HardDecisionTreeClassifier, HardDecisionTreeRegressor),
}
NET = "hidden_layer_sizes"
SMALL = {NET: (64, 64), "max_epochs": 50}
LARGE = {NET: (256, 256), "max_epochs": 100}
STEPS = {
    "net": [SMALL, {NET: (128, 128), "max_epochs": 100}, LARGE],
    "soft tree": [{"max_epochs": 50}, {"max_epochs": 150}],
    "hard tree": [{}],
}
CONTROLS = {
    "net": [SMALL, LARGE],
    "soft tree": [{"max_epochs": 150}],
    "hard tree": [{}],
}
# What takes long, or was tried and not taken: on one split of each set.
TRIED = {
    "net": [
        {NET: (32, 32), "max_epochs": 50},
        {NET: (256, 256), "max_epochs": 50},
        {NET: (512, 512), "max_epochs": 100},
        LARGE | {"n_members": 4},
        LARGE | {"weight_decay": 0.02},
        LARGE | {"transfer": "mixup"},
        LARGE | {"transfer": "both"},
        LARGE | {"transfer": "half"},
    ],
    "soft tree": [
        {"max_epochs": 150, "balance_penalty": 0.02},
        {"max_epochs": 150, "weight_decay": 0.0},
        {"max_epochs": 150, "transfer": "both"},
    ],
    "hard tree": [{"transfer": "mixup"}],
}


class Rows(Cell):
    """One split of one set, and what a student gets by each way to draw rows."""

    def taught(self, kind="auto"):
        """The teacher's answers for the rows of X and for drawn ones."""
        X, _ = self.train
        if kind in self._drawn:
            return self._drawn[kind]
        n = {"half": 12}.get(kind, 24) * len(X)
        parts = {
            "mixup": [Mixup(n)],
            "both": [ConditionalSampler(n // 2, p=0.25), Mixup(n // 2)],
        }.get(kind, [ConditionalSampler(n, p=0.25)])
        drawn = pd.concat(
            [part.fit(X).sample(random_state=self.seed)[0] for part in parts]
        )
        self._drawn[kind] = {
            "teacher_output": soft_targets(self.teacher, X),
            "X_transfer": drawn,
            "transfer_output": soft_targets(self.teacher, drawn),
        }
        return self._drawn[kind]

    def measured(self, model, seconds, bare=None):
        """Losses and scores on validation and test rows, seconds, bytes of an export."""
        rows = [
            np.mean(row_losses(answers(model, X), y, self.is_value), axis=1)
            for X, y in (self.val, self.test)
        ]
        return np.array([*rows, [seconds, np.nan if bare is None else bare]]).T

    def teacher_row(self):
        """The teacher."""
        rows = [
            np.mean(row_losses(soft_targets(self.teacher, X), y, self.is_value), axis=1)
            for X, y in (self.val, self.test)
        ]
        return np.array([*rows, [np.nan, np.nan]]).T

    def student_row(self, kind, step):
        """A distilled student, a step away from its defaults."""
        step = dict(step)
        taught = self.taught(step.pop("transfer", "auto"))
        student = STUDENTS[kind][self.is_value](random_state=self.seed, **step)
        start = timeit.default_timer()
        student.fit(*self.train, **taught)
        return self.measured(student, timeit.default_timer() - start, size(student))

    def control_row(self, kind, step):
        """The same student on the labels alone, stopped on validation rows."""
        stopping = {} if kind == "hard tree" else {"early_stopping": True}
        student = STUDENTS[kind][self.is_value](random_state=self.seed)
        student.set_params(**stopping, **step)
        X_val, y_val = self.val
        start = timeit.default_timer()
        student.fit(*self.train, X_val=X_val, y_val=y_val)
        return self.measured(student, timeit.default_timer() - start)

    def peer_row(self, kind):
        """Another model on the labels, stopped on the same validation rows."""
        (X, y), (X_val, y_val) = self.train, self.val
        start = timeit.default_timer()
        if kind == "LightGBM":
            Model = LGBMRegressor if self.is_value else LGBMClassifier
            model = Model(
                n_estimators=2000,
                learning_rate=0.05,
                n_jobs=1,
                verbose=-1,
                random_state=self.seed,
            )
            stop = early_stopping(50, verbose=False)
            model.fit(X, y, eval_X=X_val, eval_y=y_val, callbacks=[stop])
        else:
            Model = RealMLP_TD_Regressor if self.is_value else RealMLP_TD_Classifier
            model = Model(
                device="cpu", n_threads=1, random_state=self.seed, verbosity=0
            )
            model.fit(filled(X), y, filled(X_val), y_val)
            seconds = timeit.default_timer() - start
            return self.measured(Filled(model), seconds)
        return self.measured(model, timeit.default_timer() - start)


class Filled:
    """A model that takes no gaps in numbers."""

    def __init__(self, model):
        self.model = model
        if hasattr(model, "classes_"):
            self.classes_ = model.classes_

    def predict_proba(self, X):
        """Probabilities of rows whose gaps are filled."""
        return self.model.predict_proba(filled(X))

    def predict(self, X):
        """Values of rows whose gaps are filled."""
        return self.model.predict(filled(X))


def filled(X):
    """Rows whose numbers have no gaps: the median is in their place."""
    numbers = X.select_dtypes("number")
    return X.assign(**numbers.fillna(numbers.median()))


def size(student):
    """Kilobytes of the exported student."""
    predictor = export.to_numpy(student)
    path = Path(os.environ.get("TMPDIR", "/tmp")) / f"size-{os.getpid()}.npz"
    predictor.save(path)
    n = path.stat().st_size / 1e3
    path.unlink()
    return n


def one_row(kind, step):
    """Microseconds of one row of floats, as covertype's, in numpy."""
    step = {k: v for k, v in step.items() if k not in ("transfer", "max_epochs")}
    random = np.random.default_rng(0)
    X, y = random.normal(size=(2000, 54)), random.integers(7, size=2000)
    few = {} if kind == "hard tree" else {"max_epochs": 1, "transfer": None}
    student = STUDENTS[kind][0](random_state=0, **few, **step).fit(X, y)
    predictor, row = export.to_numpy(student), X[:1]
    times = timeit.repeat(lambda: predictor.predict_proba(row), number=200, repeat=7)
    return min(times) / 200 * 1e6


def words(step):
    """A step in words."""
    return ", ".join(f"{k}={v!r}" for k, v in step.items()) or "the defaults"


def lines():
    """The lines of all splits: model, what it is, and how a cell makes it."""
    yield "teacher", "", Rows.teacher_row
    yield "LightGBM", "labels alone", lambda cell: cell.peer_row("LightGBM")
    for kind in STUDENTS:
        for step in CONTROLS[kind]:
            yield (
                kind,
                f"labels alone, {words(step)}",
                lambda cell, kind=kind, step=step: cell.control_row(kind, step),
            )
        yield from of_steps(kind, STEPS[kind])


def more_lines():
    """The lines of one split."""
    for kind in STUDENTS:
        yield from of_steps(kind, TRIED[kind])
    more = LARGE | {"n_members": 8}
    yield (
        "net",
        f"labels alone, {words(more)}",
        lambda cell: cell.control_row("net", more),
    )
    yield "RealMLP", "labels alone", lambda cell: cell.peer_row("RealMLP")


def of_steps(kind, steps):
    """Distilled students of one kind."""
    for step in steps:
        yield (
            kind,
            words(step),
            lambda cell, kind=kind, step=step: cell.student_row(kind, step),
        )


def key(kind, what):
    """What a cell of the cache is called."""
    if kind == "teacher":
        made = ()
    elif kind in STUDENTS:  # the defaults, which are what changes
        made = str(inspect.signature(STUDENTS[kind][0].__init__))
    else:
        made = inspect.getsource(Rows.peer_row)
    teacher = inspect.getsource(fitted_teacher)
    return f"{kind} {short(what, made, teacher, Cell.most_rows)}"


def over(found, teacher, names, column):
    """Relative loss in %, and points of score, by split: (n_splits, 2)."""
    splits = sorted({seed for _, seed in found})
    ours, theirs = (
        np.array([[of[name, seed][:, column] for name in names] for seed in splits])
        for of in (found, teacher)
    )
    relative = np.log(ours[..., 0] / theirs[..., 0]).mean(axis=1)
    points = (ours[..., 1] - theirs[..., 1]).mean(axis=1)
    return 100 * np.stack([np.expm1(relative), points], axis=1)


def line(kind, what, found, teacher, names, aside, row_time):
    """One line of the table."""
    chose, test, other = (
        over(found, teacher, *of) for of in ((names, 0), (names, 1), (aside, 1))
    )
    seconds, weight = np.mean([one[:, 2] for one in found.values()], axis=0)
    values = {
        "loss, validation": chose[:, 0].mean(),
        "loss": test[:, 0].mean(),
        "spread": test[:, 0].std(ddof=1) if len(test) > 1 else np.nan,
        "score": test[:, 1].mean(),
        "loss, aside": other[:, 0].mean(),
        "score, aside": other[:, 1].mean(),
        "fit, s": seconds,
        "one row, µs": row_time,
        "kB": weight,
    }
    splits = len({seed for _, seed in found})
    return {"model": kind, "step": what, "splits": splits} | {
        k: "" if np.isnan(v) else rounded(v) for k, v in values.items()
    }


def on_first_split(found):
    """The steps of all splits on the one of those that were tried, to compare."""
    for (kind, what), of in found.items():
        if kind in STUDENTS and what in map(words, STEPS[kind]):
            first = {cell: rows for cell, rows in of.items() if cell[1] == 0}
            yield (kind, f"{what} (first split)"), first


def main():
    quick = arguments(__doc__).quick
    warnings.simplefilter("ignore", UserWarning)
    torch.set_num_threads(1)
    folder = Path(os.environ.get("SKDISTILL_CACHE", ".cache")) / "defaults"
    names, aside = (SETS[1:2], KEPT_ASIDE[1:2]) if quick else (SETS, KEPT_ASIDE)
    found = {}
    for several, n_splits in (lines, N_SPLITS), (more_lines, 1):
        for seed in range(1 if quick else n_splits):
            for name in () if quick and several is more_lines else names + aside:
                cell = cache(lambda name=name, seed=seed: Rows(name, seed))
                for kind, what, make in several():
                    made = lambda make=make, cell=cell: make(cell())  # noqa: E731
                    rows, _ = cached(folder, (name, seed, key(kind, what)), made)
                    found.setdefault((kind, what), {})[name, seed] = rows
    times = {
        (kind, words(step)): one_row(kind, step)
        for kind in STUDENTS
        for step in STEPS[kind] + TRIED[kind]
        if (kind, words(step)) in found
    }
    rows = [
        line(*each, of, found["teacher", ""], names, aside, times.get(each, np.nan))
        for each, of in [*found.items(), *on_first_split(found)]
    ]
    report("defaults", "What each step gains and costs", rows, save=not quick)


if __name__ == "__main__":
    main()
