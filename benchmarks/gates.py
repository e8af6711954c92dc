"""Soft trees with gates of few columns beside gates of all.

Sets, splits, teacher and drawn rows are those of ``benchmarks.gain``; all trees are
distilled, with the epochs that it gives them. Dense gates at depth 6; sparse gates (at
most three columns of the student's view) and gates of one column at the same depth, and
two levels deeper, as ``max_depth="auto"`` makes them where the gates are of few columns.
Scores are accuracies, or R2, in points, on test rows that chose nothing; a lead is that
over the dense tree, paired by split, of the mixture and of the greedy path. Five sets are
kept aside. Cells (set, split, arm) are kept in ``SKDISTILL_CACHE`` (default ``.cache``).
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import inspect
import warnings
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch

from benchmarks import gain
from benchmarks._report import arguments, report, rounded

DENSE = "all columns"
DEPTH = gain.SHARED["soft tree"]["max_depth"]
GATES = {
    DENSE: {},
    "three columns": {"split": "sparse"},
    "three columns, two levels deeper": {"split": "sparse", "max_depth": DEPTH + 2},
    "one column, two levels deeper": {"split": "axis", "max_depth": DEPTH + 2},
}


def both(cell, changed):
    """Losses and scores of the mixture and of the greedy path (4, n_test)."""
    tree = cell.taught_student("soft tree", cell.sampler(), **changed)
    rows = [
        cell.losses(tree.set_params(inference=by), cell.test)
        for by in ("mixture", "path")
    ]
    return np.concatenate(rows)


def run(name, seed, folder):
    """Of one split: {gates: losses and scores}."""
    cell = cache(lambda: gain.Cell(name, seed))
    made = map(inspect.getsource, (gain.make_teacher, gain.fitted_teacher))
    same = gain.SHARED["soft tree"], gain.TRAINED["soft tree"], gain.MOST_ROWS
    taught = gain.short(*made, *same)
    return {
        gates: gain.cached(
            folder,
            (name, seed, gain.short(gates, changed, taught)),
            partial(lambda changed: both(cell(), changed), changed),
        )[0]
        for gates, changed in GATES.items()
    }


def line(name, gates, splits):
    """Means over the splits of one set."""
    rows = [split[gates].mean(axis=1) for split in splits]
    dense = [split[DENSE].mean(axis=1) for split in splits]
    over = 100 * (np.array(rows) - dense)
    loss, score, _, path = np.mean(rows, axis=0)
    is_value = name in gain.VALUES  # whose loss is in the square of their unit
    return {
        "set": name + " (aside)" * (name in gain.KEPT_ASIDE),
        "gates": gates,
        "loss": rounded(loss),
        "score": round(100 * (score + is_value), 2),
        "lead": round(over[:, 1].mean(), 2),
        "+-": round(over[:, 1].std(ddof=1) if len(over) > 1 else 0.0, 2),
        "score, path": round(100 * (path + is_value), 2),
        "lead, path": round(over[:, 3].mean(), 2),
        "loss, % above dense": rounded(100 * (loss / np.mean(dense, axis=0)[0] - 1)),
    }


def notes(rows):
    """Mean leads over the sets, those kept aside by themselves."""
    for aside in (False, True):
        for gates in GATES:
            here = [
                row
                for row in rows
                if row["gates"] == gates and row["set"].endswith("(aside)") == aside
            ]
            if gates == DENSE or not here:
                continue
            lead, path = (
                np.mean([row[of] for row in here]) for of in ("lead", "lead, path")
            )
            behind = [row["set"] for row in here if row["lead"] < -0.7]
            yield (
                f"{gates}{', sets kept aside' * aside}: mean lead over dense gates "
                f"{lead:+.2f} points, of the path {path:+.2f}; over .7 behind on "
                f"{', '.join(behind) or 'none'} of {len(here)}"
            )


def main():
    quick = arguments(__doc__).quick
    warnings.simplefilter("ignore", UserWarning)
    torch.set_num_threads(1)
    folder = Path(os.environ.get("SKDISTILL_CACHE", ".cache")) / "gates"
    names = ["wa_churn", "hpc_data"] if quick else list(gain.TARGETS)
    splits = {name: [] for name in names}
    for seed in range(1 if quick else gain.N_SPLITS):
        for name in names:
            splits[name].append(run(name, seed, folder))
    rows = [line(name, gates, splits[name]) for name in names for gates in GATES]
    title = "Soft trees by the columns of their gates: scores on test rows, in points"
    report("gates", title, rows, save=not quick, notes=list(notes(rows)))


if __name__ == "__main__":
    main()
