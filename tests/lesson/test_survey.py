"""One pass over rows on disk: what is bad in any of them is named by its fragment."""

import numpy as np
import pytest
from rows_on_disk import mixed_frame, written
from sklearn.base import clone
from sklearn.preprocessing import OneHotEncoder

from skdistill import (
    HardDecisionTreeClassifier,
    NeuralStudentClassifier,
    NeuralStudentRegressor,
    ParquetRows,
    StudentClassifier,
)

N = 200
FRAME, LABELS = mixed_frame(N)
FRAME = FRAME.drop(columns="b").assign(
    code=(LABELS == "yes").astype(float), value=FRAME["a"] * 2, w=1.0
)
FEATURES = ["a", "count", "kind", "word"]
NET = NeuralStudentClassifier(max_epochs=1, random_state=0)
STUDENTS = {
    "net": NET,
    "values": NeuralStudentRegressor(max_epochs=1, random_state=0),
    "hard": HardDecisionTreeClassifier(max_leaf_nodes=3, random_state=0),
    "any": StudentClassifier(),
}
#: From disk in each epoch, or a sample; and all in memory.
SIZES = pytest.mark.parametrize("max_rows", [20, N])


def _rows(folder, max_rows=20, **options):
    options = {"target": "code", "columns": FEATURES, "buffer_rows": 50} | options
    return ParquetRows(folder, max_rows=max_rows, **options)


def _spoilt(tmp_path, **values):
    """Files, the last of which has one bad row."""
    frame = FRAME.copy()
    for column, value in values.items():
        frame.loc[N - 7, column] = value
    return written(frame, tmp_path / "rows")


@SIZES
@pytest.mark.parametrize(
    ("student", "target", "spoilt", "message"),
    [
        ("net", "code", {"a": np.inf}, "infinity, in column 'a'"),
        ("hard", "code", {"a": -np.inf}, "infinity, in column 'a'"),
        ("net", "code", {"code": 0.5}, "Unknown label type: continuous"),
        ("hard", "code", {"code": 0.5}, "Unknown label type: continuous"),
        ("any", "code", {"code": np.inf}, "infinity"),
        ("values", "value", {"value": np.inf}, "Input y contains infinity"),
    ],
)
def test_one_bad_row_of_a_late_fragment(
    student, target, spoilt, message, max_rows, tmp_path
):
    student, folder = clone(STUDENTS[student]), _spoilt(tmp_path, **spoilt)
    with pytest.raises(ValueError, match=rf"rows-003\.parquet: .*{message}"):
        student.fit(_rows(folder, max_rows, target=target))
    assert not hasattr(student, "n_features_in_")


@SIZES
@pytest.mark.parametrize("bad", [np.nan, -1.0, np.inf])
def test_bad_weights(bad, max_rows, tmp_path):
    folder = _spoilt(tmp_path, w=bad)
    message = (
        r"rows-003\.parquet: Column 'w' of weights holds gaps, infinity or numbers"
    )
    with pytest.raises(ValueError, match=message):
        clone(NET).fit(_rows(folder, max_rows, weight="w"))


def test_rows_that_are_watched_are_named_too(tmp_path):
    good = written(FRAME, tmp_path / "good")
    bad = _rows(_spoilt(tmp_path, a=np.inf))
    with pytest.raises(ValueError, match=r"rows-003\.parquet: .*infinity"):
        clone(NET).fit(_rows(good), X_val=bad)


def test_where_in_a_large_file(tmp_path, monkeypatch):
    monkeypatch.setattr("skdistill.disk.rows._ROWS", 20)
    with pytest.raises(ValueError, match=r"rows-003\.parquet, from row 40: .*infinity"):
        clone(NET).fit(_rows(_spoilt(tmp_path, a=np.inf)))


@SIZES
def test_one_row_without_a_label_where_nobody_teaches(max_rows, tmp_path):
    """Even if it is not in the sample."""
    rows = _rows(_spoilt(tmp_path, code=np.nan), max_rows)
    with pytest.raises(ValueError, match="1 rows .* have no labels: give a teacher"):
        clone(NET).fit(rows)


def _teacher(X):
    if (X["a"] > 1e6).any():
        raise ArithmeticError("never")
    p = np.where(X["a"] > 2e5, np.nan, 1 / (1 + np.exp(-X["a"])))
    return np.column_stack([1 - p, p])


@pytest.mark.parametrize("size", [1e9, 5e5], ids=["raises", "answers NaN"])
def test_a_teacher_that_fails_on_one_row(size, tmp_path):
    """Not on those of the sample, or there would be no fragment to be named."""
    rows = _rows(_spoilt(tmp_path, a=size), target=None)
    assert N - 7 not in rows.opened().sample()
    student = NeuralStudentClassifier(_teacher, classes=["no", "yes"], max_epochs=1)
    # Of an error that is not ours the name is in a note.
    with pytest.raises((ArithmeticError, ValueError), match=r"rows-003\.parquet"):
        student.fit(rows)
    assert not hasattr(student, "preprocessor_")


def test_a_view_of_the_users_own_that_fails_on_one_row(tmp_path):
    rows = _rows(_spoilt(tmp_path, word="purple"), columns=["word"])
    assert N - 7 not in rows.opened().sample()
    view = OneHotEncoder(sparse_output=False)
    with pytest.raises(
        ValueError, match=r"rows-003\.parquet: Found unknown categories"
    ):
        NeuralStudentClassifier(preprocessor=view, max_epochs=1).fit(rows)


def test_a_file_without_a_byte(tmp_path):
    folder = written(FRAME, tmp_path / "rows")
    (folder / "rows-003.parquet").write_bytes(b"")
    with pytest.raises(ValueError, match=r"rows-003\.parquet cannot be read"):
        clone(NET).fit(_rows(folder))


def test_a_late_file_of_another_type(tmp_path):
    folder = written(FRAME, tmp_path / "rows")
    FRAME.assign(a="text").to_parquet(folder / "rows-003.parquet")
    with pytest.raises(ValueError, match=r"rows-003\.parquet: column 'a' is .*string"):
        clone(NET).fit(_rows(folder))


@SIZES
def test_two_kinds_of_unlabelled_rows(max_rows, tmp_path):
    rows = _rows(_spoilt(tmp_path, code=np.nan), max_rows)
    student = NeuralStudentClassifier(_teacher, max_epochs=1)
    with pytest.raises(ValueError, match="X_transfer cannot be given beside"):
        student.fit(rows, X_transfer=FRAME[FEATURES])
