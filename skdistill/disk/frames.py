"""Rows of any fragment as the frame that reading all of them at once would give.

pandas takes the type of some columns from the rows that it sees: whole numbers with a gap
become floats, categories are those of one file. What the whole says is found out once.
"""

import sys
from dataclasses import dataclass, field
from typing import Any

from .needed import needed

_ROWS = 262_144  # read at once, of few columns


@dataclass(frozen=True)
class Frames:
    """What the fragments say together, which each of them may not say alone.

    Attributes
    ----------
    categories : dict of str to pyarrow.Array
        Of each column of categories those of all fragments, in the order of the first
        one; others behind.
    with_gaps : frozenset of str
        Columns of whole numbers or booleans with a gap anywhere.
    library : {"pandas", "polars"}
        Of the frames.
    series : str or None
        The only column, if it is wanted by itself, as texts are.
    """

    categories: dict[str, Any] = field(default_factory=dict)
    with_gaps: frozenset = frozenset()
    library: str = "pandas"
    series: str | None = None

    @classmethod
    def of(cls, fragments, library="pandas", series=None):
        """Find out; only columns of categories are read, and footers.

        Parameters
        ----------
        fragments : list of Fragment
            With one schema.
        library : {"pandas", "polars"}, default="pandas"
            Of the frames.
        series : str, default=None
            The only column, if it is wanted by itself.

        Returns
        -------
        Frames
            For all of them.
        """
        types = needed("pyarrow", "Rows on disk").types
        if not fragments:
            return cls(library=library, series=series)
        schema = fragments[0].schema
        coded = [f.name for f in schema if types.is_dictionary(f.type)]
        strict = [
            f.name
            for f in schema
            if types.is_integer(f.type) or types.is_boolean(f.type)
        ]
        gaps = _gaps(fragments, strict)
        return cls(_categories(fragments, coded), gaps, library, series)

    def table(self, table):
        """The rows with the categories of all fragments.

        Parameters
        ----------
        table : pyarrow.Table
            Of one fragment, or of a few of its rows.

        Returns
        -------
        pyarrow.Table
            Its columns of categories have one dictionary each.
        """
        for name, categories in self.categories.items():
            position = table.schema.get_field_index(name)
            if position >= 0:
                column = _recoded(table.column(position), categories)
                table = table.set_column(position, table.schema.field(position), column)
        return table

    def frame(self, table):
        """The rows as a frame.

        Parameters
        ----------
        table : pyarrow.Table
            Of one fragment, or of a few of its rows.

        Returns
        -------
        frame or series
            With the types that all rows together would have.
        """
        frame = self._frame(self.table(table))
        return frame if self.series is None else frame[self.series]

    def _frame(self, table):
        if self.library == "polars":
            return needed("polars", "A frame of polars").from_arrow(table)
        frame = table.to_pandas()
        widened = {
            name: "float64" if frame[name].dtype.kind in "iu" else object
            for name in self.with_gaps & set(frame.columns)
            if frame[name].dtype.kind in "iub" and _is_numpys(frame[name].dtype)
        }
        return frame.astype(widened) if widened else frame


def _is_numpys(dtype):
    """Whether a gap changes the type; pandas' own types have room for one."""
    return type(dtype).__module__.partition(".")[0] == "numpy"


def _categories(fragments, names):
    """The union of the dictionaries of each column, in the order of appearance."""
    found = {name: {} for name in names}
    for fragment in fragments if names else ():
        for table in fragment.batches(_ROWS, names):
            for name in names:
                for chunk in table.column(name).chunks:
                    # A dict: the order stays.
                    found[name].update(dict.fromkeys(chunk.dictionary.to_pylist()))
    pa, schema = sys.modules["pyarrow"], fragments[0].schema
    return {
        name: pa.array(list(values), schema.field(name).type.value_type)
        for name, values in found.items()
    }


def _recoded(column, categories):
    """A column of categories by their places among all of them."""
    pa, pc = sys.modules["pyarrow"], needed("pyarrow.compute", "Rows on disk")
    chunks = []
    for chunk in column.chunks:
        codes = chunk.indices
        if not chunk.dictionary.equals(categories):
            codes = pc.index_in(chunk.dictionary, value_set=categories).take(codes)
        codes = codes.cast(column.type.index_type)
        chunks.append(
            pa.DictionaryArray.from_arrays(
                codes, categories, ordered=column.type.ordered
            )
        )
    return pa.chunked_array(chunks, column.type)


def _gaps(fragments, names):
    """Columns with a gap, by the footers; read where a footer does not say."""
    return frozenset(
        name for name in names if any(_has_gap(f, name) for f in fragments)
    )


def _has_gap(fragment, name):
    if name in (fragment.partition or ()):
        return False
    counts = fragment.null_counts.get(name)
    if counts is not None:
        return counts > 0
    return any(
        table.column(name).null_count for table in fragment.batches(_ROWS, [name])
    )
