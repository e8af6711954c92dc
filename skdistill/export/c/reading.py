"""What runs a header that was written."""

from pathlib import Path

from .engine import CEngine, about
from .fixed import FixedEngine


def read_engine(path, predictor):
    """The engine of a header that was written.

    Parameters
    ----------
    path : str or path
        Of the header.
    predictor : NumpyPredictor
        Of the student that it came from.

    Returns
    -------
    CEngine
        With the compiler of this machine.
    """
    text = Path(path).read_text(encoding="utf-8")
    kind = CEngine if about(text)["x"] == "double" else FixedEngine
    return kind(text, predictor)
