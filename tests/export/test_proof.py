"""Exports are compared with their student on rows that break exports."""

import copy

import numpy as np
import pandas as pd
import pytest
from exported import FEW, SMALL, TREE
from sklearn.datasets import load_iris
from sklearn.tree import DecisionTreeClassifier

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    SoftDecisionTreeClassifier,
    StudentClassifier,
)
from skdistill.export import to_numpy, verify
from skdistill.export.arrays import predictor_of
from skdistill.export.hostile import UNSEEN, hostile_rows
from skdistill.export.view_columns import view_columns


def customers(n=200):
    random = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "age": random.normal(40, 9, size=n),
            "income": np.exp(3 * random.normal(size=n)),
            "plan": random.choice(["a", "b", "it's"], n),
            "size": pd.Categorical(random.choice([1, 2, 3], n)),
        }
    )
    X.loc[::7, "age"] = np.nan
    X.loc[::5, "plan"] = None
    return X, np.where(X["income"] + 9 * (X["plan"] == "a") > 4, "yes", "no")


STUDENTS = {
    "net": NeuralStudentClassifier(**SMALL),
    "mixture": SoftDecisionTreeClassifier(split="axis", **TREE),
    "path": SoftDecisionTreeClassifier(split="axis", inference="path", **TREE),
    "hard": HardDecisionTreeClassifier(max_leaf_nodes=8),
}


@pytest.mark.parametrize("name", STUDENTS)
def test_an_export_carries_its_proof(name):
    X, y = customers()
    student = STUDENTS[name].fit(X, y)
    predictor = to_numpy(student, X)
    record = predictor.meta["proof"]
    assert record["labels_that_differ"] == 0
    assert record["rows"] > 256 + len(X)
    assert record["engine"] == "numpy"
    again = verify(predictor, student, X)
    assert again["rows"] == record["rows"]
    assert again["largest_difference"] <= 1e-12


def test_of_a_tree_of_another_library():
    X, y = load_iris(return_X_y=True)
    student = StudentClassifier(student=DecisionTreeClassifier(max_depth=3)).fit(X, y)
    assert to_numpy(student).meta["proof"]["largest_difference"] < 1e-12


def test_hostile_rows_stand_on_both_sides_of_each_threshold():
    X, y = customers()
    tree = HardDecisionTreeClassifier(max_leaf_nodes=8).fit(X, y)
    predictor = predictor_of(tree)
    columns = hostile_rows(tree, predictor, np.random.default_rng(0))
    view = view_columns(predictor)
    asks = predictor.arrays["children_left"] >= 0
    pairs = zip(
        predictor.arrays["feature"][asks],
        predictor.arrays["threshold"][asks],
        strict=True,
    )
    numbers = [
        (view[k].column, t) for k, t in pairs if columns[view[k].column].dtype == float
    ]
    assert numbers
    for j, threshold in numbers:
        for value in (threshold, *np.nextafter(threshold, [-np.inf, np.inf])):
            assert value in columns[j]
    for j in (0, 1):
        assert {0.0, 1e30, -1e30} <= set(columns[j])
    assert np.isnan(columns[0]).any()
    assert UNSEEN in columns[2]
    assert None in columns[2]
    assert max(each for each in columns[3] if each is not None) == 4


def test_rules_of_the_view_are_the_view():
    X, y = customers()
    student = NeuralStudentClassifier(**SMALL).fit(X, y)
    columns = view_columns(predictor_of(student))
    z = student.preprocessor_.transform(X)
    for k, each in enumerate(columns):
        if hasattr(each, "known"):
            known = {None: each.of_gap, **each.known}
            values = X.iloc[:, each.column].astype(object)
            ours = [known[None if pd.isna(v) else v] for v in values]
        elif hasattr(each, "yes"):
            ours = np.where(X.iloc[:, each.column].isna(), each.yes, each.no)
        else:
            x = X.iloc[:, each.column].to_numpy()
            if each.tail is not None:
                d = (x - each.tail[0]) / each.tail[1]
                x = np.copysign(np.log1p(np.abs(d)), d)
            ours = np.clip((x - each.center) * each.inverse, -each.bound, each.bound)
            ours = np.where(np.isnan(x), each.of_gap, ours)
        np.testing.assert_array_equal(ours, z[:, k])


@pytest.mark.parametrize("name", ["threshold", "values"])
def test_a_wrong_artefact_is_found(name):
    X, y = load_iris(return_X_y=True)
    tree = HardDecisionTreeClassifier(max_leaf_nodes=4).fit(X, y)
    wrong = copy.deepcopy(predictor_of(tree))
    if name == "threshold":  # by one floating-point number
        wrong.arrays[name][0] = np.nextafter(wrong.arrays[name][0], np.inf)
    else:
        wrong.arrays[name][-1] += 1e-6
    wrong = type(wrong)(wrong.meta, wrong.arrays)
    record = verify(wrong, tree)
    assert record["largest_difference"] > 0


def test_an_artefact_of_another_student():
    X, y = load_iris(return_X_y=True)
    three = HardDecisionTreeClassifier().fit(X, y)
    two = HardDecisionTreeClassifier().fit(X, y > 0)
    with pytest.raises(ValueError, match="of another student"):
        verify(to_numpy(two), three)


def test_a_saved_predictor(tmp_path):
    X, _ = customers()
    values = HardDecisionTreeRegressor(max_leaf_nodes=8).fit(X, X["income"])
    to_numpy(values).save(tmp_path / "values.npz")
    record = verify(tmp_path / "values.npz", values)
    assert record["largest_difference"] == 0
    assert record["labels_that_differ"] is None
    net = NeuralStudentRegressor(quantiles=[0.1, 0.9], hidden_layer_sizes=(4,), **FEW)
    net.fit(X, X["income"])
    to_numpy(net).save(tmp_path / "net.npz")
    assert verify(str(tmp_path / "net.npz"), net)["largest_difference"] < 1e-12


def test_what_no_engine_runs():
    X, y = load_iris(return_X_y=True)
    tree = HardDecisionTreeClassifier(max_leaf_nodes=4).fit(X, y)
    with pytest.raises(TypeError, match="none that an exporter"):
        verify("tree.pdf", tree)
