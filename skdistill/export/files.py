"""Files that are written whole, or not at all."""

import os
from pathlib import Path


def write_whole(path, content, suffix):
    """Write a file in one step: nobody ever finds half of it.

    Parameters
    ----------
    path : str or path
        Of the file; one that is there is replaced.
    content : str or bytes
        What it holds; text is written as UTF-8, with the line ends that it has.
    suffix : str
        How its name must end, such as ".onnx".

    Raises
    ------
    ValueError
        If the path does not end in the suffix.
    FileNotFoundError
        If its folder is not there.
    OSError
        If the disk is full, or the folder may not be written to. What was at the path
        before is still there.
    """
    path = checked_path(path, suffix)
    content = content.encode() if isinstance(content, str) else content
    # Beside the file, since only within a folder a file is renamed in one step.
    beside = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        beside.write_bytes(content)
        os.replace(beside, path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def checked_path(path, suffix):
    """The path of a file that could be written.

    Parameters
    ----------
    path : str or path
        Of the file.
    suffix : str
        How its name must end.

    Returns
    -------
    pathlib.Path
        The same.

    Raises
    ------
    TypeError
        If it is no path.
    ValueError
        If it does not end in the suffix.
    FileNotFoundError
        If its folder is not there.
    """
    if not isinstance(path, str | os.PathLike):
        raise TypeError(f"path={path!r} must be a path that ends in {suffix}.")
    path = Path(path)
    if path.suffix != suffix:
        raise ValueError(f"path={str(path)!r} must end in {suffix}.")
    if not path.parent.is_dir():
        raise FileNotFoundError(
            f"path={str(path)!r}: there is no folder {str(path.parent)!r}; make it first."
        )
    return path
