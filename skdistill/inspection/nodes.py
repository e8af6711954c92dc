"""The nodes of a fitted tree as a picture needs them."""

from dataclasses import dataclass

import numpy as np

from .wording import Leaves, check_readable, questions_of, quietly


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
        Numbers of the two below; none of a leaf, or of a node that is cut off.
    lines : list of str
        What it asks, what it says, and how many rows it has.
    headline : str
        What it says, in short.
    mass : float
        Share of the training rows that reach it.
    value : ndarray of shape (n_outputs,)
        What it says: of an inner node, the mean over the leaves below.
    """

    number: int
    depth: int
    children: tuple
    lines: list
    headline: str
    mass: float
    value: np.ndarray


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
        Each before its children, the left subtree before the right one.
    """
    check_readable(tree)
    if max_depth is not None and max_depth < 0:
        raise ValueError(f"max_depth={max_depth} must be 0 or more, or None for all.")
    gates = questions_of(tree, feature_names, max_terms, digits)
    leaves, nodes = Leaves(tree, gates.leaves, class_names, digits), []

    def _visit(number, depth):
        """Add a node and those below it; returns its value."""
        # A parent stands before its children, but its value is their mean: keep its place.
        children, place = gates.children(number), len(nodes)
        nodes.append(None)
        if children:
            values = [_visit(child, depth + 1) for child in children]
            # Where no row comes, both sides count alike.
            weight = leaves.mass[list(children)]
            value = np.average(values, axis=0, weights=weight if weight.sum() else None)
        else:
            value = leaves.values[number]
        is_cut = max_depth is not None and depth == max_depth
        lines = [gates.describe(number)[0]] if children else []
        lines.append(leaves.prediction(value))
        lines.append(f"{100 * leaves.mass[number]:.{digits}g} % of rows")
        kept = () if is_cut else children
        headline, mass = leaves.headline(value), leaves.mass[number]
        nodes[place] = Node(number, depth, kept, lines, headline, mass, value)
        return value

    _visit(0, 0)
    return [node for node in nodes if max_depth is None or node.depth <= max_depth]


def colours_of(tree, nodes):
    """Return a colour for each node: which class, and how surely; or how high a value.

    Parameters
    ----------
    tree : SoftDecisionTree or HardDecisionTree
        Fitted.
    nodes : list of Node
        Its nodes.

    Returns
    -------
    list of str
        Such as "#ffe0c0"; white where there are several targets.
    """
    classes = getattr(tree, "classes_", None)
    values = np.array([node.value for node in nodes])
    if isinstance(classes, list) or (classes is not None and tree.is_multilabel()):
        return ["#ffffff"] * len(nodes)
    if classes is None:
        level = values[:, 0] / 2 - values[:, 0].min() / 2  # halves cannot overflow
        strength = level / max(level.max(), np.finfo(float).tiny)
        return [_tint(0, share) for share in strength]
    # As scikit-learn colours its trees: white where all classes are alike.
    chance = 1 / values.shape[1]
    strength = (values.max(axis=1) - chance) / max(1 - chance, np.finfo(float).tiny)
    return [_tint(*pair) for pair in zip(values.argmax(axis=1), strength, strict=True)]


def _tint(hue, strength):
    """White at strength 0, a light tone of the hue at 1."""
    # Steps of the golden section, 0.381966: hues far apart, however many.
    angle = 2 * np.pi * (0.6 + 0.381966 * hue)
    tone = 0.72 + 0.28 * np.cos(angle - np.array([0.0, 2.0, 4.0]) * np.pi / 3)
    mixed = 1 + np.clip(strength, 0, 1) * (tone - 1)
    return "#" + "".join(f"{round(255 * part):02x}" for part in mixed)
