"""Text in boxes, drawn by matplotlib, which is imported only when it is needed."""

from functools import partial

import numpy as np

from .colours import legible

# All in font sizes.
PADDING = 0.5  # between a box and its text
SHORTEST = 6.0  # length of a bar
THICK, BETWEEN = 0.6, 0.4  # of bars, and above each
_ROUND = 0.4


def imported_pyplot(name):
    """Matplotlib's pyplot, which is not among what this library needs.

    Parameters
    ----------
    name : str
        Name of the function that draws.

    Returns
    -------
    module
        Imported.
    """
    try:
        from matplotlib import pyplot
    except ImportError as error:
        raise ImportError(
            f"{name} draws by matplotlib, which is not installed: pip install "
            "matplotlib, or take export_text or export_graphviz."
        ) from error
    return pyplot


def ground_of(ax):
    """Return the colour of the paper.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Whose own patch is not drawn.

    Returns
    -------
    str
        Such as "#ffffff".
    """
    from matplotlib.colors import to_hex

    return to_hex(ax.figure.figure.get_facecolor())


def boxed(ax, place, text, colour, fontsize, n_bars=0):
    """Draw text in a box, letter by letter as it is.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    place : tuple of float
        Middle of the text.
    text : str
        In one or several lines.
    colour : str
        Colour of the box.
    fontsize : float
        In points.
    n_bars : int, default=0
        Bars for which the box has room below the text.

    Returns
    -------
    matplotlib.text.Text
        With its box.
    """
    from matplotlib import rcParams
    from matplotlib.colors import to_hex

    shape = partial(_outline, least=SHORTEST * (n_bars > 0), tail=tail(n_bars))
    return ax.text(
        *place,
        text,
        ha="center",
        va="center",
        fontsize=fontsize,
        color=legible(to_hex(rcParams["text.color"]), colour),
        parse_math=False,  # dollar signs in names are no formulas
        usetex=False,  # and other marks no commands
        bbox={"boxstyle": shape, "facecolor": colour, "edgecolor": "0.45", "lw": 0.8},
        zorder=2,
    )


def _outline(x, y, width, height, mutation_size, *, least, tail):
    """A box around text, at least so wide, with room below: both in font sizes."""
    from matplotlib.patches import BoxStyle

    across = max(width, least * mutation_size) + 2 * PADDING * mutation_size
    return BoxStyle.Round(pad=0, rounding_size=_ROUND)(
        x + width / 2 - across / 2,
        y - (PADDING + tail) * mutation_size,
        across,
        height + (2 * PADDING + tail) * mutation_size,
        mutation_size,
    )


def tail(n_bars):
    """Return the height of bars and of what is between them.

    Parameters
    ----------
    n_bars : int
        Their number.

    Returns
    -------
    float
        In font sizes.
    """
    return n_bars * (THICK + BETWEEN)


def size_in_points(artist):
    """Return how large something is.

    Parameters
    ----------
    artist : matplotlib.artist.Artist
        A text without its box, a legend, or axes.

    Returns
    -------
    ndarray of shape (2,)
        Width and height.
    """
    box = artist.get_window_extent()
    return np.array([box.width, box.height]) / artist.figure.dpi * 72
