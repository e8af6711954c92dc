"""How the figures came to be, in sentences."""

from .figures import level


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
            f"Agreement: the share of decisions that are alike. Its lower bound is exact "
            f"(binomial) and one-sided: it holds with {sure} confidence for rows that are "
            "drawn as these were.",
        ),
        (
            result.segments,
            "Segments: a shallow tree searches one half of the rows for where student and "
            "teacher differ; the figures are of the other half. A segment is flagged where "
            "it is worse than the rest beyond what so many comparisons bring by chance.",
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
            "Cost: bytes of the pickled model, a student's without its teacher; times were "
            "measured on the machine that made this report.",
        ),
        (
            result.n_sampled < result.n_rows,
            f"Costly sections looked at {result.n_sampled:,} rows, drawn at random.",
        ),
    )
    return [words for holds, words in known if holds] + list(result.notes)
