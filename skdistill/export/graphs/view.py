"""A student's view of a table as operators of ONNX."""

from dataclasses import dataclass

import numpy as np

from ..view_columns import GapOfNumber, Indicator, Number, view_columns
from .graph import ML

#: How a gap in a column of strings is written: ONNX has no other for it.
GAP = "<gap>"
# What onnxruntime's Python makes of the gaps of numpy and pandas, without a word. Where
# training had no such category, they are gaps too.
_ALSO_GAPS = ("None", "nan", "<NA>", "NaT")


@dataclass(frozen=True)
class Part:
    """An input of a graph: one column of the table, or several side by side.

    Attributes
    ----------
    name : str
        Of the input.
    width : int
        How many columns.
    kind : {"double", "number", "string"}
        Of its values; a "number" is one of another type than double.
    """

    name: str
    width: int
    kind: str


class Inputs:
    """The columns of a table, however they come.

    Parameters
    ----------
    graph : Graph
        Added to.
    parts : list of Part
        All columns, in the order of training.
    names : list of str
        Of the columns, for messages.
    """

    def __init__(self, graph, parts, names):
        self._graph, self._names = graph, names
        self._places = [(part, i) for part in parts for i in range(part.width)]
        self._cast = {}

    def numbers(self, columns):
        """Columns of numbers, side by side.

        Parameters
        ----------
        columns : list of int
            Their positions.

        Returns
        -------
        str
            Of doubles (n, n_columns).
        """
        groups = []
        for j in columns:
            part, i = self._places[j]
            self._check_kind(j, part, is_string=False)
            if groups and groups[-1][0] is part:
                groups[-1][1].append(i)
            else:
                groups.append((part, [i]))
        pieces = [self._piece(part, places) for part, places in groups]
        return joined(self._graph, pieces)

    def strings(self, column):
        """A column of strings.

        Parameters
        ----------
        column : int
            Its position.

        Returns
        -------
        str
            Of strings (n, 1).
        """
        part, i = self._places[column]
        self._check_kind(column, part, is_string=True)
        return self._piece(part, [i])

    def name(self, column):
        """What a column is called in messages.

        Parameters
        ----------
        column : int
            Its position.

        Returns
        -------
        str
            Its name.
        """
        return self._names[column]

    def _piece(self, part, places):
        name = part.name
        if part.kind == "number":
            if name not in self._cast:
                self._cast[name] = self._graph.cast(name, np.float64)
            name = self._cast[name]
        if places == list(range(part.width)):
            return name
        return self._graph.add("Gather", name, np.array(places), axis=1)

    def _check_kind(self, column, part, is_string):
        if (part.kind == "string") != is_string:
            kinds = {False: "numbers", True: "strings"}
            raise TypeError(
                f"Column {self._names[column]!r} held {kinds[is_string]} in training, and "
                f"the input {part.name!r} is of {kinds[not is_string]}."
            )


def joined(graph, pieces):
    """Tables side by side.

    Parameters
    ----------
    graph : Graph
        Added to.
    pieces : list of str
        Tables of as many rows.

    Returns
    -------
    str
        All their columns.
    """
    return pieces[0] if len(pieces) == 1 else graph.add("Concat", *pieces, axis=1)


def is_string(rules):
    """Whether a column of categories is one of strings.

    Parameters
    ----------
    rules : list of Indicator
        Of the column.

    Returns
    -------
    bool
        Or else of numbers and booleans. A column of gaps only counts as one of strings.
    """
    return all(isinstance(category, str) for category in rules[0].known)


def labels_by_column(predictor):
    """The rules of the columns of categories.

    Parameters
    ----------
    predictor : NumpyPredictor
        Of the student.

    Returns
    -------
    dict of {int: list of Indicator}
        By position in X.
    """
    found = {}
    for rule in view_columns(predictor):
        if isinstance(rule, Indicator):
            found.setdefault(rule.column, []).append(rule)
    return found


def table_view(graph, predictor, inputs, used=None):
    """Add the student's view of a table.

    Parameters
    ----------
    graph : Graph
        Added to.
    predictor : NumpyPredictor
        Of the student.
    inputs : Inputs
        The table.
    used : list of int, default=None
        Which columns of the view are wanted; None for all.

    Returns
    -------
    str
        The view (n, n_used), of doubles.
    """
    rules = view_columns(predictor)
    used = list(range(len(rules))) if used is None else list(used)
    places, pieces = [], []
    for kind, add in _KINDS.items():
        for some in _together(
            kind, [k for k in used if isinstance(rules[k], kind)], rules
        ):
            pieces.append(add(graph, [rules[k] for k in some], inputs))
            places += some
    whole = joined(graph, pieces)
    if places == used:
        return whole
    order = [places.index(k) for k in used]
    return graph.add("Gather", whole, np.array(order), axis=1)


