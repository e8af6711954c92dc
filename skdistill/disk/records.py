"""Rows of fixed size in a temporary file, that are read in any order, a block at a time."""

import hashlib
import shutil
import tempfile
import weakref

import numpy as np

_SPARE = 100_000_000  # bytes of the disk that are left free
_CHUNK = 1 << 24  # bytes that are handed on at once


class RecordFile:
    """Records in a temporary file without a name: it is gone when its process is.

    Parameters
    ----------
    folder : str or path, default=None
        Where the file is; None for the folder of temporary files.
    """

    def __init__(self, folder=None):
        self.folder = tempfile.gettempdir() if folder is None else str(folder)
        # Not mapped into memory, where pages that were read count as the process's.
        self._file = tempfile.TemporaryFile(buffering=0, dir=self.folder)
        weakref.finalize(self, self._file.close)
        self.dtype, self._n = None, 0
        self._hash = hashlib.blake2b(digest_size=16)

    def __len__(self):
        return self._n

    def reserve(self, dtype, n):
        """Say what comes.

        Parameters
        ----------
        dtype : numpy dtype
            Of a record.
        n : int
            How many there will be.

        Raises
        ------
        OSError
            If the disk has no room for them.
        """
        self.dtype = np.dtype(dtype)
        need, free = n * self.dtype.itemsize, shutil.disk_usage(self.folder).free
        if need + _SPARE > free:
            raise OSError(
                f"The rows as the student sees them take {need / 1e9:.3g} GB, and "
                f"{self.folder} has {free / 1e9:.3g} GB left: give ParquetRows another "
                "folder as `scratch`."
            )

    def append(self, records):
        """Write records behind the others.

        Parameters
        ----------
        records : ndarray of shape (n,)
            Of the dtype.
        """
        left = memoryview(np.ascontiguousarray(records)).cast("B")
        while len(left):  # a write may take a part only
            n_written = self._file.write(left)
            self._hash.update(left[:n_written])
            left = left[n_written:]
        self._n += len(records)

    def chunks(self):
        """All records, as bytes.

        Yields
        ------
        ndarray of shape (n,) of uint8
            Some whole records.
        """
        for start, stop in self._blocks(self._n):
            yield self.read([(start, stop)]).view(np.uint8)

    def filled(self, n):
        """Empty chunks, each of which is written once the caller has filled it.

        Parameters
        ----------
        n : int
            Number of records to come.

        Yields
        ------
        ndarray of shape (n,) of uint8
            As long as those of ``chunks``.
        """
        for start, stop in self._blocks(n):
            records = np.empty(stop - start, self.dtype)
            yield records.view(np.uint8)
            self.append(records)

    def _blocks(self, n):
        size = max(1, _CHUNK // self.dtype.itemsize)
        return [(i, min(i + size, n)) for i in range(0, n, size)]

    def digest(self):
        """A key of all records."""  # numpydoc ignore=RT01
        return self._hash.hexdigest()

    def read(self, slices):
        """Some records.

        Parameters
        ----------
        slices : list of (int, int)
            Start and stop of each block.

        Returns
        -------
        ndarray of shape (n,)
            One block after the other.
        """
        total = sum(stop - start for start, stop in slices)
        records, filled = np.empty(total, self.dtype), 0
        for start, stop in slices:
            self._file.seek(start * self.dtype.itemsize)
            left = memoryview(records[filled : filled + stop - start]).cast("B")
            while len(left):
                left = left[self._file.readinto(left) :]
            filled += stop - start
        return records
