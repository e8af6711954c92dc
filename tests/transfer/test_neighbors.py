"""Which rows lend their values."""

import numpy as np
import pandas as pd
import pytest
from sampling import mixed
from sklearn.base import clone

from skdistill import (
    GaussianNoise,
    Munge,
    StudentClassifier,
)


def rings(n=600):
    """A long thin diagonal band: neighbours by leaves and by distance are on it."""
    random = np.random.default_rng(0)
    along = random.random(n)
    return np.column_stack([along, along + 0.01 * random.normal(size=n)])


def test_neighbours_by_leaves_share_more_leaves_than_others_do(iris, iris_forest):
    X, _ = iris
    munge = Munge(2.0, neighbors=iris_forest, n_neighbors=3).fit(X)
    leaf = iris_forest.apply(X)
    shared = (leaf[:, None] == leaf).sum(axis=2)
    np.fill_diagonal(shared, -1)
    chosen = np.take_along_axis(shared, munge.neighbors_, axis=1)
    best = -np.sort(-shared, axis=1)[:, :3]
    assert chosen.min() > 0 and (np.diff(chosen, axis=1) <= 0).all()
    assert chosen.mean() > 0.9 * best.mean()
    assert (munge.neighbors_ != np.arange(150)[:, None]).all()
    twin = clone(munge).fit(X)
    np.testing.assert_array_equal(twin.neighbors_, munge.neighbors_)
    assert twin.neighbors is iris_forest and clone(munge).size == 2.0
    student = StudentClassifier(iris_forest, transfer=munge, random_state=0)
    assert student.fit(*iris).score(*iris) > 0.9


def test_unsupervised_leaves_follow_the_rows():
    X = rings()
    munge = Munge(5.0, neighbors="leaves").fit(X)
    gap = np.abs(X[munge.neighbors_, 0] - X[:, :1])
    assert np.median(gap) < 0.02  # of two random rows: 0.29
    drawn, _ = munge.sample(random_state=0)
    assert np.abs(drawn[:, 0] - drawn[:, 1]).mean() < 0.05
    tables = {"mixed": mixed(), "one": mixed()[["x"]], "single": mixed()[:1]}
    for table in tables.values():
        drawn, _ = Munge(3, neighbors="leaves").fit(table).sample(random_state=0)
        assert len(drawn) == 3 and (drawn.dtypes == table.dtypes).all()


def test_rows_that_share_no_leaf_stay_as_they_are():
    X = np.arange(8.0)[:, None] * [1, 2]

    class Alone:
        def apply(self, X):
            return np.arange(len(X))[:, None]

    drawn, parents = Munge(2.0, p=1.0, neighbors=Alone()).fit(X).sample(random_state=0)
    np.testing.assert_array_equal(drawn, X[parents[:, 0]])
    with pytest.raises(ValueError, match="'neighbors' parameter of Munge"):
        Munge(neighbors="leaf").fit(X)


def test_categories_without_number_have_few_coordinates():
    random = np.random.default_rng(0)
    codes = random.integers(0, 400, (4000, 5))
    X = pd.DataFrame({f"c{j}": codes[:, j].astype(str) for j in range(5)})
    X["id"] = [f"row {i}" for i in range(4000)]
    X["kind"] = random.choice(list("ab"), 4000)
    twin = np.arange(2000, 4000)
    X.loc[twin, ["c0", "c1", "c2", "kind"]] = X.loc[
        twin - 2000, ["c0", "c1", "c2", "kind"]
    ].to_numpy()
    cells = GaussianNoise().fit(X).cells_
    points = cells.positions()
    assert points.shape[1] <= 5 * 16 + 3 and points.dtype == np.float32
    a, b = random.integers(0, 2000, (2, 3000))
    differ = (X.iloc[a].to_numpy() != X.iloc[b].to_numpy()).sum(axis=1)
    differ -= X["id"].to_numpy()[a] != X["id"].to_numpy()[b]
    squared = ((points[a] - points[b]) ** 2).sum(axis=1)
    assert np.abs(squared - differ).mean() < 0.5  # their number, about
    neighbors = Munge(n_neighbors=1).fit(X).neighbors_[:2000, 0]
    assert (neighbors == twin).mean() > 0.95


def test_repeated_rows_leave_a_distance_to_measure_by():
    X = np.repeat(np.random.default_rng(0).normal(size=(40, 3)), 30, axis=0)
    sampler = GaussianNoise(size=20, scale=0.01, max_distance=2.0).fit(X)
    assert len(sampler.sample(random_state=0)[0]) == 20
