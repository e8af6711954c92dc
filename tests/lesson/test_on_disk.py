"""Answers on disk: the same as in memory, begun again, refused, and faults."""

import errno
import json
import pickle
import threading

import numpy as np
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pytest
from joblib import parallel_config
from lightgbm import LGBMClassifier
from rows_on_disk import mixed_frame, written
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.tree import DecisionTreeClassifier

from skdistill import StudentClassifier, StudentRegressor, soft_targets
from skdistill.disk import parts
from skdistill.lesson import clerk
from skdistill.lesson.slices import slices_of

FRAME, LABELS = mixed_frame()
BOOSTED = LGBMClassifier(n_estimators=5, verbose=-1, n_jobs=1)
BOOSTED.fit(FRAME.drop(columns="word"), LABELS)
_words = OneHotEncoder(handle_unknown="ignore")
PIPELINE = make_pipeline(
    make_column_transformer(
        (_words, ["word", "kind"]), ("passthrough", ["a", "count"])
    ),
    LogisticRegression(),
).fit(FRAME, LABELS)


@pytest.fixture
def rows(tmp_path):
    return written(FRAME, tmp_path / "rows", 8)


@pytest.fixture
def out(tmp_path):
    return tmp_path / "targets"


@pytest.fixture
def small_batches(monkeypatch):
    monkeypatch.setattr(clerk, "_MOST_ROWS", 37)


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def times_in(folder):
    """When each file was written, but for the lock: filelock may write it anew."""
    times = {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}
    return {name: time for name, time in times.items() if name != ".lock"}


class Counting:
    """A teacher that says how many rows it was asked about; it may fail on some."""

    classes_ = np.array(["no", "yes"])

    def __init__(self, bad=None):
        self.bad, self.n_rows = bad, 0

    def __getstate__(self):  # content: its own class, and nothing that counts
        return {"bad": None, "n_rows": 0}

    def predict_proba(self, X):
        if self.bad is not None and (X["a"] == self.bad).any():
            raise ArithmeticError("this row has no answer")
        self.n_rows += len(X)
        p = 1 / (1 + np.exp(-X["a"].to_numpy()))
        return np.column_stack([1 - p, p])


@pytest.mark.parametrize(
    ("teacher", "temperature"),
    [(BOOSTED, 1.0), (PIPELINE, 3.0), ([BOOSTED, PIPELINE], 1.0)],
)
def test_as_in_memory_to_the_rounding_of_float32(
    teacher, temperature, rows, out, small_batches
):
    expected = soft_targets(teacher, FRAME, temperature)
    assert soft_targets(teacher, rows, temperature, out=out) == out.absolute()
    answer = pd.read_parquet(out)
    assert list(answer.columns) == ["no", "yes"]
    assert (answer.dtypes == "float32").all()
    np.testing.assert_array_equal(answer, expected.astype(np.float32))
    assert names_in(out)[1:] == ["_SUCCESS", "_manifest.json"] + [
        f"part-{i:06d}.parquet" for i in range(8)
    ]


@pytest.mark.parametrize(
    "make",
    [
        lambda folder: sorted(folder.iterdir()),
        lambda folder: [str(path) for path in sorted(folder.iterdir())],
        ds.dataset,
        lambda folder: FRAME,
        lambda folder: pl.scan_parquet(folder),
        lambda folder: pytest.importorskip("dask.dataframe").read_parquet(folder),
    ],
    ids=["paths", "names", "dataset", "frame", "polars", "dask"],
)
def test_any_source(make, rows, out):
    soft_targets(PIPELINE, make(rows), out=out)
    expected = soft_targets(PIPELINE, FRAME).astype(np.float32)
    np.testing.assert_array_equal(pd.read_parquet(out), expected)
    soft_targets(PIPELINE, make(rows), out=out)  # nothing is left to do


def test_arrays_and_texts_in_memory(iris, iris_forest, out, monkeypatch):
    monkeypatch.setattr("skdistill.lesson.slices._ROWS", 40)
    soft_targets(iris_forest, iris[0], out=out)
    assert len(list(out.glob("part-*"))) == 4
    expected = soft_targets(iris_forest, iris[0]).astype(np.float32)
    np.testing.assert_array_equal(pd.read_parquet(out), expected)
    with pytest.raises(ValueError, match="columns= needs a source on disk"):
        soft_targets(iris_forest, iris[0], out=out, columns=["a"])


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_values(n_outputs, rows, out):
    y = FRAME[["a", "count"]].to_numpy()[:, :n_outputs]
    teacher = RandomForestRegressor(3, random_state=0)
    teacher.fit(FRAME[["a", "count"]], y[:, 0] if n_outputs == 1 else y)
    soft_targets(teacher, rows, out=out)
    answer = pd.read_parquet(out)
    names = ["prediction"] if n_outputs == 1 else ["prediction_0", "prediction_1"]
    assert list(answer.columns) == names
    expected = soft_targets(teacher, FRAME).astype(np.float32)
    np.testing.assert_array_equal(answer, expected)


