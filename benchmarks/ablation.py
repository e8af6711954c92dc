"""What each part of the gain's setting is worth: one change at a time, on four sets.

The net of ``benchmarks.gain``, with its teacher and splits. Each row changes one thing of
its one setting. *Validation* and *test*: by how much the log loss (squared error) is
above the setting's, in per cent, median over the sets; validation chose, which also
calibrates and finds the best epoch; the test rows chose nothing. Then the test rows of
each set, mean and range of the splits; the losses of digits are small (.05), and a tenth
more is little.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import inspect
import warnings
from functools import cache
from pathlib import Path

import numpy as np
import torch
from sklearn.base import clone

from benchmarks._report import arguments, report, rounded
from benchmarks.gain import (
    MOST_ROWS,
    SHARED,
    TRAINED,
    VALUES,
    Cell,
    cached,
    fitted_teacher,
    make_teacher,
    short,
)
from skdistill import Bootstrap, ConditionalSampler, GaussianNoise, Mixup, Munge

COPIES, MOST_DRAWN = 24.0, 250_000
SETS = ["mlc_churn", "higgs_lightgbm", "california_housing", "digits"]
N_SPLITS = 3
OTHER_SAMPLERS = {
    "Munge": Munge(),
    "Munge(neighbors='leaves')": Munge(neighbors="leaves"),
    "ConditionalSampler(p=0.5)": ConditionalSampler(p=0.5),
    "ConditionalSampler(p=(0, 0.8))": ConditionalSampler(p=(0.0, 0.8)),
    "Mixup": Mixup(),
    "GaussianNoise": GaussianNoise(),
    "Bootstrap": Bootstrap(),
}


def arms():
    """Name, sampler (None: no drawn rows), copies and parameters of the student."""
    usual = ConditionalSampler(p=0.25)
    yield "the setting", usual, COPIES, {}
    yield "no transfer rows", None, 0.0, {}
    for name, sampler in OTHER_SAMPLERS.items():
        yield name, sampler, COPIES, {}
    for copies in (1.0, 4.0, 8.0, 32.0):
        yield f"size={copies:.0f}", usual, copies, {}
    for who in ("refit", "folds", "unseen"):
        yield f"cv=5, {who}", usual, COPIES, {"cv": 5, "transfer_teacher": who}
    for temperature in (2.0, 4.0, 8.0, "auto"):
        yield f"temperature={temperature}", usual, COPIES, {"temperature": temperature}
    for changed in (
        {"numeric_embedding": None},
        {"numeric_embedding": "periodic"},
        {"hidden_layer_sizes": (64, 64)},
        {"max_epochs": 50},
        {"early_stopping": False},
        {"alpha": 0.8},
    ):
        name = ", ".join(f"{key}={value}" for key, value in changed.items())
        yield name, usual, COPIES, changed


def losses(cell, sampler, copies, changed):
    """Losses and scores of the validation rows and, after them, of the test rows."""
    if sampler is not None:
        size = min(int(copies * len(cell.train[1])), MOST_DRAWN)
        sampler = clone(sampler).set_params(size=size)
    model = cell.taught_student("net", sampler, **changed)
    return np.concatenate(
        [cell.losses(model, cell.val), cell.losses(model, cell.test)], 1
    )


def run(name, seed, folder):
    """Of one split: {arm: (mean validation loss, mean test loss)}."""
    cell = cache(lambda: Cell(name, seed))
    teacher = short(*map(inspect.getsource, (make_teacher, fitted_teacher)), MOST_ROWS)
    found = {}
    for arm, sampler, copies, changed in arms():
        if name in VALUES:  # have no temperature
            changed = {k: v for k, v in changed.items() if k != "temperature"}
        setting = SHARED["net"] | TRAINED["net"] | changed
        key = short(setting, sampler, copies, MOST_DRAWN, teacher)
        rows, _ = cached(
            folder,
            (name, seed, "ablation", key),
            lambda s=sampler, c=copies, p=changed: losses(cell(), s, c, p),
        )
        n_val = len(cell().val[1])
        found[arm] = rows[0][:n_val].mean(), rows[0][n_val:].mean()
    return found


def main():
    quick = arguments(__doc__).quick
    warnings.simplefilter("ignore", UserWarning)
    torch.set_num_threads(1)
    folder = Path(os.environ.get("SKDISTILL_CACHE", ".cache")) / "gain"
    sets, n_splits = (SETS[:1], 1) if quick else (SETS, N_SPLITS)
    losses = {
        name: [run(name, seed, folder) for seed in range(n_splits)] for name in sets
    }
    rows = []
    for arm, *_ in arms():
        pairs = {
            name: np.array([[found[arm], found["the setting"]] for found in splits])
            for name, splits in losses.items()
        }  # of each set (n_splits, arm and setting, validation and test)
        worse = {name: 100 * (p[:, 0] / p[:, 1] - 1) for name, p in pairs.items()}
        middle = np.median([each.mean(axis=0) for each in worse.values()], axis=0)
        row = {"changed": arm}
        row |= {"validation %": rounded(middle[0]), "test %": rounded(middle[1])}
        for name, each in worse.items():
            low, high = each[:, 1].min(), each[:, 1].max()
            row[name] = f"{each[:, 1].mean():.1f} ({low:.1f} to {high:.1f})"
        rows.append(row)
    report("ablation", "One change at a time, loss in %", rows, save=not quick)


if __name__ == "__main__":
    main()
