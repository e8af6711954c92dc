"""What of a student has a form in numpy, and what has none."""

import numpy as np
import pandas as pd
import pytest
import torch
from exported import SMALL, TREE, agree
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
    StudentClassifier,
    StudentRegressor,
)
from skdistill.export import load, to_numpy


def test_several_targets_and_labels():
    X, y = load_iris(return_X_y=True)
    several = np.column_stack([y, y > 1])
    labels = np.column_stack([y > 0, y > 1]).astype(int)
    for kind in (
        NeuralStudentClassifier(**SMALL),
        NeuralStudentClassifier(n_members=2, **SMALL),
        SoftDecisionTreeClassifier(**TREE),
        SoftDecisionTreeClassifier(leaf="linear", **TREE),
        HardDecisionTreeClassifier(max_leaf_nodes=4),
        StudentClassifier(),
    ):
        for targets in (several, labels):
            predictor = agree(kind.fit(X, targets), X)
        assert predictor.classes_.tolist() == [0, 1]
    regressor = NeuralStudentRegressor(**SMALL).fit(X, np.column_stack([y, -y]))
    agree(regressor, X)
    agree(StudentRegressor().fit(X, y), X)


def test_an_adjusted_prior_is_kept():
    X, y = load_iris(return_X_y=True)
    student = NeuralStudentClassifier(**SMALL).fit(X, np.array(["a", "b", "c"])[y])
    before = to_numpy(student).predict_proba(X)
    student.adjust_class_prior({"a": 0.8, "b": 0.1, "c": 0.1})
    after = agree(student, X).predict_proba(X)
    assert np.abs(after - before).max() > 0.01


def test_what_has_no_form_in_numpy_is_named():
    X, y = load_iris(return_X_y=True)
    with pytest.raises(NotFittedError):
        to_numpy(NeuralStudentClassifier())
    with pytest.raises(TypeError, match="LogisticRegression is no student"):
        to_numpy(LogisticRegression(max_iter=1000).fit(X, y))
    with pytest.raises(TypeError, match="has no form in numpy: take a net"):
        model = LogisticRegression(max_iter=1000)
        to_numpy(StudentClassifier(student=model).fit(X, y))
    own = NeuralStudentClassifier(module=torch.nn.Linear, max_epochs=1).fit(X, y)
    with pytest.raises(TypeError, match="module=Linear is a torch module of your own"):
        to_numpy(own)
    scaled = NeuralStudentClassifier(preprocessor=StandardScaler(), **SMALL).fit(X, y)
    with pytest.raises(TypeError, match="preprocessor=StandardScaler"):
        to_numpy(scaled)


def dated(n):
    return pd.Categorical(
        pd.to_datetime(["2020-01-01", "2020-02-01", "2021-03-01"] * n)
    )


@pytest.mark.parametrize(
    "categories",
    [
        pd.cut(np.arange(60) % 30, [-1, 10, 20, 29]),
        pd.cut(np.arange(60.0) % 30, 3),
        dated(20),
        pd.Categorical([(1, "a"), (2, "b"), (3, "a")] * 20),
        pd.Categorical(
            pd.PeriodIndex(["2020-01", "2020-02", "2020-03"] * 20, freq="M")
        ),
        pd.Categorical([True, False, True] * 20),
    ],
    ids=["cut", "cut of floats", "dates", "tuples", "periods", "booleans"],
)
@pytest.mark.parametrize("gap", [False, True])
def test_categories_that_are_neither_numbers_nor_strings(categories, gap, tmp_path):
    X = pd.DataFrame({"c": pd.Series(categories), "x": np.arange(60.0)})
    if gap:
        X.loc[4, "c"] = None
    y = (X["c"] == X["c"][0]).astype(int) + (X["x"] > 30)
    student = HardDecisionTreeClassifier(max_leaf_nodes=6).fit(X, y)
    to_numpy(student).save(tmp_path / "it.npz")
    predictor = agree(student, X, load(tmp_path / "it.npz"))
    if categories.categories.dtype != bool:
        texts = [None if value != value else str(value) for value in X["c"]]
        rows = {"c": np.array(texts, dtype=object), "x": X["x"].to_numpy()}
        np.testing.assert_array_equal(predictor.predict(rows), student.predict(X))
        with pytest.raises(
            ValueError, match="'c' of X holds 5.5.* give it as a string"
        ):
            predictor.predict(X.assign(c=5.5))


class Same:
    """Something that only its text tells of."""

    def __repr__(self):
        return "(1, 2)"


def test_categories_that_are_alike_as_text_are_refused():
    one, other = (1, 2), Same()
    categories = pd.Categorical([one, other, one] * 20, categories=[one, other])
    X = pd.DataFrame({"c": categories, "x": 0.0})
    student = HardDecisionTreeClassifier(max_leaf_nodes=2).fit(X, np.arange(60) % 3)
    with pytest.raises(TypeError, match="Column 'c' of X .* rename_categories"):
        to_numpy(student)


def test_a_hard_trees_values_may_be_large():
    X = np.arange(20.0)[:, None]
    student = HardDecisionTreeRegressor(max_leaf_nodes=4).fit(X, 1e5 * X[:, 0])
    agree(student, X)
