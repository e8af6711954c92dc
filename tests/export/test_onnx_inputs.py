"""What a student's ONNX file takes, refuses, and that it is whole or not there."""

import errno
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from exported import SMALL, TREE
from film_texts import film_texts, small_student
from onnx_services import assert_same, fed, metadata_of, served, session_of
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from tables_to_export import mixed_frame, targets

from skdistill import (
    HardDecisionTreeClassifier,
    HardDecisionTreeRegressor,
    NeuralStudentClassifier,
    SoftDecisionTreeClassifier,
    StudentClassifier,
)
from skdistill.export import to_numpy, to_onnx, verify
from skdistill.export.arrays import predictor_of
from skdistill.export.graphs import student as onnx_student
from skdistill.export.graphs.table import table_model

IRIS, SPECIES = load_iris(return_X_y=True)


@pytest.fixture
def tree():
    return HardDecisionTreeClassifier(max_leaf_nodes=6).fit(IRIS, SPECIES)


def test_columns_are_inputs_by_name(tmp_path):
    X, _ = mixed_frame()
    student = SoftDecisionTreeClassifier(**TREE).fit(X, targets(X)["two"])
    to_onnx(student, tmp_path / "a.onnx")
    session = session_of(tmp_path / "a.onnx")
    kinds = {each.name: each.type[7:-1] for each in session.get_inputs()}
    strings = {'pl"an', "span"}  # intervals are compared as text
    names = ["label_" if name == "label" else name for name in X.columns]
    assert list(kinds) == metadata_of(tmp_path / "a.onnx")["inputs"] == names
    assert kinds == {n: "string" if n in strings else "double" for n in names}
    assert [each.name for each in session.get_outputs()] == ["label", "probabilities"]
    one = fed(session, X[:1], names=names)
    assert session.run(None, one)[1].shape == (1, 2)


def test_names_that_clash(tmp_path):
    columns = ["values", "values_", "a", "/Gemm_0", "X"]
    X = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 5)), columns=columns)
    student = HardDecisionTreeRegressor(max_leaf_nodes=8).fit(X, X["values"] + X["a"])
    served(student, X, tmp_path / "a.onnx")
    inputs = metadata_of(tmp_path / "a.onnx")["inputs"]
    assert inputs == ["values_", "values__", "a", "/Gemm_0", "X"]


def test_an_array_with_strings_is_taken_column_by_column(tmp_path):
    X = np.empty((150, 3), dtype=object)
    X[:, 0], X[:, 1], X[:, 2] = (
        IRIS[:, 0],
        np.array(["p", "q'"])[SPECIES % 2],
        SPECIES > 1,
    )
    X[3, 0], X[4, 1] = None, None
    student = NeuralStudentClassifier(**SMALL).fit(X, SPECIES)
    to_onnx(student, tmp_path / "a.onnx")
    session = session_of(tmp_path / "a.onnx")
    frame = pd.DataFrame(X, columns=["feature_0", "feature_1", "feature_2"])
    assert_same(session.run(None, fed(session, frame)), student, X)


@pytest.mark.parametrize("spelling", ["<gap>", "None", "nan", "<NA>"])
def test_gaps_of_strings_have_a_spelling(spelling, tmp_path):
    X, _ = mixed_frame()
    student = SoftDecisionTreeClassifier(**TREE).fit(X, targets(X)["two"])
    to_onnx(student, tmp_path / "a.onnx")
    stored = metadata_of(tmp_path / "a.onnx")
    assert stored["gap"] == "<gap>"
    session = session_of(tmp_path / "a.onnx")
    said = session.run(None, fed(session, X, spelling, stored["inputs"]))
    assert_same(said, student, X)


def test_what_onnxruntime_makes_of_none_is_a_gap(tmp_path):
    X = pd.DataFrame({"plan": np.array(["a", "b", None], dtype=object)[SPECIES]})
    student = HardDecisionTreeClassifier().fit(X, SPECIES)
    to_onnx(student, tmp_path / "a.onnx")
    for gap in (None, np.nan):
        rows = np.array([["a"], [gap], ["b"]], dtype=object)
        (label, _) = session_of(tmp_path / "a.onnx").run(None, {"plan": rows})
        assert label.tolist() == [0, 2, 1]


