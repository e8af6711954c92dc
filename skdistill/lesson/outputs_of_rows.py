"""Outputs on disk for rows on disk, read along with them."""

from pathlib import Path

import numpy as np

from ..disk.parts import read_part
from .read_back import arranged, checked_manifest

_NAME = "teacher_output"


class OutputsOfRows:
    """What ``soft_targets`` wrote about the same fragments.

    Parameters
    ----------
    folder : str or path
        Its ``out``.
    rows : OpenRows
        The rows.

    Raises
    ------
    ValueError
        If the folder is not complete, or of other rows.
    """

    def __init__(self, folder, rows):
        self.folder = Path(folder)
        self.manifest = checked_manifest(self.folder, _NAME)
        self._check_same(rows)
        self._part = self._values = None

    def _check_same(self, rows):
        known, now = self.manifest.fragments, rows.fragments
        if len(known) != len(now):
            raise ValueError(
                f"{_NAME}={str(self.folder)!r} is about {len(known)} fragments, and the "
                f"rows have {len(now)}: run soft_targets on this source."
            )
        for was, fragment in zip(known, now, strict=True):
            pair = fragment.n_rows, fragment.fingerprint
            if (was["n_rows"], was["fingerprint"]) != pair:
                raise ValueError(
                    f"{_NAME}={str(self.folder)!r} is about other rows than those of "
                    f"{fragment.label}: {was['n_rows']} rows in {was['fingerprint']}, "
                    f"not {pair[0]} rows in {pair[1]}. Run soft_targets again."
                )

    def raw(self, start, n):
        """Outputs as they were written.

        Parameters
        ----------
        start : int
            Position of the first row.
        n : int
            How many, all of one fragment.

        Returns
        -------
        ndarray of shape (n, n_columns)
            Of float32.
        """
        first = 0
        for part in self.manifest.fragments:
            if start < first + part["n_rows"]:
                return self._of(part)[start - first : start - first + n]
            first += part["n_rows"]
        raise ValueError(f"{_NAME} has no row {start}.")

    def _of(self, part):
        if self._part != part["name"]:  # rows come in order: one part is kept
            table = read_part(
                self.folder, part["name"], part["n_rows"], self.manifest.job
            )
            columns = [column.to_numpy() for column in table.columns]
            self._part, self._values = part["name"], np.column_stack(columns)
        return self._values

    def arranged(self, values):
        """Outputs as ``fit`` takes them.

        Parameters
        ----------
        values : ndarray of shape (n, n_columns)
            From ``raw``.

        Returns
        -------
        object
            A frame of probabilities, or values.
        """
        return arranged(values, self.manifest, _NAME)