def _together(kind, places, rules):
    """Which columns of the view are made at once."""
    if kind is not Indicator:
        return [places] if places else []
    by_column = {}
    for k in places:
        by_column.setdefault(rules[k].column, []).append(k)
    return by_column.values()


def _numbers(graph, rules, inputs):
    x = inputs.numbers([rule.column for rule in rules])
    z = _bent(graph, x, [rule.tail for rule in rules])
    center = np.array([rule.center for rule in rules])
    inverse = np.array([rule.inverse for rule in rules])
    if center.any():
        z = graph.add("Sub", z, center)
    if (inverse != 1).any():
        z = graph.add("Mul", z, inverse)
    bound = rules[0].bound
    if np.isfinite(bound):
        z = graph.add("Clip", z, -bound, bound)
    return _filled(graph, x, z, rules)


def _bent(graph, x, tails):
    """Columns of heavy tails by their logarithms: copysign(log1p(abs(d)), d)."""
    is_bent = np.array([tail is not None for tail in tails])
    if not is_bent.any():
        return x
    middle, size = np.array([(0.0, 1.0) if t is None else t for t in tails]).T
    d = graph.add("Div", graph.add("Sub", x, middle), size)
    log = graph.add("Log", graph.add("Add", graph.add("Abs", d), 1.0))
    bent = graph.add("Mul", graph.add("Sign", d), log)
    return bent if is_bent.all() else graph.add("Where", is_bent, bent, x)


def _filled(graph, x, z, rules):
    if not rules[0].takes_gaps:
        return z
    missing = _missing(graph, x, rules)
    return graph.add("Where", missing, np.array([rule.of_gap for rule in rules]), z)


def _missing(graph, x, rules):
    missing, empty = graph.add("IsNaN", x), np.array([rule.is_empty for rule in rules])
    return graph.add("Or", missing, empty) if empty.any() else missing


def _gaps(graph, rules, inputs):
    missing = _missing(graph, inputs.numbers([rule.column for rule in rules]), rules)
    yes, no = (np.array([getattr(rule, n) for rule in rules]) for n in ("yes", "no"))
    return graph.add("Where", missing, yes, no)


def _indicators(graph, rules, inputs):
    """A column of categories: a row of a table, found by the category."""
    first, known = rules[0], list(rules[0].known)
    rows = [[rule.other for rule in rules], [rule.of_gap for rule in rules]]
    rows += [[rule.known[category] for rule in rules] for category in known]
    if is_string(rules):
        code = _code_of_string(graph, known, inputs, first.column)
    else:
        code = _code_of_number(graph, known, inputs, first.column)
    return graph.add("GatherND", np.array(rows), code)


def _code_of_string(graph, known, inputs, column):
    if GAP in known:
        raise TypeError(
            f"Column {inputs.name(column)!r} of X holds the category {GAP!r}, which in an "
            "ONNX file stands for a gap: give it another name before fit."
        )
    gaps = [GAP, *(each for each in _ALSO_GAPS if each not in known)]
    return graph.add(
        "LabelEncoder",
        inputs.strings(column),
        domain=ML,
        keys_strings=[*gaps, *known],
        values_int64s=[*[1] * len(gaps), *range(2, 2 + len(known))],
        default_int64=0,
    )


def _code_of_number(graph, known, inputs, column):
    for category in known:
        if isinstance(category, str) or float(category) != category:
            raise TypeError(
                f"Column {inputs.name(column)!r} of X holds the category {category!r} "
                "beside others that are no strings, and no double of ONNX is equal to "
                "it: make all categories of the column strings before fit."
            )
    # At most one of these holds: its number is the sum of those that do.
    x, keys = inputs.numbers([column]), np.array([known], dtype=np.float64)
    hits = graph.add("IsNaN", x)
    if known:
        hits = graph.add("Concat", hits, graph.add("Equal", x, keys), axis=1)
    numbers = np.arange(1.0, 2 + len(known))[:, None]
    code = graph.add("MatMul", graph.cast(hits, np.float64), numbers)
    return graph.cast(code, np.int64)


# In the order of `TableView`, which so mostly needs no other.
_KINDS = {Number: _numbers, GapOfNumber: _gaps, Indicator: _indicators}
