"""Tables and targets that exports must bear."""

import numpy as np
import pandas as pd


def numbers(n=160):
    """An array, and no parameters beside it."""
    X = np.random.default_rng(0).normal(size=(n, 4))
    X[:, 1] = np.exp(3 * X[:, 1])  # of heavy tails
    X[:, 2] = np.round(X[:, 2])
    return X, {}


def as_they_are(n=160):
    """Numbers that are not looked at before."""
    return np.random.default_rng(1).normal(size=(n, 3)), {"preprocessor": None}


def mixed_frame(n=160):
    """Every type of column, gaps in most, and names that break what forgets to quote."""
    random = np.random.default_rng(0)
    gap = np.where(random.random((6, n)) < 0.1)
    gaps = [gap[1][gap[0] == i] for i in range(6)]
    X = pd.DataFrame(
        {
            "age": random.normal(40, 9, size=n),
            "in come": np.exp(3 * random.normal(size=n)),
            "member": random.random(n) < 0.5,
            'pl"an': random.choice(["a'b", 'c"d', "'); DROP TABLE x; --", ""], n),
            "size": pd.Categorical(random.choice([1, 2, 3], n)),
            "vip": pd.Categorical(random.choice([True, False], n)),
            "span": pd.cut(random.normal(size=n), [-9, -1, 1, 9]),
            "label": random.integers(0, 9, n),
            "empty": np.full(n, np.nan),
        }
    )
    columns = ["age", "in come", 'pl"an', "size", "vip", "span"]
    for column, rows in zip(columns, gaps, strict=True):
        X.loc[rows, column] = None
    return X, {}


TABLES = {"numbers": numbers, "as they are": as_they_are, "frame": mixed_frame}


def targets(X):
    """By kind, of any table."""
    frame = pd.DataFrame(X)
    first = frame.iloc[:, 0].fillna(0).to_numpy()
    last = frame.iloc[:, 1].to_numpy()
    last = np.where(np.isnan(last), 1.0, last)
    value = first + 3 * np.tanh(last)
    five = np.digitize(value, np.quantile(value, [0.2, 0.4, 0.6, 0.8]))
    return {
        "two": np.where(value > np.median(value), "it's", 'no "way"'),
        "five": five,
        "labels": np.column_stack([five > 1, five > 2, five % 2]).astype(int),
        "several": np.column_stack([five, five > 2]),
        "value": 100 + 7 * value,
        "values": np.column_stack([100 + 7 * value, -value]),
    }
