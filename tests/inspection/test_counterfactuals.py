"""The smallest change that flips a decision, against brute force."""

import numpy as np
import pandas as pd
import polars
import pytest
from containers import columns, containers
from sklearn.datasets import load_diabetes, load_iris
from sklearn.preprocessing import FunctionTransformer

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    SoftDecisionTreeClassifier,
    counterfactual,
    explain,
)

SOFT = {"max_depth": 3, "max_epochs": 40, "random_state": 0}


@pytest.fixture(scope="module")
def mixed():
    random, n = np.random.default_rng(0), 400
    X = pd.DataFrame(
        {
            "tenure": random.integers(0, 72, n),
            "charges": random.lognormal(4, 1, n),
            "plan": pd.Categorical(random.choice(["month", "year", "none"], n)),
            "age": np.where(random.random(n) < 0.1, np.nan, random.normal(50, 9, n)),
        }
    )
    goes = (X.tenure < 20) & (X.plan == "month") & (X.charges > 40) | (X.age > 60)
    return X, np.where(goes, "goes", "stays")


def rank(values, value):
    """Share of rows up to a value, between two of them in proportion."""
    seen, counts = np.unique(values, return_counts=True)
    return np.interp(value, seen, counts.cumsum() / len(values))


@pytest.mark.parametrize("seed", range(3))
def test_on_hard_trees_it_is_the_smallest_of_all(seed):
    random = np.random.default_rng(seed)
    X = random.normal(size=(200, 3))
    y = ((X[:, 0] > 0) ^ (X[:, 1] * X[:, 2] > 0.2)).astype(int)
    tree = HardDecisionTreeClassifier(max_leaf_nodes=9).fit(X, y)
    for i in range(12):
        found, x = counterfactual(tree, X[i]), X[i]
        now, nearest = tree.predict(x[None])[0], np.inf
        for j in range(3):
            grid = np.linspace(X[:, j].min(), X[:, j].max(), 4001)
            rows = np.repeat(x[None], len(grid), axis=0)
            rows[:, j] = grid
            hits = grid[tree.predict(rows) != now]
            if len(hits):
                far = np.abs(rank(X[:, j], hits) - rank(X[:, j], x[j])).min()
                nearest = min(nearest, far)
        if found is None:
            assert nearest == np.inf
            continue
        changed = x.copy()
        changed[found.feature] = found.after
        assert tree.predict(changed[None])[0] == found.prediction != now
        assert found.before == x[found.feature]
        assert found.distance <= nearest + 1e-9
        assert found.distance > nearest - 0.01  # the grid is that fine


def test_a_soft_boundary_is_found_by_bisection(mixed):
    X, y = mixed
    tree = SoftDecisionTreeClassifier(**SOFT).fit(X, y)
    n_found = 0
    for i in range(0, 40, 4):
        found = counterfactual(tree, X[i : i + 1])
        if found is None or found.feature == "plan":
            continue
        n_found += 1
        row = X[i : i + 1].astype({found.feature: float})
        row[found.feature] = found.after
        assert tree.predict(row)[0] == found.prediction != tree.predict(X[i : i + 1])[0]
        step = 1 if found.feature == "tenure" else 1e-6
        row[found.feature] = found.after + step * np.sign(found.before - found.after)
        assert tree.predict(row)[0] != found.prediction  # no nearer value does it
        low, high = X[found.feature].min(), X[found.feature].max()
        assert low <= found.after <= high
        if found.feature == "tenure":
            assert found.after == int(found.after)
    assert n_found > 3


def test_categories_gaps_and_what_may_change(mixed):
    X, y = mixed
    tree = HardDecisionTreeClassifier(max_leaf_nodes=12).fit(X, y)
    young = (X.tenure < 15) & (X.plan == "month") & (X.charges > 60) & (X.age < 55)
    row = X[young][:1]
    found = counterfactual(tree, row, features=["plan"])
    assert (found.before, found.prediction, found.distance) == ("month", "stays", 1)
    assert found.after in ("year", "none")
    assert str(found) == f"plan = {found.after} instead of month makes it stays"
    nearer = counterfactual(tree, row)
    assert nearer.distance < 1 and nearer.feature in ("tenure", "charges")
    same = (
        counterfactual(tree, row.squeeze()),
        counterfactual(tree, polars.from_pandas(row)),
    )
    assert same[0] == same[1] == nearer
    gap = X[X.age.isna() & (y == "stays")][:1]
    found = counterfactual(tree, gap, features=["age"])
    assert np.isnan(found.before) and found.after > 59


