"""Fitted students as arrays of numpy: the same answers without what trained them."""

import copy
import json
import os
import pickle
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import polars
import pytest
import torch
from containers import GAPS, columns, containers
from exported import FEW, SMALL, TREE, agree
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    Periodic,
    SoftDecisionTreeClassifier,
    SoftDecisionTreeRegressor,
)
from skdistill.export import load, predictor, to_numpy
from skdistill.tables import gaps as tables

CLASSIFIERS = {
    "net": NeuralStudentClassifier(**SMALL),
    "two layers": NeuralStudentClassifier(hidden_layer_sizes=(8, 4), **FEW),
    "no layer": NeuralStudentClassifier(hidden_layer_sizes=(), **FEW),
    "plain": NeuralStudentClassifier(numeric_embedding=None, **SMALL),
    "waves": NeuralStudentClassifier(numeric_embedding=Periodic(3), **SMALL),
    "clipped": NeuralStudentClassifier(clip=2.0, **SMALL),
    "members": NeuralStudentClassifier(n_members=3, **SMALL),
    "as it is": NeuralStudentClassifier(preprocessor=None, **SMALL),
    "dropout": NeuralStudentClassifier(dropout=0.5, **SMALL),
    "open scale": NeuralStudentClassifier(
        LogisticRegression(max_iter=1000), loss="dist", **SMALL
    ),
    **{
        name: NeuralStudentClassifier(activation=name, **SMALL)
        for name in ("gelu", "silu", "tanh", "logistic", "identity")
    },
    "tree": SoftDecisionTreeClassifier(**TREE),
    "path": SoftDecisionTreeClassifier(inference="path", **TREE),
    "leaf": SoftDecisionTreeClassifier(inference="leaf", **TREE),
    "linear": SoftDecisionTreeClassifier(leaf="linear", **TREE),
    "axis": SoftDecisionTreeClassifier(split="axis", **TREE),
    "grown": SoftDecisionTreeClassifier(max_leaf_nodes=5, **FEW),
    "deep": SoftDecisionTreeClassifier(max_depth=8, **FEW),
    "hard": HardDecisionTreeClassifier(max_leaf_nodes=6),
}
REGRESSORS = {
    "net": NeuralStudentRegressor(**SMALL),
    "quantiles": NeuralStudentRegressor(quantiles=[0.1, 0.5, 0.9], **SMALL),
    "members": NeuralStudentRegressor(
        n_members=2, quantiles=[0.2, 0.8], hidden_layer_sizes=(4,), **FEW
    ),
    "tree": SoftDecisionTreeRegressor(**TREE),
    "tree of quantiles": SoftDecisionTreeRegressor(quantiles=[0.1, 0.9], **TREE),
    "linear": SoftDecisionTreeRegressor(leaf="linear", inference="mixture", **TREE),
    "hard": HardDecisionTreeRegressor(max_leaf_nodes=6),
}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_classifiers(name):
    X, y = load_iris(return_X_y=True)
    student = CLASSIFIERS[name].fit(X, y)
    predictor = agree(student, X)
    assert predictor.classes_.tolist() == [0, 1, 2]
    assert predictor.n_features_in_ == 4
    with pytest.raises(ValueError, match="4 columns are wanted"):
        predictor.predict(X[:, :2])


@pytest.mark.parametrize("name", REGRESSORS)
def test_regressors(name):
    X, y = load_diabetes(return_X_y=True)
    predictor = agree(REGRESSORS[name].fit(X, y), X)
    with pytest.raises(AttributeError, match="predict_proba is for classifiers"):
        predictor.predict_proba(X)


def mixed(n=120):
    """Numbers with gaps and tails, a switch, strings, categories of numbers."""
    random = np.random.default_rng(0)
    X = pd.DataFrame(
        {
            "age": random.normal(size=n),
            "income": np.exp(4 * random.normal(size=n)),
            "member": random.random(n) < 0.5,
            "plan": random.choice(["a", "b", "c"], n),
            "rare": random.choice(["x", "y"] + [f"z{i}" for i in range(30)], n),
            "size": pd.Categorical(random.choice([1, 2, 3], n)),
            "whole": random.integers(0, 9, n),
            "empty": np.full(n, np.nan),
        }
    )
    X.loc[::7, "age"] = np.nan
    X.loc[::5, "plan"] = None
    return X, np.where(X["income"] + X["whole"] > 4, "yes", "no")


