"""What a run is about, and in what another one differs."""

from dataclasses import dataclass, replace

import pyarrow as pa
import pytest

from skdistill.disk.manifest import Manifest, is_complete, mark, unmark


@dataclass(frozen=True)
class Rows:
    name: str
    label: str
    n_rows: int = 10
    fingerprint: str = "f"
    schema: object = pa.schema([("a", pa.float64()), ("b", pa.int64())])


ROWS = [Rows("part-000000", "1.parquet"), Rows("part-000001", "2.parquet")]
ASKED = {"teacher": "t", "temperature": 1.0, "classes": [["no", "yes"]]}
MANIFEST = Manifest.of(ASKED, ["no", "yes"], ROWS)


def test_written_and_read_it_is_the_same(tmp_path):
    assert Manifest.read(tmp_path) is None
    MANIFEST.write(tmp_path)
    assert Manifest.read(tmp_path) == MANIFEST
    assert Manifest.read(tmp_path).job == MANIFEST.job
    assert MANIFEST.n_rows == 20
    MANIFEST.check_same(Manifest.read(tmp_path), tmp_path)


OTHER = pa.schema([("a", pa.float32()), ("c", pa.int64())])


@pytest.mark.parametrize(
    ("asked", "rows", "message"),
    [
        ({"temperature": 2.0}, ROWS, "temperature is 2.0, and was 1.0"),
        ({"teacher": "u"}, ROWS, "teacher is 'u', and was 't'"),
        ({"classes": [["yes", "no"]]}, ROWS, r"classes is .*'yes', 'no'.*, and was"),
        ({}, ROWS[:1], "2.parquet is gone"),
        ({}, [*ROWS, Rows("part-000002", "3.parquet")], "3.parquet is new"),
        ({}, ROWS[::-1], "the files stand in another order"),
        (
            {},
            [ROWS[0], replace(ROWS[1], fingerprint="g")],
            r"2.parquet was changed \(g",
        ),
        (
            {},
            [replace(r, schema=OTHER) for r in ROWS],
            "column 'a' of X is float, and was double; "
            "column 'b' of X is not read, and was int64; "
            "column 'c' of X is int64, and was not read",
        ),
        (
            {},
            [replace(r, schema=pa.schema(list(ROWS[0].schema)[::-1])) for r in ROWS],
            "the columns of X stand in another order",
        ),
    ],
)
def test_what_differs_is_said(asked, rows, message, tmp_path):
    now = Manifest.of({**ASKED, **asked}, ["no", "yes"], rows)
    assert now.job != MANIFEST.job
    with pytest.raises(
        ValueError, match=f"begun by another run: {message}.*Give another"
    ):
        now.check_same(MANIFEST, tmp_path)


def test_many_differences_are_counted(tmp_path):
    now = Manifest.of(ASKED, ["no", "yes"], [Rows("p", f"{i}") for i in range(40)])
    with pytest.raises(ValueError, match="4 is new, and 37 more differences"):
        now.check_same(MANIFEST, tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "cannot be read"),
        ('{"format": 99}', "is of format 99, and this version reads 1"),
        ('{"format": 1, "asked": {}}', "cannot be read"),
        ("[]", "cannot be read"),
    ],
)
def test_a_strange_manifest_is_refused(text, message, tmp_path):
    (tmp_path / "_manifest.json").write_text(text)
    with pytest.raises(ValueError, match=message):
        Manifest.read(tmp_path)


def test_the_mark(tmp_path):
    unmark(tmp_path)
    assert not is_complete(tmp_path)
    mark(tmp_path, 20, 2)
    assert is_complete(tmp_path)
    unmark(tmp_path)
    assert not is_complete(tmp_path)
