"""A fitted tree as a picture."""

from numbers import Real

import numpy as np

from .bars import bars_of
from .boxes import (
    BETWEEN,
    PADDING,
    SHORTEST,
    THICK,
    boxed,
    ground_of,
    imported_pyplot,
    size_in_points,
    tail,
)
from .colours import colours_of
from .layout import tidy_layout
from .nodes import nodes_of
from .readable import readable
from .wrapping import wrapped

_LARGEST, _SMALLEST, _LEGIBLE = 11.0, 1.0, 8.0  # font sizes, in points
_PAGE = 16 * 72.0, 9 * 72.0  # points: a new figure is no larger if that can be
_MOST = 200 * 72.0, 200 * 72.0  # larger pictures cannot be saved
_COLUMNS = 26, 38, 20, 15  # letters in a line of a leaf, to be tried in turn
_WIDER = 1.4  # there is more room for questions: they have two nodes below
_LEGEND = 60  # letters in a line of the legend
# All others are in font sizes.
_LONGEST = 12.0  # bar
_GAP, _ABOVE, _BELOW, _MARGIN = 0.9, 2.0, 1.0, 0.8
_THINNEST, _WIDEST = 0.1, 0.8  # edges that no rows take, and all


def plot_tree(
    tree,
    *,
    feature_names=None,
    class_names=None,
    max_terms=3,
    max_depth=None,
    filled=True,
    digits=3,
    fontsize=None,
    ax=None,
):
    """Draw a fitted decision tree, soft or hard, by matplotlib.

    Each node shows its question, what it predicts and its share of the training rows,
    in the words of :func:`export_text`; what holds goes to the left. Edges are the
    wider, the more rows take them. A bar shows the shares of the classes; for values, a
    strip shows where a leaf's value lies among those of all leaves, and for an inner
    node where the leaves below it lie. Of more than ten classes an inner node names the
    likeliest alone, and classes that are large in no node are one grey part of the bar.

    Parameters
    ----------
    tree : SoftDecisionTreeClassifier, HardDecisionTreeClassifier, or a regressor
        Fitted; or another student with a tree, or a pipeline, as in :func:`export_text`.
    feature_names : array-like of str of shape (n_features,), default=None
        As in :func:`export_text`.
    class_names : array-like of str of shape (n_classes,), default=None
        As in :func:`export_text`.
    max_terms : int or None, default=3
        As in :func:`export_text`.
    max_depth : int, default=None
        Nodes below this depth are left out.
    filled : bool, default=True
        Colour each node by its likeliest class, the stronger the surer, or by its value.
    digits : int, default=3
        As in :func:`export_text`.
    fontsize : float, default=None
        In points; None for matplotlib's, and in given axes for the largest with which no
        two nodes overlap.
    ax : matplotlib.axes.Axes, default=None
        Where to draw. By default in a new figure, as large as the tree needs; it is then
        pyplot's current one.

    Returns
    -------
    list of matplotlib.text.Text
        One for each node, from the root downwards.

    Raises
    ------
    ImportError
        Without matplotlib.
    ValueError
        If `fontsize` is no size, or `ax` holds several axes or none.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdistill import HardDecisionTreeClassifier, plot_tree
    >>> iris = load_iris()
    >>> tree = HardDecisionTreeClassifier(max_leaf_nodes=3).fit(iris.data, iris.target)
    >>> texts = plot_tree(tree, feature_names=iris.feature_names)
    >>> print(texts[0].get_text())
    petal length (cm) <= 2.5
    class 1: 33.4 %, class 2: 33.3 %,
    class 0: 33.3 %
    100 % of rows
    n = 150
    >>> from matplotlib import pyplot
    >>> pyplot.close()
    """
    pyplot = imported_pyplot("plot_tree")
    _check_looks(fontsize, ax)
    tree = readable(tree).student
    nodes = nodes_of(tree, feature_names, class_names, max_terms, max_depth, digits)
    bars, meaning = bars_of(tree, nodes, class_names, digits)
    size = None if fontsize is None else _in_points(fontsize)
    is_new = ax is None
    ax = _new_axes(pyplot) if is_new else ax
    ax.set_axis_off()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    ground = ground_of(ax)
    colours = colours_of(tree, nodes, ground) if filled else [ground] * len(nodes)
    picture = _Picture(ax, nodes, colours, bars, meaning)
    if is_new:
        picture.fit_page(size)
    else:
        picture.fit(size or _SMALLEST, size or _LARGEST, size_in_points(ax))
    picture.draw()
    return picture.texts