@pytest.mark.parametrize(
    "student",
    [
        NeuralStudentClassifier(**SMALL),
        SoftDecisionTreeClassifier(**TREE),
        HardDecisionTreeClassifier(max_leaf_nodes=6),
    ],
    ids=["net", "tree", "hard"],
)
def test_tables(student, tmp_path):
    X, y = mixed()
    student.fit(X[:80], y[:80])
    predictor = agree(student, X)
    again = load(predictor.save(tmp_path / "tables.npz") and tmp_path / "tables.npz")
    agree(student, X, again)
    columns = {name: X[name].astype(object).to_numpy() for name in reversed(X.columns)}
    np.testing.assert_array_equal(again.predict(columns), student.predict(X))
    frame = polars.from_pandas(X.assign(size=X["size"].astype(int)))
    np.testing.assert_array_equal(again.predict(frame), student.predict(X))
    rows = X.astype(object).to_numpy()
    np.testing.assert_array_equal(again.predict(rows), student.predict(X))
    new = X[:3].assign(plan=["a", "of another kind", None])
    agree(student, new, again)
    with pytest.raises(ValueError, match="lacks the columns .*'plan'"):
        again.predict(X.drop(columns="plan"))
    with pytest.raises(
        ValueError, match="'plan' of X held categories that are strings"
    ):
        again.predict(X.assign(plan=3))
    with pytest.raises(ValueError, match="'age' of X held numbers"):
        again.predict(X.assign(age="old"))


def test_gaps_that_training_did_not_have():
    X, y = load_iris(return_X_y=True)
    teacher = LogisticRegression(max_iter=1000)  # which takes none
    holes = X[:5].copy()
    holes[0, 0] = np.nan
    student = NeuralStudentClassifier(teacher, **SMALL).fit(X, y)
    with pytest.raises(ValueError, match="NaN"):
        to_numpy(student).predict(holes)
    agree(NeuralStudentClassifier(**SMALL).fit(X, y), holes)
    with pytest.raises(ValueError, match="infinity"):
        to_numpy(student).predict(np.where(np.isnan(holes), np.inf, holes))
    plain = NeuralStudentClassifier(preprocessor=None, **SMALL).fit(X, y)
    with pytest.raises(ValueError, match="NaN or infinity"):
        to_numpy(plain).predict(holes)


def test_it_needs_numpy_alone(tmp_path):
    X, y = mixed()
    tree = SoftDecisionTreeClassifier(**TREE).fit(X, y)
    net = NeuralStudentClassifier(**SMALL).fit(X[["age", "whole"]], y)
    to_numpy(tree).save(tmp_path / "tree.npz")
    to_numpy(net).save(tmp_path / "net.npz")
    numpy = os.path.dirname(np.__file__)
    place = tmp_path / "site"
    place.mkdir()
    for name in ("numpy", "numpy.libs"):
        if os.path.isdir(found := os.path.join(os.path.dirname(numpy), name)):
            (place / name).symlink_to(found)
    rows = X.astype(object).where(X.notna(), None).to_numpy().tolist()
    program = (
        "import sys, json\n"
        f"sys.path[:0] = [{str(place)!r}, {str(tmp_path)!r}]\n"
        "import skdistill_predictor as reader\n"
        f"rows = json.load(open({str(tmp_path / 'rows.json')!r}))\n"
        f"tree = reader.load({str(tmp_path / 'tree.npz')!r})\n"
        f"net = reader.load({str(tmp_path / 'net.npz')!r})\n"
        "found = [tree.predict_proba(rows).tolist()]\n"
        "few = [[row[0] if row[0] is not None else float('nan'), row[6]] for row in rows]\n"
        "found.append(net.predict_proba(few).tolist())\n"
        "assert not {'torch', 'sklearn', 'scipy', 'pandas'} & set(sys.modules)\n"
        "print(json.dumps(found))\n"
    )
    (tmp_path / "rows.json").write_text(json.dumps(rows))
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", program],
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout)
    np.testing.assert_allclose(found[0], tree.predict_proba(X), atol=1e-9)
    wanted = net.predict_proba(X[["age", "whole"]])
    np.testing.assert_allclose(found[1], wanted, atol=1e-9)


