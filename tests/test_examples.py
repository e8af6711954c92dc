"""The gallery's order, and scripts of ``examples`` that it does not run."""

import importlib.util
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


def test_each_example_has_one_place_in_the_gallery():
    path = ROOT / "docs" / "_extensions" / "gallery_order.py"
    spec = importlib.util.spec_from_file_location("gallery_order", path)
    gallery_order = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(gallery_order)
    shown = sorted(path.name for path in (ROOT / "examples").glob("*.py"))
    assert sorted(gallery_order.ORDER) == shown
    place = gallery_order.Place(ROOT / "examples")
    assert tuple(sorted(shown, key=place)) == gallery_order.ORDER
    with pytest.raises(ValueError, match=r"plot_new.py has no place"):
        place("plot_new.py")
