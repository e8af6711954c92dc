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
    leaves, nodes = Leaves(tree, gates.leaves, class_names, digits), []

    def _visit(number, depth):
        """Add a node and those below it; returns its value, and its leaves' values."""
        # A parent stands before its children, but its value is their mean: keep its place.
        sides, place = gates.sides(number), len(nodes)
        children = tuple(child for _, child in sides)
        nodes.append(None)
        if children:
            values, below = zip(
                *(_visit(child, depth + 1) for child in children), strict=True
            )
            below = np.concatenate(below)
            # Where no row comes, both sides count alike.
            weight = leaves.mass[list(children)]
            value = np.average(values, axis=0, weights=weight if weight.sum() else None)
        else:
            value = leaves.values[number]
            below = value[None]
        is_cut = bool(children) and depth == max_depth
        lines = [text for text, _ in sides[:1]]
        if sides and gates.note(number):
            lines.append(f"({gates.note(number)})")
        lines.append(leaves.prediction(value))
        lines += [] if sides else leaves.observed(number)
        lines += leaves.rows(number)
        kept = () if is_cut else children
        headline, mass = leaves.headline(value), leaves.mass[number]
        nodes[place] = Node(
            number, depth, kept, lines, headline, mass, value, below, is_cut
        )
        return value, below

    _visit(0, 0)
    return [node for node in nodes if max_depth is None or node.depth <= max_depth]
