"""What is a source of rows, rather than rows in memory; plans are carried out once.

A frame of Dask, a lazy one of polars and a dataset of Ray are plans: carried out again,
they may give other rows, or another order. So they are carried out once, into a folder,
in bounded memory, and that folder is the source.
"""

import hashlib
import os
import shutil
from itertools import chain
from os import PathLike
from pathlib import Path

from filelock import FileLock

from .needed import needed
from .writing import beside_and_renamed, write_text

_PLAN = "_plan"  # what was carried out
_ROWS = 65_536


def is_on_disk(X):
    """Whether X names files, rather than holding rows.

    Parameters
    ----------
    X : object
        As the user gave it.

    Returns
    -------
    bool
        True for a string or path, a list of paths or of strings that end in ".parquet",
        and a dataset of pyarrow.
    """
    if isinstance(X, str | PathLike):
        return True
    if isinstance(X, list | tuple) and X:
        return all(
            isinstance(each, PathLike)
            or (isinstance(each, str) and each.endswith(".parquet"))
            for each in X
        )
    return hasattr(X, "get_fragments")


def is_plan(X):
    """Whether X is rows that are still to be computed.

    Parameters
    ----------
    X : object
        As the user gave it.

    Returns
    -------
    bool
        True for frames of Dask, lazy frames of polars, and datasets of Ray.
    """
    return _library(X) in _WRITERS


def library_of(X):
    """The library whose frames the teacher of such rows takes.

    Parameters
    ----------
    X : object
        As the user gave it.

    Returns
    -------
    {"pandas", "polars"}
        A folder is read by pandas.
    """
    return "polars" if _library(X) == "polars" else "pandas"


def carried_out(plan, folder):
    """The folder of a plan's rows, written now or by a run before.

    Parameters
    ----------
    plan : object
        A frame of Dask, a lazy frame of polars, or a dataset of Ray.
    folder : path
        Where the rows go.

    Returns
    -------
    pathlib.Path
        The folder.

    Raises
    ------
    ValueError
        If the folder holds the rows of another plan, or it cannot be told.
    """
    folder, key = Path(folder), _key(plan)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Two runs at once: the second waits, and finds the rows.
    with FileLock(str(folder.with_name(f".{folder.name}.lock"))):
        if not folder.exists():
            _carry_out(plan, folder, key)
            return folder
    written = folder / _PLAN
    if not written.exists() or key is None or written.read_text() != key:
        why = "of this plan, or of another" if key is None else "of another plan"
        raise ValueError(
            f"{str(folder)!r} holds rows {why}. Give it as X to go on with these rows, or "
            "delete it, and `out` with it."
        )
    return folder


def _carry_out(plan, folder, key):
    """Write into a folder beside, which is then renamed: it is complete, if it is there."""
    beside = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(beside, ignore_errors=True)  # of a run that was killed
    beside.mkdir()
    try:
        _WRITERS[_library(plan)](plan, beside)
        write_text(beside / _PLAN, key or "")
        os.replace(beside, folder)
    except BaseException:
        shutil.rmtree(beside, ignore_errors=True)
        raise


def _key(plan):
    """A key of what is to be computed; None where the library has none."""
    library = _library(plan)
    if library == "polars":
        return hashlib.sha256(plan.serialize()).hexdigest()
    return plan._name if library == "dask" else None


def _library(X):
    name = type(X).__module__.partition(".")[0]
    if name == "polars" and not hasattr(X, "collect"):
        return None  # rows in memory
    return {"dask_expr": "dask"}.get(name, name)


def _write_polars(plan, folder):
    plan.sink_parquet(folder / "rows.parquet", row_group_size=_ROWS)


def _write_dask(plan, folder):
    dask = needed("dask", "A frame of Dask")
    write = dask.delayed(_write_frame)
    parts = enumerate(plan.to_delayed())
    dask.compute(*(write(part, folder / f"rows-{i:06d}.parquet") for i, part in parts))


def _write_frame(frame, path):
    # pandas leaves out the index of a partition that happens to count from 0.
    frame.to_parquet(path, index=True)


def _write_ray(plan, folder):
    """In the order in which Ray yields the rows."""
    pa, pq = needed("pyarrow", "A Ray dataset"), needed("pyarrow.parquet", "Rows")
    batches = iter(plan.iter_batches(batch_size=_ROWS, batch_format="pyarrow"))
    first = next(batches, None)
    if first is None:
        raise ValueError("X is a Ray dataset without rows.")
    with (
        beside_and_renamed(folder / "rows.parquet") as file,
        pq.ParquetWriter(file, first.schema) as writer,
    ):
        for batch in chain([first], batches):
            writer.write_table(pa.table(batch).cast(first.schema))


_WRITERS = {"polars": _write_polars, "dask": _write_dask, "ray": _write_ray}
