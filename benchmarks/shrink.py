"""What a net of 256-256 loses when it is pruned and quantised to a tenth of its bytes.

Teacher, rows and splits as in ``benchmarks.gain`` (at most 5,000 training rows). The net
learns from the teacher on the training rows and on 24 drawn rows for each; ``prune`` then
takes 66 % of its weights, and learns on from the net alone; ``quantize`` leaves 8 bits of
each weight. *Directly*: a net of the widths that are left, with as many bins for each
column, learns from the same answers of the teacher, for as many epochs as the net and the
pruned one together, and is quantised too. Bytes are those of the exported arrays.

The defaults of ``prune`` were chosen on the first sets; those kept aside chose nothing.
Cells are kept in ``SKDISTILL_CACHE`` (default ``.cache``).
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import json
import time
import warnings
from pathlib import Path

import numpy as np

from benchmarks import gain
from benchmarks._report import arguments, report, rounded
from skdistill import NeuralStudentClassifier, PiecewiseLinear, prune, quantize
from skdistill.export import to_numpy

SETS = ("wa_churn", "covertype_kaggle", "letter_recognition", "spam")
ASIDE = ("adult", "higgs_lightgbm")
SPARSITY, EPOCHS, MORE_EPOCHS = 0.66, 50, 40
ARMS = (
    "net",
    "pruned",
    "pruned, int8",
    "pruned, float16",
    "directly",
    "directly, int8",
)


class Cell(gain.Cell):
    most_rows = 5000


def one_split(name, seed, max_epochs=EPOCHS, more=MORE_EPOCHS):
    """Accuracy, log loss and bytes of each arm."""
    cell = Cell(name, seed)
    X, y = cell.train
    taught = cell.taught(cell.sampler())

    def fitted(**options):
        student = NeuralStudentClassifier(transfer=None, random_state=seed, **options)
        return student.fit(X, y, **taught)

    net = fitted(hidden_layer_sizes=(256, 256), max_epochs=max_epochs)
    net.set_params(transfer="auto")
    start = time.perf_counter()
    options = {"sparsity": SPARSITY, "max_epochs": more, "random_state": seed}
    small = prune(net, X, X_eval=cell.val[0], **options)  # all of X is learnt from
    seconds = time.perf_counter() - start
    embedding = small.module_.embedding
    n_bins = len(embedding.low) / max(1, len(set(embedding.column.tolist())))
    direct = fitted(
        hidden_layer_sizes=small.hidden_layer_sizes,
        numeric_embedding=PiecewiseLinear(max(2, round(n_bins))),
        max_epochs=max_epochs + more,
    )
    models = net, small, quantize(small), quantize(small, "float16")
    models = dict(zip(ARMS, (*models, direct, quantize(direct)), strict=True))
    figures = {arm: measured(cell, model) for arm, model in models.items()}
    widths = list(small.hidden_layer_sizes)
    return {"arms": figures, "seconds": seconds, "widths": widths, "n_bins": n_bins}


def measured(cell, model):
    loss, hit = cell.losses(model, cell.test)
    return {
        "accuracy": float(hit.mean()),
        "log loss": float(loss.mean()),
        "bytes": to_numpy(model).nbytes,
    }


def kept(folder, name, seed, **options):
    """A split's figures, computed once."""
    path = folder / f"{name}-{seed}-{gain.short(SPARSITY, 'X_eval', options)}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(one_split(name, seed, **options)))
        print(name, seed, flush=True)
    return json.loads(path.read_text())


def lines(name, splits):
    """The table's lines of one set: means over the splits, and losses against the net."""
    for arm in ARMS:
        of_arm = {
            key: np.array([split["arms"][arm][key] for split in splits])
            for key in ("accuracy", "log loss", "bytes")
        }
        net = {
            key: np.array([split["arms"]["net"][key] for split in splits])
            for key in of_arm
        }
        points = 100 * (net["accuracy"] - of_arm["accuracy"])
        loss = 100 * (of_arm["log loss"] / net["log loss"] - 1)
        yield {
            "set": name,
            "aside": name in ASIDE,
            "model": arm,
            "bytes": int(of_arm["bytes"].mean()),
            "of the net's": rounded((of_arm["bytes"] / net["bytes"]).mean()),
            "accuracy": rounded(of_arm["accuracy"].mean()),
            "points lost": round(float(points.mean()), 2),
            "from, to": [round(float(points.min()), 2), round(float(points.max()), 2)],
            "log loss": rounded(of_arm["log loss"].mean()),
            "% lost": round(float(loss.mean()), 2),
        }


def summary(rows):
    """How many sets keep to the bounds, of those that chose and of those kept aside."""
    for group, names in (("chosen on", SETS), ("kept aside", ASIDE)):
        for arm in ("pruned, int8", "directly, int8"):
            mine = [row for row in rows if row["model"] == arm and row["set"] in names]
            if not mine:
                continue
            good = [
                row["set"]
                for row in mine
                if row["points lost"] <= 0.2 and row["% lost"] <= 1
            ]
            bytes_ = max(row["of the net's"] for row in mine)
            points = np.mean([row["points lost"] for row in mine])
            loss = np.mean([row["% lost"] for row in mine])
            yield (
                f"{arm}, sets {group}: {len(good)} of {len(mine)} lose at most .2 points "
                f"and 1 % of log loss (means {points:.2f} and {loss:.2f}); at most "
                f"{bytes_:.3f} of the bytes"
            )


def main():
    options = arguments(__doc__, seeds=3)
    folder = Path(os.environ.get("SKDISTILL_CACHE", ".cache")) / "shrink"
    warnings.simplefilter("ignore")
    sets, seeds, short = (*SETS, *ASIDE), options.seeds, {}
    if options.quick:
        sets, seeds, short = ("wa_churn",), 1, {"max_epochs": 3, "more": 2}
    rows, seconds = [], []
    for name in sets:
        splits = [kept(folder, name, seed, **short) for seed in range(seeds)]
        seconds += [split["seconds"] for split in splits]
        rows += lines(name, splits)
    notes = [*summary(rows), f"prune takes {np.median(seconds):.0f} s (median)"]
    title = f"A net of 256-256, smaller; means over {seeds} splits"
    report("shrink", title, rows, save=not options.quick, notes=notes)


if __name__ == "__main__":
    main()
