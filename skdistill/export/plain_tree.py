"""A hard tree as questions about the columns of X themselves."""

import copy
import struct
from dataclasses import dataclass, field
from functools import cache

import numpy as np

from .proof import label_places, side_by_side
from .view_columns import GapOfNumber, Indicator, Number, view_columns

_MOST = np.finfo(np.float64).max


@dataclass(frozen=True)
class Numbers:
    """Which values of a column of numbers: ``low < x <= high``, and gaps or none.

    Attributes
    ----------
    low, high : float
        Bounds, of which one or both may be infinite.
    gap : bool
        Whether gaps belong to it.
    """

    low: float
    high: float
    gap: bool

    def meet(self, other):
        """What is in both.

        Parameters
        ----------
        other : Numbers
            Of the same column.

        Returns
        -------
        Numbers
            It may be empty.
        """
        low, high = max(self.low, other.low), min(self.high, other.high)
        return Numbers(low, high, self.gap and other.gap)

    @property
    def is_empty(self):
        """Whether no value is in it."""  # numpydoc ignore=RT01
        return self.low >= self.high and not self.gap


@dataclass(frozen=True)
class Labels:
    """Which values of a column of categories.

    Attributes
    ----------
    known : tuple of str, bool, int or float
        Those that training saw.
    others : bool
        Whether all that training never saw belong to it.
    gap : bool
        Whether gaps do.
    """

    known: tuple
    others: bool
    gap: bool

    def meet(self, other):
        """What is in both.

        Parameters
        ----------
        other : Labels
            Of the same column.

        Returns
        -------
        Labels
            It may be empty.
        """
        known = tuple(each for each in self.known if each in other.known)
        return Labels(known, self.others and other.others, self.gap and other.gap)

    @property
    def is_empty(self):
        """Whether no value is in it."""  # numpydoc ignore=RT01
        return not (self.known or self.others or self.gap)


@dataclass
class PlainNode:
    """A node of a plain tree.

    Attributes
    ----------
    number : int
        The node's number in the student.
    box : dict of {int: Numbers or Labels}
        By column, the values with which rows come here; others may hold anything.
    column : int or None
        What it asks about; None for a leaf.
    sides : tuple of (Numbers, Numbers) or (Labels, Labels)
        The values that go left, and right.
    children : list of int
        Their places in the tree.
    """

    number: int
    box: dict
    column: int | None = None
    sides: tuple = ()
    children: list = field(default_factory=list)


@dataclass(frozen=True)
class PlainTree:
    """A hard tree without the view: each question is about one column of X.

    Attributes
    ----------
    nodes : list of PlainNode
        Each before its children; none that no row can reach.
    whole : dict of {int: Numbers or Labels}
        By column, all values that the student takes.
    as_text : set of int
        Columns whose categories are compared as the text they are written as.
    """

    nodes: list
    whole: dict
    as_text: set

    @property
    def leaves(self):
        """The leaves, from left to right."""  # numpydoc ignore=RT01
        return [node for node in self.nodes if node.column is None]


def plain_tree(predictor):
    """A hard tree as questions about the columns of X.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of a hard tree.

    Returns
    -------
    PlainTree
        It sends each row to the leaf to which the student sends it.
    """
    view = view_columns(predictor)
    whole = whole_columns(predictor)
    names = ("children_left", "children_right", "feature", "threshold")
    left, right, feature, threshold = (predictor.arrays[n].tolist() for n in names)
    split = cache(lambda k, z: _sides(view[k], z, whole[view[k].column]))
    nodes, todo = [], [(0, {}, None)]
    while todo:  # no recursion: trees of a thousand levels are trees
        at, box, above = todo.pop()
        while left[at] >= 0:
            column = view[feature[at]].column
            sides = split(feature[at], threshold[at])
            inside = box.get(column, whole[column])
            below = [inside.meet(side) for side in sides]
            if not any(each.is_empty for each in below):
                break
            at = left[at] if below[1].is_empty else right[at]
        if above is not None:
            above.children.append(len(nodes))
        nodes.append(node := PlainNode(at, box))
        if left[at] >= 0:
            node.column, node.sides = column, sides
            todo.append((right[at], {**box, column: below[1]}, node))
            todo.append((left[at], {**box, column: below[0]}, node))
    as_text = {v.column for v in view if isinstance(v, Indicator) and v.as_text}
    return PlainTree(nodes, whole, as_text)


