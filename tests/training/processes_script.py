"""What the tests of several processes run: in each rank, and once in one process."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from sklearn.datasets import make_classification
from sklearn.ensemble import RandomForestClassifier

from skdistill import (
    Checkpoint,
    DistillationSearchCV,
    HardDecisionTreeClassifier,
    NeuralStudentClassifier,
    ParquetRows,
    SoftDecisionTreeClassifier,
    soft_targets,
)
from skdistill.transfer.samplers import ConditionalSampler

WORLD, RANK = int(os.environ.get("WORLD_SIZE", 1)), int(os.environ.get("RANK", 0))
BATCH = 24 // WORLD
X, Y = make_classification(603, 7, n_classes=3, n_informative=5, random_state=0)
FOREST = RandomForestClassifier(10, random_state=0).fit(X[:300], Y[:300])
SGD = {"optimizer": "sgd", "lr": 0.05, "batch_size": BATCH, "max_epochs": 3}


class Asked:
    """A teacher that counts how often it is asked, and cannot be sent."""

    def __init__(self):
        self.classes_, self.n_times = FOREST.classes_, 0

    def __call__(self, rows):
        self.n_times += 1
        return FOREST.predict_proba(rows)

    def __reduce__(self):
        raise TypeError("this teacher stays where it is")


def double(n_inputs, n_outputs):
    """A net in double precision, so that sums in another order differ little."""
    torch.manual_seed(3)
    first, last = torch.nn.Linear(n_inputs, 16), torch.nn.Linear(16, n_outputs)
    return torch.nn.Sequential(first, torch.nn.Tanh(), last).double()


def outcome(student, rows=X):
    """What a fit came to."""
    history = [epoch["train_loss"] for epoch in student.history_]
    return {"p": student.predict_proba(rows).tolist(), "loss": history}


def raised(action):
    """What an action raises."""
    try:
        action()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return "nothing"


def fits(folder):
    """All that is compared."""
    asked = Asked()
    net = NeuralStudentClassifier(
        asked,
        module=double,
        alpha=0.7,
        temperature=2,
        transfer=None,
        random_state=0,
        batch_size=BATCH,
        max_epochs=3,
    )
    weights = np.linspace(0.5, 2, 400)
    net.fit(X[:400], Y[:400], sample_weight=weights, X_transfer=X[400:600])
    yield "Adam, weights, transfer rows", outcome(net)
    yield "asked", asked.n_times
    yield "has its teacher", net.teacher_ is asked

    tree = SoftDecisionTreeClassifier(
        FOREST,
        max_depth=3,
        balance_penalty=0.1,
        early_stopping=True,
        random_state=0,
        **SGD,
    )
    yield "soft tree with a penalty", outcome(tree.fit(X[:400], Y[:400]))

    sampler = ConditionalSampler(refresh=1)
    fresh = NeuralStudentClassifier(FOREST, transfer=sampler, random_state=0, **SGD)
    yield "fresh rows", outcome(fresh.fit(X[:400], Y[:400]))

    alone = NeuralStudentClassifier(FOREST, transfer=None, random_state=None, **SGD)
    yield "unseeded", alone.fit(X[:400]).predict_proba(X).tolist()

    rows = ParquetRows(folder / "rows", target="y", max_rows=100, buffer_rows=64)
    names = [f"x{i}" for i in range(X.shape[1])]
    named = RandomForestClassifier(10, random_state=0)
    frame = pd.DataFrame(X, columns=names)
    named.fit(frame[:300], Y[:300])
    disk = NeuralStudentClassifier(
        named, random_state=0, early_stopping=False, transfer=None, **SGD
    )
    yield "rows on disk", outcome(disk.fit(rows), frame)

    disk.set_params(transfer=sampler)
    yield "fresh rows beside rows on disk", outcome(disk.fit(rows), frame)

    kept = NeuralStudentClassifier(FOREST, transfer=None, random_state=0, **SGD)
    place = Checkpoint(folder / f"run-{WORLD}", every=1)
    yield "kept", outcome(kept.fit(X[:400], Y[:400], checkpoint=place))
    yield "read again", outcome(kept.fit(X[:400], Y[:400], checkpoint=place))

    grid = {"temperature": [1.0, 2.0]}
    search = DistillationSearchCV(kept, grid, cv=2).fit(X[:200], Y[:200])
    yield "search", search.cv_results_["mean_test_score"].tolist()
    hard = HardDecisionTreeClassifier(
        FOREST, max_leaf_nodes=4, transfer=None, random_state=0
    )
    yield "hard tree", hard.fit(X[:200], Y[:200]).predict(X).tolist()
    yield "targets", soft_targets(FOREST, X, temperature=3).tolist()

    # What fails, fails in each process, and the next fit is in step again.
    fast = NeuralStudentClassifier(
        FOREST,
        transfer=None,
        random_state=0,
        optimizer="sgd",
        lr=1e30,
        batch_size=BATCH,
        hidden_layer_sizes=(64, 64),
        max_epochs=50,
    )
    yield "diverged", raised(lambda: fast.fit(X[:200], Y[:200]))
    yield "is fitted", hasattr(fast, "net_")
    yield "bad rows", raised(lambda: net.fit(X[:200], Y[:100]))
    yield "after an error", outcome(kept.fit(X[:400], Y[:400]))


if __name__ == "__main__":
    place = Path(sys.argv[1])
    found = dict(fits(place))
    (place / f"found-{WORLD}-{RANK}.json").write_text(json.dumps(found))
