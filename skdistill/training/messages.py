"""What a process tells the others: objects, and the rows of files beside them."""

import io
import pickle

import cloudpickle

from ..disk.records import RecordFile


class _Pickler(cloudpickle.Pickler):
    """Leaves out what each process has, and files, which are sent after the message."""

    def __init__(self, buffer, theirs, files):
        super().__init__(buffer)
        self.files = files
        self._names = {id(thing): name for name, thing in _named(theirs)}

    def persistent_id(self, thing):
        if isinstance(thing, RecordFile):
            numbers = [i for i, file in enumerate(self.files) if file is thing]
            if not numbers:
                numbers = [len(self.files)]
                self.files.append(thing)
            return "file", (numbers[0], thing.folder, thing.dtype, len(thing))
        name = self._names.get(id(thing))
        return None if name is None else ("theirs", name)


class _Unpickler(pickle.Unpickler):
    def __init__(self, buffer, theirs, files):
        super().__init__(buffer)
        self.files, self.lengths = files, []
        self._theirs = dict(_named(theirs))

    def persistent_load(self, key):
        kind, what = key
        if kind == "theirs":
            return self._theirs[what]
        number, folder, dtype, n = what
        if number == len(self.files):
            file = RecordFile(folder)
            file.reserve(dtype, n)
            self.files.append(file)
            self.lengths.append(n)
        return self.files[number]


def _named(theirs):
    """Estimators and nets among some parameters, by name; members of lists by number."""
    for name, value in theirs.items():
        many = enumerate(value) if isinstance(value, list) else [(None, value)]
        for i, thing in many:
            if hasattr(thing, "__dict__") and not isinstance(thing, type):
                yield (name, i), thing


def packed(what, theirs, files):
    """An object as a message.

    Parameters
    ----------
    what : object
        Whatever cloudpickle can pickle.
    theirs : dict
        Objects by name that each process has, and which are not sent.
    files : list of RecordFile
        Those that were sent; it gets those that are new, whose rows are to be sent after
        the message.

    Returns
    -------
    bytes
        For ``unpacked``.
    """
    buffer = io.BytesIO()
    _Pickler(buffer, theirs, files).dump(what)
    return buffer.getvalue()


def unpacked(message, theirs, files):
    """The object of a message.

    Parameters
    ----------
    message : bytes
        From ``packed``.
    theirs : dict
        This process's objects, by the same names.
    files : list of RecordFile
        Those that have come before; it gets new ones, still empty.

    Returns
    -------
    what : object
        As it was.
    lengths : list of int
        How many records are to come for each new file.
    """
    unpickler = _Unpickler(io.BytesIO(message), theirs, files)
    return unpickler.load(), unpickler.lengths