def test_several_targets_and_columns_without_names(rows, tmp_path):
    y = np.column_stack([LABELS, FRAME["word"]])
    teacher = RandomForestClassifier(3, random_state=0).fit(FRAME[["a", "count"]], y)
    soft_targets(teacher, rows, out=tmp_path / "two")
    answer = pd.read_parquet(tmp_path / "two")
    names = ["target0_no", "target0_yes"]
    assert list(answer) == [*names, "target1_blue", "target1_green", "target1_red"]
    expected = np.hstack(soft_targets(teacher, FRAME)).astype(np.float32)
    np.testing.assert_array_equal(answer, expected)
    soft_targets(PIPELINE.predict_proba, rows, out=tmp_path / "unnamed")
    assert list(pd.read_parquet(tmp_path / "unnamed")) == ["0", "1"]


def test_only_the_columns_that_the_teacher_knows_are_read(rows, out):
    pd.DataFrame({"a": [0.5], "count": [1]}).to_parquet(rows / "rows-999.parquet")
    teacher = LogisticRegression().fit(FRAME[["count", "a"]], LABELS)
    soft_targets(teacher, rows, out=out)
    read = json.loads((out / "_manifest.json").read_text())["rows"]
    assert set(read) == {"a", "count"}
    assert len(pd.read_parquet(out)) == 401


def test_columns_that_are_asked_for(rows, out):
    def teacher(X):
        assert list(X) == ["word", "a"]
        p = 1 / (1 + np.exp(-X["a"]))
        return np.column_stack([1 - p, p])

    soft_targets(teacher, rows, out=out, columns=["word", "a"])
    expected = soft_targets(teacher, FRAME[["word", "a"]]).astype(np.float32)
    np.testing.assert_array_equal(pd.read_parquet(out), expected)


def test_a_teacher_of_another_width_is_refused_at_once(rows, out):
    teacher = LogisticRegression().fit(FRAME[["count", "a"]].to_numpy(), LABELS)
    with pytest.raises(ValueError, match="fitted on 2 columns and X has 6"):
        soft_targets(teacher, rows, out=out)
    assert not out.exists()


def test_a_teacher_of_texts_gets_a_series(rows, out):
    teacher = make_pipeline(CountVectorizer(), LogisticRegression())
    teacher.fit(FRAME["word"], LABELS)
    soft_targets(teacher, rows, out=out, columns="word")
    expected = soft_targets(teacher, FRAME["word"]).astype(np.float32)
    np.testing.assert_array_equal(pd.read_parquet(out), expected)


def test_a_second_run_asks_about_nothing(rows, out):
    teacher = Counting()
    soft_targets(teacher, rows, out=out)
    assert teacher.n_rows == 400
    before = times_in(out)
    soft_targets(teacher, rows, out=out)
    assert teacher.n_rows == 400
    assert times_in(out) == before


def test_only_what_is_missing_or_cut_short_is_done_again(rows, out):
    soft_targets(Counting(), rows, out=out)
    expected = pd.read_parquet(out)
    part = out / "part-000002.parquet"
    part.write_bytes(part.read_bytes()[:-20])
    (out / "part-000005.parquet").unlink()
    (out / ".part-000007.parquet.99-aa.tmp").write_text("half")
    teacher = Counting()
    soft_targets(teacher, rows, out=out)
    assert teacher.n_rows == 100
    pd.testing.assert_frame_equal(pd.read_parquet(out), expected)
    assert not list(out.glob("*.tmp")) and (out / "_SUCCESS").exists()


