"""Rows of one fragment as a frame with the types of the whole."""

import pandas as pd
import pyarrow as pa
import pytest
from rows_on_disk import mixed_frame, written

from skdistill.disk.fragments import fragments_of
from skdistill.disk.frames import Frames


def _frames(folder, **options):
    fragments = fragments_of(folder)
    frames = Frames.of(fragments, **options)
    return [frames.frame(t) for f in fragments for t in f.batches(7)]


def test_each_batch_has_the_types_of_the_frame_in_memory(tmp_path):
    frame, _ = mixed_frame(60)
    parts = _frames(written(frame, tmp_path / "rows"))
    assert all(part.dtypes.equals(frame.dtypes) for part in parts)
    whole = pd.concat(parts).reset_index(drop=True)
    pd.testing.assert_frame_equal(whole, frame)


def test_categories_are_those_of_all_files(tmp_path):
    kinds = [["b", "a"], ["c", "a"], ["a", "d"]]
    for i, values in enumerate(kinds):
        part = pd.DataFrame({"k": pd.Categorical(values)})  # sorted, as pandas does
        part.to_parquet(tmp_path / f"{i}.parquet")
    parts = _frames(tmp_path)
    assert [list(part["k"].cat.categories) for part in parts] == [
        ["a", "b", "c", "d"]
    ] * 3
    assert [list(part["k"]) for part in parts] == kinds


@pytest.mark.parametrize("ordered", [False, True])
def test_order_and_gaps_of_categories_stay(ordered, tmp_path):
    levels = ["low", "mid", "high"]
    column = pd.Categorical(["high", None, "low"], categories=levels, ordered=ordered)
    frame = pd.DataFrame({"k": column})
    frame.to_parquet(tmp_path / "rows.parquet")
    (part,) = _frames(tmp_path)
    pd.testing.assert_frame_equal(part, frame)


def test_a_gap_anywhere_makes_floats_everywhere(tmp_path):
    whole = pa.table({"n": [1, 2, 3], "f": [True, False, True], "m": [1, 2, 3]})
    gaps = pa.table({"n": [None, 2], "f": [None, True], "m": [1, 2]})
    pa.parquet.write_table(whole, tmp_path / "0.parquet")
    pa.parquet.write_table(gaps, tmp_path / "1.parquet")
    parts, expected = _frames(tmp_path), pd.read_parquet(tmp_path)
    assert all(part.dtypes.equals(expected.dtypes) for part in parts)
    pa.parquet.write_table(gaps, tmp_path / "1.parquet", write_statistics=False)
    assert all(part.dtypes.equals(expected.dtypes) for part in _frames(tmp_path))


def test_types_of_pandas_own_stay(tmp_path):
    frame = pd.DataFrame({"n": pd.array([1, None, 3], "Int64")})
    frame.to_parquet(tmp_path / "rows.parquet")
    (part,) = _frames(tmp_path)
    pd.testing.assert_frame_equal(part, frame)


def test_an_index_is_no_column(tmp_path):
    frame = pd.DataFrame({"a": [1.0, 2.0]}, index=["p", "q"])
    frame.to_parquet(tmp_path / "rows.parquet")
    (part,) = _frames(tmp_path)
    pd.testing.assert_frame_equal(part, frame)
    (fragment,) = fragments_of(tmp_path, ["a"])
    pd.testing.assert_frame_equal(Frames().frame(fragment.read()), frame)


def test_frames_of_polars(tmp_path):
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame(
        {"a": [1.0, 2.0], "k": pl.Series(["x", "y"], dtype=pl.Categorical)}
    )
    frame.write_parquet(tmp_path / "rows.parquet")
    (part,) = _frames(tmp_path, library="polars")
    assert isinstance(part, pl.DataFrame)
    assert part.equals(frame)


def test_what_folders_say_is_as_pandas_reads_it(tmp_path):
    for year in (2025, 2024):
        for kind in ("x", "w"):
            folder = tmp_path / f"year={year}" / f"kind={kind}"
            folder.mkdir(parents=True)
            pd.DataFrame({"a": [1.0, 2.0]}).to_parquet(folder / "rows.parquet")
    whole = pd.concat(_frames(tmp_path)).reset_index(drop=True)
    pd.testing.assert_frame_equal(whole, pd.read_parquet(tmp_path))


def test_a_column_by_itself(tmp_path):
    frame, _ = mixed_frame(10)
    folder = written(frame, tmp_path / "rows", 1)
    fragments = fragments_of(folder, ["word"])
    series = Frames.of(fragments, series="word").frame(fragments[0].read())
    pd.testing.assert_series_equal(series, frame["word"])