def test_a_file_holds_no_pickle(tmp_path):
    X, y = load_iris(return_X_y=True)
    predictor = to_numpy(NeuralStudentClassifier(**SMALL).fit(X, y))
    predictor.save(tmp_path / "net.npz")
    with np.load(tmp_path / "net.npz", allow_pickle=False) as file:
        assert all(file[name].dtype.kind != "O" for name in file.files)
    with pytest.raises(ValueError, match=r"must end in \.npz"):
        predictor.save(tmp_path / "net.bin")
    meta = {**predictor.meta, "format": 99}
    with pytest.raises(ValueError, match="format 99"):
        type(predictor)(meta, predictor.arrays)


@pytest.mark.parametrize("student", [CLASSIFIERS["net"], CLASSIFIERS["tree"]])
def test_few_rows_see_the_weights_as_they_are(student):
    X, y = load_iris(return_X_y=True)
    student = copy.deepcopy(student).fit(X, y)
    before = student.predict_proba(X[:1])
    assert np.abs(before - student.predict_proba(X)[:1]).max() < 1e-12
    for change in (
        lambda p: p.mul_(2),
        lambda p: p.data.mul_(0.5),
        lambda p: setattr(p, "data", p.data + 0.1),
    ):
        with torch.no_grad():
            for parameter in student.module_.parameters():
                change(parameter)
        few, many = student.predict_proba(X[:1]), student.predict_proba(X)[:1]
        np.testing.assert_allclose(few, many, atol=1e-12)
    assert np.abs(few - before).max() > 1e-6
    twin = pickle.loads(pickle.dumps(student))
    np.testing.assert_array_equal(twin.predict_proba(X[:1]), few)


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
def test_arrays_of_floats_are_no_codes_of_categories():
    frame = pd.DataFrame({"c": pd.Categorical([10, 20, 30] * 20), "x": np.arange(60.0)})
    student = NeuralStudentClassifier(**SMALL).fit(frame, np.tile([0, 1, 1], 20))
    rows = frame.astype(float).to_numpy()
    predictor = to_numpy(student)
    p = student.predict_proba(rows)
    np.testing.assert_allclose(predictor.predict_proba(rows), p, rtol=1e-9)
    texts = frame.assign(
        c=frame["c"].map({10: "a", 20: "b", 30: "c"}).astype("category")
    )
    student.fit(texts, np.tile([0, 1, 1], 20))
    with pytest.raises(ValueError, match="are strings in training and holds 10.0"):
        to_numpy(student).predict(rows)


def test_gaps_of_pandas_and_no_rows():
    frame = pd.DataFrame(
        {
            "c": pd.array(["a", "b", None] * 20, dtype="string"),
            "n": pd.array([1, None, 3] * 20, dtype="Int64"),
        }
    )
    student = NeuralStudentClassifier(**SMALL).fit(frame, np.tile([0, 1, 1], 20))
    agree(student, frame)
    with pytest.raises(ValueError, match="0 rows"):
        to_numpy(student).predict(frame[:0])


def test_hooks_of_a_module_are_heard():
    X, y = load_iris(return_X_y=True)
    student = NeuralStudentClassifier(**SMALL).fit(X, y)
    hook = student.module_.register_forward_hook(lambda module, x, out: 0 * out)
    np.testing.assert_allclose(student.predict_proba(X[:1]), 1 / 3)
    hook.remove()
    assert student.predict_proba(X[:1]).max() > 0.34


def test_a_single_row_is_looked_up_as_it_is_computed():
    """Far numbers, two values, one value, skewed columns, gaps, beyond the last edge."""
    random = np.random.default_rng(0)
    X = random.normal(size=(300, 6))
    X[:, 0] = 1e9 + random.integers(0, 50, 300)
    X[:, 1] = random.integers(0, 2, 300)
    X[:, 2] = np.exp(5 * X[:, 2])
    X[::7, 3] = np.nan
    X[:, 4] = 3.0
    y = (X[:, 5] > 0).astype(int) + (X[:, 0] > 1e9 + 25)
    student = NeuralStudentClassifier(**SMALL).fit(X, y)
    rows = np.concatenate([X[:60], X[:30] * 1.5, X[:30] - 100.0])
    predictor = to_numpy(student)
    single = [predictor.predict_proba(row[None]) for row in rows]
    wanted = student.predict_proba(rows)
    np.testing.assert_allclose(np.concatenate(single), wanted, atol=1e-9)