def test_a_part_of_another_run_is_done_again(rows, tmp_path):
    """Such as a worker writes whose run was killed, and the folder deleted."""
    for temperature in (1.0, 2.0):
        soft_targets(PIPELINE, rows, temperature, out=tmp_path / str(temperature))
    expected = pd.read_parquet(tmp_path / "2.0")
    late = (tmp_path / "1.0" / "part-000003.parquet").read_bytes()
    (tmp_path / "2.0" / "part-000003.parquet").write_bytes(late)
    soft_targets(PIPELINE, rows, 2.0, out=tmp_path / "2.0")
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "2.0"), expected)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"temperature": 2.0}, "temperature is 2.0, and was 1.0"),
        ({"teacher": BOOSTED}, "teacher is '[0-9a-f]{32}', and was '"),
        ({"classes": ["yes", "no"]}, "classes is .*and was"),
        ({"file": "rows-003.parquet"}, "rows-003.parquet was changed"),
        ({"file": "rows-999.parquet"}, "rows-999.parquet is new"),
    ],
)
def test_another_run_is_refused_with_the_reason(change, message, rows, out):
    soft_targets(PIPELINE, rows, out=out)
    before = {path: path.read_bytes() for path in out.iterdir()}
    if "file" in change:
        FRAME[:7].to_parquet(rows / change.pop("file"))
    arguments = {"teacher": PIPELINE, "temperature": 1.0, **change}
    with pytest.raises(ValueError, match=f"begun by another run: {message}"):
        soft_targets(X=rows, out=out, **arguments)
    assert {path: path.read_bytes() for path in out.iterdir()} == before


def test_a_folder_with_other_things_is_refused(rows, out):
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    with pytest.raises(ValueError, match="holds other files, such as 'notes.txt'"):
        soft_targets(PIPELINE, rows, out=out)
    assert names_in(out) == ["notes.txt"]
    with pytest.raises(ValueError, match="is a file: give a folder"):
        soft_targets(PIPELINE, rows, out=out / "notes.txt")
    for inside in (rows, rows / "targets"):
        with pytest.raises(ValueError, match="is in the folder X: give one outside"):
            soft_targets(PIPELINE, rows, out=inside)
    assert len(names_in(rows)) == 8


def test_what_needs_a_folder_says_so(rows):
    with pytest.raises(ValueError, match="X is a source of rows, PosixPath: give out="):
        soft_targets(PIPELINE, rows)
    with pytest.raises(ValueError, match="need out="):
        soft_targets(PIPELINE, FRAME, engine="dask")
    with pytest.raises(ValueError, match="leave memory=None"):
        soft_targets(PIPELINE, rows, out="x", memory="y")


def test_one_bad_fragment_is_named_and_the_rest_is_done(rows, out):
    bad = FRAME["a"][120]
    message = r"No answer about 1 of 8 fragments.*rows-002.parquet: Arith.*no answer"
    with pytest.raises(RuntimeError, match=message) as raised:
        soft_targets(Counting(bad), rows, out=out)
    assert isinstance(raised.value.__cause__, ArithmeticError)
    assert len(list(out.glob("part-*"))) == 7
    assert not (out / "_SUCCESS").exists() and not list(out.glob(".*.tmp"))
    teacher = Counting()
    soft_targets(teacher, rows, out=out)
    assert teacher.n_rows == 50 and (out / "_SUCCESS").exists()


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            FRAME.drop(columns="count"),
            r"rows-006.parquet lacks the columns \['count'\]",
        ),
        (FRAME.assign(count="many"), "rows-006.parquet: column 'count' is .*string"),
        (FRAME.assign(a=[[0.5]] * 400), "rows-006.parquet: column 'a' is list"),
    ],
    ids=["no such column", "strings", "lists"],
)
def test_a_late_file_of_another_schema_is_named_at_once(other, message, rows, out):
    other[:7].to_parquet(rows / "rows-006.parquet")
    teacher = Counting()
    with pytest.raises(ValueError, match=message):
        soft_targets(teacher, rows, out=out)
    assert teacher.n_rows == 0 and not out.exists()


def test_a_teacher_without_a_single_answer(rows, out):
    def teacher(X):
        raise ArithmeticError("never")

    with pytest.raises(RuntimeError, match="about no fragment. rows-000.*never"):
        soft_targets(teacher, rows, out=out)
    assert not out.exists()


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_teacher_whose_content_cannot_be_read(n_jobs, rows, out):
    lock = threading.Lock()

    def teacher(X):
        with lock:
            return PIPELINE.predict_proba(X)

    def ask():
        return soft_targets(
            teacher, rows, out=out, classes=["no", "yes"], n_jobs=n_jobs
        )

    if n_jobs == 2:
        with pytest.raises(TypeError, match="cannot be sent to other processes"):
            ask()
        assert not list(out.glob("part-*")) and not list(out.glob(".*.tmp"))
        return
    ask()
    assert len(pd.read_parquet(out)) == 400
    with pytest.raises(ValueError, match="whose content cannot be read"):
        ask()


