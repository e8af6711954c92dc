"""LightGBM and XGBoost as students: soft targets by a loss, by copies of rows, or none.

Teacher: the mean of LightGBM, XGBoost, a random forest and extremely randomised trees,
fitted on at most 3,000 rows and calibrated on validation rows, as in ``benchmarks.gain``.
Students: 100 trees with the library's defaults, on the raw frame (categories and
gaps as they are), on the training rows and four drawn rows for each. *Loss*: skdistill's
cross entropy, no copies. *Copies*: each row once for each class, weighted, as the same
library is fitted by hand. *Labels*: no teacher; "tuned" is the best of four settings
(leaves, learning rate) on validation rows, each stopped early on them, of up to 500 trees.

Log loss and accuracy on test rows that chose nothing; processor seconds, on one thread, of
the student's own fit, given the teacher's answers; memory is the most that the process
held above what it began with (by Linux's count). Three sets, three splits;
``letter_recognition`` was not looked at while the students were made.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import ctypes
import itertools
import multiprocessing
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from lightgbm import LGBMClassifier, early_stopping
from sklearn.metrics import log_loss
from xgboost import XGBClassifier

from benchmarks._report import arguments, report, rounded
from benchmarks.gain import fitted_teacher, split
from skdistill import ConditionalSampler, StudentClassifier, soft_targets
from skdistill.learners.label_rows import truncated_label_rows
from skdistill.teacher.calibration import fitted_temperature, tempered

SETS = ("mlc_churn", "covertype_kaggle", "letter_recognition")
KEPT_ASIDE = ("letter_recognition",)
MOST_ROWS, DRAWN = 3000, 4.0
TUNED = {"num_leaves": (8, 31), "learning_rate": (0.05, 0.1)}


def light(**options):
    """LightGBM's student."""
    return LGBMClassifier(**{"n_jobs": 1, "verbose": -1, "random_state": 0} | options)


def extreme():
    """XGBoost's student."""
    return XGBClassifier(
        n_estimators=100, n_jobs=1, random_state=0, enable_categorical=True
    )


class Cell:
    """One split of one set, its teacher and its drawn rows."""

    def __init__(self, name, seed):
        self.train, self.val, self.test = split(name, seed, MOST_ROWS)
        X, y = self.train
        teacher = fitted_teacher(False, X, y, seed)
        sampler = ConditionalSampler(size=DRAWN).fit(X)
        self.drawn, _ = sampler.sample(random_state=seed)
        self.own, self.more = (
            soft_targets(teacher, X),
            soft_targets(teacher, self.drawn),
        )
        self.told = soft_targets(teacher, self.test[0])

    def student(self, model, **options):
        """By our loss."""
        student = StudentClassifier(student=model, preprocessor=None, **options)
        taught = {"teacher_output": self.own, "transfer_output": self.more}
        return student.fit(*self.train, X_transfer=self.drawn, **taught)

    def copies(self, model, most=None):
        """Each row once for each class, or the likeliest ones of a number of copies."""
        X = pd.concat([self.train[0], self.drawn], ignore_index=True)
        X = X.astype(self.train[0].dtypes)
        p = np.concatenate([self.own, self.more])
        most = p.size if most is None else most * len(p)
        copies = truncated_label_rows(p, np.ones(len(p)), most)
        weight = copies.weight / copies.weight.mean()
        return model.fit(X.iloc[copies.row], copies.code, sample_weight=weight)

    def tuned(self):
        """Labels alone: the best of some settings on validation rows."""
        stop = early_stopping(20, verbose=False)
        X, y = self.val
        fits = [
            light(n_estimators=500, **dict(zip(TUNED, values, strict=True))).fit(
                *self.train, eval_X=X, eval_y=y, callbacks=[stop]
            )
            for values in itertools.product(*TUNED.values())
        ]
        return min(fits, key=lambda model: min(model.best_score_["valid_0"].values()))

    def arms(self):
        """What each student is called, and how it is made."""
        n_classes = self.own.shape[1]
        yield "LightGBM, labels tuned", self.tuned
        yield "LightGBM, labels", lambda: light().fit(*self.train)
        yield "LightGBM, loss", lambda: self.student(light())
        yield "LightGBM, loss, alpha=.5", lambda: self.student(light(), alpha=0.5)
        yield "LightGBM, loss, T=2", lambda: self.student(light(), temperature=2.0)
        if n_classes > 4:  # as many as StudentClassifier makes for others
            yield "LightGBM, four copies", lambda: self.copies(light(), 4)
        if n_classes < 10:  # 26 copies would take this benchmark's time for themselves
            yield "LightGBM, all copies", lambda: self.copies(light())
        yield "XGBoost, labels", lambda: extreme().fit(*self.train)
        yield "XGBoost, loss", lambda: self.student(extreme())
        yield "XGBoost, loss, alpha=.5", lambda: self.student(extreme(), alpha=0.5)


