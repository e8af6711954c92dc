"""Where the boxes of a tree stand."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Layout:
    """A tree on a page, from its lower left corner.

    Attributes
    ----------
    place : dict of {int: tuple of float}
        Where each node's text has its middle, by node number.
    turn : dict of {int: float}
        How high the edges below the nodes of a depth go sideways.
    width, height : float
        Of the page.
    """

    place: dict
    turn: dict
    width: float
    height: float


def tidy_layout(nodes, sizes, gap, above, below):
    """Place the boxes of a tree as near to each other as they may be.

    A node stands over the middle of its two children; subtrees have the same shape
    wherever they are, and come as near as their outlines allow, level by level [1]_.

    Parameters
    ----------
    nodes : list of Node
        From the root downwards, the left subtree before the right one.
    sizes : dict of {int: tuple of float}
        By node number: the box's width, and how far it reaches above and below the
        middle of its text.
    gap : float
        Between neighbours.
    above, below : float
        Room for edges between two levels, above and below the place where they turn.

    Returns
    -------
    Layout
        Without margins.

    References
    ----------
    .. [1] Reingold, Tilford: Tidier Drawings of Trees, 1981.
    """
    x, width = _across(nodes, sizes, gap)
    y, turn, height = _down(nodes, sizes, above, below)
    place = {node.number: (x[node.number], y[node.number]) for node in nodes}
    return Layout(place, turn, width, height)


def _across(nodes, sizes, gap):
    """Middles of the nodes, from the left end of the tree; and its width."""
    shift, outlines = {0: 0.0}, {}
    for node in reversed(nodes):  # children before their parents
        half = sizes[node.number][0] / 2
        outline = np.array([[-half, half]])
        if node.children:
            left, right = (outlines.pop(child) for child in node.children)
            n = min(len(left), len(right))
            apart = (left[:n, 1] - right[:n, 0]).max() + gap
            shift |= dict(zip(node.children, (-apart / 2, apart / 2), strict=True))
            below = _joined(left - apart / 2, right + apart / 2, n)
            outline = np.concatenate([outline, below])
        outlines[node.number] = outline
    outline = outlines[nodes[0].number]
    x = {nodes[0].number: -outline[:, 0].min()}
    for node in nodes:
        for child in node.children:
            x[child] = x[node.number] + shift[child]
    return x, np.ptp(outline)


def _joined(left, right, n):
    """The outline of two subtrees side by side, which have n levels in common."""
    common = np.column_stack([left[:n, 0], right[:n, 1]])
    return np.concatenate([common, left[n:], right[n:]])


def _down(nodes, sizes, above, below):
    """Middles of the nodes' text, from the lower end; where edges turn; the height."""
    levels = {}
    for node in nodes:
        levels.setdefault(node.depth, []).append(node.number)
    y, turn, top = {}, {}, 0.0
    for depth in sorted(levels):
        numbers = levels[depth]
        y |= {number: top - sizes[number][1] for number in numbers}
        bottom = top - max(sum(sizes[number][1:]) for number in numbers)
        turn[depth] = bottom - above
        top = turn[depth] - below
    return (
        {number: at - bottom for number, at in y.items()},
        {depth: at - bottom for depth, at in turn.items()},
        -bottom,
    )
