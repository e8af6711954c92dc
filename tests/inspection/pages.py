"""Trees for the page, and what is in it."""

import base64
import json
import re

import numpy as np
import pandas as pd
from sklearn.tree import (
    DecisionTreeClassifier,
    DecisionTreeRegressor,
    ExtraTreeClassifier,
)

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
    StudentClassifier,
    StudentRegressor,
    export_html,
)

FAST = {"max_depth": 3, "max_epochs": 2, "random_state": 0}
OUTLIER = 987654.25


def table(n=400, seed=0):
    """Numbers, categories, dummies, heavy tails and gaps; and classes."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "age": random.integers(18, 90, n).astype(float),
            "plan": random.choice(["basic", "plus", "a, b; \"c\" 'd'"], n),
            "income": np.exp(random.normal(9, 2, n)).round(2),
            "is new": random.random(n) > 0.5,
            "size": pd.Categorical(random.integers(1, 5, n)),
        }
    )
    score = (frame["age"] > 40) + 2.0 * (frame["plan"] == "plus")
    score += np.log(frame["income"]) > 9
    frame.loc[random.random(n) < 0.1, "age"] = np.nan
    frame.loc[random.random(n) < 0.1, "plan"] = None
    frame.loc[n - 1, "income"] = OUTLIER
    return frame, np.array(["low", "middle", "high"])[np.clip(score, 0, 2).astype(int)]


X, Y = table()
VALUES = (Y == "high") * 1e4 + X["age"].fillna(50).to_numpy()
LABELS = np.column_stack([Y == "high", X["age"] > 40, X["is new"]]).astype(int)
TARGETS = np.column_stack([Y, np.where(X["is new"], "new", "old")])
NUMBERS = X[["income", "is new"]].astype(float)


def _hard(y=Y, rows=X, **params):
    return HardDecisionTreeClassifier(max_leaf_nodes=8, random_state=0, **params).fit(
        rows, y
    )


def _soft(y=Y, rows=X, **params):
    return SoftDecisionTreeClassifier(**{**FAST, **params}).fit(rows, y)


def _single(student, y=Y, rows=X, **params):
    return StudentClassifier(student=student, random_state=0, **params).fit(rows, y)


#: How each kind of tree is made.
KINDS = {
    "hard": _hard,
    "hard, of several targets": lambda: _hard(TARGETS),
    "hard, of several labels": lambda: _hard(LABELS),
    "hard, without a view": lambda: _hard(rows=NUMBERS, preprocessor=None),
    "hard, for other shares": lambda: _hard().adjust_class_prior([0.2, 0.2, 0.6]),
    "values": lambda: HardDecisionTreeRegressor(max_leaf_nodes=6).fit(X, VALUES),
    "single": lambda: _single(DecisionTreeClassifier(max_leaf_nodes=8)),
    "single, of several targets": lambda: _single(ExtraTreeClassifier(), TARGETS),
    "single, of several labels": lambda: _single(DecisionTreeRegressor(), LABELS),
    "single, for other shares": lambda: _single(None).adjust_class_prior(
        [0.2, 0.2, 0.6]
    ),
    "single, without a view": lambda: _single(
        DecisionTreeClassifier(), rows=NUMBERS, preprocessor=None
    ),
    "single values": lambda: StudentRegressor(random_state=0).fit(X, VALUES),
    "soft": _soft,
    "soft, of several targets": lambda: _soft(TARGETS),
    "soft, of several labels": lambda: _soft(LABELS),
    "soft, grown": lambda: _soft(max_leaf_nodes=5),
    "path": lambda: _soft(inference="path"),
    "leaf": lambda: _soft(inference="leaf"),
    "axis": lambda: _soft(split="axis"),
    "linear": lambda: _soft(leaf="linear"),
    "soft, for other shares": lambda: _soft().adjust_class_prior([0.2, 0.2, 0.6]),
    "soft values": lambda: SoftDecisionTreeRegressor(**FAST).fit(X, VALUES),
    "quantiles": lambda: SoftDecisionTreeRegressor(quantiles=[0.1, 0.9], **FAST).fit(
        X, VALUES
    ),
}


def data_of(page):
    """What is embedded in a page."""
    return json.loads(re.search(r'id="data">(.*?)</script>', page, re.DOTALL)[1])


def data(tree, **options):
    """What is embedded in a tree's page."""
    return data_of(export_html(tree, **options))


def unpacked(array):
    """Numbers as the page holds them."""
    return np.frombuffer(base64.b64decode(array["data"]), "<" + array["type"])


def as_json(frame):
    """Rows by names, null for gaps."""
    frame = frame.astype(object).where(frame.notna(), None)
    return [
        dict(zip(frame.columns, row, strict=True)) for row in frame.to_numpy().tolist()
    ]
