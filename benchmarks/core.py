"""What the estimators cost above the arithmetic that they cannot do without.

One thread, all contestants in turn in one run, in several rounds; what is held against
the limit is the median over rounds of the ratio within a round. ``fit`` is the public one
from a float64 numpy array with its defaults on, but for the net's shape, the batch size
and the number of epochs, which are those of the bare loop: the same optimizer and flags,
loss, learning rate schedule and shuffling.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import time
import warnings
from itertools import pairwise

import numpy as np
import torch
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from skorch import NeuralNetClassifier
from torch.nn import functional as F

from benchmarks._report import arguments, report
from skdistill import NeuralStudentClassifier, SoftDecisionTreeClassifier

RATIO = "ratio, median of rounds"
LIMITS = {"60,000 x 20": 1.3, "60,000 x 784": 1.1, "predict": 1.5, "tree": 4.0}


def table(n, n_features, n_classes, seed=0):
    """Rows that can be learnt, float64, and a teacher's probabilities for them."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, n_features)) * rng.uniform(0.5, 20, n_features)
    logits = (X / X.std(axis=0)) @ rng.normal(size=(n_features, n_classes))
    logits *= 3 / logits.std()
    P = np.exp(logits - logits.max(axis=1, keepdims=True))
    P /= P.sum(axis=1, keepdims=True)
    return X, P.argmax(axis=1), P


def mlp(n_inputs, widths, n_outputs):
    sizes = [n_inputs, *widths, n_outputs]
    layers = []
    for a, b in pairwise(sizes):
        layers += [torch.nn.Linear(a, b), torch.nn.ReLU()]
    return torch.nn.Sequential(*layers[:-1])


