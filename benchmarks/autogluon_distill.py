"""AutoGluon's ``distill`` on the splits of ``benchmarks.tables``, in its own environment.

The teacher is AutoGluon's best model of a medium-quality run, the students are its own,
and each control is the same model without distillation. ``benchmarks.tables`` says how
to run it, and reads what it writes. Losses are on the test rows.
"""

import argparse
import importlib.metadata
import json
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from autogluon.tabular import TabularPredictor
from sklearn.metrics import log_loss, mean_squared_error, roc_auc_score
from sklearn.model_selection import train_test_split

# name -> (target, problem type, columns that are no features)
SETS = {
    "wa_churn": ("churn", "binary", []),
    "mlc_churn": ("churn", "binary", []),
    "adult": ("income", "binary", ["split"]),
    "diamonds": ("price", "regression", []),
}

# student type -> (names its plain control may have, name of the distilled model).
# NN_TORCH is the net just as AutoGluon distils it: a binary student is a regressor of
# p1, and the net's loss for regression is the absolute error, which fits a median and
# no probability. NN_TORCH_MSE is the same net with squared error instead; its control
# in regression has that loss too, in classification it is the plain net. A distilled RF
# splits by squared error, the same as Gini on 0/1 labels: hence that control.
STUDENTS = {
    "NN_TORCH": (["NeuralNetTorch"], "NeuralNetTorch_DSTL"),
    "NN_TORCH_MSE": (["NeuralNetTorchMSE", "NeuralNetTorch"], "NeuralNetTorchMSE_DSTL"),
    "GBM": (["LightGBM"], "LightGBM_DSTL"),
    "CAT": (["CatBoost"], "CatBoost_DSTL"),
    "RF": (["RandomForestGini", "RandomForestMSE"], "RandomForestMSE_DSTL"),
}


def net_mse(**ag_args):
    return {
        "loss_function": torch.nn.MSELoss(),
        "ag_args": {"name_suffix": "MSE", **ag_args},
    }


def student_configs(net_seconds):
    """AutoGluon's defaults but for the order, nets first, and a time limit for each."""
    limit = {"ag.max_time_limit": net_seconds}
    return {
        "NN_TORCH": [
            {**net_mse(priority=120), **limit},
            {"ag_args": {"priority": 110}, **limit},
        ],
        "GBM": {},
        "CAT": {},
        "RF": {},
    }


def load(name, seed):
    target, problem, drop = SETS[name]
    path = Path(os.environ["SKDISTILL_DATA"]) / name / f"{name}.csv.gz"
    frame = pd.read_csv(path, na_values="?").drop(
        columns=drop
    )  # adult marks gaps with "?"
    X, y = frame.drop(columns=target), frame[target]
    X_train, X_test, y_train, y_test = train_test_split(
        X,
        y,
        test_size=0.3,
        stratify=y if problem == "binary" else None,
        random_state=seed,
    )
    return X_train.assign(**{target: y_train}), X_test, y_test


def score(predictor, model, X, y):
    """The test loss and, for a binary set, how far the probabilities are sane."""
    if predictor.problem_type == "regression":
        return {"loss": float(mean_squared_error(y, predictor.predict(X, model=model)))}
    # A binary student is a regressor of p1; predict_proba gives both columns all the
    # same, but does not keep them within [0, 1] (1.6.3), so count what lies outside and
    # clip. Trees that fit p1 land at or below 0 for a few rows, each a -log(1e-7) when
    # wrong: loss_clipped_01 therefore also clips to [0.01, 0.99], the range to which
    # distill() itself smooths the labels.
    proba = predictor.predict_proba(X, model=model)
    if not np.allclose(proba.sum(axis=1), 1, atol=1e-4):
        raise ValueError(f"{model}'s answers are no probabilities.")
    p1 = proba[predictor.positive_class].to_numpy(dtype=float)
    label = (y == predictor.positive_class).to_numpy()
    return {
        "loss": float(log_loss(label, np.clip(p1, 1e-7, 1 - 1e-7))),
        "loss_clipped_01": float(log_loss(label, np.clip(p1, 0.01, 0.99))),
        "auc": float(roc_auc_score(label, p1)),
        "mean_p1": float(p1.mean()),
        "outside_0_1": int(((p1 < 0) | (p1 > 1)).sum()),
    }