def test_a_category_that_is_called_none_is_no_gap(tmp_path):
    X = pd.DataFrame({"pool": np.array(["None", "big", None], dtype=object)[SPECIES]})
    student = HardDecisionTreeClassifier().fit(X, SPECIES)
    served(student, X, tmp_path / "a.onnx")
    rows = np.array([["None"], ["big"], ["<gap>"], ["nan"]], dtype=object)
    (label, _) = session_of(tmp_path / "a.onnx").run(None, {"pool": rows})
    assert label.tolist() == [0, 1, 2, 2]


def test_a_category_that_is_spelt_as_a_gap_is_refused(tmp_path):
    X = pd.DataFrame({"plan": np.array(["<gap>", "b", "c"])[SPECIES]})
    student = HardDecisionTreeClassifier().fit(X, SPECIES)
    with pytest.raises(TypeError, match="'plan' .* '<gap>', which in an ONNX file"):
        to_onnx(student, tmp_path / "a.onnx")


@pytest.mark.parametrize(
    "classes", [["a'", 'b"', "c\\"], [1.0, 2.0, 7.0], [5, 7, -3], ["", "ä", "\n"]]
)
def test_labels_of_any_type(classes, tmp_path):
    y = np.array(classes)[SPECIES]
    for student in (
        NeuralStudentClassifier(**SMALL),
        HardDecisionTreeClassifier(max_leaf_nodes=4),
    ):
        served(student.fit(IRIS, y), IRIS, tmp_path / "a.onnx")
        served(student.fit(IRIS, y == y[0]), IRIS, tmp_path / "a.onnx")


def test_labels_of_several_targets_are_of_one_type(tmp_path):
    y = pd.DataFrame({"a": np.array(["x", "y", "z"])[SPECIES], "b": SPECIES})
    student = HardDecisionTreeClassifier(max_leaf_nodes=4).fit(IRIS, y)
    with pytest.raises(TypeError, match="fit with all of y as strings"):
        to_onnx(student, tmp_path / "a.onnx")
    texts = np.column_stack([y["a"], y["b"].map(str)])
    served(student.fit(IRIS, texts), IRIS, tmp_path / "a.onnx")


def test_verify_reads_files_and_models(tree, tmp_path):
    to_onnx(tree, tmp_path / "a.onnx")
    model, _ = table_model(predictor_of(tree))
    for artefact in (tmp_path / "a.onnx", str(tmp_path / "a.onnx"), model):
        record = verify(artefact, tree, IRIS)
        assert record["engine"] == "onnxruntime"
        assert record["labels_that_differ"] == 0
    other = HardDecisionTreeClassifier(max_leaf_nodes=6).fit(IRIS, SPECIES[::-1])
    assert verify(model, other)["labels_that_differ"] > 0
    narrow = HardDecisionTreeClassifier().fit(IRIS[:, :2], SPECIES)
    with pytest.raises(ValueError, match="of another student"):
        verify(model, narrow)


def test_verify_reads_students_of_texts(tmp_path):
    texts, y = film_texts()
    student = small_student(max_epochs=1).fit(texts, y)
    record = to_onnx(student, tmp_path / "a.onnx")
    assert verify(tmp_path / "a.onnx", student) == record
    assert verify(tmp_path / "a.onnx", student, texts)["rows"] > record["rows"]
    with pytest.raises(TypeError, match=r"ends in \.onnx"):
        verify("a.npz", student)
    with pytest.raises(ValueError, match="opset=21 must be 17 for students of texts"):
        to_onnx(student, tmp_path / "b.onnx", opset=21)


def own(n_inputs, n_outputs):
    return torch.nn.Linear(n_inputs, n_outputs)


# Newer versions of torch warn of its exporter that needs no other package.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_module_of_ones_own_goes_by_torch(tmp_path):
    student = NeuralStudentClassifier(module=own, max_epochs=1).fit(IRIS, SPECIES)
    with pytest.raises(TypeError, match=r"torch\.onnx\.export\(student\.module_"):
        to_onnx(student, tmp_path / "a.onnx")
    view = student.preprocessor_.transform(IRIS).astype("float32")
    torch.onnx.export(
        student.module_.eval(),
        (torch.from_numpy(view[:2]),),
        tmp_path / "module.onnx",
        input_names=["view"],
        output_names=["logits"],
        dynamic_axes={"view": {0: "n"}, "logits": {0: "n"}},
        dynamo=False,
    )
    (logits,) = session_of(tmp_path / "module.onnx").run(None, {"view": view})
    np.testing.assert_array_equal(logits.argmax(axis=1), student.predict(IRIS))


