"""Files that are there whole, or not at all."""

import pyarrow as pa
import pytest

from skdistill.disk import parts
from skdistill.disk.parts import read_part, rows_of_part, write_part
from skdistill.disk.writing import beside_and_renamed, remove_leftovers, write_text

SCHEMA = pa.schema([("a", pa.float32())])
TABLE = pa.table({"a": [1.0, 2.0, 3.0]}).cast(SCHEMA)


def test_a_block_that_raises_leaves_what_was_there(tmp_path):
    path = tmp_path / "file"
    write_text(path, "before")
    with pytest.raises(KeyboardInterrupt), beside_and_renamed(path) as file:
        file.write(b"half")
        raise KeyboardInterrupt
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_nothing_is_under_its_name_before_it_is_complete(tmp_path):
    with beside_and_renamed(tmp_path / "part.parquet") as file:
        file.write(b"half")
        file.flush()
        (other,) = tmp_path.iterdir()
        assert other.name.startswith(".") and other.suffix == ".tmp"
    assert [p.name for p in tmp_path.iterdir()] == ["part.parquet"]
    (tmp_path / ".part.parquet.1-2.tmp").write_text("of a writer that was killed")
    remove_leftovers(tmp_path)
    assert [p.name for p in tmp_path.iterdir()] == ["part.parquet"]


def test_a_part_tells_its_rows(tmp_path):
    path = tmp_path / "part.parquet"
    assert rows_of_part(path, SCHEMA, "job") is None
    assert write_part(path, SCHEMA, [TABLE, TABLE], "job") == 6
    assert rows_of_part(path, SCHEMA, "job") == 6
    assert read_part(tmp_path, "part", 6, "job")["a"].to_pylist() == [1, 2, 3] * 2


def test_a_part_of_another_job_or_of_other_columns_is_none(tmp_path):
    path = tmp_path / "part.parquet"
    write_part(path, SCHEMA, [TABLE], "job")
    assert rows_of_part(path, SCHEMA, "another") is None
    assert rows_of_part(path, pa.schema([("b", pa.float32())]), "job") is None
    with pytest.raises(ValueError, match="is not the part that was written"):
        read_part(tmp_path, "part", 3, "another")
    with pytest.raises(ValueError, match="is not the part that was written"):
        read_part(tmp_path, "part", 4, "job")


@pytest.mark.parametrize("size", [0, 3, 100, -1])
def test_a_part_that_was_cut_short_is_none(size, tmp_path):
    path = tmp_path / "part.parquet"
    write_part(path, SCHEMA, [TABLE], "job")
    path.write_bytes(path.read_bytes()[:size])
    assert rows_of_part(path, SCHEMA, "job") is None
    with pytest.raises(ValueError, match="cannot be read, and another run"):
        read_part(tmp_path, "part", 3, "job")


def test_a_part_without_rows(tmp_path):
    write_part(tmp_path / "part.parquet", SCHEMA, [], "job")
    assert rows_of_part(tmp_path / "part.parquet", SCHEMA, "job") == 0


def test_a_library_that_is_missing_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "pyarrow.parquet", None)
    with pytest.raises(
        ImportError, match=r"needs pyarrow: pip install 'skdistill\[large"
    ):
        parts.rows_of_part("x", SCHEMA, "job")