def _check_looks(fontsize, ax):
    """Refuse what matplotlib takes for another size, or for no axes."""
    is_size = isinstance(fontsize, Real) and 0 < fontsize < _PAGE[1]
    if not (fontsize is None or is_size or isinstance(fontsize, str)):
        raise ValueError(
            f"fontsize={fontsize!r} must be a positive number of points, the name of a "
            "size such as 'small', or None."
        )
    if ax is not None and not hasattr(ax, "set_axis_off"):
        raise ValueError(
            f"ax={ax!r} must be one of matplotlib's Axes, such as axes[0]."
        )


def _in_points(fontsize):
    from matplotlib.font_manager import FontProperties

    return FontProperties(size=fontsize).get_size_in_points()


def _new_axes(pyplot):
    """The whole of a new figure."""
    figure = pyplot.figure(layout="none")
    figure.subplots_adjust(left=0, right=1, bottom=0, top=1)
    return figure.subplots()


class _Picture:
    """A tree on axes."""

    def __init__(self, ax, nodes, colours, bars, meaning):
        self.ax, self.nodes, self.bars, self.meaning = ax, nodes, bars, meaning
        self.texts = [
            boxed(ax, (0.5, 0.5), "", colour, _LARGEST, len(rows))
            for colour, rows in zip(colours, bars, strict=True)
        ]

    def fit_page(self, size):
        """Choose a size for the figure: that of a page, or as large as it must be."""
        largest = size or max(_LEGIBLE, _in_points(None))
        self.fit(size or _LEGIBLE, largest, _PAGE)
        self._shrink(_SMALLEST, _MOST)
        self.ax.figure.set_size_inches(*(self.whole / 72))

    def fit(self, smallest, largest, room):
        """Choose how long lines are, and how large letters, for axes of some size."""
        shares = {}
        for columns in _COLUMNS:
            self._arrange(columns, largest)
            shares[columns] = min(room / self.whole)
            if shares[columns] >= 1:
                return
        self._arrange(max(shares, key=shares.get), largest)
        self._shrink(smallest, room)

    def _shrink(self, smallest, room):
        """Take smaller letters until all fits."""
        while self.size > smallest and min(room / self.whole) < 1:
            # Fonts do not scale to the pixel: a little less each time.
            share = min(0.98, *(room / self.whole))
            self._arrange(self.columns, max(smallest, share * self.size))

    def _arrange(self, columns, size):
        """Find where all stands, for lines of so many letters and letters of a size."""
        self.columns, self.size = columns, size
        sizes = self._measure()
        layout = tidy_layout(
            self.nodes, sizes, *(np.array([_GAP, _ABOVE, _BELOW]) * size)
        )
        margin = _MARGIN * size
        legend = self._draw_legend(layout.width)
        self.whole = np.array(
            [max(layout.width, legend[0]), layout.height + legend[1]]
        ) + (2 * margin)
        corner = np.array([(self.whole[0] - layout.width) / 2, margin])
        self.place = {n: (corner + at) / self.whole for n, at in layout.place.items()}
        self.turn = {d: (margin + y) / self.whole[1] for d, y in layout.turn.items()}

    def _measure(self):
        """Write all texts; returns the boxes' sizes, as a layout wants them."""
        em, sizes, self.half, self.length = self.size, {}, {}, _LONGEST * self.size
        for node, text, rows in zip(self.nodes, self.texts, self.bars, strict=True):
            is_question = node.children or node.is_cut
            columns = round(self.columns * (_WIDER if is_question else 1))
            text.set(text=wrapped(node.lines, columns), fontsize=em)
            width, height = size_in_points(text)
            width = max(width, SHORTEST * em * bool(rows))
            self.length = min(self.length, width)
            self.half[node.number] = height / 2
            above = height / 2 + PADDING * em
            below = above + tail(len(rows)) * em
            sizes[node.number] = width + 2 * PADDING * em, above, below
        return sizes

    def _draw_legend(self, width):
        """Draw the legend anew; returns the size of what it takes."""
        if not self.meaning:
            return 0.0, 0.0
        columns = int(width // self._legend_of(1)[0])
        size = self._legend_of(min(max(columns, 1), len(self.meaning)))
        return size[0], size[1] + _MARGIN * self.size

    def _legend_of(self, n_columns):
        """Draw a legend with so many columns; returns its size."""
        from matplotlib.patches import Patch

        frame = {"edgecolor": "0.45", "linewidth": 0.5}
        legend = self.ax.legend(
            [Patch(facecolor=colour, **frame) for colour, _ in self.meaning],
            # Matplotlib would take a label that begins with "_" for none.
            ["-"] * len(self.meaning),
            loc="upper center",
            bbox_to_anchor=(0.5, 1),
            borderaxespad=_MARGIN,
            borderpad=0,
            frameon=False,
            fontsize=self.size,
            ncols=n_columns,
        )
        for text, (_, label) in zip(legend.get_texts(), self.meaning, strict=True):
            text.set(text=wrapped([label], _LEGEND), parse_math=False, usetex=False)
        return size_in_points(legend)

    def draw(self):
        """Put all in its place."""
        mass = {node.number: node.mass for node in self.nodes}
        for node, text, rows in zip(self.nodes, self.texts, self.bars, strict=True):
            text.set_position(self.place[node.number])
            widths = [
                self.size * (_THINNEST + (_WIDEST - _THINNEST) * mass[child])
                for child in node.children
            ]
            self._draw_edges(node, widths)
            self._draw_below(node, rows)

    def _draw_edges(self, node, widths):
        """An edge to each child, and which answer it is for."""
        x, y = self.place[node.number]
        turn = self.turn[node.depth]
        beside = max(widths, default=0) / 2 + 0.3 * self.size
        for child, width, answer, side in zip(
            node.children, widths, ("yes", "no"), (-1, 1), strict=False
        ):
            to_x, to_y = self.place[child]
            self.ax.plot(
                [x, x, to_x, to_x],
                [y, turn, turn, to_y],
                color="0.65",
                linestyle="-",
                linewidth=width,
                marker="",
                solid_joinstyle="miter",
                zorder=1,
            )
            self.ax.annotate(
                answer,
                (x, turn),
                (side * beside, width / 2 + 0.1 * self.size),
                textcoords="offset points",
                ha="right" if side < 0 else "left",
                va="bottom",
                fontsize=self.size,
                usetex=False,
                zorder=1.5,
            )

    def _draw_below(self, node, rows):
        """Bars below a node's text, in points: they stay there in a larger figure."""
        from matplotlib.transforms import Affine2D, ScaledTranslation

        points = Affine2D().scale(1 / 72) + self.ax.figure.dpi_scale_trans
        there = points + ScaledTranslation(*self.place[node.number], self.ax.transData)
        y = -self.half[node.number]
        frame = {"facecolor": "0.93", "edgecolor": "0.45", "linewidth": 0.8}
        for parts in rows:
            y -= (BETWEEN + THICK) * self.size
            self._draw_part(0.0, 1.0, y, there, frame)
            for start, length, colour in parts:
                style = {"facecolor": colour, "linewidth": 0}
                self._draw_part(start, length, y, there, style)
        if node.is_cut:
            self._draw_more(y - PADDING * self.size, there)

    def _draw_part(self, start, length, y, transform, style):
        from matplotlib.patches import Rectangle

        corner = (start - 0.5) * self.length, y
        size = length * self.length, THICK * self.size
        part = Rectangle(corner, *size, transform=transform, zorder=3, **style)
        self.ax.add_artist(part)

    def _draw_more(self, y, transform):
        """A sign that there is more below."""
        from matplotlib.lines import Line2D

        style = {"color": "0.5", "linestyle": ":", "zorder": 1}
        ends = [y, y - _MARGIN * self.size]
        self.ax.add_artist(Line2D([0, 0], ends, transform=transform, **style))
