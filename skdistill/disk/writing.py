"""Files that appear whole, or not at all, also when the power fails."""

import contextlib
import os
import uuid
from pathlib import Path


@contextlib.contextmanager
def beside_and_renamed(path):
    """Write a file beside its place, and put it there once it is complete.

    Parameters
    ----------
    path : path
        Of the file; one that is there is replaced.

    Yields
    ------
    file
        Open for bytes. Where the block raises, nothing is left of it.
    """
    path = Path(path)
    # Hidden, and of another ending: nobody who reads the folder takes it for a part. Two
    # writers of one part have a file each.
    beside = path.with_name(f".{path.name}.{os.getpid()}-{uuid.uuid4().hex[:8]}.tmp")
    try:
        with open(beside, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder):
    """Have the new name itself on the disk; Windows does that without being asked."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_text(path, text):
    """Write a small file in one step.

    Parameters
    ----------
    path : path
        Of the file.
    text : str
        What it holds.
    """
    with beside_and_renamed(path) as file:
        file.write(text.encode())


def remove_leftovers(folder):
    """Remove what writers left that were killed.

    Parameters
    ----------
    folder : path
        Where they wrote.
    """
    for path in Path(folder).glob(".*.tmp"):
        path.unlink(missing_ok=True)
