"""How the figures came to be, in sentences."""

from .written import level


def notes_of(result):
    """Return how each section that is there was computed.

    Parameters
    ----------
    result : Result
        What a report found.

    Returns
    -------
    list of str
        Sentences.
    """
    sure = level(result.confidence)
    decides = result.task in ("classes", "labels")
    chance = level(1 - result.confidence)
    rows = (
        "exact (binomial) and one-sided"
        if result.task == "classes"
        else "one-sided, and counts rows, for the labels of a row go wrong together"
    )
    known = (
        (
            result.quality,
            f"Scores, losses and their differences: {sure} intervals by resampling rows; "
            "two models are compared on the same rows.",
        ),
        (
            result.quality and result.quality.gains,
            "Gain: the student's advantage over the control, a student of the same kind "
            "that learnt from the labels alone, divided by the teacher's. 0 % is the "
            "control, 100 % the teacher.",
        ),
        (
            result.fidelity and decides,
            f"Agreement: the share of decisions that are alike. Its lower bound is {rows}; "
            f"it holds with {sure} confidence for rows that are drawn as these were.",
        ),
        (
            result.segments,
            "Segments: a tree of at most three questions searches one half of the rows for "
            "where student and teacher differ; the figures are of the other half. Columns "
            "that were asked for are judged on all rows. A segment stands out where it is "
            "worse than the rest beyond multiple testing: where nothing is worse, the "
            f"chance that any of a student's segments stands out is at most {chance}.",
        ),
        (
            result.calibration and decides,
            "Calibration error: the mean distance of what was said from what came true, "
            "over groups of rows of like confidence. Brier: mean squared error of "
            "probabilities.",
        ),
        (
            result.importances,
            "What matters: how far a model's answers move when a column is shuffled.",
        ),
        (
            result.cost,
            "Cost: bytes of the pickled model, a student's without its teacher; times are "
            "the best of several calls, on the machine that made this report.",
        ),
        (
            result.n_sampled < result.n_rows,
            f"Of {result.n_rows:,} rows {result.n_sampled:,} were drawn at random.",
        ),
    )
    return [words for holds, words in known if holds] + list(result.notes)
