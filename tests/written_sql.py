"""Tables and students of which SQL is written, and whether it says the same."""

import numpy as np
import pandas as pd
from exported import FEW
from sklearn.datasets import load_iris

from skdistill.export import to_sql
from skdistill.export.hostile import UNSEEN
from skdistill.export.sql.plan import read_plan

ENGINES = ["duckdb", "sqlite"]
NET = {**FEW, "hidden_layer_sizes": (2,), "numeric_embedding": None}
STUMP = {**FEW, "max_depth": 2}


def numbers():
    return load_iris(return_X_y=True)


def mixed(n=60):
    """Numbers with gaps and heavy tails, and categories that break what does not quote."""
    random = np.random.default_rng(0)
    named = ["a", UNSEEN, 'say "hi"', "back\\slash"]
    X = pd.DataFrame(
        {
            'it\'s "age"': random.normal(40, 9, size=n),
            "income": np.exp(3 * random.normal(size=n)),
            "plan": random.choice(named, n),
            "size": pd.Categorical(random.choice([1, 2, 3], n)),
            "is new": pd.Categorical(random.choice([True, False], n)),
            "band": pd.cut(random.random(n), [0, 0.2, 0.6, 1]),
        }
    )
    X.loc[::7, 'it\'s "age"'] = np.nan
    X.loc[::5, ["plan", "size", "band"]] = None
    return X, (X["income"] > 2).to_numpy().astype(int) + (X["plan"] == UNSEEN)


def targets(y, kind):
    if kind == "2 classes":
        return np.where(y > 0, "it's", 'say "no"')
    if kind == "5 classes":
        return y + 2 * (np.arange(len(y)) % 2)
    if kind == "several targets":
        return np.column_stack([y, np.arange(len(y)) % 2])
    return np.column_stack([y > 0, y > 1]).astype(int)


def checked(student, X, engine):
    """The text: that it is here says that its engine has run it on hostile rows."""
    sql = to_sql(student, table="t", dialect=engine, X=X)
    plan, record = read_plan(sql)
    assert plan.dialect.name == record["engine"] == engine
    assert record["rows"] > 256 + len(X)
    assert not record["labels_that_differ"]
    return sql
