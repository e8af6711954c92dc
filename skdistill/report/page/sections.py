"""What each section of the page shows, in which order."""

import math
from typing import NamedTuple

from . import views
from .method import notes_of
from .summary import one_of


class Section(NamedTuple):
    """A part of the page."""

    name: str  # of its template, and of its anchor
    heading: str


def sections_of(result, trees):
    """Return the sections that have something to say, in order.

    Parameters
    ----------
    result : Result
        What a report found.
    trees : dict of {str: str}
        Pages of the students that are trees.

    Returns
    -------
    list of Section
        With their headings.
    """
    decides = result.task in ("classes", "labels")
    where = "Where it differs" if decides else "Where it is far from its teacher"
    known = (
        (True, "quality", "Quality by the labels"),
        (result.quality and result.quality.gains, "gain", "Gain of having a teacher"),
        (result.fidelity, "fidelity", "Fidelity to the teacher"),
        (result.segments, "segments", where),
        (result.calibration, "calibration", "Calibration"),
        (result.importances, "importances", "What matters"),
        (result.rows, "rows", "Rows that differ most"),
        (result.cost, "cost", "Cost"),
        (views.curves_of(result), "training", "Training"),
        (trees, "trees", "The tree" if len(trees) == 1 else "The trees"),
        (True, "method", "How this was computed"),
    )
    return [Section(name, heading) for holds, name, heading in known if holds]


def looks_of(result):
    """Return a class of style for each model: its colour and shape in all charts.

    Parameters
    ----------
    result : Result
        What a report found.

    Returns
    -------
    dict of {str: str}
        By the model's name.
    """
    looks = {name: f"s{i % 6}" for i, name in enumerate(result.students)}
    return {**looks, "teacher": "teacher", "control": "control"}


def context_of(result, trees):
    """Return what templates read beside the result.

    Parameters
    ----------
    result : Result
        What a report found.
    trees : dict of {str: str}
        Pages of the students that are trees.

    Returns
    -------
    dict
        By the names in the templates.
    """
    shown = views.importances_of(result)
    return {
        "result": result,
        "sections": sections_of(result, trees),
        "looks": looks_of(result),
        "decides": result.task in ("classes", "labels"),
        "several": len(result.students) > 1,
        "notes": notes_of(result),
        "trees": trees,
        "left_out": (),
        "shown": shown,
        "importance_scale": views.scale_of_importances(shown),
        "curves": views.curves_of(result),
        "levels": views.levels_of(result),
        "one_of": one_of,
        "infinity": math.inf,
        "nan": math.nan,
    }
