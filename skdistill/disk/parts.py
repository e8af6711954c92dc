"""The parts of an answer on disk: one Parquet file for each fragment."""

import sys
from pathlib import Path

from .needed import needed
from .writing import beside_and_renamed

_JOB = b"skdistill.job"
_AGAIN = "and another run of soft_targets makes it again"


def part_path(folder, fragment):
    """Where the answer about a fragment is.

    Parameters
    ----------
    folder : path
        Of all parts.
    fragment : Fragment
        Any object with a name.

    Returns
    -------
    pathlib.Path
        Of its file.
    """
    return Path(folder) / f"{fragment.name}.parquet"


def write_part(path, schema, tables, job):
    """Write a part, a few rows at a time.

    Parameters
    ----------
    path : path
        Of its file.
    schema : pyarrow.Schema
        Of all parts.
    tables : iterable of pyarrow.Table
        The rows.
    job : str
        What it belongs to.

    Returns
    -------
    int
        Number of rows.
    """
    pq = needed("pyarrow.parquet", "An answer on disk")
    n_rows = 0
    with beside_and_renamed(path) as file:
        # Floats do not repeat: a dictionary of them would only take time.
        schema = schema.with_metadata({_JOB: job.encode()})
        with pq.ParquetWriter(file, schema, use_dictionary=False) as writer:
            for table in tables:
                writer.write_table(table.cast(schema))
                n_rows += table.num_rows
    return n_rows


def rows_of_part(path, schema, job):
    """Number of rows of a complete part.

    Parameters
    ----------
    path : path
        Of its file.
    schema : pyarrow.Schema
        That it must have.
    job : str
        What it must belong to.

    Returns
    -------
    int or None
        None where there is none, or it is cut short, or belongs to another job.
    """
    pq = needed("pyarrow.parquet", "An answer on disk")
    try:
        with pq.ParquetFile(path) as file:
            is_ours = (file.schema_arrow.metadata or {}).get(_JOB) == job.encode()
            if not (is_ours and file.schema_arrow.equals(schema)):
                return None
            return file.metadata.num_rows
    except FileNotFoundError:
        return None
    except (OSError, sys.modules["pyarrow"].ArrowInvalid):
        return None  # no footer: it was cut short


def read_part(folder, name, n_rows, job):
    """A part that is complete.

    Parameters
    ----------
    folder : path
        Of all parts.
    name : str
        Of its fragment.
    n_rows : int
        Number of rows that it must have.
    job : str
        What it must belong to.

    Returns
    -------
    pyarrow.Table
        Its rows.

    Raises
    ------
    ValueError
        If it is not there whole.
    """
    pq = needed("pyarrow.parquet", "An answer on disk")
    path = Path(folder) / f"{name}.parquet"
    try:
        table = pq.read_table(path, partitioning=None)
    except (OSError, sys.modules["pyarrow"].ArrowInvalid) as error:
        raise ValueError(f"{path} cannot be read, {_AGAIN}: {error}") from error
    is_ours = (table.schema.metadata or {}).get(_JOB) == job.encode()
    if not is_ours or table.num_rows != n_rows:
        raise ValueError(f"{path} is not the part that was written, {_AGAIN}.")
    return table
