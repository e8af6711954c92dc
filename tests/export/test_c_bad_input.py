"""Exports to C that cannot be: one clear error, and no file."""

import errno
import os
import sys

import numpy as np
import pandas as pd
import pytest
from c_cells import needs_compiler
from exported import SMALL
from sklearn.datasets import load_iris
from sklearn.exceptions import NotFittedError

from skdistill import HardDecisionTreeClassifier, NeuralStudentClassifier
from skdistill.export import to_c
from skdistill.export.c import student as c_student
from skdistill.export.c.text import number, remark, table


@pytest.fixture(scope="module")
def tree():
    X, y = load_iris(return_X_y=True)
    return HardDecisionTreeClassifier(max_leaf_nodes=4).fit(X, y)


def nothing_in(folder):
    return not list(folder.iterdir())


def test_places_that_cannot_be_written(tree, tmp_path):
    with pytest.raises(ValueError, match=r"must end in \.h"):
        to_c(tree, tmp_path / "tree.c")
    with pytest.raises(FileNotFoundError, match="make it first"):
        to_c(tree, tmp_path / "none" / "tree.h")
    with pytest.raises(ValueError, match="dtype='half' must be one of double, float"):
        to_c(tree, tmp_path / "tree.h", dtype="half")
    with pytest.raises(NotFittedError):
        to_c(NeuralStudentClassifier(), tmp_path / "tree.h")
    assert nothing_in(tmp_path)


@needs_compiler
def test_a_full_disk_leaves_no_half_of_a_file(tree, tmp_path, monkeypatch):
    (tmp_path / "tree.h").write_text("before")

    def full(*paths):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        to_c(tree, tmp_path / "tree.h")
    assert [path.name for path in tmp_path.iterdir()] == ["tree.h"]
    assert (tmp_path / "tree.h").read_text() == "before"


def test_no_compiler(tree, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CC", raising=False)
    with pytest.raises(
        RuntimeError, match="looked for cc, gcc, clang.*pip install ziglang"
    ):
        to_c(tree, tmp_path / "tree.h")
    monkeypatch.setenv("CC", "nocc -m64")
    with pytest.raises(RuntimeError, match="looked for nocc -m64"):
        to_c(tree, tmp_path / "tree.h")
    with pytest.raises(RuntimeError, match="looked for other"):
        to_c(tree, tmp_path / "tree.h", compiler="other")
    assert nothing_in(tmp_path)


@needs_compiler
def test_a_compiler_of_ones_own(tree, tmp_path, monkeypatch):
    proof = to_c(tree, tmp_path / "a.h", compiler=["cc", "-O1"])
    assert proof["labels_that_differ"] == 0
    monkeypatch.setenv("CC", "cc -Wall")
    assert to_c(tree, tmp_path / "b.h")["engine"] == "C"
    failing = [sys.executable, "-c", "import sys; print('no'); sys.exit('of no use')"]
    with pytest.raises(RuntimeError, match="does not compile the header:\nof no use"):
        to_c(tree, tmp_path / "c.h", compiler=failing)
    assert not (tmp_path / "c.h").exists()


@needs_compiler
def test_a_header_that_says_something_else_is_not_written(tree, tmp_path, monkeypatch):
    right = c_student.answers_of

    def wrong(predictor, raw):
        answers = right(predictor, raw)
        answers.outputs[0] = answers.outputs[0, ::-1]
        return answers

    monkeypatch.setattr(c_student, "answers_of", wrong)
    with pytest.raises(ValueError, match="does not agree with the student"):
        to_c(tree, tmp_path / "tree.h")
    assert nothing_in(tmp_path)


@pytest.mark.parametrize("name", ["a\0b", "\ud800", "long " * 1000])
def test_categories_that_c_cannot_hold(name, tmp_path):
    X = pd.DataFrame({"plan": [name, "b", "c"] * 20}, dtype=object)
    student = NeuralStudentClassifier(**SMALL).fit(X, [0, 1, 1] * 20)
    with pytest.raises(TypeError, match=r"column 'plan' .* is no string in C"):
        to_c(student, tmp_path / "student.h")
    whole = pd.DataFrame({"id": pd.Categorical([2**53, 2**53 + 1, 5] * 20)})
    student.fit(whole, [0, 1, 1] * 20)
    with pytest.raises(TypeError, match="is no double in C"):
        to_c(student, tmp_path / "student.h")
    assert nothing_in(tmp_path)


def test_numbers_and_comments_as_c_reads_them():
    assert number(0.1) == "0.1"
    assert number(0.1, "float") == "0.1f"
    assert number(1e-7, "float") == "1e-07f"
    assert number(3, "float") == "3.0f"
    for value in (1 / 3, 5e-324, -1.7976931348623157e308):
        assert float(number(value)) == value
    assert remark("a*/b/*c??/d") == "a* /b/ *c? ?/d"
    assert "*/" not in remark("**//**//") + remark("*/*/")
    assert "??" not in remark("?????")
    assert remark("a\n\u202eb\\") == "a\\n\\u202eb\\\\"
    assert table("none", []) == "static const signed char none[1] = {\n    0};\n"
    with pytest.raises(ValueError, match="infinite or NaN"):
        table("x", [np.nan], "double")
