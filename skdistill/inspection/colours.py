"""Colours of classes and of nodes."""

import numpy as np

# Any two of them differ for people with any kind of colour blindness, in the paper's
# simulation: Machado, Oliveira, Fernandes: A Physiologically-Based Model for Simulation
# of Color Vision Deficiency, 2009. Neighbours are light and dark by turns, for print.
PALETTE = (
    "#005aac",
    "#e18e16",
    "#780700",
    "#78f0f7",
    "#07968e",
    "#d29de1",
    "#432561",
    "#d9e170",
    "#8e70d9",
    "#9d7016",
)
OTHER = "#d4d4d4"  # of classes that have no colour of their own
_MOST_CLASSES = 24  # that have one
_LARGE = 0.25  # share that is worth a colour, beside the largest of a node
# Beyond ten classes the same hues come again, lighter (more white) or darker.
_TINTS = (("#000000", 0.0), ("#ffffff", 0.55), ("#000000", 0.45))
_STRONGEST = 0.42  # share of a class's colour in a box, so that text on it can be read
_LEGIBLE = 4.5  # contrast that the W3C asks of text


def kind_of(tree):
    """What a tree's answers are, as far as colours can show it.

    Parameters
    ----------
    tree : SoftDecisionTree or HardDecisionTree
        Fitted.

    Returns
    -------
    {"classes", "labels", "values", None}
        None for classes of several targets.
    """
    classes = getattr(tree, "classes_", None)
    if classes is None:
        return "values"
    if tree.is_multilabel():
        return "labels"
    return None if isinstance(classes, list) else "classes"


def class_colours(shares):
    """Return a colour for each class.

    Parameters
    ----------
    shares : ndarray of shape (n_nodes, n_classes)
        What the nodes say. Of more than ten classes those have colours of their own that
        are the likeliest, or have a quarter, in some node: the 24 likeliest of these.

    Returns
    -------
    list of str
        In the order of the classes.
    """
    colours, most = [OTHER] * shares.shape[1], shares.max(axis=0)
    own = np.argsort(-most, kind="stable")
    if len(colours) > len(PALETTE):
        large = {*shares.argmax(axis=1), *np.flatnonzero(most >= _LARGE)}
        own = [k for k in own if k in large][:_MOST_CLASSES]
    for rank, k in enumerate(sorted(own)):
        toward, strength = _TINTS[rank // len(PALETTE)]
        colours[k] = mixed(PALETTE[rank % len(PALETTE)], toward, strength)
    return colours


def colours_of(tree, nodes, ground="#ffffff"):
    """Return a colour for each node: which class, and how surely; or how high a value.

    Parameters
    ----------
    tree : SoftDecisionTree or HardDecisionTree
        Fitted.
    nodes : list of Node
        Its nodes.
    ground : str, default="#ffffff"
        What is behind them.

    Returns
    -------
    list of str
        Such as "#ffe0c0"; that of the ground where there are several targets.
    """
    kind = kind_of(tree)
    values = np.array([node.value for node in nodes])
    if kind == "values":
        level = values[:, 0] / 2 - values[:, 0].min() / 2  # halves cannot overflow
        strength = level / max(level.max(), np.finfo(float).tiny)
        return [mixed(ground, PALETTE[0], _STRONGEST * share) for share in strength]
    if kind != "classes":
        return [ground] * len(nodes)
    # As scikit-learn colours its trees: white where all classes are alike.
    chance = 1 / values.shape[1]
    strength = (values.max(axis=1) - chance) / max(1 - chance, np.finfo(float).tiny)
    colours = class_colours(values)
    return [
        mixed(ground, colours[k], _STRONGEST * share)
        for k, share in zip(values.argmax(axis=1), strength, strict=True)
    ]


def mixed(colour, other, share):
    """Return a mixture of two colours.

    Parameters
    ----------
    colour, other : str
        Such as "#ffe0c0".
    share : float
        That of the other one, from 0 to 1.

    Returns
    -------
    str
        As they are written.
    """
    parts = _parts(colour)
    both = parts + np.clip(share, 0, 1) * (_parts(other) - parts)
    return "#" + "".join(f"{round(255 * part):02x}" for part in both)


def legible(colour, ground):
    """Return a colour for text: the given one, if it can be read.

    Parameters
    ----------
    colour : str
        The one that is wished for.
    ground : str
        What is behind the text.

    Returns
    -------
    str
        Else black or white.
    """
    if _contrast(colour, ground) >= _LEGIBLE:
        return colour
    return max("#000000", "#ffffff", key=lambda ink: _contrast(ink, ground))


def _parts(colour):
    """Red, green and blue, from 0 to 1."""
    return np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255


def _contrast(colour, other):
    """Ratio of two colours' luminances, as the W3C has it."""
    light = sorted(_luminance(_parts(one)) + 0.05 for one in (colour, other))
    return light[1] / light[0]


def _luminance(parts):
    linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
    return linear @ np.array([0.2126, 0.7152, 0.0722])
