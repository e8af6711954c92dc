"""Axes to draw on, by a library that is needed for that alone."""


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
