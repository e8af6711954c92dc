"""Rows on disk as `fit` takes them: a source, and which columns are targets and weights."""

from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Integral
from typing import Any

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.random import sample_without_replacement

from .fragments import column_names, fragments_of
from .frames import Frames
from .needed import needed
from .schemas import index_columns
from .sources import is_on_disk

_ROWS, _CELLS = 65_536, 2_000_000  # of a batch that is read
_MOST = 100_000


class ParquetRows:
    """Rows on disk that a student learns from, in bounded memory.

    Give it to ``fit`` as X, without y and sample_weight, which it holds. No more rows than
    ``max_rows`` are read whole, and learnt as a frame of them would be. Of more,

    - nets, soft trees and students of texts learn all rows, epoch after epoch;
      ``early_stopping`` holds out whole files (or groups of 250,000 rows of a large one),
      where there are ten or more;
    - other students learn from a uniform sample of ``max_rows``.

    Parameters
    ----------
    source : str, path, list of these, or pyarrow.dataset.Dataset
        A folder of Parquet files, a file, a list of files, or a dataset of them.
    target : str or list of str, default=None
        The column of labels or values; a list for several targets. None: the rows have
        none, and a teacher says all. Rows with a gap there are unlabelled: what a teacher
        says of them counts, as of ``X_transfer``; each batch has the same share of them.
    weight : str, default=None
        The column of the rows' weights.
    columns : list of str, default=None
        What teacher and student see, in this order; None for all other columns.
    buffer_rows : int, default=100000
        Rows that are shuffled at once in training. Each buffer is of blocks from all over
        the rows.
    max_rows : int, default=None
        Rows that may be in memory as a frame. None: 100,000, and a warning from students
        that learn from no more.
    scratch : str or path, default=None
        Folder for a temporary file of the rows as a net sees them: about 4 bytes for each
        of their numbers. None for that of temporary files.
    random_state : int, RandomState instance or None, default=0
        Chooses the sample.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import pandas as pd
    >>> from skdistill import NeuralStudentClassifier, ParquetRows
    >>> folder = tempfile.mkdtemp()
    >>> for part in range(2):
    ...     x = np.arange(40.0) + 40 * part
    ...     rows = pd.DataFrame({"x": x, "churn": np.where(x % 40 < 20, "no", "yes")})
    ...     rows.to_parquet(f"{folder}/{part}.parquet")
    >>> rows = ParquetRows(folder, target="churn")
    >>> len(rows)
    80
    >>> student = NeuralStudentClassifier(random_state=0, max_epochs=3).fit(rows)
    >>> student.classes_.tolist(), student.feature_names_in_.tolist()
    (['no', 'yes'], ['x'])
    """

    def __init__(
        self,
        source,
        target=None,
        *,
        weight=None,
        columns=None,
        buffer_rows=_MOST,
        max_rows=None,
        scratch=None,
        random_state=0,
    ):
        for name, value in {"buffer_rows": buffer_rows, "max_rows": max_rows}.items():
            is_count = isinstance(value, Integral) and value > 0
            if not is_count and not (name == "max_rows" and value is None):
                raise ValueError(f"{name}={value!r} must be a number of rows above 0.")
        self.source = source
        self.target = target
        self.weight = weight
        self.columns = columns
        self.buffer_rows = buffer_rows
        self.max_rows = max_rows
        self.scratch = scratch
        self.random_state = random_state

    def __len__(self):
        return self.opened().n_rows

    def __repr__(self):
        target = "" if self.target is None else f", target={self.target!r}"
        return f"ParquetRows({self.source!r}{target})"

    def opened(self):
        """The files as they are now.

        Returns
        -------
        OpenRows
            To be read.

        Raises
        ------
        ValueError
            If the source holds no rows or lacks a column, if its files do not agree, or if
            a column is named twice.
        TypeError
            If it is not on disk.
        """
        if not is_on_disk(self.source):
            kind = type(self.source).__name__
            raise TypeError(
                f"ParquetRows takes a source on disk, and got {kind}: "
                "give its frames to fit; write a plan of Dask, polars or Ray to Parquet."
            )
        is_one = isinstance(self.target, str)
        targets = [self.target] if is_one else list(self.target or [])
        others = [*targets, *([] if self.weight is None else [self.weight])]
        self._check_there(others)
        _check_named_once([*others, *(self.columns or [])])
        wanted = None if self.columns is None else [*self.columns, *others]
        fragments = fragments_of(self.source, wanted)
        if not any(fragment.n_rows for fragment in fragments):
            raise ValueError(f"{self!r} holds no rows.")
        schema = fragments[0].schema
        left_out = {*others, *index_columns(schema)}
        names = [name for name in schema.names if name not in left_out]
        target = targets[0] if is_one else targets or None
        return OpenRows(self, fragments, names, target, self.weight)

    def batches(self):
        """All rows in order, a few at a time: to predict, for example.

        Yields
        ------
        Batch
            With ``X``, a frame, and ``y`` and ``weight``.
        """
        yield from self.opened().batches()

    def _check_there(self, names):
        there = column_names(self.source)
        missing = [name for name in names if name not in there]
        if missing:
            raise ValueError(f"{self!r} has no columns {missing}, but {there}.")


