"""What a process tells the others: objects, and the rows of files beside them."""

import io
import pickle

import cloudpickle

from ..disk.records import RecordFile


class _Pickler(cloudpickle.Pickler):
    """Leaves out what each process has, and files, which are sent after the message."""

    def __init__(self, buffer, theirs):
        super().__init__(buffer)
        self.files = []
        self._names = {id(thing): name for name, thing in _named(theirs)}

    def persistent_id(self, thing):
        if isinstance(thing, RecordFile):
            self.files.append(thing)
            return "file", (thing.folder, thing.dtype, len(thing))
        name = self._names.get(id(thing))
        return None if name is None else ("theirs", name)


class _Unpickler(pickle.Unpickler):
    def __init__(self, buffer, theirs):
        super().__init__(buffer)
        self.files = []
        self._theirs = dict(_named(theirs))

    def persistent_load(self, key):
        kind, what = key
        if kind == "theirs":
            return self._theirs[what]
        folder, dtype, n = what
        file = RecordFile(folder)
        file.reserve(dtype, n)
        self.files.append((file, n))
        return file


def _named(theirs):
    """Estimators and nets among some parameters, by name; members of lists by number."""
    for name, value in theirs.items():
        many = enumerate(value) if isinstance(value, list) else [(None, value)]
        for i, thing in many:
            if hasattr(thing, "__dict__") and not isinstance(thing, type):
                yield (name, i), thing


def packed(what, theirs):
    """An object as a message.

    Parameters
    ----------
    what : object
        Whatever cloudpickle can pickle.
    theirs : dict
        Objects by name that each process has, and which are not sent.

    Returns
    -------
    message : bytes
        For ``unpacked``.
    files : list of RecordFile
        Whose rows are to be sent after it, in this order.
    """
    buffer = io.BytesIO()
    pickler = _Pickler(buffer, theirs)
    pickler.dump(what)
    return buffer.getvalue(), pickler.files


def unpacked(message, theirs):
    """The object of a message.

    Parameters
    ----------
    message : bytes
        From ``packed``.
    theirs : dict
        This process's objects, by the same names.

    Returns
    -------
    what : object
        As it was.
    files : list of (RecordFile, int)
        New ones, and how many records are to come.
    """
    unpickler = _Unpickler(io.BytesIO(message), theirs)
    return unpickler.load(), unpickler.files
