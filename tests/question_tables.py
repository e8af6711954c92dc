"""Tables and targets for students of plain questions."""

import numpy as np
import pandas as pd

from skdistill import HardDecisionTreeClassifier, HardDecisionTreeRegressor

ODD = ["it's", 'the "second"', "'); DROP TABLE x; --", "ü", "no"]


def numbers(n=240):
    random = np.random.default_rng(0)
    X = np.column_stack(
        [
            random.normal(size=n),
            np.round(random.normal(size=n), 1),
            np.exp(3 * random.normal(size=n)),
            random.integers(0, 4, size=n),
        ]
    )
    return X, X[:, 0] + X[:, 1] * (X[:, 3] > 1) + 0.1 * random.normal(size=n)


def with_gaps(n=240):
    X, score = numbers(n)
    random = np.random.default_rng(1)
    X[random.random(X.shape) < 0.2] = np.nan
    return X, np.where(np.isnan(X[:, 1]), 2.0, score)


def named(n=240):
    X, score = with_gaps(n)
    return pd.DataFrame(X, columns=["a", "it's", "income", "n kids"]), score


def customers(n=240):
    X, score = named(n)
    random = np.random.default_rng(2)
    X["plan"] = random.choice(ODD[:4], n)
    X["rooms"] = pd.Categorical(random.choice([1, 2, 3], n))
    X["is_old"] = random.random(n) < 0.5
    X["age"] = pd.cut(random.normal(40, 9, n), [0, 30, 40, 50, 99])
    X.loc[::9, "plan"] = None
    score = score + 2 * (X["plan"] == ODD[0]) - X["is_old"]
    score += (X["rooms"] == 2).astype(float) + 2 * (
        X["age"] == X["age"].cat.categories[1]
    )
    return X, score.to_numpy()


TABLES = {"array": numbers, "gaps": with_gaps, "named": named, "customers": customers}


def classes(score, k):
    edges = np.quantile(score, np.linspace(0, 1, k + 1)[1:-1])
    return np.digitize(score, edges)


TARGETS = {
    "2 classes": lambda score: classes(score, 2),
    "5 classes": lambda score: np.array(ODD)[classes(score, 5)],
    "labels": lambda score: np.column_stack([score > 0, score > 1, score < 0.5]) * 1,
    "targets": lambda score: np.column_stack(
        [np.array(ODD)[classes(score, 3)], np.array(ODD)[1 + classes(-score, 2)]]
    ),
    "value": lambda score: 1e6 + score,
    "values": lambda score: np.column_stack([score, 1e-3 * score**2, -1e9 * score]),
}


def student_of(y, **options):
    options = {"max_leaf_nodes": 8, **options}
    kind = y.dtype.kind == "f"
    make = HardDecisionTreeRegressor if kind else HardDecisionTreeClassifier
    return make(**options)
