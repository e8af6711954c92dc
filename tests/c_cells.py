"""Students of every kind, task and table, and headers of C made of them."""

import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from exported import SMALL, TREE

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
)
from skdistill.export import to_c
from skdistill.export.hostile import UNSEEN

needs_compiler = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="no compiler of C"
)
#: What C would misread: quotes, ends of lines, trigraphs, digits after an escape.
ODD = ["it's", UNSEEN, 'a"b\\n', "??/??'", "\u00e9" + "1", "50 %d */ /* @_ $x"]
#: In which precisions a cell is tried.
DTYPES = {"frame": ["double", "float"], "array": ["double"], "as it is": ["double"]}

_KINDS = {
    "net": (NeuralStudentClassifier, NeuralStudentRegressor, SMALL),
    "mixture": (SoftDecisionTreeClassifier, SoftDecisionTreeRegressor, TREE),
    "path": (
        SoftDecisionTreeClassifier,
        SoftDecisionTreeRegressor,
        {**TREE, "inference": "path"},
    ),
    "leaf": (
        SoftDecisionTreeClassifier,
        SoftDecisionTreeRegressor,
        {**TREE, "inference": "leaf", "split": "axis"},
    ),
    "linear": (
        SoftDecisionTreeClassifier,
        SoftDecisionTreeRegressor,
        {**TREE, "leaf": "linear", "inference": "mixture"},
    ),
    "hard": (
        HardDecisionTreeClassifier,
        HardDecisionTreeRegressor,
        {"max_leaf_nodes": 8},
    ),
}
CLASSES = ["two", "five", "labels", "targets"]
TASKS = [*CLASSES, "value", "values", "quantiles"]
#: Tasks of which each has its table.
CELLS = [
    *((task, "frame") for task in TASKS),
    *((task, "array") for task in ("five", "targets", "values")),
    *((task, "as it is") for task in ("two", "value")),
]


def table(kind, n=150):
    """Rows: an array of numbers, or a frame with all kinds of columns and gaps."""
    random = np.random.default_rng(0)
    X = random.normal(size=(n, 4))
    if kind != "frame":
        return X
    frame = pd.DataFrame(
        {
            "age */": X[:, 0],
            "income": np.exp(3 * X[:, 1]),
            "plan": random.choice(ODD, n),
            "size": pd.Categorical(random.choice([1, 2, 3], n)),
            "weight": pd.Categorical(random.choice([0.5, 2.25], n)),
            "vip": pd.Categorical(random.choice([True, False], n)),
            "band": pd.cut(X[:, 3], [-9, -1, 0, 1, 9]),
        }
    )
    frame.loc[::7, "age */"] = np.nan
    for i, name in enumerate(("plan", "size", "vip", "band")):
        frame.loc[i :: 9 + i, name] = None
    return frame


def answers(task, X):
    """What the rows teach."""
    random = np.random.default_rng(1)
    first = X.iloc[:, 0].fillna(0) if hasattr(X, "iloc") else X[:, 0]
    second = X.iloc[:, 1] if hasattr(X, "iloc") else X[:, 1]
    value = np.asarray(first + 0.3 * random.normal(size=len(X)) + (second > 0.5))
    five = np.digitize(value, np.quantile(value, [0.2, 0.4, 0.6, 0.8]))
    return {
        "two": np.where(value > 0, UNSEEN, "\u00e9'"),
        "five": five,
        "labels": np.column_stack([value > 0, five > 2]).astype(int),
        "targets": np.column_stack([five, value > 0]),
        "values": np.column_stack([value, 1e3 * value**2]),
    }.get(task, 1e3 + 50 * value)


def student_of(kind, task, kind_of_table="array"):
    """A student of a kind, a task and a table, not yet fitted."""
    classifier, regressor, options = _KINDS[kind]
    if kind_of_table == "as it is":
        options = {**options, "preprocessor": None}
    if task == "quantiles":
        options = {**options, "quantiles": [0.1, 0.5, 0.9]}
    return (classifier if task in CLASSES else regressor)(**options)


def cell(kind, task, kind_of_table):
    """A fitted student, and its rows."""
    X = table(kind_of_table)
    return student_of(kind, task, kind_of_table).fit(X, answers(task, X)), X


def proven_in_c(student, X, folder, dtypes=("double", "float"), **options):
    """That headers of all dtypes agree; returns the path of the last."""
    for dtype in dtypes:
        path = folder / f"student_{dtype}.h"
        proof = to_c(student, path, dtype=dtype, X=X, **options)
        assert proof["labels_that_differ"] in (0, None)
        assert proof["rows"] > len(X)
        assert proof["largest_difference"] <= {"double": 1e-12, "float": 1e-6}[dtype]
        assert proof["bytes"] == path.stat().st_size
    return path


def compiled(folder, source, *flags, language="c"):
    """A program of some source, which is to compile without a warning."""
    compiler, suffix, standard = {
        "c": ("cc", "c", "c99"),
        "c++": ("c++", "cpp", "c++11"),
    }[language]
    (folder / f"main.{suffix}").write_text(source, encoding="utf-8")
    strict = ["-Wall", "-Wextra", "-Werror", "-pedantic", f"-std={standard}"]
    command = [compiler, *strict, *flags, f"main.{suffix}", "-o", "main", "-lm"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert not done.returncode, done.stderr
    assert not done.stderr
    return folder / "main"


def said(program, *arguments):
    """What a program prints."""
    done = subprocess.run(
        [program, *arguments], check=True, capture_output=True, text=True, timeout=60
    )
    return done.stdout