@pytest.mark.parametrize(
    "tree",
    [HardDecisionTreeClassifier(max_leaf_nodes=3), SoftDecisionTreeClassifier(**SOFT)],
)
def test_a_column_of_gaps_alone_is_passed_over(tree):
    x = np.random.default_rng(0).normal(size=80)
    X = pd.DataFrame({"x": x, "none": np.nan})
    found = counterfactual(tree.fit(X, x > 0), X[:1])
    assert found.feature == "x" and found.prediction != (x[0] > 0)


def test_a_class_that_is_asked_for_is_reached():
    X, y = load_iris(return_X_y=True, as_frame=True)
    tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X, y)
    assert counterfactual(tree, X.iloc[60]).prediction in (0, 2)
    found = counterfactual(tree, X.iloc[60], target=2)
    assert (found.feature, found.prediction) == ("petal width (cm)", 2)
    assert found.after == pytest.approx(1.75)
    assert counterfactual(tree, X.iloc[60], target=1) is None  # it is there already
    assert counterfactual(tree, X.iloc[60], features=[0, 1]) is None
    tree.fit(X.to_numpy(), y)
    by_number = counterfactual(tree, X.to_numpy()[60:61], features=[3], target=2)
    assert by_number.after == found.after


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"x": np.zeros((2, 4))}, "x has 2 rows"),
        ({"x": np.zeros(4), "target": 7}, "target=7 is none of the classes"),
        ({"x": np.zeros(4), "features": ["height"]}, "'height' is no column"),
        ({"x": np.zeros(4), "features": [4]}, "4 is no column"),
        ({"x": np.zeros(3)}, "3 features"),
    ],
)
def test_bad_calls_name_the_argument(given, message):
    X, y = load_iris(return_X_y=True)
    tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X, y)
    with pytest.raises(ValueError, match=message):
        counterfactual(tree, **given)


def test_what_has_no_single_decision_is_refused():
    X, y = load_diabetes(return_X_y=True)
    with pytest.raises(ValueError, match="classifier of one target"):
        counterfactual(HardDecisionTreeRegressor(max_leaf_nodes=3).fit(X, y), X[0])
    both = np.column_stack([y > 100, y > 200]).astype(int)
    several = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(X, both)
    with pytest.raises(ValueError, match="classifier of one target"):
        counterfactual(several, X[0])
    dates = pd.DataFrame(
        {"when": pd.date_range("2020", periods=40), "x": np.arange(40.0)}
    )
    view = FunctionTransformer(lambda frame: frame[["x"]].to_numpy())
    tree = HardDecisionTreeClassifier(preprocessor=view, max_leaf_nodes=2)
    tree.fit(dates, dates.x > 20)
    with pytest.raises(ValueError, match="columns of other kinds"):
        counterfactual(tree, dates[:1])


def test_gaps_of_every_kind_have_the_same_explanations():
    numbers, texts, y = columns()
    said, known = {}, containers(numbers, texts)
    few = ["floats", "arrow batch", "masked", "array timedelta64", "list masked"]
    for name in few:
        X = known[name]
        tree = HardDecisionTreeClassifier(max_leaf_nodes=4, random_state=0).fit(X, y)
        for i in (0, 7, 9):  # a gap in both, in the number, in the string
            row = X.slice(i, 1) if hasattr(X, "slice") else X[i : i + 1]
            both = f"{explain(tree, row)} {counterfactual(tree, row)}"
            both = both.replace("feature_0", "n").replace("feature_1", "t")
            assert said.setdefault(i, both) == both, name