def test_threads_take_a_teacher_as_it_is(rows, out):
    lock = threading.Lock()

    def teacher(X):
        with lock:
            return PIPELINE.predict_proba(X)

    with parallel_config("threading", n_jobs=2):
        soft_targets(teacher, rows, out=out, classes=["no", "yes"])
    expected = soft_targets(PIPELINE, FRAME).astype(np.float32)
    np.testing.assert_array_equal(pd.read_parquet(out), expected)


def test_a_full_disk_loses_nothing(rows, out, monkeypatch):
    """The disk takes three parts and half of the fourth."""
    space = [3]

    class Full(parts.needed("pyarrow.parquet", "").ParquetWriter):
        def write_table(self, *args, **options):
            super().write_table(*args, **options)
            space[0] -= 1
            if space[0] < 0:
                raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("pyarrow.parquet.ParquetWriter", Full)
        with pytest.raises(OSError, match="No space left"):
            soft_targets(Counting(), rows, out=out)
    assert len(list(out.glob("part-*"))) == 3 and not list(out.glob(".*.tmp"))
    assert not (out / "_SUCCESS").exists()
    teacher = Counting()
    soft_targets(teacher, rows, out=out)
    assert teacher.n_rows == 250
    expected = soft_targets(Counting(), FRAME).astype(np.float32)
    np.testing.assert_array_equal(pd.read_parquet(out), expected)


def test_two_runs_at_once_do_nothing_twice(rows, out):
    teacher, failures = Counting(), []

    def run():
        try:
            soft_targets(teacher, rows, out=out)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert teacher.n_rows == 400
    expected = soft_targets(Counting(), FRAME).astype(np.float32)
    np.testing.assert_array_equal(pd.read_parquet(out), expected)


def test_rows_that_change_under_way_are_noticed(rows, out):
    class Changing(Counting):
        def predict_proba(self, X):
            FRAME[:7].to_parquet(rows / "rows-003.parquet")
            return super().predict_proba(X)

    message = "rows-003.parquet: ValueError: it has 7 rows, and had 50"
    with pytest.raises(RuntimeError, match=message):
        soft_targets(Changing(), rows, out=out)


def test_files_without_rows(rows, out):
    FRAME[:0].to_parquet(rows / "rows-002a.parquet")
    soft_targets(PIPELINE, rows, out=out)
    assert len(list(out.glob("part-*"))) == 9
    expected = soft_targets(PIPELINE, FRAME).astype(np.float32)
    np.testing.assert_array_equal(pd.read_parquet(out), expected)


def test_no_rows_at_all(tmp_path):
    folder = written(FRAME[:0], tmp_path / "rows", 2)
    with pytest.raises(ValueError, match="X holds no rows"):
        soft_targets(PIPELINE, folder, out=tmp_path / "targets")
    (folder / "rows-000.parquet").write_bytes(b"")
    with pytest.raises(ValueError, match=r"rows-000\.parquet"):
        soft_targets(PIPELINE, folder, out=tmp_path / "targets")
    assert not (tmp_path / "targets").exists()


def test_a_file_that_is_cut_short_is_named(rows, tmp_path):
    path = rows / "rows-004.parquet"
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(
        ValueError, match=r"rows-004\.parquet cannot be read as Parquet"
    ):
        soft_targets(PIPELINE, rows, out=tmp_path / "targets")


def test_progress_counts_rows(rows, out, capfd):
    soft_targets(Counting(), rows, out=out, verbose=1)
    assert "400/400" in capfd.readouterr().err
    (out / "part-000001.parquet").unlink()
    soft_targets(Counting(), rows, out=out, verbose=1)
    assert "350/400" in capfd.readouterr().err  # where it begins


def test_nothing_is_asked_of_the_teacher_before_it_can_be_written(rows, tmp_path):
    teacher = Counting()
    (tmp_path / "file").write_text("")
    with pytest.raises(NotADirectoryError):
        soft_targets(teacher, rows, out=tmp_path / "file" / "targets")
    assert teacher.n_rows == 0


