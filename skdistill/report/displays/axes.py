"""Axes to draw on, by a library that is needed for that alone; and who is drawn."""


def axes_for(display, ax):
    """Return axes: those that are given, or those of a new figure.

    Parameters
    ----------
    display : object
        What is to be drawn.
    ax : matplotlib.axes.Axes or None
        As the user gave it.

    Returns
    -------
    matplotlib.axes.Axes
        To draw on.

    Raises
    ------
    ImportError
        Without matplotlib.
    """
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(
            f"{type(display).__name__}.plot draws by matplotlib, which is not installed: "
            "pip install skdistill[report]."
        ) from error
    return pyplot.subplots(layout="constrained")[1] if ax is None else ax


def student_in(result, student):
    """Return the name of a student in a report.

    Parameters
    ----------
    result : Result
        What a report found.
    student : str or None
        As the user gave it; None for the first.

    Returns
    -------
    str
        The name.

    Raises
    ------
    ValueError
        If there is no such student.
    """
    student = result.students[0] if student is None else student
    if student not in result.students:
        raise ValueError(
            f"student={student!r} is not in the report: {list(result.students)} are."
        )
    return student