def bare_loop(X, y, P, widths, epochs, batch):
    """A plain torch loop on standardised float32 tensors that are ready."""
    student = NeuralStudentClassifier()
    x = torch.tensor((X - X.mean(0)) / X.std(0), dtype=torch.float32)
    hard = torch.from_numpy(y)
    soft = None if P is None else torch.tensor(P, dtype=torch.float32)
    net = mlp(X.shape[1], widths, y.max() + 1)
    optimizer = torch.optim.AdamW(
        net.parameters(), lr=student.lr, weight_decay=0.0, fused=True
    )
    steps = epochs * -(-len(x) // batch)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, student.lr, steps)
    generator = torch.Generator().manual_seed(0)
    start = time.perf_counter()
    for _ in range(epochs):
        for index in torch.randperm(len(x), generator=generator).split(batch):
            optimizer.zero_grad()
            logits = net(x[index])
            if soft is None:
                loss = F.cross_entropy(logits, hard[index])
            else:
                log_q = F.log_softmax(logits, dim=1)
                loss = F.kl_div(log_q, soft[index], reduction="batchmean")
            loss.backward()
            optimizer.step()
            schedule.step()
    return time.perf_counter() - start


def seconds(function, *args, **kwargs):
    start = time.perf_counter()
    function(*args, **kwargs)
    return time.perf_counter() - start


def student(widths, epochs, batch):
    return NeuralStudentClassifier(
        hidden_layer_sizes=widths,
        numeric_embedding=None,
        max_epochs=epochs,
        batch_size=batch,
        random_state=0,
    )


def fit_student(X, y, P, *shape):
    return seconds(student(*shape).fit, X, y, teacher_output=P)


def fit_skorch(X, y, widths, epochs, batch):
    net = NeuralNetClassifier(
        mlp(X.shape[1], widths, y.max() + 1),
        criterion=torch.nn.CrossEntropyLoss,
        optimizer=torch.optim.AdamW,
        lr=1e-3,
        max_epochs=epochs,
        batch_size=batch,
        train_split=None,
        verbose=0,
    )
    x = ((X - X.mean(0)) / X.std(0)).astype(np.float32)
    return seconds(net.fit, x, y)


def fit_sklearn(X, y, widths, epochs, batch):
    net = MLPClassifier(
        widths, max_iter=epochs, batch_size=batch, tol=0.0, random_state=0
    )
    x = ((X - X.mean(0)) / X.std(0)).astype(np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return seconds(net.fit, x, y)


def compare_fits(name, n_features, widths, n_classes, epochs, rounds, batch=256):
    X, y, P = table(60_000, n_features, n_classes)
    shape = (widths, epochs, batch)
    contestants = {
        "bare torch loop, labels": lambda: bare_loop(X, y, None, *shape),
        "skdistill, labels": lambda: fit_student(X, y, None, *shape),
        "bare torch loop, soft targets": lambda: bare_loop(X, y, P, *shape),
        "skdistill, soft targets": lambda: fit_student(X, y, P, *shape),
        "skorch's defaults, labels": lambda: fit_skorch(X, y, *shape),
        "scikit-learn's MLPClassifier, labels": lambda: fit_sklearn(X, y, *shape),
    }
    times = {label: [] for label in contestants}
    for _ in range(rounds):
        for label, run in contestants.items():
            times[label].append(run())
    case = f"fit, {name}, {n_features}-{'-'.join(map(str, widths))}-{n_classes}"
    for label, taken in times.items():
        soft = label.endswith("soft targets")
        base = "bare torch loop, soft targets" if soft else "bare torch loop, labels"
        paired = np.array(taken) / np.array(times[base])
        yield {
            "case": case,
            "contestant": label,
            "least seconds per epoch": min(taken) / epochs,
            "ratio of least": min(taken) / min(times[base]),
            RATIO: float(np.median(paired)),
            "at most": LIMITS[name] if label.startswith("skdistill") else "",
        }


def compare_predictions(rounds):
    X, y, _ = table(60_000, 20, 5)
    plain = {
        "hidden_layer_sizes": (64, 64),
        "numeric_embedding": None,
        "max_epochs": 1,
    }
    student = NeuralStudentClassifier(**plain, random_state=0).fit(X, y)
    module = student.module_
    x = torch.from_numpy(student.preprocessor_.transform(X))

    def bare():
        with torch.inference_mode():
            chunks = [torch.softmax(module(part), dim=1) for part in x.split(8192)]
            return torch.cat(chunks).numpy()

    np.testing.assert_allclose(student.predict_proba(X), bare(), atol=1e-12)
    times = [(seconds(bare), seconds(student.predict_proba, X)) for _ in range(rounds)]
    yield from _pair(
        "predict_proba, 60,000 x 20", "the module in chunks", times, "predict"
    )


def compare_trees(epochs, rounds, batch=512, n=60_000):
    """A soft tree's epoch against the two matrix products of its gates."""
    X, y, P = table(n, 784, 10)
    x = torch.tensor(X, dtype=torch.float32)
    weight, gradient = torch.randn(255, 784), torch.randn(batch, 255)

    def products():
        for part in x.split(batch):
            part @ weight.T
            gradient[: len(part)].T @ part

    tree = SoftDecisionTreeClassifier(
        max_depth=8, max_epochs=epochs, batch_size=batch, random_state=0
    )
    times = []
    for _ in range(rounds):
        bare = min(seconds(products) for _ in range(3))
        tree.fit(X, y, teacher_output=P)
        times.append((bare, float(np.median([e["dur"] for e in tree.history_]))))
    yield from _pair(
        "epoch of a soft tree, 60,000 x 784", "two products", times, "tree"
    )


def _pair(case, base, times, limit):
    times = np.array(times)
    for i, label in enumerate((base, "skdistill")):
        yield {
            "case": case,
            "contestant": label,
            "least seconds per epoch": float(times[:, i].min()),
            "ratio of least": float(times[:, i].min() / times[:, 0].min()),
            RATIO: float(np.median(times[:, i] / times[:, 0])),
            "at most": LIMITS[limit] if i else "",
        }


def main():
    quick = arguments(__doc__).quick
    torch.set_num_threads(1)
    X, y, P = table(2000, 20, 5)
    bare_loop(X, y, P, (8,), 1, 256)  # torch's own imports at the first step
    fit_student(X, y, P, (8,), 1, 256)
    rounds = 2 if quick else 5
    rows = [
        *compare_fits("60,000 x 20", 20, (64, 64), 5, 2 if quick else 10, rounds),
        *compare_predictions(5 * rounds),
        *compare_trees(3, max(1, rounds - 2)),
        *compare_fits("60,000 x 784", 784, (800, 800), 10, 1 if quick else 3, 3),
    ]
    over = [r for r in rows if r["at most"] and r[RATIO] > r["at most"]]
    report(
        "core",
        "Cost of the core, one thread",
        rows,
        save=not quick,
        notes=[
            "A prediction's 'epoch' is one pass. The fits of skdistill include "
            "validation, standardisation and the conversion to tensors; the other "
            "contestants get standardised float32 arrays.",
            f"Over the limit: {[r['case'] for r in over] or 'none'}.",
        ],
    )
    if over and not quick:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
