"""The nodes of a fitted tree as a picture needs them."""

from dataclasses import dataclass

import numpy as np

from .arguments import as_count
from .questions import quietly
from .wording import Leaves, questions_of


@dataclass(frozen=True)
class Node:
    """One node of a picture.

    Attributes
    ----------
    number : int
        The node's number in the tree.
    depth : int
        0 for the root.
    children : tuple of int
        Numbers of the two below, that for the answer yes first; none of a leaf, or of a
        node that is cut off.
    lines : list of str
        What it asks, what it says, and how many rows it has.
    headline : str
        What it says, in short.
    mass : float
        Share of the training rows that reach it.
    value : ndarray of shape (n_outputs,)
        What it says: of an inner node, the mean over the leaves below.
    below : ndarray of shape (n_leaves, n_outputs)
        What the leaves below say, or the node itself if it is one.
    is_cut : bool
        Whether its children are left out.
    """

    number: int
    depth: int
    children: tuple
    lines: list
    headline: str
    mass: float
    value: np.ndarray
    below: np.ndarray
    is_cut: bool


@quietly
def nodes_of(tree, feature_names, class_names, max_terms, max_depth, digits):
    """Return the nodes of a fitted tree, soft or hard, from the root downwards.

    Parameters
    ----------
    tree : SoftDecisionTree or HardDecisionTree
        Fitted.
    feature_names, class_names : array-like of str or None
        Names of the columns and of the classes.
    max_terms : int or None
        Terms of a soft gate that are shown.
    max_depth : int or None
        Nodes below this depth are left out.
    digits : int
        Significant digits.

    Returns
    -------
    list of Node
        Each before its children, the subtree for yes before that for no.
    """
    max_depth = as_count("max_depth", max_depth, 0, none=True)
    gates = questions_of(tree, feature_names, max_terms, digits)
    leaves, places = Leaves(tree, gates.leaves, class_names, digits), _places(gates)
    values, below = _means(leaves, places)

    def _node(number, depth, sides):
        """One node with what it says."""
        children = tuple(child for _, child in sides)
        is_cut = bool(children) and depth == max_depth
        value, note = values[number], gates.note(number) if sides else ""
        lines = [text for text, _ in sides[:1]] + [f"({note})"] * bool(note)
        lines.append(leaves.in_passing(value) if sides else leaves.prediction(value))
        lines += [] if sides else leaves.observed(number)
        lines += leaves.rows(number)
        kept = () if is_cut else children
        headline, mass = leaves.headline(value), leaves.mass[number]
        return Node(
            number, depth, kept, lines, headline, mass, value, below[number], is_cut
        )

    return [
        _node(*place) for place in places if max_depth is None or place[1] <= max_depth
    ]


def _places(gates):
    """Number, depth and sides of each node, the subtree for yes before that for no."""
    todo, places = [(0, 0)], []  # no recursion: trees of a thousand levels are trees
    while todo:
        number, depth = todo.pop()
        sides = gates.sides(number)
        places.append((number, depth, sides))
        todo += [(child, depth + 1) for _, child in reversed(sides)]
    return places


def _means(leaves, places):
    """What each node says, and what the leaves below it say."""
    values, below = {}, {}
    for number, _, sides in reversed(places):  # children before their parents
        children = [child for _, child in sides]
        if not children:
            values[number] = leaves.values[number]
            below[number] = values[number][None]
            continue
        # Where no row comes, both sides count alike.
        weight = leaves.mass[children]
        weight = weight if weight.sum() else None
        values[number] = np.average([values[k] for k in children], 0, weight)
        below[number] = np.concatenate([below[k] for k in children])
    return values, below
