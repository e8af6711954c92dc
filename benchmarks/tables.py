"""Raw frames, with categories and gaps: the student's own view against a hand-made one.

Teacher: the mean of LightGBM on the frame itself and of a forest behind the hand-made
encoding. Students: net (without embedding) and tree, once with ``preprocessor="auto"``,
once with a ``ColumnTransformer`` (median, scaling, one-hot) as people write it; and with
``transfer="conditional"``, for AutoGluon's students learn from drawn rows too. Control:
the same without the teacher, and with ``early_stopping=True``, for without it the
controls are far worse. The gain recovered is
(student - control) / (teacher - control) in log loss (squared error) on test rows that
nothing saw, each student against its own control; it says little where teacher and
control are close, so all losses are there.

AutoGluon's ``distill`` has its own teacher and its own net on the same splits. It runs in
an environment of its own, which writes the file that this table reads::

    python -m venv AUTOGLUON
    AUTOGLUON/bin/pip install "autogluon.tabular[lightgbm,xgboost,catboost]"
    AUTOGLUON/bin/python benchmarks/autogluon_distill.py benchmarks/results/autogluon.json
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import json
import warnings

import numpy as np
import torch
from lightgbm import LGBMClassifier, LGBMRegressor
from sklearn.base import is_regressor
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.impute import SimpleImputer
from sklearn.metrics import log_loss, mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks._report import RESULTS, arguments, raw_frame, report, rounded
from skdistill import (
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
    soft_targets,
)

TARGETS = {
    "adult": "income",
    "wa_churn": "churn",
    "mlc_churn": "churn",
    "diamonds": "price",
}
STUDENTS = {
    "net": (NeuralStudentClassifier, NeuralStudentRegressor),
    "tree": (SoftDecisionTreeClassifier, SoftDecisionTreeRegressor),
}
SIZES = {
    "net": {"hidden_layer_sizes": (64, 64), "max_epochs": 50},
    "tree": {"max_epochs": 50},
}


def split(name, seed):
    """Training and test rows as raw frames."""
    X, y = raw_frame(name, TARGETS[name])
    strata = None if name == "diamonds" else y
    return train_test_split(X, y, test_size=0.3, stratify=strata, random_state=seed)


def hand_made():
    """The encoding that people write."""
    numbers = make_column_selector(dtype_include="number")
    others = make_column_selector(dtype_exclude="number")
    return make_column_transformer(
        (make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
        (OneHotEncoder(handle_unknown="ignore"), others),
    )


def fitted_teacher(name, X, y, seed):
    value = name == "diamonds"
    booster = (LGBMRegressor if value else LGBMClassifier)(
        n_estimators=200, learning_rate=0.05, n_jobs=1, verbose=-1, random_state=seed
    )
    forest = (RandomForestRegressor if value else RandomForestClassifier)(
        200, min_samples_leaf=5, n_jobs=1, random_state=seed
    )
    return [booster.fit(X, y), make_pipeline(hand_made(), forest).fit(X, y)]


def loss(model, X, y):
    if is_regressor(model):
        return mean_squared_error(y, model.predict(X))
    return log_loss(y, np.clip(model.predict_proba(X), 1e-7, 1))


def teacher_loss(teacher, output, y):
    if is_regressor(teacher[0]):
        return mean_squared_error(y, output[:, 0])
    return log_loss(y, np.clip(output, 1e-7, 1))


def one_split(name, seed):
    """Losses of the teacher, and of each student and its control behind each view."""
    X, X_test, y, y_test = split(name, seed)
    teacher = fitted_teacher(name, X, y, seed)
    output, output_test = soft_targets(teacher, X), soft_targets(teacher, X_test)
    losses = {"teacher": teacher_loss(teacher, output_test, y_test)}
    for kind, pair in STUDENTS.items():
        for view, preprocessor in (("auto", "auto"), ("hand-made", hand_made())):
            student = pair[name == "diamonds"](
                preprocessor=preprocessor, random_state=seed, **SIZES[kind]
            )
            if kind == "net":
                student.set_params(numeric_embedding=None)
            taught = loss(student.fit(X, y, teacher_output=output), X_test, y_test)
            student.set_params(early_stopping=True)
            control = loss(student.fit(X, y), X_test, y_test)
            losses[kind, view] = control, taught
            if view == "auto":  # the same, with rows drawn for the teacher to label
                student.set_params(
                    early_stopping=False, teacher=teacher, transfer="conditional"
                )
                drawn = loss(student.fit(X, y), X_test, y_test)
                losses[kind, "auto, drawn rows"] = control, drawn
    return losses


def rows_of(name, runs):
    """One row of the table for each student and view, means and spreads over seeds."""
    teacher = np.array([run["teacher"] for run in runs])
    for key in runs[0]:
        if key == "teacher":
            continue
        control, taught = np.array([run[key] for run in runs]).T
        yield row(name, f"{key[0]}, {key[1]}", teacher, control, taught)


def row(name, student, teacher, control, taught):
    gain = (taught - control) / (teacher - control)
    return {
        "set": name,
        "student": student,
        "seeds": len(teacher),
        "teacher": rounded(teacher.mean()),
        "control": rounded(control.mean()),
        "distilled": rounded(taught.mean()),
        "gain of means": rounded(
            (taught.mean() - control.mean()) / (teacher.mean() - control.mean())
        ),
        "gain by seed": ", ".join(f"{g:.2f}" for g in gain),
    }


def autogluon_rows(name):
    """Its nets: trained on log loss as its default is, and on squared error."""
    path = RESULTS / "autogluon.json"
    if not path.is_file():
        return
    runs = [run for run in json.loads(path.read_text()) if run["set"] == name]
    for kind in ("NN_TORCH", "NN_TORCH_MSE", "GBM", "CAT", "RF"):
        known = [run for run in runs if run["students"].get(kind, {}).get("student")]
        if known:
            teacher = np.array([run["teacher"] for run in known])
            students = [run["students"][kind] for run in known]
            control, taught = (
                np.array([s[what] for s in students]) for what in ("control", "student")
            )
            yield row(name, f"AutoGluon distill, {kind}", teacher, control, taught)


def main():
    quick = arguments(__doc__).quick
    warnings.simplefilter("ignore", UserWarning)
    torch.set_num_threads(1)
    rows = []
    for name in ("mlc_churn",) if quick else TARGETS:
        runs = [one_split(name, seed) for seed in range(1 if quick else 3)]
        rows += [*rows_of(name, runs), *autogluon_rows(name)]
        print(*rows, sep="\n", flush=True)
    report("tables", "Raw frames: gain recovered on test rows", rows, save=not quick)


if __name__ == "__main__":
    main()
