"""Outputs that ``soft_targets`` wrote to a folder, as ``fit`` takes them."""

from os import PathLike
from pathlib import Path

import numpy as np

from ..disk.manifest import Manifest, is_complete
from ..disk.needed import needed
from ..disk.parts import read_part
from ..teacher.calibration import tempered

# Below, float32 has no numbers for what is unlikely, and it could not be brought back.
_LEAST_TEMPERATURE = 0.2


def read_outputs(output, name, n_rows):
    """Outputs, from their folder if that is what was given.

    Parameters
    ----------
    output : str, path or any other
        A folder that ``soft_targets`` wrote; anything else is returned as it is.
    name : str
        The argument's name.
    n_rows : int
        How many rows it must be about.

    Returns
    -------
    object
        Of a folder, a frame whose columns are the classes, a list of these for several
        targets, or an array of values; in the order of the rows. Probabilities are those
        at temperature 1, whatever they were written at: a student softens them itself.

    Raises
    ------
    ValueError
        If the folder holds no outputs, or not all of them, or those of other rows.
    """
    if not isinstance(output, str | PathLike):
        return output
    folder = Path(output)
    manifest = checked_manifest(folder, name)
    if manifest.n_rows != n_rows:
        raise ValueError(
            f"{name}={str(output)!r} holds outputs for {manifest.n_rows} rows, and there "
            f"are {n_rows}. In a cross-validation, which cuts rows and outputs alike, give "
            f"pandas.read_parquet({str(output)!r})."
        )
    return arranged(folder_values(folder, manifest), manifest, name)


def checked_manifest(folder, name):
    """The manifest of a complete folder.

    Parameters
    ----------
    folder : path
        That ``soft_targets`` wrote.
    name : str
        The argument's name.

    Returns
    -------
    Manifest
        What it is about.

    Raises
    ------
    ValueError
        If it is another folder, or not complete.
    """
    manifest = Manifest.read(folder)
    if manifest is None:
        raise ValueError(
            f"{name}={str(folder)!r} is no folder that soft_targets(..., out=) wrote."
        )
    if not is_complete(folder):
        raise ValueError(
            f"{name}={str(folder)!r} is not complete: run soft_targets again with the "
            "same arguments, and it does what is missing."
        )
    return manifest


def folder_values(folder, manifest):
    """All values of a folder.

    Parameters
    ----------
    folder : path
        Complete.
    manifest : Manifest
        Its manifest.

    Returns
    -------
    ndarray of shape (n, n_columns)
        In float32, in the order of the rows.
    """
    values = np.empty((manifest.n_rows, len(manifest.columns)), np.float32)
    start = 0
    for fragment in manifest.fragments:
        stop = start + fragment["n_rows"]
        part = read_part(folder, fragment["name"], fragment["n_rows"], manifest.job)
        for j, column in enumerate(part.columns):
            values[start:stop, j] = column.to_numpy()
        start = stop
    return values


def arranged(values, manifest, name):
    """Values of a folder as ``teacher_output`` takes them.

    Parameters
    ----------
    values : ndarray of shape (n, n_columns)
        Of all rows, or of some.
    manifest : Manifest
        What they are.
    name : str
        The argument's name, for errors.

    Returns
    -------
    frame, list of frame, or ndarray
        At temperature 1, in float64.
    """
    classes = manifest.asked["classes"]
    values = values.astype(np.float64)
    if classes is None:
        return values
    names = classes if len(classes) > 1 or classes[0] is not None else None
    widths = [values.shape[1]] if names is None else list(map(len, classes))
    values = _untempered(values, manifest.asked["temperature"], widths, name)
    if names is None:
        return values
    pd = needed("pandas", name)
    parts = np.split(values, np.cumsum(widths)[:-1], axis=1)
    frames = [pd.DataFrame(p, columns=c) for p, c in zip(parts, names, strict=True)]
    return frames if len(frames) > 1 else frames[0]


def _untempered(p, temperature, widths, name):
    if temperature == 1:
        return p
    if temperature < _LEAST_TEMPERATURE:
        raise ValueError(
            f"{name} was written at temperature={temperature}, at which float32 has no "
            "numbers for unlikely classes: write it at temperature=1. A student sets its "
            "own temperature."
        )
    log_p = np.log(np.maximum(p, np.finfo(np.float32).tiny))
    return np.exp(tempered(log_p, 1 / temperature, widths))