def calibrated(teacher, X, y):
    """The teacher as a function, at the temperature that suits validation rows."""
    log_p = np.log(soft_targets(teacher, X))
    widths = [log_p.shape[1]]
    temperature = fitted_temperature(log_p, y[:, None], np.ones(len(y)), widths)
    return lambda rows: np.exp(
        tempered(np.log(soft_targets(teacher, rows)), temperature, widths)
    )


def measured(make, X):
    """Answers for rows, seconds of the fit, and its memory in MB."""
    warnings.simplefilter("ignore", UserWarning)
    # What the teacher has left free would be used again, and not counted.
    ctypes.CDLL(None).malloc_trim(0)
    before = held("VmRSS")
    start = time.process_time()
    model = make()
    seconds = time.process_time() - start
    return model.predict_proba(X), seconds, held("VmHWM") - before


def held(what):
    """Memory of this process in MB, now or at most; the most is counted from now on."""
    lines = Path("/proc/self/status").read_text().splitlines()
    Path("/proc/self/clear_refs").write_text("5")
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith(what))
    return int(kilobytes) / 1024


def in_a_process(make, X):
    """The same in a process of its own, which shares what is in memory here."""
    _Waiting.job = make, X
    fork = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(1, mp_context=fork) as pool:
        return pool.submit(_run).result()


class _Waiting:
    """What the next process is to do: closures cannot be sent to it."""

    job = None


def _run():
    return measured(*_Waiting.job)


def scores(p, y):
    """Log loss and accuracy."""
    p = np.clip(p.astype(float), 1e-7, 1)
    p /= p.sum(axis=1, keepdims=True)
    return log_loss(y, p, labels=range(p.shape[1])), (p.argmax(axis=1) == y).mean()


def one_split(name, seed):
    """Log loss, accuracy, seconds and memory of each arm."""
    cell = Cell(name, seed)
    X, y = cell.test
    found = {"teacher": (*scores(cell.told, y), np.nan, np.nan)}
    for arm, make in cell.arms():
        p, seconds, memory = in_a_process(make, X)
        found[arm] = (*scores(p, y), seconds, memory)
    for arm, values in found.items():
        print(name, seed, arm, *map(rounded, values), flush=True)
    return found


def rows_of(name, runs):
    """Means over the splits; the spread is that of differences from the loss's arm."""
    base = np.array([run["LightGBM, loss"][0] for run in runs])
    for arm in runs[0]:
        values = np.array([run[arm] for run in runs])
        worse = values[:, 0] - base
        means = [rounded(value) for value in values.mean(axis=0)]
        yield {
            "set": name + (" (kept aside)" if name in KEPT_ASIDE else ""),
            "student": arm,
            "splits": len(runs),
            "log loss": means[0],
            "above LightGBM, loss": f"{worse.mean():+.4f} +- {worse.std(ddof=1):.4f}"
            if len(runs) > 1
            else f"{worse[0]:+.4f}",
            "accuracy": means[1],
            "fit, CPU s": "" if arm == "teacher" else means[2],
            "memory, MB": "" if arm == "teacher" else means[3],
        }


def main():
    quick = arguments(__doc__).quick
    warnings.simplefilter("ignore", UserWarning)
    rows = []
    for name in SETS[:1] if quick else SETS:
        runs = [one_split(name, seed) for seed in range(1 if quick else 3)]
        rows += rows_of(name, runs)
    report("boosters", "Boosters as students, on test rows", rows, save=not quick)


if __name__ == "__main__":
    main()
