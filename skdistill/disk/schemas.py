"""One schema for all files of a source, or an error that names the file that differs."""

import sys

from .needed import needed


def common_schema(files, of_folders, columns=None):
    """The schema in which the rows of all files can be read.

    Types may differ in width, a column of gaps alone may have none; the wider type serves
    all. Columns may stand in another order.

    Parameters
    ----------
    files : list of (str, pyarrow.Schema)
        Path and schema of each.
    of_folders : dict of str to pyarrow.Field
        Columns whose values stand in the names of folders.
    columns : list of str, default=None
        Only these, in this order.

    Returns
    -------
    pyarrow.Schema
        Names in the order of the first file, then those of the folders' names.

    Raises
    ------
    ValueError
        If a file lacks a column or has one more, or if one column has two types.
    """
    pa = needed("pyarrow", "A source of rows on disk")
    path, first = files[0]
    partial = _partial_index(files)
    wanted = _wanted(first, of_folders, columns, path)
    wanted = [name for name in wanted if name not in partial]
    _check_names(files, set(wanted) - set(of_folders), partial, columns is None)
    fields = [
        _plain(of_folders[name]) if name in of_folders else _field(name, files)
        for name in wanted
    ]
    return pa.schema(fields, metadata=first.metadata)


def _wanted(first, of_folders, columns, path):
    """Names of columns in order, with those of an index that pandas keeps as a column."""
    if len(set(first.names)) < len(first.names):
        raise ValueError(f"{path}: two columns have one name: {first.names}.")
    every = [*first.names, *(name for name in of_folders if name not in first.names)]
    if columns is None:
        return every
    missing = [name for name in columns if name not in every]
    if missing:
        raise ValueError(f"columns={missing}: {path} has no such column, but {every}.")
    index = [name for name in index_columns(first) if name not in columns]
    return [*columns, *index]


def index_columns(schema):
    """Names of the columns that pandas keeps an index in.

    Parameters
    ----------
    schema : pyarrow.Schema
        Of a file.

    Returns
    -------
    list of str
        Empty for a plain index, or none.
    """
    known = (schema.pandas_metadata or {}).get("index_columns", [])
    return [name for name in known if isinstance(name, str) and name in schema.names]


def _partial_index(files):
    """Columns of an index that pandas wrote to some files: to others it was a count."""
    index = {name for _, schema in files for name in index_columns(schema)}
    return {n for n in index if any(n not in schema.names for _, schema in files)}


def _check_names(files, wanted, partial, is_all):
    for path, schema in files:
        missing = sorted(wanted - set(schema.names))
        more = sorted(set(schema.names) - wanted - partial) if is_all else []
        if not missing and not more:
            continue
        what = [f"lacks the columns {missing}"] if missing else []
        what += [f"has the columns {more}"] if more else []
        raise ValueError(
            f"{path} {' and '.join(what)}, unlike the first file, {files[0][0]}: give "
            "`columns` that all files have, or leave this file out."
        )


def _field(name, files):
    """A column's field in the widest of its types."""
    pa = sys.modules["pyarrow"]
    path, schema = files[0]
    widest = _plain(schema.field(name))
    for other_path, other in files[1:]:
        field = _plain(other.field(name))
        if field.type == widest.type:
            continue
        try:
            both = pa.unify_schemas(
                [pa.schema([widest]), pa.schema([field])], promote_options="permissive"
            )
        except (pa.ArrowTypeError, pa.ArrowInvalid) as error:
            raise ValueError(
                f"{other_path}: column {name!r} is {field.type}, and {widest.type} in "
                f"{path}: write all files with one type."
            ) from error
        widest = both.field(0)
    return widest


def _plain(field):
    """A field whose positions of categories have one width, and gaps are allowed."""
    pa = sys.modules["pyarrow"]
    if pa.types.is_dictionary(field.type):
        kind = pa.dictionary(pa.int32(), field.type.value_type, field.type.ordered)
        field = field.with_type(kind)
    return field.with_nullable(True)


def conformed(table, schema, partition=None):
    """A table of one file in the schema of all.

    Parameters
    ----------
    table : pyarrow.Table
        As it was read.
    schema : pyarrow.Schema
        The common one, or part of it.
    partition : dict, default=None
        Values of columns that are not in the file.

    Returns
    -------
    pyarrow.Table
        With the columns in the schema's order.
    """
    pa = sys.modules["pyarrow"]
    columns = [
        _repeated(partition[field.name], field.type, len(table))
        if partition and field.name in partition
        else table.column(field.name).cast(field.type)
        for field in schema
    ]
    return pa.Table.from_arrays(columns, schema=schema)


def _repeated(value, kind, n):
    pa = sys.modules["pyarrow"]
    if not pa.types.is_dictionary(kind):
        return pa.repeat(pa.scalar(value, kind), n)
    values = pa.array([value], kind.value_type)
    zeros = pa.repeat(pa.scalar(0, kind.index_type), n)
    return pa.DictionaryArray.from_arrays(zeros, values, ordered=kind.ordered)
