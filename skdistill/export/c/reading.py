"""What runs a header that was written."""

import re
from pathlib import Path

from .columns import Columns
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
    said = about(text)
    _check_columns(text, said["name"], Columns(predictor).words)
    kind = CEngine if said["x"] == "double" else FixedEngine
    return kind(text, predictor)


def _check_columns(text, name, words):
    """That the header has the student's columns: else no compiler would take it."""
    found = re.findall(rf"^ +{name}_at_(\w+) = \d+,?$", text, re.MULTILINE)
    if found != words:
        raise ValueError(
            f"The header has the columns {found}, and the student {words}: the artefact "
            "is of another student."
        )