@pytest.mark.parametrize("n", [1, 5, 40])
def test_huge_numbers_level_off_without_a_warning(n):
    X, y = load_iris(return_X_y=True)
    student = NeuralStudentClassifier(**SMALL).fit(X, y)
    predictor = to_numpy(student)
    for value in (1e300, -1e200, 1e30):
        rows = np.full((n, 4), value)
        p = student.predict_proba(rows)
        np.testing.assert_allclose(predictor.predict_proba(rows), p, atol=1e-9)


@pytest.mark.parametrize(
    "student",
    [
        NeuralStudentClassifier(max_epochs=2, random_state=0),
        HardDecisionTreeClassifier(max_leaf_nodes=4, random_state=0),
    ],
    ids=["net", "hard tree"],
)
def test_gaps_of_every_kind_are_gaps_without_the_library_too(student):
    numbers, texts, y = columns()
    known = containers(numbers, texts)
    student = clone(student).fit(known["floats"], y)
    predictor, wanted = to_numpy(student), student.predict_proba(known["floats"])
    for name, X in known.items():
        answers = predictor.predict_proba(X)
        np.testing.assert_allclose(answers, wanted, atol=1e-6, err_msg=name)
        one = X.slice(7, 1) if hasattr(X, "slice") else X[7:8]
        answers = predictor.predict_proba(one)
        np.testing.assert_allclose(answers, wanted[7:8], atol=1e-6, err_msg=name)
    mask = np.array([number is None for number in numbers])
    filled = np.array([number or 0.0 for number in numbers])
    by_name = {"n": np.ma.masked_array(filled, mask), "t": texts}
    np.testing.assert_allclose(predictor.predict_proba(by_name), wanted, atol=1e-6)


def test_what_is_a_gap_and_what_is_not():
    gaps = [*GAPS.values(), float("nan"), np.float16("nan")]
    others = ["", "nan", 0, 0.0, False, np.inf, np.str_("NaN"), b"", ("a",), [None]]
    for is_gap in (tables.is_gap, predictor._is_gap):
        assert all(map(is_gap, gaps))
        assert not any(map(is_gap, others))


def test_a_plain_view_takes_no_gap_of_any_kind():
    X = np.arange(40.0).reshape(20, 2)
    student = NeuralStudentClassifier(max_epochs=1, preprocessor=None)
    exported = to_numpy(student.fit(X, [0, 1] * 10))
    for gap in GAPS.values():
        row = np.empty((1, 2), dtype=object)
        row[0, 0] = 1.0
        row[0, 1:].fill(gap)
        for rows in (row, row.tolist(), pd.DataFrame(row)):
            with pytest.raises(ValueError, match="holds NaN"):
                exported.predict(rows)
    with pytest.raises(ValueError, match="holds NaN"):
        exported.predict(np.ma.masked_array(X, X == 3))


@pytest.mark.parametrize(
    "names", [[40, 7], pd.MultiIndex.from_product([["a"], [1, 2]])]
)
def test_names_that_are_no_strings(names):
    X, y = load_iris(return_X_y=True, as_frame=True)
    X = X.iloc[:, :2]
    X.columns = names
    predictor = agree(NeuralStudentClassifier(**SMALL).fit(X, y), X)
    words = X.astype(object)
    words.isetitem(1, "word")
    with pytest.raises(ValueError, match=re.escape(f"Column {str(list(names)[1])!r}")):
        predictor.predict(words)


def test_columns_of_one_name():
    X, y = load_iris(return_X_y=True, as_frame=True)
    predictor = to_numpy(NeuralStudentClassifier(**SMALL).fit(X, y))
    with pytest.raises(ValueError, match="several columns of one name"):
        predictor.predict(pd.concat([X, X], axis=1))
