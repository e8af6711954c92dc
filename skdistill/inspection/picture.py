"""A fitted tree as a picture."""

import textwrap
import unicodedata

import numpy as np

from ..tables.terms import LEFT_TO_RIGHT
from .nodes import colours_of, nodes_of

_COLUMNS, _WHOLE = 20, {"break_long_words": False, "break_on_hyphens": False}
_LONGEST = 30  # a word of so many letters stays whole
_JOINER = "\u200d"
_WIDEST = 8.0  # points, of an edge that all rows take
_LARGEST, _SMALLEST = 11.0, 1.0  # font sizes, in points
_SLACK = 0.95  # fonts do not scale to the pixel
_PADDING = 0.45  # of a box around its text, in font sizes


def plot_tree(
    tree,
    *,
    feature_names=None,
    class_names=None,
    max_terms=2,
    max_depth=None,
    filled=True,
    digits=3,
    fontsize=None,
    ax=None,
):
    """Draw a fitted decision tree, soft or hard, by matplotlib.

    Each node shows its question, what it predicts and its share of the training rows;
    what holds goes to the left. Edges are the wider, the more rows take them.

    Parameters
    ----------
    tree : SoftDecisionTreeClassifier, HardDecisionTreeClassifier, or a regressor
        Fitted.
    feature_names : array-like of str of shape (n_features,), default=None
        As in :func:`export_text`.
    class_names : array-like of str of shape (n_classes,), default=None
        As in :func:`export_text`.
    max_terms : int or None, default=2
        Number of terms of each soft gate that are shown.
    max_depth : int, default=None
        Nodes below this depth are left out.
    filled : bool, default=True
        Colour each node by its likeliest class, the stronger the surer, or by its value.
    digits : int, default=3
        As in :func:`export_text`.
    fontsize : float, default=None
        In points; None for the largest with which no two nodes overlap.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; the current axes by default.

    Returns
    -------
    list of matplotlib.text.Text
        One for each node, from the root downwards.

    Raises
    ------
    ImportError
        Without matplotlib.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdistill import HardDecisionTreeClassifier, plot_tree
    >>> iris = load_iris()
    >>> tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(iris.data, iris.target)
    >>> texts = plot_tree(tree, feature_names=iris.feature_names)  # doctest: +SKIP
    """
    pyplot = imported_pyplot("plot_tree")
    nodes = nodes_of(tree, feature_names, class_names, max_terms, max_depth, digits)
    ax = pyplot.gca() if ax is None else ax
    ax.set_axis_off()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    place = places(nodes)
    mass = {node.number: node.mass for node in nodes}
    for node in nodes:
        for child in node.children:
            ends = zip(place[node.number], place[child], strict=True)
            width = 1 + (_WIDEST - 1) * mass[child]
            ax.plot(*ends, color="0.6", linewidth=width, zorder=1)
    colours = colours_of(tree, nodes) if filled else ["white"] * len(nodes)
    size = _LARGEST if fontsize is None else fontsize
    texts = [
        boxed(ax, place[node.number], node.lines, colour, size)
        for node, colour in zip(nodes, colours, strict=True)
    ]
    if fontsize is None:
        _fit(ax, texts)
    return texts


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


def boxed(ax, place, lines, colour, fontsize):
    """Draw lines of text in a box, letter by letter as they are.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Where to draw.
    place : tuple of float
        Middle of the box.
    lines : list of str
        Long ones are wrapped.
    colour : str
        Colour of the box.
    fontsize : float
        In points.

    Returns
    -------
    matplotlib.text.Text
        With its box.
    """
    return ax.text(
        *place,
        _wrapped(lines),
        ha="center",
        va="center",
        fontsize=fontsize,
        parse_math=False,  # dollar signs in names are no formulas
        usetex=False,  # and other marks no commands
        bbox={"boxstyle": "round", "facecolor": colour, "edgecolor": "0.3"},
        zorder=2,
    )


def _wrapped(lines):
    """Lines for a box; also words that are far too long for it are taken apart."""
    wrapped = []
    for line in lines:
        words = [_in_pieces(w) if len(w) > _LONGEST else w for w in line.split(" ")]
        parts = textwrap.wrap(" ".join(words), _COLUMNS, **_WHOLE)
        # Each line is put in order by itself, so each needs the mark.
        direction = LEFT_TO_RIGHT if LEFT_TO_RIGHT in line else ""
        wrapped += [direction + part for part in parts]
    return "\n".join(wrapped)


def _in_pieces(word):
    """A word with spaces, none of them between a letter and its marks."""
    letters = []
    for c in word:
        is_mark = unicodedata.category(c)[0] == "M"
        # A joiner makes one sign of what stands on its two sides.
        if letters and (is_mark or _JOINER in (c, letters[-1][-1])):
            letters[-1] += c
        else:
            letters.append(c)
    starts = range(0, len(letters), _COLUMNS)
    return " ".join("".join(letters[i : i + _COLUMNS]) for i in starts)


def places(nodes):
    """Where nodes stand: leaves side by side, the others over the middle of theirs.

    Parameters
    ----------
    nodes : list of Node
        From the root downwards.

    Returns
    -------
    dict of {int: tuple of float}
        Left to right and bottom to top, in [0, 1], by node number.
    """
    deepest = max(node.depth for node in nodes)
    n_ends = sum(not node.children for node in nodes)
    place, done = {}, 0
    for node in reversed(nodes):  # the last leaf is at the right
        y = 1 - (node.depth + 0.5) / (deepest + 1)
        if node.children:
            x = sum(place[child][0] for child in node.children) / 2
        else:
            done += 1
            x = 1 - (done - 0.5) / n_ends
        place[node.number] = x, y
    return place


def _fit(ax, texts):
    """The largest font with which no box meets another, or the edge of the figure."""
    pad = _PADDING * _LARGEST * ax.figure.dpi / 72
    boxes = [text.get_window_extent().padded(pad) for text in texts]
    middle = np.array([[box.x0 + box.x1, box.y0 + box.y1] for box in boxes]) / 2
    half = np.array([[box.width, box.height] for box in boxes]) / 2
    distance = np.abs(middle[:, None] - middle[None])
    reach = half[:, None] + half[None]
    # Two boxes are apart where they are so in one direction; sizes go with the font's.
    fits = (distance / reach).max(axis=2)
    np.fill_diagonal(fits, np.inf)
    edge = ax.figure.bbox
    room = np.minimum(middle - edge.min, edge.max - middle) / half
    share = min(1.0, _SLACK * min(fits.min(), room.min()))
    for text in texts:
        text.set_fontsize(max(_SMALLEST, _LARGEST * share))