def measure(name, seed, teacher_seconds, distill_seconds, net_seconds):
    train, X_test, y_test = load(name, seed)
    target, problem, _ = SETS[name]
    metric = "log_loss" if problem == "binary" else "root_mean_squared_error"
    row = {
        "set": name,
        "seed": seed,
        "autogluon": importlib.metadata.version("autogluon.tabular"),
        "loss": "log_loss" if problem == "binary" else "mean_squared_error",
        "time_limits": {
            "teacher": teacher_seconds,
            "distill": distill_seconds,
            "net": net_seconds,
        },
    }
    with tempfile.TemporaryDirectory() as folder:
        predictor = TabularPredictor(
            target, problem_type=problem, eval_metric=metric, path=folder
        )
        start = time.perf_counter()
        predictor.fit(train, presets="medium_quality", time_limit=teacher_seconds)
        row["teacher_seconds"] = time.perf_counter() - start
        teacher = predictor.model_best  # what distill() takes as its teacher

        np.random.seed(seed)  # noqa: NPY002 (the augmentation draws from it)
        start = time.perf_counter()
        try:
            # These are the default augment_args, given anew for each call: distill()
            # writes the number of rows into this dict, so its own shared default would
            # keep the first data set's number.
            predictor.distill(
                time_limit=distill_seconds,
                hyperparameters=student_configs(net_seconds),
                augment_method="spunge",
                augment_args={"size_factor": 5, "max_size": int(1e5)},
            )
        except Exception as error:  # keep the run going and say what happened
            row["distill_error"] = f"{type(error).__name__}: {error}".splitlines()[0]
        row["distill_seconds"] = time.perf_counter() - start

        if problem == "regression":  # the plain net with the loss of NN_TORCH_MSE
            predictor.fit_extra(
                {"NN_TORCH": net_mse()},
                time_limit=net_seconds,
                fit_weighted_ensemble=False,
            )

        failures = predictor.model_failures()
        failures = (
            {}
            if failures is None
            else dict(zip(failures["model"], failures["exc_str"], strict=True))
        )
        row["failures"] = {
            model: str(text).splitlines()[0] for model, text in failures.items()
        }
        board = predictor.leaderboard(display=False).set_index("model")
        row["models"] = {
            model: {
                **score(predictor, model, X_test, y_test),
                "fit_seconds": float(board.loc[model, "fit_time_marginal"]),
            }
            for model in board.index
        }
        info = predictor.info()["model_info"]

    loss = {model: entry["loss"] for model, entry in row["models"].items()}
    row["teacher"], row["teacher_model"] = loss[teacher], teacher
    row["students"] = {}
    for student, (plain, distilled) in STUDENTS.items():
        control = next((model for model in plain if model in loss), None)
        entry = {
            "control": loss.get(control),
            "student": loss.get(distilled),
            "gain": None,
        }
        if None in (entry["control"], entry["student"]):
            entry["error"] = failures.get(
                distilled, "control or student not fitted (out of time?)"
            )
        elif control == teacher:
            entry["error"] = "the control is the teacher"
        else:
            entry["gain"] = (entry["student"] - entry["control"]) / (
                row["teacher"] - entry["control"]
            )
            if entry["control"] <= row["teacher"]:
                entry["note"] = (
                    "the control is no worse than the teacher, so the gain says nothing"
                )
            if (
                problem == "binary"
            ):  # only the student is clipped harder, its control and teacher are not
                clipped = row["models"][distilled]["loss_clipped_01"]
                entry["gain_clipped_01"] = (clipped - entry["control"]) / (
                    row["teacher"] - entry["control"]
                )
        if student.startswith(
            "NN_TORCH"
        ):  # the epoch that was kept, best on the validation rows
            entry["epoch"] = {
                m: info[m]["hyperparameters_fit"].get("num_epochs")
                for m in (control, distilled)
                if m in info
            }
        row["students"][student] = entry
    return row


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("output", type=Path)
    parser.add_argument("--sets", nargs="+", default=list(SETS), choices=list(SETS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--teacher-seconds", type=float, default=170)
    parser.add_argument("--distill-seconds", type=float, default=270)
    parser.add_argument(
        "--net-seconds", type=float, default=60, help="limit of each distilled net"
    )
    args = parser.parse_args()

    rows = []
    for seed in args.seeds:  # seed by seed, so that a run cut short still has every set
        for name in args.sets:
            rows.append(
                measure(
                    name,
                    seed,
                    args.teacher_seconds,
                    args.distill_seconds,
                    args.net_seconds,
                )
            )
            row = rows[-1]
            del row["models"]  # of which the students' are told already
            args.output.write_text(json.dumps(rows, indent=1) + "\n")
            print(
                name,
                seed,
                "teacher",
                row["teacher_model"],
                row["teacher"],
                row["students"],
                flush=True,
            )


if __name__ == "__main__":
    main()
