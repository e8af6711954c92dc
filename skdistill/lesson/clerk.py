"""One part of an answer on disk: a fragment is read, the teacher asked, a file written.

Every engine runs this one function; what it needs of the teacher comes to a worker once.
"""

import pickle
import threading
import traceback
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..disk.needed import needed
from ..disk.parts import part_path, write_part
from .slices import Slice

#: Of a batch of rows: a fragment is read, asked about and written in so many at a time.
_MOST_CELLS, _MOST_ROWS = 4_000_000, 65_536
_NEED = "An answer on disk"
_ONE_AT_A_TIME = threading.RLock()  # a net changes its modes to be asked


@dataclass(frozen=True)
class Clerk:
    """What a worker has to know.

    Attributes
    ----------
    ask : Softening
        The teacher.
    frames : Frames
        How rows of a file become what the teacher takes.
    columns : list of str
        Of the answer.
    out : str
        The folder of the parts.
    job : str
        What they belong to.
    """

    ask: Any
    frames: Any
    columns: list[str]
    out: str
    job: str

    def schema(self):
        """The schema of all parts.

        Returns
        -------
        pyarrow.Schema
            Columns of float32.
        """
        pa = needed("pyarrow", _NEED)
        return pa.schema([(name, pa.float32()) for name in self.columns])

    def write(self, fragment):
        """Answer about a fragment.

        Parameters
        ----------
        fragment : Fragment or Slice
            Its rows.

        Raises
        ------
        Unanswered
            If it cannot be read, or the teacher does not answer; nothing is written.
        OSError
            If the part cannot be written, as on a full disk.
        """
        path = part_path(self.out, fragment)
        write_part(path, self.schema(), self._answers(fragment), self.job)

    def _answers(self, fragment):
        pa, schema, n_rows = needed("pyarrow", _NEED), self.schema(), 0
        try:
            for rows in batches_of(fragment, self.frames):
                parts = self._asked(rows)
                values = np.concatenate(parts, axis=1).astype(np.float32)
                n_rows += len(values)
                yield pa.Table.from_arrays(list(map(pa.array, values.T)), schema=schema)
            if n_rows != fragment.n_rows:
                raise ValueError(
                    f"it has {n_rows} rows, and had {fragment.n_rows} when the run began"
                )
        except GeneratorExit:
            raise
        except Exception as error:  # whatever a teacher raises
            raise Unanswered(fragment.label) from error

    def _asked(self, rows):
        if not self.ask.holds_nets:
            return self.ask(rows)
        with _ONE_AT_A_TIME:
            return self.ask(rows)


class Unanswered(Exception):
    """Of a fragment there is no answer; its cause says why."""


@dataclass(frozen=True)
class Outcome:
    """How it went with a fragment.

    Attributes
    ----------
    n_rows : int
        Of the fragment.
    label : str
        What an error calls it.
    error : Exception or None
        Why there is no answer.
    """

    n_rows: int
    label: str
    error: Any = None


def answer_fragment(courier, fragment):
    """Answer about a fragment, wherever this runs.

    Parameters
    ----------
    courier : object
        Whose ``clerk()`` is the Clerk; its ``is_here`` says whether it is in the process
        that wants the outcome.
    fragment : Fragment or Slice
        Its rows.

    Returns
    -------
    Outcome
        With the error, if the teacher or the fragment is to blame: others go on.
    """
    try:
        courier.clerk().write(fragment)
    except Unanswered as error:
        why = error.__cause__
        why = why if courier.is_here else _sendable(why)
        return Outcome(fragment.n_rows, fragment.label, why)
    return Outcome(fragment.n_rows, fragment.label)


def _sendable(error):
    """The error, or its words where a pickle cannot hold it, with where it arose."""
    trace = "".join(traceback.format_exception(error))
    try:
        pickle.loads(pickle.dumps(error))
    except Exception:  # whatever a class makes of it
        error = RuntimeError(f"{type(error).__name__}: {error}")
    error.add_note(f"Where the teacher was asked:\n{trace}")
    return error


def batches_of(fragment, frames, most=_MOST_ROWS):
    """The rows of a fragment as the teacher takes them, a few at a time.

    Parameters
    ----------
    fragment : Fragment or Slice
        Rows on disk, or in memory.
    frames : Frames
        How rows of a file become a frame.
    most : int, default=65536
        Rows of a batch.

    Yields
    ------
    array-like or frame
        At least one row.
    """
    if isinstance(fragment, Slice):
        yield from fragment.batches(min(most, _rows_at_once(fragment.n_columns)))
        return
    for table in fragment.batches(min(most, _rows_at_once(len(fragment.schema)))):
        yield frames.frame(table)


def _rows_at_once(n_columns):
    """How many rows of a width are read at once: memory is bounded for any width."""
    return max(1, min(_MOST_ROWS, _MOST_CELLS // max(n_columns, 1)))
