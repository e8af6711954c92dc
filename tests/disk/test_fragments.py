"""Sources as fragments: in order, in one schema, in batches."""

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from rows_on_disk import mixed_frame, written

from skdistill.disk import fragments as module
from skdistill.disk.fragments import column_names, fragments_of


def _rows(fragments, columns=None):
    return pa.concat_tables([f.read(columns) for f in fragments]).to_pandas()


@pytest.mark.parametrize("kind", ["folder", "path", "files", "dataset", "one file"])
def test_any_source_gives_the_rows_in_order(kind, tmp_path):
    frame, _ = mixed_frame(90)
    folder = written(frame, tmp_path / "rows")
    files = sorted(folder.iterdir())
    if kind == "one file":
        frame = frame.iloc[:23].reset_index(drop=True)
    source = {
        "folder": str(folder),
        "path": folder,
        "files": [str(path) for path in files],
        "dataset": ds.dataset(folder),
        "one file": files[0],
    }[kind]
    fragments = fragments_of(source)
    assert sum(f.n_rows for f in fragments) == len(frame)
    assert [f.name for f in fragments] == [
        f"part-{i:06d}" for i in range(len(fragments))
    ]
    pd.testing.assert_frame_equal(
        _rows(fragments).reset_index(drop=True), frame, check_categorical=False
    )


def test_files_in_another_order_stay_in_it(tmp_path):
    frame, _ = mixed_frame(40)
    files = sorted(written(frame, tmp_path / "rows").iterdir())[::-1]
    expected = pd.concat([pd.read_parquet(path) for path in files])
    assert _rows(fragments_of(files))["a"].tolist() == expected["a"].tolist()