def whole_columns(predictor):
    """All values that a student takes.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of the student.

    Returns
    -------
    dict of {int: Numbers or Labels}
        By column of X, also those that the student makes nothing of.
    """
    meta = predictor.meta["view"]
    gap = bool(meta.get("takes_gaps", False))
    whole = {j: Numbers(-np.inf, np.inf, gap) for j in range(predictor.n_features_in_)}
    for each in meta.get("labels", []):
        known = tuple(category for category, _ in each["bins"])
        whole[each["column"]] = Labels(known, True, True)
    return whole


def _sides(each, threshold, whole):
    """What goes left of a question about a column of the view, and what goes right."""
    if isinstance(each, Indicator):
        goes_left = {label: each.known[label] <= threshold for label in whole.known}
        others, gap = each.other <= threshold, each.of_gap <= threshold
        left = Labels(tuple(k for k, is_ in goes_left.items() if is_), others, gap)
        rest = tuple(k for k, is_ in goes_left.items() if not is_)
        return left, Labels(rest, not others, not gap)
    gap = each.yes if isinstance(each, GapOfNumber) else each.of_gap
    gap_goes_left, takes = bool(gap <= threshold), whole.gap
    if each.is_empty:
        high = np.inf if gap_goes_left else -np.inf
    elif isinstance(each, GapOfNumber):
        high = np.inf if each.no <= threshold else -np.inf
    else:
        high = _highest(each, threshold)
    return (
        Numbers(-np.inf, high, takes and gap_goes_left),
        Numbers(high, np.inf, takes and not gap_goes_left),
    )


@np.errstate(over="ignore", invalid="ignore")
def _highest(each: Number, threshold):
    """The largest number of a column whose place in the view is not above a threshold.

    The view never falls, whatever it rounds: so that number is found by halving.
    """

    def goes_left(order):
        return _seen(each, _number_at(order)) <= threshold

    low, high = _order_of(-_MOST), _order_of(_MOST)
    if not goes_left(low):
        return -np.inf
    if goes_left(high):
        return np.inf
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if goes_left(middle) else (low, middle)
    return _number_at(low)


def _seen(each, x):
    """A number as the view has it, by the same steps, so that the bits are the same."""
    if each.tail is not None:
        middle, size = each.tail
        d = (np.float64(x) - middle) / size
        x = np.copysign(np.log1p(np.abs(d)), d)
    return min(max((x - each.center) * each.inverse, -each.bound), each.bound)


def _order_of(x):
    """The place of a float among all floats."""
    (bits,) = struct.unpack("<q", struct.pack("<d", x))
    return bits if bits >= 0 else -(bits & 0x7FFFFFFFFFFFFFFF)


def _number_at(order):
    (x,) = struct.unpack("<d", struct.pack("<q", abs(order)))
    return x if order >= 0 else -x


@dataclass(frozen=True)
class LeafAnswers:
    """What a student says in each of its leaves.

    Attributes
    ----------
    labels : ndarray of shape (n, n_targets) or None
        Of a classifier, the places of the predicted classes among the target's.
    numbers : ndarray of shape (n, n_outputs)
        Probabilities of all classes, target after target (of each of several labels, that
        the row has it); of a regressor the values.
    """

    labels: np.ndarray | None
    numbers: np.ndarray


def leaf_answers(predictor, outputs, probabilities=None):
    """What a student says where its model's outputs are known.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of the student.
    outputs : ndarray of shape (n, n_outputs)
        What its model computes: log-probabilities, or values in the unit.
    probabilities : ndarray of shape (n, n_outputs), default=None
        Of a classifier, the same as probabilities.

    Returns
    -------
    LeafAnswers
        By the very steps of the student, class priors included.
    """
    told = copy.copy(predictor)
    told._view, told._model = _Numbered(), _Told(outputs, probabilities)
    rows = np.arange(len(outputs))[:, None]
    said = told.predict(rows).reshape(len(rows), -1)
    if not predictor.meta["is_classifier"]:
        return LeafAnswers(None, said)
    p = told.predict_proba(rows)
    p = p if predictor.meta["is_multilabel"] else side_by_side(predictor, p)
    return LeafAnswers(label_places(predictor, said), p)


class _Numbered:
    """A view of rows that are numbers of leaves."""

    def rows(self, X, n_features, names):
        return X

    def __call__(self, rows):
        return rows[:, 0]


class _Told:
    """A model that knows what it says."""

    def __init__(self, outputs, probabilities):
        self._outputs, self._p = outputs, probabilities

    def __call__(self, leaves):
        return self._outputs[leaves]

    def probabilities(self, leaves):
        return self._p[leaves]