def _check_named_once(names):
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(
            f"target, weight and columns name {twice} more than once: each column can be "
            "one of these."
        )


@dataclass(frozen=True)
class Batch:
    """Some rows that were read.

    Attributes
    ----------
    start : int
        Position of the first one among all.
    X : frame of shape (n, n_features)
        What teacher and student see.
    y : series or frame, or None
        Targets of the labelled rows.
    labelled : ndarray of bool, shape (n,), or None
        Which rows have a target; None for all.
    weight : ndarray of shape (n,) or None
        Weights.
    fragment : int
        Number of the fragment that they are of.
    label : str
        What an error calls them: their file, and where in it they begin.
    """

    start: int
    X: Any
    y: Any = None
    weight: Any = None
    labelled: Any = None
    fragment: int = 0
    label: str = ""

    def __len__(self):
        return len(self.X)


def _numbers(weight):
    try:
        return weight.to_numpy(np.float64, na_value=np.nan)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Column {weight.name!r} of weights must hold numbers: {error}"
        ) from error


def _typed(y, kind):
    types = needed("pyarrow", "Rows").types
    is_plain = isinstance(y.dtype, np.dtype) and y.dtype.kind in "iub"
    if types.is_integer(kind) and not is_plain:
        return y.astype(np.int64)
    return y.astype(bool) if types.is_boolean(kind) and not is_plain else y


@dataclass(frozen=True)
class OpenRows:
    """Rows whose files have been listed.

    Attributes
    ----------
    rows : ParquetRows
        What the user gave.
    fragments : list of Fragment
        In order.
    columns : list of str
        What teacher and student see.
    target : str, list of str or None
        Targets.
    weight : str or None
        Weights.
    """

    rows: Any
    fragments: list
    columns: list
    target: Any = None
    weight: Any = None

    @property
    def n_rows(self):
        """Number of all rows."""  # numpydoc ignore=RT01
        return sum(fragment.n_rows for fragment in self.fragments)

    @property
    def max_rows(self):
        """Rows that may be in memory at once."""  # numpydoc ignore=RT01
        return _MOST if self.rows.max_rows is None else int(self.rows.max_rows)

    @property
    def fits_in_memory(self):
        """Whether all rows may be read whole."""  # numpydoc ignore=RT01
        return self.n_rows <= self.max_rows

    @cached_property
    def frames(self):
        """How rows become frames, all of one type."""  # numpydoc ignore=RT01
        return Frames.of(self.fragments)

    @property
    def label_columns(self):
        """Positions of the columns of strings or categories."""
        # numpydoc ignore=RT01
        types, schema = needed("pyarrow", "Rows").types, self.fragments[0].schema
        kinds = types.is_string, types.is_large_string, types.is_dictionary
        return [
            j
            for j, name in enumerate(self.columns)
            if any(is_kind(schema.field(name).type) for is_kind in kinds)
        ]

    def only(self, columns):
        """The same rows with some of the columns, and no target.

        Parameters
        ----------
        columns : list of str
            Names.

        Returns
        -------
        OpenRows
            With the same weights.
        """
        return replace(self, columns=columns, target=None)

    def batches(self, without=()):
        """All rows in order, a few at a time.

        Parameters
        ----------
        without : collection of int
            Numbers of fragments that are not read.

        Yields
        ------
        Batch
            At least one row.
        """
        start, names = 0, self._names()
        most = max(1, min(_ROWS, _CELLS // len(names)))
        for i, fragment in enumerate(self.fragments):
            before = start
            if i in without:
                start += fragment.n_rows
                continue
            for table in fragment.batches(most, names):
                done = start - before
                label = fragment.label + (f", from row {done}" if done else "")
                batch = self._batch(start, self.frames.frame(table))
                yield replace(batch, fragment=i, label=label)
                start += len(table)
            if start - before != fragment.n_rows:
                raise ValueError(
                    f"{fragment.label} has {start - before} rows, and had "
                    f"{fragment.n_rows} when fit began."
                )

    def _names(self):
        targets = [self.target] if isinstance(self.target, str) else self.target
        weights = [] if self.weight is None else [self.weight]
        return [*self.columns, *(targets or []), *weights]

    def _batch(self, start, frame):
        frame = frame.reset_index(drop=True)
        y = labelled = None
        if self.target is not None:
            y, labelled = self._targets(frame[self.target])
        weight = None
        if self.weight is not None:
            weight = _numbers(frame[self.weight])
        return Batch(start, frame[self.columns], y, weight, labelled)

    def _targets(self, y):
        """Those that are there, in the type of the files: gaps made floats of integers."""
        gaps = y.isna().to_numpy().reshape(len(y), -1).any(axis=1)
        labelled = ~gaps if gaps.any() else None
        y = y[~gaps]
        if isinstance(self.target, str):
            return _typed(y, self.fragments[0].schema.field(self.target).type), labelled
        return y, labelled

    def sample(self):
        """Positions of a uniform sample: of all rows, if they fit in memory.

        Returns
        -------
        ndarray of shape (n,)
            Ascending.
        """
        if self.fits_in_memory:
            return np.arange(self.n_rows)
        random = check_random_state(self.rows.random_state)
        chosen = sample_without_replacement(
            self.n_rows, self.max_rows, random_state=random
        )
        return np.sort(chosen)
