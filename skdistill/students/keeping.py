"""The folder in which a fit is kept, so that it can go on after it was cut short."""

from ..lesson.described import described_params, described_rows
from ..training.checkpoints import as_checkpoint
from ..training.runs import Run, next_folder


def run_of(student, given, checkpoint):
    """Where the trainings of a fit are kept.

    Parameters
    ----------
    student : BaseStudent
        To be fitted.
    given : Given
        The arguments of its fit.
    checkpoint : Checkpoint, str, path or None
        As the user gave it; None for that of the search around it, if there is one.

    Returns
    -------
    Run or None
        None where nothing is kept.

    Raises
    ------
    ValueError
        If the student has no epochs, or the folder holds something else.
    """
    name = type(student).__name__
    if checkpoint is not None and not student._has_epochs:
        raise ValueError(
            f"checkpoint={checkpoint!r} keeps a training by its epochs, and {name} has "
            "none: leave it out. memory= keeps what the teacher has said, which may be "
            "what takes long."
        )
    nested = None if checkpoint or not student._has_epochs else next_folder()
    if checkpoint is None and nested is None:
        return None
    parts = described_params(student.get_params(deep=False))
    if nested is not None:  # the search has looked at the rows
        return Run(nested, name, parts, is_locked=False)
    parts |= described_rows(given)
    return Run(as_checkpoint(checkpoint), name, parts, verbose=bool(student.verbose))
