"""What is a source, and plans that are carried out once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pytest
from rows_on_disk import mixed_frame, written

from skdistill.disk import sources
from skdistill.disk.fragments import fragments_of
from skdistill.disk.sources import carried_out, is_on_disk, is_plan, library_of

dd = pytest.importorskip("dask.dataframe")


def test_what_is_a_source(tmp_path):
    frame = pd.DataFrame({"a": [1.0]})
    frame.to_parquet(tmp_path / "a.parquet")
    for source in ("rows/", tmp_path, [Path("a")], ["a.parquet"], ds.dataset(tmp_path)):
        assert is_on_disk(source) and not is_plan(source)
    for rows in (frame, frame.to_numpy(), ["a text", "b"], [], pl.DataFrame(frame)):
        assert not is_on_disk(rows) and not is_plan(rows)
    assert is_plan(pl.LazyFrame({"a": [1]}))
    assert is_plan(dd.from_pandas(frame, npartitions=1))
    assert not is_plan(pa.table(frame))
    assert library_of(pl.LazyFrame({"a": [1]})) == "polars"
    assert library_of(tmp_path) == "pandas"


def _read(folder):
    parts = [f.read().to_pandas() for f in fragments_of(folder)]
    return pd.concat(parts).reset_index(drop=True)


def test_a_lazy_frame_of_polars(tmp_path):
    frame, _ = mixed_frame(50)
    plan = pl.LazyFrame(frame.drop(columns="kind")).filter(pl.col("a") > 0)
    folder = carried_out(plan, tmp_path / "rows")
    expected = plan.collect()
    assert _read(folder)["a"].tolist() == expected["a"].to_list()
    # The same plan: the rows that are there. Another one: refused, nothing is changed.
    assert carried_out(plan, folder) == folder
    with pytest.raises(ValueError, match="holds rows of another plan"):
        carried_out(plan.filter(pl.col("b") > 0), folder)
    assert len(_read(folder)) == len(expected)


def test_a_frame_of_dask(tmp_path):
    frame, _ = mixed_frame(60)
    source = written(frame, tmp_path / "source", 12)
    plan = dd.read_parquet(source)
    plan = plan[plan["a"] > 0].repartition(npartitions=11)
    folder = carried_out(plan, tmp_path / "rows")
    np.testing.assert_array_equal(_read(folder)["a"], plan.compute()["a"])
    assert carried_out(plan, folder) == folder


def test_a_plan_that_fails_leaves_nothing(tmp_path):
    def bad(column, **options):
        raise ValueError("bad rows")

    plan = pl.LazyFrame({"a": [1, 2]}).with_columns(
        pl.col("a").map_batches(bad, return_dtype=pl.Int64)
    )
    failures = (ValueError, pl.exceptions.ComputeError)
    with pytest.raises(failures, match="bad rows"):
        carried_out(plan, tmp_path / "rows")
    assert [path.name for path in tmp_path.iterdir()] == [".rows.lock"]


def test_plans_at_once_and_after_a_kill(tmp_path, monkeypatch):
    calls, write = [], sources._WRITERS["polars"]

    def counted(plan, folder):
        calls.append(folder)
        write(plan, folder)

    monkeypatch.setitem(sources._WRITERS, "polars", counted)
    (tmp_path / ".rows.tmp").mkdir()
    (tmp_path / ".rows.tmp" / "half.parquet").write_text("of a run that was killed")
    plan = pl.LazyFrame({"a": [1, 2]}).with_columns(pl.col("a") * 1)
    with ThreadPoolExecutor() as pool:
        folders = list(pool.map(carried_out, [plan] * 3, [tmp_path / "rows"] * 3))
    assert folders == [tmp_path / "rows"] * 3
    assert len(calls) == 1
    assert _read(tmp_path / "rows")["a"].tolist() == [1, 2]
