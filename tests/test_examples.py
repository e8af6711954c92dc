"""Scripts of ``examples`` that the gallery does not run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def _run(script, *arguments):
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / script, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


@pytest.mark.slow  # a cluster of its own
def test_a_cluster_of_two_workers(tmp_path):
    pytest.importorskip("distributed")
    folder = tmp_path / "big"
    size = "--rows", 12_000, "--rows-of-file", 5_000
    said = _run("large_data/dask_cluster.py", folder, *size)
    assert "Two workers" in said and "Targets of 12000 rows" in said
    parts = sorted((folder / "targets").glob("part-*"))
    assert len(parts) == 3 and (folder / "targets" / "_SUCCESS").exists()
    before = [path.stat().st_mtime_ns for path in parts]
    again = _run("large_data/dask_cluster.py", folder, *size)
    assert again.splitlines()[-2:] == said.splitlines()[-2:]  # the same scores
    assert [path.stat().st_mtime_ns for path in parts] == before
