"""The speed part of ``benchmarks.soft_tree``: an epoch on MNIST, and memory.

One thread. An epoch at depth 8 in batches of 512, labels, beside the two matrix products
that it cannot do without (rows by gates, gates by rows), and beside neural-trees at the
same depth and batch size; contestants in turn, medians of the ratios within a round. The
memory is what ``predict_proba`` of depth 10, 10 classes and 30,000 rows adds to a new
process's largest.
"""

import pickle
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import torch
from neural_trees import SoftDecisionTree as NeuralTreesTree

from benchmarks.mnist import images
from skdistill import SoftDecisionTreeClassifier

DEPTH, BATCH, EPOCHS, ROUNDS = 8, 512, 3, 3


def products(x):
    """Seconds of one epoch's two matrix products."""
    n_gates = 2**DEPTH - 1
    weight, slope = torch.randn(n_gates, x.shape[1]), torch.randn(BATCH, n_gates)
    start = time.perf_counter()
    for part in x.split(BATCH):
        part @ weight.T
        slope[: len(part)].T @ part
    return time.perf_counter() - start


def ours(X, y):
    """Seconds of one epoch, the median of some."""
    tree = SoftDecisionTreeClassifier(
        max_depth=DEPTH, batch_size=BATCH, max_epochs=EPOCHS, random_state=0
    )
    tree.set_params(preprocessor=None).fit(X, y)
    return float(np.median([epoch["dur"] for epoch in tree.history_]))


def theirs(X, y):
    """Seconds of one epoch of neural-trees: what two more take, halved."""
    taken = []
    for epochs in (1, 3):
        tree = NeuralTreesTree(
            depth=DEPTH, batch_size=BATCH, max_epochs=epochs, random_state=0
        )
        start = time.perf_counter()
        tree.fit(X, y)
        taken.append(time.perf_counter() - start)
    return (taken[1] - taken[0]) / 2


def added_megabytes():
    """What predict_proba adds, in a process that only loads the tree and predicts."""
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(2000, 20)), np.arange(2000) % 10
    tree = SoftDecisionTreeClassifier(max_depth=10, max_epochs=1, random_state=0)
    ran = subprocess.run(
        [sys.executable, "-m", "benchmarks._soft_tree_speed"],
        input=pickle.dumps(tree.fit(X, y)),
        capture_output=True,
        check=True,
    )
    return float(ran.stdout)


def _measure():
    tree = pickle.load(sys.stdin.buffer)
    X = np.random.default_rng(1).normal(size=(30_000, 20))
    before = _most_kilobytes()
    tree.predict_proba(X)
    print((_most_kilobytes() - before) / 1024)


def _most_kilobytes():
    """The process's largest memory so far, as Linux tells it."""
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0])


def notes():
    """Lines for the table."""
    X, y = images("train")
    x, rounds = torch.from_numpy(X), []
    products(x)
    for _ in range(ROUNDS):
        rounds.append((products(x), ours(X, y), theirs(X, y)))
    least, mine, peer = np.array(rounds).T
    return [
        f"an epoch on MNIST, depth {DEPTH}, batch {BATCH}, one thread: {min(mine):.2f} s, "
        f"{np.median(mine / least):.2f} times its two matrix products; neural-trees "
        f"{min(peer):.2f} s, {np.median(peer / mine):.1f} times ours",
        f"predict_proba, depth 10, 10 classes, 30,000 rows: {added_megabytes():.0f} MB "
        "more",
    ]


if __name__ == "__main__":
    _measure()
