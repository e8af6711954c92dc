"""A soft tree's gates as images."""

import numpy as np

from .boxes import boxed, ground_of, imported_pyplot
from .nodes import nodes_of
from .readable import readable
from .wording import questions_of
from .wrapping import wrapped

_FILLED = 0.9  # of a column's width, and of a level's height
_COLUMNS = 20  # letters in a line of a leaf


def plot_gate_filters(
    tree, shape, *, class_names=None, max_depth=3, cmap="RdBu", ax=None
):
    """Draw the weights of each gate of a soft tree as an image, for images as rows.

    As in the paper's figure [1]_: where an image is bright in places that are blue, and
    dark in those that are red, it goes to the right. A leaf shows what it predicts. Each
    gate's colours have another scale, from minus to plus its largest weight;
    weights are those on the student's view, in which columns have the same scale.

    Parameters
    ----------
    tree : SoftDecisionTreeClassifier or SoftDecisionTreeRegressor
        Fitted on rows that are images, pixel by pixel; or a pipeline that ends in one.
    shape : tuple of int
        Height and width of an image; or height, width and channels, whose weights are
        summed.
    class_names : array-like of str of shape (n_classes,), default=None
        As in :func:`export_text`.
    max_depth : int or None, default=3
        Nodes below this depth are left out; None for all.
    cmap : str or matplotlib.colors.Colormap, default="RdBu"
        Colours from the most negative weight to the most positive one.
    ax : matplotlib.axes.Axes, default=None
        Where to draw; the current axes by default.

    Returns
    -------
    dict of {int: matplotlib.image.AxesImage}
        The image of each gate that is shown, by its node number.

    Raises
    ------
    ImportError
        Without matplotlib.
    ValueError
        If the tree is a hard one, or `shape` has not as many pixels as there are columns.

    References
    ----------
    .. [1] Frosst, Hinton: Distilling a Neural Network Into a Soft Decision Tree, 2017.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skdistill import SoftDecisionTreeClassifier, plot_gate_filters
    >>> X, y = load_digits(return_X_y=True)
    >>> tree = SoftDecisionTreeClassifier(max_depth=2, max_epochs=20, random_state=0)
    >>> images = plot_gate_filters(tree.fit(X, y), (8, 8))  # doctest: +SKIP
    """
    pyplot = imported_pyplot("plot_gate_filters")
    tree = readable(tree).student
    filters = _filters(tree, shape)
    nodes = nodes_of(tree, None, class_names, 1, max_depth, 3)
    ax = pyplot.gca() if ax is None else ax
    ax.set_axis_off()
    ax.set(xlim=(0, 1), ylim=(0, 1))
    place, images = _places(nodes), {}
    across = _FILLED / sum(not node.children for node in nodes)
    high = _FILLED / (1 + max(node.depth for node in nodes))
    for node in nodes:
        x, y = place[node.number]
        for child in node.children:
            ends = zip((x, y), place[child], strict=True)
            ax.plot(*ends, color="0.6", linewidth=1, zorder=1)
        if node.number not in filters:
            text = wrapped(node.headline.split("\n"), _COLUMNS)
            boxed(ax, place[node.number], text, ground_of(ax), 7)
            continue
        inset = ax.inset_axes((x - across / 2, y - high / 2, across, high), zorder=2)
        weight = filters[node.number]
        if list(node.children) != sorted(node.children):
            weight = -weight  # drawn with the sides changed
        top = np.abs(weight).max() or 1.0  # symmetric, so that 0 is the middle colour
        images[node.number] = inset.imshow(weight, cmap=cmap, vmin=-top, vmax=top)
        inset.set(xticks=[], yticks=[])
    return images


def _filters(tree, shape):
    """The weights of each gate as an image, by node number."""
    if hasattr(tree, "tree_"):
        raise ValueError(
            "plot_gate_filters is about the gates of a soft tree, and tree is "
            f"{tree!r}: take plot_tree."
        )
    gates = questions_of(tree)
    n_columns = len(gates.names)
    if len(shape) not in (2, 3) or np.prod(shape) != n_columns:
        raise ValueError(
            f"shape={shape!r} has {np.prod(shape)} pixels, and rows have {n_columns} "
            "columns: give height and width, or height, width and channels."
        )
    columns = [term.column for term in gates.terms]
    weights = np.zeros((len(gates.scaled), n_columns))
    # A column may have several terms (a gap's indicator): its pixel shows their sum.
    np.add.at(weights.T, columns, (gates.scaled * (gates.scale > 0)).T)
    images = weights.reshape(-1, *shape)
    images = images.sum(axis=3) if len(shape) == 3 else images
    return dict(zip(gates.shape.gates.tolist(), images, strict=True))


def _places(nodes):
    """Where nodes stand: leaves side by side, the others over the middle of theirs."""
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