def test_a_slice_takes_its_own_rows_along():
    (only,) = slices_of(FRAME)
    only.start, only.stop = 100, 110
    twin = pickle.loads(pickle.dumps(only))
    assert len(twin.X) == twin.n_rows == 10
    pd.testing.assert_frame_equal(next(twin.batches(20)), FRAME[100:110])


# As teacher_output


@pytest.mark.parametrize("temperature", [1.0, 4.0])
def test_a_student_learns_from_the_folder(temperature, rows, out):
    """Probabilities come back to temperature 1: the student has its own."""
    soft_targets(PIPELINE, rows, temperature, out=out)
    X = FRAME[["a", "count"]]
    student = StudentClassifier(student=LogisticRegression(max_iter=1000))
    P = soft_targets(PIPELINE, FRAME)
    expected = student.fit(X, LABELS, teacher_output=P).predict_proba(X)
    for folder in (out, str(out)):
        learnt = student.fit(X, LABELS, teacher_output=folder).predict_proba(X)
        np.testing.assert_allclose(learnt, expected, rtol=1e-3)


def test_transfer_rows_too(rows, out):
    soft_targets(PIPELINE, rows, out=out)
    X, P = FRAME[["a", "count"]], soft_targets(PIPELINE, FRAME)
    student = StudentClassifier(student=LogisticRegression(max_iter=1000))
    given = {"teacher_output": P[:100], "X_transfer": X}
    expected = student.fit(X[:100], LABELS[:100], transfer_output=P, **given)
    expected = expected.predict_proba(X)
    student.fit(X[:100], LABELS[:100], transfer_output=out, **given)
    np.testing.assert_allclose(student.predict_proba(X), expected, rtol=1e-3)


def test_columns_of_the_folder_are_put_in_order(rows, out):
    soft_targets(PIPELINE, rows, out=out, classes=["yes", "no"])
    assert list(pd.read_parquet(out)) == ["yes", "no"]
    X = FRAME[["a", "count"]]
    student = StudentClassifier(student=LogisticRegression(max_iter=1000))
    student.fit(X, LABELS, teacher_output=out)
    assert student.score(X, LABELS) > 0.7


def test_a_folder_that_does_not_fit_is_refused(rows, out, tmp_path):
    student = StudentClassifier(student=LogisticRegression())
    X = FRAME[["a", "count"]]

    def fit(n=400):
        student.fit(X[:n], LABELS[:n], teacher_output=out)

    with pytest.raises(ValueError, match="is no folder that soft_targets"):
        fit()
    soft_targets(PIPELINE, rows, out=out)
    with pytest.raises(ValueError, match="outputs for 400 rows, and there are 300"):
        fit(300)
    part = out / "part-000003.parquet"
    whole = part.read_bytes()
    part.write_bytes(whole[:50])
    with pytest.raises(ValueError, match="part-000003.parquet cannot be read, and"):
        fit()
    part.write_bytes(whole)
    (out / "_SUCCESS").unlink()
    with pytest.raises(ValueError, match="is not complete: run soft_targets again"):
        fit()


def test_several_targets_of_a_folder(rows, out):
    X, y = FRAME[["a", "count"]], np.column_stack([LABELS, FRAME["word"]])
    teacher = RandomForestClassifier(5, random_state=0).fit(X, y)
    soft_targets(teacher, rows, out=out)
    student = StudentClassifier(student=DecisionTreeClassifier(max_depth=3))
    by_folder = student.fit(X, y, teacher_output=out).predict_proba(X)
    by_arrays = student.fit(X, y, teacher_output=soft_targets(teacher, X))
    for part, expected in zip(by_folder, by_arrays.predict_proba(X), strict=True):
        np.testing.assert_allclose(part, expected, atol=0.05)


def test_values_of_a_folder(rows, out):
    X, y = FRAME[["a", "count"]], FRAME["a"] + FRAME["count"]
    soft_targets(LinearRegression().fit(X, y), rows, out=out)
    student = StudentRegressor(student=LinearRegression())
    student.fit(X, y, teacher_output=str(out))
    np.testing.assert_allclose(student.predict(X), y, atol=1e-5)


def test_too_sharp_a_folder_is_refused(rows, out):
    soft_targets(PIPELINE, rows, 0.05, out=out)
    student = StudentClassifier(student=LogisticRegression())
    with pytest.raises(ValueError, match=r"written at temperature=0.05.*temperature=1"):
        student.fit(FRAME[["a"]], LABELS, teacher_output=out)
