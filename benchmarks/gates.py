"""Soft trees with gates of few columns beside gates of all.

Sets, splits, teacher and drawn rows are those of ``benchmarks.gain``; all trees are
distilled, with the epochs that it gives them. Dense gates at depth 6; sparse gates (at
most three columns of the student's view) and gates of one column at the same depth, and
two levels deeper, as ``max_depth="auto"`` makes them where the gates are of few columns.
Scores are accuracies, or R2, in per cent, on test rows that chose nothing; leads over the
dense tree are paired by split. Five sets are kept aside. Cells (set, split, arm) are kept
in ``SKDISTILL_CACHE`` (default ``.cache``).
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
from benchmarks._report import arguments, report

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


def leads(splits, gates):
    """By how many points it is ahead of dense gates in each split (n, 2); also its path."""
    scores = [
        [split[one].mean(axis=1)[1::2] for one in (gates, DENSE)] for split in splits
    ]
    return 100 * np.array([ours - dense for ours, dense in scores])


def line(name, splits):
    """One set: scores of dense gates, mean leads of the others, and their spread."""
    dense = np.mean([split[DENSE].mean(axis=1) for split in splits], axis=0)[1::2]
    whole, path = 100 * (dense + (name in gain.VALUES))
    cells = {DENSE: f"{whole:.1f} / {path:.1f}"}
    for gates in GATES:
        if gates != DENSE:
            found = leads(splits, gates)
            (whole, path), spread = found.mean(axis=0), np.zeros(2)
            if len(found) > 1:
                spread = found.std(axis=0, ddof=1)
            cells[gates] = f"{whole:+.1f} ({spread[0]:.1f}) / {path:+.1f}"
    return {"set": name + " (aside)" * (name in gain.KEPT_ASIDE), **cells}


def means(splits):
    """One line for each group of sets: mean leads."""
    for aside in (False, True):
        here = [n for n in splits if (n in gain.KEPT_ASIDE) == aside]
        cells = {DENSE: ""}
        for gates in GATES if here else ():
            if gates != DENSE:
                found = [leads(splits[name], gates).mean(axis=0) for name in here]
                whole, path = np.mean(found, axis=0)
                cells[gates] = f"{whole:+.2f} / {path:+.2f}"
        if here:
            yield {"set": "mean of those aside" if aside else "mean", **cells}


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
    rows = [*(line(name, splits[name]) for name in names), *means(splits)]
    title = (
        "Soft trees by the columns of their gates: score in per cent, or points ahead of "
        "all columns, of the mixture / of the path (spread over the splits)"
    )
    report("gates", title, rows, save=not quick)


if __name__ == "__main__":
    main()
