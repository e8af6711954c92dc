"""What people give who export for the first time, and what they are told."""

import pickle

import numpy as np
import pytest
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skdistill import HardDecisionTreeClassifier, export_rules, prune, quantize
from skdistill.export import (
    load,
    to_c,
    to_numpy,
    to_onnx,
    to_sklearn_tree,
    to_sql,
    verify,
)
from skdistill.export.numpy_engine import NumpyEngine

X, y = load_iris(return_X_y=True)
FRAME = load_iris(as_frame=True).data
TREE = HardDecisionTreeClassifier(max_leaf_nodes=4)


@pytest.fixture(scope="module")
def tree():
    return HardDecisionTreeClassifier(max_leaf_nodes=4).fit(X, y)


@pytest.mark.parametrize(
    ("model", "remedy"),
    [
        (make_pipeline(StandardScaler(), TREE), "give its last step, pipeline"),
        (GridSearchCV(TREE, {"max_leaf_nodes": [3, 4]}, cv=2), "its best_estimator_"),
        (LogisticRegression(max_iter=1000), "distil it before"),
    ],
)
def test_what_is_around_a_student_is_none(model, remedy, tmp_path):
    model.fit(X, y)
    message = f"{type(model).__name__} is no student of skdistill: .*{remedy}"
    for export in (
        to_numpy,
        to_sklearn_tree,
        lambda model: to_sql(model, table="t"),
        lambda model: to_c(model, tmp_path / "a.h"),
        lambda model: to_onnx(model, tmp_path / "a.onnx"),
    ):
        with pytest.raises(TypeError, match=f"^{message}"):
            export(model)
    for shrink in (lambda model: prune(model, X), quantize):
        with pytest.raises(TypeError, match="is none: give a net itself"):
            shrink(model)


def test_what_load_does_not_read(tree, tmp_path):
    path = tmp_path / "tree.onnx"
    to_onnx(tree, path)
    for wrong in (path, str(path), tmp_path / "tree.joblib", export_rules(tree) * 99):
        with pytest.raises(
            ValueError, match=r"must end in \.npz or \.json, or be rules"
        ):
            load(wrong)


@pytest.mark.parametrize("wrong", [None, 3, b"{}"])
def test_what_is_no_path(wrong, tree):
    with pytest.raises(TypeError, match="path=.* must be a path"):
        load(wrong)
    with pytest.raises(TypeError, match=r"path=.* must be a path that ends in \.onnx"):
        to_onnx(tree, None)


def test_files_that_are_cut_off_or_something_else(tree, tmp_path):
    to_numpy(tree).save(tmp_path / "tree.npz")
    whole, path = (tmp_path / "tree.npz").read_bytes(), tmp_path / "other.npz"
    for content in (b"", b"hello", whole[:200], whole[:-30], pickle.dumps(3)):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=r"other.npz' holds no predictor") as said:
            load(path)
        assert "allow_pickle" not in str(said.value)
    np.savez(path, x=np.arange(3))
    with pytest.raises(ValueError, match="holds no predictor"):
        load(path)
    np.savez(path, meta=np.array("{}"))
    with pytest.raises(ValueError, match="lacks 'format'"):
        load(path)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "gone.npz")


@pytest.mark.parametrize("unit", ["D", "ns"])
def test_labels_that_are_dates(unit, tmp_path):
    """As numbers, which is what nanoseconds become, nobody would know them again."""
    X = np.arange(20.0)[:, None]
    days = np.repeat(np.array(["2026-01-01", "2026-01-02"], f"M8[{unit}]"), 10)
    tree = HardDecisionTreeClassifier(max_leaf_nodes=2).fit(X, days)
    assert (to_numpy(tree).predict(X) == days).all()
    for export in (
        lambda: to_sql(tree, table="t"),
        lambda: to_onnx(tree, tmp_path / "tree.onnx"),
        lambda: to_c(tree, tmp_path / "tree.h"),
    ):
        with pytest.raises(TypeError, match=r"no labels that are dates: .*y\.astype"):
            export()


def test_a_predictor_is_saved_whole_or_not_at_all(tree, tmp_path, monkeypatch):
    predictor, path = to_numpy(tree), tmp_path / "tree.npz"
    with pytest.raises(FileNotFoundError, match="there is no folder .*; make it first"):
        predictor.save(tmp_path / "gone" / "tree.npz")
    predictor.save(path)
    before = path.read_bytes()

    def full(file, **arrays):
        file.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(OSError, match="No space left"):
        predictor.save(path)
    assert path.read_bytes() == before
    assert sorted(each.name for each in tmp_path.iterdir()) == [
        "skdistill_predictor.py",
        "tree.npz",
    ]