def test_a_large_file_is_cut_between_row_groups(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_ROWS_OF_FRAGMENT", 25)
    frame, _ = mixed_frame(100)
    folder = written(frame, tmp_path / "rows", 1, row_group_size=10)
    fragments = fragments_of(folder)
    assert [f.n_rows for f in fragments] == [20] * 5
    assert [f.row_groups for f in fragments][:2] == [(0, 1), (2, 3)]
    assert fragments[1].label == "rows-000.parquet, row groups 2 to 3"
    assert len({f.fingerprint for f in fragments}) == 5
    np.testing.assert_array_equal(_rows(fragments)["a"], frame["a"])


def test_chosen_row_groups_of_a_dataset_are_the_only_ones(tmp_path):
    frame, _ = mixed_frame(30)
    folder = written(frame, tmp_path / "rows", 1, row_group_size=10)
    whole = ds.dataset(folder)
    some = [f.subset(row_group_ids=[2, 0]) for f in whole.get_fragments()]
    picked = ds.FileSystemDataset(some, whole.schema, whole.format, whole.filesystem)
    expected = picked.to_table()["a"].to_pylist()
    assert len(expected) == 20
    assert _rows(fragments_of(picked))["a"].tolist() == expected


def test_batches_are_bounded_and_hold_all_rows(tmp_path):
    frame, _ = mixed_frame(100)
    (fragment,) = fragments_of(written(frame, tmp_path / "rows", 1, row_group_size=30))
    batches = list(fragment.batches(8, ["word", "a"]))
    assert max(map(len, batches)) <= 8
    whole = pa.concat_tables(batches)
    assert whole.column_names == ["word", "a"]
    np.testing.assert_array_equal(whole["a"], frame["a"])


def test_folders_may_name_a_column(tmp_path):
    for year in (2024, 2025):
        (tmp_path / f"year={year}").mkdir()
        frame = pd.DataFrame({"a": [1.0, 2.0]})
        frame.to_parquet(tmp_path / f"year={year}" / "rows.parquet")
    rows = _rows(fragments_of(tmp_path))
    expected = pd.read_parquet(tmp_path)
    assert column_names(tmp_path) == ["a", "year"]
    pd.testing.assert_frame_equal(
        rows.astype({"year": expected["year"].dtype}), expected
    )


def test_hidden_files_are_passed_over_and_labels_are_relative(tmp_path):
    folder = written(mixed_frame(20)[0], tmp_path / "rows", 2)
    (folder / "_SUCCESS").write_text("")
    (folder / ".half.parquet").write_bytes(b"PAR1")
    labels = [f.label for f in fragments_of(folder)]
    assert labels == ["rows-000.parquet", "rows-001.parquet"]
    moved = folder.rename(tmp_path / "moved")
    assert [f.label for f in fragments_of(moved)] == labels


def test_a_changed_file_has_another_fingerprint(tmp_path):
    folder = written(mixed_frame(20)[0], tmp_path / "rows", 2)
    before = [f.fingerprint for f in fragments_of(folder)]
    assert before == [f.fingerprint for f in fragments_of(folder)]
    written(mixed_frame(20, seed=1)[0], folder, 1)
    after = [f.fingerprint for f in fragments_of(folder)]
    assert after[0] != before[0] and after[1] == before[1]


def test_empty_files_are_fragments_without_rows(tmp_path):
    frame, _ = mixed_frame(20)
    folder = written(frame, tmp_path / "rows", 2)
    frame[:0].to_parquet(folder / "rows-000a.parquet")
    fragments = fragments_of(folder)
    assert [f.n_rows for f in fragments] == [10, 0, 10]
    assert fragments[1].read().num_rows == 0
    assert list(fragments[1].batches(5)) == []
    assert fragments[1].read().schema.equals(fragments[0].read().schema)


def test_widths_of_types_and_orders_of_columns_may_differ(tmp_path):
    one = pa.table({"a": pa.array([1, 2], pa.int32()), "s": ["x", None]})
    two = pa.table({"s": pa.array([None], pa.null()), "a": pa.array([0.5])})
    pq.write_table(one, tmp_path / "1.parquet")
    pq.write_table(two, tmp_path / "2.parquet")
    rows = _rows(fragments_of(tmp_path))
    assert rows["a"].tolist() == [1.0, 2.0, 0.5]
    assert rows["s"].isna().tolist() == [False, True, True]


def test_an_index_that_some_files_have_is_left_out(tmp_path):
    pd.DataFrame({"a": [1.0, 2.0]}, index=[3, 5]).to_parquet(tmp_path / "1.parquet")
    pd.DataFrame({"a": [3.0]}).to_parquet(tmp_path / "2.parquet")
    fragments = fragments_of(tmp_path)
    assert fragments[0].schema.names == ["a"]
    assert _rows(fragments)["a"].tolist() == [1.0, 2.0, 3.0]
    pd.DataFrame({"a": [3.0]}).to_parquet(tmp_path / "0.parquet")
    assert _rows(fragments_of(tmp_path))["a"].tolist() == [3.0, 1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"a": [1.0]}, r"2\.parquet lacks the columns \['s'\], unlike .*1\.parquet"),
        ({"a": [1.0], "s": ["x"], "t": [1]}, r"2\.parquet has the columns \['t'\]"),
        ({"a": ["x"], "s": ["x"]}, r"2\.parquet: column 'a' is string, and double in"),
        ({"a": [True], "s": ["x"]}, r"column 'a' is bool, and double in"),
    ],
)
def test_other_columns_are_refused_by_the_name_of_the_file(other, message, tmp_path):
    pq.write_table(pa.table({"a": [1.0], "s": ["x"]}), tmp_path / "1.parquet")
    pq.write_table(pa.table(other), tmp_path / "2.parquet")
    with pytest.raises(ValueError, match=message):
        fragments_of(tmp_path)


def test_columns_that_are_not_read_may_differ(tmp_path):
    pq.write_table(pa.table({"a": [1.0], "s": ["x"]}), tmp_path / "1.parquet")
    pq.write_table(pa.table({"s": [3], "a": [2.0]}), tmp_path / "2.parquet")
    assert _rows(fragments_of(tmp_path, ["a"]))["a"].tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match=r"columns=\['b'\]: .*1\.parquet has no such"):
        fragments_of(tmp_path, ["b"])


def test_what_is_no_source_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        fragments_of(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="holds no Parquet file"):
        fragments_of(tmp_path)
    (tmp_path / "rows.parquet").write_text("no Parquet")
    with pytest.raises(ValueError, match=r"rows\.parquet.*parquet"):
        fragments_of(tmp_path)
    with pytest.raises(TypeError, match="Table is no source of rows"):
        fragments_of(pa.table({"a": [1]}))
    (tmp_path / "a.csv").write_text("a\n1\n")
    with pytest.raises(TypeError, match="must be of Parquet"):
        fragments_of(ds.dataset(tmp_path / "a.csv", format="csv"))
