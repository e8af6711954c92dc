"""Any source of rows as a list of fragments, each of which is read by itself.

A fragment is a Parquet file, or some row groups of a large one. Nothing but footers is
read to list them. Rows come out in one schema, whatever file they are from.
"""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from os import PathLike
from pathlib import Path
from typing import Any

from .needed import needed
from .schemas import common_schema, conformed

#: Row groups of a large file are put together up to so many rows: what a run that is
#: killed may lose, and what one worker does while others have nothing left to do.
_ROWS_OF_FRAGMENT = 250_000
_BUFFER = 2**18  # bytes of each column


@dataclass(frozen=True)
class Fragment:
    """Some rows of a source.

    Attributes
    ----------
    name : str
        From its place among the others; safe as the name of a file.
    path : str
        Of its file.
    n_rows : int
        Number of rows.
    schema : pyarrow.Schema
        Common to all fragments; columns are read in this order.
    fingerprint : str
        Another one once the file is changed: its size, the time of its last change, and
        the row groups.
    row_groups : tuple of int or None
        None for all of the file's.
    label : str
        What an error calls it: its path within the source, and the row groups.
    partition : dict
        Values that its folder's name gives to columns, which are not in the file.
    filesystem : pyarrow.fs.FileSystem or None
        None for the local one.
    null_counts : dict of str to int
        Of the columns whose gaps the footer counts.
    """

    name: str
    path: str
    n_rows: int
    schema: Any
    fingerprint: str
    row_groups: tuple | None = None
    label: str = ""
    partition: Any = None
    filesystem: Any = None
    null_counts: Any = field(default_factory=dict, repr=False, compare=False)

    def read(self, columns=None):
        """All rows at once.

        Parameters
        ----------
        columns : list of str, default=None
            Only these, in this order.

        Returns
        -------
        pyarrow.Table
            In the common schema.
        """
        pa = sys.modules["pyarrow"]
        schema = self._schema_of(columns)
        return pa.concat_tables(
            [schema.empty_table(), *self.batches(max(self.n_rows, 1), columns)]
        )

    def batches(self, max_rows, columns=None):
        """The rows, a few at a time.

        Parameters
        ----------
        max_rows : int
            Most rows of a batch.
        columns : list of str, default=None
            Only these, in this order.

        Yields
        ------
        pyarrow.Table
            In the common schema; never empty.
        """
        pa, pq = needed("pyarrow", _NEED), needed("pyarrow.parquet", _NEED)
        schema = self._schema_of(columns)
        partition = self.partition or {}
        names = [name for name in schema.names if name not in partition]
        # Through a small buffer, rather than a column of a row group at a time: of one
        # group of 3 million rows x 20 that took 720 MB in the place of 260.
        how = {"pre_buffer": False, "buffer_size": _BUFFER}
        with pq.ParquetFile(self.path, filesystem=self.filesystem, **how) as file:
            groups = None if self.row_groups is None else list(self.row_groups)
            for batch in file.iter_batches(max_rows, groups, columns=names):
                if batch.num_rows:
                    table = pa.Table.from_batches([batch])
                    yield conformed(table, schema, partition)

    def _schema_of(self, columns):
        if columns is None:
            return self.schema
        pa = needed("pyarrow", _NEED)
        chosen = [self.schema.field(name) for name in columns]
        return pa.schema(chosen, metadata=self.schema.metadata)


_NEED = "A source of rows on disk"


def fragments_of(source, columns=None):
    """The fragments of a source, in order.

    Parameters
    ----------
    source : str, path, list of these, or pyarrow.dataset.Dataset
        A folder of Parquet files (with the folders in it; hidden files, and those whose
        names start with an underscore, are passed over), a file, a list of files, or a
        dataset of Parquet files.
    columns : list of str, default=None
        Only these, in this order; None for all of the first file's. An index that pandas
        wrote comes with them.

    Returns
    -------
    list of Fragment
        One for each file, or several for a large one.

    Raises
    ------
    ValueError
        If there is no file, or the files differ in their columns.
    FileNotFoundError
        If the source is not there.
    TypeError
        If it is something else.
    """
    dataset = _dataset_of(source)
    every = [_File(fragment) for fragment in dataset.get_fragments()]
    if not every:
        raise ValueError(f"{_named(source)} holds no Parquet file.")
    named = {name for file in every for name in file.partition}
    of_folders = {each.name: each for each in dataset.schema if each.name in named}
    schema = common_schema(
        [(file.path, file.schema) for file in every], of_folders, columns
    )
    root = _root_of(source, every)
    parts = [part for file in every for part in file.parts(schema, root)]
    return [replace(part, name=f"part-{i:06d}") for i, part in enumerate(parts)]