def test_verify_of_what_is_no_artefact(tree, tmp_path):
    with pytest.raises(TypeError, match=r"artefact is a dict.*give the path"):
        verify(to_onnx(tree, tmp_path / "tree.onnx"), tree)
    for suffix in ("onnx", "npz", "h", "sql", "json"):
        with pytest.raises(FileNotFoundError, match="there is no such file"):
            verify(tmp_path / f"gone.{suffix}", tree)


def test_verify_of_another_table(tree, tmp_path):
    names = dict(zip(FRAME.columns, "abcd", strict=True))
    other = HardDecisionTreeClassifier(max_leaf_nodes=4).fit(X[:, :3], y)
    named = HardDecisionTreeClassifier(max_leaf_nodes=4).fit(
        FRAME.rename(columns=names), y
    )
    to_c(named, tmp_path / "named.h")
    rules = export_rules(other, format="json")
    for artefact in (to_numpy(other), rules, to_sql(other, table="t")):
        with pytest.raises(ValueError, match="takes 3 columns, and the student 4"):
            verify(artefact, tree)
    with pytest.raises(
        ValueError, match=r"header has the columns \['a', .* of another"
    ):
        verify(tmp_path / "named.h", tree)


@pytest.mark.parametrize(
    "rows",
    [FRAME.iloc[0], FRAME[:1].to_dict("list"), FRAME[:1].to_dict("records"), X[0]],
)
def test_rows_to_compare_that_are_no_table(tree, rows):
    with pytest.raises(
        ValueError, match=r"must be rows.*also for a single row, X\[:1\]"
    ):
        to_numpy(tree, X=rows)


def test_a_dict_for_each_row():
    tree = HardDecisionTreeClassifier(max_leaf_nodes=4).fit(FRAME, y)
    predictor, rows = to_numpy(tree), FRAME[:2].to_dict("records")
    with pytest.raises(ValueError, match="for each row, and one dict of columns"):
        predictor.predict(rows)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    assert predictor.predict(columns).tolist() == tree.predict(FRAME[:2]).tolist()


def test_a_text_that_is_far_too_long_is_not_rendered(tree, monkeypatch):
    monkeypatch.setattr("skdistill.export.sql.student.rendered", None)
    with pytest.raises(ValueError, match="max_length=100: raise that"):
        to_sql(tree, table="t", dialect="postgres", max_length=100)


def test_a_dict_of_values_is_a_row():
    table = FRAME.assign(kind=np.array(["short", "long"])[(X[:, 2] > 3).astype(int)])
    tree = HardDecisionTreeClassifier(max_leaf_nodes=4).fit(table, y)
    row = table.iloc[0].to_dict()
    for predictor in (to_numpy(tree), load(export_rules(tree, format="json"))):
        assert predictor.predict(row).tolist() == tree.predict(table[:1]).tolist()
        with pytest.raises(ValueError, match=r"columns of X are \[1, 2\] long"):
            predictor.predict({**row, "kind": ["short", "long"]})


def test_rules_that_predict_take_rows_as_the_user_has_them():
    pipe = make_pipeline(StandardScaler(), TREE).fit(X, y)
    assert export_rules(pipe).startswith("IF ")
    with pytest.raises(TypeError, match=r"give its last step, pipeline\[-1\]"):
        export_rules(pipe, format="json")
    search = GridSearchCV(TREE, {"max_leaf_nodes": [3]}, cv=2).fit(X, y)
    rules = load(export_rules(search, format="json"))
    assert (rules.predict(X) == search.predict(X)).all()


def test_of_many_rows_only_the_first_are_asked_one_by_one(tree, monkeypatch):
    asked, predictor = [], to_numpy(tree)
    monkeypatch.setattr("skdistill.export.numpy_engine._MOST_ALONE", 20)
    predict = predictor.predict
    predictor.predict = lambda rows: asked.append(len(rows)) or predict(rows)
    together, alone = NumpyEngine(predictor, predictor).ways(list(np.tile(X.T, 20)))
    assert asked == [3000] + [1] * 20
    assert len(alone.outputs) == len(alone.labels) == 3000
    np.testing.assert_array_equal(alone.labels, together.labels)