def test_what_cannot_be_written(tree, tmp_path):
    path = tmp_path / "a.onnx"
    with pytest.raises(NotFittedError):
        to_onnx(NeuralStudentClassifier(), path)
    with pytest.raises(TypeError, match="LogisticRegression is no student"):
        to_onnx(LogisticRegression(max_iter=1000).fit(IRIS, SPECIES), path)
    model = StudentClassifier(student=LogisticRegression(max_iter=1000))
    with pytest.raises(TypeError, match="no form in ONNX"):
        to_onnx(model.fit(IRIS, SPECIES), path)
    scaled = NeuralStudentClassifier(preprocessor=StandardScaler(), **SMALL)
    with pytest.raises(
        TypeError, match=r"no form in ONNX.*preprocessor=StandardScaler"
    ):
        to_onnx(scaled.fit(IRIS, SPECIES), path)
    with pytest.raises(ValueError, match="is for students of texts"):
        to_onnx(tree, path, quantize="int8")
    with pytest.raises(ValueError, match='must be "int8" or None'):
        to_onnx(tree, path, quantize="int4")
    for opset in (12, 999, "18"):
        with pytest.raises(ValueError, match=f"opset={opset!r} must be a whole number"):
            to_onnx(tree, path, opset=opset)
    with pytest.raises(ValueError, match=r"must end in \.onnx"):
        to_onnx(tree, tmp_path / "a.bin")
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        to_onnx(tree, tmp_path / "gone" / "a.onnx")
    assert not list(tmp_path.iterdir())


def test_a_full_disk_leaves_the_old_file(tree, tmp_path, monkeypatch):
    to_onnx(tree, tmp_path / "a.onnx")
    before = (tmp_path / "a.onnx").read_bytes()

    def full(path, content):
        with open(path, "wb") as file:
            file.write(content[: len(content) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    other = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(IRIS, SPECIES)
    with pytest.raises(OSError, match="No space left"):
        to_onnx(other, tmp_path / "a.onnx")
    assert [each.name for each in tmp_path.iterdir()] == ["a.onnx"]
    assert (tmp_path / "a.onnx").read_bytes() == before


@pytest.mark.parametrize("name", ["threshold", "values"])
def test_a_graph_that_says_something_else_is_not_written(
    name, tree, tmp_path, monkeypatch
):
    def wrong(predictor, opset):
        if name == "threshold":  # by one floating-point number
            arrays = predictor.arrays["threshold"].copy()
            arrays[0] = np.nextafter(arrays[0], np.inf)
        else:
            arrays = predictor.arrays["values"] + [0, 0, 1e-6]
        changed = predictor_of(tree)
        changed.arrays[name] = arrays
        return table_model(changed, opset)

    monkeypatch.setattr(onnx_student, "table_model", wrong)
    with pytest.raises(ValueError, match=r"does not agree .*Nothing was written"):
        to_onnx(tree, tmp_path / "a.onnx")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("package", ["onnx", "onnxruntime"])
def test_a_package_that_is_not_there(package, tree, tmp_path, monkeypatch):
    import importlib

    find = importlib.import_module

    def without(name, *rest):
        if name == package:
            raise ImportError(name)
        return find(name, *rest)

    monkeypatch.setattr(importlib, "import_module", without)
    with pytest.raises(ImportError, match=rf"package {package}: pip .*\[onnx\]"):
        to_onnx(tree, tmp_path / "a.onnx")
    assert to_numpy(tree).meta["proof"]["labels_that_differ"] == 0


def test_a_category_that_no_double_holds(tmp_path):
    kinds = np.array([2**60 + 1, 2**60 + 3, 2**60 + 5])
    X = pd.DataFrame({"id": pd.Categorical(kinds[SPECIES])})
    student = HardDecisionTreeClassifier().fit(X, SPECIES)
    with pytest.raises(TypeError, match="no double of ONNX is equal to it: make all"):
        to_onnx(student, tmp_path / "a.onnx")
