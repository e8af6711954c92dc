"""Columns, and what belongs together in them."""

import numpy as np
import pandas as pd
import pytest
from sampling import SAMPLERS, by_name
from sklearn.base import clone

from skdistill import (
    GaussianNoise,
    Munge,
    StudentClassifier,
)


def test_lists_keep_numbers_apart_from_strings():
    X = [[1.5, "a"], [22.25, "b"], [3.125, "c"], [7.5, "a"]] * 10
    y = [0, 1, 0, 1] * 10
    drawn, _ = Munge(5).fit(X).sample(random_state=0)
    assert all(isinstance(value, float) for value in drawn[:, 0])
    for transfer in ("munge", "mixup", "bootstrap", "conditional"):
        StudentClassifier(_by_number, transfer=transfer, classes=[0, 1]).fit(X, y)


def _by_number(rows):
    p = np.array([float(row[0]) > 5 for row in rows])
    return np.column_stack([1 - p, p])


@pytest.mark.parametrize("sampler", SAMPLERS, ids=by_name)
def test_whole_numbers_among_objects_stay_whole(sampler):
    X = np.empty((30, 2), dtype=object)
    X[:, 0], X[:, 1] = range(30), list("abc") * 10
    for table in (X, pd.DataFrame(X), X.tolist()):
        drawn, _ = clone(sampler).fit(table).sample(random_state=0)
        first = drawn.iloc[:, 0] if hasattr(drawn, "iloc") else drawn[:, 0]
        assert all(isinstance(value, int) for value in first.tolist())


def dummies(n=400):
    """Two categories as dummies, side by side and shuffled, and a rare flag of chance."""
    random = np.random.default_rng(0)
    kind, place = random.integers(0, 4, n), random.choice([*range(1, 12), 1, 1, 2], n)
    frame = pd.DataFrame({"rare": np.zeros(n, int), "x": random.normal(size=n) + kind})
    frame.loc[[1, 5], "rare"] = 1
    for k in range(4):
        frame[f"kind {k}"] = kind == k
    for k in range(12):  # place 0 never comes
        frame[f"place {k}"] = (place == k).astype(float)
    frame["coin"] = random.integers(0, 2, n)
    frame["other"] = random.integers(0, 2, n)
    return frame


@pytest.mark.parametrize("sampler", SAMPLERS, ids=by_name)
@pytest.mark.parametrize("order", ["side by side", "shuffled"])
def test_dummies_stay_one_category(sampler, order):
    X = dummies()
    if order == "shuffled":
        X = X.iloc[:, np.random.default_rng(1).permutation(X.shape[1])]
    drawn, parents = clone(sampler).fit(X).sample(random_state=0)
    for name in ("kind", "place"):
        columns = [c for c in X if c.startswith(name)]
        assert set(drawn[columns].sum(axis=1)) == {1}
        if isinstance(sampler, GaussianNoise | Munge):  # the values do move
            before = X[columns].to_numpy()[parents[:, 0]]
            assert (before != drawn[columns]).any(axis=1).mean() > 0.02
    both = drawn.groupby(["coin", "other"]).size()
    assert len(both) == 4  # two flags that are 1 together stay free
    assert (drawn.dtypes == X.dtypes).all()


def test_dummies_without_their_first_are_one_category_too():
    X = dummies().drop(columns="kind 0")[["kind 1", "kind 2", "kind 3", "coin"]]
    drawn, _ = GaussianNoise(5.0, p=1.0).fit(X).sample(random_state=0)
    total = drawn[["kind 1", "kind 2", "kind 3"]].sum(axis=1)
    assert set(total) == {0, 1}
    np.testing.assert_allclose(
        total.mean(), X.iloc[:, :3].sum(axis=1).mean(), atol=0.05
    )


def test_columns_that_only_happen_to_differ_stay_apart():
    rare = np.zeros((1000, 20))
    rare[np.arange(20) * 40, np.arange(20)] = 1  # once each, never together
    common = np.random.default_rng(0).random((1000, 3)) < 0.5
    X = np.column_stack([rare, common])
    cells = Munge().fit(X).cells_
    assert cells.n_cells == 23


def test_cells_find_groups_among_many_columns():
    random = np.random.default_rng(0)
    X = np.zeros((5000, 600))
    for part in range(20):
        X[np.arange(5000), 30 * part + random.integers(0, 30, 5000)] = 1
    shuffled = X[:, random.permutation(600)]
    groups = [GaussianNoise().fit(table).cells_.n_cells for table in (X, shuffled)]
    assert groups == [20, 20]
