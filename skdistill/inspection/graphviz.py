"""A fitted tree in the DOT language."""

import re

from .colours import colours_of
from .nodes import nodes_of
from .readable import readable

_ENTITY = re.compile(r"&(?=#?\w+;)")  # dot would draw &lt; as <
_WIDEST = 8.0  # points, of an edge that all rows take


def export_graphviz(
    tree,
    *,
    feature_names=None,
    class_names=None,
    max_terms=3,
    max_depth=None,
    filled=True,
    digits=3,
) -> str:
    """Write a fitted decision tree, soft or hard, in the DOT language of Graphviz.

    Each node shows its question, what it predicts and its share of the training rows,
    in the words of :func:`export_text`; the left edge is for yes. Edges are the wider,
    the more rows take them. Of more than ten classes an inner node names the likeliest
    alone.

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

    Returns
    -------
    str
        The graph, for ``dot -Tsvg``.

    Examples
    --------
    >>> from sklearn.datasets import load_iris
    >>> from skdistill import HardDecisionTreeClassifier, export_graphviz
    >>> iris = load_iris()
    >>> tree = HardDecisionTreeClassifier(max_leaf_nodes=2).fit(iris.data, iris.target)
    >>> print(export_graphviz(tree, feature_names=["sl", "sw", "pl", "pw"], filled=False))
    digraph tree {
    node [shape=box, style="rounded, filled", fillcolor=white, fontname=helvetica];
    edge [fontname=helvetica, arrowhead=none];
    0 [label="pl <= 2.5\\nclass ...100 % of rows\\nn = 150"];
    1 [label="class 0: ...33.3 % of rows\\nn = 50"];
    2 [label="class ...66.7 % of rows\\nn = 100"];
    0 -> 1 [penwidth=3.33, label="yes"];
    0 -> 2 [penwidth=5.67, label="no"];
    }
    """
    tree = readable(tree).student
    nodes = nodes_of(tree, feature_names, class_names, max_terms, max_depth, digits)
    colours = colours_of(tree, nodes) if filled else [None] * len(nodes)
    mass = {node.number: node.mass for node in nodes}
    lines = [
        "digraph tree {",
        'node [shape=box, style="rounded, filled", fillcolor=white, fontname=helvetica];',
        "edge [fontname=helvetica, arrowhead=none];",
    ]
    for node, colour in zip(nodes, colours, strict=True):
        fill = f', fillcolor="{colour}"' if colour else ""
        label = "\\n".join(map(_escaped, node.lines))
        lines.append(f'{node.number} [label="{label}"{fill}];')
    for node in nodes:
        # Leaves, and nodes at max_depth, have no children for the two answers.
        for child, answer in zip(node.children, ("yes", "no"), strict=False):
            width = 1 + (_WIDEST - 1) * mass[child]
            label = f', label="{answer}"' if node.depth == 0 else ""
            lines.append(f"{node.number} -> {child} [penwidth={width:.3g}{label}];")
    return "\n".join([*lines, "}"])


def _escaped(text):
    """A label that is drawn as the text is: without escapes, and without entities."""
    text = text.replace("\\", "\\\\").replace('"', '\\"')
    return _ENTITY.sub("&amp;", text)
