"""One student in six places: how long a row takes, and how many bytes it has.

A stack of 500 trees (as in ``benchmarks.speed``) is distilled into a hard tree of 32
leaves, a soft tree of depth 6, and 64-64 nets with and without piecewise-linear columns,
on 20 columns of floats and five classes. Each is asked for one row and for 1,000 as an
estimator, by numpy, by onnxruntime (``session.run`` alone), by the program that ``cc -O2``
makes of the header (in a loop within it), by scikit-learn's own tree, and by DuckDB (a
query, which it parses and plans each time). Each is compared with the estimator on likely
and hostile rows: the largest relative difference of an output, and labels that differ.
Bytes are of what goes to the server: the npz, the ONNX file, the header's text, the SQL,
pickles (without the teacher).

At last a million rows are scored in DuckDB by the hard tree, beside ``predict``. All in
one run, on one thread.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import pickle
import tempfile
import time
import warnings
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import torch

from benchmarks import core
from benchmarks._report import arguments, report, rounded
from benchmarks.speed import CLASSES, stack
from skdistill import (
    HardDecisionTreeClassifier,
    NeuralStudentClassifier,
    SoftDecisionTreeClassifier,
    export,
    quantize,
    soft_targets,
)
from skdistill.export.proof import median_seconds

STACK = "the stack"


def students(teacher, epochs):
    """The students, not fitted."""
    free = {"keep_teacher": False, "random_state": 0}
    net = {"max_epochs": epochs, **free}
    return {
        "hard tree, 32 leaves": HardDecisionTreeClassifier(teacher, **free),
        "soft tree, depth 6": SoftDecisionTreeClassifier(teacher, max_depth=6, **net),
        "net 64-64": NeuralStudentClassifier(
            teacher, hidden_layer_sizes=(64, 64), numeric_embedding=None, **net
        ),
        "net 64-64, piecewise": NeuralStudentClassifier(
            teacher, hidden_layer_sizes=(64, 64), **net
        ),
    }


def row(student, place, seconds, size, proof=None):
    """One line of the table."""
    proof = proof or {}
    return {
        "student": student,
        "place": place,
        "µs, 1 row": rounded(1e6 * seconds[0]),
        "µs, 1,000 rows": rounded(1e6 * seconds[1]),
        "bytes": size,
        "largest difference": proof.get("largest_difference", ""),
        "labels that differ": proof.get("labels_that_differ", ""),
    }


def asked(ask, X):
    """Seconds for one row and for 1,000."""
    return [median_seconds(lambda rows=rows: ask(rows), 1.0) for rows in (X[:1], X)]


def times(proof):
    return proof["seconds_for_one_row"], proof["seconds_for_1000_rows"]


def places(name, student, X, folder):
    """Where a student can go, and what it costs there."""
    yield row(name, "estimator", asked(student.predict, X), len(pickle.dumps(student)))
    predictor = export.to_numpy(student)
    predictor.save(folder / "student.npz")
    size = (folder / "student.npz").stat().st_size
    proof = export.verify(predictor, student, X)
    yield row(name, "numpy", asked(predictor.predict, X), size, proof)
    path = folder / "student.onnx"
    export.to_onnx(student, path)
    proof = export.verify(path, student, X)
    yield row(name, "onnxruntime", times(proof), path.stat().st_size, proof)
    path = folder / "student.h"
    export.to_c(student, path)
    proof = export.verify(path, student, X)
    yield row(name, "C", times(proof), path.stat().st_size, proof)
    if "hard" in name:
        yield from _trees(name, student, X)


def _trees(name, student, X):
    tree = export.to_sklearn_tree(student)
    proof = export.verify(tree, student, X.astype(np.float32).astype(float))
    seconds = asked(tree.predict, X)
    yield row(name, "scikit-learn's tree", seconds, len(pickle.dumps(tree)), proof)
    text = export.to_sql(student, table="rows")
    proof = export.verify(text, student, X)
    yield row(name, "DuckDB", times(proof), len(text), proof)


def million(student, n_columns, n):
    """Rows scored in DuckDB, and by ``predict``."""
    X = np.random.default_rng(0).normal(size=(n, n_columns))
    frame = pd.DataFrame(X, columns=[f"feature_{j}" for j in range(n_columns)])
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.register("frame", frame)
        connection.execute("CREATE TABLE rows AS SELECT * FROM frame")
        text = export.to_sql(student, table="rows")
        start = time.perf_counter()
        answers = connection.execute(text).fetchnumpy()
        in_sql = time.perf_counter() - start
    start = time.perf_counter()
    labels = student.predict(X)
    by_predict = time.perf_counter() - start
    p = student.predict_proba(X)
    columns = [name for name in answers if name != "prediction"]
    off = max(
        float(np.abs(answers[name] - p[:, k]).max()) for k, name in enumerate(columns)
    )
    same = int((answers["prediction"].astype(labels.dtype) == labels).sum())
    return (
        f"{n:,} rows, hard tree: DuckDB {in_sql:.2f} s, predict {by_predict:.2f} s; "
        f"{same:,} labels agree, probabilities to {off:.1g}"
    )


def main():
    quick = arguments(__doc__).quick
    warnings.simplefilter("ignore", UserWarning)
    torch.set_num_threads(1)
    X, y, _ = core.table(4_000, 20, CLASSES)
    X = X.astype(float)
    noisy = np.random.default_rng(0).random(len(y)) < 0.1
    y = np.where(noisy, np.roll(y, 1), y)
    teacher = [member.fit(X, y) for member in stack()]
    n, epochs = (600, 3) if quick else (4_000, 50)
    some = X[:1000]
    seconds = asked(lambda rows: soft_targets(teacher, rows), some)
    rows = [row(STACK, "estimator", seconds, len(pickle.dumps(teacher)))]
    with tempfile.TemporaryDirectory() as folder:
        for name, student in students(teacher, epochs).items():
            student.fit(X[:n], y[:n])
            rows += places(name, student, some, Path(folder))
            if "hard" in name:
                note = million(student, X.shape[1], 100_000 if quick else 1_000_000)
        small = quantize(student)
        predictor = export.to_numpy(small)
        predictor.save(Path(folder) / "small.npz")
        size = (Path(folder) / "small.npz").stat().st_size
        proof = export.verify(predictor, small, some)
        rows.append(
            row(f"{name}, int8", "numpy", asked(predictor.predict, some), size, proof)
        )
    title = "A student where it is served; one thread"
    report("serving", title, rows, save=not quick, notes=[note])


if __name__ == "__main__":
    main()
