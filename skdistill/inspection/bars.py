"""Bars under the text of nodes: shares of the classes, or where a value lies."""

import numpy as np

from ..tables.terms import in_one_line
from .colours import OTHER, PALETTE, class_colours, kind_of, mixed

_MOST_BARS = 4  # of one node
_LEAST = 0.002  # share that can be seen
_MARK, _TICK = 0.06, 0.02  # widths of marks, as shares of a bar
_LIGHT = mixed(PALETTE[0], "#ffffff", 0.6)


def bars_of(tree, nodes, class_names, digits):
    """Return the bars of each node, and what they mean.

    Parameters
    ----------
    tree : SoftDecisionTree or HardDecisionTree
        Fitted.
    nodes : list of Node
        Its nodes, the root first.
    class_names : array-like of str or None
        Names of the classes or labels.
    digits : int
        Significant digits.

    Returns
    -------
    bars : list of list of list of tuple
        For each node its bars, and for each bar its parts: start, length (both as shares
        of the bar) and colour.
    meaning : list of tuple of str
        Colours, and what they stand for.
    """
    kind = kind_of(tree)
    values = np.array([node.value for node in nodes])
    if kind == "classes":
        return _class_bars(values, _named(tree.classes_, class_names))
    if kind == "labels" and values.shape[1] <= 2 * _MOST_BARS:
        labels = [f"label_{i}" for i in range(len(tree.classes_))]
        # Of each label's two columns the second: that the row has it.
        return _label_bars(values[:, 1::2], _named(labels, class_names))
    if kind == "values" and hasattr(tree, "quantiles"):
        return _quantile_bars(nodes, digits)
    if kind == "values" and values.shape[1] <= _MOST_BARS:
        return _value_bars(nodes, digits)
    return [[] for _ in nodes], []


def _named(default, given):
    return [in_one_line(name) for name in (default if given is None else given)]


def _class_bars(shares, names):
    """One bar, with a part for each class; those without a colour are one, at its end."""
    colours = class_colours(shares)
    own = [k for k, colour in enumerate(colours) if colour != OTHER]
    shown = [colours[k] for k in own]
    parts = shares[:, own]
    if len(own) < len(colours):
        rest = np.delete(shares, own, axis=1).sum(axis=1)
        parts, shown = np.column_stack([parts, rest]), [*shown, OTHER]
    starts = np.cumsum(parts, axis=1) - parts
    bars = [
        [[part for part in zip(*row, shown, strict=True) if part[1] >= _LEAST]]
        for row in zip(starts, parts, strict=True)
    ]
    return bars, _legend(colours, names)


def _label_bars(shares, names):
    """A bar for each label: how many have it."""
    colours = class_colours(shares)
    bars = [
        [[(0.0, share, colour)] for share, colour in zip(row, colours, strict=True)]
        for row in shares
    ]
    return bars, _legend(colours, names)


def _legend(colours, names):
    """Classes that have colours of their own, and one line for the others."""
    pairs = zip(colours, names, strict=True)
    shown = [pair for pair in pairs if pair[0] != OTHER]
    n_others = len(names) - len(shown)
    others = f"{n_others} other class{'es' * (n_others > 1)}"
    return shown + [(OTHER, others)] * (n_others > 0)


def _value_bars(nodes, digits):
    """A strip for each target: ticks for the leaves below, and a mark for their mean."""
    low, high = nodes[0].below.min(axis=0), nodes[0].below.max(axis=0)
    bars = []
    for node in nodes:
        marks = _position(node.value, low, high)
        ticks = _position(node.below, low, high).T
        bars.append(
            [
                [_mark(at, _TICK, _LIGHT) for at in np.unique(at_leaves)]
                + [_mark(mark, _MARK, PALETTE[0])]
                for mark, at_leaves in zip(marks, ticks, strict=True)
            ]
        )
    if len(low) > 1:
        return bars, [(PALETTE[0], "values, on the range of all leaves")]
    ends = f"{_number(low[0], digits)} to {_number(high[0], digits)}"
    return bars, [(PALETTE[0], f"value, on the range of all leaves: {ends}")]


def _quantile_bars(nodes, digits):
    """A strip: from the lowest to the highest quantile, and a mark for each."""
    low, high = nodes[0].below.min(), nodes[0].below.max()
    bars = []
    for node in nodes:
        at = np.sort(_position(node.value, low, high))
        marks = [_mark(place, _MARK / 2, PALETTE[0]) for place in at]
        bars.append([[(at[0], at[-1] - at[0], _LIGHT), *marks]])
    ends = f"{_number(low, digits)} to {_number(high, digits)}"
    return bars, [(PALETTE[0], f"quantiles, on the range of all leaves: {ends}")]


def _position(value, low, high):
    """Where values lie between two others: 0 to 1; in the middle if these are equal."""
    width = high / 2 - low / 2  # halves cannot overflow
    share = (value / 2 - low / 2) / np.where(width > 0, width, 1.0)
    return np.where(width > 0, np.clip(share, 0, 1), 0.5)


def _mark(at, width, colour):
    """A part of a bar around a place, and within the bar."""
    return at * (1 - width), width, colour


def _number(value, digits):
    """A number with its significant digits, and no exponent unless it is far from 1."""
    if value and not 1e-4 <= abs(value) < 1e9:
        return f"{value:.{digits}g}"
    return np.format_float_positional(
        value, digits, fractional=False, unique=False, trim="-"
    )
