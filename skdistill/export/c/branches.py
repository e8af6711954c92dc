"""A hard tree in C as its questions, one line each: twice as fast as tables of nodes."""

import numpy as np

from .text import fill, number

_BRANCHES = """\
/* The leaf that answers, or a number below 0 for a row that is refused. */
static inline int @_leaf(const double *x)
{
    const int status = @_check(x);
    if (status != @_OK) return status;
$lines
}
"""
_CODED = """\
static inline int @_coded(double v, int gap)
{
    return isnan(v) ? gap : (int)v;
}

"""


def branches(nodes, ways, words):
    """The function that finds the leaf, without a table.

    Parameters
    ----------
    nodes : list of Node
        Inner ones.
    ways : ndarray of shape (n_inner, 2)
        Places of the nodes to the left and right; of a leaf -1 minus its place.
    words : list of str
        Names of the columns in C.

    Returns
    -------
    str
        ``@_leaf(x)``.
    """
    lines, later = [], [0]
    while later:
        i = later.pop()
        if i:
            lines.append(f"node_{i}:")
        while i >= 0:
            left, right = ways[i].tolist()
            condition = _goes_right(nodes[i], words[nodes[i].column])
            to = f"goto node_{right}" if right >= 0 else f"return {-1 - right}"
            lines.append(f"    if ({condition}) {to};")
            later += [right] if right >= 0 else []
            i = left
        lines.append(f"    return {-1 - i};")
    coded = _CODED if any(node.codes_right is not None for node in nodes) else ""
    return coded + fill(_BRANCHES, lines="\n".join(lines))


def _goes_right(node, word):
    """An expression that is true where a row goes right."""
    x = f"x[@_at_{word}]"
    if node.codes_right is not None:
        return _is_among(f"@_coded({x}, {node.gap_code})", node.codes_right)
    if np.isinf(node.threshold):  # all numbers go one way
        numbers_right = node.threshold < 0
        if numbers_right == node.gap_right:
            return str(int(numbers_right))
        return f"!isnan({x})" if numbers_right else f"isnan({x})"
    threshold = number(node.threshold)
    return f"!({x} <= {threshold})" if node.gap_right else f"{x} > {threshold}"


def _is_among(code, is_right):
    """Whether a code goes right, by comparing it with the fewer ones."""
    right, left = np.flatnonzero(is_right), np.flatnonzero(~is_right)
    if len(right) <= len(left):
        return " || ".join(f"{code} == {each}" for each in right) or "0"
    return " && ".join(f"{code} != {each}" for each in left) or "1"