def column_names(source):
    """Names of the columns of a source's first file, and of its folders.

    Parameters
    ----------
    source : str, path, list of these, or pyarrow.dataset.Dataset
        As for ``fragments_of``.

    Returns
    -------
    list of str
        In order.
    """
    return _dataset_of(source).schema.names


def _dataset_of(source):
    """Any source that is on disk, as a dataset of pyarrow."""
    ds = needed("pyarrow.dataset", _NEED)
    if isinstance(source, ds.FileSystemDataset):
        if not isinstance(source.format, ds.ParquetFileFormat):
            raise TypeError(
                "A dataset of files must be of Parquet; write it with "
                "pyarrow.dataset.write_dataset(dataset, folder, format='parquet')."
            )
        return source
    if isinstance(source, str | PathLike):
        _check_there(source)
        files = str(source)
    elif isinstance(source, Iterable) and not hasattr(source, "schema"):
        files = [str(path) for path in source]
        for path in files:
            _check_there(path)
    else:
        raise TypeError(
            f"{type(source).__name__} is no source of rows: give a folder or a list of "
            "Parquet files, or a dataset of pyarrow."
        )
    # As pandas reads them: what a folder's name says is a category.
    by_folder = ds.HivePartitioning.discover(infer_dictionary=True)
    return ds.dataset(
        files, format="parquet", partitioning=by_folder, exclude_invalid_files=False
    )


def _check_there(path):
    if not Path(path).exists():
        raise FileNotFoundError(f"{str(path)!r} is not there.")


def _named(source):
    text = str(source) if isinstance(source, str | PathLike) else repr(source)
    return text if len(text) < 100 else f"{text[:97]}..."


def _root_of(source, files):
    """What the paths of all files begin with, which labels leave out.

    A folder that has moved, with the times of its files, is the same source.
    """
    if isinstance(source, str | PathLike) and Path(source).is_dir():
        return str(Path(source).absolute())
    folders = {str(Path(file.path).parent) for file in files}
    return min(folders) if len(folders) == 1 else ""


class _File:
    """A Parquet file of a dataset."""

    def __init__(self, fragment):
        ds = sys.modules["pyarrow.dataset"]
        self.fragment = fragment
        self.path = fragment.path
        try:
            self.schema = fragment.physical_schema
            self.metadata = fragment.metadata
        except (OSError, sys.modules["pyarrow"].ArrowInvalid) as error:
            raise ValueError(
                f"{self.path} cannot be read as Parquet: {error}"
            ) from error
        self.partition = ds.get_partition_keys(fragment.partition_expression)

    def parts(self, schema, root):
        """The file, or a fragment for some row groups each, where it is large."""
        is_local = type(self.fragment.filesystem).__name__ == "LocalFileSystem"
        info = self.fragment.filesystem.get_file_info(self.path)
        path = str(Path(self.path).absolute()) if is_local else self.path
        label = path.removeprefix(root).lstrip("/") if root else path
        groups = self._groups()
        for some in groups:
            rows = sum(self.metadata.row_group(g).num_rows for g in some)
            # Where it is said which row groups: one fragment is not all of the file.
            is_all = len(some) == self.metadata.num_row_groups
            which = "" if is_all else f", row groups {some[0]} to {some[-1]}"
            yield Fragment(
                name="",
                path=path,
                n_rows=rows,
                schema=schema,
                fingerprint=f"{info.size} bytes of {info.mtime_ns}{which}",
                row_groups=None if is_all else tuple(some),
                label=label + which,
                partition=self.partition,
                filesystem=None if is_local else self.fragment.filesystem,
                null_counts=self._null_counts(some),
            )

    def _null_counts(self, groups):
        """Gaps of each plain column, where the footer says how many there are."""
        counts, unknown = {}, set()
        for group in groups:
            for j in range(self.metadata.num_columns):
                column = self.metadata.row_group(group).column(j)
                name, known = column.path_in_schema, column.statistics
                if known is None or not known.has_null_count:
                    unknown.add(name)
                else:
                    counts[name] = counts.get(name, 0) + known.null_count
        return {name: count for name, count in counts.items() if name not in unknown}

    def _groups(self):
        """Numbers of row groups, put together up to the size of a fragment."""
        together, n_rows = [[]], 0
        for group in self.fragment.row_groups:  # all, or those that the user chose
            rows = group.num_rows
            if together[-1] and n_rows + rows > _ROWS_OF_FRAGMENT:
                together.append([])
                n_rows = 0
            together[-1].append(group.id)
            n_rows += rows
        return together
